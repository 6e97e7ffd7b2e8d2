//! A reporter's data in clear for those who need it, and a case's state for its reporter.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{QueryCode, ReporterView, store};
use crate::access::{Person, Role};
use crate::cases::{CaseId, CaseState};
use crate::catalogue::{Catalogue, ClassCode};
use crate::http::{ApiError, App, ClientAddress, PathParams, QueryParams};

const PURPOSE_CHARS_MAX: usize = 200;
/// Who calls reporters back, and who answers for personal data.
const READERS: &[Role] = &[Role::Operator, Role::DataOfficer];

/// For signed-in people; a case's state is open to whoever has its query code.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read))
        .routes(routes!(status))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Purpose {
    /// What the data is needed for: 2 to 200 characters, written down before it is shown.
    #[serde(default)]
    purpose: String,
}

/// Who reported a case, in clear. That it was read, by whom and what for, is written down first.
#[utoipa::path(get, path = "/api/v1/cases/{id}/reporter", tag = "cases",
    params(("id" = i64, Path, description = "case"), Purpose),
    responses(
        (status = 200, body = ReporterView),
        (status = 400, description = "invalid-field: purpose"),
        (status = 401, description = "sign in first"),
        (status = 403, description = "forbidden: only operators and data officers read it"),
        (status = 404, description = "no such case, or nobody is known to have reported it"),
    ))]
async fn read(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<CaseId>,
    QueryParams(asked): QueryParams<Purpose>,
) -> Result<Response, ApiError> {
    person.require(READERS)?;
    let purpose = asked.purpose.trim();
    if !(2..=PURPOSE_CHARS_MAX).contains(&purpose.chars().count()) {
        let detail = format!("what it is needed for, 2 to {PURPOSE_CHARS_MAX} characters");
        return Err(ApiError::field("purpose", detail));
    }
    let mut tx = app.scoped(&person).await?;
    let row = store::find(&mut *tx, id).await?;
    let row = row.ok_or_else(|| {
        ApiError::not_found(format!("nobody is known to have reported case {id}"))
    })?;
    store::insert_access(&mut *tx, id, person.id, purpose, app.now()).await?;
    tx.commit().await?;
    let clear = row
        .open(&app.reporter_keys, id)
        .map_err(anyhow::Error::from)?;
    let view = ReporterView {
        name: clear.name,
        phone: clear.phone,
        masked: false,
        wants_reply: clear.wants_reply,
        erased_at: row.erased_at,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// How far a case has come, for its reporter.
#[derive(Serialize, ToSchema)]
struct PublicStatus {
    /// The number of the case.
    case_id: CaseId,
    #[schema(value_type = String, example = "M06042")]
    class: ClassCode,
    class_zh: String,
    class_en: String,
    state: CaseState,
    opened_at: DateTime<Utc>,
    /// When somebody last did something.
    changed_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

/// How far a case has come, for whoever has the code that its reporter got. Says nothing about
/// anybody.
#[utoipa::path(get, path = "/api/v1/public/cases/{query_code}", tag = "public", security(()),
    params(("query_code" = String, Path, description = "as shown to the reporter")),
    responses(
        (status = 200, body = PublicStatus),
        (status = 404, description = "no case has this code"),
        (status = 429, description = "too-many-questions; see Retry-After"),
    ))]
async fn status(
    State(app): State<App>,
    ClientAddress(client): ClientAddress,
    PathParams(code): PathParams<String>,
) -> Result<Response, ApiError> {
    app.code_brake.ask(client, Instant::now())?;
    let unknown = || ApiError::not_found("no case has this code");
    let code = QueryCode::from_request(&code).ok_or_else(unknown)?;
    let found = store::status(&app.db, code.sha256())
        .await?
        .ok_or_else(unknown)?;
    let class = Catalogue::shipped().class(found.class_code);
    let status = PublicStatus {
        case_id: found.case_id,
        class: found.class_code,
        class_zh: class.map(|class| class.name_zh.clone()).unwrap_or_default(),
        class_en: class.map(|class| class.name_en.clone()).unwrap_or_default(),
        state: found.state,
        opened_at: found.opened_at,
        changed_at: found.changed_at,
        ended_at: found.ended_at,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(status)).into_response())
}
