//! Tables `picture_original` and `original_access`.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgExecutor};

use super::OriginalAccess;
use crate::cases::{CaseId, PictureSha256};

/// One that was erased is there again when the same picture is kept once more.
pub(super) async fn insert(
    db: impl PgExecutor<'_>,
    picture: PictureSha256,
    key_id: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into picture_original as o (image_sha256, key_id, kept_at) values ($1, $2, $3)
        on conflict (image_sha256) do update
            set key_id = excluded.key_id, kept_at = excluded.kept_at, erased_at = null
            where o.erased_at is not null",
    )
    .bind(picture.0)
    .bind(key_id)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// A picture somebody wants to see the original of.
#[derive(Debug, FromRow)]
pub(super) struct Asked {
    pub(super) case_id: CaseId,
    image_sha256: [u8; 32],
    /// None: nothing in it was made unrecognisable.
    pub(super) key_id: Option<String>,
    pub(super) erased_at: Option<DateTime<Utc>>,
}

impl Asked {
    pub(super) fn picture(&self) -> PictureSha256 {
        PictureSha256(self.image_sha256)
    }
}

pub(super) async fn find(db: impl PgExecutor<'_>, evidence_id: i64) -> sqlx::Result<Option<Asked>> {
    sqlx::query_as(
        "select case_id, image_sha256, key_id, erased_at
        from case_evidence join evidence_picture using (evidence_id)
            left join picture_original using (image_sha256)
        where evidence_id = $1",
    )
    .bind(evidence_id)
    .fetch_optional(db)
    .await
}

/// Whether the acting person has a role that shows originals where the case is.
pub(super) async fn may_view(db: impl PgExecutor<'_>, case_id: CaseId) -> sqlx::Result<bool> {
    sqlx::query_scalar("select cityward_views_original($1)")
        .bind(case_id.0)
        .fetch_one(db)
        .await
}

/// Writes down that somebody is going to see it, and what for.
pub(super) async fn insert_access(
    db: impl PgExecutor<'_>,
    asked: &Asked,
    evidence_id: i64,
    person_id: i32,
    purpose: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into original_access (case_id, evidence_id, person_id, purpose, at)
        values ($1, $2, $3, $4, $5)",
    )
    .bind(asked.case_id)
    .bind(evidence_id)
    .bind(person_id)
    .bind(purpose)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Who looked at originals of a case, oldest first; the newest `limit`.
pub async fn accesses_of(
    db: impl PgExecutor<'_>,
    case: CaseId,
    limit: u32,
) -> sqlx::Result<Vec<OriginalAccess>> {
    sqlx::query_as(
        "select * from (
            select access_id, evidence_id, person.name as person, purpose, at
            from original_access join person using (person_id)
            where case_id = $1 order by access_id desc limit $2
        ) as newest order by access_id",
    )
    .bind(case)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}

/// Leaves a tombstone of originals kept before `until`, at most `limit`.
pub(super) async fn erase(
    db: impl PgExecutor<'_>,
    until: DateTime<Utc>,
    at: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<PictureSha256>> {
    let erased: Vec<[u8; 32]> = sqlx::query_scalar(
        "update picture_original set erased_at = $2 where image_sha256 in (
            select image_sha256 from picture_original
            where erased_at is null and kept_at < $1 order by kept_at limit $3 for update)
        returning image_sha256",
    )
    .bind(until)
    .bind(at)
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(erased.into_iter().map(PictureSha256).collect())
}

/// Those of these whose original is kept.
pub(super) async fn known(
    db: impl PgExecutor<'_>,
    pictures: &[PictureSha256],
) -> sqlx::Result<HashSet<PictureSha256>> {
    let pictures: Vec<&[u8]> = pictures.iter().map(|picture| &picture.0[..]).collect();
    let known: Vec<[u8; 32]> = sqlx::query_scalar(
        "select image_sha256 from picture_original
        where image_sha256 = any($1) and erased_at is null",
    )
    .bind(pictures)
    .fetch_all(db)
    .await?;
    Ok(known.into_iter().map(PictureSha256).collect())
}
