//! Notes of departures, and the open cases that cameras look for.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{FromRow, PgConnection, PgExecutor};

use super::Departed;
use crate::camera::CameraId;
use crate::cases::{Action, CaseId};
use crate::catalogue::ClassCode;
use crate::space::PixelBox;

/// Things looked for after a start.
const WATCHED_MAX: i64 = 100_000;

/// What an open case is about, where a camera saw it last.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    pub case: CaseId,
    pub camera: CameraId,
    pub class: ClassCode,
    pub pixel_box: PixelBox,
}

#[derive(FromRow)]
struct WatchedRow {
    case_id: CaseId,
    #[sqlx(try_from = "String")]
    camera_id: CameraId,
    class_code: ClassCode,
    box_left: f32,
    box_top: f32,
    box_right: f32,
    box_bottom: f32,
}

/// Of every open case that a camera saw and has not seen go since.
pub async fn watched(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Watched>> {
    let rows: Vec<WatchedRow> = sqlx::query_as(
        "select distinct on (e.case_id, e.camera_id) e.case_id, e.camera_id, c.class_code,
             box_left, box_top, box_right, box_bottom
         from city_case c join case_evidence e using (case_id)
         where c.ended_at is null and not e.gone and not exists (
             select from case_evidence g where g.case_id = c.case_id and g.camera_id = e.camera_id
                 and g.gone and g.captured_at > c.last_seen_at)
         order by e.case_id, e.camera_id, e.captured_at desc
         limit $1",
    )
    .bind(WATCHED_MAX)
    .fetch_all(db)
    .await?;
    let watched = rows.into_iter().map(|row| Watched {
        case: row.case_id,
        camera: row.camera_id,
        class: row.class_code,
        pixel_box: PixelBox {
            left: row.box_left,
            top: row.box_top,
            right: row.box_right,
            bottom: row.box_bottom,
        },
    });
    Ok(watched.collect())
}

/// Counts a change of an open case; `false`: it has ended.
pub(super) async fn touch(tx: &mut PgConnection, case: CaseId) -> sqlx::Result<bool> {
    let touched = sqlx::query(
        "update city_case set version = version + 1 where case_id = $1 and ended_at is null",
    )
    .bind(case)
    .execute(tx)
    .await?;
    Ok(touched.rows_affected() == 1)
}

/// Whether this camera has told so since the case was seen last, in whatever process.
pub(super) async fn is_told(tx: &mut PgConnection, departed: &Departed) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (select from case_evidence g join city_case c using (case_id)
             where case_id = $1 and g.camera_id = $2 and g.gone and g.captured_at > c.last_seen_at)",
    )
    .bind(departed.case)
    .bind(departed.camera.as_str())
    .fetch_one(tx)
    .await
}

/// Pictures of a case without the thing.
pub(super) async fn pictures(tx: &mut PgConnection, case: CaseId) -> sqlx::Result<i64> {
    sqlx::query_scalar("select count(*) from case_evidence where case_id = $1 and gone")
        .bind(case)
        .fetch_one(tx)
        .await
}

/// The picture without it; what it is without, and where, its last picture says. `None`: this
/// camera has none of it.
pub(super) async fn insert_evidence(
    tx: &mut PgConnection,
    departed: &Departed,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(
        "insert into case_evidence (case_id, frame_id, camera_id, captured_at,
             image_width_px, image_height_px, box_left, box_top, box_right, box_bottom, confidence,
             model_name, model_version, calibration_id, location, gone)
         select case_id, $3, camera_id, $4, $5, $6, $7, $8, $9, $10, 0, model_name,
             model_version, calibration_id, location, true
         from case_evidence where case_id = $1 and camera_id = $2 and not gone
         order by captured_at desc limit 1
         returning evidence_id",
    )
    .bind(departed.case)
    .bind(departed.camera.as_str())
    .bind(departed.frame)
    .bind(departed.captured_at)
    .bind(departed.picture.width_px.cast_signed())
    .bind(departed.picture.height_px.cast_signed())
    .bind(departed.pixel_box.left)
    .bind(departed.pixel_box.top)
    .bind(departed.pixel_box.right)
    .bind(departed.pixel_box.bottom)
    .fetch_optional(tx)
    .await
}

pub(super) async fn insert_event(
    tx: &mut PgConnection,
    departed: &Departed,
    evidence_id: Option<i64>,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let detail = json!({
        "frame_id": departed.frame,
        "captured_at": departed.captured_at,
        "evidence_id": evidence_id,
        "since": departed.since,
        "looks": departed.looks,
    });
    sqlx::query(
        "insert into case_event (case_id, action, at, actor, detail)
         values ($1, $2, $3, 'camera:' || $4, $5)",
    )
    .bind(departed.case)
    .bind(Action::SeenGone)
    .bind(at)
    .bind(departed.camera.as_str())
    .bind(detail)
    .execute(tx)
    .await?;
    Ok(())
}
