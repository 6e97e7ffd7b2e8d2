//! Sessions: what was asked for, what came, what never did.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::access::{Person, Platform, Role};
use crate::camera::CameraId;
use crate::http::{ApiError, App, JsonBody, PathParams, origin};
use crate::journal::{self, Entry};
use crate::snapshots::command::{Asked, SnapshotCommand};
use crate::snapshots::finished::read_finished;
use crate::snapshots::store::{self, Owner, Picture, Session};
use crate::viid::DeviceId;

/// Cameras of one session.
const CAMERAS_MAX: usize = 64;
/// Of each camera, by the standard.
const SNAP_NUM_MAX: i32 = 10;
const INTERVAL_S_MAX: i32 = 3600;
/// How long an upload URL may stand, seconds.
const EXPIRES_S: std::ops::RangeInclusive<u32> = 30..=86_400;
const EXPIRES_S_DEFAULT: u32 = 600;
/// Random bytes of a session's number: 32 hexadecimal digits, as the standard asks for.
const ID_BYTES: usize = 16;
/// Of the number of an open session, what those see who may not upload.
const SHOWN_DIGITS: usize = 4;
/// Sessions in the list.
const LISTED_MAX: i64 = 50;

/// Who may ask for snapshots and see what came of it.
pub(in crate::snapshots) enum Requester {
    Platform(Platform),
    Administrator(Person),
}

impl FromRequestParts<App> for Requester {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if crate::access::bearer_token(&parts.headers).is_some() {
            let platform = Platform::from_request_parts(parts, app).await?;
            return Ok(Self::Platform(platform));
        }
        let person = Person::from_request_parts(parts, app).await?;
        person.require_administrator()?;
        Ok(Self::Administrator(person))
    }
}

impl Requester {
    fn owner(&self) -> Owner {
        match self {
            Self::Platform(platform) => Owner::Platform(platform.id),
            Self::Administrator(person) => Owner::Administrator(person.id),
        }
    }

