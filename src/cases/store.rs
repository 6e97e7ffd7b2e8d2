//! Cases in the database. Tables `city_case`, `case_evidence`, `case_event` are written only here.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgExecutor, Row};

use super::case::{CaseCell, CaseRow, PressingClock};
use super::confirm::Confirmed;
use super::detail::{CaseEvent, CaseLinks, Evidence, EvidenceImage, StoredCase};
use super::record::OpenCase;
use super::{Action, CaseId, Sighting};
use crate::camera::CameraId;
use crate::space::{GroundPoint, LocalFrame, LocalPoint, PixelBox};
use crate::territory::Unit;
use crate::vision::ModelRef;

/// First key of the advisory locks under which cases are filed; the second is the class.
const FILING_LOCK: i32 = 0x6361_7365;

/// Until the transaction ends nobody else files a case of these classes. Always taken in the same
/// order, so that two processes never wait for each other.
pub(super) async fn lock_classes(db: impl PgExecutor<'_>, classes: &[&str]) -> sqlx::Result<()> {
    sqlx::query(
        "select pg_advisory_xact_lock($1, key) from (
            select distinct hashtext(code) as key from unnest($2::text[]) as code order by key
        ) as keys",
    )
    .bind(FILING_LOCK)
    .bind(classes)
    .execute(db)
    .await?;
    Ok(())
}

/// The open case this is another sighting of; the pinned one before the near one.
pub(super) async fn find_same(
    db: impl PgExecutor<'_>,
    sighting: &Sighting,
) -> sqlx::Result<Option<OpenCase>> {
    let window = TimeDelta::seconds(i64::from(sighting.rule.join_window_s));
    let radius_m = sighting.join_radius_m();
    let point = sighting.fix.point;
    let corner = LocalFrame::at(point).ground_from_local(LocalPoint {
        east_m: radius_m,
        north_m: radius_m,
    });
    let row = sqlx::query(
        "select case_id, opened_at, first_seen_at, last_seen_at, kept.*, story.*
        from city_case c
        cross join lateral (
            select count(*)::integer as pictures, coalesce(max(confidence), 0) as confidence_max,
                max(captured_at) as newest_at
            from case_evidence e where e.case_id = c.case_id and not e.gone
        ) as kept
        cross join lateral (
            select max(at) as last_event_at,
                max(at) filter (where action in ('feed_back', 'finish_quick')) as reported_at
            from case_event v where v.case_id = c.case_id
        ) as story
        where class_code = $1 and ended_at is null
            and last_seen_at >= $2 and first_seen_at <= $3
            and (component_id = $4
                or (location && st_expand($5, $6, $7)
                    and st_dwithin(location::geography, $5::geography, $8)
                    and (component_id is null or $4 is null)))
        order by (component_id = $4) desc nulls last, location <-> $5
        limit 1",
    )
    .bind(sighting.class.as_str())
    .bind(sighting.captured_at - window)
    .bind(sighting.captured_at + window)
    .bind(sighting.component_id())
    .bind(point)
    .bind((corner.lon - point.lon).abs())
    .bind((corner.lat - point.lat).abs())
    .bind(radius_m)
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(OpenCase {
            id: row.try_get("case_id")?,
            opened_at: row.try_get("opened_at")?,
            first_seen_at: row.try_get("first_seen_at")?,
            last_seen_at: row.try_get("last_seen_at")?,
            pictures: row.try_get::<i32, _>("pictures")?.unsigned_abs(),
            confidence_max: row.try_get("confidence_max")?,
            last_event_at: row.try_get("last_event_at")?,
            newest_picture_at: row.try_get("newest_at")?,
            reported_at: row.try_get("reported_at")?,
        })
    })
    .transpose()
}

