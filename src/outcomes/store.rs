//! View `case_outcome`.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgExecutor, Row as _};

use super::{Outcome, UnitOutcomes};
use crate::cases::CaseRow;
use crate::territory::Unit;

/// From the first moment until before the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

impl FromRow<'_, PgRow> for UnitOutcomes {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            unit: Unit {
                id: row.try_get("unit_id")?,
                name_zh: row.try_get("name_zh")?,
                name_en: row.try_get("name_en")?,
            },
            approve: row.try_get("approve")?,
            rehandle: row.try_get("rehandle")?,
            close_unqualified: row.try_get("close_unqualified")?,
            redirect: row.try_get("redirect")?,
        })
    }
}

/// Of every unit that had any, by name. A case counts once for each outcome it had.
pub(super) async fn of_units(
    db: impl PgExecutor<'_>,
    period: Period,
) -> sqlx::Result<Vec<UnitOutcomes>> {
    sqlx::query_as(
        "select unit_id, u.name_zh, u.name_en,
            count(distinct case_id) filter (where outcome = 'approve') as approve,
            count(distinct case_id) filter (where outcome = 'rehandle') as rehandle,
            count(distinct case_id) filter (where outcome = 'close_unqualified')
                as close_unqualified,
            count(distinct case_id) filter (where outcome = 'redirect') as redirect
        from case_outcome
        join unit u using (unit_id)
        where at >= $1 and at < $2
        group by unit_id, u.name_zh, u.name_en
        order by u.name_zh, unit_id",
    )
    .bind(period.from)
    .bind(period.until)
    .fetch_all(db)
    .await
}

/// The cases behind one number, newest first.
pub(super) async fn cases(
    db: impl PgExecutor<'_>,
    period: Period,
    unit: i32,
    outcome: Outcome,
    limit: u32,
) -> sqlx::Result<Vec<CaseRow>> {
    sqlx::query_as(
        "select * from case_row
        where case_id in (select case_id from case_outcome
            where at >= $1 and at < $2 and unit_id = $3 and outcome = $4)
        order by case_id desc limit $5",
    )
    .bind(period.from)
    .bind(period.until)
    .bind(unit)
    .bind(outcome)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}
