//! Table `export_request`, and the cases of an export.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use sqlx::types::Json;

use super::{ExportFilter, ExportRequest};
use crate::cases::CaseRow;

pub(super) async fn insert(
    db: impl PgExecutor<'_>,
    filter: &ExportFilter,
    purpose: &str,
    by: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "insert into export_request (filter, purpose, requested_by, requested_at)
        values ($1, $2, $3, $4) returning export_id",
    )
    .bind(Json(filter))
    .bind(purpose)
    .bind(by)
    .bind(at)
    .fetch_one(db)
    .await
}

/// Newest first, or the one that is asked for.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    only: Option<i64>,
    limit: u32,
) -> sqlx::Result<Vec<ExportRequest>> {
    sqlx::query_as(
        "select e.*, p.name as requester, a.name as approver, r.name as refuser
        from export_request e join person p on p.person_id = requested_by
        left join person a on a.person_id = e.approved_by
        left join person r on r.person_id = e.refused_by
        where $1::bigint is null or export_id = $1
        order by export_id desc limit $2",
    )
    .bind(only)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}

/// `false` when it is decided already.
pub(super) async fn approve(
    db: impl PgExecutor<'_>,
    id: i64,
    by: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let approved = sqlx::query(
        "update export_request set approved_by = $2, approved_at = $3
        where export_id = $1 and approved_at is null and refused_at is null",
    )
    .bind(id)
    .bind(by)
    .bind(at)
    .execute(db)
    .await?;
    Ok(approved.rows_affected() == 1)
}

/// `false` when it is decided already.
pub(super) async fn refuse(
    db: impl PgExecutor<'_>,
    id: i64,
    by: i32,
    why: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let refused = sqlx::query(
        "update export_request set refused_by = $2, refused_for = $3, refused_at = $4
        where export_id = $1 and approved_at is null and refused_at is null",
    )
    .bind(id)
    .bind(by)
    .bind(why)
    .bind(at)
    .execute(db)
    .await?;
    Ok(refused.rows_affected() == 1)
}

/// Oldest first; at most `limit`.
pub(super) async fn cases(
    db: impl PgExecutor<'_>,
    filter: &ExportFilter,
    limit: usize,
) -> sqlx::Result<Vec<CaseRow>> {
    sqlx::query_as(
        "select * from case_row
        where ($1::case_state[] is null or state = any($1))
            and ($2::text is null or class_code = $2)
            and ($3::integer is null or handling_unit_id = $3)
            and ($4::integer is null or district_id = $4)
            and ($5::timestamptz is null or opened_at >= $5)
            and ($6::timestamptz is null or opened_at < $6)
        order by case_id limit $7",
    )
    .bind(&filter.states)
    .bind(filter.class)
    .bind(filter.handling_unit)
    .bind(filter.district)
    .bind(filter.since)
    .bind(filter.until)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(db)
    .await
}