pub(super) async fn insert_case(
    db: impl PgExecutor<'_>,
    confirmed: &Confirmed,
    at: DateTime<Utc>,
) -> sqlx::Result<CaseId> {
    let sighting = &confirmed.sighting;
    let placement = &sighting.placement;
    sqlx::query_scalar(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
            bearing_deg, cell_id, component_id, unit_id, edition_id, because, camera_id,
            first_seen_at, last_seen_at, sighting_count, opened_at)
        values ($1, 'camera', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        returning case_id",
    )
    .bind(sighting.class.as_str())
    .bind(sighting.fix.point)
    .bind(sighting.fix.ellipse.semi_major_m)
    .bind(sighting.fix.ellipse.semi_minor_m)
    .bind(sighting.fix.ellipse.bearing_deg)
    .bind(placement.cell.id)
    .bind(sighting.component_id())
    .bind(placement.unit.as_ref().map(|unit| unit.id))
    .bind(placement.because.edition.id)
    .bind(Json(&placement.because))
    .bind(sighting.camera_id.as_str())
    .bind(confirmed.first_seen_at)
    .bind(sighting.captured_at)
    .bind(i32::from(confirmed.seen_in))
    .bind(at)
    .fetch_one(db)
    .await
}

/// Counts one more sighting; frames may come out of order.
pub(super) async fn touch_case(
    db: impl PgExecutor<'_>,
    case: CaseId,
    confirmed: &Confirmed,
) -> sqlx::Result<()> {
    sqlx::query(
        "update city_case set
            first_seen_at = least(first_seen_at, $2),
            last_seen_at = greatest(last_seen_at, $3),
            sighting_count = sighting_count + 1,
            version = version + 1
        where case_id = $1",
    )
    .bind(case)
    .bind(confirmed.first_seen_at)
    .bind(confirmed.sighting.captured_at)
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn insert_evidence(
    db: impl PgExecutor<'_>,
    case: CaseId,
    sighting: &Sighting,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "insert into case_evidence (case_id, frame_id, camera_id, captured_at,
            image_width_px, image_height_px, box_left, box_top, box_right, box_bottom, confidence,
            model_name, model_version, calibration_id, location)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        returning evidence_id",
    )
    .bind(case)
    .bind(sighting.frame_id)
    .bind(sighting.camera_id.as_str())
    .bind(sighting.captured_at)
    .bind(sighting.picture.width_px.cast_signed())
    .bind(sighting.picture.height_px.cast_signed())
    .bind(sighting.pixel_box.left)
    .bind(sighting.pixel_box.top)
    .bind(sighting.pixel_box.right)
    .bind(sighting.pixel_box.bottom)
    .bind(sighting.confidence)
    .bind(&sighting.model.name)
    .bind(&sighting.model.version)
    .bind(sighting.calibration_id)
    .bind(sighting.fix.point)
    .fetch_one(db)
    .await
}

pub(super) async fn insert_opened(
    db: impl PgExecutor<'_>,
    case: CaseId,
    confirmed: &Confirmed,
    evidence_id: i64,
    recurrence_of: Option<CaseId>,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let sighting = &confirmed.sighting;
    let detail = json!({
        "recurrence_of": recurrence_of,
        "frame_id": sighting.frame_id,
        "captured_at": sighting.captured_at,
        "confidence": sighting.confidence,
        "evidence_id": evidence_id,
        "seen_in": confirmed.seen_in,
        "of": sighting.rule.confirm_of,
    });
    insert_event(db, case, Action::Opened, &sighting.camera_id, at, detail).await
}

pub(super) async fn insert_seen_again(
    db: impl PgExecutor<'_>,
    case: CaseId,
    sighting: &Sighting,
    evidence_id: Option<i64>,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let detail = json!({
        "frame_id": sighting.frame_id,
        "captured_at": sighting.captured_at,
        "confidence": sighting.confidence,
        "evidence_id": evidence_id,
    });
    insert_event(db, case, Action::SeenAgain, &sighting.camera_id, at, detail).await
}

async fn insert_event(
    db: impl PgExecutor<'_>,
    case: CaseId,
    action: Action,
    camera: &CameraId,
    at: DateTime<Utc>,
    detail: serde_json::Value,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into case_event (case_id, action, at, actor, detail)
        values ($1, $2, $3, 'camera:' || $4, $5)",
    )
    .bind(case)
    .bind(action)
    .bind(at)
    .bind(camera.as_str())
    .bind(detail)
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn row(db: impl PgExecutor<'_>, case: CaseId) -> sqlx::Result<CaseRow> {
    sqlx::query_as("select * from case_row where case_id = $1")
        .bind(case)
        .fetch_one(db)
        .await
}

