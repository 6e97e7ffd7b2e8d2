//! Tables `webhook` and `webhook_delivery`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection, PgExecutor};
use utoipa::ToSchema;

use crate::cases::{Action, CaseId};
use crate::notify::follower::Span;

/// A webhook as its unit sees it; the secret is not shown again.
#[derive(Debug, Clone, Serialize, FromRow, ToSchema)]
pub(super) struct Webhook {
    #[serde(rename = "id")]
    pub(super) webhook_id: i32,
    pub(super) unit_id: i32,
    pub(super) url: String,
    /// Actions; null: all.
    pub(super) events: Option<Vec<String>>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) waiting: i64,
    pub(super) dead: i64,
}

/// Those the person of this transaction may see, newest first.
pub(super) async fn list(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Webhook>> {
    sqlx::query_as(
        "select webhook_id, unit_id, url, events, created_at, ended_at, count.*
        from webhook w, lateral (
            select count(*) filter (where state = 'waiting') as waiting,
                count(*) filter (where state = 'dead') as dead
            from webhook_delivery d where d.webhook_id = w.webhook_id and state <> 'delivered'
        ) as count
        order by webhook_id desc",
    )
    .fetch_all(db)
    .await
}

/// A webhook before it has a number.
pub(super) struct NewWebhook<'a> {
    pub(super) unit_id: i32,
    pub(super) url: &'a str,
    pub(super) events: Option<&'a [String]>,
    pub(super) secret_sealed: &'a [u8],
    pub(super) created_by: i32,
    pub(super) created_at: DateTime<Utc>,
}

/// Webhooks of a unit that have not ended; nobody else adds one to it until the transaction ends.
pub(super) async fn lock_count(tx: &mut PgConnection, unit: i32) -> sqlx::Result<i64> {
    sqlx::query("select pg_advisory_xact_lock(x'77656268'::integer, $1)")
        .bind(unit)
        .execute(&mut *tx)
        .await?;
    sqlx::query_scalar("select count(*) from webhook where unit_id = $1 and ended_at is null")
        .bind(unit)
        .fetch_one(tx)
        .await
}

/// A violated `webhook_unit_fk` means that there is no such unit.
pub(super) async fn insert(db: impl PgExecutor<'_>, new: &NewWebhook<'_>) -> sqlx::Result<i32> {
    sqlx::query_scalar(
        "insert into webhook (unit_id, url, events, secret_sealed, created_by, created_at)
        values ($1, $2, $3, $4, $5, $6) returning webhook_id",
    )
    .bind(new.unit_id)
    .bind(new.url)
    .bind(new.events)
    .bind(new.secret_sealed)
    .bind(new.created_by)
    .bind(new.created_at)
    .fetch_one(db)
    .await
}

/// Ends a webhook and sets aside what waits for it; `false` when there is none to end.
pub(super) async fn end(
    db: impl PgExecutor<'_>,
    webhook: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let ended = sqlx::query(
        "with ended as (
            update webhook set ended_at = $2 where webhook_id = $1 and ended_at is null
            returning webhook_id
        ), set_aside as (
            update webhook_delivery d set state = 'dead', error = 'the webhook was ended'
            from ended where d.webhook_id = ended.webhook_id and state = 'waiting'
        )
        select from ended",
    )
    .bind(webhook)
    .bind(at)
    .execute(db)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// What became of one event on its way to a unit's system.
#[derive(Debug, Clone, Serialize, FromRow, ToSchema)]
pub(super) struct Delivery {
    #[serde(rename = "id")]
    pub(super) delivery_id: i64,
    pub(super) event_id: i64,
    pub(super) case_id: i64,
    pub(super) action: String,
    /// `waiting`, `delivered` or `dead`.
    pub(super) state: String,
    pub(super) attempts: i32,
    pub(super) created_at: DateTime<Utc>,
    /// When it is tried again, while it waits.
    pub(super) next_at: Option<DateTime<Utc>>,
    pub(super) delivered_at: Option<DateTime<Utc>>,
    /// Of the last answer.
    pub(super) status: Option<i16>,
    /// Why the last attempt failed.
    pub(super) error: Option<String>,
}

