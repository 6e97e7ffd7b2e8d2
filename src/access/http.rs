//! Signing in and out; registering platforms.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{SESSION_COOKIE, session_cookie};
use super::password::{in_turn, password_matches};
use super::store::{Attempt, NewSession, PlatformRow};
use super::{Person, Profile, Role, random_secret, store};
use crate::http::{ApiError, App, ClientAddress, JsonBody, PathParams};

/// No login is longer.
const LOGIN_BYTES_MAX: usize = 64;

/// Signing in is open; the rest asks for the cookie.
pub fn session_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sign_in, who_am_i, sign_out))
}

/// For signed-in people.
pub fn platform_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_platforms, create_platform))
        .routes(routes!(revoke_platform))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    login: String,
    password: String,
}

#[derive(Serialize, ToSchema)]
struct SignedIn {
    person: Profile,
}

/// Sign in with a password; the session is a cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignIn, security(()), responses(
    (status = 200, description = "signed in; Set-Cookie holds the session", body = SignedIn),
    (status = 401, description = "wrong login or password"),
    (status = 429, description = "too many wrong passwords, of this login or from this address; see Retry-After"),
))]
async fn sign_in(
    State(app): State<App>,
    ClientAddress(client): ClientAddress,
    headers: HeaderMap,
    JsonBody(body): JsonBody<SignIn>,
) -> Result<([(HeaderName, String); 1], Json<SignedIn>), ApiError> {
    let now = app.now();
    if body.login.len() > LOGIN_BYTES_MAX {
        return Err(ApiError::unauthenticated("wrong login or password"));
    }
    // counted as wrong until it turns out to be right, so that tries at the same time count too
    app.password_brake.ask(client, Instant::now())?;
    if let Attempt::Wait(wait) = store::attempt_sign_in(&app.machine, &body.login, now).await? {
        return Err(ApiError::too_many_tries(wait));
    }
    let credentials = store::find_credentials(&app.machine, &body.login, now).await?;
    // an unknown login costs the same time as a wrong password, so that logins cannot be probed
    let hash = credentials.as_ref().map_or_else(
        || app.no_password.to_string(),
        |found| found.password_hash.clone(),
    );
    let password = body.password;
    let matches = in_turn(move || password_matches(&password, &hash)).await?;
    let Some(person) = credentials.filter(|_| matches).map(|found| found.person) else {
        return Err(ApiError::unauthenticated("wrong login or password"));
    };
    app.password_brake.forgive(client);
    store::forgive(&app.machine, &person.login).await?;
    let cookie = start_session(&app, &person, "password", &headers).await?;
    let signed_in = SignedIn {
        person: store::describe(&app.db, person).await?,
    };
    Ok(([(header::SET_COOKIE, cookie)], Json(signed_in)))
}

/// Starts a session of this person; returns the cookie to set.
pub(super) async fn start_session(
    app: &App,
    person: &Person,
    method: &'static str,
    headers: &HeaderMap,
) -> Result<String, ApiError> {
    let cookie = random_secret(32);
    let now = app.now();
    let agent = headers.get(header::USER_AGENT);
    let new = NewSession {
        cookie: &cookie,
        person_id: person.id,
        method,
        user_agent: agent.and_then(|agent| agent.to_str().ok()).unwrap_or(""),
        created_at: now,
        expires_at: now + Duration::hours(i64::from(app.config.http.session_h)),
    };
    store::insert_session(&app.machine, &new).await?;
    tracing::info!(login = person.login, method, "signed in");
    let max_age_s = i64::from(app.config.http.session_h) * 3600;
    Ok(set_cookie(app, cookie.reveal(), max_age_s))
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses(
    (status = 200, body = SignedIn), (status = 401, description = "nobody"),
))]
async fn who_am_i(person: Person, State(app): State<App>) -> Result<Json<SignedIn>, ApiError> {
    let person = store::describe(&app.db, person).await?;
    Ok(Json(SignedIn { person }))
}

/// Sign out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", security(()), responses(
    (status = 204, description = "signed out"),
))]
async fn sign_out(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<(StatusCode, [(HeaderName, String); 1]), ApiError> {
    if let Some(cookie) = session_cookie(&headers) {
        store::delete_session(&app.machine, &cookie).await?;
    }
    Ok((
        StatusCode::NO_CONTENT,
        [(header::SET_COOKIE, set_cookie(&app, "", 0))],
    ))
}

/// SameSite=Strict keeps other sites from acting with the cookie; HttpOnly keeps scripts away.
fn set_cookie(app: &App, value: &str, max_age_s: i64) -> String {
    let secure = if app.config.http.cookie_secure {
        "; Secure"
    } else {
        ""
    };
    format!(
        "{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}"
    )
}

#[derive(Serialize, ToSchema)]
struct PlatformList {
    platforms: Vec<PlatformRow>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPlatform {
    /// 1 to 64 characters, not taken.
    name: String,
}

#[derive(Serialize, ToSchema)]
struct CreatedPlatform {
    id: i32,
    name: String,
    /// The bearer token; shown here and never again.
    token: String,
}

/// Platforms that may or might push frames.
#[utoipa::path(get, path = "/api/v1/platforms", tag = "platforms", responses((status = 200, body = PlatformList)))]
async fn list_platforms(
    person: Person,
    State(app): State<App>,
) -> Result<Json<PlatformList>, ApiError> {
    person.require_of_city(&[Role::Administrator, Role::Auditor])?;
    Ok(Json(PlatformList {
        platforms: store::list_platforms(&app.db).await?,
    }))
}

/// Register a video platform; its token is in the answer, once.
#[utoipa::path(post, path = "/api/v1/platforms", tag = "platforms", request_body = NewPlatform, responses(
    (status = 201, body = CreatedPlatform), (status = 409, description = "the name is taken"),
))]
async fn create_platform(
    person: Person,
    State(app): State<App>,
    JsonBody(body): JsonBody<NewPlatform>,
) -> Result<(StatusCode, Json<CreatedPlatform>), ApiError> {
    person.require_administrator()?;
    let name = body.name.trim();
    if !(1..=64).contains(&name.chars().count()) {
        return Err(ApiError::field("name", "must have 1 to 64 characters"));
    }
    let token = random_secret(32);
    let id = match store::insert_platform(&app.db, name, &token).await {
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("platform_name_once") => {
            return Err(ApiError::refused(
                StatusCode::CONFLICT,
                "name-taken",
                "a platform of this name exists",
            ));
        }
        id => id?,
    };
    tracing::info!(
        login = person.login,
        platform = name,
        "registered a platform"
    );
    let created = CreatedPlatform {
        id,
        name: name.to_owned(),
        token: token.reveal().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(created)))
}

/// End a platform's right to push.
#[utoipa::path(delete, path = "/api/v1/platforms/{id}", tag = "platforms", params(("id" = i32, Path)), responses(
    (status = 204, description = "revoked; its token is refused from now on"), (status = 404),
))]
async fn revoke_platform(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<StatusCode, ApiError> {
    person.require_administrator()?;
    if !store::revoke_platform(&app.db, id, app.now()).await? {
        return Err(ApiError::not_found(format!("no active platform {id}")));
    }
    tracing::info!(login = person.login, platform_id = id, "revoked a platform");
    Ok(StatusCode::NO_CONTENT)
}
