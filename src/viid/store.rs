//! Credentials, devices and their cameras in the database.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection, PgExecutor};
use utoipa::ToSchema;

use super::DeviceId;
use super::device::Coordinates;
use super::digest::Ha1;

/// In whose name a device may register.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) platform_id: i32,
    pub(super) username: String,
    pub(super) ha1: Ha1,
    pub(super) coordinates: Coordinates,
}

#[derive(FromRow)]
struct AccessRow {
    platform_id: i32,
    username: String,
    ha1_md5: Vec<u8>,
    ha1_sha256: Vec<u8>,
    coordinates: Coordinates,
}

impl AccessRow {
    fn into_access(self) -> sqlx::Result<Access> {
        let length = |_: Vec<u8>| sqlx::Error::Decode("a hash of another length".into());
        Ok(Access {
            platform_id: self.platform_id,
            username: self.username,
            ha1: Ha1 {
                md5: self.ha1_md5.try_into().map_err(length)?,
                sha256: self.ha1_sha256.try_into().map_err(length)?,
            },
            coordinates: self.coordinates,
        })
    }
}

/// By the name a device gives; of platforms whose right has not ended.
pub(super) async fn find_access(
    db: impl PgExecutor<'_>,
    username: &str,
) -> sqlx::Result<Option<Access>> {
    let row: Option<AccessRow> = sqlx::query_as(
        "select platform_id, username, ha1_md5, ha1_sha256, coordinates
         from viid_access join platform using (platform_id)
         where username = $1 and revoked_at is null",
    )
    .bind(username)
    .fetch_optional(db)
    .await?;
    row.map(AccessRow::into_access).transpose()
}

/// Holds a platform's credentials until the transaction ends. Outer `None`: no such platform has a right.
pub(super) async fn hold_access(
    tx: &mut PgConnection,
    platform_id: i32,
) -> sqlx::Result<Option<Option<Access>>> {
    let standing: Option<i32> = sqlx::query_scalar(
        "select platform_id from platform where platform_id = $1 and revoked_at is null
         for no key update",
    )
    .bind(platform_id)
    .fetch_optional(&mut *tx)
    .await?;
    if standing.is_none() {
        return Ok(None);
    }
    let row: Option<AccessRow> = sqlx::query_as(
        "select platform_id, username, ha1_md5, ha1_sha256, coordinates from viid_access
         where platform_id = $1",
    )
    .bind(platform_id)
    .fetch_optional(tx)
    .await?;
    Ok(Some(row.map(AccessRow::into_access).transpose()?))
}

/// A violated `viid_access_username_once` means the name is taken. `set_at`: none where the password
/// stays.
pub(super) async fn save_access(
    db: impl PgExecutor<'_>,
    access: &Access,
    set_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into viid_access (platform_id, username, ha1_md5, ha1_sha256, coordinates, set_at)
         values ($1, $2, $3, $4, $5,
             coalesce($6, (select set_at from viid_access where platform_id = $1)))
         on conflict (platform_id) do update set username = excluded.username,
             ha1_md5 = excluded.ha1_md5, ha1_sha256 = excluded.ha1_sha256,
             coordinates = excluded.coordinates, set_at = excluded.set_at",
    )
    .bind(access.platform_id)
    .bind(&access.username)
    .bind(access.ha1.md5.as_slice())
    .bind(access.ha1.sha256.as_slice())
    .bind(access.coordinates)
    .bind(set_at)
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn delete_access(db: impl PgExecutor<'_>, platform_id: i32) -> sqlx::Result<()> {
    sqlx::query("delete from viid_access where platform_id = $1")
        .bind(platform_id)
        .execute(db)
        .await?;
    Ok(())
}

/// Ends the registrations of a platform's devices: they have to register anew.
pub(super) async fn end_registrations(
    db: impl PgExecutor<'_>,
    platform_id: i32,
) -> sqlx::Result<()> {
    sqlx::query(
        "update viid_device set address = null, registered_at = null, alive_at = null
         where platform_id = $1",
    )
    .bind(platform_id)
    .execute(db)
    .await?;
    Ok(())
}

/// What people are shown of credentials.
#[derive(Debug, Serialize, FromRow, ToSchema)]
pub(super) struct AccessView {
    pub(super) platform_id: i32,
    pub(super) username: String,
    pub(super) coordinates: Coordinates,
    /// When the password was made.
    pub(super) set_at: DateTime<Utc>,
}

