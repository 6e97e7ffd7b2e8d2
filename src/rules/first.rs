//! The rule set a new city starts with, as data: `first/set.toml` and `first/conditions.csv`.

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use sqlx::PgPool;

use super::office::OfficeHours;
use super::set::Content;
use super::{Closing, CollectionRule, Condition, ConditionId, Policy, StageLimit, store};
use crate::catalogue::ClassCode;
use crate::clock::{CalendarKind, WorkCalendar};

/// Brings the first rule set into a database that has none; can be repeated.
pub async fn load(db: &PgPool) -> anyhow::Result<()> {
    let first = First::shipped();
    let mut tx = db.begin().await?;
    let (name, note) = (&first.name, &first.note);
    let (from, content) = (first.in_force_from, &first.content);
    store::insert_first(&mut tx, name, note, from, content)
        .await
        .context("write the first rule set")?;
    Ok(tx.commit().await?)
}

/// The shipped rule set.
struct First {
    name: String,
    note: String,
    in_force_from: DateTime<Utc>,
    content: Content,
}

/// `first/set.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFile {
    name: String,
    note: String,
    in_force_from: DateTime<Utc>,
    stage_limits: Vec<StageLimit>,
    policy: Policy,
    collection: Vec<CollectionRule>,
}

/// A line of `first/conditions.csv`.
#[derive(Deserialize)]
struct Line {
    class: ClassCode,
    number: i16,
    text_zh: String,
    text_en: String,
    limit: i32,
    unit: LimitUnit,
    calendar: CalendarKind,
    /// Several stand apart by `|`.
    closing_zh: String,
    closing_en: String,
    emergency: bool,
    source: String,
    mark: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LimitUnit {
    Hour,
    /// 24 h, or what the office is open on a working day.
    Day,
}

impl First {
    fn shipped() -> Self {
        let file: SetFile =
            toml::from_str(include_str!("first/set.toml")).expect("the shipped set.toml is tested");
        let calendar = WorkCalendar::china_2026();
        let conditions = csv::Reader::from_reader(&include_bytes!("first/conditions.csv")[..])
            .deserialize()
            .map(|line| line.map(|line: Line| line.condition(calendar.working_day())))
            .collect::<Result<Vec<_>, _>>()
            .expect("the shipped conditions.csv is tested");
        Self {
            name: file.name,
            note: file.note,
            in_force_from: file.in_force_from,
            content: Content {
                conditions,
                stage_limits: file.stage_limits,
                policy: file.policy,
                collection: file.collection,
                routes: Vec::new(),
                office: OfficeHours::of(&calendar),
            },
        }
    }
}

impl Line {
    /// Without an id: the database gives it.
    fn condition(self, working_day: TimeDelta) -> Condition {
        let unit = match (self.unit, self.calendar) {
            (LimitUnit::Hour, _) => TimeDelta::hours(1),
            (LimitUnit::Day, CalendarKind::Continuous) => TimeDelta::hours(24),
            (LimitUnit::Day, CalendarKind::Working) => working_day,
        };
        let both = self.closing_zh.split('|').zip(self.closing_en.split('|'));
        Condition {
            id: ConditionId(0),
            class: self.class,
            number: self.number,
            closing: both
                .map(|(zh, en)| Closing {
                    zh: zh.to_owned(),
                    en: en.to_owned(),
                })
                .collect(),
            text_zh: self.text_zh,
            text_en: self.text_en,
            calendar: self.calendar,
            limit: unit * self.limit,
            emergency: self.emergency,
            source: self.source,
            mark: self.mark,
        }
    }
}

/// The shipped rules.
#[cfg(test)]
pub(super) fn content() -> Content {
    First::shipped().content
}

#[cfg(test)]
#[path = "first_tests.rs"]
mod tests;
