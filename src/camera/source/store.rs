//! Sources and who pulls them, in the database.

use std::time::Duration;

use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use super::{PullState, SourceKind};
use crate::camera::CameraId;

/// A source as it is stored.
#[derive(Debug, Clone, FromRow)]
pub(in crate::camera) struct SourceRow {
    pub(in crate::camera) version: i64,
    pub(in crate::camera) kind: SourceKind,
    pub(in crate::camera) url: String,
    pub(in crate::camera) login: Option<String>,
    pub(in crate::camera) password_sealed: Option<Vec<u8>>,
    pub(in crate::camera) period_s: f64,
    /// As the process that pulls it wrote it down; of this version.
    #[sqlx(json(nullable))]
    pub(in crate::camera) state: Option<PullState>,
}

/// A source as somebody wants it.
pub(in crate::camera) struct NewSource<'a> {
    pub(in crate::camera) kind: SourceKind,
    pub(in crate::camera) url: &'a str,
    pub(in crate::camera) login: Option<&'a str>,
    pub(in crate::camera) password_sealed: Option<&'a [u8]>,
    pub(in crate::camera) period_s: f64,
}

pub(in crate::camera) async fn find(
    db: &mut PgConnection,
    camera: &CameraId,
) -> sqlx::Result<Option<SourceRow>> {
    sqlx::query_as(
        "select s.version, kind, url, login, password_sealed, period_s, state
         from camera_source s left join camera_pull p
             on p.camera_id = s.camera_id and p.version = s.version
         where s.camera_id = $1",
    )
    .bind(camera.as_str())
    .fetch_optional(db)
    .await
}

/// Sets or replaces a camera's source.
pub(in crate::camera) async fn save(
    db: &mut PgConnection,
    camera: &CameraId,
    new: &NewSource<'_>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into camera_source (camera_id, kind, url, login, password_sealed, period_s)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (camera_id) do update set version = default, kind = excluded.kind,
             url = excluded.url, login = excluded.login,
             password_sealed = excluded.password_sealed, period_s = excluded.period_s",
    )
    .bind(camera.as_str())
    .bind(new.kind)
    .bind(new.url)
    .bind(new.login)
    .bind(new.password_sealed)
    .bind(new.period_s)
    .execute(db)
    .await?;
    Ok(())
}

/// Whether there was one.
pub(in crate::camera) async fn remove(
    db: &mut PgConnection,
    camera: &CameraId,
) -> sqlx::Result<bool> {
    let removed = sqlx::query("delete from camera_source where camera_id = $1")
        .bind(camera.as_str())
        .execute(db)
        .await?;
    Ok(removed.rows_affected() > 0)
}

/// A camera this process pulls until its lease ends.
#[derive(Debug, FromRow)]
pub(super) struct Claimed {
    #[sqlx(rename = "camera_id", try_from = "String")]
    pub(super) id: CameraId,
    pub(super) version: i64,
    pub(super) kind: SourceKind,
    pub(super) url: String,
    pub(super) login: Option<String>,
    pub(super) password_sealed: Option<Vec<u8>>,
    pub(super) period_s: f64,
    pub(super) state_version: Option<i64>,
    #[sqlx(json(nullable))]
    pub(super) state: Option<PullState>,
}

/// Renews the leases of `me` and takes free ones, up to `limit` cameras. The database's clock
/// counts, which all processes share.
pub(super) async fn claim(
    db: &PgPool,
    me: Uuid,
    lease: Duration,
    limit: u32,
) -> sqlx::Result<Vec<Claimed>> {
    sqlx::query_as(
        "with free as (
             select camera_id from camera_source left join camera_pull p using (camera_id)
             where p.camera_id is null or p.puller = $1 or p.leased_until < now()
             order by p.puller = $1 desc nulls last, camera_id limit $3),
         held as (
             insert into camera_pull as p (camera_id, puller, leased_until)
             select camera_id, $1, now() + make_interval(secs => $2) from free
             on conflict (camera_id) do update set puller = excluded.puller,
                 leased_until = excluded.leased_until
             where p.puller = $1 or p.leased_until < now()
             returning camera_id, version as state_version, state)
         select camera_id, s.version, kind, url, login, password_sealed, period_s, state_version,
             state
         from held join camera_source s using (camera_id)",
    )
    .bind(me)
    .bind(lease.as_secs_f64())
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}

/// Writes down how cameras stand that are this process's.
pub(super) async fn note(
    db: &PgPool,
    me: Uuid,
    states: &[(CameraId, i64, PullState)],
) -> sqlx::Result<()> {
    if states.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = states.iter().map(|(id, ..)| id.as_str()).collect();
    let versions: Vec<i64> = states.iter().map(|(_, version, _)| *version).collect();
    let states: Vec<Json<&PullState>> = states.iter().map(|(.., state)| Json(state)).collect();
    sqlx::query(
        "update camera_pull p set version = n.version, state = n.state
         from unnest($2::text[], $3::bigint[], $4::jsonb[]) as n (camera_id, version, state)
         where p.camera_id = n.camera_id and p.puller = $1",
    )
    .bind(me)
    .bind(ids)
    .bind(versions)
    .bind(states)
    .execute(db)
    .await?;
    Ok(())
}

/// Writes down how cameras stand and lets go of them.
pub(super) async fn release(
    db: &PgPool,
    me: Uuid,
    states: &[(CameraId, i64, PullState)],
) -> sqlx::Result<()> {
    note(db, me, states).await?;
    sqlx::query("update camera_pull set leased_until = '-infinity' where puller = $1")
        .bind(me)
        .execute(db)
        .await?;
    Ok(())
}
