//! Cases and their pictures, for signed-in people.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::queue::{self, Asker, CaseFilter};
use super::redaction::NotFit;
use super::{
    CaseDetail, CaseId, CaseRow, attachment, departure, original, redaction, reporter, store,
};
use crate::access::Person;
use crate::http::{ApiError, App, PathParams, QueryParams};
use crate::workflow::WorkView;

const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 1_000;
const HISTORY_MAX: u32 = 500;
/// Before a picture that could not be made fit to be seen is asked for again.
const AGAIN_AFTER_S: u32 = 60;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get_case))
        .routes(routes!(evidence_image))
}

#[derive(Serialize, ToSchema)]
struct CasePage {
    /// In the order asked for.
    cases: Vec<CaseRow>,
    /// `before` of the next page; null on the last.
    next: Option<CaseId>,
}

/// Cases, newest first or what is due first, page by page.
#[utoipa::path(get, path = "/api/v1/cases", tag = "cases", params(CaseFilter), responses(
    (status = 200, body = CasePage),
    (status = 400, description = "a parameter is wrong; `errors` names it"),
    (status = 401, description = "sign in first"),
))]
async fn list(
    person: Person,
    State(app): State<App>,
    QueryParams(filter): QueryParams<CaseFilter>,
) -> Result<Json<CasePage>, ApiError> {
    let limit = filter.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::field("limit", "must be 1 to 1000"));
    }
    let states = filter.states().map_err(|unknown| {
        ApiError::field("state", format!("{unknown} is not a state of a case"))
    })?;
    let asker = Asker {
        person: person.id,
        now: app.now(),
    };
    let mut tx = app.scoped(&person).await?;
    let mut cases = queue::list(&mut *tx, &filter, states.as_deref(), asker, limit + 1).await?;
    tx.commit().await?;
    let more = cases.len() > limit as usize;
    cases.truncate(limit as usize);
    let next = cases.last().filter(|_| more).map(|row| row.id);
    Ok(Json(CasePage { cases, next }))
}

/// A case with how it is worked.
#[derive(Serialize, ToSchema)]
struct WorkedCase {
    #[serde(flatten)]
    case: CaseDetail,
    #[serde(flatten)]
    work: WorkView,
}

/// One case with its place, reasons, pictures, work and history.
#[utoipa::path(get, path = "/api/v1/cases/{id}", tag = "cases",
    params(("id" = i64, Path, description = "case")),
    responses(
        (status = 200, body = WorkedCase),
        (status = 401, description = "sign in first"),
        (status = 404, description = "no such case"),
    ))]
async fn get_case(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<CaseId>,
) -> Result<Json<WorkedCase>, ApiError> {
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    let stored = store::find(&mut *tx, id)
        .await?
        .ok_or_else(|| ApiError::not_found(format!("there is no case {id}")))?;
    let work = app.workflow().look_at(&mut *tx, id, now).await?;
    let work = work.ok_or_else(|| ApiError::not_found(format!("there is no case {id}")))?;
    let evidence = store::evidence_of(&mut *tx, id).await?;
    let history = store::history_of(&mut *tx, id, HISTORY_MAX).await?;
    let (state, last_seen_at) = (stored.case.state, stored.case.last_seen_at);
    let case = CaseDetail {
        stored,
        reporter: reporter::masked(&mut *tx, &app.reporter_keys, id).await?,
        attachments: attachment::of_case(&mut *tx, id).await?,
        links: store::links_of(&mut *tx, id).await?,
        original_accesses: original::accesses_of(&mut *tx, id, HISTORY_MAX).await?,
        camera_check: departure::camera_check(state, last_seen_at, &history, &evidence),
        evidence,
        history,
    };
    tx.commit().await?;
    Ok(Json(WorkedCase { case, work }))
}

impl From<NotFit> for ApiError {
    fn from(error: NotFit) -> Self {
        match error {
            NotFit::Yet => Self::Refused {
                status: StatusCode::SERVICE_UNAVAILABLE,
                kind: "picture-not-ready",
                detail: error.to_string(),
                errors: Vec::new(),
                retry_after_s: Some(AGAIN_AFTER_S),
            },
            NotFit::Other(error) => error.into(),
        }
    }
}

/// The picture kept as evidence. It never changes.
#[utoipa::path(get, path = "/api/v1/evidence/{id}/image", tag = "cases",
    params(("id" = i64, Path, description = "evidence")),
    responses(
        (status = 200, content_type = "image/jpeg", body = [u8]),
        (status = 401, description = "sign in first"),
        (status = 404, description = "no such evidence, or its picture is gone"),
        (status = 503, description = "picture-not-ready: faces and plates are not blurred yet; see Retry-After"),
    ))]
async fn evidence_image(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i64>,
) -> Result<Response, ApiError> {
    let none = || ApiError::not_found(format!("there is no evidence {id}"));
    let seen = redaction::picture_of(&mut *app.scoped(&person).await?, id).await?;
    let sha256 = if let Some(sha256) = seen.ok_or_else(none)? {
        sha256
    } else {
        app.redactions.finish(id, app.now()).await?;
        let made = redaction::picture_of(&mut *app.scoped(&person).await?, id).await?;
        let gone = || ApiError::not_found(format!("the picture of evidence {id} is gone"));
        made.flatten().ok_or_else(gone)?
    };
    let jpeg = app
        .evidence
        .read(sha256)
        .await
        .map_err(anyhow::Error::from)?
        .ok_or_else(|| anyhow::anyhow!("the picture {sha256} of evidence {id} is gone"))?;
    let headers = [
        (CONTENT_TYPE, "image/jpeg"),
        (CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ];
    Ok((headers, Body::from(jpeg)).into_response())
}
