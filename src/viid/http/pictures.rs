//! Pictures that devices send, alone and in notifications: each becomes a frame of its camera by the
//! door of pushed ones, or says why it does not.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use metrics::counter;

use super::apes;
use super::call::{Call, Refusal, Reply, Whole};
use crate::access::Secret;
use crate::camera::{self, CameraId};
use crate::http::ApiError;
use crate::telemetry;
use crate::viid::DeviceId;
use crate::viid::peer;
use crate::viid::read::{self, Kind, Limits, Notification, Sent, SentPicture, Untaken};
use crate::viid::status::{Code, Status};
use crate::viid::store::{self, Registered};

/// Of a body with pictures: base64 is a third larger than what it holds, and several may come together.
const BYTES_MAX: usize = 32 << 20;
/// When to send again what found no room.
const RETRY_AFTER_S: u32 = 2;

pub(super) async fn images(call: Call, body: Body) -> Response {
    take(call, body, Kind::Image).await
}

pub(super) async fn scenes(call: Call, body: Body) -> Response {
    take(call, body, Kind::Scene).await
}

pub(super) async fn motor_vehicles(call: Call, body: Body) -> Response {
    take(call, body, Kind::MotorVehicle).await
}

pub(super) async fn non_motor_vehicles(call: Call, body: Body) -> Response {
    take(call, body, Kind::NonMotorVehicle).await
}

pub(super) async fn things(call: Call, body: Body) -> Response {
    take(call, body, Kind::Thing).await
}

/// Faces and persons: never, whoever asks.
pub(super) async fn persons(call: Call, body: Body) -> Response {
    let device = call.device().await;
    call.let_go(body, BYTES_MAX);
    let reply = match device {
        Ok(device) => {
            let untaken = refused_of(&device, "a-person");
            let counted = store::count(&call.app.machine, &device.device_id, 0, 1, Some(untaken));
            Err(counted.await.map_or_else(Refusal::from, |()| {
                Refusal::new(
                    StatusCode::FORBIDDEN,
                    Code::InvalidOperation,
                    "faces and persons are not taken here",
                )
            }))
        }
        Err(refusal) => Err(refusal),
    };
    call.answer(reply)
}

/// Others do not subscribe to us: what the city sees is not handed on.
pub(super) async fn subscribes(call: Call, body: Body) -> Response {
    let device = call.device().await;
    call.let_go(body, BYTES_MAX);
    call.answer(device.and(Err(Refusal::new(
        StatusCode::FORBIDDEN,
        Code::InvalidOperation,
        "subscriptions are not supported here",
    ))))
}

async fn take(call: Call, body: Body, kind: Kind) -> Response {
    let reply = taken(&call, body, kind).await;
    call.answer(reply)
}

async fn taken(call: &Call, body: Body, kind: Kind) -> Result<Reply, Refusal> {
    let (device, body) = head(call, body).await?;
    let (sender, limits) = (device.device_id.clone(), limits(call));
    let sent = body.parse(move |body| read::pictures(body, kind, &sender, limits));
    let sent = sent.await?;
    let statuses = offer_all(call, &device, sent).await?;
    if !statuses.is_empty() && statuses.iter().all(|status| status.code == Code::Busy) {
        return Err(Refusal::busy("too many pictures wait", RETRY_AFTER_S));
    }
    Ok(Reply::Each(statuses))
}

/// What a view library tells that we, or an administrator there, subscribed to.
pub(super) async fn notifications(call: Call, body: Body) -> Response {
    let reply = notified(&call, body).await;
    call.answer(reply)
}

async fn notified(call: &Call, body: Body) -> Result<Reply, Refusal> {
    let (device, body) = head(call, body).await?;
    take_notifications(call, &device, body).await
}

/// What a library tells at the address that we gave it when we subscribed: the word in it is its credential.
pub(super) async fn notifications_of_peer(
    Path(word): Path<String>,
    call: Call,
    body: Body,
) -> Response {
    let reply = notified_by_peer(&call, &word, body).await;
    call.answer(reply)
}

async fn notified_by_peer(call: &Call, word: &str, body: Body) -> Result<Reply, Refusal> {
    let token = Secret::from_request(word).sha256();
    let peer = peer::store::find_by_token(&call.app.machine, token, call.now).await?;
    let Some(peer) = peer else {
        call.let_go(body, BYTES_MAX);
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            Code::InvalidOperation,
            "no such subscription",
        ));
    };
    let body = call.read(body, BYTES_MAX).await?;
    take_notifications(call, &peer, body).await
}

