//! Where cameras are asked for their pictures; kept by administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::cameras::known;
use crate::access::{Person, Secret};
use crate::camera::source::onvif::Device;
use crate::camera::source::store::{self, NewSource, SourceRow};
use crate::camera::source::{Login, NotTried, PullState, Source, SourceKind, is_period, period};
use crate::camera::{Camera, store as cameras};
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::journal::{self, Entry};
use crate::outbound;

const CLOCK_DRIFT: HeaderName = HeaderName::from_static("x-clock-drift-s");
const LOGIN_CHARS_MAX: usize = 100;
const PERIOD_S_DEFAULT: f64 = 10.0;

/// Where a camera is asked for its pictures.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceDraft {
    kind: SourceKind,
    /// `http://…`, `https://…` or, of RTSP, `rtsp://…`; without name and password.
    url: String,
    /// The name the camera knows us by; null: it lets everybody look.
    login: Option<String>,
    /// Left out: the one that is kept, as long as host and name are the same.
    #[schema(value_type = Option<String>)]
    password: Option<String>,
    /// Between two pictures, seconds: 0.5 to 3600; 10 when left out.
    #[schema(minimum = 0.5, maximum = 3600)]
    period_s: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SourceOfCamera {
    /// Null: its pictures are pushed.
    source: Option<SourceView>,
    /// How it stands; null: no process has taken it on yet.
    state: Option<PullState>,
}

/// A source as administrators see it: a password is never shown.
#[derive(Debug, Serialize, ToSchema)]
struct SourceView {
    kind: SourceKind,
    url: String,
    login: Option<String>,
    period_s: f64,
}

/// A device that speaks ONVIF.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceDraft {
    /// Its device service: `http://…/onvif/device_service`.
    url: String,
    login: Option<String>,
    #[schema(value_type = Option<String>)]
    password: Option<String>,
}

/// A source that may be used.
struct Checked {
    source: Source,
    period_s: f64,
}

impl SourceDraft {
    /// `kept`: what the camera has now.
    fn check(
        self,
        app: &App,
        camera: &Camera,
        kept: Option<&SourceRow>,
    ) -> Result<Checked, ApiError> {
        let uri = Source::check_url(self.kind, &self.url, app.pulls.allows_local())
            .map_err(|wrong| ApiError::field("url", wrong))?;
        let period_s = self.period_s.unwrap_or(PERIOD_S_DEFAULT);
        if !is_period(period_s) {
            return Err(ApiError::field("period_s", "0.5 to 3600 seconds"));
        }
        let password = match (&self.login, self.password) {
            (Some(login), None) => Some(kept_password(app, camera, &uri, login, kept)?),
            (_, given) => given.map(Secret::from_request),
        };
        Ok(Checked {
            source: Source {
                kind: self.kind,
                login: login(self.login, password)?,
                uri,
                period: period(period_s).to_std().unwrap_or_default(),
            },
            period_s,
        })
    }
}

/// The password the camera has now, if it is for the same host and name.
fn kept_password(
    app: &App,
    camera: &Camera,
    uri: &axum::http::Uri,
    login: &str,
    kept: Option<&SourceRow>,
) -> Result<Secret, ApiError> {
    let same = kept.filter(|row| {
        let before = row.url.parse();
        let same_host = before.is_ok_and(|before| Source::origin(&before) == Source::origin(uri));
        same_host && row.login.as_deref() == Some(login)
    });
    let sealed = same.and_then(|row| row.password_sealed.as_deref());
    let needed = || ApiError::field("password", "is needed: host or name are new");
    let opened = app.pulls.unseal(&camera.id, sealed.ok_or_else(needed)?);
    opened.ok_or_else(|| ApiError::field("password", "cannot be opened any more; give it again"))
}

fn login(user: Option<String>, password: Option<Secret>) -> Result<Option<Login>, ApiError> {
    let long = |text: &str| text.is_empty() || text.chars().count() > LOGIN_CHARS_MAX;
    let strange = |text: &str| text.chars().any(char::is_control);
    let (user, password) = match (user, password) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(ApiError::field("login", "is needed with a password")),
        (Some(_), None) => return Err(ApiError::field("password", "is needed with a name")),
        (Some(user), Some(password)) => (user, password),
    };
    if long(&user) || strange(&user) || user.contains(':') {
        let right = "1 to 100 characters, without a colon";
        return Err(ApiError::field("login", right));
    }
    if long(password.reveal()) || strange(password.reveal()) {
        return Err(ApiError::field("password", "1 to 100 characters"));
    }
    Ok(Some(Login { user, password }))
}