    /// A session that they may see: a platform its own, an administrator all.
    async fn session(&self, app: &App, id: &str) -> Result<Session, ApiError> {
        let found = store::find(&app.machine, id).await?;
        let visible = found.filter(|session| match self {
            Self::Platform(platform) => session.platform_id == Some(platform.id),
            Self::Administrator(_) => true,
        });
        visible.ok_or_else(|| ApiError::not_found("there is no such session"))
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionDraft {
    /// 1 to 64 cameras, each known here by its 20 digits of GB/T 28181.
    camera_ids: Vec<String>,
    /// Pictures of each camera, 1 to 10.
    snap_num: i32,
    /// Between two pictures, 1 to 3600 seconds.
    interval_s: i32,
    /// How long pictures are taken, 30 to 86400 seconds; left out: 600.
    expires_s: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CreatedSession {
    session_id: String,
    /// Where the camera posts its pictures; whoever has it may.
    upload_url: String,
    expires_at: DateTime<Utc>,
    /// What the video platform sends by SIP, a camera each.
    commands: Vec<SnapshotCommand>,
}

/// Ask for snapshots (GB/T 28181-2022, 9.14).
///
/// Answers with the upload URL and, for each camera, the body of the MESSAGE that the video platform
/// sends to it by SIP, in both envelopes that makers read from the standard.
#[utoipa::path(post, path = "/api/v1/snapshots", tag = "snapshots", request_body = SessionDraft,
    security(("session" = []), ("platform" = [])), responses(
    (status = 201, body = CreatedSession),
    (status = 400, description = "invalid-field"),
    (status = 403, description = "forbidden: not an administrator, or a camera is another platform's"),
    (status = 404, description = "not-found: no such camera"),
))]
pub(super) async fn create_session(
    requester: Requester,
    State(app): State<App>,
    headers: HeaderMap,
    JsonBody(draft): JsonBody<SessionDraft>,
) -> Result<(StatusCode, Json<CreatedSession>), ApiError> {
    let expires_s = draft.expires_s.unwrap_or(EXPIRES_S_DEFAULT);
    check(&draft, expires_s)?;
    let base = app.config.oidc.public_url.clone();
    let base = base.unwrap_or_else(|| origin(&headers));
    if base.is_empty() {
        return Err(ApiError::field("Host", "missing or no host"));
    }
    for id in &draft.camera_ids {
        require_camera(&app, &requester, id)?;
    }
    let now = app.now();
    let mut id = [0_u8; ID_BYTES];
    rand::rng().fill_bytes(&mut id);
    let session = Session {
        session_id: hex::encode(id),
        platform_id: None,
        camera_ids: draft.camera_ids,
        snap_num: draft.snap_num,
        interval_s: draft.interval_s,
        created_at: now,
        expires_at: now + TimeDelta::seconds(expires_s.into()),
        finished_at: None,
        announced: Vec::new(),
    };
    save(&app, &requester, &session).await?;
    let id = &session.session_id;
    let upload_url = format!("{}/api/v1/snapshots/{id}", base.trim_end_matches('/'));
    let commands = session.camera_ids.iter().zip(1..).map(|(camera, number)| {
        SnapshotCommand::of(&Asked {
            camera,
            number,
            snap_num: session.snap_num,
            interval_s: session.interval_s,
            upload_url: &upload_url,
            session_id: id,
        })
    });
    let created = CreatedSession {
        commands: commands.collect(),
        session_id: id.clone(),
        expires_at: session.expires_at,
        upload_url,
    };
    Ok((StatusCode::CREATED, Json(created)))
}

fn check(draft: &SessionDraft, expires_s: u32) -> Result<(), ApiError> {
    if !(1..=CAMERAS_MAX).contains(&draft.camera_ids.len()) {
        let detail = format!("1 to {CAMERAS_MAX} cameras");
        return Err(ApiError::field("camera_ids", detail));
    }
    let different: BTreeSet<&String> = draft.camera_ids.iter().collect();
    if different.len() < draft.camera_ids.len() {
        return Err(ApiError::field("camera_ids", "each camera once"));
    }
    if !(1..=SNAP_NUM_MAX).contains(&draft.snap_num) {
        return Err(ApiError::field("snap_num", "1 to 10"));
    }
    if !(1..=INTERVAL_S_MAX).contains(&draft.interval_s) {
        return Err(ApiError::field("interval_s", "1 to 3600 seconds"));
    }
    if !EXPIRES_S.contains(&expires_s) {
        return Err(ApiError::field("expires_s", "30 to 86400 seconds"));
    }
    Ok(())
}

fn require_camera(app: &App, requester: &Requester, id: &str) -> Result<(), ApiError> {
    if DeviceId::read(id).is_none_or(|digits| digits.as_str() != id) {
        return Err(ApiError::field("camera_ids", "each must be 20 digits"));
    }
    let known = CameraId::try_from(id.to_owned()).ok();
    let known = known.and_then(|id| app.cameras.get(&id));
    let known = known.ok_or_else(|| ApiError::not_found(format!("there is no camera {id}")))?;
    match requester {
        Requester::Platform(platform) if known.platform_id != Some(platform.id) => {
            let detail = format!("camera {id} is not one of platform {}", platform.name);
            Err(ApiError::forbidden(detail))
        }
        Requester::Platform(_) | Requester::Administrator(_) => Ok(()),
    }
}

async fn save(app: &App, requester: &Requester, session: &Session) -> Result<(), ApiError> {
    let owner = requester.owner();
    match requester {
        Requester::Platform(_) => store::insert(&app.machine, session, owner).await?,
        Requester::Administrator(person) => {
            let mut tx = app.scoped(person).await?;
            store::insert(&mut *tx, session, owner).await?;
            // not its number, which is a credential
            let asked = json!({
                "camera_ids": session.camera_ids,
                "snap_num": session.snap_num,
                "interval_s": session.interval_s,
                "expires_at": session.expires_at,
            });
            let entry = Entry::by(person, session.created_at, "snapshots", "create").after(asked);
            journal::record(&mut *tx, &entry).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Where a session stands.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionView {
    /// Of one that is open, an auditor is told the last four digits: the whole is the right to upload.
    session_id: String,
    camera_ids: Vec<String>,
    snap_num: i32,
    interval_s: i32,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// When the device was reported to have finished; null: not yet.
    finished_at: Option<DateTime<Utc>>,
    #[schema(inline)]
    pictures: Vec<PictureView>,
    /// Pictures that were reported as sent and never came.
    missing: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct PictureView {
    file_id: String,
    camera_id: String,
    received_at: DateTime<Utc>,
    /// Why it was refused: the kind of the problem. Null: taken.
    refusal: Option<String>,
    /// Whether it was reported as sent; null: nothing was reported yet.
    announced: Option<bool>,
}

impl SessionView {
    fn of(session: Session, pictures: Vec<Picture>) -> Self {
        let came: BTreeSet<&str> = pictures.iter().map(|one| one.file_id.as_str()).collect();
        let announced: BTreeSet<&str> = session.announced.iter().map(String::as_str).collect();
        let missing = announced.difference(&came).map(|id| (*id).to_owned());
        Self {
            missing: missing.collect(),
            pictures: pictures
                .iter()
                .map(|one| PictureView {
                    announced: session
                        .finished_at
                        .map(|_| announced.contains(one.file_id.as_str())),
                    file_id: one.file_id.clone(),
                    camera_id: one.camera_id.clone(),
                    received_at: one.received_at,
                    refusal: one.refusal.clone(),
                })
                .collect(),
            session_id: session.session_id,
            camera_ids: session.camera_ids,
            snap_num: session.snap_num,
            interval_s: session.interval_s,
            created_at: session.created_at,
            expires_at: session.expires_at,
            finished_at: session.finished_at,
        }
    }
}

/// What came of a session.
#[utoipa::path(get, path = "/api/v1/snapshots/{session_id}", tag = "snapshots",
    params(("session_id" = String, Path)), security(("session" = []), ("platform" = [])), responses(
    (status = 200, body = SessionView),
    (status = 404, description = "not-found: no such session, or another's"),
))]
pub(super) async fn find_session(
    requester: Requester,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<SessionView>, ApiError> {
    let session = requester.session(&app, &id).await?;
    let pictures = store::pictures(&app.machine, &id).await?;
    Ok(Json(SessionView::of(session, pictures)))
}

/// Report that a device has sent its pictures (UploadSnapShotFinished).
///
/// The body is `{"file_ids": ["<SnapShotFileID>", …]}`, or the notification's own XML. It closes the session
/// and says which pictures never came; reported again, the first report counts.
#[utoipa::path(post, path = "/api/v1/snapshots/{session_id}/finished", tag = "snapshots",
    params(("session_id" = String, Path)), security(("session" = []), ("platform" = [])),
    request_body(content((Vec<u8> = "application/json"), (Vec<u8> = "application/xml"))), responses(
    (status = 200, body = SessionView),
    (status = 400, description = "invalid-field: no report, or of another session"),
    (status = 404, description = "not-found: no such session, or another's"),
))]
pub(super) async fn finish_session(
    requester: Requester,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    body: Bytes,
) -> Result<Json<SessionView>, ApiError> {
    requester.session(&app, &id).await?;
    let report = read_finished(&body).map_err(|(field, detail)| ApiError::field(field, detail))?;
    if report.session_id.is_some_and(|said| said != id) {
        return Err(ApiError::field("session_id", "of another session"));
    }
    store::finish(&app.machine, &id, &report.file_ids, app.now()).await?;
    let session = requester.session(&app, &id).await?;
    let pictures = store::pictures(&app.machine, &id).await?;
    let view = SessionView::of(session, pictures);
    if !view.missing.is_empty() {
        tracing::warn!(
            missing = view.missing.len(),
            cameras = ?view.camera_ids,
            "snapshots were reported as sent and never came"
        );
    }
    Ok(Json(view))
}

#[derive(Serialize, ToSchema)]
pub(super) struct SnapshotSessions {
    sessions: Vec<SessionView>,
}

/// The 50 newest sessions.
#[utoipa::path(get, path = "/api/v1/snapshots", tag = "snapshots", responses(
    (status = 200, body = SnapshotSessions),
    (status = 403, description = "forbidden: for administrators and auditors"),
))]
pub(super) async fn list_sessions(
    person: Person,
    State(app): State<App>,
) -> Result<Json<SnapshotSessions>, ApiError> {
    person.require_of_city(&[Role::Administrator, Role::Auditor])?;
    let mut sessions = Vec::new();
    let may_upload = person.require_administrator().is_ok();
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    for mut session in store::list(&mut *tx, LISTED_MAX).await? {
        let pictures = store::pictures(&mut *tx, &session.session_id).await?;
        let is_open = session.finished_at.is_none() && session.expires_at > now;
        if is_open && !may_upload {
            let hidden = session.session_id.len().saturating_sub(SHOWN_DIGITS);
            session.session_id.drain(..hidden);
        }
        sessions.push(SessionView::of(session, pictures));
    }
    Ok(Json(SnapshotSessions { sessions }))
}
