//! Pictures of one camera, one after the other, as often as they are asked for.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep_until};

use super::door::check;
use super::parts::{Part, Parts};
use super::rtsp::Player;
use super::web::{Answer, Asker};
use super::{Failure, Source, SourceKind};
use crate::config::IntakeConfig;
use crate::outbound::{Guarded, OutboundClient};

/// A stream that gives nothing for this long has stalled, or for three periods.
const STALL_MIN: Duration = Duration::from_secs(10);
const STALL_PERIODS: u32 = 3;
/// Until the first picture of a stream, however rare they are: others wait for a turn to connect.
const FIRST_PICTURE_MAX: Duration = Duration::from_secs(20);
/// A picture may come so much of a period early, because cameras are not that exact.
const EARLY: f64 = 0.1;

/// A picture, and what came with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shot {
    pub jpeg: Bytes,
    /// Pictures before it that nobody had asked for.
    pub skipped: u64,
    /// By how many seconds the camera's clock is ahead of ours, where it says so.
    pub clock_drift_s: Option<f64>,
}

/// What feeds are made with.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    pub(super) client: OutboundClient,
    pub(super) guarded: Guarded,
    pub(super) limits: IntakeConfig,
    pub(super) ffmpeg: PathBuf,
}

/// An open source.
#[derive(Debug)]
pub(super) enum Feed {
    Snapshot {
        asker: Box<Asker>,
        pace: Pace,
        bytes_max: usize,
    },
    Mjpeg(Box<Mjpeg>),
    Rtsp(Box<Player>),
}

impl Feed {
    /// `now`: by our clock, when it is opened.
    pub(super) async fn open(
        source: &Source,
        tools: &Tools,
        now: DateTime<Utc>,
    ) -> Result<Self, Failure> {
        let bytes_max = tools.limits.frame_bytes_max;
        let pace = Pace::new(source.period, Instant::now());
        let asker = || {
            Asker::new(
                tools.client.clone(),
                source.uri.clone(),
                source.login.clone(),
            )
        };
        match source.kind {
            SourceKind::Snapshot => Ok(Self::Snapshot {
                asker: Box::new(asker()),
                pace,
                bytes_max,
            }),
            SourceKind::Mjpeg => {
                let answer = asker().get().await?;
                Ok(Self::Mjpeg(Box::new(Mjpeg {
                    parts: Parts::new(answer.content_type(), bytes_max)?,
                    clock_drift_s: answer.clock_drift_s(now),
                    answer,
                    pace,
                    has_shown: false,
                })))
            }
            SourceKind::Rtsp => {
                let player = Player::start(source, tools, pace, now).await?;
                Ok(Self::Rtsp(Box::new(player)))
            }
        }
    }

    /// The next picture, when its time has come. `now`: tells our time.
    pub(super) async fn next(&mut self, now: impl Fn() -> DateTime<Utc>) -> Result<Shot, Failure> {
        match self {
            Self::Snapshot {
                asker,
                pace,
                bytes_max,
            } => {
                sleep_until(pace.due).await;
                pace.shot(Instant::now());
                let answer = asker.get().await?;
                let clock_drift_s = answer.clock_drift_s(now());
                let jpeg = answer.whole(*bytes_max).await?;
                Ok(Shot {
                    jpeg,
                    skipped: 0,
                    clock_drift_s,
                })
            }
            Self::Mjpeg(mjpeg) => mjpeg.next(now).await,
            Self::Rtsp(player) => player.next().await,
        }
    }
}

/// One picture of a source, checked like any other.
pub(super) async fn one_shot(
    source: &Source,
    tools: &Tools,
    now: impl Fn() -> DateTime<Utc>,
) -> Result<Shot, Failure> {
    let mut feed = Feed::open(source, tools, now()).await?;
    let shot = feed.next(now).await?;
    check(&shot.jpeg, &tools.limits)?;
    Ok(shot)
}

/// When the next picture is due.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    period: Duration,
    due: Instant,
    skipped: u64,
}

