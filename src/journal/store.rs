//! The record in the database. Table `audit_entry` is written only here.

use sqlx::PgExecutor;

use super::Entry;

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
