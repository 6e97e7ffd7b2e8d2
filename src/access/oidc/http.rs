//! To the provider and back. Both ends are open: nobody is signed in yet.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, UNDER_WAY};
use crate::access::http::start_session;
use crate::access::store::find_credentials;
use crate::http::{ApiError, App, ClientAddress, QueryParams};
use crate::journal::{self, Entry};

/// Ties the way back to the browser that left.
const STATE_COOKIE: &str = "cityward_oidc";
const COOKIE_PATH: &str = "/api/v1/session/oidc";

/// Open: signing in.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(about))
        .routes(routes!(start))
        .routes(routes!(callback))
}

#[derive(Serialize, ToSchema)]
struct About {
    /// Whether people may sign in through a provider.
    enabled: bool,
    /// What to call it.
    name: String,
}

/// Whether the organisation has a sign-in of its own.
#[utoipa::path(get, path = "/api/v1/session/oidc", tag = "session", security(()), responses(
    (status = 200, body = About),
))]
async fn about(State(app): State<App>) -> Json<About> {
    Json(About {
        enabled: app.oidc.is_some(),
        name: app
            .oidc
            .as_ref()
            .map(|provider| provider.name.clone())
            .unwrap_or_default(),
    })
}

/// Leave for the organisation's sign-in.
#[utoipa::path(get, path = "/api/v1/session/oidc/start", tag = "session", security(()), responses(
    (status = 302, description = "to the provider, or back to the sign-in page with `sign_in`"),
    (status = 404, description = "there is no such sign-in here"),
    (status = 429, description = "too-many-questions; see Retry-After"),
))]
async fn start(
    State(app): State<App>,
    ClientAddress(client): ClientAddress,
) -> Result<Response, ApiError> {
    let provider = app.oidc.as_ref().ok_or_else(not_here)?;
    app.departure_brake.ask(client, Instant::now())?;
    let departure = match provider.depart().await {
        Ok(departure) => departure,
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "no sign-in at the provider");
            return Ok(to_page(Some("unavailable"), &[forget_state(&app)]));
        }
    };
    store::remember(&app.machine, &departure, app.now()).await?;
    let cookie = state_cookie(&app, &departure.state, UNDER_WAY.num_seconds());
    Ok(redirect(&departure.url, &[cookie]))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Arrival {
    /// What the provider gives for a person who agreed.
    code: Option<String>,
    /// Says which departure it answers.
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// Come back from the organisation's sign-in; signed in where the provider's word and a person
/// here agree. `sign_in` of the page says why not: `expired`, `refused`, `unavailable`,
/// `unknown-person`.
#[utoipa::path(get, path = "/api/v1/session/oidc/callback", tag = "session", security(()),
    params(Arrival), responses(
        (status = 302, description = "to the page; Set-Cookie holds the session"),
        (status = 404, description = "there is no such sign-in here"),
    ))]
async fn callback(
    State(app): State<App>,
    headers: HeaderMap,
    QueryParams(arrival): QueryParams<Arrival>,
) -> Result<Response, ApiError> {
    let provider = app.oidc.as_ref().ok_or_else(not_here)?;
    let back = |why| Ok(to_page(Some(why), &[forget_state(&app)]));
    let jar = CookieJar::from_headers(&headers);
    let left_with = jar.get(STATE_COOKIE).map(|cookie| cookie.value());
    let Some(state) = arrival
        .state
        .filter(|state| left_with == Some(state.as_str()))
    else {
        return back("expired");
    };
    let now = app.now();
    let Some((nonce, verifier)) = store::recall(&app.machine, &state, now).await? else {
        return back("expired");
    };
    let Some(code) = arrival.code else {
        tracing::info!(error = arrival.error, "the provider refused a sign-in");
        return back("refused");
    };
    let identity = match provider.arrive(code, nonce, verifier).await {
        Ok(identity) => identity,
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "no sign-in at the provider");
            return back("unavailable");
        }
    };
    let mut tx = app.machine.begin().await?;
    let Some((login, newly_linked)) = store::find_or_link(&mut tx, &identity).await? else {
        tracing::info!(
            subject = identity.subject,
            login = identity.login,
            "nobody here"
        );
        return back("unknown-person");
    };
    let Some(known) = find_credentials(&mut *tx, &login, now).await? else {
        return back("unknown-person");
    };
    let person = known.person;
    if newly_linked {
        let subject = format!("person:{}", person.id);
        let entry = Entry::by(&person, now, subject, "link_oidc")
            .after(json!({ "issuer": identity.issuer, "subject": identity.subject }));
        journal::record(&mut *tx, &entry).await?;
    }
    tx.commit().await?;
    let session = start_session(&app, &person, "oidc", &headers).await?;
    Ok(to_page(None, &[forget_state(&app), session]))
}

fn not_here() -> ApiError {
    ApiError::not_found("people do not sign in through a provider here")
}

fn to_page(why_not: Option<&str>, cookies: &[String]) -> Response {
    match why_not {
        None => redirect("/", cookies),
        Some(why_not) => redirect(&format!("/?sign_in={why_not}"), cookies),
    }
}

fn redirect(to: &str, cookies: &[String]) -> Response {
    let cookies = AppendHeaders(cookies.iter().map(|cookie| (SET_COOKIE, cookie.clone())));
    (StatusCode::FOUND, [(LOCATION, to.to_owned())], cookies).into_response()
}

/// SameSite=Lax, because the browser comes back from another site.
fn state_cookie(app: &App, state: &str, max_age_s: i64) -> String {
    let secure = if app.config.http.cookie_secure {
        "; Secure"
    } else {
        ""
    };
    format!(
        "{STATE_COOKIE}={state}; Path={COOKIE_PATH}; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}"
    )
}

fn forget_state(app: &App) -> String {
    state_cookie(app, "", 0)
}
