//! What a camera saw go: a note with a picture in the case's history, for whoever checks. It ends no
//! case: what the camera cannot see may still be there, and the regulation has a person look.

mod check;
pub(super) mod store;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::{CaseChange, CaseId, EvidenceStore, Picture, redaction};
use crate::camera::{CameraId, FrameId};
use crate::space::PixelBox;
use crate::vision::About;

pub use check::{CameraCheck, CameraVerdict, camera_check};
pub use store::{Watched, watched};

/// A thing that was not found any more where its case says it is.
#[derive(Debug, Clone)]
pub struct Departed {
    pub case: CaseId,
    pub camera: CameraId,
    /// The frame that made it certain.
    pub frame: FrameId,
    pub captured_at: DateTime<Utc>,
    pub picture: Picture,
    /// Where it was.
    pub pixel_box: PixelBox,
    /// When the first frame without it was taken.
    pub since: DateTime<Utc>,
    /// Frames without it.
    pub looks: u32,
}

/// Pictures of a case without the thing; what comes and goes more often is noted without.
const PICTURES_MAX: i64 = 20;

/// Notes it in the history of its case, with the picture. `None`: the case has ended, or its camera
/// has told so since it was seen last.
pub async fn note(
    db: &PgPool,
    evidence: &EvidenceStore,
    departed: &Departed,
    at: DateTime<Utc>,
) -> anyhow::Result<Option<CaseChange>> {
    let mut looking = db.acquire().await.context("cannot look at a case")?;
    let few = store::pictures(&mut looking, departed.case).await? < PICTURES_MAX;
    drop(looking);
    // before the case is locked
    let prepared = if few {
        Some(evidence.hold(&departed.picture).await?)
    } else {
        None
    };
    let mut tx = db
        .begin()
        .await
        .context("cannot begin to note a departure")?;
    // the case is held from here on, so that of two processes one tells
    if !store::touch(&mut tx, departed.case).await? || store::is_told(&mut tx, departed).await? {
        return Ok(None);
    }
    let mut kept = None;
    if let Some(held) = prepared
        && store::pictures(&mut tx, departed.case).await? < PICTURES_MAX
    {
        kept = store::insert_evidence(&mut tx, departed).await?;
        if let Some(evidence_id) = kept {
            // whoever stands there now is not the thing
            let about = About::Place(departed.pixel_box);
            redaction::await_it(&mut tx, evidence_id, &held, about).await?;
        }
    }
    store::insert_event(&mut tx, departed, kept, at).await?;
    let row = super::store::row(&mut *tx, departed.case).await?;
    tx.commit().await.context("cannot commit a departure")?;
    Ok(Some(CaseChange::Changed(row)))
}
