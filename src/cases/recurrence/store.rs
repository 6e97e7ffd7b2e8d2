//! Column `recurrence_of` of new cases.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::cases::CaseId;

/// Returns the case it was linked to.
pub(super) async fn link(
    db: impl PgExecutor<'_>,
    case: CaseId,
    radius_m: f64,
    since: DateTime<Utc>,
) -> sqlx::Result<Option<CaseId>> {
    sqlx::query_scalar(
        "update city_case c set recurrence_of = settled.case_id
        from settled_before($1, $2, $3) as settled (case_id)
        where c.case_id = $1 and settled.case_id is not null
        returning c.recurrence_of",
    )
    .bind(case)
    .bind(radius_m)
    .bind(since)
    .fetch_optional(db)
    .await
}
