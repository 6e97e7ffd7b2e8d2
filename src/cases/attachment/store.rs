//! Table `case_attachment`.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};

use super::{Attachment, AttachmentKind, BindError};
use crate::cases::{CaseId, PictureSha256};
use crate::space::GroundPoint;

/// Held while pictures come in, exclusively while they are swept: a file that is just cited again
/// is not removed.
const SWEEP_LOCK: i32 = 0x6174_7400;

/// What is known of a picture before an action names it.
pub(super) struct NewAttachment {
    pub(super) picture: PictureSha256,
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) taken_at: Option<DateTime<Utc>>,
    pub(super) place: Option<GroundPoint>,
    pub(super) uploaded_by: i32,
    pub(super) uploaded_at: DateTime<Utc>,
}

pub(super) async fn hold_off_sweep(db: impl PgExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock_shared($1, 0)")
        .bind(SWEEP_LOCK)
        .execute(db)
        .await?;
    Ok(())
}

/// Pictures of this person that no action has named yet.
pub(super) async fn count_unused(db: impl PgExecutor<'_>, person_id: i32) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "select count(*) from case_attachment where case_id is null and uploaded_by = $1",
    )
    .bind(person_id)
    .fetch_one(db)
    .await
}

pub(super) async fn insert(db: impl PgExecutor<'_>, new: &NewAttachment) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "insert into case_attachment (image_sha256, image_width_px, image_height_px, taken_at,
            location, uploaded_by, uploaded_at)
        values ($1, $2, $3, $4, $5, $6, $7) returning attachment_id",
    )
    .bind(new.picture.0)
    .bind(new.width_px.cast_signed())
    .bind(new.height_px.cast_signed())
    .bind(new.taken_at)
    .bind(new.place)
    .bind(new.uploaded_by)
    .bind(new.uploaded_at)
    .fetch_one(db)
    .await
}

/// The picture, where the person of this transaction may see it: with its case, or while it is
/// unused and their own.
pub(super) async fn picture_of(
    db: impl PgExecutor<'_>,
    attachment_id: i64,
    person_id: i32,
) -> sqlx::Result<Option<PictureSha256>> {
    let sha256: Option<[u8; 32]> = sqlx::query_scalar(
        "select image_sha256 from case_attachment a
        where attachment_id = $1
            and case when case_id is null then uploaded_by = $2
                else exists (select from city_case c where c.case_id = a.case_id) end",
    )
    .bind(attachment_id)
    .bind(person_id)
    .fetch_optional(db)
    .await?;
    Ok(sha256.map(PictureSha256))
}

/// Makes unused pictures of this person part of a case; all of them or none.
///
/// # Errors
/// [`BindError::NotYours`] names the first that is unknown, another's, used or given twice; the
/// transaction has then to be given up.
pub async fn bind(
    tx: &mut PgConnection,
    case: CaseId,
    kind: AttachmentKind,
    ids: &[i64],
    person_id: i32,
) -> Result<(), BindError> {
    let mut bound: Vec<i64> = sqlx::query_scalar(
        "update case_attachment set case_id = $1, kind = $2
        where attachment_id = any($3) and case_id is null and uploaded_by = $4
        returning attachment_id",
    )
    .bind(case)
    .bind(kind)
    .bind(ids)
    .bind(person_id)
    .fetch_all(tx)
    .await?;
    for id in ids {
        match bound.iter().position(|one| one == id) {
            Some(at) => bound.swap_remove(at),
            None => return Err(BindError::NotYours(*id)),
        };
    }
    Ok(())
}

/// In the order they were uploaded.
pub async fn of_case(db: impl PgExecutor<'_>, case: CaseId) -> sqlx::Result<Vec<Attachment>> {
    sqlx::query_as(
        "select a.*, p.name as uploader from case_attachment a
        join person p on p.person_id = a.uploaded_by
        where case_id = $1 order by attachment_id",
    )
    .bind(case)
    .fetch_all(db)
    .await
}

/// Until the transaction ends no picture comes in.
pub(super) async fn stop_uploads(db: impl PgExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock($1, 0)")
        .bind(SWEEP_LOCK)
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets what was uploaded before `until` and never named; returns the files nothing cites now.
pub(super) async fn delete_unused(
    db: impl PgExecutor<'_>,
    until: DateTime<Utc>,
) -> sqlx::Result<Vec<PictureSha256>> {
    let files: Vec<[u8; 32]> = sqlx::query_scalar(
        "with gone as (
            delete from case_attachment where case_id is null and uploaded_at < $1
            returning attachment_id, image_sha256
        )
        select distinct image_sha256 from gone g
        where not exists (select from evidence_picture e where e.image_sha256 = g.image_sha256)
            and not exists (select from case_attachment a where a.image_sha256 = g.image_sha256
                and a.attachment_id not in (select attachment_id from gone))",
    )
    .bind(until)
    .fetch_all(db)
    .await?;
    Ok(files.into_iter().map(PictureSha256).collect())
}

impl FromRow<'_, PgRow> for Attachment {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let id: i64 = row.try_get("attachment_id")?;
        let place: Option<GroundPoint> = row.try_get("location")?;
        Ok(Self {
            id,
            kind: row.try_get("kind")?,
            url: url_of(id),
            width: row.try_get("image_width_px")?,
            height: row.try_get("image_height_px")?,
            taken_at: row.try_get("taken_at")?,
            lon: place.map(|place| place.lon),
            lat: place.map(|place| place.lat),
            by: row.try_get("uploader")?,
            at: row.try_get("uploaded_at")?,
        })
    }
}

pub(super) fn url_of(id: i64) -> String {
    format!("/api/v1/attachments/{id}/image")
}
