//! New notices on their way to open pages.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::Addressed;

/// Lots of notices a page may be behind; beyond it it asks for its notices again by itself.
const BEHIND_MAX: usize = 64;

/// New notices of this process, for everybody who listens.
#[derive(Debug)]
pub struct NoticeFeed(broadcast::Sender<Arc<[Addressed]>>);

impl Default for NoticeFeed {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND_MAX))
    }
}

impl NoticeFeed {
    pub(super) fn send(&self, notices: Vec<Addressed>) {
        // an error says that nobody listens
        self.0.send(notices.into()).ok();
    }

    pub fn subscribe(&self) -> broadcast::Receiver<Arc<[Addressed]>> {
        self.0.subscribe()
    }
}
