//! The calendars this program ships.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;

use super::{DayKind, SpecialDay, WorkCalendar};
use crate::time::beijing;

/// `holidays_2026.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holidays {
    holiday: Vec<Holiday>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    zh: String,
    en: String,
    first: NaiveDate,
    last: NaiveDate,
    make_up: Vec<NaiveDate>,
}

impl Holiday {
    fn day(&self, kind: DayKind) -> SpecialDay {
        SpecialDay {
            kind,
            name_zh: self.zh.clone(),
            name_en: self.en.clone(),
        }
    }

    fn days(&self) -> impl Iterator<Item = (NaiveDate, SpecialDay)> {
        let holidays = self.first.iter_days().take_while(|date| *date <= self.last);
        let off = holidays.map(|date| (date, self.day(DayKind::Holiday)));
        let worked = self.make_up.iter();
        off.chain(worked.map(|date| (*date, self.day(DayKind::Workday))))
    }
}

impl WorkCalendar {
    /// China's zone, 8-12 and 14-18, and the holidays and make-up workdays of 2026.
    pub fn china_2026() -> Self {
        let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour of the day");
        let hours = vec![(hour(8), hour(12)), (hour(14), hour(18))];
        Self::new(beijing(), hours, Self::china_2026_days()).expect("the shipped hours are tested")
    }

    /// The holidays and make-up workdays of 2026 alone; where from, `holidays_2026.toml` says.
    pub fn china_2026_days() -> BTreeMap<NaiveDate, SpecialDay> {
        let shipped: Holidays = toml::from_str(include_str!("holidays_2026.toml"))
            .expect("the shipped holidays_2026.toml is tested");
        shipped.holiday.iter().flat_map(Holiday::days).collect()
    }
}
