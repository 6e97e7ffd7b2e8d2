//! Why a clock shows what it shows.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::calendar::is_weekend;
use super::{CalendarKind, Clock, DayKind, WorkCalendar};

/// Why a time counted or did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Counted: every minute does.
    Running,
    /// Counted: the office is open.
    OfficeHours,
    /// Counted: the office is open on a weekend day that makes up for a holiday.
    MakeUpWorkday,
    /// A working day, outside office hours.
    Closed,
    Weekend,
    Holiday,
    Paused,
    Stopped,
}

/// A stretch of time that counted or did not, all of it for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Interval {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub counted: bool,
    pub why: Why,
    /// What was said when it was paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The holiday, or the holiday that is made up for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_zh: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_en: Option<String>,
}

impl Interval {
    fn new(from: DateTime<Utc>, to: DateTime<Utc>, why: Why) -> Self {
        let counted = matches!(why, Why::Running | Why::OfficeHours | Why::MakeUpWorkday);
        Self {
            from,
            to,
            counted,
            why,
            reason: None,
            day_zh: None,
            day_en: None,
        }
    }

    /// Whether `next` goes on where this ends, for the same reason.
    fn goes_on_as(&self, next: &Self) -> bool {
        self.to == next.from
            && self.why == next.why
            && self.reason == next.reason
            && self.day_zh == next.day_zh
            && self.why != Why::Paused
    }
}

impl Clock {
    /// Every interval from the start to `at`, in order and without gaps; those that counted sum
    /// to [`Clock::elapsed`].
    pub fn explain(&self, at: DateTime<Utc>, office: &WorkCalendar) -> Vec<Interval> {
        let mut told = Vec::new();
        let end = self.stopped_at.map_or(at, |stopped| stopped.min(at));
        let mut from = self.started_at;
        for pause in self.pauses.iter().take_while(|pause| pause.from < end) {
            self.tell_run(from, pause.from, office, &mut told);
            let to = pause.to.map_or(end, |to| to.min(end));
            let mut paused = Interval::new(pause.from, to, Why::Paused);
            paused.reason = Some(pause.reason.clone());
            tell(&mut told, paused);
            from = to;
        }
        self.tell_run(from, end, office, &mut told);
        tell(&mut told, Interval::new(end, at, Why::Stopped));
        told
    }

    fn tell_run(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        office: &WorkCalendar,
        told: &mut Vec<Interval>,
    ) {
        match self.calendar {
            CalendarKind::Continuous => tell(told, Interval::new(from, to, Why::Running)),
            CalendarKind::Working => {
                let dates = office.date(from).iter_days();
                for date in dates.take_while(|date| office.local(*date, NaiveTime::MIN) < to) {
                    for mut interval in office.tell_day(date) {
                        interval.from = interval.from.max(from);
                        interval.to = interval.to.min(to);
                        tell(told, interval);
                    }
                }
            }
        }
    }
}

impl WorkCalendar {
    /// A day from midnight to midnight.
    fn tell_day(&self, date: NaiveDate) -> Vec<Interval> {
        let midnight = self.local(date, NaiveTime::MIN);
        let next_midnight = midnight + TimeDelta::days(1);
        let special = self.days().get(&date);
        let open = match special.map(|day| day.kind) {
            Some(DayKind::Holiday) => None,
            Some(DayKind::Workday) if is_weekend(date) => Some(Why::MakeUpWorkday),
            Some(DayKind::Workday) => Some(Why::OfficeHours),
            None if is_weekend(date) => {
                return vec![Interval::new(midnight, next_midnight, Why::Weekend)];
            }
            None => Some(Why::OfficeHours),
        };
        let named = |mut interval: Interval| {
            interval.day_zh = special.map(|day| day.name_zh.clone());
            interval.day_en = special.map(|day| day.name_en.clone());
            interval
        };
        let Some(open) = open else {
            let holiday = Interval::new(midnight, next_midnight, Why::Holiday);
            return vec![named(holiday)];
        };
        let mut day = Vec::new();
        let mut from = midnight;
        for hours in self.hours() {
            let (opening, closing) = self.opening(date, *hours);
            day.push(Interval::new(from, opening, Why::Closed));
            day.push(named(Interval::new(opening, closing, open)));
            from = closing;
        }
        day.push(Interval::new(from, next_midnight, Why::Closed));
        day
    }
}

/// Adds an interval unless it is empty; one that only goes on lengthens the last.
fn tell(told: &mut Vec<Interval>, next: Interval) {
    if next.from >= next.to {
        return;
    }
    match told.last_mut() {
        Some(last) if last.goes_on_as(&next) => last.to = next.to,
        _ => told.push(next),
    }
}
