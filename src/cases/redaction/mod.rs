//! Pictures of cases wait, sealed, until they have been made fit to be seen.
//!
//! To make one fit takes tenths of a second of a core. A case does not wait for it: it is filed
//! with its picture sealed on the disk, and is on the map. One after another the pictures are made
//! fit behind the line, the one somebody asks for first.

mod store;

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use metrics::gauge;
use sqlx::{PgConnection, PgPool};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use super::evidence::Held;
use super::{EvidenceStore, original};
use crate::telemetry;
use crate::vision::About;

pub(super) use store::picture_of;

/// Between two looks while nobody rings: another process may have left some.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// While frames wait, so many times as long as the last picture took nothing is made: frames first,
/// and still an end to the pictures.
const REST_TIMES: u32 = 2;
/// A file whose transaction has not ended by then belongs to none.
const UNCITED_MAX: TimeDelta = TimeDelta::days(1);

/// Why a picture cannot be seen.
#[derive(Debug, thiserror::Error)]
pub enum NotFit {
    /// It is being tried, or could not be made fit a moment ago.
    #[error("the picture is not fit to be seen yet")]
    Yet,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for NotFit {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Makes pictures fit, one at a time.
#[derive(Debug)]
pub struct Redactions {
    machine: PgPool,
    evidence: EvidenceStore,
    /// Held while one is made; who asks first is served first.
    turn: Mutex<()>,
    bell: Notify,
}

impl Redactions {
    pub fn new(machine: PgPool, evidence: EvidenceStore) -> Self {
        Self {
            machine,
            evidence,
            turn: Mutex::default(),
            bell: Notify::new(),
        }
    }

    /// Some have come.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Makes this one fit now, if it waits; returns when it does not wait any more.
    ///
    /// # Errors
    /// When it cannot be made fit, or could not a moment ago; it waits still.
    pub async fn finish(&self, evidence_id: i64, at: DateTime<Utc>) -> Result<(), NotFit> {
        if !store::is_waiting(&self.machine, evidence_id).await? {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        // written down before, so that one that takes the process with it is not the first again
        if store::begin_try(&self.machine, evidence_id, at).await? {
            return Ok(self.make(evidence_id, at).await?);
        }
        if store::is_waiting(&self.machine, evidence_id).await? {
            return Err(NotFit::Yet);
        }
        Ok(())
    }

    /// Makes the one fit that has waited longest, if there is one.
    ///
    /// # Errors
    /// When it cannot be made fit: others come first then, and it is tried again later.
    pub async fn finish_one(&self, at: DateTime<Utc>) -> Result<bool, NotFit> {
        let Some(evidence_id) = store::next(&self.machine, at).await? else {
            return Ok(false);
        };
        self.finish(evidence_id, at).await?;
        Ok(true)
    }

    async fn make(&self, evidence_id: i64, at: DateTime<Utc>) -> anyhow::Result<()> {
        let mut tx = self.machine.begin().await?;
        // held until the end, so that of several processes one makes it
        let Some(waiting) = store::lock(&mut tx, evidence_id).await? else {
            return Ok(());
        };
        let kept = self.evidence.keep(&waiting.held, waiting.about).await?;
        original::remember(&mut tx, &kept, at).await?;
        store::made(&mut tx, evidence_id, kept.sha256).await?;
        tx.commit().await?;
        self.evidence.remove_held(waiting.held.sealed).await
    }
}

/// Has a picture wait that is held, with the transaction that cites it.
pub(super) async fn await_it(
    tx: &mut PgConnection,
    evidence_id: i64,
    held: &Held,
    about: About,
) -> sqlx::Result<()> {
    let of_thing = matches!(about, About::Thing(_));
    store::insert(tx, evidence_id, held, of_thing).await
}

/// Makes pictures fit until `stop`. What waits then waits for the next start. `is_busy`: frames wait.
pub(crate) async fn run(
    redactions: &Redactions,
    now: impl Fn() -> DateTime<Utc>,
    is_busy: impl Fn() -> bool,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let started = Instant::now();
        let made = redactions.finish_one(now()).await;
        let made = made.inspect_err(|error| {
            tracing::error!(%error, "a picture cannot be made fit to be seen");
        });
        let pause = match made {
            Ok(true) if is_busy() => started.elapsed() * REST_TIMES,
            Ok(true) => continue,
            Ok(false) | Err(_) => LOOK_EVERY,
        };
        if let Ok(waiting) = store::count(&redactions.machine).await {
            gauge!(telemetry::PICTURES_WAITING).set(waiting as f64);
        }
        let rung = async {
            match made {
                Ok(false) => redactions.bell.notified().await,
                Ok(true) | Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = rung => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Gives up pictures that could not be made fit for `days` since they were taken; returns how many. They
/// are not blurred: they go when originals of their age go.
pub(crate) async fn give_up(
    machine: &PgPool,
    evidence: &EvidenceStore,
    days: u32,
    at: DateTime<Utc>,
) -> anyhow::Result<usize> {
    let mut tx = machine.begin().await?;
    let files = store::give_up(&mut *tx, at - TimeDelta::days(days.into())).await?;
    // before the commit: what cannot be removed is tried again
    for file in &files {
        evidence.remove_held(*file).await?;
    }
    tx.commit().await?;
    Ok(files.len())
}

/// Removes held files that no row speaks of: their transaction failed. Returns how many.
pub async fn sweep(
    machine: &PgPool,
    evidence: &EvidenceStore,
    at: DateTime<Utc>,
) -> anyhow::Result<usize> {
    let files = evidence.held_before(at - UNCITED_MAX).await?;
    let known = store::known(machine, &files).await?;
    let mut swept = 0;
    for file in files.into_iter().filter(|file| !known.contains(file)) {
        evidence.remove_held(file).await?;
        swept += 1;
    }
    Ok(swept)
}
