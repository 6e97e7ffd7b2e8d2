//! When the city's offices are open.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which time a limit is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "clock_calendar", rename_all = "snake_case")]
pub enum CalendarKind {
    /// Every minute counts, at night and on holidays (紧急工作时, 紧急工作日, 自然日).
    Continuous,
    /// Only office hours count (工作时, 工作日).
    Working,
}

impl CalendarKind {
    /// What counts between two instants; zero where `to` is not after `from`.
    pub fn between(
        self,
        office: &WorkCalendar,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> TimeDelta {
        match self {
            Self::Continuous => (to - from).max(TimeDelta::zero()),
            Self::Working => office.working_between(from, to),
        }
    }

    /// The earliest instant at which `counted` has been counted from `from` on.
    pub fn after(
        self,
        office: &WorkCalendar,
        from: DateTime<Utc>,
        counted: TimeDelta,
    ) -> DateTime<Utc> {
        match self {
            Self::Continuous => from
                .checked_add_signed(counted.max(TimeDelta::zero()))
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
            Self::Working => office.after(from, counted),
        }
    }
}

/// How a day differs from its weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Closed, whatever the weekday.
    Holiday,
    /// Open although a weekend: makes up for a holiday (调休).
    Workday,
}

/// A day of the calendar's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialDay {
    pub kind: DayKind,
    /// Of the holiday, or of the holiday that the day makes up for.
    pub name_zh: String,
    pub name_en: String,
}

/// Why a set of office hours is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    #[error("a working day has no office hours")]
    NoHours,
    #[error("office hours end before they begin")]
    Reversed,
    #[error("office hours overlap or are not in order")]
    Overlapping,
}

/// Office hours with the days on which they differ.
///
/// The zone is a fixed offset from UTC: there is no summer time in China, so that an hour of
/// office time is always an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCalendar {
    zone: FixedOffset,
    hours: Vec<(NaiveTime, NaiveTime)>,
    days: BTreeMap<NaiveDate, SpecialDay>,
}

impl WorkCalendar {
    /// `hours` are the openings of a working day in local time, in order; one that ends at 00:00
    /// ends at midnight. Saturdays and Sundays are closed unless `days` says otherwise.
    ///
    /// # Errors
    /// When there are no hours, or they are reversed or overlap.
    pub fn new(
        zone: FixedOffset,
        hours: Vec<(NaiveTime, NaiveTime)>,
        days: BTreeMap<NaiveDate, SpecialDay>,
    ) -> Result<Self, CalendarError> {
        if hours.is_empty() {
            return Err(CalendarError::NoHours);
        }
        if hours
            .iter()
            .any(|hours| length(*hours) <= TimeDelta::zero())
        {
            return Err(CalendarError::Reversed);
        }
        let ordered =
            |pair: &[(NaiveTime, NaiveTime)]| pair[0].1 <= pair[1].0 && pair[0].1 != NaiveTime::MIN;
        if !hours.windows(2).all(ordered) {
            return Err(CalendarError::Overlapping);
        }
        Ok(Self { zone, hours, days })
    }

    pub fn zone(&self) -> FixedOffset {
        self.zone
    }

    /// The openings of a working day, local time; an end of 00:00 is midnight.
    pub fn hours(&self) -> &[(NaiveTime, NaiveTime)] {
        &self.hours
    }

    /// The holidays and make-up workdays.
    pub fn days(&self) -> &BTreeMap<NaiveDate, SpecialDay> {
        &self.days
    }

    /// What a limit of one working day means: all office hours of a day.
    pub fn working_day(&self) -> TimeDelta {
        self.hours.iter().map(|hours| length(*hours)).sum()
    }

    /// Office time between two instants; zero where `to` is not after `from`.
    pub fn working_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        self.openings(from)
            .take_while(|(opening, _)| *opening < to)
            .map(|(opening, closing)| closing.min(to) - opening)
            .sum()
    }

    /// The earliest instant at which `worked` of office time has passed since `from`: the end of
    /// an opening rather than the beginning of the next; `from` itself for nothing.
    pub fn after(&self, from: DateTime<Utc>, worked: TimeDelta) -> DateTime<Utc> {
        if worked <= TimeDelta::zero() {
            return from;
        }
        let mut left = worked;
        for (opening, closing) in self.openings(from) {
            let length = closing - opening;
            if left <= length {
                return opening + left;
            }
            left -= length;
        }
        DateTime::<Utc>::MAX_UTC
    }

    /// `at` itself while open, else when it opens next.
    pub fn next_opening(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let next = self.openings(at).next();
        next.map_or(DateTime::<Utc>::MAX_UTC, |(opening, _)| opening)
    }

    /// Every opening from `from` on, the first cut off at `from`.
    fn openings(
        &self,
        from: DateTime<Utc>,
    ) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        self.date(from)
            .iter_days()
            .filter(|date| self.is_working_day(*date))
            .flat_map(|date| self.hours.iter().map(move |hours| (date, *hours)))
            .map(|(date, hours)| self.opening(date, hours))
            .filter(move |(_, closing)| *closing > from)
            .map(move |(opening, closing)| (opening.max(from), closing))
    }

    /// When the hours of a day begin and end.
    pub(super) fn opening(
        &self,
        date: NaiveDate,
        hours: (NaiveTime, NaiveTime),
    ) -> (DateTime<Utc>, DateTime<Utc>) {
        let opening = self.local(date, hours.0);
        (opening, opening + length(hours))
    }

    /// The instant of a local time.
    pub(super) fn local(&self, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        (date.and_time(time) - self.zone).and_utc()
    }

    /// The local date of an instant.
    pub(super) fn date(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    fn is_working_day(&self, date: NaiveDate) -> bool {
        match self.days.get(&date) {
            Some(day) => day.kind == DayKind::Workday,
            None => !is_weekend(date),
        }
    }
}

pub(super) fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// How long an opening lasts; an end of 00:00 is the midnight after it.
fn length((opening, closing): (NaiveTime, NaiveTime)) -> TimeDelta {
    let length = closing - opening;
    if closing == NaiveTime::MIN {
        length + TimeDelta::days(1)
    } else {
        length
    }
}
