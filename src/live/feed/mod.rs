//! Changes of cases, numbered, gathered into batches, and kept for a while for those who were
//! away.
//!
//! Every limit has an end: changes of one case within a batch collapse into the newest, what is
//! kept for resuming is bounded in bytes, and a client that cannot keep up is told to start over
//! instead of being queued for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::counter;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use super::scope::Audience;
use crate::cases::{CaseChange, CaseId, CaseRow};
use crate::telemetry;
use event::Changed;
use known::Known;

mod event;
mod known;

pub use event::LiveEvent;

/// Least time between two batches. The first change after a quiet time goes out at once.
const BATCH_EVERY: Duration = Duration::from_millis(100);
/// Batches kept for clients that come back.
const KEPT_BYTES_MAX: usize = 8 << 20;
/// Batches a client may be behind.
const BEHIND_MAX: usize = 256;

/// The stream of changes and its recent past.
#[derive(Debug)]
pub struct LiveFeed {
    epoch: String,
    state: Mutex<State>,
    batches: broadcast::Sender<Arc<LiveEvent>>,
    changed: Notify,
    /// Rung for what other processes have to hear of.
    own: Notify,
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    /// Of the newest batch; 0 before the first.
    number: u64,
    waiting: BTreeMap<CaseId, CaseRow>,
    opened: BTreeSet<CaseId>,
    changed_at: DateTime<Utc>,
    known: Known,
    kept: VecDeque<Arc<LiveEvent>>,
    kept_bytes: usize,
}

/// A client's place in the stream.
#[derive(Debug)]
pub struct Subscription {
    feed: Arc<LiveFeed>,
    reset: bool,
    /// Of what was handed out last.
    seq: String,
    missed: VecDeque<Arc<LiveEvent>>,
    batches: broadcast::Receiver<Arc<LiveEvent>>,
}

/// What a client is told next.
#[derive(Debug, PartialEq, Eq)]
pub enum LiveStep {
    Batch(Arc<LiveEvent>),
    /// What lies between is not known any more: fetch the snapshot, then go on.
    Reset,
}

impl Subscription {
    /// Where this client stands.
    pub fn seq(&self) -> &str {
        &self.seq
    }

    /// What comes next; `None` when the feed is closed. Nothing is lost when the wait is broken
    /// off.
    pub async fn next(&mut self) -> Option<LiveStep> {
        if let Some(known) = self.known() {
            return Some(known);
        }
        let batch = tokio::select! {
            biased;
            batch = self.batches.recv() => batch,
            () = self.feed.closed.cancelled() => return None,
        };
        match batch {
            Ok(event) => Some(self.hand_out(event)),
            Err(RecvError::Lagged(_)) => {
                *self = self.feed.subscribe(None);
                Some(LiveStep::Reset)
            }
            Err(RecvError::Closed) => None,
        }
    }

    /// What can be said without waiting for anything new.
    pub fn known(&mut self) -> Option<LiveStep> {
        if std::mem::take(&mut self.reset) {
            return Some(LiveStep::Reset);
        }
        let event = self.missed.pop_front()?;
        Some(self.hand_out(event))
    }

    fn hand_out(&mut self, event: Arc<LiveEvent>) -> LiveStep {
        self.seq.clone_from(&event.seq);
        LiveStep::Batch(event)
    }
}

impl LiveFeed {
    /// Sends batches until [`close`](Self::close).
    pub fn start() -> Arc<Self> {
        let feed = Arc::new(Self {
            epoch: format!("{:08x}", rand::random::<u32>()),
            state: Mutex::default(),
            batches: broadcast::Sender::new(BEHIND_MAX),
            changed: Notify::new(),
            own: Notify::new(),
            closed: CancellationToken::new(),
        });
        tokio::spawn({
            let feed = Arc::clone(&feed);
            async move {
                while feed
                    .closed
                    .run_until_cancelled(feed.changed.notified())
                    .await
                    .is_some()
                {
                    feed.send_batch();
                    feed.closed
                        .run_until_cancelled(tokio::time::sleep(BATCH_EVERY))
                        .await;
                }
            }
        });
        feed
    }

    /// Puts committed changes of this process into the next batch. `at`: when they were made.
    pub fn publish(&self, changes: &[CaseChange], at: DateTime<Utc>) {
        if self.gather(changes, at) {
            self.own.notify_one();
        }
    }