pub(super) async fn list_access(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<AccessView>> {
    sqlx::query_as(
        "select platform_id, username, coordinates, set_at
         from viid_access join platform using (platform_id) where revoked_at is null
         order by platform_id",
    )
    .fetch_all(db)
    .await
}

/// A device that is registered.
#[derive(Debug, Clone)]
pub(super) struct Registered {
    pub(super) device_id: DeviceId,
    pub(super) platform_id: i32,
    pub(super) coordinates: Coordinates,
    /// From where it registered.
    pub(super) address: String,
    pub(super) alive_at: DateTime<Utc>,
    /// It is a library that we subscribed to, and tells us something.
    pub(super) peer_id: Option<i32>,
}

/// A device that registered and did not leave, in the name of a platform that still may.
pub(super) async fn find_registered(
    db: impl PgExecutor<'_>,
    device_id: DeviceId,
) -> sqlx::Result<Option<Registered>> {
    let row: Option<(i32, Coordinates, String, DateTime<Utc>)> = sqlx::query_as(
        "select platform_id, coordinates, address, alive_at
         from viid_device join viid_access using (platform_id) join platform using (platform_id)
         where device_id = $1 and registered_at is not null and revoked_at is null",
    )
    .bind(device_id.as_str())
    .fetch_optional(db)
    .await?;
    Ok(
        row.map(|(platform_id, coordinates, address, alive_at)| Registered {
            device_id,
            platform_id,
            coordinates,
            address,
            alive_at,
            peer_id: None,
        }),
    )
}

/// Registers a device of a platform; `false`: it is another platform's.
pub(super) async fn register(
    db: impl PgExecutor<'_>,
    device_id: &DeviceId,
    platform_id: i32,
    address: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "insert into viid_device (device_id, platform_id, address, registered_at, alive_at)
         values ($1, $2, $3, $4, $4)
         on conflict (device_id) do update set address = excluded.address,
             registered_at = excluded.registered_at, alive_at = excluded.alive_at,
             platform_id = excluded.platform_id
         where viid_device.platform_id = excluded.platform_id or not exists (
             select from viid_access join platform using (platform_id)
             where viid_access.platform_id = viid_device.platform_id and revoked_at is null)",
    )
    .bind(device_id.as_str())
    .bind(platform_id)
    .bind(address)
    .bind(at)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// It is there.
pub(super) async fn keep_alive(
    db: impl PgExecutor<'_>,
    device_id: &DeviceId,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "update viid_device set alive_at = greatest(alive_at, $2)
         where device_id = $1 and registered_at is not null",
    )
    .bind(device_id.as_str())
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// It said goodbye.
pub(super) async fn unregister(db: impl PgExecutor<'_>, device_id: &DeviceId) -> sqlx::Result<()> {
    sqlx::query(
        "update viid_device set address = null, registered_at = null, alive_at = null
         where device_id = $1",
    )
    .bind(device_id.as_str())
    .execute(db)
    .await?;
    Ok(())
}

/// What came of pictures that a device sent.
pub(super) async fn count(
    db: impl PgExecutor<'_>,
    device_id: &DeviceId,
    taken: usize,
    refused: usize,
    last_refusal: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query(
        "update viid_device set taken = taken + $2, refused = refused + $3,
             last_refusal = coalesce($4, last_refusal)
         where device_id = $1",
    )
    .bind(device_id.as_str())
    .bind(i64::try_from(taken).unwrap_or(i64::MAX))
    .bind(i64::try_from(refused).unwrap_or(i64::MAX))
    .bind(last_refusal)
    .execute(db)
    .await?;
    Ok(())
}

/// A device as the list shows it.
#[derive(Debug, FromRow)]
pub(super) struct DeviceRow {
    pub(super) device_id: String,
    pub(super) platform_id: i32,
    pub(super) address: Option<String>,
    pub(super) registered_at: Option<DateTime<Utc>>,
    pub(super) alive_at: Option<DateTime<Utc>>,
    pub(super) taken: i64,
    pub(super) refused: i64,
    pub(super) last_refusal: Option<String>,
}

/// The devices after `after`, by their number.
pub(super) async fn list_devices(
    db: impl PgExecutor<'_>,
    after: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<DeviceRow>> {
    sqlx::query_as(
        "select device_id, platform_id, address, registered_at, alive_at, taken, refused,
             last_refusal
         from viid_device where device_id > coalesce($1, '') order by device_id limit $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// When devices were heard last; none: not registered.
pub(super) async fn heard(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Option<DateTime<Utc>>>> {
    sqlx::query_scalar("select alive_at from viid_device")
        .fetch_all(db)
        .await
}

/// Whose APE a camera was, though it may have been taken out.
pub(super) async fn ape_of(db: impl PgExecutor<'_>, camera_id: &str) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar(
        "select platform_id from viid_camera where camera_id = $1 and removed_at is not null",
    )
    .bind(camera_id)
    .fetch_optional(db)
    .await
}

/// How many cameras a platform has made known, with those it took out; nobody makes another known in its
/// name until the transaction ends.
pub(super) async fn count_apes(tx: &mut PgConnection, platform_id: i32) -> sqlx::Result<u32> {
    sqlx::query("select from platform where platform_id = $1 for no key update")
        .bind(platform_id)
        .execute(&mut *tx)
        .await?;
    let count: i64 = sqlx::query_scalar("select count(*) from viid_camera where platform_id = $1")
        .bind(platform_id)
        .fetch_one(tx)
        .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A platform has made a camera known.
pub(super) async fn save_ape(
    db: impl PgExecutor<'_>,
    camera_id: &str,
    platform_id: i32,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into viid_camera (camera_id, platform_id) values ($1, $2)
         on conflict (camera_id) do update set platform_id = excluded.platform_id,
             removed_at = null",
    )
    .bind(camera_id)
    .bind(platform_id)
    .execute(db)
    .await?;
    Ok(())
}

/// A platform took a camera out.
pub(super) async fn remove_ape(
    db: impl PgExecutor<'_>,
    camera_id: &str,
    platform_id: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into viid_camera (camera_id, platform_id, removed_at) values ($1, $2, $3)
         on conflict (camera_id) do update set platform_id = excluded.platform_id,
             removed_at = excluded.removed_at",
    )
    .bind(camera_id)
    .bind(platform_id)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}
