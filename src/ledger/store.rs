//! Tables `ledger_year`, `ledger_entry`, `ledger_approval` are written only here.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use utoipa::ToSchema;

use super::{Item, Spend, Sums};
use crate::cases::CaseId;

/// One line of the ledger.
#[derive(Debug, Serialize, sqlx::FromRow, ToSchema)]
pub(super) struct Entry {
    #[sqlx(rename = "entry_id")]
    id: i64,
    kind: EntryKind,
    /// A spend lowers the balance, the others raise it; fen.
    amount_fen: i64,
    case_id: Option<CaseId>,
    /// What a spend was for.
    #[schema(value_type = Option<Vec<Item>>)]
    items: Option<Json<Vec<Item>>>,
    /// Who paid a recovery.
    from_unit_id: Option<i32>,
    reason: String,
    /// Who wrote it.
    by: String,
    at: DateTime<Utc>,
}

impl Entry {
    pub(super) fn id(&self) -> i64 {
        self.id
    }
}

#[derive(Debug, Clone, Copy, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "ledger_entry_kind", rename_all = "snake_case")]
pub(super) enum EntryKind {
    Budget,
    Spend,
    Recovery,
}

/// Until the transaction ends nobody else changes the year.
pub(super) async fn lock_year(tx: &mut PgConnection, year: i16) -> sqlx::Result<Sums> {
    sqlx::query("insert into ledger_year (year) values ($1) on conflict do nothing")
        .bind(year)
        .execute(&mut *tx)
        .await?;
    sqlx::query_as(
        "select budget_fen, spent_fen, recovered_fen from ledger_year where year = $1 for update",
    )
    .bind(year)
    .fetch_one(tx)
    .await
}

/// Nothing for a year without entries.
pub(super) async fn sums_of(db: impl PgExecutor<'_>, year: i16) -> sqlx::Result<Sums> {
    let sums = sqlx::query_as(
        "select budget_fen, spent_fen, recovered_fen from ledger_year where year = $1",
    )
    .bind(year)
    .fetch_optional(db)
    .await?;
    Ok(sums.unwrap_or_default())
}

/// Newest first; `limit` of them older than `before`.
pub(super) async fn entries_of(
    db: impl PgExecutor<'_>,
    year: i16,
    before: Option<i64>,
    limit: u32,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as(
        "select e.*, p.name as by from ledger_entry e join person p using (person_id)
        where year = $1 and ($2::bigint is null or entry_id < $2)
        order by entry_id desc limit $3",
    )
    .bind(year)
    .bind(before)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}

/// The smallest unused approval that covers what is missing.
pub(super) async fn unused_approval(
    db: impl PgExecutor<'_>,
    case: CaseId,
    missing_fen: i64,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(
        "select approval_id from ledger_approval a
        where case_id = $1 and amount_fen >= $2
            and not exists (select from ledger_entry e where e.approval_id = a.approval_id)
        order by amount_fen, approval_id limit 1",
    )
    .bind(case)
    .bind(missing_fen)
    .fetch_optional(db)
    .await
}

pub(super) async fn insert_approval(
    db: impl PgExecutor<'_>,
    case: CaseId,
    amount_fen: i64,
    reason: &str,
    by: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "insert into ledger_approval (case_id, amount_fen, reason, approved_by, approved_at)
        values ($1, $2, $3, $4, $5) returning approval_id",
    )
    .bind(case)
    .bind(amount_fen)
    .bind(reason)
    .bind(by)
    .bind(at)
    .fetch_one(db)
    .await
}

/// The year is locked.
pub(super) async fn insert_spend(
    tx: &mut PgConnection,
    year: i16,
    spend: &Spend<'_>,
    amount_fen: i64,
    approval_id: Option<i64>,
) -> sqlx::Result<i64> {
    let id = sqlx::query_scalar(
        "insert into ledger_entry (year, kind, amount_fen, case_id, items, approval_id, person_id, at)
        values ($1, 'spend', $2, $3, $4, $5, $6, $7) returning entry_id",
    )
    .bind(year)
    .bind(amount_fen)
    .bind(spend.case_id)
    .bind(Json(spend.items))
    .bind(approval_id)
    .bind(spend.person_id)
    .bind(spend.at)
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query("update ledger_year set spent_fen = spent_fen + $2 where year = $1")
        .bind(year)
        .bind(amount_fen)
        .execute(tx)
        .await?;
    Ok(id)
}

/// The year is locked.
pub(super) async fn insert_budget(
    tx: &mut PgConnection,
    year: i16,
    amount_fen: i64,
    reason: &str,
    by: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<i64> {
    let id = sqlx::query_scalar(
        "insert into ledger_entry (year, kind, amount_fen, reason, person_id, at)
        values ($1, 'budget', $2, $3, $4, $5) returning entry_id",
    )
    .bind(year)
    .bind(amount_fen)
    .bind(reason)
    .bind(by)
    .bind(at)
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query("update ledger_year set budget_fen = budget_fen + $2 where year = $1")
        .bind(year)
        .bind(amount_fen)
        .execute(tx)
        .await?;
    Ok(id)
}

/// What was spent on a case, fen, less what came back.
pub(super) async fn unrecovered_fen(
    db: impl PgExecutor<'_>,
    case: CaseId,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(
        "select sum(case kind when 'spend' then amount_fen else -amount_fen end)::bigint
        from ledger_entry where case_id = $1",
    )
    .bind(case)
    .fetch_one(db)
    .await
}

/// What an owner found later pays back.
pub(super) struct Recovery<'a> {
    pub(super) case: CaseId,
    pub(super) amount_fen: i64,
    pub(super) from_unit_id: Option<i32>,
    pub(super) reason: &'a str,
}

/// The year is locked.
pub(super) async fn insert_recovery(
    tx: &mut PgConnection,
    year: i16,
    recovery: &Recovery<'_>,
    by: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<i64> {
    let id = sqlx::query_scalar(
        "insert into ledger_entry (year, kind, amount_fen, case_id, from_unit_id, reason, person_id, at)
        values ($1, 'recovery', $2, $3, $4, $5, $6, $7) returning entry_id",
    )
    .bind(year)
    .bind(recovery.amount_fen)
    .bind(recovery.case)
    .bind(recovery.from_unit_id)
    .bind(recovery.reason)
    .bind(by)
    .bind(at)
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query("update ledger_year set recovered_fen = recovered_fen + $2 where year = $1")
        .bind(year)
        .bind(recovery.amount_fen)
        .execute(tx)
        .await?;
    Ok(id)
}

/// Whether there is such a case, as far as whoever asks may know.
pub(super) async fn case_exists(db: impl PgExecutor<'_>, case: CaseId) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from city_case where case_id = $1)")
        .bind(case)
        .fetch_one(db)
        .await
}
