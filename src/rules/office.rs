//! Office hours as people write them.

use std::collections::BTreeMap;

use chrono::{FixedOffset, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::{CalendarError, DayKind, SpecialDay, WorkCalendar};

/// A rule set's calendar: zone, office hours, and the days on which they differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficeHours {
    /// From UTC, such as `+08:00`.
    #[schema(example = "+08:00")]
    pub zone: String,
    /// In order; an end of 00:00 is midnight.
    pub hours: Vec<Opening>,
    pub days: Vec<Day>,
}

/// From when to when an office is open on a working day, local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    #[schema(value_type = String, example = "08:00:00")]
    pub opens: NaiveTime,
    #[schema(value_type = String, example = "12:00:00")]
    pub closes: NaiveTime,
}

/// A public holiday, or a weekend day that is worked in its place (调休).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Day {
    pub date: NaiveDate,
    pub kind: DayKind,
    pub name_zh: String,
    pub name_en: String,
}

/// What is wrong with office hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfficeHoursError {
    #[error("zone must be an offset from UTC such as +08:00")]
    Zone,
    #[error(transparent)]
    Hours(#[from] CalendarError),
    #[error("{0} stands there twice")]
    TwoOnDate(NaiveDate),
}

impl OfficeHoursError {
    /// The field that is wrong.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Hours(_) => "hours",
            Self::TwoOnDate(_) => "days",
        }
    }
}

impl OfficeHours {
    /// # Errors
    /// Names what is wrong first.
    pub fn calendar(&self) -> Result<WorkCalendar, OfficeHoursError> {
        let zone: FixedOffset = self.zone.parse().or(Err(OfficeHoursError::Zone))?;
        let hours = self.hours.iter().map(|hours| (hours.opens, hours.closes));
        let mut days = BTreeMap::new();
        for day in &self.days {
            let special = SpecialDay {
                kind: day.kind,
                name_zh: day.name_zh.clone(),
                name_en: day.name_en.clone(),
            };
            if days.insert(day.date, special).is_some() {
                return Err(OfficeHoursError::TwoOnDate(day.date));
            }
        }
        Ok(WorkCalendar::new(zone, hours.collect(), days)?)
    }

    /// A calendar as it is written.
    pub(super) fn of(calendar: &WorkCalendar) -> Self {
        let days = calendar.days().iter().map(|(date, day)| Day {
            date: *date,
            kind: day.kind,
            name_zh: day.name_zh.clone(),
            name_en: day.name_en.clone(),
        });
        let hours = calendar.hours().iter();
        Self {
            zone: calendar.zone().to_string(),
            hours: hours
                .map(|&(opens, closes)| Opening { opens, closes })
                .collect(),
            days: days.collect(),
        }
    }
}