fn view(app: &App, camera: &Camera, row: Option<SourceRow>) -> SourceOfCamera {
    let Some(row) = row else {
        return SourceOfCamera {
            source: None,
            state: None,
        };
    };
    // what is pulled here is known to the moment
    let state = app.pulls.state(&camera.id, row.version).or(row.state);
    let source = SourceView {
        kind: row.kind,
        url: row.url,
        login: row.login,
        period_s: row.period_s,
    };
    SourceOfCamera {
        source: Some(source),
        state,
    }
}

/// For the record: never with a password.
fn recorded(row: &SourceRow) -> Value {
    json!({
        "kind": row.kind,
        "url": row.url,
        "login": row.login,
        "period_s": row.period_s,
    })
}

fn not_tried(error: &NotTried) -> ApiError {
    match error {
        NotTried::Busy => ApiError::too_many("busy", error.to_string(), std::time::Duration::ZERO),
        NotTried::Failed(failure) => {
            let mut more = serde_json::Map::new();
            more.insert("failure".to_owned(), Value::from(failure.kind()));
            ApiError::Explained {
                status: StatusCode::BAD_GATEWAY,
                kind: "source-failed",
                detail: failure.to_string(),
                more,
            }
        }
    }
}

/// Where a camera is asked for its pictures, and how it stands.
#[utoipa::path(get, path = "/api/v1/cameras/{camera_id}/source", tag = "cameras",
    params(("camera_id" = String, Path)), responses(
    (status = 200, body = SourceOfCamera),
    (status = 403, description = "forbidden: sources are kept by administrators"),
    (status = 404, description = "not-found"),
))]
pub(super) async fn find_source(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<SourceOfCamera>, ApiError> {
    person.require_administrator()?;
    let camera = known(&app, &id)?;
    let mut tx = app.scoped(&person).await?;
    let row = store::find(&mut tx, &camera.id).await?;
    Ok(Json(view(&app, &camera, row)))
}

/// Ask a camera for its pictures from now on; platforms push it no more.
#[utoipa::path(put, path = "/api/v1/cameras/{camera_id}/source", tag = "cameras",
    params(("camera_id" = String, Path)), request_body = SourceDraft, responses(
    (status = 200, description = "saved", body = SourceOfCamera),
    (status = 400, description = "invalid-field"),
    (status = 403, description = "forbidden: sources are kept by administrators"),
    (status = 404, description = "not-found"),
))]
pub(super) async fn save_source(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    JsonBody(draft): JsonBody<SourceDraft>,
) -> Result<Json<SourceOfCamera>, ApiError> {
    person.require_administrator()?;
    let camera = known(&app, &id)?;
    let mut tx = app.scoped(&person).await?;
    cameras::hold(&mut tx, &camera.id).await?;
    let before = store::find(&mut tx, &camera.id).await?;
    let url = draft.url.clone();
    let Checked { source, period_s } = draft.check(&app, &camera, before.as_ref())?;
    let login = source.login.as_ref();
    let sealed = login.map(|login| app.pulls.seal(&camera.id, &login.password));
    let sealed = sealed.transpose()?;
    let new = NewSource {
        kind: source.kind,
        url: &url,
        login: login.map(|login| login.user.as_str()),
        password_sealed: sealed.as_deref(),
        period_s,
    };
    store::save(&mut tx, &camera.id, &new).await?;
    let after = store::find(&mut tx, &camera.id).await?;
    let subject = format!("camera:{}", camera.id);
    let mut entry = Entry::by(&person, app.now(), subject, "set-source");
    entry.before = before.as_ref().map(recorded);
    entry.after = after.as_ref().map(recorded);
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    app.pulls.look_again();
    app.cameras.refresh().await?;
    tracing::info!(login = person.login, camera = %camera.id, "set a camera's source");
    Ok(Json(view(&app, &camera, after)))
}

