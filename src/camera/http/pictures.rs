//! What a platform sends, read and checked: one picture or several.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest as _, FromRequestParts as _, Multipart, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tokio::time::timeout;

use super::body::{BodyProblem, BoundedBody, LINGER_MAX};
use crate::camera::jpeg::{self, JpegProblem};
use crate::http::{ApiError, App, FieldProblem, QueryParams};

pub(super) const CAPTURED_AT: HeaderName = HeaderName::from_static("x-captured-at");
/// Kind of the problem of a picture that was taken later than now.
pub(super) const FROM_THE_FUTURE: &str = "captured-in-future";
/// Pictures in one multipart request.
const FRAMES_PER_REQUEST_MAX: usize = 16;
/// A multipart request may be this many times as large as one picture.
const REQUEST_PICTURES_MAX: usize = 4;
/// No camera with a set clock is older than this.
const CAPTURED_AT_MIN: DateTime<Utc> =
    DateTime::from_timestamp(946_684_800, 0).expect("2000-01-01T00:00:00Z is a time");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    #[serde(default)]
    pub(super) wait: bool,
}

/// A picture that stood every test at the door.
pub(super) struct Picture {
    pub(super) captured_at: DateTime<Utc>,
    pub(super) jpeg: Bytes,
}

/// What comes after "image/jpeg" or "multipart/form-data" in a content type is not looked at.
fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    value.unwrap_or("").split(';').next().unwrap_or("").trim()
}

fn unsupported(field: impl Into<String>, detail: &str) -> ApiError {
    ApiError::Refused {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        kind: "unsupported-media-type",
        detail: detail.to_owned(),
        errors: vec![FieldProblem {
            field: field.into(),
            detail: detail.to_owned(),
        }],
        retry_after_s: None,
    }
}

/// How the pictures of a request come.
enum Form {
    One {
        captured_at: DateTime<Utc>,
    },
    /// Each part may say when it was taken; else it is this, if it was said.
    Many {
        captured_at: Option<DateTime<Utc>>,
    },
}

/// The query and every picture of the request, each checked.
pub(super) async fn read(app: &App, request: Request) -> Result<(Wait, Vec<Picture>), ApiError> {
    let (mut parts, body) = request.into_parts();
    let door = Door::of(app);
    let head = read_head(&mut parts, &door).await;
    let pictures_max = match head {
        Ok((_, Form::Many { .. })) => REQUEST_PICTURES_MAX,
        Ok((_, Form::One { .. })) | Err(_) => 1,
    };
    let body = BoundedBody::new(body, pictures_max * door.bytes_max, app.intake.room());
    match head {
        Ok((wait, Form::One { captured_at })) => {
            let picture = read_one(&door, captured_at, &parts.headers, body).await?;
            Ok((wait, vec![picture]))
        }
        Ok((wait, Form::Many { captured_at })) => {
            let pictures = read_many(&door, captured_at, parts, body).await?;
            Ok((wait, pictures))
        }
        Err(refusal) => {
            tokio::spawn(body.linger());
            Err(refusal)
        }
    }
}

/// A picture that came by another way than a platform's push, looked at like one.
pub(super) fn check(
    app: &App,
    field: &str,
    captured_at: DateTime<Utc>,
    jpeg: Bytes,
) -> Result<Picture, ApiError> {
    let door = Door::of(app);
    door.check_time(field, captured_at)?;
    if jpeg.len() > door.bytes_max {
        let bytes_max = door.bytes_max;
        return Err(BodyProblem::TooLarge { bytes_max }.into_api());
    }
    door.check(captured_at, jpeg)
}

/// What a picture has to keep to, at this moment.
struct Door {
    bytes_max: usize,
    pixels_max: u32,
    captured_at_max: DateTime<Utc>,
}

