//! The bounded queue between the door and the detectors.
//!
//! Each camera has a few places; when they are taken, the newest frames keep them and the oldest
//! is superseded. Cameras are served in turn, so that a busy one cannot starve the others. Over
//! all cameras frames, bytes and the time that the one at the head has waited are bounded, and
//! beyond that a frame is refused: whoever sends more than the detectors can take is told at once,
//! and what is taken is on the map soon. Whatever happens to a frame is counted:
//! offered = taken + superseded + refused + waiting.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use metrics::{counter, gauge};
use tokio::sync::{Semaphore, oneshot};

use super::{CameraId, Frame};
use crate::config::IntakeConfig;
use crate::telemetry;

/// A frame in the queue, and who waits for what becomes of it.
#[derive(Debug)]
pub struct Waiting<R> {
    pub frame: Frame,
    pub reply: Option<oneshot::Sender<R>>,
}

/// Why frames were not let into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The bound over all cameras is reached. `retry_after_s` is how long the frame at the head
    /// has waited by now, at least one second.
    #[error("the frame queue is full")]
    QueueFull { retry_after_s: u32 },
    #[error("the service is stopping")]
    Closed,
}

/// What became of one camera's frames since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub offered: u64,
    /// Given to a detector.
    pub taken: u64,
    /// Gave their place to a newer frame.
    pub superseded: u64,
    /// Turned away, at the queue or before it.
    pub refused: u64,
    /// Capture time of the newest frame let in.
    pub last_frame_at: Option<DateTime<Utc>>,
}

/// The queue; `R` is the report a pusher may wait for.
#[derive(Debug)]
pub struct Intake<R> {
    camera_queue_max: usize,
    queue_max: usize,
    queue_bytes_max: usize,
    wait_max: TimeDelta,
    /// What one who waits for a superseded frame is told.
    superseded: fn(&Frame) -> R,
    /// One permit per byte that requests still being read may hold.
    room: Arc<Semaphore>,
    state: Mutex<State<R>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct State<R> {
    /// Per camera, oldest capture first; no empty queues.
    queues: HashMap<CameraId, VecDeque<Waiting<R>>>,
    /// Cameras with frames waiting, the next to be served first.
    turn: VecDeque<CameraId>,
    tallies: HashMap<CameraId, Tally>,
    frames: usize,
    bytes: usize,
    open: bool,
}

impl<R> Intake<R> {
    pub fn new(config: &IntakeConfig, superseded: fn(&Frame) -> R) -> Self {
        Self {
            camera_queue_max: config.camera_queue_max.max(1),
            queue_max: config.queue_max.max(1),
            queue_bytes_max: config.queue_bytes_max,
            wait_max: TimeDelta::milliseconds(config.queue_wait_max_ms.into()),
            superseded,
            room: Arc::new(Semaphore::new(config.queue_bytes_max)),
            state: Mutex::new(State {
                queues: HashMap::new(),
                turn: VecDeque::new(),
                tallies: HashMap::new(),
                frames: 0,
                bytes: 0,
                open: true,
            }),
            arrived: Condvar::new(),
        }
    }

    /// Puts one frame into its camera's queue.
    pub fn offer(&self, frame: Frame, reply: Option<oneshot::Sender<R>>) -> Result<(), NotTaken> {
        self.offer_all(vec![Waiting { frame, reply }])
    }

    /// Puts frames of one camera into its queue: all of them or, with an error, none.
    pub fn offer_all(&self, offered: Vec<Waiting<R>>) -> Result<(), NotTaken> {
        let Some(first) = offered.first() else {
            return Ok(());
        };
        let camera = first.frame.camera.id.clone();
        let received_at = first.frame.received_at;
        let arrivals = offered.len();
        let mut state = self.lock();
        let refusal = if state.open {
            self.admit(&mut state, &camera, offered, received_at)
                .map_err(|TooMuch| NotTaken::QueueFull {
                    retry_after_s: state.retry_after_s(received_at),
                })
        } else {
            Err(NotTaken::Closed)
        };
        let tally = state.tallies.entry(camera).or_default();
        tally.offered += arrivals as u64;
        match refusal {
            Ok(superseded) => {
                tally.superseded += superseded.len() as u64;
                gauge!(telemetry::FRAME_QUEUE_DEPTH).set(state.frames as f64);
                drop(state);
                self.arrived.notify_all();
                counter!(telemetry::FRAMES, "outcome" => "accepted", "reason" => "")
                    .increment(arrivals as u64);
                self.tell_superseded(superseded);
                Ok(())
            }
            Err(refusal) => {
                tally.refused += arrivals as u64;
                drop(state);
                let reason = match refusal {
                    NotTaken::QueueFull { .. } => "queue-full",
                    NotTaken::Closed => "closed",
                };
                counter!(telemetry::FRAMES, "outcome" => "refused", "reason" => reason)
                    .increment(arrivals as u64);
                Err(refusal)
            }
        }
    }

    /// Counts a frame of `camera` that was turned away before the queue; `reason` is the kind of
    /// the problem it was answered with.
    pub fn refuse(&self, camera: &CameraId, reason: &'static str) {
        let mut state = self.lock();
        let tally = state.tallies.entry(camera.clone()).or_default();
        tally.offered += 1;
        tally.refused += 1;
        drop(state);
        counter!(telemetry::FRAMES, "outcome" => "refused", "reason" => reason).increment(1);
    }

