//! Cases and their histories, as far as the ground moves them.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::Rehomed;
use crate::cases::{Action, CaseId};

pub(super) async fn rehome(tx: &mut PgConnection, edition_id: i32) -> sqlx::Result<Vec<Rehomed>> {
    sqlx::query_as(include_str!("rehome.sql"))
        .bind(edition_id)
        .fetch_all(tx)
        .await
}

pub(super) async fn insert_events(
    tx: &mut PgConnection,
    edition_id: i32,
    rehomed: &[Rehomed],
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let cases: Vec<CaseId> = rehomed.iter().map(|case| case.case_id).collect();
    let before: Vec<&Value> = rehomed.iter().map(|case| &case.before).collect();
    let after: Vec<&Value> = rehomed.iter().map(|case| &case.after).collect();
    let versions: Vec<i32> = rehomed.iter().map(|case| case.version).collect();
    sqlx::query(
        "insert into case_event (case_id, action, at, actor, before, after, version, detail)
        select case_id, $1, greatest($2, last.at), 'system', before, after, version, $3
        from unnest($4::bigint[], $5::jsonb[], $6::jsonb[], $7::integer[])
            as e (case_id, before, after, version)
        cross join lateral (
            select max(at) as at from case_event v where v.case_id = e.case_id
        ) as last
        order by case_id",
    )
    .bind(Action::Rehome)
    .bind(at)
    .bind(json!({ "edition_id": edition_id }))
    .bind(cases)
    .bind(before)
    .bind(after)
    .bind(versions)
    .execute(tx)
    .await?;
    Ok(())
}
