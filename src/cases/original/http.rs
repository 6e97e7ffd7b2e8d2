//! The original of a picture, for those who need it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store;
use crate::access::{Person, Role};
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::journal::{self, Entry};

const PURPOSE_CHARS_MAX: usize = 200;
/// Who answers for what is filed, and who answers for personal data.
const VIEWERS: &[Role] = &[Role::DutyChief, Role::DataOfficer];

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(original))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Purpose {
    /// What the original is needed for: 2 to 200 characters, written down before it is shown.
    #[serde(default)]
    purpose: String,
}

/// The original of a picture in which faces or plates were made unrecognisable. That it was seen, by
/// whom and what for, is written down first.
#[utoipa::path(post, path = "/api/v1/evidence/{id}/original", tag = "cases",
    params(("id" = i64, Path, description = "evidence")), request_body = Purpose,
    responses(
        (status = 200, content_type = "image/jpeg", body = [u8]),
        (status = 400, description = "invalid-field: purpose"),
        (status = 401, description = "sign in first"),
        (status = 403, description = "forbidden: only duty chiefs and data officers see originals"),
        (status = 404, description = "no such evidence, or nothing in it was made unrecognisable"),
        (status = 410, description = "original-erased: its days are over"),
        (status = 503, description = "picture-not-ready: faces and plates are not blurred yet; see Retry-After"),
    ))]
async fn original(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i64>,
    JsonBody(asked): JsonBody<Purpose>,
) -> Result<Response, ApiError> {
    person.require(VIEWERS)?;
    let purpose = asked.purpose.trim();
    if !(2..=PURPOSE_CHARS_MAX).contains(&purpose.chars().count()) {
        let detail = format!("what it is needed for, 2 to {PURPOSE_CHARS_MAX} characters");
        return Err(ApiError::field("purpose", detail));
    }
    let now = app.now();
    app.redactions.finish(id, now).await?;
    let mut tx = app.scoped(&person).await?;
    let found = store::find(&mut *tx, id).await?;
    let found = found.ok_or_else(|| ApiError::not_found(format!("there is no evidence {id}")))?;
    // a role of one district does not show what another role lets see
    if !store::may_view(&mut *tx, found.case_id).await? {
        let detail = "only duty chiefs and data officers of the case's district, or of the city";
        return Err(ApiError::forbidden(detail));
    }
    let Some(key_id) = &found.key_id else {
        let detail = format!("nothing in evidence {id} was made unrecognisable");
        return Err(ApiError::not_found(detail));
    };
    if let Some(erased_at) = found.erased_at {
        let detail = format!("the original was erased at {erased_at}");
        return Err(ApiError::refused(
            StatusCode::GONE,
            "original-erased",
            detail,
        ));
    }
    let jpeg = app.evidence.read_original(found.picture(), key_id).await?;
    store::insert_access(&mut *tx, &found, id, person.id, purpose, now).await?;
    let entry = Entry::by(&person, now, format!("evidence:{id}"), "view-original")
        .because(purpose)
        .after(json!({ "case_id": found.case_id, "image_sha256": found.picture().to_string() }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    let headers = [(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "no-store")];
    Ok((headers, jpeg).into_response())
}
