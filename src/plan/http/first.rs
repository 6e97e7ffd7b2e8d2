//! The first cells of a city: a file that was put in order becomes the ground on which plans begin.

use anyhow::Context as _;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use sqlx::{Postgres, Transaction};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::held::{check_text, conflict};
use super::{REASON_CHARS_MAX, TITLE_CHARS_MAX};
use crate::access::{Person, Role};
use crate::http::{ApiError, App, QueryParams};
use crate::import::{
    CellOptions, CellsTaken, Crs, FileOptions, Outcome, Progress, Report, take_cells,
};
use crate::journal::{self, Entry};
use crate::plan::{publish, store};

/// Of a file; a million vertices are 40 MB.
const FILE_BYTES_MAX: usize = 64 << 20;
/// Rows that are wrong and told one by one.
const ROWS_TOLD_MAX: usize = 20;
/// How JSON writes the one character that no text of the database holds.
const NUL_IN_JSON: &[u8] = b"\\u0000";

/// Nobody has planned anything yet, so there is nobody else to ask.
const BEGINNERS: &[Role] = &[Role::Planner, Role::Administrator];

/// One file at a time is read; more wait.
static PLACES: Semaphore = Semaphore::const_new(1);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(begin_ground))
        .layer(DefaultBodyLimit::max(FILE_BYTES_MAX))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct GroundAsked {
    /// What the file is called.
    source: String,
    reason: String,
    /// Numbers the cells under this community: 12 digits.
    community: Option<String>,
    /// The property that holds each cell's 15 digits, where they are not to be numbered.
    code_field: Option<String>,
    name_field: Option<String>,
    /// The property that names who answers for a cell; units that are not known are made.
    unit_field: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct GroundBegun {
    edition_id: i32,
    cells: usize,
}

/// Makes a file of cells the ground of a city that has none: GeoJSON in WGS 84 that was checked and
/// repaired. All of it is taken, or nothing.
#[utoipa::path(post, path = "/api/v1/partition/first", tag = "plans", params(GroundAsked),
    request_body(content = Object, content_type = "application/geo+json"), responses(
    (status = 201, body = GroundBegun), (status = 400), (status = 401), (status = 403),
    (status = 409, description = "has-cells: the city has some, which change in plans"),
    (status = 413),
    (status = 422, description = "cells-not-taken: `rows` says which and why"),
))]
async fn begin_ground(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<GroundAsked>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<GroundBegun>), ApiError> {
    person.require_of_city(BEGINNERS)?;
    let source = check_text("source", &asked.source, TITLE_CHARS_MAX)?.to_owned();
    let reason = check_text("reason", &asked.reason, REASON_CHARS_MAX)?.to_owned();
    let body = body.map_err(|rejection| {
        ApiError::refused(rejection.status(), "body-not-read", rejection.body_text())
    })?;
    if body
        .windows(NUL_IN_JSON.len())
        .any(|part| part == NUL_IN_JSON)
    {
        return Err(ApiError::field("body", "contains the character U+0000"));
    }
    let _place = PLACES.acquire().await.map_err(anyhow::Error::from)?;
    let folder = tempfile::tempdir().context("make a folder for the file")?;
    let path = folder.path().join("cells.geojson");
    tokio::fs::write(&path, &body)
        .await
        .context("put the file aside")?;
    let file = FileOptions {
        file: path,
        crs: Some(Crs::Wgs84),
        source: Some(source.clone()),
        ..FileOptions::default()
    };
    let options = CellOptions {
        create_units: asked.unit_field.is_some(),
        community: asked.community,
        code_field: asked.code_field,
        name_field: asked.name_field,
        unit_field: asked.unit_field,
        note: Some(reason.clone()),
        ..CellOptions::default()
    };
    let mut tx = app.scoped(&person).await?;
    publish::lock_ground(&mut tx).await?;
    if store::had_cells(&mut *tx).await? {
        let detail = "the city has cells; they change in plans";
        return Err(conflict("has-cells", detail, []));
    }
    let (mut tx, taken) = take(tx, file, options).await?;
    let CellsTaken { report, edition } = taken.map_err(unusable)?;
    let Some(edition_id) = edition else {
        return Err(not_taken(&report));
    };
    let begun = GroundBegun {
        edition_id,
        cells: report.imported(),
    };
    let entry = Entry::by(
        &person,
        app.now(),
        format!("edition:{edition_id}"),
        "begin_ground",
    )
    .because(reason)
    .after(json!({ "source": source, "cells": begun.cells }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(begun)))
}

type Tx = Transaction<'static, Postgres>;

/// Reads the file and writes its cells, apart from the threads that wait.
async fn take(
    mut tx: Tx,
    file: FileOptions,
    options: CellOptions,
) -> anyhow::Result<(Tx, anyhow::Result<CellsTaken>)> {
    let runtime = Handle::current();
    let work = move || {
        let taken = take_cells(&mut tx, &file, &options, Progress::Silent);
        let taken = runtime.block_on(taken);
        (tx, taken)
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// What the database says is the service's to solve; everything else is about the file.
fn unusable(error: anyhow::Error) -> ApiError {
    match error.downcast::<sqlx::Error>() {
        Ok(of_database) => of_database.into(),
        Err(of_file) => ApiError::refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "cells-not-taken",
            of_file.root_cause().to_string(),
        ),
    }
}

fn not_taken(report: &Report) -> ApiError {
    let refused = report.rows.iter();
    let refused = refused.filter(|row| row.outcome == Outcome::Refused);
    let told = refused
        .take(ROWS_TOLD_MAX)
        .map(|row| json!({ "number": row.number, "id": row.id, "why": row.why }));
    let mut more = Map::new();
    more.insert("rows".to_owned(), told.collect());
    ApiError::Explained {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind: "cells-not-taken",
        detail: format!("{} rows are wrong", report.refused()),
        more,
    }
}
