//! What the stream reads: who sees what, and what other processes committed.

use sqlx::{FromRow, PgExecutor};

use super::scope::Audience;
use crate::cases::CaseId;

#[derive(Debug, FromRow)]
struct AudienceRow {
    case_id: CaseId,
    #[sqlx(flatten)]
    audience: Audience,
}

/// Who sees each open case, the newest `limit` of them.
pub(super) async fn audiences(
    db: impl PgExecutor<'_>,
    limit: u32,
) -> sqlx::Result<Vec<(CaseId, Audience)>> {
    let rows: Vec<AudienceRow> = sqlx::query_as(
        "select case_id, district_id, cell_id, handling_unit_id, helper_unit_ids, assignee_id,
            reported_by
        from city_case where ended_at is null order by case_id desc limit $1",
    )
    .bind(i64::from(limit))
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.case_id, row.audience))
        .collect())
}

/// Which transactions can be seen now: `pg_snapshot` as text.
pub(super) async fn snapshot(db: impl PgExecutor<'_>) -> sqlx::Result<String> {
    sqlx::query_scalar("select pg_current_snapshot()::text")
        .fetch_one(db)
        .await
}

/// What can be seen now and could not be in an earlier snapshot.
#[derive(Debug, FromRow)]
pub(super) struct Since {
    /// Now.
    pub(super) snapshot: String,
    pub(super) changed: Vec<CaseId>,
    /// Of them, those that are new.
    pub(super) opened: Vec<CaseId>,
}

/// A transaction that ran at `snapshot` is asked for by its number and all later ones together,
/// so that none is left out however long it took, and none is read twice.
pub(super) async fn since(db: impl PgExecutor<'_>, snapshot: &str) -> sqlx::Result<Since> {
    sqlx::query_as(
        "with event as materialized (
            select case_id, action from case_event
            where xact >= pg_snapshot_xmax($1::pg_snapshot)
                or xact = any (array(select pg_snapshot_xip($1::pg_snapshot)))
        )
        select pg_current_snapshot()::text as snapshot,
            array(select distinct case_id from event) as changed,
            array(select distinct case_id from event where action = 'opened') as opened",
    )
    .bind(snapshot)
    .fetch_one(db)
    .await
}

/// Rings for the other processes; `epoch` says whose bell it is.
pub(super) async fn ring(db: impl PgExecutor<'_>, bell: &str, epoch: &str) -> sqlx::Result<()> {
    sqlx::query("select pg_notify($1, $2)")
        .bind(bell)
        .bind(epoch)
        .execute(db)
        .await?;
    Ok(())
}