/// Those of `cases` that there are.
pub(crate) async fn rows(db: impl PgExecutor<'_>, cases: &[CaseId]) -> sqlx::Result<Vec<CaseRow>> {
    sqlx::query_as("select * from case_row where case_id = any ($1)")
        .bind(cases)
        .fetch_all(db)
        .await
}

pub(super) async fn find(
    db: impl PgExecutor<'_>,
    case: CaseId,
) -> sqlx::Result<Option<StoredCase>> {
    sqlx::query_as(
        "select r.*, c.semi_major_m, c.semi_minor_m, c.bearing_deg, c.because,
            c.route -> 'because' as route_because, t.classes as route_classes,
            t.place as route_place, e.edition_id, e.note as edition_note, e.published_at as edition_published_at,
            p.class_code as component_class, p.code as component_code, p.name as component_name,
            p.anchor as component_anchor
        from case_row r
        join city_case c using (case_id)
        join edition e using (edition_id)
        left join component p on p.component_id = c.component_id
        left join rule_route t on t.route_id = (c.route #>> '{because,route_id}')::bigint
        where r.case_id = $1",
    )
    .bind(case)
    .fetch_optional(db)
    .await
}

/// In the order they were taken.
pub(super) async fn evidence_of(
    db: impl PgExecutor<'_>,
    case: CaseId,
) -> sqlx::Result<Vec<Evidence>> {
    sqlx::query_as(
        "select e.*, k.version as calibration_version, case
                when w.evidence_id is not null then 'waiting'
                when image_sha256 is null then 'erased' when o.key_id is null then null
                when erased_at is null then 'kept' else 'erased' end as original
        from case_evidence e join calibration k using (calibration_id)
        left join evidence_picture using (evidence_id)
        left join evidence_waiting w using (evidence_id)
        left join picture_original o using (image_sha256) where case_id = $1 order by captured_at, evidence_id",
    )
    .bind(case)
    .fetch_all(db)
    .await
}

/// The newest `limit` entries, oldest of them first.
pub(super) async fn history_of(
    db: impl PgExecutor<'_>,
    case: CaseId,
    limit: u32,
) -> sqlx::Result<Vec<CaseEvent>> {
    sqlx::query_as(
        "select * from (
            select v.event_id, v.action, v.at, v.actor, v.role, v.reason, v.before, v.after,
                v.version, v.detail, v.person_id, person.name as person_name,
                u.unit_id, u.name_zh as unit_name_zh, u.name_en as unit_name_en
            from case_event v left join person using (person_id)
            cross join lateral (
                select coalesce(v.detail -> 'unit', v.detail -> 'ended_unit') as named
            ) as about
            left join unit u on u.unit_id
                = case when jsonb_typeof(named) = 'number' then named::integer end
            where case_id = $1 order by event_id desc limit $2
        ) as newest order by event_id",
    )
    .bind(case)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}

/// Cases that were merged into this one, and cases that recurred after it.
pub(super) async fn links_of(db: impl PgExecutor<'_>, case: CaseId) -> sqlx::Result<CaseLinks> {
    sqlx::query_as(
        "select array(select case_id from city_case where merged_into = $1 order by case_id)
                as merged,
            array(select case_id from city_case where recurrence_of = $1 order by case_id)
                as recurrences",
    )
    .bind(case)
    .fetch_one(db)
    .await
}

/// A text column of a validated form, as its type.
pub(super) fn parsed<T>(row: &PgRow, column: &str) -> sqlx::Result<T>
where
    T: TryFrom<String>,
    T::Error: std::error::Error + Send + Sync + 'static,
{
    T::try_from(row.try_get(column)?).map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(error),
    })
}

