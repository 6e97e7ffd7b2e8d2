//! What a plan would mean, for pages and for spreadsheets.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::held::{read, working};
use crate::access::Person;
use crate::http::{ApiError, App, PathParams};
use crate::plan::Plan;
use crate::plan::impact::{self, Impact};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(impact_of))
        .routes(routes!(impact_sheet))
}

#[derive(Serialize, ToSchema)]
struct ImpactReport {
    /// Of the plan that was looked at.
    version: i32,
    base_at: DateTime<Utc>,
    #[serde(flatten)]
    impact: Impact,
}

/// What a plan would mean for cells, components, cases, cameras and units.
#[utoipa::path(get, path = "/api/v1/plans/{id}/impact", tag = "plans", params(("id" = i32, Path)), responses(
    (status = 200, body = ImpactReport), (status = 401), (status = 403), (status = 404),
))]
async fn impact_of(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Json<ImpactReport>, ApiError> {
    let (plan, impact) = look(&app, &person, id).await?;
    Ok(Json(ImpactReport {
        version: plan.version,
        base_at: plan.base.at,
        impact,
    }))
}

/// The same as CSV: a line for each unit, then one for each open case.
#[utoipa::path(get, path = "/api/v1/plans/{id}/impact.csv", tag = "plans", params(("id" = i32, Path)), responses(
    (status = 200, content_type = "text/csv", body = String), (status = 401), (status = 403), (status = 404),
))]
async fn impact_sheet(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Response, ApiError> {
    let (plan, impact) = look(&app, &person, id).await?;
    let name = format!("attachment; filename=\"plan-{id}-{}.csv\"", plan.version);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, impact::sheet(&impact)?).into_response())
}

async fn look(app: &App, person: &Person, id: i32) -> Result<(Plan, Impact), ApiError> {
    let (plan, recipe) = read(app, person, id).await?;
    let now = app.now();
    let mut tx = app.scoped(person).await?;
    let standing = impact::read(&mut tx, now).await?;
    tx.commit().await?;
    let impact = working(app, id, recipe, move |_, working| {
        impact::impact(&working.base, &working.partition, standing, now)
    });
    Ok((plan, impact.await?))
}
