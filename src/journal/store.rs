//! The record in the database. Tables `audit_entry` and `audit_seal` are written only here.

use futures::stream::BoxStream;
use sqlx::{FromRow, PgConnection, PgExecutor};

use super::Entry;
use super::hash::{ChainedEntry, ChainedEvent, Seal};
use super::page::{AuditRow, PageStart};

/// Adds a line to the record; give it the transaction of the change itself.
///
/// Writers of entries wait for each other until the end of the transaction, so write the entry
/// last.
pub async fn record(db: impl PgExecutor<'_>, entry: &Entry) -> sqlx::Result<()> {
    sqlx::query(
        "insert into audit_entry (at, actor, person_id, subject, action, reason, before, after)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(entry.at)
    .bind(&entry.actor)
    .bind(entry.person_id)
    .bind(&entry.subject)
    .bind(&entry.action)
    .bind(&entry.reason)
    .bind(&entry.before)
    .bind(&entry.after)
    .execute(db)
    .await?;
    Ok(())
}

/// Newest first: entries about `subject` (all without one) and, with a `case_id`, its history.
pub(super) async fn page(
    db: impl PgExecutor<'_>,
    subject: Option<&str>,
    case_id: Option<i64>,
    start: Option<&PageStart>,
    limit: u32,
) -> sqlx::Result<Vec<AuditRow>> {
    sqlx::query_as(
        "select source, id, at, actor, person_id, person.name as person_name, subject, action,
            role, reason, before, after, encode(hash, 'hex') as hash
        from (
            (select 'entry' as source, entry_id as id, at, actor, person_id, subject, action,
                null as role, reason, before, after, hash
            from audit_entry
            where ($1::text is null or subject = $1)
                and ($3::timestamptz is null or (at, 'entry', entry_id) < ($3, $4, $5))
            order by at desc, entry_id desc limit $6)
            union all
            (select 'event', event_id, at, actor, person_id, 'case:' || case_id, action,
                role::text, reason, before, after, hash
            from case_event
            where case_id = $2
                and ($3::timestamptz is null or (at, 'event', event_id) < ($3, $4, $5))
            order by at desc, event_id desc limit $6)
        ) as line
        left join person using (person_id)
        order by at desc, source desc, id desc limit $6",
    )
    .bind(subject)
    .bind(case_id)
    .bind(start.map(|start| start.at))
    .bind(start.map(|start| start.source.as_str()))
    .bind(start.map(|start| start.id))
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}

/// One process seals at a time; until the transaction ends it is this one, if `true`.
pub(super) async fn try_lock_sealing(db: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar("select pg_try_advisory_xact_lock(x'61756474'::integer, 1)")
        .fetch_one(db)
        .await
}

/// What the next seal has to close: the rows of every transaction that has ended since the last
/// one, but of not many more than `rows_max` rows. Without its number, time and hash.
pub(super) async fn unsealed(
    db: impl PgExecutor<'_>,
    from_xact: &str,
    rows_max: u32,
) -> sqlx::Result<Unsealed> {
    sqlx::query_as(
        "with ended as (
            select pg_snapshot_xmin(pg_current_snapshot()) as before
        ), span as materialized (
            select $1::xid8 as from_xact, least(before, (
                select (xact::text::bigint + 1)::text::xid8 from case_event
                where xact >= $1::xid8 order by xact, event_id offset $2 limit 1
            )) as to_xact from ended
        )
        select to_xact::text, event_ids::text, entry_ids::text, case_events, audit_entries,
            sha256(event_hashes || entry_hashes) as rows_hash
        from span, lateral (
            select count(*) as case_events,
                coalesce(range_agg(int8range(event_id, event_id, '[]')), '{}') as event_ids,
                coalesce(string_agg(hash, '' order by xact, event_id), '') as event_hashes
            from case_event where xact >= from_xact and xact < to_xact
        ) as events, lateral (
            select count(*) as audit_entries,
                coalesce(range_agg(int8range(entry_id, entry_id, '[]')), '{}') as entry_ids,
                coalesce(string_agg(hash, '' order by xact, entry_id), '') as entry_hashes
            from audit_entry where xact >= from_xact and xact < to_xact
        ) as entries",
    )
    .bind(from_xact)
    .bind(i64::from(rows_max))
    .fetch_one(db)
    .await
}