    /// The next frame, cameras in turn; waits for one. `None`: closed, and nothing is left.
    /// Blocks the thread: for detector threads, never for async ones.
    pub fn take(&self) -> Option<Waiting<R>> {
        let mut state = self.lock();
        loop {
            if let Some(waiting) = state.next() {
                gauge!(telemetry::FRAME_QUEUE_DEPTH).set(state.frames as f64);
                return Some(waiting);
            }
            if !state.open {
                return None;
            }
            state = self
                .arrived
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets nothing more in; what waits is still taken.
    pub fn close(&self) {
        self.lock().open = false;
        self.arrived.notify_all();
    }

    /// Room for the bytes of requests that are still being read: as much again as may wait.
    pub fn room(&self) -> Arc<Semaphore> {
        self.room.clone()
    }

    /// Frames waiting now.
    pub fn depth(&self) -> usize {
        self.lock().frames
    }

    pub fn tally(&self, camera: &CameraId) -> Tally {
        self.lock().tallies.get(camera).copied().unwrap_or_default()
    }

    /// Puts the frames in, newest first served with places; returns those that lost theirs.
    fn admit(
        &self,
        state: &mut State<R>,
        camera: &CameraId,
        offered: Vec<Waiting<R>>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Waiting<R>>, TooMuch> {
        let is_late = state
            .head_since()
            .is_some_and(|since| now - since > self.wait_max);
        let mut queue = state.queues.remove(camera).unwrap_or_default();
        let (had_frames, had_bytes) = (queue.len(), bytes_of(&queue));
        // The order in which they would stand, oldest capture first; a tie keeps order of arrival.
        let mut order: Vec<(DateTime<Utc>, usize)> = queue
            .iter()
            .chain(&offered)
            .map(|waiting| (waiting.frame.captured_at, waiting.frame.jpeg.len()))
            .collect();
        order.sort_by_key(|(captured_at, _)| *captured_at);
        let lost = order.len().saturating_sub(self.camera_queue_max);
        let frames = state.frames - had_frames + order.len() - lost;
        let kept_bytes: usize = order[lost..].iter().map(|(_, bytes)| bytes).sum();
        let bytes = state.bytes - had_bytes + kept_bytes;
        let grows_late = is_late && frames > state.frames;
        if grows_late || frames > self.queue_max || bytes > self.queue_bytes_max {
            if had_frames > 0 {
                state.queues.insert(camera.clone(), queue);
            }
            return Err(TooMuch);
        }
        let newest = offered
            .iter()
            .map(|waiting| waiting.frame.captured_at)
            .max();
        queue.extend(offered);
        queue
            .make_contiguous()
            .sort_by_key(|waiting| waiting.frame.captured_at);
        let superseded = queue.drain(..lost).collect();
        state.frames = frames;
        state.bytes = bytes;
        if had_frames == 0 {
            state.turn.push_back(camera.clone());
        }
        state.queues.insert(camera.clone(), queue);
        let tally = state.tallies.entry(camera.clone()).or_default();
        tally.last_frame_at = tally.last_frame_at.max(newest);
        Ok(superseded)
    }

    fn tell_superseded(&self, superseded: Vec<Waiting<R>>) {
        for Waiting { frame, reply } in superseded {
            counter!(telemetry::FRAMES, "outcome" => "superseded", "reason" => "newer-frame")
                .increment(1);
            if let Some(reply) = reply {
                // Nobody listens any more when the pusher hung up; then there is nobody to tell.
                drop(reply.send((self.superseded)(&frame)));
            }
        }
    }

    /// A panic elsewhere while the lock was held leaves whole frames behind, so the queue goes on.
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bounds over all cameras would be broken.
struct TooMuch;

fn bytes_of<R>(queue: &VecDeque<Waiting<R>>) -> usize {
    queue.iter().map(|waiting| waiting.frame.jpeg.len()).sum()
}

impl<R> State<R> {
    fn next(&mut self) -> Option<Waiting<R>> {
        let camera = self.turn.pop_front()?;
        let queue = self.queues.get_mut(&camera)?;
        let waiting = queue.pop_front()?;
        self.frames -= 1;
        self.bytes -= waiting.frame.jpeg.len();
        if queue.is_empty() {
            self.queues.remove(&camera);
        } else {
            self.turn.push_back(camera.clone());
        }
        self.tallies.entry(camera).or_default().taken += 1;
        Some(waiting)
    }

    /// When the frame that is served next came in.
    fn head_since(&self) -> Option<DateTime<Utc>> {
        let queue = self.queues.get(self.turn.front()?)?;
        queue.front().map(|waiting| waiting.frame.received_at)
    }

    fn retry_after_s(&self, now: DateTime<Utc>) -> u32 {
        let longest = self.queues.values().flatten().map(|w| w.frame.received_at);
        let waited_s = longest.min().map_or(1, |since| (now - since).num_seconds());
        u32::try_from(waited_s.clamp(1, 30)).unwrap_or(1)
    }
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
