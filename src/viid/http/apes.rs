//! APE: the cameras that a platform makes known.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, Refusal, Reply};
use crate::camera::{self, Camera, CameraId};
use crate::journal::{self, Entry};
use crate::space::GroundPoint;
use crate::viid::read::{self, Ape, Sent};
use crate::viid::status::{Code, Status};
use crate::viid::store::{self, Registered};

const BYTES_MAX: usize = 2 << 20;
/// Cameras on a page, and when nothing else is asked for.
const PAGE_MAX: usize = 100;
/// Where a camera comes from.
const SOURCE: &str = "viid";

/// Adds cameras, or changes what is known of them.
pub(super) async fn save(call: Call, body: Body) -> Response {
    let reply = saved(&call, body).await;
    call.answer(reply)
}

async fn saved(call: &Call, body: Body) -> Result<Reply, Refusal> {
    let body = call.read(body, BYTES_MAX).await?;
    let device = call.device().await?;
    let sent = body.parse(read::apes).await?;
    Ok(Reply::Each(save_all(call, &device, sent).await?))
}

/// Each by itself; what cannot be taken says why.
pub(super) async fn save_all(
    call: &Call,
    device: &Registered,
    sent: Vec<Sent<Ape>>,
) -> Result<Vec<Status>, Refusal> {
    let mut statuses = Vec::new();
    for Sent { id, found } in sent {
        let done = match found {
            Ok(ape) => save_one(call, device, &ape).await?,
            Err(untaken) => Err((untaken.code, untaken.detail)),
        };
        statuses.push(match done {
            Ok(()) => Status::ok(id),
            Err((code, text)) => Status { id, code, text },
        });
    }
    call.app.cameras.refresh().await?;
    Ok(statuses)
}

async fn save_one(
    call: &Call,
    device: &Registered,
    ape: &Ape,
) -> Result<Result<(), (Code, String)>, Refusal> {
    let refused = |code, text: &str| Ok(Err((code, text.to_owned())));
    let Ok(id) = CameraId::try_from(ape.id.as_str().to_owned()) else {
        return refused(Code::InvalidJsonContent, "ApeID: must be 20 digits");
    };
    let mut tx = call.app.machine.begin().await?;
    let before = camera::store::hold(&mut tx, &id).await?;
    let owner = before.as_ref().and_then(|camera| camera.platform_id);
    let adopts = match (&before, owner) {
        (None, _) => true,
        (Some(_), Some(owner)) => owner == device.platform_id,
        // nobody's: the one that took it out may bring it back
        (Some(_), None) => store::ape_of(&mut *tx, id.as_str()).await? == Some(device.platform_id),
    };
    if !adopts {
        return refused(
            Code::InvalidOperation,
            "ApeID: the camera is not this platform's",
        );
    }
    let cameras_max = call.app.config.viid.viid_cameras_max;
    if before.is_none() && store::count_apes(&mut tx, device.platform_id).await? >= cameras_max {
        let text =
            format!("ApeID: the platform has made {cameras_max} cameras known, the most it may");
        return refused(Code::InvalidOperation, &text);
    }
    let place = ape.place.map(|told| device.coordinates.ground(told));
    let Some(location) = place.unwrap_or_else(|| before.as_ref().map(|camera| camera.location))
    else {
        let text =
            "Longitude, Latitude: a new camera needs its place; an administrator may also add it";
        return refused(Code::InvalidJsonContent, text);
    };
    let camera = merged(id, ape, device.platform_id, location, before.as_ref());
    let after = camera::recorded(&camera);
    let was = before.as_ref().map(camera::recorded);
    if was.as_ref() != Some(&after) {
        camera::store::save(&mut *tx, &camera, SOURCE).await?;
        let action = if was.is_some() { "change" } else { "create" };
        let actor = format!("viid:{}", device.device_id);
        let subject = format!("camera:{}", camera.id);
        let mut entry = Entry::of_city(actor, call.now, subject, action).after(after);
        entry.before = was;
        journal::record(&mut *tx, &entry).await?;
    }
    store::save_ape(&mut *tx, camera.id.as_str(), device.platform_id).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// What is known of a camera once its platform has told it anew. An English name that people gave it, its
/// height and its models stay; so do calibration and zones, which are kept apart.
fn merged(
    id: CameraId,
    ape: &Ape,
    platform_id: i32,
    location: GroundPoint,
    before: Option<&Camera>,
) -> Camera {
    let told = ape.name.clone();
    let name_zh = told
        .or_else(|| before.map(|camera| camera.name_zh.clone()))
        .unwrap_or_else(|| id.to_string());
    let own_english = before.filter(|camera| camera.name_en != camera.name_zh);
    Camera {
        name_en: own_english.map_or_else(|| name_zh.clone(), |camera| camera.name_en.clone()),
        name_zh,
        id,
        platform_id: Some(platform_id),
        location,
        height_m: before.and_then(|camera| camera.height_m),
        models: before.and_then(|camera| camera.models.clone()),
        zones: Vec::new(),
        pulled_every: None,
        masks: Arc::default(),
        calibration: None,
    }
}

/// What of a list is asked for; the first has number 1.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Page {
    record_start_no: Option<usize>,
    page_record_num: Option<usize>,
    #[serde(rename = "IDList")]
    id_list: Option<String>,
}