/// Newest first; none when the person of this transaction sees no such webhook.
pub(super) async fn deliveries(
    db: impl PgExecutor<'_>,
    webhook: i32,
    before: Option<i64>,
    limit: u32,
) -> sqlx::Result<Vec<Delivery>> {
    sqlx::query_as(
        "select delivery_id, event_id, case_id, action, state::text, attempts, created_at,
            case state when 'waiting' then next_at end as next_at, delivered_at, status, error
        from webhook_delivery
        where webhook_id = $1 and ($2::bigint is null or delivery_id < $2)
        order by delivery_id desc limit $3",
    )
    .bind(webhook)
    .bind(before)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}

/// Puts a dead delivery back into the queue; `false` when there is no such dead delivery.
pub(super) async fn revive(
    db: impl PgExecutor<'_>,
    webhook: i32,
    delivery: i64,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let revived = sqlx::query(
        "update webhook_delivery set state = 'waiting', attempts = 0, next_at = $3
        where webhook_id = $1 and delivery_id = $2 and state = 'dead'
            and exists (select from webhook where webhook_id = $1 and ended_at is null)",
    )
    .bind(webhook)
    .bind(delivery)
    .bind(at)
    .execute(db)
    .await?;
    Ok(revived.rows_affected() == 1)
}

/// An event that a webhook is to be told of.
#[derive(Debug, FromRow)]
pub(super) struct Due {
    pub(super) webhook_id: i32,
    pub(super) event_id: i64,
    pub(super) case_id: i64,
    pub(super) action: String,
    pub(super) at: DateTime<Utc>,
    /// Whether the unit has the case now.
    pub(super) theirs: bool,
}

/// Events of the span that webhooks are to be told of, each case's in their order.
pub(super) async fn due(db: impl PgExecutor<'_>, span: &Span) -> sqlx::Result<Vec<Due>> {
    sqlx::query_as(
        "select w.webhook_id, e.event_id, e.case_id, e.action, e.at,
            coalesce(c.handling_unit_id = w.unit_id or w.unit_id = any (c.helper_unit_ids), false)
                as theirs
        from case_event e
        join city_case c using (case_id)
        join webhook w on w.ended_at is null and w.created_at <= e.at and (w.unit_id = c.handling_unit_id
            or w.unit_id = any (c.helper_unit_ids)
            or w.unit_id = (e.before->>'handling_unit_id')::integer
            or w.unit_id = (e.after->>'handling_unit_id')::integer)
        -- a unit that has ended is told only that a case is not its any more
        join unit u on u.unit_id = w.unit_id and (coalesce(upper(u.valid) > e.at, true)
            or w.unit_id = (e.before->>'handling_unit_id')::integer
                and w.unit_id is distinct from c.handling_unit_id)
        where (xact >= pg_snapshot_xmax($1::pg_snapshot)
                or xact = any (array(select pg_snapshot_xip($1::pg_snapshot))))
            and pg_visible_in_snapshot(xact, $2::pg_snapshot)
            and (w.events is null or e.action = any (w.events))
        order by e.event_id",
    )
    .bind(&span.from)
    .bind(&span.until)
    .fetch_all(db)
    .await
}

