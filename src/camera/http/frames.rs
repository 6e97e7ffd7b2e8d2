//! Where platforms push pictures.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use metrics::counter;
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::timeout;
use utoipa::ToSchema;
use uuid::Uuid;

use super::pictures::{self, Picture};
use crate::access::Platform;
use crate::camera::{Camera, CameraId, Frame, FrameId, NotTaken, Waiting};
use crate::http::{ApiError, App, PathParams};
use crate::pipeline::FrameReport;
use crate::telemetry;

/// How long `?wait=true` waits before it answers like a push without it.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// A frame that was let in.
#[derive(Debug, Serialize, ToSchema)]
struct AcceptedFrame {
    #[schema(value_type = Uuid)]
    frame_id: FrameId,
}

#[derive(Debug, Serialize, ToSchema)]
struct Accepted {
    /// In the order they were sent.
    #[schema(inline)]
    frames: Vec<AcceptedFrame>,
    /// Set when a report was asked for and did not come in time; the frames are still in line.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Reports {
    /// In the order they were sent.
    #[schema(inline)]
    frames: Vec<FrameReport>,
}

/// Push a frame, or several of one camera.
///
/// The body is one `image/jpeg`, or `multipart/form-data` with up to 16 parts of `image/jpeg`.
/// `X-Captured-At` (RFC 3339) says when it was taken; a part may carry its own. All frames of a
/// request are let in or none. Per camera only the newest frames wait; older ones are superseded.
/// Answers 202 at once; with `wait=true` 200 with the reports, or 202 with a note when they are
/// not there after 10 s.
#[utoipa::path(
    post, path = "/api/v1/cameras/{camera_id}/frames", tag = "frames", security(("platform" = [])),
    params(
        ("camera_id" = String, Path),
        ("X-Captured-At" = String, Header, description = "when the camera took it, RFC 3339"),
        ("wait" = Option<bool>, Query, description = "answer with what was seen and what came of it"),
    ),
    request_body(content(
        (Vec<u8> = "image/jpeg"),
        (Vec<u8> = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "with wait=true: what became of each", body = Reports),
        (status = 202, description = "let in", body = Accepted),
        (status = 400, description = "invalid-field: X-Captured-At, wait or body"),
        (status = 401, description = "unauthenticated"),
        (status = 403, description = "forbidden: the camera is another platform's"),
        (status = 404, description = "not-found: no such camera"),
        (status = 408, description = "body-too-slow: not there after 30 s"),
        (status = 409, description = "pulled: the camera has a source of its own"),
        (status = 413, description = "frame-too-large"),
        (status = 415, description = "unsupported-media-type, not-a-jpeg or unsupported-jpeg"),
        (status = 422, description = "frame-truncated, image-too-many-pixels or captured-in-future"),
        (status = 429, description = "queue-full; see Retry-After"),
        (status = 503, description = "stopping; see Retry-After"),
    ),
)]
pub(super) async fn push_frames(
    platform: Result<Platform, ApiError>,
    State(app): State<App>,
    camera_id: Result<PathParams<String>, ApiError>,
    request: Request,
) -> Result<Response, ApiError> {
    let found = platform.and_then(|platform| {
        let PathParams(camera_id) = camera_id?;
        camera_of(&app, &platform, camera_id)
    });
    let camera = found.inspect_err(|refusal| {
        // Of no camera of that platform, so there is no tally to put it on.
        counter!(telemetry::FRAMES, "outcome" => "refused", "reason" => kind_of(refusal))
            .increment(1);
    })?;
    let (query, pictures) = match pictures::read(&app, request).await {
        Ok(read) => read,
        Err(refusal) => {
            count_refused(&app, &camera.id, &refusal);
            return Err(refusal);
        }
    };
    let (accepted, reports) = offer(&app, &camera, pictures, query.wait)?;
    if !query.wait {
        return Ok(answer_accepted(accepted, None));
    }
    let reports = futures::future::try_join_all(reports);
    match timeout(WAIT_MAX, reports).await {
        Ok(reports) => {
            let frames = reports.context("a frame was lost on its way")?;
            Ok(Json(Reports { frames }).into_response())
        }
        Err(_elapsed) => Ok(answer_accepted(
            accepted,
            Some("the report was not ready in time; the frames are still in line"),
        )),
    }
}

