//! Clocks that have something to say, in the database.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgExecutor, Row};

use crate::cases::{Action, CaseId, DisputeLevel};
use crate::clock::{Alarm, Clock, Pause};
use crate::rules::RuleSetId;

/// A clock whose time to be looked at has come.
pub(super) struct DueClock {
    pub(super) clock_id: i64,
    pub(super) case_id: CaseId,
    /// The rules the case was opened under.
    pub(super) rule_set_id: Option<RuleSetId>,
    pub(super) opened_at: DateTime<Utc>,
    pub(super) emergency: bool,
    pub(super) supervised: bool,
    pub(super) dispute_level: Option<DisputeLevel>,
    /// Whether the case has ended.
    pub(super) ended: bool,
    pub(super) clock: Clock,
    /// When to look at it again.
    pub(super) next_alarm_at: Option<DateTime<Utc>>,
}

impl FromRow<'_, PgRow> for DueClock {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let Json(pauses): Json<Vec<Pause>> = row.try_get("pauses")?;
        Ok(Self {
            clock_id: row.try_get("clock_id")?,
            case_id: row.try_get("case_id")?,
            rule_set_id: row.try_get("rule_set_id")?,
            opened_at: row.try_get("opened_at")?,
            emergency: row.try_get("emergency")?,
            supervised: row.try_get("supervised")?,
            dispute_level: row.try_get("dispute_level")?,
            ended: row.try_get("ended")?,
            next_alarm_at: row.try_get("next_alarm_at")?,
            clock: Clock {
                stage: row.try_get("stage")?,
                round: row.try_get("round")?,
                calendar: row.try_get("calendar")?,
                limit: TimeDelta::seconds(row.try_get::<i32, _>("limit_s")?.into()),
                started_at: row.try_get("started_at")?,
                stopped_at: row.try_get("stopped_at")?,
                pauses,
                warned_at: row.try_get("warned_at")?,
                breached_at: row.try_get("breached_at")?,
                escalated_at: row.try_get("escalated_at")?,
            },
        })
    }
}

/// An alarm as it goes into the history of its case.
pub(super) struct RaisedAlarm {
    pub(super) case_id: CaseId,
    pub(super) alarm: Alarm,
    pub(super) detail: Value,
}

/// Takes clocks that are due, with their cases, until the transaction ends. What others are at is
/// left to the next round: whoever acts on a case holds its row, so nobody waits for anybody.
pub(super) async fn lock_due(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<DueClock>> {
    sqlx::query_as(
        "select k.*, c.rule_set_id, c.opened_at, c.emergency, c.supervised,
            c.dispute_level, c.ended_at is not null as ended
        from case_clock k
        join city_case c using (case_id)
        where k.next_alarm_at <= $1
        order by k.next_alarm_at
        limit $2
        for no key update of k, c skip locked",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Takes suspended cases whose date of return has come, like [`lock_due`].
pub(super) async fn lock_suspended(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<(CaseId, DateTime<Utc>)>> {
    sqlx::query_as(
        "select case_id, resume_at
        from city_case
        where resume_at <= $1 and ended_at is null and state = 'suspended'
        order by resume_at
        limit $2
        for no key update skip locked",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// Units that are no more and that an open case names.
pub(super) async fn ended_units(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar(
        "select unit_id from unit u
        where upper(valid) <= $1 and (
            exists (select from city_case c where c.unit_id = u.unit_id and c.ended_at is null
                and c.handling_unit_id is null)
            or exists (select from city_case c where c.handling_unit_id = u.unit_id
                and c.ended_at is null))",
    )
    .bind(now)
    .fetch_all(db)
    .await
}

/// Takes cases that wait for units which have `ended`, or that such units have and have not done, like
/// [`lock_due`]. Each with whether its unit has it.
pub(super) async fn lock_of_ended_units(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    ended: &[i32],
    limit: i64,
) -> sqlx::Result<Vec<(CaseId, bool)>> {
    sqlx::query_as(
        "select c.case_id, c.handling_unit_id is not null
        from city_case c
        join unit u on u.unit_id = coalesce(c.handling_unit_id, c.unit_id)
        where c.case_id in (
            select waiting.case_id from city_case waiting
            where waiting.unit_id = any($2) and waiting.ended_at is null
                and waiting.handling_unit_id is null
            union all
            select sent.case_id from city_case sent
            where sent.handling_unit_id = any($2) and sent.ended_at is null)
        -- again of what it is once it is locked
        and upper(u.valid) <= $1 and c.ended_at is null
        and (c.handling_unit_id is null
            or c.state in ('dispatched', 'quick', 'disputed', 'handling', 'suspended'))
        order by c.case_id
        limit $3
        for no key update of c skip locked",
    )
    .bind(now)
    .bind(ended)
    .bind(limit)
    .fetch_all(db)
    .await
}

/// When a clock has to be looked at next, or a suspension ends.
pub(super) async fn next_at(db: impl PgExecutor<'_>) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar(
        "select least(
            (select min(next_alarm_at) from case_clock where next_alarm_at is not null),
            (select min(resume_at) from city_case
                where resume_at is not null and ended_at is null))",
    )
    .fetch_one(db)
    .await
}

/// Notes what was raised and when to look again.
pub(super) async fn update_clocks(
    db: impl PgExecutor<'_>,
    clocks: &[DueClock],
) -> sqlx::Result<()> {
    let ids: Vec<i64> = clocks.iter().map(|due| due.clock_id).collect();
    let times = |time: fn(&DueClock) -> Option<DateTime<Utc>>| -> Vec<Option<DateTime<Utc>>> {
        clocks.iter().map(time).collect()
    };
    sqlx::query(
        "update case_clock k
        set warned_at = r.warned_at, breached_at = r.breached_at, escalated_at = r.escalated_at,
            next_alarm_at = r.next_alarm_at
        from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[],
                    $5::timestamptz[])
            as r (clock_id, warned_at, breached_at, escalated_at, next_alarm_at)
        where k.clock_id = r.clock_id",
    )
    .bind(ids)
    .bind(times(|due| due.clock.warned_at))
    .bind(times(|due| due.clock.breached_at))
    .bind(times(|due| due.clock.escalated_at))
    .bind(times(|due| due.next_alarm_at))
    .execute(db)
    .await?;
    Ok(())
}

/// Writes alarms into the histories of their cases, in the given order.
pub(super) async fn insert_alarms(
    db: impl PgExecutor<'_>,
    alarms: &[RaisedAlarm],
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let cases: Vec<CaseId> = alarms.iter().map(|alarm| alarm.case_id).collect();
    let actions: Vec<Action> = alarms.iter().map(|alarm| action(alarm.alarm)).collect();
    let details: Vec<&Value> = alarms.iter().map(|alarm| &alarm.detail).collect();
    sqlx::query(
        "insert into case_event (case_id, action, at, actor, detail)
        select case_id, action, $4, 'system', detail
        from unnest($1::bigint[], $2::text[], $3::jsonb[]) with ordinality
            as e (case_id, action, detail, number)
        order by number",
    )
    .bind(cases)
    .bind(actions)
    .bind(details)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

fn action(alarm: Alarm) -> Action {
    match alarm {
        Alarm::Warn => Action::Warned,
        Alarm::Breach => Action::Breached,
        Alarm::Escalate => Action::Escalated,
    }
}
