//! Sessions of snapshots in the database.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgExecutor, PgPool};

use super::SnapshotFileId;

/// How long a session is kept after its URL has expired.
const KEPT: TimeDelta = TimeDelta::days(7);

/// Who asked for snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Platform(i32),
    Administrator(i32),
}

impl Owner {
    fn ids(self) -> (Option<i32>, Option<i32>) {
        match self {
            Self::Platform(id) => (Some(id), None),
            Self::Administrator(id) => (None, Some(id)),
        }
    }
}

#[derive(Debug, Clone, FromRow)]
pub(super) struct Session {
    pub(super) session_id: String,
    pub(super) platform_id: Option<i32>,
    pub(super) camera_ids: Vec<String>,
    pub(super) snap_num: i32,
    pub(super) interval_s: i32,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) finished_at: Option<DateTime<Utc>>,
    pub(super) announced: Vec<String>,
}

/// A picture that came.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Picture {
    pub(super) file_id: String,
    pub(super) camera_id: String,
    pub(super) received_at: DateTime<Utc>,
    /// None: taken.
    pub(super) refusal: Option<String>,
}

pub(super) async fn insert(
    db: impl PgExecutor<'_>,
    session: &Session,
    owner: Owner,
) -> sqlx::Result<()> {
    let (platform_id, person_id) = owner.ids();
    sqlx::query(
        "insert into snapshot_session (session_id, platform_id, person_id, camera_ids, snap_num,
             interval_s, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&session.session_id)
    .bind(platform_id)
    .bind(person_id)
    .bind(&session.camera_ids)
    .bind(session.snap_num)
    .bind(session.interval_s)
    .bind(session.created_at)
    .bind(session.expires_at)
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn find(
    db: impl PgExecutor<'_>,
    session_id: &str,
) -> sqlx::Result<Option<Session>> {
    sqlx::query_as(
        "select session_id, platform_id, camera_ids, snap_num, interval_s, created_at, expires_at,
             finished_at, announced
         from snapshot_session where session_id = $1",
    )
    .bind(session_id)
    .fetch_optional(db)
    .await
}

/// The newest sessions.
pub(super) async fn list(db: impl PgExecutor<'_>, limit: i64) -> sqlx::Result<Vec<Session>> {
    sqlx::query_as(
        "select session_id, platform_id, camera_ids, snap_num, interval_s, created_at, expires_at,
             finished_at, announced
         from snapshot_session order by created_at desc, session_id limit $1",
    )
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Whether the platform may still speak to us.
pub(super) async fn is_platform_current(
    db: impl PgExecutor<'_>,
    platform_id: i32,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (select from platform where platform_id = $1 and revoked_at is null)",
    )
    .bind(platform_id)
    .fetch_one(db)
    .await
}

/// Lets nobody else note pictures of this session until the transaction ends.
pub(super) async fn hold(db: impl PgExecutor<'_>, session_id: &str) -> sqlx::Result<()> {
    sqlx::query("select from snapshot_session where session_id = $1 for update")
        .bind(session_id)
        .execute(db)
        .await?;
    Ok(())
}

/// What came, in its order.
pub(super) async fn pictures(
    db: impl PgExecutor<'_>,
    session_id: &str,
) -> sqlx::Result<Vec<Picture>> {
    sqlx::query_as(
        "select file_id, camera_id, received_at, refusal from snapshot_picture
         where session_id = $1 order by received_at, file_id",
    )
    .bind(session_id)
    .fetch_all(db)
    .await
}

/// Notes what came of a picture; one that was refused may come again.
pub(super) async fn note(
    db: impl PgExecutor<'_>,
    session_id: &str,
    picture: &Picture,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into snapshot_picture (session_id, file_id, camera_id, received_at, refusal)
         values ($1, $2, $3, $4, $5)
         on conflict (session_id, file_id) do update set received_at = excluded.received_at,
             refusal = excluded.refusal
         where snapshot_picture.refusal is not null",
    )
    .bind(session_id)
    .bind(&picture.file_id)
    .bind(&picture.camera_id)
    .bind(picture.received_at)
    .bind(&picture.refusal)
    .execute(db)
    .await?;
    Ok(())
}

/// The device has said what it sent; `false`: it had before.
pub(super) async fn finish(
    db: impl PgExecutor<'_>,
    session_id: &str,
    announced: &[SnapshotFileId],
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let announced: Vec<&str> = announced.iter().map(SnapshotFileId::as_str).collect();
    let done = sqlx::query(
        "update snapshot_session set finished_at = $2, announced = $3
         where session_id = $1 and finished_at is null",
    )
    .bind(session_id)
    .bind(at)
    .bind(announced)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets sessions that are over for long; returns how many.
pub async fn sweep(db: &PgPool, at: DateTime<Utc>) -> sqlx::Result<u64> {
    let gone = sqlx::query("delete from snapshot_session where expires_at < $1")
        .bind(at - KEPT)
        .execute(db)
        .await?;
    Ok(gone.rows_affected())
}