impl Pace {
    fn new(period: Duration, now: Instant) -> Self {
        Self {
            period,
            due: now,
            skipped: 0,
        }
    }

    pub(super) fn period(&self) -> Duration {
        self.period
    }

    /// For how long nothing may come.
    pub(super) fn stall(&self) -> Duration {
        STALL_MIN.max(self.period * STALL_PERIODS)
    }

    /// A picture was taken; what was missed is not made up for.
    fn shot(&mut self, now: Instant) {
        self.due = (self.due + self.period).max(now);
    }

    /// The part as a shot if one is due.
    pub(super) fn take(
        &mut self,
        part: Part,
        clock_drift_s: Option<f64>,
        now: Instant,
    ) -> Option<Shot> {
        if now + self.period.mul_f64(EARLY) < self.due {
            self.skipped += 1;
            return None;
        }
        self.shot(now);
        Some(Shot {
            // of its own, so that the stream's buffer is not kept with it
            jpeg: Bytes::copy_from_slice(&part.body),
            skipped: std::mem::take(&mut self.skipped),
            clock_drift_s,
        })
    }
}

/// An MJPEG stream over HTTP.
#[derive(Debug)]
pub(super) struct Mjpeg {
    answer: Answer,
    parts: Parts,
    pace: Pace,
    clock_drift_s: Option<f64>,
    has_shown: bool,
}

impl Mjpeg {
    async fn next(&mut self, now: impl Fn() -> DateTime<Utc>) -> Result<Shot, Failure> {
        let stall = if self.has_shown {
            self.pace.stall()
        } else {
            FIRST_PICTURE_MAX.min(self.pace.stall())
        };
        let mut stalled_at = Instant::now() + stall;
        loop {
            while let Some(part) = self.parts.next_part()? {
                self.has_shown = true;
                stalled_at = Instant::now() + stall;
                let stamped = part.stamped_s.map(|s| s - seconds(now()));
                self.clock_drift_s = stamped.filter(|s| s.is_finite()).or(self.clock_drift_s);
                if let Some(shot) = self.pace.take(part, self.clock_drift_s, Instant::now()) {
                    return Ok(shot);
                }
            }
            if self.parts.is_over() {
                return Err(Failure::Ended);
            }
            let left = stalled_at.saturating_duration_since(Instant::now());
            let piece = self.answer.piece(left).await;
            match piece.map_err(|failure| stalled(failure, stall))? {
                Some(piece) => self.parts.push(&piece),
                None => return Err(Failure::Ended),
            }
        }
    }
}

/// Says how long nothing came, not how long was left.
fn stalled(failure: Failure, stall: Duration) -> Failure {
    if matches!(failure, Failure::Stalled(_)) {
        Failure::Stalled(stall)
    } else {
        failure
    }
}

fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part() -> Part {
        Part {
            stamped_s: None,
            body: Bytes::from_static(b"x"),
        }
    }

    /// How many pictures were skipped before each that was taken, of one every `every`.
    fn taken(every: Duration, pictures: u32) -> Vec<(u32, u64)> {
        let begin = Instant::now();
        let mut pace = Pace::new(Duration::from_secs(1), begin);
        let mut shot = |n| Some((n, pace.take(part(), None, begin + every * n)?.skipped));
        (0..pictures).filter_map(&mut shot).collect()
    }

    #[test]
    fn of_many_pictures_one_a_period_is_taken_and_the_others_are_counted() {
        let tenths = taken(Duration::from_millis(100), 31);
        assert_eq!(tenths, [(0, 0), (9, 8), (19, 9), (29, 9)]);
        // a camera that is a little fast gives all its pictures
        assert_eq!(taken(Duration::from_millis(980), 5).len(), 5);
    }

    #[test]
    fn a_stream_stalls_by_its_own_measure() {
        let stall = |period_s| Pace::new(Duration::from_secs(period_s), Instant::now()).stall();
        assert_eq!([stall(1), stall(60)], [STALL_MIN, Duration::from_secs(180)]);
    }
}
