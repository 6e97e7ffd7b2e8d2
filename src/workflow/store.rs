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
use crate::cases::{Action, CaseId, CaseState};
use crate::clock::{CalendarKind, Pause, Stage};
use crate::space::GroundPoint;

/// What to load of and beside a case.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask<'a> {
    pub(super) units: Vec<i32>,
    pub(super) people: Vec<i32>,
    pub(super) pictures: &'a [i64],
    pub(super) other: Option<CaseId>,
    /// Roles of which somebody is to be drawn; empty: nobody.
    pub(super) site_roles: &'a [Role],
    /// Whether the last event's `before` is looked at.
    pub(super) undo: bool,
    /// Who asks, with the key of the request.
    pub(super) key: Option<(i32, &'a str)>,
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

/// `None`: there is no such case within the reach of whoever asks.
pub(super) async fn load(
    db: impl PgExecutor<'_>,
    case: CaseId,
    ask: &Ask<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Loaded>> {
    sqlx::query_as(
        "select c.case_id, c.version, c.acted_version, c.written_version, c.source, c.location, c.cell_id,
            c.component_id, c.district_id, c.opened_at, c.state, c.class_code, c.unit_id,
            c.rule_set_id, c.condition_id, c.text, c.emergency, c.limit_s, c.closing,
            c.estimate_fen, c.handling_unit_id, c.helper_unit_ids, c.released_unit_ids,
            c.dispatch_level, c.dispatched_at, c.worker_id, c.assignee_id, c.handler_ids,
            c.pending, c.request, c.dispute_level, c.dispute, c.dispute_final, c.round,
            c.extensions, c.suspensions, c.supervised, c.supervision, c.resume_at, c.notified_at,
            c.arrived_at, c.guarded_at, c.handled_at, c.check_passed, c.ended_at, c.overdue,
            c.overdue_exempt, c.appealed, c.merged_into, c.clock_stage, c.due_at, c.warn_at,
            cell.code as cell_code,
            coalesce(d.mode::text, 'shared') as district_mode,
            (select unit_id from unit where kind = 'district_centre'
                and unit.district_id = c.district_id and valid @> $2) as district_centre_id,
            array(select area_id from area_cell a where a.cell_id = c.cell_id and a.valid @> $2)
                as area_ids,
            (select coalesce(jsonb_agg(to_jsonb(k) - 'case_id' order by clock_id), '[]')
                from case_clock k where k.case_id = c.case_id) as clocks,
            (select coalesce(jsonb_agg(jsonb_build_object('unit_id', unit_id, 'kind', kind,
                    'district_id', u.district_id, 'department_id', department_id)), '[]')
                from unit u where unit_id = any($3 || c.handling_unit_id) and valid @> $2)
                as units,
            case when $4 = '{}' then '[]' else (
                select coalesce(jsonb_agg(jsonb_build_object('person_id', person_id,
                    'grants', grants_at(person_id, $2))), '[]')
                from person where person_id = any($4)) end as people,
            case when $5 = '{}' then '[]' else (
                select coalesce(jsonb_agg(jsonb_build_object('attachment_id', attachment_id,
                    'uploaded_by', uploaded_by, 'used', case_id is not null)), '[]')
                from case_attachment where attachment_id = any($5)) end as pictures,
            case when $7 = '{}' then '{}' else site_people(c.case_id, $7, $2) end as site_people,
            (select state from city_case o where o.case_id = $6) as other_state,
            (select jsonb_build_object('event_id', event_id, 'action', action, 'at', at,
                    'actor', actor, 'person_id', person_id, 'before', case when $8 then before end)
                from case_event v where v.case_id = c.case_id
                    and action not in ('seen_again', 'deliver', 'warned', 'breached', 'escalated')
                order by event_id desc limit 1) as last,
            (select to_jsonb(i) from idempotency i where i.person_id = $9 and i.key = $10)
                as answered
        from city_case c
        join cell using (cell_id)
        left join district d on d.district_id = c.district_id
        where c.case_id = $1",
    )
    .bind(case)
    .bind(now)
    .bind(&ask.units)
    .bind(&ask.people)
    .bind(ask.pictures)
    .bind(ask.other)
    .bind(ask.site_roles)
    .bind(ask.undo)
    .bind(ask.key.map(|(person, _)| person))
    .bind(ask.key.map(|(_, key)| key))
    .fetch_optional(db)
    .await
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
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub(super) case: CaseId,
    /// The version the decision was made on.
    pub(super) written_version: i32,
    /// Columns that change, with their new values.
    pub(super) after: Value,
    pub(super) before: Value,
    pub(super) changed_clocks: Vec<ClockRow>,
    pub(super) new_clocks: Vec<ClockRow>,
    pub(super) gone_clocks: Vec<i64>,
    pub(super) pictures: &'a [i64],
    pub(super) picture_kind: Option<AttachmentKind>,
    pub(super) action: Action,
    pub(super) at: DateTime<Utc>,
    pub(super) actor: String,
    pub(super) person: Option<i32>,
    pub(super) role: Option<Role>,
    pub(super) reason: Option<&'a str>,
    pub(super) detail: Value,
    /// Key and digest of the request.
    pub(super) key: Option<(&'a str, [u8; 32])>,
}

/// What was written.
#[derive(Debug, Clone, Copy, FromRow)]
pub(super) struct Written {
    pub(super) event_id: i64,
    /// Of the pictures named, those that could be used.
    pub(super) pictures: i64,
}

/// Writes case, clocks, pictures, history and key in one statement. `None`: somebody else acted
/// on the case first, and nothing is written.
#[expect(clippy::too_many_lines, reason = "one statement and its parameters")]
pub(super) async fn write(
    db: impl PgExecutor<'_>,
    entry: &Entry<'_>,
) -> sqlx::Result<Option<Written>> {
    sqlx::query_as(
        "with changed as (
            update city_case c set (state, class_code, unit_id, condition_id, text, emergency,
                limit_s, closing, estimate_fen, handling_unit_id, helper_unit_ids,
                released_unit_ids, dispatch_level, dispatched_at, worker_id, assignee_id,
                handler_ids, pending, request, dispute_level, dispute, dispute_final, round,
                extensions, suspensions, supervised, supervision, resume_at, notified_at,
                arrived_at, guarded_at, handled_at, check_passed, ended_at, overdue,
                overdue_exempt, appealed, merged_into, clock_stage, due_at, warn_at) = (
                select state, class_code, unit_id, condition_id, text, emergency,
                    limit_s, closing, estimate_fen, handling_unit_id, helper_unit_ids,
                    released_unit_ids, dispatch_level, dispatched_at, worker_id, assignee_id,
                    handler_ids, pending, request, dispute_level, dispute, dispute_final, round,
                    extensions, suspensions, supervised, supervision, resume_at, notified_at,
                    arrived_at, guarded_at, handled_at, check_passed, ended_at, overdue,
                    overdue_exempt, appealed, merged_into, clock_stage, due_at, warn_at
                from jsonb_populate_record(c, $3)),
                version = version + 1, written_version = version + 1,
                -- a notice that is received stands in nobody's way
                acted_version = case when $9 = 'deliver' then acted_version else version + 1 end
            where case_id = $1 and written_version = $2
            returning case_id, version
        ), turned as (
            update case_clock k set limit_s = n.limit_s, stopped_at = n.stopped_at,
                pauses = n.pauses, due_at = n.due_at, next_alarm_at = n.next_alarm_at,
                -- a longer limit has alarms of its own; else what a timer raised meanwhile stays
                warned_at = case when n.limit_s <= k.limit_s then k.warned_at end,
                breached_at = case when n.limit_s <= k.limit_s then k.breached_at end,
                escalated_at = case when n.limit_s <= k.limit_s then k.escalated_at end
            from changed, jsonb_to_recordset($4) as n(clock_id bigint, limit_s integer,
                stopped_at timestamptz, pauses jsonb, due_at timestamptz,
                next_alarm_at timestamptz)
            where k.case_id = changed.case_id and k.clock_id = n.clock_id
            returning k.clock_id
        ), gone as (
            delete from case_clock k using changed
            where k.case_id = changed.case_id and k.clock_id = any($5)
            returning k.clock_id
        ), started as (
            insert into case_clock (case_id, stage, round, calendar, limit_s, started_at, pauses,
                due_at, next_alarm_at)
            select changed.case_id, n.stage, n.round, n.calendar, n.limit_s, n.started_at,
                n.pauses, n.due_at, n.next_alarm_at
            from changed, jsonb_to_recordset($6) as n(stage clock_stage, round smallint,
                calendar clock_calendar, limit_s integer, started_at timestamptz, pauses jsonb,
                due_at timestamptz, next_alarm_at timestamptz)
            -- a clock of the same stage has to have stopped or gone before
            where (select count(*) from turned) + (select count(*) from gone) >= 0
        ), shown as (
            update case_attachment a set case_id = changed.case_id, kind = $8
            from changed
            where a.attachment_id = any($7) and a.case_id is null and a.uploaded_by = $12
            returning a.attachment_id
        ), told as (
            insert into case_event (case_id, action, at, actor, person_id, role, reason, before,
                after, version, detail)
            select case_id, $9, $10, $11, $12, $13, $14, $15, $3, version, $16 from changed
            returning event_id
        ), kept as (
            insert into idempotency (person_id, key, request_sha256, case_id, event_id, at)
            select $12, $17, $18, $1, event_id, $10 from told where $17 is not null
        )
        select event_id, (select count(*) from shown) as pictures from told",
    )
    .bind(entry.case)
    .bind(entry.written_version)
    .bind(&entry.after)
    .bind(Json(&entry.changed_clocks))
    .bind(&entry.gone_clocks)
    .bind(Json(&entry.new_clocks))
    .bind(entry.pictures)
    .bind(entry.picture_kind)
    .bind(entry.action)
    .bind(entry.at)
    .bind(&entry.actor)
    .bind(entry.person)
    .bind(entry.role)
    .bind(entry.reason)
    .bind(&entry.before)
    .bind(&entry.detail)
    .bind(entry.key.map(|(key, _)| key))
    .bind(entry.key.map(|(_, sha256)| sha256.to_vec()))
    .fetch_optional(db)
    .await
}

/// A new case like an ended one, at the same place, linked to it. Article 18.
pub(super) async fn insert_recurrence(
    db: impl PgExecutor<'_>,
    of: CaseId,
    person: Option<i32>,
    at: DateTime<Utc>,
) -> sqlx::Result<CaseId> {
    sqlx::query_scalar(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
            bearing_deg, cell_id, component_id, unit_id, edition_id, because, camera_id,
            first_seen_at, last_seen_at, sighting_count, opened_at, text, place_text,
            recurrence_of, reported_by)
        select class_code, source, location, semi_major_m, semi_minor_m, bearing_deg, cell_id,
            component_id, unit_id, edition_id, because, camera_id, $3, $3, 1, $3, text,
            place_text, case_id, $2
        from city_case where case_id = $1
        returning case_id",
    )
    .bind(of)
    .bind(person)
    .bind(at)
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
