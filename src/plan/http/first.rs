//! The first cells of a city: a file that was put in order becomes the ground on which plans begin.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use sqlx::{Postgres, Transaction};
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::held::{check_text, conflict};
use super::{REASON_CHARS_MAX, TITLE_CHARS_MAX};
use crate::access::{Person, Role};
use crate::http::{ApiError, App, QueryParams};
use crate::import::{
    CellOptions, CellsTaken, Crs, FileOptions, Outcome, Progress, Report, lock_ground, take_cells,
};
use crate::journal::{self, Entry};
use crate::plan::ground::{Ground, NoGround};
use crate::plan::store;

/// Of a file; a million vertices are 40 MB.
const FILE_BYTES_MAX: usize = 64 << 20;
/// From the first byte of a file to the last.
const READ_MAX: Duration = Duration::from_secs(300);
/// Until others who write cells are done, and for one statement.
const WAIT_MAX: Duration = Duration::from_secs(5);
const STATEMENT_MAX: Duration = Duration::from_secs(120);
/// By SQLSTATE.
const LOCK_NOT_AVAILABLE: &str = "55P03";
const QUERY_CANCELED: &str = "57014";
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
        // bounds of its own, once somebody may
        .routes(routes!(begin_ground))
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
    (status = 408), (status = 409, description = "has-cells: the city has some, which change in plans; cells-busy"),
    (status = 413),
    (status = 422, description = "cells-not-taken: `rows` says which and why, or `defects` where they overlap"),
))]
async fn begin_ground(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<GroundAsked>,
    body: Body,
) -> Result<(StatusCode, Json<GroundBegun>), ApiError> {
    person.require_of_city(BEGINNERS)?;
    let source = check_text("source", &asked.source, TITLE_CHARS_MAX)?.to_owned();
    let reason = check_text("reason", &asked.reason, REASON_CHARS_MAX)?.to_owned();
    if store::had_cells(&app.db).await? {
        return Err(has_cells());
    }
    let place = PLACES.acquire().await.map_err(anyhow::Error::from)?;
    let folder = tempfile::tempdir().context("make a folder for the file")?;
    let path = folder.path().join("cells.geojson");
    put_aside(body, &path).await?;
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
    store::be_brief(&mut tx, WAIT_MAX, STATEMENT_MAX).await?;
    lock_ground(&mut tx).await.map_err(busy)?;
    if store::had_cells(&mut *tx).await? {
        return Err(has_cells());
    }
    let (mut tx, taken) = take(tx, file, options, (place, folder)).await?;
    let CellsTaken { report, edition } = taken.map_err(unusable)?;
    let Some(edition_id) = edition else {
        return Err(not_taken(&report));
    };
    Ground::try_of(&mut tx).await.map_err(no_partition)?;
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
    .after(json!({ "source": source, "cells": begun.cells, "remarks": report.remarks }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(begun)))
}

fn has_cells() -> ApiError {
    let detail = "the city has cells; they change in plans";
    conflict("has-cells", detail, [])
}

/// Somebody publishes, or makes a first grid, at this moment.
fn busy(error: sqlx::Error) -> ApiError {
    let code = error.as_database_error().and_then(|error| error.code());
    if code.as_deref() == Some(LOCK_NOT_AVAILABLE) {
        let detail = "somebody writes cells at this moment; try again soon";
        return conflict("cells-busy", detail, []);
    }
    error.into()
}

/// Writes what comes in to a file, as far as it is not too much and not too slow.
async fn put_aside(body: Body, path: &Path) -> Result<(), ApiError> {
    let until = Instant::now() + READ_MAX;
    let mut file = File::create(path).await.context("put the file aside")?;
    let (mut pieces, mut left) = (body.into_data_stream(), FILE_BYTES_MAX);
    loop {
        let piece = timeout_at(until, pieces.next()).await.map_err(|_late| {
            let detail = format!("the file did not come within {} s", READ_MAX.as_secs());
            ApiError::refused(StatusCode::REQUEST_TIMEOUT, "body-too-slow", detail)
        })?;
        let Some(piece) = piece else {
            break;
        };
        let piece = piece.map_err(|_broken| ApiError::field("body", "the file broke off"))?;
        left = left.checked_sub(piece.len()).ok_or_else(|| {
            let detail = format!("at most {FILE_BYTES_MAX} bytes");
            ApiError::refused(StatusCode::PAYLOAD_TOO_LARGE, "body-not-read", detail)
        })?;
        file.write_all(&piece).await.context("put the file aside")?;
    }
    Ok(file.flush().await.context("put the file aside")?)
}

type Tx = Transaction<'static, Postgres>;

/// Reads the file and writes its cells, apart from the threads that wait. `held` is kept to the end,
/// also where whoever asked has gone.
async fn take(
    mut tx: Tx,
    file: FileOptions,
    options: CellOptions,
    held: (SemaphorePermit<'static>, TempDir),
) -> anyhow::Result<(Tx, anyhow::Result<CellsTaken>)> {
    let runtime = Handle::current();
    let work = move || {
        let _held = held;
        let bytes = std::fs::read(&file.file).context("read the file")?;
        let mut parts = bytes.windows(NUL_IN_JSON.len());
        let taken = if parts.any(|part| part == NUL_IN_JSON) {
            Err(anyhow::anyhow!("a text contains the character U+0000"))
        } else {
            drop(bytes);
            runtime.block_on(take_cells(&mut tx, &file, &options, Progress::Silent))
        };
        Ok((tx, taken))
    };
    tokio::task::spawn_blocking(work).await?
}

/// 422: what the rows look like to a plan.
fn no_partition(error: NoGround) -> ApiError {
    let refused = |detail: String, more| ApiError::Explained {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind: "cells-not-taken",
        detail,
        more,
    };
    match error {
        NoGround::NoCells => refused(error.to_string(), Map::new()),
        NoGround::Overlaps(ref places) => {
            let defects = serde_json::from_str(places).unwrap_or_default();
            let more = Map::from_iter([("defects".to_owned(), defects)]);
            refused(error.to_string(), more)
        }
        NoGround::Other(error) => unusable(error),
    }
}

fn is_late(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some(QUERY_CANCELED)
}

/// What the database says is the service's to solve; everything else is about the file.
fn unusable(error: anyhow::Error) -> ApiError {
    match error.downcast::<sqlx::Error>() {
        Ok(of_database) if is_late(&of_database) => ApiError::refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "cells-not-taken",
            format!(
                "takes the database longer than {} s",
                STATEMENT_MAX.as_secs()
            ),
        ),
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