/// Ask a camera no more: its pictures are pushed again.
#[utoipa::path(delete, path = "/api/v1/cameras/{camera_id}/source", tag = "cameras",
    params(("camera_id" = String, Path)), responses(
    (status = 204),
    (status = 403, description = "forbidden: sources are kept by administrators"),
    (status = 404, description = "not-found: no such camera, or it has no source"),
))]
pub(super) async fn remove_source(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<StatusCode, ApiError> {
    person.require_administrator()?;
    let camera = known(&app, &id)?;
    let mut tx = app.scoped(&person).await?;
    cameras::hold(&mut tx, &camera.id).await?;
    let before = store::find(&mut tx, &camera.id).await?;
    if !store::remove(&mut tx, &camera.id).await? {
        return Err(ApiError::not_found(format!("camera {id} has no source")));
    }
    let subject = format!("camera:{}", camera.id);
    let mut entry = Entry::by(&person, app.now(), subject, "remove-source");
    entry.before = before.as_ref().map(recorded);
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    app.pulls.look_again();
    app.cameras.refresh().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Fetch one picture of a source before it is saved.
#[utoipa::path(post, path = "/api/v1/cameras/{camera_id}/source/try", tag = "cameras",
    params(("camera_id" = String, Path)), request_body = SourceDraft, responses(
    (status = 200, content_type = "image/jpeg", body = Vec<u8>, headers(
        ("X-Clock-Drift-S" = f64, description = "seconds its clock is ahead, where it says so"))),
    (status = 400, description = "invalid-field"),
    (status = 403, description = "forbidden: sources are kept by administrators"),
    (status = 404, description = "not-found"),
    (status = 429, description = "busy: others are being tried out"),
    (status = 502, description = "source-failed: no picture, and why"),
))]
pub(super) async fn try_source(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    JsonBody(draft): JsonBody<SourceDraft>,
) -> Result<Response, ApiError> {
    person.require_administrator()?;
    let camera = known(&app, &id)?;
    let mut tx = app.scoped(&person).await?;
    let kept = store::find(&mut tx, &camera.id).await?;
    let asked = json!({ "kind": draft.kind, "url": draft.url, "login": draft.login });
    let Checked { source, .. } = draft.check(&app, &camera, kept.as_ref())?;
    let subject = format!("camera:{}", camera.id);
    let entry = Entry::by(&person, app.now(), subject, "try-source").after(asked);
    journal::record(&mut *tx, &entry).await?;
    // the camera may take its time, and nothing waits for it here
    tx.commit().await?;
    let tried = app.pulls.try_out(&source, || app.now()).await;
    let shot = tried.map_err(|error| not_tried(&error))?;
    let jpeg = {
        let _place = app.picture_places.acquire().await;
        let masks = Arc::clone(&camera.masks);
        app.evidence.fit_to_be_shown(shot.jpeg, masks).await?
    };
    let headers = [
        (CONTENT_TYPE, "image/jpeg".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    let drift = shot.clock_drift_s.and_then(|s| s.to_string().parse().ok());
    let mut answer = (headers, jpeg).into_response();
    if let Some(drift) = drift {
        answer.headers_mut().insert(CLOCK_DRIFT, drift);
    }
    Ok(answer)
}

/// Ask an ONVIF device where its pictures are.
#[utoipa::path(post, path = "/api/v1/cameras/{camera_id}/source/onvif", tag = "cameras",
    params(("camera_id" = String, Path)), request_body = DeviceDraft, responses(
    (status = 200, body = Device),
    (status = 400, description = "invalid-field"),
    (status = 403, description = "forbidden: sources are kept by administrators"),
    (status = 404, description = "not-found"),
    (status = 429, description = "busy: others are being tried out"),
    (status = 502, description = "source-failed: it does not say, and why"),
))]
pub(super) async fn ask_device(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    JsonBody(draft): JsonBody<DeviceDraft>,
) -> Result<Json<Device>, ApiError> {
    person.require_administrator()?;
    let camera = known(&app, &id)?;
    let url = outbound::check(&draft.url, app.pulls.allows_local())
        .map_err(|wrong| ApiError::field("url", wrong))?;
    let asked = json!({ "url": draft.url, "login": draft.login });
    let login = login(draft.login, draft.password.map(Secret::from_request))?;
    let subject = format!("camera:{}", camera.id);
    let entry = Entry::by(&person, app.now(), subject, "ask-device").after(asked);
    let mut tx = app.scoped(&person).await?;
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    let asking = app.pulls.ask_device(&url, login, || app.now()).await;
    asking.map(Json).map_err(|error| not_tried(&error))
}
