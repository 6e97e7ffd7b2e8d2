//! Cases that people report, in the database.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};

use super::FilingClock;
use crate::access::Role;
use crate::cases::{Action, CaseId, CaseRow, CaseSource};
use crate::catalogue::ClassCode;
use crate::clock::Stage;
use crate::rules::RuleSetId;
use crate::space::GroundPoint;
use crate::territory::Placement;

/// A case as its reporter described it.
pub(super) struct NewCase<'a> {
    pub(super) class: ClassCode,
    pub(super) source: CaseSource,
    pub(super) point: GroundPoint,
    /// Of the point, with 95 % probability.
    pub(super) accuracy_m: f64,
    pub(super) placement: &'a Placement,
    pub(super) text: &'a str,
    pub(super) place_text: &'a str,
    pub(super) observed_at: DateTime<Utc>,
    pub(super) reported_by: i32,
    pub(super) at: DateTime<Utc>,
}

pub(super) async fn insert_case(
    db: impl PgExecutor<'_>,
    new: &NewCase<'_>,
) -> sqlx::Result<CaseId> {
    let placement = new.placement;
    sqlx::query_scalar(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
            bearing_deg, cell_id, component_id, unit_id, edition_id, because, text, place_text,
            reported_by, first_seen_at, last_seen_at, sighting_count, opened_at, district_id)
        select $1, $2, $3, $4, $4, 0, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, 1, $14,
            (select district_id from district where division_code = left($15, 6))
        returning case_id",
    )
    .bind(new.class)
    .bind(new.source)
    .bind(new.point)
    .bind(new.accuracy_m)
    .bind(placement.cell.id)
    .bind(placement.component.as_ref().map(|component| component.id))
    .bind(placement.unit.as_ref().map(|unit| unit.id))
    .bind(placement.because.edition.id)
    .bind(Json(&placement.because))
    .bind(new.text)
    .bind(new.place_text)
    .bind(new.reported_by)
    .bind(new.observed_at)
    .bind(new.at)
    .bind(&placement.cell.code)
    .fetch_one(db)
    .await
}

pub(super) async fn start_filing_clock(
    tx: &mut PgConnection,
    case: CaseId,
    rules: RuleSetId,
    clock: &FilingClock,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into case_clock (case_id, stage, round, calendar, limit_s, started_at, due_at,
            next_alarm_at)
        values ($1, $2, 0, $3, $4, $5, $6, $7)",
    )
    .bind(case)
    .bind(Stage::Filing)
    .bind(clock.calendar)
    .bind(clock.limit_s)
    .bind(at)
    .bind(clock.due_at)
    .bind(clock.next_alarm_at)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update city_case set rule_set_id = $2, clock_stage = $3, due_at = $4, warn_at = $5
        where case_id = $1",
    )
    .bind(case)
    .bind(rules)
    .bind(Stage::Filing)
    .bind(clock.due_at)
    .bind(clock.warn_at)
    .execute(tx)
    .await?;
    Ok(())
}

/// The first line of the case's history.
pub(super) async fn insert_opened(
    db: impl PgExecutor<'_>,
    case: CaseId,
    login: &str,
    person_id: i32,
    role: Role,
    detail: Value,
    at: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "insert into case_event (case_id, action, at, actor, person_id, role, detail, after, version)
        select case_id, $2, $3, 'person:' || $4, $5, $6, $7,
            jsonb_build_object('state', state, 'class_code', class_code, 'unit_id', unit_id,
                'cell_id', cell_id, 'component_id', component_id, 'rule_set_id', rule_set_id),
            version
        from city_case where case_id = $1
        returning event_id",
    )
    .bind(case)
    .bind(Action::Opened)
    .bind(at)
    .bind(login)
    .bind(person_id)
    .bind(role)
    .bind(detail)
    .fetch_one(db)
    .await
}

pub(super) async fn row(db: impl PgExecutor<'_>, case: CaseId) -> sqlx::Result<CaseRow> {
    sqlx::query_as("select * from case_row where case_id = $1")
        .bind(case)
        .fetch_one(db)
        .await
}

/// What this key was used for before: the digest of the request and the case that came of it.
pub(super) async fn find_key(
    db: impl PgExecutor<'_>,
    person_id: i32,
    key: &str,
) -> sqlx::Result<Option<(Vec<u8>, CaseId)>> {
    sqlx::query_as(
        "select request_sha256, case_id from idempotency where person_id = $1 and key = $2",
    )
    .bind(person_id)
    .bind(key)
    .fetch_optional(db)
    .await
}

/// A request that is answered once.
pub(super) struct Key<'a> {
    pub(super) person_id: i32,
    pub(super) key: &'a str,
    pub(super) request_sha256: [u8; 32],
}

/// `false` when the key was used at the same time; the transaction has then to be given up.
pub(super) async fn insert_key(
    db: impl PgExecutor<'_>,
    key: &Key<'_>,
    case: CaseId,
    event_id: i64,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "insert into idempotency (person_id, key, request_sha256, case_id, event_id, at)
        values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
    )
    .bind(key.person_id)
    .bind(key.key)
    .bind(key.request_sha256)
    .bind(case)
    .bind(event_id)
    .bind(at)
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// The case another system's message became before.
pub(super) async fn find_external(
    db: impl PgExecutor<'_>,
    source: &str,
    id: &str,
) -> sqlx::Result<Option<CaseId>> {
    sqlx::query_scalar("select case_id from case_external where source = $1 and external_id = $2")
        .bind(source)
        .bind(id)
        .fetch_optional(db)
        .await
}

/// `false` when the same message is taken in at the same time; the transaction has then to be
/// given up.
pub(super) async fn insert_external(
    db: impl PgExecutor<'_>,
    source: &str,
    id: &str,
    case: CaseId,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "insert into case_external (source, external_id, case_id) values ($1, $2, $3)
        on conflict do nothing",
    )
    .bind(source)
    .bind(id)
    .bind(case)
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn opened_at(
    db: impl PgExecutor<'_>,
    case: CaseId,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("select opened_at from city_case where case_id = $1")
        .bind(case)
        .fetch_optional(db)
        .await
}

/// An open case that may be the same problem.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Near {
    #[sqlx(flatten)]
    pub(super) case: CaseRow,
    pub(super) distance_m: f64,
}

/// Open cases near this one in place and time, or of whatever age on the same component; those of
/// its class first, then the nearest.
pub(super) async fn near(
    db: impl PgExecutor<'_>,
    case: CaseId,
    radius_m: f64,
    since: DateTime<Utc>,
    limit: u32,
) -> sqlx::Result<Vec<Near>> {
    sqlx::query_as(
        "select r.*, st_distance(r.location::geography, own.location::geography) as distance_m
        from city_case own
        join case_row r on r.case_id <> own.case_id and r.ended_at is null
            and (r.component_id = own.component_id
                or (r.last_seen_at >= $3 and r.location && st_expand(own.location,
                        $2 / (111000 * cos(radians(st_y(own.location)))), $2 / 110000)
                    and st_dwithin(r.location::geography, own.location::geography, $2)))
        where own.case_id = $1
        order by r.class_code <> own.class_code, r.component_id is distinct from own.component_id,
            distance_m, r.case_id
        limit $4",
    )
    .bind(case)
    .bind(radius_m)
    .bind(since)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}
