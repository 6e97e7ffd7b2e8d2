//! Where cameras post their snapshots: the body itself, or a form as makers write it.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::camera::{self, BodyProblem, BoundedBody, CameraId};
use crate::http::{ApiError, App, ClientAddress, PathParams};
use crate::snapshots::SnapshotFileId;
use crate::snapshots::store::{self, Picture, Session};

/// Pictures in one form.
const PARTS_MAX: usize = 16;
/// A form may be this many times as large as one picture.
const FORM_PICTURES_MAX: usize = 4;
/// Text in a form beside its pictures.
const TEXT_BYTES_MAX: usize = 1024;
/// Names that makers give the field with the picture's name, in forms and queries.
const NAME_FIELDS: [&str; 4] = ["snapshotfileid", "fileid", "filename", "file_name"];

/// A picture as it was uploaded.
struct Uploaded {
    name: Option<String>,
    jpeg: Bytes,
}

/// What came of an upload.
#[derive(Serialize, ToSchema)]
pub(super) struct UploadAnswer {
    #[schema(inline)]
    pictures: Vec<UploadedPicture>,
}

#[derive(Serialize, ToSchema)]
struct UploadedPicture {
    file_id: String,
    camera_id: String,
    /// Why it was refused: the kind of the problem; null: taken.
    refusal: Option<String>,
}

/// Upload a snapshot.
///
/// For the device: the URL is its credential. The body is the JPEG itself, or `multipart/form-data` with up to
/// 16 of them; the name (SnapShotFileID) is that of the file, of `Content-Disposition`, of a field or parameter
/// `SnapShotFileID`, `FileID` or `filename`, or the end of the path. Its first 20 digits are the camera, and
/// the time is taken from it where it has one. A picture that came before is taken once.
#[utoipa::path(post, path = "/api/v1/snapshots/{session_id}", tag = "snapshots", security(()),
    params(("session_id" = String, Path)),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "multipart/form-data"))), responses(
    (status = 200, description = "at least one was taken", body = UploadAnswer),
    (status = 400, description = "invalid-field: no name, or of a camera that was not asked for"),
    (status = 404, description = "not-found: no such session"),
    (status = 409, description = "too-many-pictures: more than were asked for; pulled: the camera is asked for its pictures"),
    (status = 410, description = "session-over: finished or expired"),
    (status = 413, description = "frame-too-large"),
    (status = 415, description = "not-a-jpeg or unsupported-jpeg"),
    (status = 422, description = "frame-truncated, image-too-many-pixels or captured-in-future"),
    (status = 429, description = "queue-full or too-many-questions; see Retry-After"),
))]
pub(super) async fn upload(
    State(app): State<App>,
    client: ClientAddress,
    PathParams(id): PathParams<String>,
    request: Request,
) -> Result<Json<UploadAnswer>, ApiError> {
    take(&app, client, &id, None, request).await
}

/// Upload a snapshot, its name at the end of the path.
#[utoipa::path(post, path = "/api/v1/snapshots/{session_id}/{file_name}", tag = "snapshots", security(()),
    params(("session_id" = String, Path), ("file_name" = String, Path)),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "multipart/form-data"))), responses(
    (status = 200, description = "as without a name in the path", body = UploadAnswer),
))]
pub(super) async fn upload_named(
    State(app): State<App>,
    client: ClientAddress,
    PathParams((id, name)): PathParams<(String, String)>,
    request: Request,
) -> Result<Json<UploadAnswer>, ApiError> {
    take(&app, client, &id, Some(name), request).await
}

async fn take(
    app: &App,
    ClientAddress(client): ClientAddress,
    id: &str,
    name: Option<String>,
    request: Request,
) -> Result<Json<UploadAnswer>, ApiError> {
    let (parts, body) = request.into_parts();
    let bytes_max = app.config.intake.frame_bytes_max;
    let is_form = is_multipart(&parts.headers);
    let body_max = if is_form {
        FORM_PICTURES_MAX * bytes_max
    } else {
        bytes_max
    };
    let body = BoundedBody::new(body, body_max, app.intake.room());
    let session = match open_session(app, client, id).await {
        Ok(session) => session,
        Err(refusal) => {
            tokio::spawn(body.linger());
            return Err(refusal);
        }
    };
    let name = name.or_else(|| name_in(&parts));
    let uploaded = if is_form {
        read_form(parts, body, &session, name).await?
    } else {
        read_whole(body, name).await?
    };
    let (mut pictures, mut first_refusal) = (Vec::new(), None);
    for one in uploaded {
        match offer(app, &session, one).await? {
            Ok(picture) => pictures.push(picture),
            Err((picture, refusal)) => {
                pictures.extend(picture);
                first_refusal.get_or_insert(refusal);
            }
        }
    }
    let any_taken = pictures.iter().any(|picture| picture.refusal.is_none());
    match first_refusal {
        Some(refusal) if !any_taken => Err(refusal),
        Some(_) | None => Ok(Json(UploadAnswer { pictures })),
    }
}

