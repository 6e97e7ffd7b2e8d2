//! Where people's phones push pictures, and where pages read them.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, NewAttachment};
use crate::access::{Person, Role};
use crate::camera::jpeg::{self, JpegProblem};
use crate::http::{ApiError, App, PathParams};
use crate::space::GroundPoint;
use crate::vision::UnreadableFrame;

/// Unused pictures one person may have waiting.
const UNUSED_PICTURES_MAX: i64 = 100;
/// Longest text part, bytes.
const TEXT_BYTES_MAX: usize = 64;
/// What a request may carry beside the picture, bytes.
const FORM_BYTES_MAX: usize = 4096;
/// How long an upload may take.
const UPLOAD_MAX: Duration = Duration::from_secs(60);
/// Who stands where something can be photographed, or takes in what others photographed.
const PHOTOGRAPHERS: &[Role] = &[
    Role::Collector,
    Role::Operator,
    Role::DutyChief,
    Role::Dispatcher,
    Role::UnitManager,
    Role::UnitWorker,
    Role::DistrictDispatcher,
    Role::Checker,
    Role::Leader,
];

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(upload))
        // the size is counted while reading: how large a picture may be is a setting
        .layer(DefaultBodyLimit::disable())
        .routes(routes!(image))
}

/// The form a picture comes in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; it is read part by part")]
struct PictureForm {
    /// A JPEG.
    #[schema(value_type = String, format = Binary)]
    image: Vec<u8>,
    /// When it was taken, RFC 3339.
    taken_at: Option<DateTime<Utc>>,
    /// Where it was taken: degrees, WGS 84.
    lon: Option<f64>,
    lat: Option<f64>,
}

#[derive(Serialize, ToSchema)]
struct Uploaded {
    /// To be named by an action within a day.
    id: i64,
    url: String,
    /// Pixels.
    width: u32,
    /// Pixels.
    height: u32,
}

/// Upload a picture for an action to name.
///
/// It is kept upright, with faces and plates unrecognisable; what the file says about itself (EXIF,
/// position, comments) is not.
#[utoipa::path(post, path = "/api/v1/attachments", tag = "cases",
    request_body(content = PictureForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, body = Uploaded),
        (status = 400, description = "invalid-field: image, taken_at, lon, lat or body"),
        (status = 401, description = "sign in first"),
        (status = 403, description = "forbidden: none of your roles takes pictures"),
        (status = 408, description = "body-too-slow: not there after 60 s"),
        (status = 413, description = "picture-too-large"),
        (status = 415, description = "not-a-jpeg or unsupported-jpeg"),
        (status = 422, description = "picture-truncated, picture-undecodable, image-too-many-pixels or taken-in-future"),
        (status = 429, description = "too-many-unused: name or wait for the sweep of what you uploaded"),
    ))]
async fn upload(
    person: Person,
    State(app): State<App>,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Response, ApiError> {
    person.require(PHOTOGRAPHERS)?;
    let form = form.map_err(|rejection| ApiError::field("Content-Type", rejection.body_text()))?;
    let now = app.now();
    let read = timeout(
        UPLOAD_MAX,
        Form::read(form, app.config.intake.frame_bytes_max),
    )
    .await;
    let form = read.unwrap_or_else(|_elapsed| {
        Err(ApiError::refused(
            StatusCode::REQUEST_TIMEOUT,
            "body-too-slow",
            "the picture was not there after 60 s",
        ))
    })?;
    let skew = TimeDelta::seconds(app.config.intake.clock_skew_s_max.into());
    if form.taken_at.is_some_and(|taken_at| taken_at > now + skew) {
        return Err(ApiError::refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "taken-in-future",
            "taken_at: in the future; is the phone's clock right?",
        ));
    }
    let jpeg = form
        .image
        .ok_or_else(|| ApiError::field("image", "missing; a JPEG"))?;
    jpeg::probe(&jpeg, app.config.intake.frame_pixels_max).map_err(not_a_picture)?;
    let place = place_of(form.lon, form.lat)?;
    let uploaded = keep(&app, &person, jpeg, form.taken_at, place, now).await?;
    Ok((StatusCode::CREATED, Json(uploaded)).into_response())
}

async fn keep(
    app: &App,
    person: &Person,
    jpeg: Bytes,
    taken_at: Option<DateTime<Utc>>,
    place: Option<GroundPoint>,
    now: DateTime<Utc>,
) -> Result<Uploaded, ApiError> {
    let mut tx = app.scoped(person).await?;
    refuse_too_many(&mut tx, person).await?;
    // no connection is held while the picture waits its turn and is worked on
    tx.commit().await?;
    let kept = {
        let _place = app.picture_places.acquire().await;
        let kept = app.evidence.keep_upload(jpeg.clone()).await;
        kept.map_err(not_kept)?
    };
    let mut tx = app.scoped(person).await?;
    store::hold_off_sweep(&mut *tx).await?;
    refuse_too_many(&mut tx, person).await?;
    // the sweep may have taken the same picture of an earlier upload
    let kept = if app.evidence.holds(kept.sha256) {
        kept
    } else {
        app.evidence.keep_upload(jpeg).await.map_err(not_kept)?
    };
    let new = NewAttachment {
        picture: kept.sha256,
        width_px: kept.width_px,
        height_px: kept.height_px,
        taken_at,
        place,
        uploaded_by: person.id,
        uploaded_at: now,
    };
    let id = store::insert(&mut *tx, &new).await?;
    tx.commit().await?;
    Ok(Uploaded {
        id,
        url: store::url_of(id),
        width: kept.width_px,
        height: kept.height_px,
    })
}

