//! Libraries of others that the city subscribes to, kept by administrators.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::access::{Person, Role, Secret, random_secret};
use crate::http::{ApiError, App, JsonBody, PathParams, origin};
use crate::journal::{self, Entry};
use crate::outbound;
use crate::viid::DeviceId;
use crate::viid::SEALED;
use crate::viid::device::Coordinates;
use crate::viid::peer::store::{self, NewPeer, PeerView};

const RESOURCES_MAX: usize = 64;
const TEXT_CHARS_MAX: usize = 256;
/// Persons and faces, among the kinds of information of GA/T 1400.4: never subscribed to.
const OF_PERSONS: [u32; 2] = [11, 12];
const TOKEN_BYTES: usize = 32;

#[derive(Serialize, ToSchema)]
pub(super) struct PeerList {
    peers: Vec<PeerView>,
}

/// View libraries that the city subscribes to, and how that stands.
#[utoipa::path(get, path = "/api/v1/viid/peers", tag = "view library", responses(
    (status = 200, body = PeerList),
    (status = 403, description = "forbidden: for administrators and auditors"),
))]
pub(super) async fn list_peers(
    person: Person,
    State(app): State<App>,
) -> Result<Json<PeerList>, ApiError> {
    person.require_of_city(&[Role::Administrator, Role::Auditor])?;
    let mut tx = app.scoped(&person).await?;
    let peers = store::list(&mut *tx).await?;
    Ok(Json(PeerList { peers }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PeerDraft {
    /// Whose cameras its pictures are of.
    platform_id: i32,
    /// What its longitudes and latitudes are in.
    coordinates: Coordinates,
    /// Scheme, host and port: `http://10.0.0.5:8080`; /VIID follows.
    base_url: String,
    /// What we are registered as there: 20 digits.
    device_id: String,
    username: String,
    password: String,
    /// What is subscribed to there, by its numbers: cameras, gates, a library.
    resource_uris: Vec<String>,
    /// Kinds of information by GA/T 1400.4, comma between; persons (11) and faces (12) are refused.
    subscribe_detail: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CreatedPeer {
    id: i32,
}

impl PeerDraft {
    fn check(&self, allow_local: bool) -> Result<DeviceId, ApiError> {
        let url = outbound::check(&self.base_url, allow_local);
        let url = url.map_err(|wrong| ApiError::field("base_url", wrong))?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(ApiError::field("base_url", "must end with host and port"));
        }
        let texts = [
            ("base_url", &self.base_url),
            ("username", &self.username),
            ("password", &self.password),
        ];
        let resources = self.resource_uris.iter().map(|uri| ("resource_uris", uri));
        for (field, text) in texts.into_iter().chain(resources) {
            if text.is_empty() || text.chars().count() > TEXT_CHARS_MAX {
                let detail = format!("1 to {TEXT_CHARS_MAX} characters");
                return Err(ApiError::field(field, detail));
            }
            if text.chars().any(char::is_control) {
                return Err(ApiError::field(field, "must hold no control characters"));
            }
        }
        if !(1..=RESOURCES_MAX).contains(&self.resource_uris.len()) {
            let detail = format!("1 to {RESOURCES_MAX} of them");
            return Err(ApiError::field("resource_uris", detail));
        }
        let kinds: Result<Vec<u32>, _> = self.subscribe_detail.split(',').map(str::parse).collect();
        let kinds = kinds.or(Err(ApiError::field(
            "subscribe_detail",
            "numbers with commas between, as 3,13",
        )))?;
        if kinds.iter().any(|kind| OF_PERSONS.contains(kind)) {
            let detail = "persons (11) and faces (12) are not taken here";
            return Err(ApiError::field("subscribe_detail", detail));
        }
        let own = DeviceId::read(&self.device_id).filter(|own| own.as_str() == self.device_id);
        own.ok_or_else(|| ApiError::field("device_id", "must be 20 digits"))
    }
}

/// Subscribe to a view library.
///
/// The service registers there with digest authentication, says that it is there, subscribes with an address
/// of ours that holds a secret word, and renews before the subscription ends; how that stands is in the list.
#[utoipa::path(post, path = "/api/v1/viid/peers", tag = "view library", request_body = PeerDraft, responses(
    (status = 201, body = CreatedPeer),
    (status = 400, description = "invalid-field"),
    (status = 403, description = "forbidden: for administrators"),
))]
pub(super) async fn create_peer(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
    JsonBody(draft): JsonBody<PeerDraft>,
) -> Result<(StatusCode, Json<CreatedPeer>), ApiError> {
    person.require_administrator()?;
    let own = draft.check(app.config.webhook.webhook_allow_local)?;
    let here = app.config.oidc.public_url.clone();
    let here = here.unwrap_or_else(|| origin(&headers));
    if here.is_empty() {
        return Err(ApiError::field("Host", "missing or no host"));
    }
    let token = random_secret(TOKEN_BYTES);
    let here = here.trim_end_matches('/');
    let address = format!("{here}/VIID/SubscribeNotifications/{}", token.reveal());
    let key = &app.webhook_key;
    let new = NewPeer {
        platform_id: draft.platform_id,
        coordinates: draft.coordinates,
        base_url: draft.base_url.trim_end_matches('/'),
        device_id: &own,
        username: &draft.username,
        password_sealed: &key.seal(SEALED, &Secret::from_request(draft.password))?,
        resource_uris: &draft.resource_uris,
        subscribe_detail: &draft.subscribe_detail,
        receive_addr_sealed: &key.seal(SEALED, &Secret::from_request(address))?,
        token_sha256: token.sha256(),
        created_at: app.now(),
    };
    let mut tx = app.scoped(&person).await?;
    let id = store::insert(&mut *tx, &new).await?;
    let id = id.ok_or_else(|| ApiError::field("platform_id", "no such active platform"))?;
    let entry = Entry::by(&person, app.now(), format!("viid_peer:{id}"), "create").after(json!({
        "platform_id": new.platform_id,
        "coordinates": new.coordinates,
        "base_url": new.base_url,
        "device_id": own.as_str(),
        "username": new.username,
        "resource_uris": new.resource_uris,
        "subscribe_detail": new.subscribe_detail,
    }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    tracing::info!(
        login = person.login,
        peer = id,
        "subscribes to a view library"
    );
    Ok((StatusCode::CREATED, Json(CreatedPeer { id })))
}

/// Leave a view library: its notifications are refused at once, and it is told.
#[utoipa::path(delete, path = "/api/v1/viid/peers/{id}", tag = "view library",
    params(("id" = i32, Path)), responses(
    (status = 204, description = "left"),
    (status = 403, description = "forbidden: for administrators"),
    (status = 404, description = "not-found"),
))]
pub(super) async fn end_peer(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<StatusCode, ApiError> {
    person.require_administrator()?;
    let mut tx = app.scoped(&person).await?;
    if !store::end(&mut *tx, id, app.now()).await? {
        return Err(ApiError::not_found(format!(
            "there is no view library {id}"
        )));
    }
    let entry = Entry::by(&person, app.now(), format!("viid_peer:{id}"), "end");
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    tracing::info!(login = person.login, peer = id, "leaves a view library");
    Ok(StatusCode::NO_CONTENT)
}
