//! Pictures nobody used do not stay.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::{UNUSED_MAX, store};
use crate::cases::EvidenceStore;

/// Removes what was uploaded more than [`UNUSED_MAX`] before `at` and never used, with its files;
/// returns how many files went. A file that another case cites stays.
pub async fn sweep(
    machine: &PgPool,
    evidence: &EvidenceStore,
    at: DateTime<Utc>,
) -> anyhow::Result<usize> {
    let mut tx = machine.begin().await?;
    store::stop_uploads(&mut *tx).await?;
    let files = store::delete_unused(&mut *tx, at - UNUSED_MAX)
        .await
        .context("cannot forget unused pictures")?;
    // before the commit, which lets uploads go on: one of the same picture writes its file anew
    for file in &files {
        evidence.remove(*file).await?;
    }
    tx.commit().await?;
    Ok(files.len())
}
