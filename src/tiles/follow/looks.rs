//! Looks at the database beside whoever reads its log: reading waits for no answer.

use anyhow::Context as _;
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use super::prune::Pruning;
use crate::tiles::reached::{LOOK_EVERY, answered};
use crate::tiles::store::{self, Snapshot};

/// What a look finds.
pub(super) struct Looked {
    /// When it began.
    pub(super) at: Instant,
    /// Where the log ended.
    pub(super) end: Snapshot,
    /// Bytes of the log that the server keeps for the slot; outer `None`: it does not say, inner: there is
    /// no such slot.
    pub(super) kept: Option<Option<i64>>,
}

/// One look after the other, for as long as it is held.
pub(super) struct Looks {
    found: mpsc::Receiver<anyhow::Result<Looked>>,
    _looker: AbortOnDropHandle<()>,
}

impl Looks {
    /// Every [`LOOK_EVERY`]; of a slot's name.
    pub(super) fn begin(db: PgPool, slot: String) -> Self {
        let (tell, found) = mpsc::channel(1);
        let looker = async move {
            let mut pruning = Pruning::new();
            // it may take as long as it likes: the next look does not wait for it
            let mut forgetting = JoinSet::new();
            let mut tick = interval(LOOK_EVERY);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                let looked = look(&db, &slot).await;
                while let Some(done) = forgetting.try_join_next() {
                    if let Ok(Err(error)) = done {
                        tracing::debug!(%error, "what was written down of changes is there still");
                    }
                }
                if let Ok(looked) = &looked
                    && forgetting.is_empty()
                    && let Some(horizon) = pruning.due(&looked.end.horizon)
                {
                    let db = db.clone();
                    forgetting.spawn(async move { store::prune_changes(&db, &horizon).await });
                }
                if tell.send(looked).await.is_err() {
                    return;
                }
            }
        };
        Self {
            found,
            _looker: AbortOnDropHandle::new(tokio::spawn(looker)),
        }
    }

    /// What the next look finds, or why the database does not say; can be dropped and asked again.
    ///
    /// # Errors
    /// Outer: nobody looks any more.
    pub(super) async fn next(&mut self) -> anyhow::Result<anyhow::Result<Looked>> {
        self.found.recv().await.context("nobody looks any more")
    }
}

async fn look(db: &PgPool, slot: &str) -> anyhow::Result<Looked> {
    let at = Instant::now();
    let end = answered(store::log_end(db)).await?;
    let kept = answered(store::log_kept(db, slot)).await;
    let kept =
        kept.inspect_err(|error| tracing::debug!(%error, "cannot ask what is kept of the log"));
    Ok(Looked {
        at,
        end,
        kept: kept.ok(),
    })
}
