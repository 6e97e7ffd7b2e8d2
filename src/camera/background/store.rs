//! Table `camera_background`.

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};

use super::{Origin, Reference, Still};
use crate::camera::CameraId;

#[derive(sqlx::FromRow)]
struct ReferenceRow {
    #[sqlx(try_from = "String")]
    camera_id: CameraId,
    calibration_id: i32,
    picture: Vec<u8>,
    origin: Origin,
    set_at: DateTime<Utc>,
    followed_at: DateTime<Utc>,
}

impl ReferenceRow {
    fn into_reference(self) -> Option<(CameraId, (i32, Reference))> {
        let reference = Reference {
            still: Still::new(self.picture)?,
            origin: self.origin,
            set_at: self.set_at,
            followed_at: self.followed_at,
        };
        Some((self.camera_id, (self.calibration_id, reference)))
    }
}

/// The references of at most this many cameras, those that followed last.
pub(super) async fn read(
    db: &PgPool,
    cameras_max: usize,
) -> sqlx::Result<Vec<(CameraId, (i32, Reference))>> {
    let rows: Vec<ReferenceRow> = sqlx::query_as(
        "select camera_id, calibration_id, picture, origin, set_at, followed_at
         from camera_background order by followed_at desc limit $1",
    )
    .bind(i64::try_from(cameras_max).unwrap_or(i64::MAX))
    .fetch_all(db)
    .await?;
    let rows = rows.into_iter();
    Ok(rows.filter_map(ReferenceRow::into_reference).collect())
}

/// Those that a person has set since.
pub(super) async fn set_since(
    db: &PgPool,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<(CameraId, (i32, Reference))>> {
    let rows: Vec<ReferenceRow> = sqlx::query_as(
        "select camera_id, calibration_id, picture, origin, set_at, followed_at
         from camera_background where origin = 'person' and set_at > $1",
    )
    .bind(since)
    .fetch_all(db)
    .await?;
    let rows = rows.into_iter();
    Ok(rows.filter_map(ReferenceRow::into_reference).collect())
}

/// Keeps a reference unless a newer one of its calibration was set meanwhile. A camera or a
/// calibration that is gone has none.
pub(in crate::camera) async fn write(
    db: impl PgExecutor<'_>,
    camera: &CameraId,
    calibration_id: i32,
    reference: &Reference,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into camera_background as known
             (camera_id, calibration_id, picture, origin, set_at, followed_at)
         select camera_id, calibration_id, $3, $4, $5, $6
         from calibration where camera_id = $1 and calibration_id = $2
         on conflict (camera_id) do update set calibration_id = excluded.calibration_id,
             picture = excluded.picture, origin = excluded.origin, set_at = excluded.set_at,
             followed_at = excluded.followed_at
         where known.set_at <= excluded.set_at or known.calibration_id < excluded.calibration_id",
    )
    .bind(camera.as_str())
    .bind(calibration_id)
    .bind(reference.still.bytes())
    .bind(reference.origin)
    .bind(reference.set_at)
    .bind(reference.followed_at)
    .execute(db)
    .await?;
    Ok(())
}
