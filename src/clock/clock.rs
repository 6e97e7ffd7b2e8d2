//! A clock that judges one stage of a case.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CalendarKind, WorkCalendar};

/// What a clock judges. Articles 12 to 16.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    sqlx::Type,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "clock_stage", rename_all = "snake_case")]
pub enum Stage {
    /// From the report to filing it or not.
    Filing,
    /// A collector verifies before filing.
    Verification,
    Dispatch,
    /// The responsible unit settles it.
    Handling,
    /// Article 13: the unit is on site.
    Arrival,
    /// Article 13: the danger is repaired.
    Repair,
    /// Article 15: whose it is.
    Dispute,
    /// The feedback is looked at before it is checked on site.
    Review,
    Check,
    Closing,
    /// Article 16.
    Quick,
    /// Article 3: a supervision order is answered.
    Supervision,
}

/// A time in which a clock stood still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pause {
    pub from: DateTime<Utc>,
    /// Missing while it lasts.
    pub to: Option<DateTime<Utc>>,
    pub reason: String,
}

/// What a clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lamp {
    Green,
    /// Four fifths of the limit have gone.
    Yellow,
    /// The whole limit has gone.
    Red,
}

/// What a clock calls out, in this order. Article 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// 80 % of the limit.
    Warn,
    /// 100 % of the limit.
    Breach,
    /// The superior is told: so long after the breach as the policy says.
    Escalate,
}

/// Why a clock does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    #[error("the clock has stopped")]
    Stopped,
    #[error("the clock is paused already")]
    Paused,
    #[error("the clock is not paused")]
    NotPaused,
    #[error("the time lies before what the clock has seen")]
    Backwards,
}

/// One run of a stage's clock: when it started, stood still and stopped.
///
/// Nothing that follows from these is kept, so that a new limit cannot lose a pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    pub stage: Stage,
    /// The case's round of rework in which it runs.
    pub round: i16,
    pub calendar: CalendarKind,
    /// Of the calendar: one working day is [`WorkCalendar::working_day`].
    pub limit: TimeDelta,
    pub started_at: DateTime<Utc>,
    pub stopped_at: Option<DateTime<Utc>>,
    /// In order, without overlap; only the last may be open.
    pub pauses: Vec<Pause>,
    /// When each alarm was raised.
    pub warned_at: Option<DateTime<Utc>>,
    pub breached_at: Option<DateTime<Utc>>,
    pub escalated_at: Option<DateTime<Utc>>,
}

