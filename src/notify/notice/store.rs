//! Tables `notice` and `notice_mark`.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::announced::{GroundMoved, OrderIssued};
use super::rule::{Address, Draft, Happened};
use super::{Addressed, Notice};
use crate::access::Role;
use crate::cases::{Action, CaseId};
use crate::notify::follower::Span;

/// Events of the span with these actions, each case's in their order.
pub(super) async fn happened(
    db: impl PgExecutor<'_>,
    span: &Span,
    actions: &[Action],
) -> sqlx::Result<Vec<Happened>> {
    sqlx::query_as(
        "select e.case_id, e.action, e.at, e.person_id, e.reason,
            (e.detail->>'stage')::clock_stage as stage, c.class_code, c.state, c.district_id,
            coalesce((e.after->>'handling_unit_id')::integer, c.handling_unit_id) as handling_unit_id,
            c.helper_unit_ids,
            coalesce((e.after->>'assignee_id')::integer, c.assignee_id) as assignee_id,
            coalesce((e.after->>'worker_id')::integer, c.worker_id) as worker_id,
            (coalesce(e.before->'request', c.request)->>'by')::integer as asker_id,
            c.dispute_level,
            coalesce((c.dispute->>'department_id')::integer, u.department_id) as department_id
        from case_event e
        join city_case c using (case_id)
        left join unit u on u.unit_id = c.handling_unit_id
        where (xact >= pg_snapshot_xmax($1::pg_snapshot)
                or xact = any (array(select pg_snapshot_xip($1::pg_snapshot))))
            and pg_visible_in_snapshot(xact, $2::pg_snapshot)
            and e.action = any ($3)
        order by e.event_id",
    )
    .bind(&span.from)
    .bind(&span.until)
    .bind(actions)
    .fetch_all(db)
    .await
}

/// Orders of the span.
pub(super) async fn orders_issued(
    db: impl PgExecutor<'_>,
    span: &Span,
) -> sqlx::Result<Vec<OrderIssued>> {
    sqlx::query_as(
        "select at, person_id, subject, after->>'title' as title,
            array(select jsonb_array_elements_text(after->'unit_ids')::integer) as unit_ids
        from audit_entry
        where (xact >= pg_snapshot_xmax($1::pg_snapshot)
                or xact = any (array(select pg_snapshot_xip($1::pg_snapshot))))
            and pg_visible_in_snapshot(xact, $2::pg_snapshot)
            and subject like 'order:%' and action = 'issue'
        order by entry_id",
    )
    .bind(&span.from)
    .bind(&span.until)
    .fetch_all(db)
    .await
}

/// Plans that came into force in the span.
pub(super) async fn ground_moved(
    db: impl PgExecutor<'_>,
    span: &Span,
) -> sqlx::Result<Vec<GroundMoved>> {
    sqlx::query_as(
        "select at, after->>'title' as title, (after->>'edition_id')::integer as edition_id,
            coalesce(after->'units', '[]') as units
        from audit_entry
        where (xact >= pg_snapshot_xmax($1::pg_snapshot)
                or xact = any (array(select pg_snapshot_xip($1::pg_snapshot))))
            and pg_visible_in_snapshot(xact, $2::pg_snapshot)
            and subject like 'plan:%' and action = 'put_in_force'
        order by entry_id",
    )
    .bind(&span.from)
    .bind(&span.until)
    .fetch_all(db)
    .await
}

