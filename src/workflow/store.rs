//! A case with all that its rules look at, in one query; what becomes of it, in one statement.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgExecutor, Row};

use super::case::{
    CaseClock, DistrictMode, Facts, LastEvent, WorkCase, WorkPerson, WorkPicture, WorkUnit,
};
use crate::access::Role;
use crate::cases::attachment::AttachmentKind;
use crate::cases::{Action, CaseId, CaseRow, CaseState};
use crate::clock::{CalendarKind, Pause, Stage};
use crate::space::GroundPoint;
use crate::territory::Placement;

/// Which case to load, and what beside it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Ask<'a> {
    #[serde(rename = "of_case")]
    pub(super) case: CaseId,
    #[serde(rename = "moment")]
    pub(super) now: DateTime<Utc>,
    /// Who asks; `None`: who the transaction says, or the city itself.
    pub(super) acting: Option<i32>,
    #[serde(rename = "unit_ids")]
    pub(super) units: Vec<i32>,
    #[serde(rename = "person_ids")]
    pub(super) people: Vec<i32>,
    #[serde(rename = "picture_ids")]
    pub(super) pictures: &'a [i64],
    #[serde(rename = "other_case")]
    pub(super) other: Option<CaseId>,
    /// Roles of which somebody is to be drawn; empty: nobody.
    pub(super) site_roles: &'a [Role],
    /// Whether the last event's `before` is looked at.
    #[serde(rename = "with_before")]
    pub(super) undo: bool,
    /// Of the request.
    #[serde(rename = "request_key")]
    pub(super) key: Option<&'a str>,
}

impl Ask<'_> {
    /// The case alone, as the transaction may see it.
    pub(super) fn of(case: CaseId, now: DateTime<Utc>) -> Self {
        Self {
            case,
            now,
            acting: None,
            units: Vec::new(),
            people: Vec::new(),
            pictures: &[],
            other: None,
            site_roles: &[],
            undo: false,
            key: None,
        }
    }
}

/// A request that was answered before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Answered {
    /// Hexadecimal, as the database writes bytes: `\x…`.
    pub(super) request_sha256: String,
    pub(super) event_id: i64,
    pub(super) at: DateTime<Utc>,
}

/// A case as the rules see it, and whether the request was answered before.
pub(super) struct Loaded {
    pub(super) case: WorkCase,
    pub(super) answered: Option<Answered>,
}

/// One case; `None`: there is no such case within the reach of whoever asks.
pub(super) async fn load(db: impl PgExecutor<'_>, ask: &Ask<'_>) -> sqlx::Result<Option<Loaded>> {
    let mut loaded = load_all(db, std::slice::from_ref(ask)).await?;
    Ok(loaded.pop().flatten())
}

/// For each of `asks` what [`load`] answers.
pub(super) async fn load_all(
    db: impl PgExecutor<'_>,
    asks: &[Ask<'_>],
) -> sqlx::Result<Vec<Option<Loaded>>> {
    let rows = sqlx::query(
        "select place, (c).*, cell_code, district_mode, district_centre_id, area_ids, clocks,
            units, people, pictures, site_people, last, other_state, answered
        from cityward_load_cases($1)",
    )
    .bind(Json(asks))
    .fetch_all(db)
    .await?;
    in_order(asks.len(), &rows, |row| Loaded::from_row(row))
}

/// The rows at their places.
fn in_order<T>(
    count: usize,
    rows: &[PgRow],
    read: impl Fn(&PgRow) -> sqlx::Result<T>,
) -> sqlx::Result<Vec<Option<T>>> {
    let mut all: Vec<Option<T>> = std::iter::repeat_with(|| None).take(count).collect();
    for row in rows {
        let place: i32 = row.try_get("place")?;
        let place = usize::try_from(place).ok().and_then(|n| all.get_mut(n));
        *place.ok_or(sqlx::Error::RowNotFound)? = Some(read(row)?);
    }
    Ok(all)
}

impl FromRow<'_, PgRow> for Loaded {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let answered: Option<Json<Answered>> = row.try_get("answered")?;
        Ok(Self {
            case: WorkCase::from_row(row)?,
            answered: answered.map(|Json(answered)| answered),
        })
    }
}

impl FromRow<'_, PgRow> for WorkCase {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let mode: String = row.try_get("district_mode")?;
        let Json(clocks): Json<Vec<CaseClock>> = row.try_get("clocks")?;
        let Json(units): Json<Vec<WorkUnit>> = row.try_get("units")?;
        let Json(people): Json<Vec<WorkPerson>> = row.try_get("people")?;
        let Json(pictures): Json<Vec<WorkPicture>> = row.try_get("pictures")?;
        let last: Option<Json<LastEvent>> = row.try_get("last")?;
        let place: GroundPoint = row.try_get("location")?;
        let other_state: Option<CaseState> = row.try_get("other_state")?;
        Ok(Self {
            id: row.try_get("case_id")?,
            version: row.try_get("version")?,
            acted_version: row.try_get("acted_version")?,
            written_version: row.try_get("written_version")?,
            source: row.try_get("source")?,
            place,
            cell_id: row.try_get("cell_id")?,
            cell_code: row.try_get("cell_code")?,
            component_id: row.try_get("component_id")?,
            district_id: row.try_get("district_id")?,
            district_mode: match mode.as_str() {
                "own_system" => DistrictMode::OwnSystem,
                _ => DistrictMode::Shared,
            },
            district_centre_id: row.try_get("district_centre_id")?,
            area_ids: row.try_get("area_ids")?,
            opened_at: row.try_get("opened_at")?,
            facts: Facts::from_row(row)?,
            clocks,
            units,
            people,
            pictures,
            site_people: row.try_get("site_people")?,
            other_state,
            last: last.map(|Json(last)| last),
        })
    }
}

