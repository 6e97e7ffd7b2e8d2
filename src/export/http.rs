//! Asking for an export, approving or refusing it, and downloading it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ExportFilter, ExportRequest, sheet, store};
use crate::access::{Person, Role};
use crate::http::{ApiError, App, JsonBody, PathParams, QueryParams};
use crate::journal;

const PURPOSE_CHARS_MAX: usize = 500;
const REASON_CHARS_MAX: usize = 500;
const REQUESTS_MAX: u32 = 200;
/// More than this is asked for in parts.
const CASES_MAX: usize = 50_000;

/// Who has a use for lists.
const REQUESTERS: &[Role] = &[
    Role::Operator,
    Role::DutyChief,
    Role::Dispatcher,
    Role::DistrictDispatcher,
    Role::UnitManager,
    Role::DataOfficer,
    Role::Evaluator,
    Role::Leader,
    Role::Administrator,
    Role::Auditor,
];

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, request))
        .routes(routes!(approve))
        .routes(routes!(refuse))
        .routes(routes!(download))
}

#[derive(Serialize, ToSchema)]
struct ExportRequests {
    /// Newest first.
    exports: Vec<ExportRequest>,
}

/// Your own requests; data officers and auditors see all. The newest 200.
#[utoipa::path(get, path = "/api/v1/exports", tag = "export", responses(
    (status = 200, body = ExportRequests), (status = 401),
))]
async fn list(person: Person, State(app): State<App>) -> Result<Json<ExportRequests>, ApiError> {
    let mut tx = app.scoped(&person).await?;
    let mut exports = store::list(&mut *tx, None, REQUESTS_MAX).await?;
    tx.commit().await?;
    if !person.has_any(&[Role::DataOfficer, Role::Auditor]) {
        exports.retain(|export| export.requested_by == person.id);
    }
    Ok(Json(ExportRequests { exports }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExport {
    #[serde(default)]
    filter: ExportFilter,
    /// What the list is needed for.
    purpose: String,
}

/// Ask for an export of cases.
#[utoipa::path(post, path = "/api/v1/exports", tag = "export", request_body = NewExport, responses(
    (status = 201, body = ExportRequest), (status = 400), (status = 401), (status = 403),
))]
async fn request(
    person: Person,
    State(app): State<App>,
    JsonBody(body): JsonBody<NewExport>,
) -> Result<(StatusCode, Json<ExportRequest>), ApiError> {
    person.require(REQUESTERS)?;
    let now = app.now();
    let purpose = body.purpose.trim();
    if !(2..=PURPOSE_CHARS_MAX).contains(&purpose.chars().count()) {
        let detail = format!("what the list is needed for, 2 to {PURPOSE_CHARS_MAX} characters");
        return Err(ApiError::field("/purpose", detail));
    }
    let mut tx = app.scoped(&person).await?;
    let id = store::insert(&mut *tx, &body.filter, purpose, person.id, now).await?;
    let export = find(&mut tx, id).await?;
    let entry = journal::Entry::by(&person, now, format!("export:{id}"), "request")
        .because(purpose)
        .after(json!({ "filter": body.filter }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(export)))
}

/// Approve an export that somebody else asked for; it can be downloaded for seven days.
#[utoipa::path(post, path = "/api/v1/exports/{id}/approve", tag = "export", params(("id" = i64, Path)),
    responses(
        (status = 200, body = ExportRequest), (status = 401), (status = 404),
        (status = 403, description = "forbidden: data officers approve, and not their own requests"),
        (status = 409, description = "decided: it is approved or refused already"),
    ))]
async fn approve(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i64>,
) -> Result<Json<ExportRequest>, ApiError> {
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    may_decide(&mut tx, &person, id).await?;
    if !store::approve(&mut *tx, id, person.id, now).await? {
        return Err(decided());
    }
    let export = find(&mut tx, id).await?;
    let entry = journal::Entry::by(&person, now, format!("export:{id}"), "approve");
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(Json(export))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportRefusal {
    /// Why the list does not leave; whoever asked reads it.
    reason: String,
}

/// Refuse an export that somebody else asked for, and say why.
#[utoipa::path(post, path = "/api/v1/exports/{id}/refuse", tag = "export", params(("id" = i64, Path)),
    request_body = ExportRefusal,
    responses(
        (status = 200, body = ExportRequest), (status = 400), (status = 401), (status = 404),
        (status = 403, description = "forbidden: data officers refuse, and not their own requests"),
        (status = 409, description = "decided: it is approved or refused already"),
    ))]
