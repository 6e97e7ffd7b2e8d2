//! Sessions as requests see them: never by what the cookie is known by.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::SessionRow;

/// A person's sessions that stand at `at`, newest first.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    person: i32,
    current: Option<i64>,
    at: DateTime<Utc>,
) -> sqlx::Result<Vec<SessionRow>> {
    sqlx::query_as(
        "select session_id, created_at, expires_at, method, user_agent,
            session_id is not distinct from $2 as current
         from session where person_id = $1 and expires_at > $3 order by session_id desc",
    )
    .bind(person)
    .bind(current)
    .bind(at)
    .fetch_all(db)
    .await
}

/// Ends all sessions of a person, less `but`; says how many.
pub(in crate::access) async fn end_all(
    db: impl PgExecutor<'_>,
    person: i32,
    but: Option<i64>,
) -> sqlx::Result<u64> {
    let ended =
        sqlx::query("delete from session where person_id = $1 and session_id is distinct from $2")
            .bind(person)
            .bind(but)
            .execute(db)
            .await?;
    Ok(ended.rows_affected())
}

/// Ends one session of a person; `false` when there is none of this number.
pub(super) async fn end(db: impl PgExecutor<'_>, person: i32, session: i64) -> sqlx::Result<bool> {
    let ended = sqlx::query("delete from session where person_id = $1 and session_id = $2")
        .bind(person)
        .bind(session)
        .execute(db)
        .await?;
    Ok(ended.rows_affected() == 1)
}