impl Door {
    fn of(app: &App) -> Self {
        let config = &app.config.intake;
        Self {
            bytes_max: config.frame_bytes_max,
            pixels_max: config.frame_pixels_max,
            captured_at_max: app.now() + TimeDelta::seconds(config.clock_skew_s_max.into()),
        }
    }

    /// `None` when the header is not there.
    fn captured_at(&self, headers: &HeaderMap) -> Result<Option<DateTime<Utc>>, ApiError> {
        let mut values = headers.get_all(CAPTURED_AT).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let wrong = |detail| ApiError::field("X-Captured-At", detail);
        if values.next().is_some() {
            return Err(wrong("given more than once"));
        }
        let text = value.to_str().unwrap_or_default();
        let Ok(captured_at) = DateTime::parse_from_rfc3339(text) else {
            return Err(wrong(
                "not an RFC 3339 time such as 2026-11-22T18:30:00+08:00",
            ));
        };
        let captured_at = captured_at.to_utc();
        self.check_time("X-Captured-At", captured_at)?;
        Ok(Some(captured_at))
    }

    /// `field`: where the time was said.
    fn check_time(&self, field: &str, captured_at: DateTime<Utc>) -> Result<(), ApiError> {
        if captured_at < CAPTURED_AT_MIN {
            let detail = "before the year 2000; is the camera's clock set?";
            return Err(ApiError::field(field, detail));
        }
        if captured_at > self.captured_at_max {
            let detail = "in the future; is the camera's clock right?";
            return Err(ApiError::Refused {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                kind: FROM_THE_FUTURE,
                detail: format!("{field}: {detail}"),
                errors: vec![FieldProblem {
                    field: field.to_owned(),
                    detail: detail.to_owned(),
                }],
                retry_after_s: None,
            });
        }
        Ok(())
    }

    fn check(&self, captured_at: DateTime<Utc>, jpeg: Bytes) -> Result<Picture, ApiError> {
        if jpeg.is_empty() {
            return Err(ApiError::field("body", "empty; a JPEG is expected"));
        }
        match jpeg::probe(&jpeg, self.pixels_max) {
            Ok(_) => Ok(Picture { captured_at, jpeg }),
            Err(problem) => Err(not_a_picture(problem)),
        }
    }
}

fn not_a_picture(problem: JpegProblem) -> ApiError {
    let status = match problem {
        JpegProblem::NotAJpeg(_) | JpegProblem::Unsupported(_) => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
        JpegProblem::Truncated | JpegProblem::TooManyPixels { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    };
    ApiError::refused(status, problem.kind(), problem.to_string())
}

fn no_captured_at() -> ApiError {
    ApiError::field("X-Captured-At", "missing; the time it was taken, RFC 3339")
}

async fn read_head(parts: &mut Parts, door: &Door) -> Result<(Wait, Form), ApiError> {
    let QueryParams(wait) = QueryParams::from_request_parts(parts, &()).await?;
    let encoding = parts.headers.get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        let detail = "a JPEG is compressed already; send it as it is";
        return Err(unsupported("Content-Encoding", detail));
    }
    let captured_at = door.captured_at(&parts.headers);
    match media_type(&parts.headers) {
        "image/jpeg" => {
            let captured_at = captured_at?.ok_or_else(no_captured_at)?;
            Ok((wait, Form::One { captured_at }))
        }
        "multipart/form-data" => {
            let captured_at = captured_at?;
            Ok((wait, Form::Many { captured_at }))
        }
        _ => Err(unsupported(
            "Content-Type",
            "image/jpeg or multipart/form-data is expected",
        )),
    }
}

async fn read_one(
    door: &Door,
    captured_at: DateTime<Utc>,
    headers: &HeaderMap,
    mut body: BoundedBody,
) -> Result<Picture, ApiError> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse().ok());
    let bytes_max = door.bytes_max;
    let jpeg = if announced.is_some_and(|bytes: u64| bytes > bytes_max as u64) {
        Err(BodyProblem::TooLarge { bytes_max })
    } else {
        body.bytes().await
    };
    match jpeg {
        Ok(jpeg) => door.check(captured_at, jpeg),
        Err(problem) => {
            tokio::spawn(body.linger());
            Err(problem.into_api())
        }
    }
}