    /// Puts committed changes of any process into the next batch; those that went out already
    /// are left out.
    pub fn relay(&self, changes: &[CaseChange], at: DateTime<Utc>) {
        self.gather(changes, at);
        self.lock().known.turn();
    }

    /// Waits until this process has published something since the last call.
    pub(super) async fn own_changes(&self) {
        self.own.notified().await;
    }

    /// Who sees cases of which nothing went out yet.
    pub(super) fn learn(&self, audiences: impl IntoIterator<Item = (CaseId, Audience)>) {
        let mut state = self.lock();
        for (case, audience) in audiences {
            state.known.learn(case, audience);
        }
    }

    /// Whether anything was new.
    fn gather(&self, changes: &[CaseChange], at: DateTime<Utc>) -> bool {
        let mut state = self.lock();
        for change in changes {
            let (CaseChange::Opened(row) | CaseChange::SeenAgain(row) | CaseChange::Changed(row)) =
                change
            else {
                continue;
            };
            if state.known.was_sent(row) {
                continue;
            }
            if matches!(change, CaseChange::Opened(_)) {
                state.opened.insert(row.id);
            }
            let newest = state.waiting.entry(row.id).or_insert_with(|| row.clone());
            if row.version >= newest.version {
                newest.clone_from(row);
            }
        }
        let anything = !state.waiting.is_empty();
        if anything {
            state.changed_at = state.changed_at.max(at);
        }
        drop(state);
        if anything {
            self.changed.notify_one();
        }
        anything
    }

    /// New with every start of a process.
    pub(super) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Where the stream stands. Everything up to here was committed before: a snapshot read from
    /// the database *after* this call holds it.
    pub fn seq(&self) -> String {
        self.seq_of(self.lock().number)
    }

    /// Joins the stream after `after`, the `seq` a client saw last; without one, at its end.
    pub fn subscribe(self: &Arc<Self>, after: Option<&str>) -> Subscription {
        let state = self.lock();
        let missed = after.map_or_else(|| Some(VecDeque::new()), |seq| self.since(&state, seq));
        Subscription {
            feed: Arc::clone(self),
            reset: missed.is_none(),
            seq: self.seq_of(state.number),
            missed: missed.unwrap_or_default(),
            batches: self.batches.subscribe(),
        }
    }

    /// Sends what waits and ends every stream, so that a server that stops need not wait for them.
    pub fn close(&self) {
        self.send_batch();
        self.closed.cancel();
    }

    /// `None` when that is not in what is kept.
    fn since(&self, state: &State, seq: &str) -> Option<VecDeque<Arc<LiveEvent>>> {
        let (epoch, number) = seq.split_once('-')?;
        let number: u64 = number.parse().ok()?;
        let oldest = state
            .kept
            .front()
            .map_or(state.number + 1, |event| event.number);
        if epoch != self.epoch || number > state.number || number + 1 < oldest {
            return None;
        }
        let missed = state.kept.iter().filter(|event| event.number > number);
        Some(missed.cloned().collect())
    }

    fn send_batch(&self) {
        let mut state = self.lock();
        if state.waiting.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut state.waiting);
        let opened = std::mem::take(&mut state.opened);
        state.number += 1;
        let seq = (self.seq_of(state.number), state.number);
        let changed = waiting.into_values().map(|row| {
            state.known.note_sent(&row);
            let now = Audience::of(&row);
            let was = state.known.moves(&row, &now);
            Changed { row, now, was }
        });
        let changed = changed.collect();
        let event = Arc::new(LiveEvent::new(seq, state.changed_at, changed, opened));
        state.keep(Arc::clone(&event));
        counter!(telemetry::LIVE_BATCHES).increment(1);
        // Sent under the lock, so that a client that subscribes sees each batch exactly once. An
        // error says that nobody is there.
        self.batches.send(event).ok();
    }

    fn seq_of(&self, number: u64) -> String {
        format!("{}-{number}", self.epoch)
    }

    /// A panic elsewhere leaves whole changes behind, so the feed goes on.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, event: Arc<LiveEvent>) {
        self.kept_bytes += event.weight();
        self.kept.push_back(event);
        while self.kept_bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.kept.pop_front() else {
                return;
            };
            self.kept_bytes -= oldest.weight();
        }
    }
}

#[cfg(test)]
mod tests;