/// See [`unsealed`].
#[derive(Debug, FromRow)]
pub(super) struct Unsealed {
    pub(super) to_xact: String,
    pub(super) event_ids: String,
    pub(super) entry_ids: String,
    pub(super) case_events: i64,
    pub(super) audit_entries: i64,
    pub(super) rows_hash: Vec<u8>,
}

pub(super) async fn insert_seal(db: impl PgExecutor<'_>, seal: &Seal) -> sqlx::Result<()> {
    sqlx::query(
        "insert into audit_seal (number, at, from_xact, to_xact, event_ids, entry_ids,
            case_events, audit_entries, rows_hash, prev_hash, hash)
        values ($1, $2, $3::xid8, $4::xid8, $5::int8multirange, $6::int8multirange,
            $7, $8, $9, $10, $11)",
    )
    .bind(seal.number)
    .bind(seal.at)
    .bind(&seal.from_xact)
    .bind(&seal.to_xact)
    .bind(&seal.event_ids)
    .bind(&seal.entry_ids)
    .bind(seal.case_events)
    .bind(seal.audit_entries)
    .bind(&seal.rows_hash)
    .bind(&seal.prev_hash)
    .bind(&seal.hash)
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn last_seal(db: impl PgExecutor<'_>) -> sqlx::Result<Option<Seal>> {
    sqlx::query_as(
        "select number, at, from_xact::text, to_xact::text, event_ids::text, entry_ids::text,
            case_events, audit_entries, rows_hash, prev_hash, hash
        from audit_seal order by number desc limit 1",
    )
    .fetch_optional(db)
    .await
}

/// In order, those after `number`.
pub(super) async fn seals_after(
    db: impl PgExecutor<'_>,
    number: i64,
    limit: u32,
) -> sqlx::Result<Vec<Seal>> {
    sqlx::query_as(
        "select number, at, from_xact::text, to_xact::text, event_ids::text, entry_ids::text,
            case_events, audit_entries, rows_hash, prev_hash, hash
        from audit_seal where number > $1 order by number limit $2",
    )
    .bind(number)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}

/// All of `case_event`, case by case in the order of their chains.
pub(super) fn chained_events(db: &mut PgConnection) -> BoxStream<'_, sqlx::Result<ChainedEvent>> {
    sqlx::query_as(
        "select event_id, case_id, action, at, actor, person_id, role::text, reason,
            before::text, after::text, version, detail::text, xact::text, prev_hash, hash
        from case_event order by case_id, event_id",
    )
    .fetch(db)
}

/// All of `audit_entry`, in the order of its chain.
pub(super) fn chained_entries(db: &mut PgConnection) -> BoxStream<'_, sqlx::Result<ChainedEntry>> {
    sqlx::query_as(
        "select entry_id, at, actor, person_id, subject, action, reason, before::text,
            after::text, xact::text, prev_hash, hash
        from audit_entry order by entry_id",
    )
    .fetch(db)
}

/// A row as a seal counts it.
#[derive(Debug, FromRow)]
pub(super) struct SealedRow {
    pub(super) number: i64,
    pub(super) is_event: bool,
    pub(super) hash: Vec<u8>,
}

/// The rows in the spans of some seals, by seal and in the order in which a seal hashes them.
pub(super) fn sealed_rows(
    db: &mut PgConnection,
    first: i64,
    last: i64,
) -> BoxStream<'_, sqlx::Result<SealedRow>> {
    sqlx::query_as(
        "select number, is_event, line.hash from audit_seal, lateral (
            select true as is_event, xact, event_id as id, hash from case_event
            where xact >= from_xact and xact < to_xact
            union all
            select false, xact, entry_id, hash from audit_entry
            where xact >= from_xact and xact < to_xact
        ) as line
        where number between $1 and $2
        order by number, is_event desc, xact, id",
    )
    .bind(first)
    .bind(last)
    .fetch(db)
}

/// The first rows that a seal counted and that are not there any more: of `case_event`, of
/// `audit_entry`.
pub(super) async fn missing_of(
    db: impl PgExecutor<'_>,
    number: i64,
) -> sqlx::Result<(Option<i64>, Option<i64>)> {
    sqlx::query_as(
        "select
            (select id from unnest(event_ids) as ids, generate_series(lower(ids), upper(ids) - 1) as id
                where not exists (select from case_event where event_id = id) order by id limit 1),
            (select id from unnest(entry_ids) as ids, generate_series(lower(ids), upper(ids) - 1) as id
                where not exists (select from audit_entry where entry_id = id) order by id limit 1)
        from audit_seal where number = $1",
    )
    .bind(number)
    .fetch_one(db)
    .await
}
