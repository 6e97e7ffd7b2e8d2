//! Tables `evidence_waiting` and `evidence_picture`.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, PgExecutor};

use crate::cases::PictureSha256;
use crate::cases::evidence::Held;
use crate::space::PixelBox;
use crate::vision::About;

/// Before one that failed is tried again: a minute for each time it was tried, and no more than these.
const AGAIN_MINUTES_MAX: i32 = 60;

/// A picture that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) held: Held,
    pub(super) about: About,
}

#[derive(FromRow)]
struct WaitingRow {
    sealed_sha256: [u8; 32],
    key_id: String,
    of_thing: bool,
    box_left: f32,
    box_top: f32,
    box_right: f32,
    box_bottom: f32,
}

pub(super) async fn insert(
    db: impl PgExecutor<'_>,
    evidence_id: i64,
    held: &Held,
    of_thing: bool,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into evidence_waiting (evidence_id, sealed_sha256, key_id, of_thing)
        values ($1, $2, $3, $4)",
    )
    .bind(evidence_id)
    .bind(held.sealed.0)
    .bind(&held.key_id)
    .bind(of_thing)
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn is_waiting(db: impl PgExecutor<'_>, evidence_id: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from evidence_waiting where evidence_id = $1)")
        .bind(evidence_id)
        .fetch_one(db)
        .await
}

/// The one to be made next: those that failed come after those that were not tried.
pub(super) async fn next(db: impl PgExecutor<'_>, at: DateTime<Utc>) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(
        "select evidence_id from evidence_waiting
        where tried_at is null or tried_at < $1 - least(tries, $2) * interval '1 minute'
        order by tries, evidence_id limit 1",
    )
    .bind(at)
    .bind(AGAIN_MINUTES_MAX)
    .fetch_optional(db)
    .await
}

pub(super) async fn count(db: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar("select count(*) from evidence_waiting")
        .fetch_one(db)
        .await
}

/// Holds the row until the transaction ends; `None`: it does not wait any more.
pub(super) async fn lock(tx: &mut PgConnection, evidence_id: i64) -> sqlx::Result<Option<Waiting>> {
    let row: Option<WaitingRow> = sqlx::query_as(
        "select sealed_sha256, key_id, of_thing, box_left, box_top, box_right, box_bottom
        from evidence_waiting w join case_evidence using (evidence_id)
        where evidence_id = $1 for update of w",
    )
    .bind(evidence_id)
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| {
        let pixel_box = PixelBox {
            left: row.box_left,
            top: row.box_top,
            right: row.box_right,
            bottom: row.box_bottom,
        };
        Waiting {
            held: Held {
                sealed: PictureSha256(row.sealed_sha256),
                key_id: row.key_id,
            },
            about: if row.of_thing {
                About::Thing(pixel_box)
            } else {
                About::Place(pixel_box)
            },
        }
    }))
}

/// Puts the picture in the place of what waited.
pub(super) async fn made(
    tx: &mut PgConnection,
    evidence_id: i64,
    picture: PictureSha256,
) -> sqlx::Result<()> {
    sqlx::query(
        "with waited as (delete from evidence_waiting where evidence_id = $1)
        insert into evidence_picture (evidence_id, image_sha256) values ($1, $2)",
    )
    .bind(evidence_id)
    .bind(picture.0)
    .execute(tx)
    .await?;
    Ok(())
}

/// Says that it is tried now; `false`: it was a moment ago, or does not wait any more.
pub(super) async fn begin_try(
    db: impl PgExecutor<'_>,
    evidence_id: i64,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let begun = sqlx::query(
        "update evidence_waiting set tries = tries + 1, tried_at = $2 where evidence_id = $1
            and (tried_at is null or tried_at < $2 - least(tries, $3) * interval '1 minute')",
    )
    .bind(evidence_id)
    .bind(at)
    .bind(AGAIN_MINUTES_MAX)
    .execute(db)
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// Those taken before a moment wait no more; returns their files.
pub(super) async fn give_up(
    db: impl PgExecutor<'_>,
    taken_before: DateTime<Utc>,
) -> sqlx::Result<Vec<PictureSha256>> {
    let files: Vec<[u8; 32]> = sqlx::query_scalar(
        "delete from evidence_waiting w using case_evidence e
        where e.evidence_id = w.evidence_id and e.captured_at < $1 and tries > 0
        returning sealed_sha256",
    )
    .bind(taken_before)
    .fetch_all(db)
    .await?;
    Ok(files.into_iter().map(PictureSha256).collect())
}

/// Those of these files that a picture waits in.
pub(super) async fn known(
    db: impl PgExecutor<'_>,
    files: &[PictureSha256],
) -> sqlx::Result<HashSet<PictureSha256>> {
    let files: Vec<&[u8]> = files.iter().map(|file| &file.0[..]).collect();
    let known: Vec<[u8; 32]> = sqlx::query_scalar(
        "select sealed_sha256 from evidence_waiting where sealed_sha256 = any($1)",
    )
    .bind(files)
    .fetch_all(db)
    .await?;
    Ok(known.into_iter().map(PictureSha256).collect())
}

/// The picture of evidence, if there is such evidence and its picture is fit to be seen.
pub(in crate::cases) async fn picture_of(
    db: impl PgExecutor<'_>,
    evidence_id: i64,
) -> sqlx::Result<Option<Option<PictureSha256>>> {
    let sha256: Option<Option<[u8; 32]>> = sqlx::query_scalar(
        "select image_sha256 from case_evidence left join evidence_picture using (evidence_id)
        where evidence_id = $1",
    )
    .bind(evidence_id)
    .fetch_optional(db)
    .await?;
    Ok(sha256.map(|it| it.map(PictureSha256)))
}