async fn open_session(app: &App, client: std::net::IpAddr, id: &str) -> Result<Session, ApiError> {
    // counted as a guess until it turns out to be none
    app.snapshot_brake.ask(client, Instant::now())?;
    let found = store::find(&app.machine, id).await?;
    let session = found.ok_or_else(|| ApiError::not_found("there is no such session"))?;
    app.snapshot_brake.forgive(client);
    if session.finished_at.is_some() || session.expires_at <= app.now() {
        return Err(ApiError::refused(
            StatusCode::GONE,
            "session-over",
            "the session has finished or expired",
        ));
    }
    if let Some(platform_id) = session.platform_id
        && !store::is_platform_current(&app.machine, platform_id).await?
    {
        return Err(ApiError::refused(
            StatusCode::GONE,
            "session-over",
            "the platform that asked was revoked",
        ));
    }
    Ok(session)
}

/// Puts a picture in line and notes what came of it.
async fn offer(
    app: &App,
    session: &Session,
    uploaded: Uploaded,
) -> Result<Result<UploadedPicture, (Option<UploadedPicture>, ApiError)>, ApiError> {
    let now = app.now();
    let (file_id, camera_id, taken_at) = match named(session, uploaded.name.as_deref(), now) {
        Ok(named) => named,
        Err(refusal) => return Ok(Err((None, refusal))),
    };
    let answer = |refusal: Option<String>| UploadedPicture {
        file_id: file_id.clone(),
        camera_id: camera_id.clone(),
        refusal,
    };
    // held until it is noted, so that those who come at the same time are counted
    let mut tx = app.machine.begin().await?;
    store::hold(&mut *tx, &session.session_id).await?;
    let came = store::pictures(&mut *tx, &session.session_id).await?;
    let mut taken = came.iter().filter(|one| one.refusal.is_none());
    if taken.any(|one| one.file_id == file_id) {
        return Ok(Ok(answer(None)));
    }
    let of_camera = came.iter().filter(|one| one.camera_id == camera_id);
    let others = of_camera.filter(|one| one.file_id != file_id).count();
    if others >= usize::try_from(session.snap_num).unwrap_or(0) {
        let detail = format!("{} of each camera were asked for", session.snap_num);
        let refusal = ApiError::refused(StatusCode::CONFLICT, "too-many-pictures", detail);
        return Ok(Err((None, refusal)));
    }
    let known = CameraId::try_from(camera_id.clone()).ok();
    let known = known.and_then(|id| app.cameras.get(&id));
    // the platform that asked may have lost it since
    let known = known.filter(|camera| {
        let asked_by = session.platform_id;
        asked_by.is_none() || camera.platform_id == asked_by
    });
    let Some(known) = known else {
        return Ok(Err((None, ApiError::not_found("there is no such camera"))));
    };
    let done = camera::take(app, &known, "SnapShotFileID", taken_at, uploaded.jpeg);
    let refusal = done.as_ref().err().map(|refusal| match refusal {
        ApiError::Refused { kind, .. } | ApiError::Explained { kind, .. } => (*kind).to_owned(),
        ApiError::Internal(_) => "internal".to_owned(),
    });
    let picture = Picture {
        file_id: file_id.clone(),
        camera_id: camera_id.clone(),
        received_at: now,
        refusal: refusal.clone(),
    };
    store::note(&mut *tx, &session.session_id, &picture).await?;
    tx.commit().await?;
    let answer = answer(refusal);
    Ok(match done {
        Ok(()) => Ok(answer),
        Err(refusal) => Err((Some(answer), refusal)),
    })
}