async fn read_many(
    door: &Door,
    captured_at: Option<DateTime<Utc>>,
    parts: Parts,
    body: BoundedBody,
) -> Result<Vec<Picture>, ApiError> {
    let broken: Broken = Arc::default();
    let stream = Body::from_stream(body.into_stream(broken.clone()));
    let request = Request::from_parts(parts, stream);
    let mut multipart = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| ApiError::field("Content-Type", rejection.body_text()))?;
    let pictures = read_parts(door, captured_at, &mut multipart, &broken).await;
    if pictures.is_err() {
        tokio::spawn(timeout(LINGER_MAX, async move {
            while let Ok(Some(_)) = multipart.next_field().await {}
        }));
    }
    pictures
}

async fn read_parts(
    door: &Door,
    captured_at: Option<DateTime<Utc>>,
    multipart: &mut Multipart,
    broken: &Broken,
) -> Result<Vec<Picture>, ApiError> {
    let mut pictures = Vec::new();
    loop {
        let next = multipart.next_field().await;
        let Some(field) = next.map_err(|error| broken_multipart(broken, &error))? else {
            break;
        };
        if pictures.len() == FRAMES_PER_REQUEST_MAX {
            let detail = format!("more than {FRAMES_PER_REQUEST_MAX} parts");
            return Err(ApiError::field("body", detail));
        }
        let part = pictures.len() + 1;
        let picture = read_part(door, captured_at, field, broken).await;
        pictures.push(picture.map_err(|refusal| in_part(part, refusal))?);
    }
    if pictures.is_empty() {
        return Err(ApiError::field(
            "body",
            "no parts; image/jpeg parts are expected",
        ));
    }
    Ok(pictures)
}

async fn read_part(
    door: &Door,
    captured_at: Option<DateTime<Utc>>,
    mut field: Field<'_>,
    broken: &Broken,
) -> Result<Picture, ApiError> {
    if media_type(field.headers()) != "image/jpeg" {
        return Err(unsupported("Content-Type", "image/jpeg is expected"));
    }
    let own = door.captured_at(field.headers())?;
    let captured_at = own.or(captured_at).ok_or_else(no_captured_at)?;
    let mut jpeg = BytesMut::new();
    while let Some(piece) = field
        .chunk()
        .await
        .map_err(|error| broken_multipart(broken, &error))?
    {
        if jpeg.len() + piece.len() > door.bytes_max {
            let bytes_max = door.bytes_max;
            return Err(BodyProblem::TooLarge { bytes_max }.into_api());
        }
        jpeg.extend_from_slice(&piece);
    }
    door.check(captured_at, jpeg.freeze())
}

/// Where the bounded body leaves why it ended; the parser in between does not pass it on.
type Broken = Arc<OnceLock<BodyProblem>>;

fn broken_multipart(broken: &Broken, error: &MultipartError) -> ApiError {
    match broken.get() {
        Some(problem) => problem.into_api(),
        None => ApiError::field("body", format!("not multipart/form-data: {error}")),
    }
}

/// The same refusal, saying in which part, counted from 1.
fn in_part(part: usize, refusal: ApiError) -> ApiError {
    match refusal {
        ApiError::Refused {
            status,
            kind,
            detail,
            errors,
            retry_after_s,
        } => ApiError::Refused {
            status,
            kind,
            detail: format!("part {part}: {detail}"),
            errors: errors
                .into_iter()
                .map(|problem| FieldProblem {
                    field: format!("part {part}: {}", problem.field),
                    ..problem
                })
                .collect(),
            retry_after_s,
        },
        other @ (ApiError::Explained { .. } | ApiError::Internal(_)) => other,
    }
}
