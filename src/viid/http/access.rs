//! In whose name devices register, kept by administrators; and the devices that did.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::access::{Person, Role, random_secret};
use crate::http::{ApiError, App, JsonBody, PathParams, QueryParams};
use crate::journal::{self, Entry};
use crate::viid::device::{Coordinates, Presence, silence_max};
use crate::viid::digest::{Ha1, REALM};
use crate::viid::store::{self, Access, AccessView};

/// Devices on a page.
const DEVICES_MAX: i64 = 200;
/// Of a password, which devices have fields of 16 characters for.
const PASSWORD_BYTES: usize = 12;

#[derive(Serialize, ToSchema)]
pub(super) struct Library {
    /// The library's own number, as devices are told it.
    server_id: String,
    realm: &'static str,
    /// How often devices are to say that they are there, seconds.
    keepalive_s: u32,
    /// A device that was not heard for so long has to register anew, seconds.
    offline_after_s: i64,
    /// In whose name devices may register.
    access: Vec<AccessView>,
}

/// The view library (GA/T 1400): what devices are set to, and in whose name they may register.
#[utoipa::path(get, path = "/api/v1/viid", tag = "view library", responses(
    (status = 200, body = Library),
    (status = 403, description = "forbidden: for administrators and auditors"),
))]
pub(super) async fn find_library(
    person: Person,
    State(app): State<App>,
) -> Result<Json<Library>, ApiError> {
    person.require_of_city(&[Role::Administrator, Role::Auditor])?;
    let config = &app.config.viid;
    let mut tx = app.scoped(&person).await?;
    Ok(Json(Library {
        server_id: config.viid_server_id.clone(),
        realm: REALM,
        keepalive_s: config.viid_keepalive_s,
        offline_after_s: silence_max(config.viid_keepalive_s).num_seconds(),
        access: store::list_access(&mut *tx).await?,
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessDraft {
    /// 1 to 64 of `A-Z a-z 0-9 _ . @ -`, not taken.
    username: String,
    /// What the platform's longitudes and latitudes are in.
    coordinates: Coordinates,
    /// Make a new password; without credentials, or with another name, one is made anyway.
    #[serde(default)]
    renew: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SavedAccess {
    platform_id: i32,
    username: String,
    coordinates: Coordinates,
    /// Shown here and never again: only its hashes are kept. Null: the old one stays.
    password: Option<String>,
}

/// Let devices register in a platform's name, or change with what.
///
/// A new password ends the registrations of the platform's devices; it is in the answer, once.
#[utoipa::path(put, path = "/api/v1/platforms/{id}/viid", tag = "view library",
    params(("id" = i32, Path)), request_body = AccessDraft, responses(
    (status = 200, body = SavedAccess),
    (status = 400, description = "invalid-field"),
    (status = 403, description = "forbidden: for administrators"),
    (status = 404, description = "not-found: no active platform"),
    (status = 409, description = "name-taken"),
))]
pub(super) async fn save_access(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(draft): JsonBody<AccessDraft>,
) -> Result<Json<SavedAccess>, ApiError> {
    person.require_administrator()?;
    let form = |c: char| c.is_ascii_alphanumeric() || "_.@-".contains(c);
    if !(1..=64).contains(&draft.username.len()) || !draft.username.chars().all(form) {
        let detail = "must have 1 to 64 letters, digits or _ . @ -";
        return Err(ApiError::field("username", detail));
    }
    let mut tx = app.scoped(&person).await?;
    let before = store::hold_access(&mut tx, id).await?;
    let before = before.ok_or_else(|| no_platform(id))?;
    let kept = before
        .as_ref()
        .filter(|before| !draft.renew && before.username == draft.username);
    let (ha1, password) = match kept {
        Some(kept) => (kept.ha1.clone(), None),
        None => {
            let password = random_secret(PASSWORD_BYTES);
            let ha1 = Ha1::of(&draft.username, REALM, password.reveal());
            (ha1, Some(password))
        }
    };
    let access = Access {
        platform_id: id,
        username: draft.username,
        ha1,
        coordinates: draft.coordinates,
    };
    let set_at = password.as_ref().map(|_| app.now());
    let saved = store::save_access(&mut *tx, &access, set_at).await;
    saved.map_err(|error| match error.as_database_error() {
        Some(refused) if refused.constraint() == Some("viid_access_username_once") => {
            let detail = "another platform has this username";
            ApiError::refused(StatusCode::CONFLICT, "name-taken", detail)
        }
        _ => error.into(),
    })?;
    if password.is_some() {
        store::end_registrations(&mut *tx, id).await?;
    }
    let action = if before.is_some() { "change" } else { "create" };
    let subject = format!("platform:{id}/viid");
    let mut after = recorded(&access);
    after["new_password"] = json!(password.is_some());
    let mut entry = Entry::by(&person, app.now(), subject, action).after(after);
    entry.before = before.as_ref().map(recorded);
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    tracing::info!(
        login = person.login,
        platform_id = id,
        "saved credentials of the view library"
    );
    Ok(Json(SavedAccess {
        platform_id: id,
        username: access.username,
        coordinates: access.coordinates,
        password: password.map(|password| password.reveal().to_owned()),
    }))
}

/// What of credentials is written into the record: never the password or its hashes.
fn recorded(access: &Access) -> Value {
    json!({ "username": access.username, "coordinates": access.coordinates })
}

fn no_platform(id: i32) -> ApiError {
    ApiError::not_found(format!("no active platform {id}"))
}

/// Let no device register in a platform's name any more; those that are registered are not.
#[utoipa::path(delete, path = "/api/v1/platforms/{id}/viid", tag = "view library",
    params(("id" = i32, Path)), responses(
    (status = 204, description = "ended"),
    (status = 403, description = "forbidden: for administrators"),
    (status = 404, description = "not-found: no such platform, or no credentials"),
))]
pub(super) async fn end_access(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<StatusCode, ApiError> {
    person.require_administrator()?;
    let mut tx = app.scoped(&person).await?;
    let before = store::hold_access(&mut tx, id).await?.flatten();
    let before = before.ok_or_else(|| no_platform(id))?;
    store::delete_access(&mut *tx, id).await?;
    store::end_registrations(&mut *tx, id).await?;
    let subject = format!("platform:{id}/viid");
    let entry = Entry::by(&person, app.now(), subject, "end").before(recorded(&before));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    tracing::info!(
        login = person.login,
        platform_id = id,
        "ended credentials of the view library"
    );
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct DevicesAsked {
    /// The last device of the page before.
    after: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct DeviceList {
    #[schema(inline)]
    devices: Vec<DeviceView>,
    /// Ask with this as `after` for more; null: there are no more.
    next: Option<String>,
}

/// A device of the view library.
#[derive(Serialize, ToSchema)]
struct DeviceView {
    /// 20 digits.
    id: String,
    platform_id: i32,
    presence: Presence,
    /// Where it registered from.
    address: Option<String>,
    registered_at: Option<DateTime<Utc>>,
    /// When it last said that it is there.
    alive_at: Option<DateTime<Utc>>,
    /// Pictures.
    taken: i64,
    refused: i64,
    /// Why the last picture that was refused was: a stable word.
    last_refusal: Option<String>,
}

/// Devices that registered in the view library, by their number; 200 a page.
#[utoipa::path(get, path = "/api/v1/viid/devices", tag = "view library", params(DevicesAsked), responses(
    (status = 200, body = DeviceList),
    (status = 403, description = "forbidden: for administrators and auditors"),
))]
pub(super) async fn list_devices(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<DevicesAsked>,
) -> Result<Json<DeviceList>, ApiError> {
    person.require_of_city(&[Role::Administrator, Role::Auditor])?;
    let (now, keepalive_s) = (app.now(), app.config.viid.viid_keepalive_s);
    let mut tx = app.scoped(&person).await?;
    let after = asked.after.as_deref();
    let mut rows = store::list_devices(&mut *tx, after, DEVICES_MAX + 1).await?;
    let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > DEVICES_MAX;
    if more {
        rows.pop();
    }
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| row.device_id.clone());
    let devices = rows.into_iter().map(|row| DeviceView {
        presence: Presence::of(row.alive_at, keepalive_s, now),
        id: row.device_id,
        platform_id: row.platform_id,
        address: row.address,
        registered_at: row.registered_at,
        alive_at: row.alive_at,
        taken: row.taken,
        refused: row.refused,
        last_refusal: row.last_refusal,
    });
    Ok(Json(DeviceList {
        devices: devices.collect(),
        next,
    }))
}