/// `bodies`: of each, in order.
pub(super) async fn insert_deliveries(
    db: impl PgExecutor<'_>,
    due: &[Due],
    bodies: &[String],
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into webhook_delivery
            (webhook_id, event_id, case_id, action, body, created_at, next_at)
        select webhook_id, event_id, case_id, action, body, $6, $6
        from unnest($1::integer[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])
            with ordinality as due (webhook_id, event_id, case_id, action, body, number)
        order by number",
    )
    .bind(due.iter().map(|due| due.webhook_id).collect::<Vec<_>>())
    .bind(due.iter().map(|due| due.event_id).collect::<Vec<_>>())
    .bind(due.iter().map(|due| due.case_id).collect::<Vec<_>>())
    .bind(
        due.iter()
            .map(|due| due.action.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(bodies)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// A delivery that is ours until its lease ends.
#[derive(Debug, FromRow)]
pub(super) struct Claimed {
    pub(super) delivery_id: i64,
    pub(super) webhook_id: i32,
    pub(super) unit_id: i32,
    /// Counting this one.
    pub(super) attempts: i32,
    pub(super) body: String,
    pub(super) url: String,
    pub(super) secret_sealed: Vec<u8>,
}

/// Who has enough on their way.
#[derive(Debug, Default)]
pub(super) struct Busy {
    pub(super) webhooks: Vec<i32>,
    pub(super) units: Vec<i32>,
}

/// Takes up to `limit` deliveries whose time has come, for a lease: if we end before it does, it
/// is somebody else's turn. Of a case one is on its way to a webhook at a time. `busy` webhooks
/// and units have enough on their way.
pub(super) async fn claim(
    db: impl PgExecutor<'_>,
    at: DateTime<Utc>,
    lease: TimeDelta,
    busy: &Busy,
    limit: u32,
) -> sqlx::Result<Vec<Claimed>> {
    sqlx::query_as(
        "with next as (
            select delivery_id from webhook_delivery d
            where state = 'waiting' and next_at <= $1 and webhook_id <> all ($3)
                and not exists (select from webhook w
                    where w.webhook_id = d.webhook_id and w.unit_id = any ($5))
                and not exists (select from webhook_delivery earlier
                    where earlier.webhook_id = d.webhook_id and earlier.case_id = d.case_id
                        and earlier.state = 'waiting' and earlier.delivery_id < d.delivery_id)
            order by next_at, delivery_id limit $4 for update skip locked
        )
        update webhook_delivery d set attempts = attempts + 1, next_at = $2
        from next, webhook w
        where d.delivery_id = next.delivery_id and w.webhook_id = d.webhook_id
        returning d.delivery_id, d.webhook_id, w.unit_id, d.attempts, d.body, w.url, w.secret_sealed",
    )
    .bind(at)
    .bind(at + lease)
    .bind(&busy.webhooks)
    .bind(i64::from(limit))
    .bind(&busy.units)
    .fetch_all(db)
    .await
}

/// What the system of a unit was told.
#[derive(Debug, FromRow)]
pub(super) struct Taken {
    pub(super) webhook_id: i32,
    pub(super) unit_id: i32,
    pub(super) case_id: CaseId,
    pub(super) action: Action,
    /// When it happened.
    pub(super) sent_at: DateTime<Utc>,
}

/// `None`: it was noted before.
pub(super) async fn delivered(
    db: impl PgExecutor<'_>,
    delivery: i64,
    status: u16,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<Taken>> {
    sqlx::query_as(
        "update webhook_delivery d set state = 'delivered', delivered_at = $2, status = $3,
            error = null
        from webhook w, case_event e
        where d.delivery_id = $1 and d.state = 'waiting'
            and w.webhook_id = d.webhook_id and e.event_id = d.event_id
        returning w.webhook_id, w.unit_id, e.case_id, e.action, e.at as sent_at",
    )
    .bind(delivery)
    .bind(at)
    .bind(status.cast_signed())
    .fetch_optional(db)
    .await
}

/// An attempt failed: again at `next_at` or, without one, never. Nothing changes when somebody
/// else has taken it over since.
pub(super) async fn failed(
    db: impl PgExecutor<'_>,
    claimed: &Claimed,
    status: Option<u16>,
    error: &str,
    next_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query(
        "update webhook_delivery set status = $3, error = $4, next_at = coalesce($5, next_at),
            state = case when $5 is null then 'dead' else 'waiting' end::delivery_state
        where delivery_id = $1 and attempts = $2 and state = 'waiting'",
    )
    .bind(claimed.delivery_id)
    .bind(claimed.attempts)
    .bind(status.map(u16::cast_signed))
    .bind(error)
    .bind(next_at)
    .execute(db)
    .await?;
    Ok(())
}
