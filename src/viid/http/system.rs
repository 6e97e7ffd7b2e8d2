//! Registering, staying and leaving (GA/T 1400.4, 系统管理).

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::call::{Call, Refusal, Reply};
use crate::viid::read::{device_id, written_time};
use crate::viid::status::{Code, Status};
use crate::viid::store;

/// Of a body that says who somebody is.
const BYTES_MAX: usize = 64 << 10;

/// A device comes, with the digest of its platform.
pub(super) async fn register(call: Call, body: Body) -> Response {
    let reply = registered(&call, body).await;
    call.answer(reply)
}

async fn registered(call: &Call, body: Body) -> Result<Reply, Refusal> {
    // first, so that a connection that goes on after the challenge holds nothing unread
    let body = call.read(body, BYTES_MAX).await?;
    let access = call.access().await?;
    let device = body.parse(|body| device_id(body, "RegisterObject")).await?;
    call.require_own(&device)?;
    let address = call.client.to_string();
    let (db, now) = (&call.app.machine, call.now);
    if !store::register(db, &device, access.platform_id, &address, now).await? {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            Code::InvalidOperation,
            "the device is another platform's",
        ));
    }
    if call.telling_address().is_none() && call.app.config.viid.viid_address_suffices {
        tracing::warn!(
            %device,
            address = %call.client,
            "a device registers from this machine, or through a proxy that --trusted-proxies does not name \
             or that does not say for whom: every call of it needs the digest"
        );
    }
    tracing::info!(%device, platform_id = access.platform_id, "registered in the view library");
    Ok(Reply::One(Status::ok(device.as_str())))
}

/// A device says that it is there.
pub(super) async fn keep_alive(call: Call, body: Body) -> Response {
    let reply = kept_alive(&call, body).await;
    call.answer(reply)
}

async fn kept_alive(call: &Call, body: Body) -> Result<Reply, Refusal> {
    let body = call.read(body, BYTES_MAX).await?;
    let device = call.device().await?.device_id;
    let said = body.parse(|body| device_id(body, "KeepaliveObject"));
    call.require_own(&said.await?)?;
    store::keep_alive(&call.app.machine, &device, call.now).await?;
    Ok(Reply::One(Status::ok(device.as_str())))
}

/// A device leaves.
pub(super) async fn unregister(call: Call, body: Body) -> Response {
    let reply = unregistered(&call, body).await;
    call.answer(reply)
}

async fn unregistered(call: &Call, body: Body) -> Result<Reply, Refusal> {
    let body = call.read(body, BYTES_MAX).await?;
    let device = call.device().await?.device_id;
    let said = body.parse(|body| device_id(body, "UnRegisterObject"));
    call.require_own(&said.await?)?;
    store::unregister(&call.app.machine, &device).await?;
    tracing::info!(%device, "left the view library");
    Ok(Reply::One(Status::ok(device.as_str())))
}

/// What time it is here, for devices to set their clocks by.
pub(super) async fn time(call: Call) -> Response {
    let reply = call.device().await.map(|_device| {
        Reply::Told(json!({ "SystemTimeObject": {
            "VIIDServerID": call.app.config.viid.viid_server_id,
            // 1: by the network
            "TimeMode": "1",
            "LocalTime": written_time(call.now),
            "TimeZone": "+08:00",
        } }))
    });
    call.answer(reply)
}

/// What of the standard is not served here.
pub(super) async fn unknown(call: Call, body: Body) -> Response {
    call.let_go(body, BYTES_MAX);
    call.answer(Err(Refusal::new(
        StatusCode::NOT_FOUND,
        Code::InvalidOperation,
        "not supported here",
    )))
}