async fn refuse(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i64>,
    JsonBody(body): JsonBody<ExportRefusal>,
) -> Result<Json<ExportRequest>, ApiError> {
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    may_decide(&mut tx, &person, id).await?;
    let reason = body.reason.trim();
    if !(2..=REASON_CHARS_MAX).contains(&reason.chars().count()) {
        let detail = format!("why the list does not leave, 2 to {REASON_CHARS_MAX} characters");
        return Err(ApiError::field("/reason", detail));
    }
    if !store::refuse(&mut *tx, id, person.id, reason, now).await? {
        return Err(decided());
    }
    let export = find(&mut tx, id).await?;
    let entry = journal::Entry::by(&person, now, format!("export:{id}"), "refuse").because(reason);
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(Json(export))
}

/// Data officers of the city decide, and not about what they asked for themselves.
async fn may_decide(tx: &mut PgConnection, person: &Person, id: i64) -> Result<(), ApiError> {
    person.require_of_city(&[Role::DataOfficer])?;
    if find(tx, id).await?.requested_by == person.id {
        return Err(ApiError::forbidden(
            "somebody else decides about what you ask for",
        ));
    }
    Ok(())
}

fn decided() -> ApiError {
    let detail = "it is approved or refused already";
    ApiError::refused(StatusCode::CONFLICT, "decided", detail)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DownloadAsked {
    /// The approved request; what it asked for is what is downloaded.
    export: Option<i64>,
}

/// Download an approved list of cases: CSV whose first line says who took it out, when, and who
/// approved it. Each download is written down.
#[utoipa::path(get, path = "/api/v1/cases/export", tag = "export", params(DownloadAsked), responses(
    (status = 200, content_type = "text/csv", body = String),
    (status = 401, description = "sign in first"),
    (status = 403, description = "export-not-approved: ask with POST /exports"),
    (status = 404, description = "no such request, or another's"),
    (status = 422, description = "export-too-large: more than 50,000 cases"),
))]
async fn download(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<DownloadAsked>,
) -> Result<Response, ApiError> {
    let now = app.now();
    let not_approved =
        |detail| ApiError::refused(StatusCode::FORBIDDEN, "export-not-approved", detail);
    let id = asked.export.ok_or_else(|| {
        not_approved(
            "a list leaves with the approval of a data officer only; ask with POST /exports",
        )
    })?;
    let mut tx = app.scoped(&person).await?;
    let export = find(&mut tx, id).await?;
    if export.requested_by != person.id {
        return Err(no_request(id));
    }
    if !export.is_valid(now) {
        return Err(not_approved(
            "it is not approved, or was approved more than seven days ago",
        ));
    }
    let cases = store::cases(&mut *tx, &export.filter, CASES_MAX + 1).await?;
    if cases.len() > CASES_MAX {
        return Err(ApiError::refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "export-too-large",
            format!("more than {CASES_MAX} cases; ask for them in parts"),
        ));
    }
    let entry = journal::Entry::by(&person, now, format!("export:{id}"), "download")
        .because(&export.purpose)
        .after(json!({ "cases": cases.len(), "filter": export.filter }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    let watermark = format!(
        "Cityward export {id} of {} cases; taken out by {} ({}) at {}; approved by {}; for: {}",
        cases.len(),
        person.name,
        person.login,
        now.to_rfc3339_opts(SecondsFormat::Secs, true),
        export.approved_by.as_deref().unwrap_or_default(),
        export.purpose,
    );
    let sheet = sheet::write(&watermark, &cases)?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"cityward-export-{id}.csv\""),
        ),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, sheet).into_response())
}

async fn find(tx: &mut PgConnection, id: i64) -> Result<ExportRequest, ApiError> {
    let found = store::list(tx, Some(id), 1).await?.pop();
    found.ok_or_else(|| no_request(id))
}

fn no_request(id: i64) -> ApiError {
    ApiError::not_found(format!("there is no export {id}"))
}
