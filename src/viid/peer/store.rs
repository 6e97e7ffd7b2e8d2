//! Libraries that the city subscribes to, in the database.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgExecutor};
use utoipa::ToSchema;

use crate::viid::DeviceId;
use crate::viid::device::Coordinates;
use crate::viid::store::Registered;

/// A new one.
pub(in crate::viid) struct NewPeer<'a> {
    pub(in crate::viid) platform_id: i32,
    pub(in crate::viid) coordinates: Coordinates,
    pub(in crate::viid) base_url: &'a str,
    pub(in crate::viid) device_id: &'a DeviceId,
    pub(in crate::viid) username: &'a str,
    pub(in crate::viid) password_sealed: &'a [u8],
    pub(in crate::viid) resource_uris: &'a [String],
    pub(in crate::viid) subscribe_detail: &'a str,
    pub(in crate::viid) receive_addr_sealed: &'a [u8],
    pub(in crate::viid) token_sha256: [u8; 32],
    pub(in crate::viid) created_at: DateTime<Utc>,
}

/// `None`: no such platform has a right to push.
pub(in crate::viid) async fn insert(
    db: impl PgExecutor<'_>,
    new: &NewPeer<'_>,
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar(
        "insert into viid_peer (platform_id, coordinates, base_url, device_id, username,
             password_sealed, resource_uris, subscribe_detail, receive_addr_sealed, token_sha256,
             created_at, next_at)
         select platform_id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11 from platform
         where platform_id = $1 and revoked_at is null
         returning peer_id",
    )
    .bind(new.platform_id)
    .bind(new.coordinates)
    .bind(new.base_url)
    .bind(new.device_id.as_str())
    .bind(new.username)
    .bind(new.password_sealed)
    .bind(new.resource_uris)
    .bind(new.subscribe_detail)
    .bind(new.receive_addr_sealed)
    .bind(new.token_sha256.as_slice())
    .bind(new.created_at)
    .fetch_optional(db)
    .await
}

