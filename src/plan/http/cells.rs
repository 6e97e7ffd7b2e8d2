//! Cells as a file: of a moment, or as a plan would have them.

use std::io::{Cursor, Write as _};
use std::path::Path;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::held::{read, working};
use crate::access::Person;
use crate::http::{ApiError, App, PathParams, QueryParams};
use crate::plan::file::{Datum, Format, Sheet, shapefile_parts};
use crate::plan::ground::no_ground;

/// Files made at a time, each as large as the city's borders; more wait.
static PLACES: Semaphore = Semaphore::const_new(2);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(cells_of_a_moment))
        .routes(routes!(cells_of_a_plan))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct FileAsked {
    #[param(inline)]
    format: Format,
    /// What the file says its coordinates are: `EPSG:4326` (WGS 84), which GeoJSON always is, or
    /// `EPSG:4490` (CGCS2000).
    #[serde(default)]
    #[param(value_type = Option<String>)]
    crs: Datum,
}

impl FileAsked {
    fn check(&self) -> Result<(), ApiError> {
        if self.format == Format::GeoJson && self.crs != Datum::Wgs84 {
            return Err(ApiError::field("crs", "GeoJSON is always EPSG:4326"));
        }
        Ok(())
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct MomentAsked {
    /// RFC 3339; now, by the database's clock, when not given.
    at: Option<DateTime<Utc>>,
}

/// The cells of a moment as a file for other programs; a Shapefile's are in an archive.
#[utoipa::path(get, path = "/api/v1/partition/cells", tag = "plans", params(FileAsked, MomentAsked), responses(
    (status = 200, content_type = "application/octet-stream", body = [u8]), (status = 400), (status = 401),
    (status = 404, description = "no cell is valid then"), (status = 409),
))]
async fn cells_of_a_moment(
    _person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<FileAsked>,
    QueryParams(moment): QueryParams<MomentAsked>,
) -> Result<Response, ApiError> {
    asked.check()?;
    let place = PLACES.acquire().await.map_err(anyhow::Error::from)?;
    let ground = app.grounds.at(moment.at).await.map_err(no_ground)?;
    let name = format!("cells-{}", ground.span.valid_from.format("%Y-%m-%d"));
    let sheet = tokio::task::spawn_blocking(move || Sheet::of(&ground));
    let sheet = sheet.await.map_err(anyhow::Error::from)?;
    send(place, sheet, &name, &asked).await
}

/// The cells as a plan would have them, as a file for other programs.
#[utoipa::path(get, path = "/api/v1/plans/{id}/cells", tag = "plans", params(("id" = i32, Path), FileAsked), responses(
    (status = 200, content_type = "application/octet-stream", body = [u8]), (status = 400), (status = 401),
    (status = 403), (status = 404), (status = 409),
))]
async fn cells_of_a_plan(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    QueryParams(asked): QueryParams<FileAsked>,
) -> Result<Response, ApiError> {
    asked.check()?;
    let place = PLACES.acquire().await.map_err(anyhow::Error::from)?;
    let (plan, seat) = read(&app, &person, id).await?;
    let sheet = working(seat, |_, working| {
        Sheet::planned(&working.base, &working.partition)
    });
    let name = format!("cells-plan-{id}-{}", plan.version);
    send(place, sheet.await?, &name, &asked).await
}

async fn send(
    place: SemaphorePermit<'static>,
    sheet: Sheet,
    name: &str,
    asked: &FileAsked,
) -> Result<Response, ApiError> {
    let (name, bytes) = file(place, sheet, name, asked).await?;
    let headers = [
        (header::CONTENT_TYPE, asked.format.media_type().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, bytes).into_response())
}

/// What it is called, and what is in it. It is made to its end on a thread of its own, and keeps its
/// place until then, also where whoever asked has gone.
async fn file(
    place: SemaphorePermit<'static>,
    sheet: Sheet,
    name: &str,
    asked: &FileAsked,
) -> anyhow::Result<(String, Vec<u8>)> {
    let (format, datum) = (asked.format, asked.crs);
    let file_name = format!("{name}.{}", format.extension());
    let runtime = Handle::current();
    let made = file_name.clone();
    let make = move || {
        let _place = place;
        let folder = tempfile::tempdir().context("make a folder for the file")?;
        let path = folder.path().join(made);
        sheet.write_here(&path, format, datum, &runtime)?;
        match format {
            Format::Shp => archive(&path),
            Format::Gpkg | Format::GeoJson | Format::Fgb => Ok(std::fs::read(&path)?),
        }
    };
    let bytes = tokio::task::spawn_blocking(make).await??;
    match format {
        Format::Shp => Ok((format!("{name}.zip"), bytes)),
        Format::Gpkg | Format::GeoJson | Format::Fgb => Ok((file_name, bytes)),
    }
}

/// The files of a Shapefile in one; whoever sends it compresses it.
fn archive(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for part in shapefile_parts(path) {
        let name = part.file_name().unwrap_or_default().to_string_lossy();
        zip.start_file(name, stored)?;
        zip.write_all(&std::fs::read(&part)?)?;
    }
    Ok(zip.finish()?.into_inner())
}
