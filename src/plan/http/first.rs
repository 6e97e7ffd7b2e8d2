//! The first cells of a city: a file that was put in order becomes the ground on which plans begin.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use sqlx::{Postgres, Transaction};
use tokio::runtime::Handle;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::held::conflict;
use super::received::{Received, cells_not_taken, check_naming, not_taken, overlapping};
use crate::access::{Person, Role};
use crate::http::{ApiError, App, QueryParams};
use crate::import::{CellOptions, CellsTaken, Progress, lock_ground, take_cells};
use crate::journal::{self, Entry};
use crate::plan::ground::{Ground, NoGround};
use crate::plan::store;

/// Until others who write cells are done, and for one statement.
const WAIT_MAX: Duration = Duration::from_secs(5);
const STATEMENT_MAX: Duration = Duration::from_secs(120);
/// By SQLSTATE.
const LOCK_NOT_AVAILABLE: &str = "55P03";
const QUERY_CANCELED: &str = "57014";
/// Nobody has planned anything yet, so there is nobody else to ask.
const BEGINNERS: &[Role] = &[Role::Planner, Role::Administrator];

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
    let (source, reason) = check_naming(&asked.source, &asked.reason)?;
    if store::had_cells(&app.db).await? {
        return Err(has_cells());
    }
    let received = Received::from(body).await?;
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
    let (mut tx, taken) = take(tx, received, source.clone(), options).await?;
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

type Tx = Transaction<'static, Postgres>;

/// Reads the file and writes its cells, apart from the threads that wait, to the end also where whoever
/// asked has gone.
async fn take(
    mut tx: Tx,
    received: Received,
    source: String,
    options: CellOptions,
) -> anyhow::Result<(Tx, anyhow::Result<CellsTaken>)> {
    let runtime = Handle::current();
    let work = move || {
        let taken = received.options(&source).and_then(|file| {
            runtime.block_on(take_cells(&mut tx, &file, &options, Progress::Silent))
        });
        (tx, taken)
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// 422: what the rows look like to a plan.
fn no_partition(error: NoGround) -> ApiError {
    match error {
        NoGround::NoCells => cells_not_taken(error.to_string(), Map::new()),
        NoGround::Overlaps(ref places) => overlapping(error.to_string(), places),
        NoGround::Other(error) => unusable(error),
    }
}

fn is_late(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some(QUERY_CANCELED)
}

/// What the database says is the service's to solve; everything else is about the file.
pub(super) fn unusable(error: anyhow::Error) -> ApiError {
    match error.downcast::<sqlx::Error>() {
        Ok(of_database) if is_late(&of_database) => {
            let detail = format!(
                "takes the database longer than {} s",
                STATEMENT_MAX.as_secs()
            );
            cells_not_taken(detail, Map::new())
        }
        Ok(of_database) => of_database.into(),
        Err(of_file) => cells_not_taken(of_file.root_cause().to_string(), Map::new()),
    }
}