/// Its notifications are refused from now on, and it is left as soon as may be; `false`: there is none.
pub(in crate::viid) async fn end(
    db: impl PgExecutor<'_>,
    peer_id: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let ended = sqlx::query(
        "update viid_peer set ended_at = $2, next_at = $2 where peer_id = $1 and ended_at is null",
    )
    .bind(peer_id)
    .bind(at)
    .execute(db)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// A library that the city subscribes to, and how that stands.
#[derive(Debug, Serialize, FromRow, ToSchema)]
pub(in crate::viid) struct PeerView {
    #[serde(rename = "id")]
    peer_id: i32,
    /// Whose cameras its pictures are of.
    platform_id: i32,
    coordinates: Coordinates,
    base_url: String,
    /// What we are registered as there.
    device_id: String,
    username: String,
    resource_uris: Vec<String>,
    subscribe_detail: String,
    created_at: DateTime<Utc>,
    /// Null: not registered there.
    registered_at: Option<DateTime<Utc>>,
    /// When it last answered that it knows us.
    alive_at: Option<DateTime<Utc>>,
    /// Null: not subscribed.
    subscribed_until: Option<DateTime<Utc>>,
    /// What went wrong last; null: the last time all went well.
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
    /// Pictures.
    taken: i64,
    refused: i64,
}

/// Those that have not ended.
pub(in crate::viid) async fn list(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<PeerView>> {
    sqlx::query_as(
        "select peer_id, platform_id, coordinates, base_url, device_id, username, resource_uris,
             subscribe_detail, created_at, registered_at, alive_at, subscribed_until, last_error,
             last_error_at, taken, refused
         from viid_peer where ended_at is null order by peer_id",
    )
    .fetch_all(db)
    .await
}

/// Whoever tells us something at the address with this word in it.
pub(in crate::viid) async fn find_by_token(
    db: impl PgExecutor<'_>,
    token_sha256: [u8; 32],
    at: DateTime<Utc>,
) -> sqlx::Result<Option<Registered>> {
    let row: Option<(i32, i32, Coordinates, String)> = sqlx::query_as(
        "select peer_id, platform_id, coordinates, device_id
         from viid_peer join platform using (platform_id)
         where viid_peer.token_sha256 = $1 and ended_at is null and revoked_at is null",
    )
    .bind(token_sha256.as_slice())
    .fetch_optional(db)
    .await?;
    Ok(
        row.and_then(|(peer_id, platform_id, coordinates, device_id)| {
            Some(Registered {
                device_id: DeviceId::read(&device_id)?,
                platform_id,
                coordinates,
                address: String::new(),
                alive_at: at,
                peer_id: Some(peer_id),
            })
        }),
    )
}

/// What came of pictures that a library told.
pub(in crate::viid) async fn count(
    db: impl PgExecutor<'_>,
    peer_id: i32,
    taken: usize,
    refused: usize,
) -> sqlx::Result<()> {
    sqlx::query(
        "update viid_peer set taken = taken + $2, refused = refused + $3 where peer_id = $1",
    )
    .bind(peer_id)
    .bind(i64::try_from(taken).unwrap_or(i64::MAX))
    .bind(i64::try_from(refused).unwrap_or(i64::MAX))
    .execute(db)
    .await?;
    Ok(())
}

/// How we stand with a library.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Standing {
    pub(super) registered_at: Option<DateTime<Utc>>,
    pub(super) alive_at: Option<DateTime<Utc>>,
    pub(super) subscribe_ids: Vec<String>,
    pub(super) subscribed_until: Option<DateTime<Utc>>,
}

/// A library whose turn it is.
#[derive(Debug, FromRow)]
pub(super) struct Peer {
    pub(super) peer_id: i32,
    pub(super) base_url: String,
    pub(super) device_id: String,
    pub(super) username: String,
    pub(super) password_sealed: Vec<u8>,
    pub(super) resource_uris: Vec<String>,
    pub(super) subscribe_detail: String,
    pub(super) receive_addr_sealed: Vec<u8>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    #[sqlx(flatten)]
    pub(super) standing: Standing,
}

/// Takes the library whose time has come first, for a lease: if we end before it does, it is somebody else's
/// turn.
pub(super) async fn claim(
    db: impl PgExecutor<'_>,
    at: DateTime<Utc>,
    lease: TimeDelta,
) -> sqlx::Result<Option<Peer>> {
    sqlx::query_as(
        "with next as (
            select peer_id from viid_peer
            where next_at <= $1 and (ended_at is null or registered_at is not null)
            order by next_at limit 1 for update skip locked
        )
        update viid_peer set next_at = $2 from next where viid_peer.peer_id = next.peer_id
        returning viid_peer.peer_id, base_url, device_id, username, password_sealed, resource_uris,
            subscribe_detail, receive_addr_sealed, ended_at, registered_at, alive_at, subscribe_ids,
            subscribed_until",
    )
    .bind(at)
    .bind(at + lease)
    .fetch_optional(db)
    .await
}

/// How it stands after a turn. `error`: what went wrong.
pub(super) async fn settle(
    db: impl PgExecutor<'_>,
    peer_id: i32,
    standing: &Standing,
    error: Option<&str>,
    at: DateTime<Utc>,
    next_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "update viid_peer set registered_at = $2, alive_at = $3, subscribe_ids = $4,
             subscribed_until = $5, last_error = $6,
             last_error_at = case when $6 is null then last_error_at else $7 end,
             -- who ended it meanwhile wants it left at once
             next_at = case when ended_at is null then $8 else least(next_at, $8) end
         where peer_id = $1",
    )
    .bind(peer_id)
    .bind(standing.registered_at)
    .bind(standing.alive_at)
    .bind(&standing.subscribe_ids)
    .bind(standing.subscribed_until)
    .bind(error)
    .bind(at)
    .bind(next_at)
    .execute(db)
    .await?;
    Ok(())
}