fn page(call: &Call) -> Result<Page, Refusal> {
    let uri = axum::http::Uri::builder().path_and_query(format!("/?{}", call.query));
    let uri = uri.build().unwrap_or_default();
    let page = axum::extract::Query::<Page>::try_from_uri(&uri);
    page.map(|axum::extract::Query(page)| page)
        .map_err(|error| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                Code::InvalidOperation,
                error.body_text(),
            )
        })
}

/// The platform's cameras.
pub(super) async fn list(call: Call) -> Response {
    let reply = listed(&call).await;
    call.answer(reply)
}

async fn listed(call: &Call) -> Result<Reply, Refusal> {
    let device = call.device().await?;
    let asked = page(call)?;
    let start = asked.record_start_no.unwrap_or(1).max(1);
    let limit = asked.page_record_num.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let own = own_cameras(call, &device);
    let shown = own.iter().skip(start - 1).take(limit);
    let shown: Vec<Value> = shown.map(|camera| told(camera, &device)).collect();
    Ok(Reply::Told(json!({ "APEListObject": {
        "RecordStartNo": start,
        "PageRecordNum": shown.len(),
        "TotalNum": own.len(),
        "APEObject": shown,
    } })))
}

fn own_cameras(call: &Call, device: &Registered) -> Vec<Arc<Camera>> {
    let mut own = call.app.cameras.all();
    own.retain(|camera| camera.platform_id == Some(device.platform_id));
    own
}

/// A camera as the standard has it, in its platform's coordinates.
fn told(camera: &Camera, device: &Registered) -> Value {
    let place = device.coordinates.told(camera.location);
    json!({
        "ApeID": camera.id,
        "Name": camera.name_zh,
        "Longitude": place.lon,
        "Latitude": place.lat,
    })
}

/// One of the platform's cameras.
pub(super) async fn find(Path(id): Path<String>, call: Call) -> Response {
    let reply = found(&call, &id).await;
    call.answer(reply)
}

async fn found(call: &Call, id: &str) -> Result<Reply, Refusal> {
    let device = call.device().await?;
    let own = own_cameras(call, &device);
    let camera = own.iter().find(|camera| camera.id.as_str() == id);
    let camera = camera.ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            Code::InvalidOperation,
            "the platform has no such camera",
        )
    })?;
    Ok(Reply::Told(json!({ "APEObject": told(camera, &device) })))
}

/// Takes the cameras of `IDList` out.
pub(super) async fn remove(call: Call) -> Response {
    let ids = page(&call).map(|page| page.id_list.unwrap_or_default());
    let reply = match ids {
        Ok(ids) => removed(&call, ids.split(',').map(str::trim)).await,
        Err(refusal) => Err(refusal),
    };
    call.answer(reply)
}

/// Takes one camera out.
pub(super) async fn remove_one(Path(id): Path<String>, call: Call) -> Response {
    let reply = removed(&call, std::iter::once(id.as_str())).await;
    call.answer(reply)
}

/// From then on the cameras are nobody's: no picture of theirs is taken, what they saw stays.
async fn removed<'a>(
    call: &Call,
    ids: impl Iterator<Item = &'a str> + Send,
) -> Result<Reply, Refusal> {
    let device = call.device().await?;
    let own = own_cameras(call, &device);
    let mut statuses = Vec::new();
    for id in ids.take(PAGE_MAX).filter(|id| !id.is_empty()) {
        let Some(camera) = own.iter().find(|camera| camera.id.as_str() == id) else {
            statuses.push(Status {
                id: id.chars().take(64).collect(),
                code: Code::InvalidOperation,
                text: "the platform has no such camera".to_owned(),
            });
            continue;
        };
        take_out(call, &device, camera).await?;
        statuses.push(Status::ok(id));
    }
    call.app.cameras.refresh().await?;
    Ok(Reply::Each(statuses))
}

async fn take_out(call: &Call, device: &Registered, camera: &Camera) -> Result<(), Refusal> {
    let mut tx = call.app.machine.begin().await?;
    let before = camera::store::hold(&mut tx, &camera.id).await?;
    let Some(before) = before.filter(|held| held.platform_id == Some(device.platform_id)) else {
        return Ok(());
    };
    let nobodys = Camera {
        platform_id: None,
        ..before.clone()
    };
    camera::store::save(&mut *tx, &nobodys, SOURCE).await?;
    store::remove_ape(&mut *tx, camera.id.as_str(), device.platform_id, call.now).await?;
    let actor = format!("viid:{}", device.device_id);
    let subject = format!("camera:{}", camera.id);
    let entry = Entry::of_city(actor, call.now, subject, "change")
        .before(camera::recorded(&before))
        .after(camera::recorded(&nobodys));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(())
}
