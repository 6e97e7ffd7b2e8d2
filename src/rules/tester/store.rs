//! The cases a draft is tried against.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::dry_run::PastCase;

/// The newest cases opened since a moment that the person may see.
pub(super) async fn cases_since(
    db: impl PgExecutor<'_>,
    since: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<PastCase>> {
    sqlx::query_as(
        "select c.case_id, c.class_code as class, st_x(c.location) as lon, st_y(c.location) as lat,
                c.opened_at, c.rule_set_id, f.class_code as condition_class,
                f.number as condition_number
         from city_case c left join filing_condition f using (condition_id)
         where c.opened_at >= $1 order by c.opened_at desc, c.case_id desc limit $2",
    )
    .bind(since)
    .bind(limit)
    .fetch_all(db)
    .await
}