impl FromRow<'_, PgRow> for CaseRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let location: GroundPoint = row.try_get("location")?;
        let camera_id: Option<String> = row.try_get("camera_id")?;
        Ok(Self {
            id: row.try_get("case_id")?,
            class: parsed(row, "class_code")?,
            state: row.try_get("state")?,
            source: row.try_get("source")?,
            lon: location.lon,
            lat: location.lat,
            cell: CaseCell {
                id: row.try_get("cell_id")?,
                code: row.try_get("cell_code")?,
            },
            district_id: row.try_get("district_id")?,
            component_id: row.try_get("component_id")?,
            unit: unit(row, "unit_id", "unit_name_zh", "unit_name_en")?,
            handling_unit: unit(
                row,
                "handling_unit_id",
                "handling_unit_name_zh",
                "handling_unit_name_en",
            )?,
            camera_id: match camera_id {
                Some(_) => Some(parsed(row, "camera_id")?),
                None => None,
            },
            first_seen_at: row.try_get("first_seen_at")?,
            last_seen_at: row.try_get("last_seen_at")?,
            sighting_count: row.try_get("sighting_count")?,
            opened_at: row.try_get("opened_at")?,
            version: row.try_get("version")?,
            condition_id: row.try_get("condition_id")?,
            text: row.try_get("text")?,
            place_text: row.try_get("place_text")?,
            emergency: row.try_get("emergency")?,
            dispatch_level: row.try_get("dispatch_level")?,
            worker_id: row.try_get("worker_id")?,
            assignee_id: row.try_get("assignee_id")?,
            pending: row.try_get("pending")?,
            dispute_level: row.try_get("dispute_level")?,
            round: row.try_get("round")?,
            supervised: row.try_get("supervised")?,
            overdue: row.try_get("overdue")?,
            ended_at: row.try_get("ended_at")?,
            merged_into: row.try_get("merged_into")?,
            recurrence_of: row.try_get("recurrence_of")?,
            clock: pressing_clock(row)?,
            helper_unit_ids: row.try_get("helper_unit_ids")?,
            reported_by: row.try_get("reported_by")?,
        })
    }
}

pub(super) fn unit(
    row: &PgRow,
    id: &str,
    name_zh: &str,
    name_en: &str,
) -> sqlx::Result<Option<Unit>> {
    let Some(id) = row.try_get(id)? else {
        return Ok(None);
    };
    Ok(Some(Unit {
        id,
        name_zh: row.try_get(name_zh)?,
        name_en: row.try_get(name_en)?,
    }))
}

fn pressing_clock(row: &PgRow) -> sqlx::Result<Option<PressingClock>> {
    let Some(stage) = row.try_get("clock_stage")? else {
        return Ok(None);
    };
    let due_at: Option<DateTime<Utc>> = row.try_get("due_at")?;
    Ok(Some(PressingClock {
        stage,
        due_at,
        warn_at: row.try_get("warn_at")?,
        paused: due_at.is_none(),
    }))
}

impl FromRow<'_, PgRow> for Evidence {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let location: GroundPoint = row.try_get("location")?;
        let id: i64 = row.try_get("evidence_id")?;
        Ok(Self {
            id,
            frame_id: row.try_get("frame_id")?,
            camera_id: parsed(row, "camera_id")?,
            captured_at: row.try_get("captured_at")?,
            image: EvidenceImage {
                width: row.try_get("image_width_px")?,
                height: row.try_get("image_height_px")?,
                url: format!("/api/v1/evidence/{id}/image"),
            },
            original: row.try_get("original")?,
            pixel_box: PixelBox {
                left: row.try_get("box_left")?,
                top: row.try_get("box_top")?,
                right: row.try_get("box_right")?,
                bottom: row.try_get("box_bottom")?,
            },
            confidence: row.try_get("confidence")?,
            gone: row.try_get("gone")?,
            model: ModelRef {
                name: row.try_get("model_name")?,
                version: row.try_get("model_version")?,
            },
            calibration_version: row.try_get("calibration_version")?,
            lon: location.lon,
            lat: location.lat,
        })
    }
}
