//! How far a follower has come, and who waits for it.

use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::store::Lsn;

/// How often changes are looked for without a bell.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after the database did not answer.
pub(super) const RETRY: Duration = Duration::from_secs(1);
/// A look that is not answered by then has failed: the database may be gone without a word.
const LOOK_PATIENCE: Duration = Duration::from_secs(5);
/// How long a request waits for a commit it asks for.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// What a look finds.
///
/// # Errors
/// The look's own, or the database does not answer.
pub(super) async fn answered<T>(
    look: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let answer = timeout(LOOK_PATIENCE, look).await;
    answer.context("the database does not answer")?
}

/// The last look at the database that succeeded.
#[derive(Debug)]
pub(super) struct Reached {
    last: watch::Sender<Look>,
    /// Somebody waits for a commit.
    wanted: Notify,
}

#[derive(Debug, Clone, Copy)]
struct Look {
    began_at: Instant,
    lsn: Lsn,
    /// Read in the log itself up to here: every commit before it has been taken in.
    read_up_to: Option<Lsn>,
}

/// The database has not told of that commit in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tiles have not reached that commit within {} s", WAIT_MAX.as_secs())]
pub(super) struct NotReached;

impl Reached {
    /// A look that began at a time, when the log of commits stood at `lsn`.
    pub(super) fn new(began_at: Instant, lsn: Lsn) -> Self {
        Self {
            last: watch::Sender::new(Look {
                began_at,
                lsn,
                read_up_to: None,
            }),
            wanted: Notify::new(),
        }
    }

    /// Says that such a look has been taken in.
    pub(super) fn looked(&self, began_at: Instant, lsn: Lsn) {
        self.last.send_modify(|last| {
            last.began_at = began_at;
            last.lsn = lsn;
        });
    }

    /// Says that the log of commits has been taken in up to a place.
    pub(super) fn read_up_to(&self, lsn: Lsn) {
        self.last.send_modify(|last| last.read_up_to = Some(lsn));
    }

    /// Returns when somebody waits for a look.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// For how long nobody has known whether something changed.
    pub(super) fn age(&self) -> Duration {
        self.last.borrow().began_at.elapsed()
    }

    /// Waits until everything up to this commit has been taken in.
    pub(super) async fn wait_for(&self, lsn: Lsn) -> Result<(), NotReached> {
        // A commit is in the log a moment before others can see it, so the place in the log alone
        // proves nothing; who asks was told of the commit, so a look that begins now sees it.
        let asked_at = Instant::now();
        let mut last = self.last.subscribe();
        self.wanted.notify_one();
        let wait = last.wait_for(|look| {
            let seen = look.began_at >= asked_at && look.lsn >= lsn;
            seen || look.read_up_to.is_some_and(|read| read >= lsn.record_end())
        });
        match timeout(WAIT_MAX, wait).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotReached),
        }
    }
}
