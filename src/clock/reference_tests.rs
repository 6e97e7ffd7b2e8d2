//! The slow, obvious clock: it looks at every single minute and knows nothing of openings, runs
//! or dates. Days are numbered from 1970-01-01, a Thursday; minutes from its midnight in UTC.

use std::collections::BTreeMap;

use super::Why;

pub(super) const DAY: i64 = 24 * 60;

/// Office hours, said minute by minute.
#[derive(Debug, Clone)]
pub(super) struct SlowOffice {
    /// Local time is so many minutes ahead of UTC.
    pub(super) ahead: i64,
    /// First minute and the minute after the last, of the day.
    pub(super) hours: Vec<(i64, i64)>,
    /// Day number → open?
    pub(super) days: BTreeMap<i64, bool>,
}

impl SlowOffice {
    /// Why a minute counts or not.
    pub(super) fn why(&self, minute: i64) -> Why {
        let local = minute + self.ahead;
        let (day, minute_of_day) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        // day 0 was a Thursday: 2 and 3 are Saturday and Sunday
        let weekend = matches!(day.rem_euclid(7), 2 | 3);
        let special = self.days.get(&day);
        if special == Some(&false) {
            return Why::Holiday;
        }
        if weekend && special.is_none() {
            return Why::Weekend;
        }
        let mut hours = self.hours.iter();
        if !hours.any(|(from, to)| (*from..*to).contains(&minute_of_day)) {
            return Why::Closed;
        }
        if weekend {
            Why::MakeUpWorkday
        } else {
            Why::OfficeHours
        }
    }
}

/// What is done to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Pause,
    Resume,
    Stop,
}

/// A clock that only remembers what was done to it.
#[derive(Debug, Clone)]
pub(super) struct SlowClock {
    /// None: every minute counts.
    pub(super) office: Option<SlowOffice>,
    pub(super) started: i64,
    /// In the order of time.
    pub(super) deeds: Vec<(i64, Deed)>,
}

impl SlowClock {
    /// What it is doing in a minute.
    pub(super) fn state(&self, minute: i64) -> Why {
        let mut done = self.deeds.iter().filter(|(at, _)| *at <= minute);
        match done.next_back() {
            Some((_, Deed::Pause)) => Why::Paused,
            Some((_, Deed::Stop)) => Why::Stopped,
            Some((_, Deed::Resume)) | None => match &self.office {
                Some(office) => office.why(minute),
                None => Why::Running,
            },
        }
    }

    fn counts(&self, minute: i64) -> bool {
        let state = self.state(minute);
        matches!(state, Why::Running | Why::OfficeHours | Why::MakeUpWorkday)
    }

    /// Minutes counted until `at`.
    pub(super) fn elapsed(&self, at: i64) -> i64 {
        let counted = (self.started..at).filter(|minute| self.counts(*minute));
        i64::try_from(counted.count()).unwrap()
    }

    /// The end of the minute with which `limit` minutes have been counted, if one before `end`.
    pub(super) fn reaches(&self, limit: i64, end: i64) -> Option<i64> {
        let mut counted = (self.started..end).filter(|minute| self.counts(*minute));
        let last = counted.nth(usize::try_from(limit - 1).unwrap())?;
        Some(last + 1)
    }
}