async fn take_notifications(
    call: &Call,
    device: &Registered,
    body: Whole,
) -> Result<Reply, Refusal> {
    let (sender, limits) = (device.device_id.clone(), limits(call));
    let told = body.parse(move |body| read::notifications(body, &sender, limits));
    let told = told.await?;
    let mut statuses = Vec::new();
    for Notification { id, pictures, apes } in told {
        let mut each = Vec::new();
        if !apes.is_empty() {
            each = apes::save_all(call, device, apes).await?;
        }
        each.extend(offer_all(call, device, pictures).await?);
        statuses.push(summed(id, &each));
    }
    if !statuses.is_empty() && statuses.iter().all(|status| status.code == Code::Busy) {
        return Err(Refusal::busy("too many pictures wait", RETRY_AFTER_S));
    }
    Ok(Reply::Each(statuses))
}

/// One notification is answered once: well, or with what was wrong first.
fn summed(id: String, each: &[Status]) -> Status {
    let wrong: Vec<&Status> = each.iter().filter(|one| one.code != Code::Ok).collect();
    match wrong.first() {
        None => Status::ok(id),
        Some(first) => Status {
            id,
            code: first.code,
            text: format!(
                "{} of {} not taken; {}: {}",
                wrong.len(),
                each.len(),
                first.id,
                first.text
            ),
        },
    }
}

async fn head(call: &Call, body: Body) -> Result<(Registered, Whole), Refusal> {
    match call.device().await {
        Ok(device) => Ok((device, call.read(body, BYTES_MAX).await?)),
        Err(refusal) => {
            call.let_go(body, BYTES_MAX);
            Err(refusal)
        }
    }
}

fn limits(call: &Call) -> Limits {
    Limits {
        bytes_max: call.app.config.intake.frame_bytes_max,
    }
}

/// Puts pictures in line, each by itself, and counts what became of them.
async fn offer_all(
    call: &Call,
    device: &Registered,
    sent: Vec<Sent<SentPicture>>,
) -> Result<Vec<Status>, Refusal> {
    let mut last_refusal = None;
    let mut statuses = Vec::new();
    for Sent { id, found } in sent {
        let taken = found.and_then(|picture| offer(call, device, picture));
        statuses.push(match taken {
            Ok(()) => {
                counter!(telemetry::VIID_PICTURES, "outcome" => "taken", "reason" => "")
                    .increment(1);
                Status::ok(id)
            }
            Err(untaken) => {
                last_refusal = Some(refused_of(device, untaken.reason));
                Status {
                    id,
                    code: untaken.code,
                    text: untaken.detail,
                }
            }
        });
    }
    let taken = statuses.iter().filter(|one| one.code == Code::Ok).count();
    let refused = statuses.len() - taken;
    let db = &call.app.machine;
    match device.peer_id {
        None => store::count(db, &device.device_id, taken, refused, last_refusal).await?,
        Some(peer_id) => peer::store::count(db, peer_id, taken, refused).await?,
    }
    Ok(statuses)
}

fn refused_of(device: &Registered, reason: &'static str) -> &'static str {
    tracing::debug!(device = %device.device_id, reason, "a picture was refused");
    counter!(telemetry::VIID_PICTURES, "outcome" => "refused", "reason" => reason).increment(1);
    reason
}

fn offer(call: &Call, device: &Registered, picture: SentPicture) -> Result<(), Untaken> {
    let camera = known(call, device, &picture.camera);
    let camera = camera.ok_or_else(|| Untaken {
        code: Code::InvalidJsonContent,
        reason: "unknown-camera",
        detail: format!("DeviceID: the platform has no camera {}", picture.camera),
    })?;
    let taken = camera::take(
        &call.app,
        &camera,
        "ShotTime",
        picture.shot_at,
        picture.jpeg,
    );
    taken.map_err(untaken)
}

fn known(call: &Call, device: &Registered, id: &DeviceId) -> Option<Arc<camera::Camera>> {
    let id = CameraId::try_from(id.as_str().to_owned()).ok()?;
    let camera = call.app.cameras.get(&id)?;
    (camera.platform_id == Some(device.platform_id)).then_some(camera)
}

fn untaken(refusal: ApiError) -> Untaken {
    match refusal {
        ApiError::Refused {
            status,
            kind,
            detail,
            ..
        } => Untaken {
            code: match status {
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Code::Busy,
                StatusCode::CONFLICT => Code::InvalidOperation,
                _ => Code::InvalidJsonContent,
            },
            reason: kind,
            detail,
        },
        other @ (ApiError::Explained { .. } | ApiError::Internal(_)) => {
            tracing::error!(error = %other, "a picture could not be taken");
            Untaken {
                code: Code::OtherError,
                reason: "internal",
                detail: "the service could not do this".to_owned(),
            }
        }
    }
}