/// A clock as it is written: what follows from it stands beside it for queues and timers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ClockRow {
    pub(super) clock_id: Option<i64>,
    pub(super) stage: Stage,
    pub(super) round: i16,
    pub(super) calendar: CalendarKind,
    pub(super) limit_s: i64,
    pub(super) started_at: DateTime<Utc>,
    pub(super) stopped_at: Option<DateTime<Utc>>,
    pub(super) pauses: Vec<Pause>,
    pub(super) due_at: Option<DateTime<Utc>>,
    pub(super) next_alarm_at: Option<DateTime<Utc>>,
}

/// What becomes of a case, as it is written.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Entry<'a> {
    #[serde(rename = "of_case")]
    pub(super) case: CaseId,
    /// The version the decision was made on.
    #[serde(rename = "seen_version")]
    pub(super) written_version: i32,
    /// Columns that change, with their new values.
    pub(super) after: Value,
    pub(super) before: Value,
    #[serde(rename = "turned")]
    pub(super) changed_clocks: Vec<ClockRow>,
    #[serde(rename = "started")]
    pub(super) new_clocks: Vec<ClockRow>,
    #[serde(rename = "gone")]
    pub(super) gone_clocks: Vec<i64>,
    #[serde(rename = "picture_ids")]
    pub(super) pictures: &'a [i64],
    pub(super) picture_kind: Option<AttachmentKind>,
    pub(super) action: Action,
    #[serde(rename = "moment")]
    pub(super) at: DateTime<Utc>,
    pub(super) actor: String,
    #[serde(rename = "acting")]
    pub(super) person: Option<i32>,
    #[serde(rename = "acting_role")]
    pub(super) role: Option<Role>,
    pub(super) reason: Option<String>,
    pub(super) detail: Value,
    #[serde(rename = "request_key")]
    pub(super) key: Option<&'a str>,
    /// SHA-256 of the request, as the database writes bytes: `\x…`.
    pub(super) request_sha256: Option<String>,
}

/// What was written, and the case as it is now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    pub(super) event_id: i64,
    pub(super) row: CaseRow,
}

/// The constraint that a picture breaks which was used or swept between the look and the write.
pub(super) const PICTURE_YOURS: &str = "case_attachment_yours";

/// Writes one entry. `None`: somebody else acted on the case first, and nothing is written.
pub(super) async fn write(
    db: impl PgExecutor<'_>,
    entry: &Entry<'_>,
) -> sqlx::Result<Option<Written>> {
    let mut written = write_all(db, &[entry]).await?;
    Ok(written.pop().flatten())
}

/// For each entry, case, clocks, pictures, history and key, in one statement: all of them or, with
/// an error, none. What [`write`] answers for each.
pub(super) async fn write_all(
    db: impl PgExecutor<'_>,
    entries: &[&Entry<'_>],
) -> sqlx::Result<Vec<Option<Written>>> {
    let rows = sqlx::query("select place, event_id, (shown).* from cityward_write_cases($1)")
        .bind(Json(entries))
        .fetch_all(db)
        .await?;
    in_order(entries.len(), &rows, |row| {
        Ok(Written {
            event_id: row.try_get("event_id")?,
            row: CaseRow::from_row(row)?,
        })
    })
}

/// A new case like an ended one, at the same place, linked to it. Article 18. The ground may have
/// been divided anew since: it goes by `placement`, or as it was where the place is not the city's
/// any more.
pub(super) async fn insert_recurrence(
    db: impl PgExecutor<'_>,
    of: CaseId,
    placement: Option<&Placement>,
    person: Option<i32>,
    at: DateTime<Utc>,
) -> sqlx::Result<CaseId> {
    sqlx::query_scalar(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
            bearing_deg, cell_id, component_id, unit_id, edition_id, because, camera_id,
            first_seen_at, last_seen_at, sighting_count, opened_at, text, place_text,
            recurrence_of, reported_by)
        select class_code, source, location, semi_major_m, semi_minor_m, bearing_deg,
            coalesce($4, cell_id), coalesce($5, component_id),
            case when $4 is null then unit_id else $6 end, coalesce($7, edition_id),
            coalesce($8, because), camera_id, $3, $3, 1, $3, text, place_text, case_id, $2
        from city_case where case_id = $1
        returning case_id",
    )
    .bind(of)
    .bind(person)
    .bind(at)
    .bind(placement.map(|placed| placed.cell.id))
    .bind(placement.and_then(|placed| Some(placed.component.as_ref()?.id)))
    .bind(placement.and_then(|placed| Some(placed.unit.as_ref()?.id)))
    .bind(placement.map(|placed| placed.because.edition.id))
    .bind(placement.map(|placed| Json(&placed.because)))
    .fetch_one(db)
    .await
}

/// The first entry of a case that a person opened.
pub(super) async fn insert_opened(
    db: impl PgExecutor<'_>,
    case: CaseId,
    actor: &str,
    person: Option<i32>,
    role: Option<Role>,
    at: DateTime<Utc>,
    detail: Value,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into case_event (case_id, action, at, actor, person_id, role, version, detail)
        values ($1, 'opened', $2, $3, $4, $5, 1, $6)",
    )
    .bind(case)
    .bind(at)
    .bind(actor)
    .bind(person)
    .bind(role)
    .bind(detail)
    .execute(db)
    .await?;
    Ok(())
}
