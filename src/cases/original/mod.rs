//! Originals of pictures in which something was made unrecognisable, sealed and kept apart for some
//! days. Article 5.
//!
//! A duty chief or data officer sees one for a purpose that is written down first; everybody else,
//! and everything that leaves the city, gets the picture as it is stored.

mod http;
mod store;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;

use super::EvidenceStore;
use super::evidence::Kept;

pub use http::routes;
pub use store::accesses_of;

/// What there is of the original of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum OriginalState {
    /// The picture is not made fit to be seen yet, so nobody knows whether there is one.
    Waiting,
    Kept,
    /// Its days are over.
    Erased,
}

/// Somebody looked at an original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, ToSchema)]
pub struct OriginalAccess {
    pub evidence_id: i64,
    /// Who looked.
    pub person: String,
    pub purpose: String,
    pub at: DateTime<Utc>,
}

/// Originals erased in one round.
const ERASED_MAX: i64 = 10_000;
/// A file whose transaction has not ended by then belongs to none.
const UNCITED_MAX: TimeDelta = TimeDelta::days(1);

/// Says that the original of a picture is there, if it has one. Its file is.
pub(super) async fn remember(
    tx: &mut PgConnection,
    kept: &Kept,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    match &kept.original_key {
        Some(key_id) => store::insert(tx, kept.sha256, key_id, at).await,
        None => Ok(()),
    }
}

/// Erases originals that were kept for longer than `days`; returns how many.
pub async fn erase_expired(
    machine: &PgPool,
    evidence: &EvidenceStore,
    days: u32,
    at: DateTime<Utc>,
) -> anyhow::Result<usize> {
    let mut tx = machine.begin().await?;
    let kept_before = at - TimeDelta::days(days.into());
    let expired = store::erase(&mut *tx, kept_before, at, ERASED_MAX)
        .await
        .context("cannot say which originals are erased")?;
    // before the commit: what cannot be removed is tried again
    for sha256 in &expired {
        evidence.remove_original(*sha256).await?;
    }
    tx.commit().await?;
    Ok(expired.len())
}

/// Removes files of originals that no row speaks of: their transaction failed. Returns how many.
pub async fn sweep(
    machine: &PgPool,
    evidence: &EvidenceStore,
    at: DateTime<Utc>,
) -> anyhow::Result<usize> {
    let files = evidence.originals_before(at - UNCITED_MAX).await?;
    let known = store::known(machine, &files).await?;
    let mut swept = 0;
    for file in files.into_iter().filter(|file| !known.contains(file)) {
        evidence.remove_original(file).await?;
        swept += 1;
    }
    Ok(swept)
}
