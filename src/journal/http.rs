//! The record, for auditors and administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::page::{AuditRow, PageStart};
use super::store;
use super::verify::{Verdict, verify};
use crate::access::{Person, Role};
use crate::http::{ApiError, App, QueryParams};

/// The record is one chain over the whole city.
const READERS: &[Role] = &[Role::Auditor, Role::Administrator];
const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 500;
/// Reading the whole record keeps a core busy; two at a time would only slow each other down.
static VERIFYING: Semaphore = Semaphore::const_new(1);

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(verify_now))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AuditFilter {
    /// What was changed: `person:3`, `rule_set:2`; with `case:7` the case's history comes too.
    subject: Option<String>,
    /// `next` of the page before.
    before: Option<String>,
    /// Lines on a page, 1 to 500; 100 when not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct AuditPage {
    /// Newest first.
    entries: Vec<AuditRow>,
    /// `before` of the next page; null on the last.
    next: Option<String>,
}

/// Who changed what, when and why.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditFilter), responses(
    (status = 200, body = AuditPage),
    (status = 400, description = "a parameter is wrong; `errors` names it"),
    (status = 401, description = "sign in first"),
    (status = 403, description = "for auditors and administrators of the city"),
))]
async fn list(
    person: Person,
    State(app): State<App>,
    QueryParams(filter): QueryParams<AuditFilter>,
) -> Result<Json<AuditPage>, ApiError> {
    person.require_of_city(READERS)?;
    let limit = filter.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::field("limit", "must be 1 to 500"));
    }
    let subject = filter.subject.as_deref();
    let case_id = subject.and_then(|subject| subject.strip_prefix("case:"));
    let case_id = case_id
        .map(|id| {
            id.parse()
                .or(Err(ApiError::field("subject", "case:<number>")))
        })
        .transpose()?;
    let start: Option<PageStart> = filter
        .before
        .map(|before| before.parse())
        .transpose()
        .map_err(|error: super::page::NotAPage| ApiError::field("before", error.to_string()))?;
    let mut tx = app.scoped(&person).await?;
    let mut entries = store::page(&mut *tx, subject, case_id, start.as_ref(), limit + 1).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = entries.last().filter(|_| more).map(PageStart::after);
    Ok(Json(AuditPage { entries, next }))
}

/// Computes the whole chain again and names the first break. Takes a while: about a minute for ten
/// million lines.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit", responses(
    (status = 200, body = Verdict),
    (status = 401, description = "sign in first"),
    (status = 403, description = "for auditors and administrators of the city"),
    (status = 429, description = "somebody is verifying already"),
))]
async fn verify_now(person: Person, State(app): State<App>) -> Result<Json<Verdict>, ApiError> {
    person.require_of_city(READERS)?;
    let Ok(_one) = VERIFYING.try_acquire() else {
        return Err(ApiError::refused(
            StatusCode::TOO_MANY_REQUESTS,
            "already-verifying",
            "the record is being verified; ask again when that has ended",
        ));
    };
    // As the machine: a row that is hidden from the asking person would look like a missing one.
    // What comes out is counts and numbers of rows.
    Ok(Json(verify(&app.machine, None).await?))
}
