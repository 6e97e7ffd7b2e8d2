//! Where the time comes from.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, FixedOffset, SubsecRound as _, Utc};

/// The legal time of all China: eight hours ahead of UTC, all year.
pub fn beijing() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).expect("less than a day")
}

/// What the service takes for the present.
#[derive(Debug, Clone, Default)]
pub enum TimeSource {
    /// The machine's clock.
    #[default]
    System,
    /// A time that somebody sets: what takes days is tried out in a moment.
    Set(SetTime),
}

/// A time that stands until it is set anew; clones share it.
#[derive(Debug, Clone)]
pub struct SetTime(Arc<Mutex<DateTime<Utc>>>);

impl SetTime {
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TimeSource {
    /// The present, to the microsecond: what the database keeps comes back unchanged.
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge of the service reads the clock"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self {
            Self::System => Utc::now(),
            Self::Set(time) => time.now(),
        };
        now.trunc_subsecs(6)
    }
}