/// The picture's name, its camera and when it was taken.
fn named(
    session: &Session,
    name: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(String, String, DateTime<Utc>), ApiError> {
    let wrong = |detail: &str| ApiError::field("SnapShotFileID", detail);
    let file_id = name.map(|name| {
        SnapshotFileId::read(name).ok_or_else(|| wrong("letters, digits and _ - . are expected"))
    });
    let file_id = file_id.transpose()?;
    let said = file_id.as_ref().and_then(SnapshotFileId::camera);
    let camera_id = match (said, session.camera_ids.as_slice()) {
        (Some(said), asked) => {
            let said = said.as_str().to_owned();
            if !asked.contains(&said) {
                return Err(wrong("begins with a camera that was not asked for"));
            }
            said
        }
        (None, [only]) => only.clone(),
        (None, _) => return Err(wrong("must begin with the camera's 20 digits")),
    };
    let taken_at = file_id.as_ref().and_then(SnapshotFileId::taken_at);
    let file_id = file_id.map_or_else(
        || format!("unnamed-{}", Uuid::now_v7()),
        |file_id| file_id.as_str().to_owned(),
    );
    Ok((file_id, camera_id, taken_at.unwrap_or(now)))
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        value
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/")
    })
}

/// The picture's name in the headers or the query.
fn name_in(parts: &Parts) -> Option<String> {
    let said = parts.headers.get(CONTENT_DISPOSITION);
    let said = said
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            let (_, name) = value.split_once("filename=")?;
            let name = name.split(';').next()?;
            Some(name.trim().trim_matches('"').to_owned())
        });
    said.or_else(|| {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).ok()?;
        let mut pairs = pairs.0.into_iter();
        pairs.find_map(|(field, value)| is_name_field(&field).then_some(value))
    })
}

fn is_name_field(field: &str) -> bool {
    NAME_FIELDS
        .iter()
        .any(|name| field.eq_ignore_ascii_case(name))
}

async fn read_whole(
    mut body: BoundedBody,
    name: Option<String>,
) -> Result<Vec<Uploaded>, ApiError> {
    match body.bytes().await {
        Ok(jpeg) => Ok(vec![Uploaded { name, jpeg }]),
        Err(problem) => {
            tokio::spawn(body.linger());
            Err(problem.into_api())
        }
    }
}

/// Where the bounded body leaves why it ended; the parser in between does not pass it on.
type Broken = Arc<OnceLock<BodyProblem>>;

fn broken_form(broken: &Broken, error: &MultipartError) -> ApiError {
    match broken.get() {
        Some(problem) => problem.into_api(),
        None => ApiError::field("body", format!("not multipart/form-data: {error}")),
    }
}

/// A part with the name of a file is a picture; one field may say a picture's name, and another the session.
async fn read_form(
    parts: Parts,
    body: BoundedBody,
    session: &Session,
    name: Option<String>,
) -> Result<Vec<Uploaded>, ApiError> {
    let broken: Broken = Arc::default();
    let stream = Body::from_stream(body.into_stream(broken.clone()));
    let mut form = Multipart::from_request(Request::from_parts(parts, stream), &())
        .await
        .map_err(|rejection| ApiError::field("Content-Type", rejection.body_text()))?;
    let (mut pictures, mut said) = (Vec::new(), name);
    loop {
        let next = form.next_field().await;
        let Some(field) = next.map_err(|error| broken_form(&broken, &error))? else {
            break;
        };
        let (own, file) = (
            field.name().map(str::to_owned),
            field.file_name().map(str::to_owned),
        );
        let is_picture = file.is_some()
            || field
                .content_type()
                .is_some_and(|kind| kind.starts_with("image/"));
        let bytes = field
            .bytes()
            .await
            .map_err(|error| broken_form(&broken, &error))?;
        if is_picture {
            if pictures.len() == PARTS_MAX {
                let detail = format!("more than {PARTS_MAX} pictures");
                return Err(ApiError::field("body", detail));
            }
            pictures.push(Uploaded {
                name: file.filter(|file| SnapshotFileId::read(file).is_some()),
                jpeg: bytes,
            });
            continue;
        }
        let own = own.unwrap_or_default();
        if bytes.len() > TEXT_BYTES_MAX {
            return Err(ApiError::field(own, "too long"));
        }
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        if own.eq_ignore_ascii_case("sessionid") && text != session.session_id {
            return Err(ApiError::field("SessionID", "of another session"));
        }
        if is_name_field(&own) && !text.is_empty() {
            said = Some(text);
        }
    }
    // what is said beside the picture names it better than a file name without a camera does
    if let ([one], Some(said)) = (pictures.as_mut_slice(), said) {
        let named = one.name.as_deref().and_then(SnapshotFileId::read);
        if named.is_none_or(|named| named.camera().is_none()) {
            one.name = Some(said);
        }
    }
    if pictures.is_empty() {
        return Err(ApiError::field(
            "body",
            "no picture; a part with a file name is expected",
        ));
    }
    Ok(pictures)
}
