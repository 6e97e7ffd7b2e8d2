//! One's own sessions and password; sessions of others for administrators.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{SessionRow, store};
use crate::access::extract::session_cookie;
use crate::access::store::{
    Attempt, attempt_sign_in, find_credentials, find_session_id, forgive, set_password,
};
use crate::access::{Person, password};
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::journal::{self, Entry};

const PASSWORD_CHARS_MIN: usize = 10;
const PASSWORD_CHARS_MAX: usize = 200;

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_own, end_others))
        .routes(routes!(change_password))
        .routes(routes!(list_of_person))
        .routes(routes!(end_of_person))
}

#[derive(Serialize, ToSchema)]
struct SessionList {
    /// Newest first.
    sessions: Vec<SessionRow>,
}

async fn current_session(app: &App, headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    match session_cookie(headers) {
        Some(cookie) => Ok(find_session_id(&app.machine, &cookie).await?),
        None => Ok(None),
    }
}

/// Where you are signed in.
#[utoipa::path(get, path = "/api/v1/session/others", tag = "session", responses(
    (status = 200, body = SessionList), (status = 401),
))]
async fn list_own(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<SessionList>, ApiError> {
    let current = current_session(&app, &headers).await?;
    let mut tx = app.scoped(&person).await?;
    let sessions = store::list(&mut *tx, person.id, current, app.now()).await?;
    Ok(Json(SessionList { sessions }))
}

/// Sign out everywhere but here.
#[utoipa::path(delete, path = "/api/v1/session/others", tag = "session", responses(
    (status = 204, description = "signed out everywhere else"), (status = 401),
))]
async fn end_others(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let current = current_session(&app, &headers).await?;
    let mut tx = app.scoped(&person).await?;
    let ended = store::end_all(&mut *tx, person.id, current).await?;
    let entry = Entry::by(
        &person,
        app.now(),
        format!("person:{}", person.id),
        "end_sessions",
    )
    .before(json!({ "sessions": ended }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    old: String,
    /// 10 to 200 characters, not the old one.
    new: String,
}

/// Change your password; you are signed out everywhere but here.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "session",
    request_body = PasswordChange, responses(
    (status = 204, description = "changed"), (status = 400), (status = 401),
    (status = 429, description = "too many wrong passwords; see Retry-After"),
))]
async fn change_password(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<PasswordChange>,
) -> Result<StatusCode, ApiError> {
    let length = body.new.chars().count();
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&length) || body.new == body.old {
        let detail = "must have 10 to 200 characters and differ from the old one";
        return Err(ApiError::field("/new", detail));
    }
    let now = app.now();
    if let Attempt::Wait(wait) = attempt_sign_in(&app.machine, &person.login, now).await? {
        return Err(ApiError::too_many_tries(wait));
    }
    let known = find_credentials(&app.machine, &person.login, now)
        .await?
        .ok_or_else(|| ApiError::unauthenticated("sign in first"))?;
    let hashed = password::in_turn(move || {
        password::password_matches(&body.old, &known.password_hash)
            .then(|| password::hash_password(&body.new))
    });
    let Some(hash) = hashed.await? else {
        return Err(ApiError::field("/old", "is not your password"));
    };
    let hash = hash.map_err(|error| anyhow::anyhow!("{error}"))?;
    forgive(&app.machine, &person.login).await?;
    let current = current_session(&app, &headers).await?;
    let mut tx = app.scoped(&person).await?;
    set_password(&mut *tx, person.id, &hash).await?;
    store::end_all(&mut *tx, person.id, current).await?;
    let subject = format!("person:{}", person.id);
    let entry = Entry::by(&person, now, subject, "change_password");
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a person is signed in: for themselves and administrators.
#[utoipa::path(get, path = "/api/v1/people/{id}/sessions", tag = "people",
    params(("id" = i32, Path, description = "person")), responses(
    (status = 200, body = SessionList), (status = 401), (status = 403),
))]
async fn list_of_person(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    headers: HeaderMap,
) -> Result<Json<SessionList>, ApiError> {
    if id != person.id {
        person.require_administrator()?;
    }
    let current = current_session(&app, &headers).await?;
    let mut tx = app.scoped(&person).await?;
    let sessions = store::list(&mut *tx, id, current, app.now()).await?;
    Ok(Json(SessionList { sessions }))
}

/// End one session of a person: for themselves and administrators.
#[utoipa::path(delete, path = "/api/v1/people/{id}/sessions/{sid}", tag = "people",
    params(("id" = i32, Path, description = "person"), ("sid" = i64, Path, description = "session")),
    responses(
        (status = 204, description = "ended"), (status = 401), (status = 403), (status = 404),
    ))]
async fn end_of_person(
    person: Person,
    State(app): State<App>,
    PathParams((id, sid)): PathParams<(i32, i64)>,
) -> Result<StatusCode, ApiError> {
    if id != person.id {
        person.require_administrator()?;
    }
    let mut tx = app.scoped(&person).await?;
    if !store::end(&mut *tx, id, sid).await? {
        return Err(ApiError::not_found(format!(
            "person {id} has no session {sid}"
        )));
    }
    let entry = Entry::by(&person, app.now(), format!("person:{id}"), "end_session")
        .before(json!({ "session_id": sid }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