/// Puts a picture in line that came by another way than a push, after the same look at it and with the
/// same account of it. `field`: where its time was said.
pub(crate) fn take(
    app: &App,
    camera: &Arc<Camera>,
    field: &str,
    captured_at: DateTime<Utc>,
    jpeg: Bytes,
) -> Result<(), ApiError> {
    let picture = require_pushed(camera)
        .and_then(|()| pictures::check(app, field, captured_at, jpeg))
        .inspect_err(|refusal| count_refused(app, &camera.id, refusal))?;
    offer(app, camera, vec![picture], false).map(drop)
}

fn count_refused(app: &App, camera: &CameraId, refusal: &ApiError) {
    app.intake.refuse(camera, kind_of(refusal));
    if kind_of(refusal) == pictures::FROM_THE_FUTURE {
        app.health.came_from_the_future(camera, app.now());
    }
}

fn answer_accepted(ids: Vec<FrameId>, note: Option<&'static str>) -> Response {
    let ids = ids.into_iter();
    let frames = ids.map(|frame_id| AcceptedFrame { frame_id }).collect();
    (StatusCode::ACCEPTED, Json(Accepted { frames, note })).into_response()
}

fn camera_of(app: &App, platform: &Platform, id: String) -> Result<Arc<Camera>, ApiError> {
    let unknown = || ApiError::not_found("there is no camera of this id");
    let id = CameraId::try_from(id).map_err(|_not_an_id| unknown())?;
    let camera = app.cameras.get(&id).ok_or_else(unknown)?;
    if camera.platform_id == Some(platform.id) {
        require_pushed(&camera)?;
        Ok(camera)
    } else {
        Err(ApiError::forbidden(format!(
            "camera {id} is not one of platform {}",
            platform.name
        )))
    }
}

/// 409 for a camera that is asked for its pictures: nobody else's are taken in its name.
fn require_pushed(camera: &Camera) -> Result<(), ApiError> {
    if camera.pulled_every.is_none() {
        return Ok(());
    }
    let detail = format!(
        "camera {} is asked for its pictures and takes none",
        camera.id
    );
    Err(ApiError::refused(StatusCode::CONFLICT, "pulled", detail))
}

/// Puts the pictures in line; returns their ids and, if asked for, where their reports come.
fn offer(
    app: &App,
    camera: &Arc<Camera>,
    pictures: Vec<Picture>,
    wait: bool,
) -> Result<(Vec<FrameId>, Vec<oneshot::Receiver<FrameReport>>), ApiError> {
    let received_at = app.now();
    let mut reports = Vec::new();
    let waiting: Vec<_> = pictures
        .into_iter()
        .map(|picture| {
            let reply = wait.then(|| {
                let (reply, report) = oneshot::channel();
                reports.push(report);
                reply
            });
            let frame = Frame {
                id: Uuid::now_v7(),
                camera: camera.clone(),
                captured_at: picture.captured_at,
                received_at,
                jpeg: picture.jpeg,
            };
            Waiting { frame, reply }
        })
        .collect();
    let ids = waiting.iter().map(|waiting| waiting.frame.id).collect();
    match app.intake.offer_all(waiting) {
        Ok(()) => {
            app.health.heard(&camera.id, received_at);
            Ok((ids, reports))
        }
        Err(full @ NotTaken::QueueFull { retry_after_s }) => {
            Err(queue_full(full.to_string(), retry_after_s))
        }
        Err(closed @ NotTaken::Closed) => Err(ApiError::Refused {
            status: StatusCode::SERVICE_UNAVAILABLE,
            kind: "stopping",
            detail: closed.to_string(),
            errors: Vec::new(),
            retry_after_s: Some(5),
        }),
    }
}

pub(super) fn queue_full(detail: String, retry_after_s: u32) -> ApiError {
    ApiError::Refused {
        status: StatusCode::TOO_MANY_REQUESTS,
        kind: "queue-full",
        detail,
        errors: Vec::new(),
        retry_after_s: Some(retry_after_s),
    }
}

fn kind_of(refusal: &ApiError) -> &'static str {
    match refusal {
        ApiError::Refused { kind, .. } | ApiError::Explained { kind, .. } => kind,
        ApiError::Internal(_) => "internal",
    }
}
