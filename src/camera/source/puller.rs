//! The task that pulls one camera: asks, takes what comes, and after a failure comes back later
//! each time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use metrics::counter;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};

use super::door::Passed;
use super::feed::{Feed, Tools};
use super::{Door, Failure, Phase, PullState, Source, SourceKind};
use crate::camera::CameraId;
use crate::telemetry;

/// The longest wait, times the first.
const WAIT_FACTOR_MAX: u32 = 300;
/// Pictures of a connection after which earlier failures are forgotten.
const GOOD_PICTURES: u32 = 3;
/// Pictures in a row that are none, after which the camera is left alone for a while.
const BAD_PICTURES_MAX: u32 = 5;
/// Between pictures that are farther apart a stream is closed.
const HOLD_MAX: Duration = Duration::from_secs(60);

/// One camera and what it is pulled with.
pub(super) struct Puller<R> {
    pub(super) id: CameraId,
    pub(super) source: Source,
    pub(super) tools: Arc<Tools>,
    pub(super) door: Arc<Door<R>>,
    pub(super) state: Arc<Mutex<PullState>>,
    /// Cameras that are being connected to at a time; held until the first picture or failure.
    pub(super) connects: Arc<Semaphore>,
    /// The wait after a first failure.
    pub(super) retry: Duration,
}

impl<R> Puller<R> {
    /// Until it is aborted.
    pub(super) async fn run(self) {
        loop {
            let now = self.door.now();
            self.state().move_to(Phase::Connecting, now);
            let Err(failure) = self.stay_connected().await;
            counter!(telemetry::PULL_FAILURES, "reason" => failure.kind()).increment(1);
            let wait = self.note(&failure);
            sleep(wait).await;
            self.state().reconnects += 1;
        }
    }

    /// Notes a failure; returns how long the camera is left alone.
    fn note(&self, failure: &Failure) -> Duration {
        let mut state = self.state();
        let attempts = state.attempts.saturating_add(1);
        let wait = wait(self.retry, attempts, failure.is_lasting(), rand::random());
        let now = self.door.now();
        let retry_at = now + TimeDelta::from_std(wait).unwrap_or_default();
        state.fail(failure, now, retry_at);
        if attempts == 1 {
            tracing::warn!(camera = %self.id, %failure, "a camera cannot be pulled");
        }
        wait
    }

    /// Takes pictures for as long as they come.
    async fn stay_connected(&self) -> Result<std::convert::Infallible, Failure> {
        let mut progress = Progress::default();
        loop {
            let opened_at = Instant::now();
            self.watch(&mut progress).await?;
            sleep_until(opened_at + self.source.period).await;
        }
    }

    /// Opens the camera and takes pictures; where they are far apart, one.
    async fn watch(&self, progress: &mut Progress) -> Result<(), Failure> {
        // never closed
        let mut turn = self.connects.acquire().await.ok();
        let mut feed = Feed::open(&self.source, &self.tools, self.door.now()).await?;
        loop {
            let shot = feed.next(|| self.door.now()).await?;
            drop(turn.take());
            self.state().note(&shot);
            let passed = self.door.let_in(&self.id, shot.jpeg);
            let now = self.door.now();
            let mut state = self.state();
            match passed {
                Passed::In => {
                    state.taken += 1;
                    state.picture_at = Some(now);
                    state.move_to(Phase::Streaming, now);
                    progress.good += 1;
                    progress.bad = 0;
                    if progress.good >= GOOD_PICTURES {
                        state.attempts = 0;
                    }
                }
                Passed::NoPlace => state.refused += 1,
                Passed::Refused(failure) => {
                    state.refused += 1;
                    progress.bad += 1;
                    if progress.bad >= BAD_PICTURES_MAX {
                        return Err(failure);
                    }
                }
            }
            if self.source.period > HOLD_MAX && self.source.kind != SourceKind::Snapshot {
                return Ok(());
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, PullState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Since the last failure.
#[derive(Debug, Default)]
struct Progress {
    good: u32,
    /// In a row.
    bad: u32,
}

/// How long a camera is left alone after its `attempts`th failure in a row: twice as long each time,
/// between half and all of it as `luck` (0 to 1) has it, so that not everything comes back at once.
/// `lasting`: asking soon cannot help, or locks us out.
fn wait(first: Duration, attempts: u32, lasting: bool, luck: f64) -> Duration {
    let factor = if lasting {
        WAIT_FACTOR_MAX
    } else {
        2_u32.saturating_pow(attempts - 1).min(WAIT_FACTOR_MAX)
    };
    (first * factor).mul_f64(0.5 + luck.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_that_fails_is_left_alone_longer_each_time() {
        let first = Duration::from_secs(1);
        let waits: Vec<u64> = (1..12)
            .map(|attempts| wait(first, attempts, false, 1.0).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(wait(first, 3, false, 0.0), Duration::from_secs(2));
        // a wrong password is not tried again and again
        assert_eq!(wait(first, 1, true, 1.0), Duration::from_secs(300));
        assert_eq!(wait(first, u32::MAX, false, 1.0), Duration::from_secs(300));
    }
}
