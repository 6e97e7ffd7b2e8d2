//! Tables `reporter` and `reporter_access`.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::{Reporter, ReporterKeys, SealError};
use crate::cases::{CaseId, CaseState};
use crate::catalogue::ClassCode;

/// A reporter as the database keeps them.
pub(super) struct Sealed {
    pub(super) name: Option<Vec<u8>>,
    pub(super) phone: Option<Vec<u8>>,
    pub(super) key_id: String,
    pub(super) wants_reply: bool,
}

pub(super) async fn insert(
    db: impl PgExecutor<'_>,
    case: CaseId,
    sealed: &Sealed,
    query_code_sha256: [u8; 32],
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into reporter (case_id, name_sealed, phone_sealed, key_id, wants_reply,
            query_code_sha256, told_at)
        values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(case)
    .bind(&sealed.name)
    .bind(&sealed.phone)
    .bind(&sealed.key_id)
    .bind(sealed.wants_reply)
    .bind(query_code_sha256)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
pub(super) struct ReporterRow {
    name_sealed: Option<Vec<u8>>,
    phone_sealed: Option<Vec<u8>>,
    key_id: String,
    wants_reply: bool,
    pub(super) erased_at: Option<DateTime<Utc>>,
}

impl ReporterRow {
    pub(super) fn open(&self, keys: &ReporterKeys, case: CaseId) -> Result<Reporter, SealError> {
        let open = |field: &str, sealed: &Option<Vec<u8>>| {
            let sealed = sealed.as_deref();
            sealed
                .map(|sealed| keys.unseal(&self.key_id, case, field, sealed))
                .transpose()
        };
        Ok(Reporter {
            name: open("name", &self.name_sealed)?,
            phone: open("phone", &self.phone_sealed)?,
            wants_reply: self.wants_reply,
        })
    }
}

pub(super) async fn find(
    db: impl PgExecutor<'_>,
    case: CaseId,
) -> sqlx::Result<Option<ReporterRow>> {
    sqlx::query_as(
        "select name_sealed, phone_sealed, key_id, wants_reply, erased_at
        from reporter where case_id = $1",
    )
    .bind(case)
    .fetch_optional(db)
    .await
}

/// Writes down that somebody is going to read the data in clear, and what for.
pub(super) async fn insert_access(
    db: impl PgExecutor<'_>,
    case: CaseId,
    person_id: i32,
    purpose: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into reporter_access (case_id, person_id, purpose, at) values ($1, $2, $3, $4)",
    )
    .bind(case)
    .bind(person_id)
    .bind(purpose)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Leaves a tombstone of every reporter whose case ended before `until`; returns how many.
pub(super) async fn erase(
    db: impl PgExecutor<'_>,
    until: DateTime<Utc>,
    at: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let erased = sqlx::query(
        "update reporter set name_sealed = null, phone_sealed = null, erased_at = $2
        from city_case c
        where c.case_id = reporter.case_id and c.ended_at < $1 and erased_at is null",
    )
    .bind(until)
    .bind(at)
    .execute(db)
    .await?;
    Ok(erased.rows_affected())
}

/// What a reporter is told who asks with their code: nothing about anybody.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Status {
    pub(super) case_id: CaseId,
    #[sqlx(try_from = "String")]
    pub(super) class_code: ClassCode,
    pub(super) state: CaseState,
    pub(super) opened_at: DateTime<Utc>,
    pub(super) changed_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
}

pub(super) async fn status(
    db: impl PgExecutor<'_>,
    query_code_sha256: [u8; 32],
) -> sqlx::Result<Option<Status>> {
    sqlx::query_as("select * from public_case_status($1)")
        .bind(query_code_sha256)
        .fetch_optional(db)
        .await
}
