//! What was written down for those who follow is forgotten when nobody can need it any more.

use std::collections::VecDeque;

use sqlx::PgPool;
use tokio::time::Instant;

use super::{KEPT_FOR, PRUNE_EVERY};
use crate::tiles::store;

#[derive(Debug)]
pub(super) struct Pruning {
    pruned_at: Instant,
    /// When every transaction before a horizon had ended, the oldest first.
    ended: VecDeque<(Instant, String)>,
}

impl Pruning {
    pub(super) fn new() -> Self {
        Self {
            pruned_at: Instant::now(),
            ended: VecDeque::new(),
        }
    }

    /// Now and then; every transaction before `horizon` has ended.
    pub(super) async fn prune(&mut self, db: &PgPool, horizon: &str) -> anyhow::Result<()> {
        if let Some(horizon) = self.due(horizon) {
            store::prune_changes(db, &horizon).await?;
        }
        Ok(())
    }

    /// What was written down before this can be forgotten; `None`: nothing, for now.
    pub(super) fn due(&mut self, horizon: &str) -> Option<String> {
        let now = Instant::now();
        if now - self.pruned_at < PRUNE_EVERY {
            return None;
        }
        self.pruned_at = now;
        self.ended.push_back((now, horizon.to_owned()));
        let is_old = |(ended_at, _): &mut (Instant, String)| now - *ended_at >= KEPT_FOR;
        let mut last = None;
        while let Some(old) = self.ended.pop_front_if(is_old) {
            last = Some(old);
        }
        last.map(|(_, horizon)| horizon)
    }
}