pub(super) async fn insert(db: impl PgExecutor<'_>, drafts: &[Draft]) -> sqlx::Result<()> {
    let column = |take: fn(Address) -> Option<i32>| {
        let values = drafts.iter().map(|draft| take(draft.address));
        values.collect::<Vec<_>>()
    };
    let roles: Vec<Option<Role>> = drafts.iter().map(|draft| draft.address.role()).collect();
    sqlx::query(
        "insert into notice (kind, at, case_id, params, person_id, role, unit_id, district_id, done_by)
        select kind, at, case_id, params, person_id, role, unit_id, district_id, done_by
        from unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::jsonb[], $5::integer[],
            $6::role[], $7::integer[], $8::integer[], $9::integer[]) with ordinality
            as draft (kind, at, case_id, params, person_id, role, unit_id, district_id, done_by, number)
        order by number",
    )
    .bind(drafts.iter().map(|draft| draft.kind).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.at).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| draft.case_id).collect::<Vec<_>>())
    .bind(drafts.iter().map(|draft| &draft.params).collect::<Vec<_>>())
    .bind(column(Address::person_id))
    .bind(roles)
    .bind(column(Address::unit_id))
    .bind(column(Address::district_id))
    .bind(drafts.iter().map(|draft| draft.done_by).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes notices from before `at`; returns how many.
pub(super) async fn forget(db: impl PgExecutor<'_>, at: DateTime<Utc>) -> sqlx::Result<u64> {
    let deleted = sqlx::query("delete from notice where at < $1")
        .bind(at)
        .execute(db)
        .await?;
    Ok(deleted.rows_affected())
}

/// The number of the newest; 0 when there is none.
pub(super) async fn newest(db: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar("select coalesce(max(notice_id), 0) from notice")
        .fetch_one(db)
        .await
}

/// Those after a number, in order, with where the case is.
pub(super) async fn after(
    db: impl PgExecutor<'_>,
    number: i64,
    limit: u32,
) -> sqlx::Result<Vec<Addressed>> {
    sqlx::query_as(
        "select notice_id, kind, notice.at, case_id, params, null::timestamptz as read_at,
            notice.person_id, notice.role, notice.unit_id, notice.district_id, done_by, cell_id
        from notice left join city_case using (case_id)
        where notice_id > $1 order by notice_id limit $2",
    )
    .bind(number)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}

/// Those for the person of this transaction, newest first. Their own doing is left out. Row-level
/// security leaves out what they may not see.
pub(super) async fn of_person(
    db: impl PgExecutor<'_>,
    person_id: i32,
    now: DateTime<Utc>,
    unread_only: bool,
    limit: u32,
) -> sqlx::Result<Vec<Notice>> {
    sqlx::query_as(
        "with mine as (
            select role, unit_id, district_id, valid from role_grant
            where person_id = $1 and valid @> $2
        ), mark as (
            select coalesce(max(up_to), 0) as up_to from notice_mark where person_id = $1
        ), number as (
            (select notice_id from notice where person_id = $1 order by notice_id desc limit $4 * 2)
            union
            (select notice_id from mine, lateral (
                select notice_id from notice n
                where n.role = mine.role and n.unit_id = mine.unit_id and mine.valid @> n.at
                order by notice_id desc limit $4 * 2) as of_unit)
            union
            (select notice_id from mine, lateral (
                select notice_id from notice n
                where n.role = mine.role and n.unit_id is null and mine.valid @> n.at
                    and (mine.district_id is null or mine.district_id = n.district_id)
                order by notice_id desc limit $4 * 2) as of_place)
        )
        select notice_id, kind, at, case_id, params,
            (select min(at) from notice_mark m where m.person_id = $1 and m.up_to >= notice_id) as read_at
        from notice join number using (notice_id), mark
        where done_by is distinct from $1 and (not $3 or notice_id > up_to)
        order by notice_id desc limit $4",
    )
    .bind(person_id)
    .bind(now)
    .bind(unread_only)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}

/// The person has read everything up to this number. To say so again changes nothing.
pub(super) async fn mark(
    db: impl PgExecutor<'_>,
    person_id: i32,
    up_to: i64,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into notice_mark (person_id, up_to, at) values ($1, $2, $3) on conflict do nothing",
    )
    .bind(person_id)
    .bind(up_to)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// A notice that a case is a unit's, which nobody of the unit has received.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct NotReceived {
    pub(super) case_id: CaseId,
    pub(super) unit_id: i32,
    pub(super) sent_at: DateTime<Utc>,
}

/// Those of the units of the person of this transaction; row-level security leaves out others.
pub(super) async fn not_received(
    db: impl PgExecutor<'_>,
    up_to: i64,
    limit: u32,
) -> sqlx::Result<Vec<NotReceived>> {
    sqlx::query_as(
        "select case_id, n.unit_id, max(n.at) as sent_at
        from city_case c
        join notice n using (case_id)
        where c.notified_at is null and c.state in ('dispatched', 'disputed', 'handling')
            and n.kind = 'dispatched' and n.unit_id = c.handling_unit_id
            and n.at >= c.dispatched_at and n.notice_id <= $1
        group by case_id, n.unit_id
        limit $2",
    )
    .bind(up_to)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}
