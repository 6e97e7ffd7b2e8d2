//! Tables `camera_condition_period`, `camera_view` and `camera_heard`.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgExecutor, PgPool};

use super::watch::{CalibratedView, Unwritten};
use super::{Condition, View};
use crate::camera::CameraId;

/// What is known of all cameras.
pub(super) struct Kept {
    pub(super) conditions: Vec<(CameraId, Condition, DateTime<Utc>)>,
    pub(super) views: Vec<(CameraId, CalibratedView)>,
    pub(super) heard: Vec<Heard>,
}

/// That a camera was heard, in any process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) camera: CameraId,
    /// Last.
    pub(super) at: DateTime<Utc>,
    /// The usual pause between two of its frames, where it is known.
    pub(super) usual: Option<TimeDelta>,
}

/// What a condition of a camera is now.
pub(super) struct ConditionRow {
    pub(super) camera: CameraId,
    pub(super) condition: Condition,
    /// `None`: it is not so any more.
    pub(super) since: Option<DateTime<Utc>>,
    /// When that was noticed.
    pub(super) at: DateTime<Utc>,
}

pub(super) async fn read(db: &PgPool) -> sqlx::Result<Kept> {
    let conditions: Vec<(String, Condition, DateTime<Utc>)> = sqlx::query_as(
        "select camera_id, condition, since from camera_condition_period where until is null",
    )
    .fetch_all(db)
    .await?;
    let conditions = conditions
        .into_iter()
        .filter_map(|(camera, condition, since)| {
            Some((CameraId::try_from(camera).ok()?, condition, since))
        });
    Ok(Kept {
        conditions: conditions.collect(),
        views: read_views(db, None).await?,
        heard: read_heard(db).await?,
    })
}

/// Of all cameras, or of these.
async fn read_views(
    db: impl PgExecutor<'_>,
    of: Option<&[&str]>,
) -> sqlx::Result<Vec<(CameraId, CalibratedView)>> {
    let views: Vec<(String, i32, DateTime<Utc>, Vec<u8>)> = sqlx::query_as(
        "select camera_id, calibration_id, taken_at, features from camera_view
         where $1::text[] is null or camera_id = any($1)",
    )
    .bind(of)
    .fetch_all(db)
    .await?;
    let views = views.into_iter();
    let views = views.filter_map(|(camera, calibration_id, taken_at, features)| {
        let view = CalibratedView {
            calibration_id,
            taken_at,
            view: Arc::new(View::from_bytes(&features)?),
        };
        Some((CameraId::try_from(camera).ok()?, view))
    });
    Ok(views.collect())
}

pub(super) async fn read_heard(db: &PgPool) -> sqlx::Result<Vec<Heard>> {
    let heard: Vec<(String, DateTime<Utc>, Option<i32>)> =
        sqlx::query_as("select camera_id, heard_at, usual_s from camera_heard")
            .fetch_all(db)
            .await?;
    let heard = heard.into_iter().filter_map(|(camera, at, usual_s)| {
        Some(Heard {
            camera: CameraId::try_from(camera).ok()?,
            at,
            usual: usual_s.map(|seconds| TimeDelta::seconds(seconds.into())),
        })
    });
    Ok(heard.collect())
}

/// Writes what has changed, all of it or nothing. Of a calibration the first view that any process
/// took stands: returns those that stand, of the cameras whose view was to be written.
pub(super) async fn write(
    db: &PgPool,
    conditions: &[ConditionRow],
    unwritten: &Unwritten,
) -> sqlx::Result<Vec<(CameraId, CalibratedView)>> {
    if conditions.is_empty() && unwritten.views.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = db.begin().await?;
    let cameras: Vec<&str> = conditions.iter().map(|row| row.camera.as_str()).collect();
    let which: Vec<Condition> = conditions.iter().map(|row| row.condition).collect();
    let since: Vec<Option<DateTime<Utc>>> = conditions.iter().map(|row| row.since).collect();
    let at: Vec<DateTime<Utc>> = conditions.iter().map(|row| row.at).collect();
    sqlx::query(
        "update camera_condition_period p set until = greatest(p.since, now.at)
         from unnest($1::text[], $2::camera_condition[], $3::timestamptz[], $4::timestamptz[])
             as now (camera_id, condition, since, at)
         where p.until is null and p.camera_id = now.camera_id and p.condition = now.condition
             and p.since is distinct from now.since",
    )
    .bind(&cameras)
    .bind(&which)
    .bind(&since)
    .bind(&at)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into camera_condition_period (camera_id, condition, since)
         select camera_id, condition, since
         from unnest($1::text[], $2::camera_condition[], $3::timestamptz[])
             as now (camera_id, condition, since)
         join camera using (camera_id) where since is not null
         on conflict do nothing",
    )
    .bind(&cameras)
    .bind(&which)
    .bind(&since)
    .execute(&mut *tx)
    .await?;
    for (camera, view) in &unwritten.views {
        sqlx::query(
            "insert into camera_view (camera_id, calibration_id, taken_at, features)
             values ($1, $2, $3, $4)
             on conflict (camera_id) do update set calibration_id = excluded.calibration_id,
                 taken_at = excluded.taken_at, features = excluded.features
             where camera_view.calibration_id <> excluded.calibration_id",
        )
        .bind(camera.as_str())
        .bind(view.calibration_id)
        .bind(view.taken_at)
        .bind(view.view.to_bytes())
        .execute(&mut *tx)
        .await?;
    }
    let written: Vec<&str> = unwritten.views.keys().map(CameraId::as_str).collect();
    let standing = read_views(&mut *tx, Some(&written)).await?;
    tx.commit().await?;
    Ok(standing)
}

/// Says when cameras were heard of, and learns what other processes heard.
pub(super) async fn exchange_heard(db: &PgPool, heard: &[Heard]) -> sqlx::Result<Vec<Heard>> {
    let cameras: Vec<&str> = heard.iter().map(|heard| heard.camera.as_str()).collect();
    let at: Vec<DateTime<Utc>> = heard.iter().map(|heard| heard.at).collect();
    let seconds = |usual: TimeDelta| i32::try_from(usual.num_seconds()).ok();
    let usual: Vec<Option<i32>> = { heard.iter() }
        .map(|heard| heard.usual.and_then(seconds))
        .collect();
    // in one order, so that two processes do not wait for each other
    sqlx::query(
        "insert into camera_heard as known (camera_id, heard_at, usual_s)
         select camera_id, heard_at, usual_s
         from unnest($1::text[], $2::timestamptz[], $3::integer[]) as now (camera_id, heard_at, usual_s)
         join camera using (camera_id) order by camera_id
         on conflict (camera_id) do update set heard_at = excluded.heard_at,
             usual_s = coalesce(excluded.usual_s, known.usual_s)
         where known.heard_at < excluded.heard_at",
    )
    .bind(cameras)
    .bind(at)
    .bind(usual)
    .execute(db)
    .await?;
    read_heard(db).await
}

/// Forgets what ended longer than `after` ago.
pub(super) async fn forget(db: &PgPool, now: DateTime<Utc>, after: TimeDelta) -> sqlx::Result<u64> {
    let gone = sqlx::query("delete from camera_condition_period where until < $1")
        .bind(now - after)
        .execute(db)
        .await?;
    Ok(gone.rows_affected())
}
