//! Credentials of a request, as arguments of a handler.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::extract::cookie::Cookie;
use serde::Serialize;

use super::recent::Recent;
use super::{Grant, Role, Secret, store};
use crate::http::{ApiError, App};

pub(super) const SESSION_COOKIE: &str = "cityward_session";

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Person {
    #[serde(skip)]
    pub id: i32,
    pub login: String,
    pub name: String,
    /// What they may do now; empty: nothing.
    pub grants: Vec<Grant>,
}

impl Person {
    /// Their grants of a role.
    pub fn grants_of(&self, role: Role) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.role == role)
    }

    /// Whether they have one of these roles anywhere.
    pub fn has_any(&self, roles: &[Role]) -> bool {
        self.grants.iter().any(|grant| roles.contains(&grant.role))
    }

    /// 403 unless they keep the people and units of the whole city.
    pub fn require_administrator(&self) -> Result<(), ApiError> {
        if self.has_of_city(&[Role::Administrator]) {
            return Ok(());
        }
        Err(ApiError::forbidden("only an administrator may do this"))
    }

    /// 403 unless they have one of these roles for the whole city.
    pub fn require_of_city(&self, roles: &[Role]) -> Result<(), ApiError> {
        if self.has_of_city(roles) {
            return Ok(());
        }
        Err(ApiError::forbidden(
            "your roles do not allow this for the whole city",
        ))
    }

    fn has_of_city(&self, roles: &[Role]) -> bool {
        let of_city = |grant: &Grant| grant.district_id.is_none() && grant.area_id.is_none();
        self.grants
            .iter()
            .any(|grant| roles.contains(&grant.role) && of_city(grant))
    }

    /// 403 unless they have one of these roles anywhere.
    pub fn require(&self, roles: &[Role]) -> Result<(), ApiError> {
        if self.has_any(roles) {
            return Ok(());
        }
        Err(ApiError::forbidden("your roles do not allow this"))
    }
}

/// A signed-in person, as they were within the last second: for what is asked for many times a
/// second and changes nothing. A session that ended at this instance is unknown at once; while the
/// database is away, who was known a minute ago still is.
#[derive(Debug, Clone)]
pub struct RecentPerson(pub Arc<Recent>);

/// A video platform that came with a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    pub id: i32,
    pub name: String,
}

pub(super) fn session_cookie(headers: &HeaderMap) -> Option<Secret> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let cookies = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(Cookie::split_parse)
        .flatten();
    // of several by one name the last, as a jar holds it
    let named = cookies.filter(|cookie| cookie.name() == SESSION_COOKIE);
    named
        .last()
        .map(|cookie| Secret::from_request(cookie.value()))
}

/// Whose session a request belongs to, if that is remembered; asks nobody.
pub(crate) fn recent_person(app: &App, headers: &HeaderMap) -> Option<Arc<Recent>> {
    app.recent_people.get(&session_cookie(headers)?.sha256())
}

pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Secret::from_request(token.trim()))
}

impl FromRequestParts<App> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let cookie = session_cookie(&parts.headers)
            .ok_or_else(|| ApiError::unauthenticated("sign in first"))?;
        store::find_session(&app.machine, &cookie, app.now())
            .await?
            .ok_or_else(|| ApiError::unauthenticated("the session has ended; sign in again"))
    }
}

impl FromRequestParts<App> for RecentPerson {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let cookie = session_cookie(&parts.headers)
            .ok_or_else(|| ApiError::unauthenticated("sign in first"))?
            .sha256();
        if let Some(person) = app.recent_people.get(&cookie) {
            return Ok(Self(person));
        }
        let look = Person::from_request_parts(parts, app);
        let is_away = |error: &ApiError| matches!(error, ApiError::Internal(_));
        let person = app.recent_people.find(&cookie, look, is_away).await?;
        Ok(Self(person))
    }
}

/// Forgets who people are before a request of theirs that may have changed it is answered.
pub(crate) async fn forget_after_change(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    let may_change = !request.method().is_safe() && request.headers().contains_key(header::COOKIE);
    let response = next.run(request).await;
    if may_change {
        app.recent_people.forget();
    }
    response
}

impl FromRequestParts<App> for Platform {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = bearer_token(&parts.headers).ok_or_else(|| {
            ApiError::unauthenticated("Authorization: Bearer with a platform's token is needed")
        })?;
        store::find_platform(&app.machine, &token)
            .await?
            .ok_or_else(|| ApiError::unauthenticated("this token is unknown or revoked"))
    }
}
