//! How it stands with a camera that is asked.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Failure, Shot};

/// What is being done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its turn to be asked, or its first picture, is waited for.
    Connecting,
    /// Pictures come.
    Streaming,
    /// It failed and is left alone until `retry_at`.
    Waiting,
}

impl Phase {
    pub const ALL: [Self; 3] = [Self::Connecting, Self::Streaming, Self::Waiting];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Streaming => "streaming",
            Self::Waiting => "waiting",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastFailure {
    /// `address`, `unreachable`, `late`, `unauthorised`, `redirected`, `answered`, `malformed`,
    /// `too-large`, `not-a-picture`, `stalled`, `ended`, `stream`, `no-ffmpeg`, `sealed`.
    pub kind: String,
    /// In words.
    pub detail: String,
    pub at: DateTime<Utc>,
}

/// How it stands since the source was set; numbers are kept over restarts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PullState {
    pub phase: Phase,
    pub since: DateTime<Utc>,
    /// When it is asked again; null while nothing is wrong.
    pub retry_at: Option<DateTime<Utc>>,
    /// The newest; it may be over.
    pub failure: Option<LastFailure>,
    /// Failures in a row.
    pub attempts: u32,
    /// Pictures that were let in.
    pub taken: u64,
    /// Pictures turned away: no JPEG, too large, or no place in the queue.
    pub refused: u64,
    /// Pictures the camera sent between those that were asked for.
    pub skipped: u64,
    /// How often it was connected to again after a failure.
    pub reconnects: u64,
    /// When the newest picture was let in.
    pub picture_at: Option<DateTime<Utc>>,
    /// By how many seconds the camera's clock is ahead of ours; null where it does not tell.
    pub clock_drift_s: Option<f64>,
}

impl PullState {
    pub(super) fn new(at: DateTime<Utc>) -> Self {
        Self {
            phase: Phase::Connecting,
            since: at,
            retry_at: None,
            failure: None,
            attempts: 0,
            taken: 0,
            refused: 0,
            skipped: 0,
            reconnects: 0,
            picture_at: None,
            clock_drift_s: None,
        }
    }

    pub(super) fn move_to(&mut self, phase: Phase, at: DateTime<Utc>) {
        if self.phase != phase {
            self.phase = phase;
            self.since = at;
        }
        self.retry_at = None;
    }

    pub(super) fn fail(&mut self, failure: &Failure, at: DateTime<Utc>, retry_at: DateTime<Utc>) {
        self.move_to(Phase::Waiting, at);
        self.attempts = self.attempts.saturating_add(1);
        self.retry_at = Some(retry_at);
        self.failure = Some(LastFailure {
            kind: failure.kind().to_owned(),
            detail: failure.to_string(),
            at,
        });
    }

    /// What a shot says beside its picture.
    pub(super) fn note(&mut self, shot: &Shot) {
        self.skipped += shot.skipped;
        self.clock_drift_s = shot.clock_drift_s.or(self.clock_drift_s);
    }
}
