//! A plan from a file: the cells that somebody else has drawn take the place of those in force, once
//! it is approved.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::runtime::Handle;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::TITLE_CHARS_MAX;
use super::first::unusable;
use super::held::{Held, WRITERS, check_text, refused, working};
use super::received::{Received, check_naming, not_taken, overlapping, rows_not_taken};
use crate::access::Person;
use crate::http::{ApiError, App, QueryParams};
use crate::import::{CellFields, FileCell, Report, file_cells};
use crate::plan::Plan;
use crate::plan::drawn::{Drawn, KnownBy, NotDrawn};
use crate::plan::store::{self, NewStep};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        // bounds of its own, once somebody may
        .routes(routes!(begin_from_file))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FileAsked {
    /// Of the plan.
    title: String,
    /// What the file is called.
    source: String,
    reason: String,
    /// The property with each cell's code or name, by which the city's cell goes on; others are new.
    /// Without it a cell goes on as the one with which it has most of the ground in common.
    key_field: Option<String>,
    /// The property with each cell's name. Without it, and where it is empty, a cell is called as it was.
    name_field: Option<String>,
    /// The property that names who answers for a cell: a unit of the city. Without it, and where it is
    /// empty, whoever does answers for it, and for a new cell whoever does for most of its ground.
    unit_field: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PlanFromFile {
    plan: Plan,
    /// Of the file.
    cells: usize,
    /// Cells of the city that go on, with the same border or another; every other of the file is new and
    /// gets its code when the plan is published.
    going_on: usize,
    /// Cells of the city that end.
    ending: usize,
}

/// Begins a plan in which a file of cells takes the place of all that are in force: GeoJSON in WGS 84
/// that was checked and repaired. All of it is taken, or nothing.
#[utoipa::path(post, path = "/api/v1/plans/from-file", tag = "plans", params(FileAsked),
    request_body(content = Object, content_type = "application/geo+json"), responses(
    (status = 201, body = PlanFromFile), (status = 400), (status = 401), (status = 403),
    (status = 404, description = "the city has no cells: make these its first ground"), (status = 408),
    (status = 409, description = "no-partition: published cells overlap; `defects` says where"),
    (status = 413),
    (status = 422, description = "cells-not-taken: `rows` says which and why, or `defects` where they overlap; operation-refused: `refusal` says why, `place` where"),
))]
async fn begin_from_file(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<FileAsked>,
    body: Body,
) -> Result<(StatusCode, Json<PlanFromFile>), ApiError> {
    person.require_of_city(WRITERS)?;
    let title = check_text("title", &asked.title, TITLE_CHARS_MAX)?.to_owned();
    let (source, reason) = check_naming(&asked.source, &asked.reason)?;
    let known_by = match asked.key_field {
        Some(_) => KnownBy::Key,
        None => KnownBy::Ground,
    };
    // it is kept until its cells are drawn, so that one at a time is
    let received = Received::from(body).await?;
    let (received, read) = read(&app, &person, received, asked).await?;
    let (cells, report) = read.map_err(unusable)?;
    if report.refused() > 0 {
        return Err(not_taken(&report));
    }
    let count = cells.len();
    let mut held = Held::started(&app, &person, &title, &reason).await?;
    let plan_id = held.plan.id;
    let seat = held.seat().await?;
    let base = Arc::clone(&seat.base);
    let after = held.revision_after();
    let taken = working(seat, move |revision, working| {
        let _received = received;
        let drawn = Drawn::of(&working.base, &cells, known_by)?;
        let taken = working.take(&drawn.operation);
        if taken.is_ok() {
            *revision = after;
        }
        Ok((drawn, taken))
    });
    let (drawn, taken) = taken.await?.map_err(no_ground_of)?;
    let warnings = taken.map_err(|refusal| refused(&base, &drawn.operation, &refusal))?;
    let step = NewStep {
        operation: &drawn.operation,
        reason: &source,
        warnings: &warnings,
    };
    store::insert_step(&mut held.tx, plan_id, &step, person.id, after.changed_at).await?;
    let begun = PlanFromFile {
        plan: held.finish().await?,
        cells: count,
        going_on: drawn.going_on,
        ending: drawn.ending,
    };
    Ok((StatusCode::CREATED, Json(begun)))
}

type Read = anyhow::Result<(Vec<FileCell>, Report)>;

/// Reads the file apart from the threads that wait.
async fn read(
    app: &App,
    person: &Person,
    received: Received,
    asked: FileAsked,
) -> anyhow::Result<(Received, Read)> {
    let mut tx = app.scoped(person).await?;
    let runtime = Handle::current();
    let work = move || {
        let read = received.options(&asked.source).and_then(|file| {
            let fields = CellFields {
                key: asked.key_field,
                name: asked.name_field,
                unit: asked.unit_field,
            };
            runtime.block_on(file_cells(&mut tx, &file, &fields))
        });
        (received, read)
    };
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// 422: which rows, or where.
fn no_ground_of(why: NotDrawn) -> ApiError {
    match why {
        NotDrawn::Rows(rows) => {
            let told = rows
                .iter()
                .map(|(number, why)| json!({ "number": number, "why": why }));
            rows_not_taken(rows.len(), told)
        }
        NotDrawn::Overlaps(places) => overlapping("cells lie on each other".to_owned(), &places),
    }
}
