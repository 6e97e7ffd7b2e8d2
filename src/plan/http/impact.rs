//! What a plan would mean, for pages, for spreadsheets and for maps.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use cityward_partition::Partition;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::held::{self, working};
use crate::access::Person;
use crate::http::{ApiError, App, PathParams, QueryParams};
use crate::plan::Plan;
use crate::plan::ground::Ground;
use crate::plan::impact::{self, Area, Impact, Table};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(impact_of))
        .routes(routes!(impact_sheet))
        .routes(routes!(impact_map))
}

#[derive(Serialize, ToSchema)]
struct ImpactReport {
    /// Of the plan that was looked at.
    version: i32,
    base_at: DateTime<Utc>,
    #[serde(flatten)]
    impact: Impact,
}

/// What a plan would mean for cells, components, cases, cameras and units; of the open cases 1,000 at
/// most are told of one by one.
#[utoipa::path(get, path = "/api/v1/plans/{id}/impact", tag = "plans", params(("id" = i32, Path)), responses(
    (status = 200, body = ImpactReport), (status = 401), (status = 403), (status = 404),
))]
async fn impact_of(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Json<ImpactReport>, ApiError> {
    let seen = look(&app, &person, id, no_areas).await?;
    Ok(Json(ImpactReport {
        version: seen.plan.version,
        base_at: seen.plan.base.at,
        impact: seen.impact.shortened(),
    }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct SheetAsked {
    /// One table; when not given, a line for each unit, then one for each open case.
    #[param(inline)]
    of: Option<Table>,
}

/// The same as CSV, with everything in it.
#[utoipa::path(get, path = "/api/v1/plans/{id}/impact.csv", tag = "plans",
    params(("id" = i32, Path), SheetAsked), responses(
    (status = 200, content_type = "text/csv", body = String), (status = 400), (status = 401),
    (status = 403), (status = 404),
))]
async fn impact_sheet(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    QueryParams(asked): QueryParams<SheetAsked>,
) -> Result<Response, ApiError> {
    let mut seen = look(&app, &person, id, no_areas).await?;
    if asked.of == Some(Table::Components) {
        seen.name_components(&app, &person).await?;
    }
    let (sheet, name) = match asked.of {
        None => (impact::sheet(&seen.impact)?, String::new()),
        Some(table) => (
            impact::table(&seen.impact, table)?,
            format!("-{}", table.name()),
        ),
    };
    let name = format!("plan-{id}-{}{name}.csv", seen.plan.version);
    Ok(file("text/csv; charset=utf-8", &name, sheet))
}

/// The same as GeoJSON: cells with their borders, components, open cases and cameras, told apart by
/// `kind`.
#[utoipa::path(get, path = "/api/v1/plans/{id}/impact.geojson", tag = "plans",
    params(("id" = i32, Path)), responses(
    (status = 200, content_type = "application/geo+json", body = Object), (status = 401),
    (status = 403), (status = 404),
))]
async fn impact_map(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Response, ApiError> {
    let mut seen = look(&app, &person, id, impact::areas).await?;
    seen.name_components(&app, &person).await?;
    let map = impact::features(&seen.base, &seen.areas, &seen.impact);
    let name = format!("plan-{id}-{}-impact.geojson", seen.plan.version);
    Ok(file("application/geo+json", &name, map.into_bytes()))
}

fn file(content_type: &str, name: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, bytes).into_response()
}

/// A plan and what it would mean.
struct Seen {
    plan: Plan,
    base: Arc<Ground>,
    impact: Impact,
    areas: Vec<Area>,
}

impl Seen {
    /// Only those that move are looked up; a city has a million.
    async fn name_components(&mut self, app: &App, person: &Person) -> Result<(), ApiError> {
        let mut tx = app.scoped(person).await?;
        impact::name_components(&mut tx, &mut self.impact.moved).await?;
        Ok(tx.commit().await?)
    }
}

fn no_areas(_: &Ground, _: &Partition, _: &Impact) -> Vec<Area> {
    Vec::new()
}

/// `areas` draws the cells, for those who need their borders.
async fn look(
    app: &App,
    person: &Person,
    id: i32,
    areas: fn(&Ground, &Partition, &Impact) -> Vec<Area>,
) -> Result<Seen, ApiError> {
    let now = app.now();
    let (mut tx, _) = held::look(app, person, id).await?;
    let standing = impact::read(&mut tx, now).await?;
    tx.commit().await?;
    let (plan, seat) = held::read(app, person, id).await?;
    let base = Arc::clone(&seat.base);
    let seen = working(seat, move |_, working| {
        let (base, after) = (&working.base, &working.partition);
        let impact = impact::impact(base, after, standing, now);
        let areas = areas(base, after, &impact);
        (impact, areas)
    });
    let (impact, areas) = seen.await?;
    Ok(Seen {
        plan,
        base,
        impact,
        areas,
    })
}