async fn refuse_too_many(tx: &mut PgConnection, person: &Person) -> Result<(), ApiError> {
    if store::count_unused(tx, person.id).await? >= UNUSED_PICTURES_MAX {
        return Err(ApiError::refused(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-unused",
            format!("{UNUSED_PICTURES_MAX} pictures you uploaded are not used yet"),
        ));
    }
    Ok(())
}

/// The parts of the form that came.
#[derive(Default)]
struct Form {
    image: Option<Bytes>,
    taken_at: Option<DateTime<Utc>>,
    lon: Option<f64>,
    lat: Option<f64>,
}

impl Form {
    async fn read(mut multipart: Multipart, bytes_max: usize) -> Result<Self, ApiError> {
        let mut form = Self::default();
        let mut room = FORM_BYTES_MAX;
        while let Some(field) = multipart.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "image" {
                let jpeg = read_part(field, bytes_max).await?.ok_or_else(|| {
                    let detail = format!("image: larger than {bytes_max} bytes");
                    ApiError::refused(StatusCode::PAYLOAD_TOO_LARGE, "picture-too-large", detail)
                })?;
                once(&name, form.image.replace(jpeg))?;
                continue;
            }
            let text = read_part(field, TEXT_BYTES_MAX.min(room)).await?;
            let text = text.ok_or_else(|| ApiError::field(&name, "too long"))?;
            room -= text.len();
            let text = String::from_utf8_lossy(&text);
            match name.as_str() {
                "taken_at" => {
                    let time = DateTime::parse_from_rfc3339(&text).map_err(|error| {
                        ApiError::field("taken_at", format!("not an RFC 3339 time: {error}"))
                    })?;
                    once(&name, form.taken_at.replace(time.to_utc()))?;
                }
                "lon" => once(&name, form.lon.replace(degrees("lon", &text)?))?,
                "lat" => once(&name, form.lat.replace(degrees("lat", &text)?))?,
                _ => {
                    return Err(ApiError::field(
                        name,
                        "unknown; image, taken_at, lon and lat are known",
                    ));
                }
            }
        }
        Ok(form)
    }
}

/// `None`: more than `bytes_max`.
async fn read_part(mut field: Field<'_>, bytes_max: usize) -> Result<Option<Bytes>, ApiError> {
    let mut content = BytesMut::new();
    while let Some(piece) = field.chunk().await.map_err(broken)? {
        if content.len() + piece.len() > bytes_max {
            return Ok(None);
        }
        content.extend_from_slice(&piece);
    }
    Ok(Some(content.freeze()))
}

fn once<T>(name: &str, before: Option<T>) -> Result<(), ApiError> {
    match before {
        Some(_) => Err(ApiError::field(name, "given more than once")),
        None => Ok(()),
    }
}

fn degrees(name: &str, text: &str) -> Result<f64, ApiError> {
    text.trim()
        .parse()
        .map_err(|error| ApiError::field(name, format!("not a number of degrees: {error}")))
}

fn place_of(lon: Option<f64>, lat: Option<f64>) -> Result<Option<GroundPoint>, ApiError> {
    match (lon, lat) {
        (None, None) => Ok(None),
        (Some(lon), Some(lat)) => GroundPoint::new_checked(lon, lat)
            .map(Some)
            .ok_or_else(|| ApiError::field("lon", "lon within ±180 and lat within ±90 degrees")),
        (Some(_), None) => Err(ApiError::field("lat", "missing beside lon")),
        (None, Some(_)) => Err(ApiError::field("lon", "missing beside lat")),
    }
}

fn broken(error: MultipartError) -> ApiError {
    ApiError::field("body", format!("not multipart/form-data: {error}"))
}

fn not_a_picture(problem: JpegProblem) -> ApiError {
    let (status, kind) = match problem {
        JpegProblem::NotAJpeg(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-a-jpeg"),
        JpegProblem::Unsupported(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-jpeg"),
        JpegProblem::Truncated => (StatusCode::UNPROCESSABLE_ENTITY, "picture-truncated"),
        JpegProblem::TooManyPixels { .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, "image-too-many-pixels")
        }
    };
    ApiError::refused(status, kind, format!("image: {problem}"))
}

/// What the header promised is not in it, or something of ours failed.
fn not_kept(error: anyhow::Error) -> ApiError {
    match error.downcast_ref::<UnreadableFrame>() {
        Some(undecodable @ UnreadableFrame::Undecodable(_)) => ApiError::refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "picture-undecodable",
            format!("image: {undecodable}"),
        ),
        _ => error.into(),
    }
}

/// A picture of a case, for whoever may see the case; an unused one, for whoever uploaded it. It
/// never changes.
#[utoipa::path(get, path = "/api/v1/attachments/{id}/image", tag = "cases",
    params(("id" = i64, Path, description = "attachment")),
    responses(
        (status = 200, content_type = "image/jpeg", body = [u8]),
        (status = 401, description = "sign in first"),
        (status = 404, description = "no such picture, or none you may see"),
    ))]
async fn image(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i64>,
) -> Result<Response, ApiError> {
    let mut tx = app.scoped(&person).await?;
    let sha256 = store::picture_of(&mut *tx, id, person.id)
        .await?
        .ok_or_else(|| ApiError::not_found(format!("there is no picture {id}")))?;
    tx.commit().await?;
    let jpeg = app
        .evidence
        .read(sha256)
        .await
        .map_err(anyhow::Error::from)?
        .ok_or_else(|| anyhow::anyhow!("the picture {sha256} of attachment {id} is gone"))?;
    let headers = [
        (CONTENT_TYPE, "image/jpeg"),
        (CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ];
    Ok((headers, Body::from(jpeg)).into_response())
}