impl Clock {
    pub fn start(
        stage: Stage,
        round: i16,
        calendar: CalendarKind,
        limit: TimeDelta,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            stage,
            round,
            calendar,
            limit,
            started_at: at,
            stopped_at: None,
            pauses: Vec::new(),
            warned_at: None,
            breached_at: None,
            escalated_at: None,
        }
    }

    /// # Errors
    /// When it has stopped, is paused, or `at` lies before the start or the end of a pause.
    pub fn pause(
        &mut self,
        at: DateTime<Utc>,
        reason: impl Into<String>,
    ) -> Result<(), ClockError> {
        self.check_time(at)?;
        if self.is_paused() {
            return Err(ClockError::Paused);
        }
        self.pauses.push(Pause {
            from: at,
            to: None,
            reason: reason.into(),
        });
        Ok(())
    }

    /// # Errors
    /// When it has stopped, is not paused, or `at` lies before the pause.
    pub fn resume(&mut self, at: DateTime<Utc>) -> Result<(), ClockError> {
        self.check_time(at)?;
        let open = self.pauses.last_mut().filter(|pause| pause.to.is_none());
        open.ok_or(ClockError::NotPaused)?.to = Some(at);
        Ok(())
    }

    /// Stops for good; a pause that lasts ends with it.
    ///
    /// # Errors
    /// When it has stopped before, or `at` lies before what it has seen.
    pub fn stop(&mut self, at: DateTime<Utc>) -> Result<(), ClockError> {
        self.check_time(at)?;
        if let Some(pause) = self.pauses.last_mut() {
            pause.to.get_or_insert(at);
        }
        self.stopped_at = Some(at);
        Ok(())
    }

    /// Adds to the limit; what has been counted and paused stays. The new limit has alarms of its
    /// own.
    pub fn extend(&mut self, by: TimeDelta) {
        self.limit += by;
        self.warned_at = None;
        self.breached_at = None;
        self.escalated_at = None;
    }

    pub fn is_paused(&self) -> bool {
        self.pauses.last().is_some_and(|pause| pause.to.is_none())
    }

    /// What has been counted until `at`.
    pub fn elapsed(&self, at: DateTime<Utc>, office: &WorkCalendar) -> TimeDelta {
        let end = self.stopped_at.map_or(at, |stopped| stopped.min(at));
        self.runs()
            .map(|(from, to)| {
                let to = to.map_or(end, |to| to.min(end));
                self.calendar.between(office, from, to)
            })
            .sum()
    }

    /// What is left of the limit; negative beyond it.
    pub fn left(&self, at: DateTime<Utc>, office: &WorkCalendar) -> TimeDelta {
        self.limit - self.elapsed(at, office)
    }

    /// The earliest instant at which the limit has been counted, if it runs on as it does now;
    /// none while it is paused with some of the limit left.
    pub fn due_at(&self, office: &WorkCalendar) -> Option<DateTime<Utc>> {
        self.reaches(self.limit, office)
    }

    /// Like [`Self::due_at`], for four fifths of the limit.
    pub fn warn_at(&self, office: &WorkCalendar) -> Option<DateTime<Utc>> {
        self.reaches(self.limit * 4 / 5, office)
    }

    /// Whether `at`, or the stop before it, lies after the due time. What is done at the due time
    /// itself is still in time: "within 2 hours" allows the second hour to be full.
    pub fn is_breached(&self, at: DateTime<Utc>, office: &WorkCalendar) -> bool {
        let end = self.stopped_at.map_or(at, |stopped| stopped.min(at));
        self.due_at(office).is_some_and(|due_at| end > due_at)
    }

    pub fn lamp(&self, at: DateTime<Utc>, office: &WorkCalendar) -> Lamp {
        let elapsed = self.elapsed(at, office);
        if elapsed >= self.limit {
            Lamp::Red
        } else if elapsed >= self.limit * 4 / 5 {
            Lamp::Yellow
        } else {
            Lamp::Green
        }
    }

    /// The next alarm to be raised and its time, which may be long past. `escalate_after` the
    /// breach is counted on the clock's own calendar, so that nobody is woken for office matters.
    /// A stopped clock still owes the alarms it reached before.
    pub fn next_alarm(
        &self,
        office: &WorkCalendar,
        escalate_after: TimeDelta,
    ) -> Option<(DateTime<Utc>, Alarm)> {
        let (at, alarm) = if self.escalated_at.is_some() {
            return None;
        } else if self.breached_at.is_some() {
            let reached = self.reaches(self.limit + escalate_after, office)?;
            (reached, Alarm::Escalate)
        } else if self.warned_at.is_some() {
            (self.due_at(office)?, Alarm::Breach)
        } else {
            (self.warn_at(office)?, Alarm::Warn)
        };
        let before_stop = self.stopped_at.is_none_or(|stopped| at < stopped);
        before_stop.then_some((at, alarm))
    }

    /// Notes that an alarm was raised.
    pub fn raised(&mut self, alarm: Alarm, at: DateTime<Utc>) {
        match alarm {
            Alarm::Warn => self.warned_at = Some(at),
            Alarm::Breach => self.breached_at = Some(at),
            Alarm::Escalate => self.escalated_at = Some(at),
        }
    }

    /// The earliest instant at which so much has been counted.
    fn reaches(&self, counted: TimeDelta, office: &WorkCalendar) -> Option<DateTime<Utc>> {
        let mut left = counted;
        for (from, to) in self.runs() {
            let reached = self.calendar.after(office, from, left);
            let Some(to) = to else {
                return Some(reached);
            };
            if reached <= to {
                return Some(reached);
            }
            left -= self.calendar.between(office, from, to);
        }
        None
    }

    /// When it runs, between the pauses; the last is open unless a pause lasts.
    fn runs(&self) -> impl Iterator<Item = (DateTime<Utc>, Option<DateTime<Utc>>)> {
        let resumed = self.pauses.iter().map(|pause| pause.to);
        let from = std::iter::once(Some(self.started_at)).chain(resumed);
        let paused = self.pauses.iter().map(|pause| Some(pause.from));
        let to = paused.chain(std::iter::once(None));
        from.zip(to).filter_map(|(from, to)| Some((from?, to)))
    }

    fn check_time(&self, at: DateTime<Utc>) -> Result<(), ClockError> {
        if self.stopped_at.is_some() {
            return Err(ClockError::Stopped);
        }
        let seen = self
            .pauses
            .last()
            .map(|pause| pause.to.unwrap_or(pause.from));
        if at < seen.unwrap_or(self.started_at) {
            return Err(ClockError::Backwards);
        }
        Ok(())
    }
}
