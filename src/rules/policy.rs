//! The numbers a city chooses: limits of the stages, caps, radii, what a report has to bring.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::seconds;
use crate::catalogue::ClassScope;
use crate::clock::{CalendarKind, Stage};

/// How long a stage may take where neither condition nor person says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StageLimit {
    pub stage: Stage,
    pub calendar: CalendarKind,
    /// Seconds of that calendar.
    #[serde(rename = "limit_s", with = "seconds")]
    #[schema(value_type = i32)]
    pub limit: TimeDelta,
}

/// The limit a unit gets when it has to do its work again. Article 14.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReworkLimit {
    /// The whole limit once more.
    Original,
    /// What was left of it.
    Remaining,
}

/// What the city decided once for all cases of a rule set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Granted extensions a case can have; each adds the original limit.
    pub extensions_max: i16,
    /// From the decision to the date of return.
    pub suspension_days_max: i16,
    /// Working time after dispatch within which a unit may dispute. Article 15.
    #[serde(rename = "dispute_window_s", with = "seconds")]
    #[schema(value_type = i32)]
    pub dispute_window: TimeDelta,
    /// Whether the handling clock stands still during a dispute.
    pub dispute_pauses: bool,
    /// How far from the case an arrival counts, metres.
    pub arrival_radius_m: f64,
    /// How far from the case a verification or check counts, metres.
    pub check_radius_m: f64,
    /// Article 13, from the receipt of the notice, day and night.
    #[serde(rename = "arrive_within_s", with = "seconds")]
    #[schema(value_type = i32)]
    pub arrive_within: TimeDelta,
    /// Article 13, from the receipt of the notice, day and night.
    #[serde(rename = "repair_within_s", with = "seconds")]
    #[schema(value_type = i32)]
    pub repair_within: TimeDelta,
    /// From a breach to telling the superior.
    #[serde(rename = "escalate_after_s", with = "seconds")]
    #[schema(value_type = i32)]
    pub escalate_after: TimeDelta,
    pub rework_limit: ReworkLimit,
    /// What quick disposal may be estimated to cost, fen (1/100 yuan). Article 16.
    pub quick_cap_fen: i64,
    /// Below this the crew's photos suffice and the case is closed without a check, fen.
    pub quick_close_cap_fen: i64,
    /// Article 16: at least one of these has to apply.
    pub quick_reasons: Vec<QuickReason>,
    #[serde(rename = "undo_within_s", with = "seconds")]
    #[schema(value_type = i32)]
    pub undo_within: TimeDelta,
    /// Open cases this near are offered as duplicates, metres ...
    pub duplicate_radius_m: f64,
    /// ... if they were reported no longer ago than this.
    #[serde(rename = "duplicate_window_s", with = "seconds")]
    #[schema(value_type = i32)]
    pub duplicate_window: TimeDelta,
    /// How long after the end of a case the same thing at the same place is its recurrence.
    #[serde(rename = "recurrence_window_s", with = "seconds")]
    #[schema(value_type = i32)]
    pub recurrence_window: TimeDelta,
    /// How long after the end of a case its reporter's personal data stays. Article 5.
    pub reporter_retention_days: i32,
}

/// Why a case may go to quick disposal. Article 16.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuickReason {
    pub code: String,
    pub zh: String,
    pub en: String,
}

/// What a report and a feedback have to bring (采集规范). Article 7.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectionRule {
    /// Which classes; the most precise rule applies.
    #[schema(value_type = String, example = "M06")]
    pub scope: ClassScope,
    pub report_photos_min: i16,
    pub feedback_photos_min: i16,
    /// The position must be at least this exact, metres.
    pub accuracy_m_max: f64,
    /// What is reported later than this after it was seen is refused.
    #[serde(rename = "report_age_max_s", with = "seconds")]
    #[schema(value_type = i32)]
    pub report_age_max: TimeDelta,
    /// Whether a description is needed.
    pub text_required: bool,
}

impl Policy {
    /// How long after the end of a case its reporter's personal data stays.
    pub fn reporter_retention(&self) -> TimeDelta {
        TimeDelta::days(self.reporter_retention_days.into())
    }

    /// The first field that makes no sense, and what would.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let positive = |time: TimeDelta| time > TimeDelta::zero();
        let radius = |metres: f64| metres > 0.0 && metres <= 5000.0;
        let checks = [
            (
                (0..=10).contains(&self.extensions_max),
                "extensions_max",
                "0 to 10",
            ),
            (
                (1..=3650).contains(&self.suspension_days_max),
                "suspension_days_max",
                "1 to 3650 days",
            ),
            (
                positive(self.dispute_window),
                "dispute_window_s",
                "more than 0 s",
            ),
            (
                radius(self.arrival_radius_m),
                "arrival_radius_m",
                "more than 0, at most 5000 m",
            ),
            (
                radius(self.check_radius_m),
                "check_radius_m",
                "more than 0, at most 5000 m",
            ),
            (
                positive(self.arrive_within) && self.arrive_within <= TimeDelta::hours(2),
                "arrive_within_s",
                "more than 0, at most 2 h: Article 13",
            ),
            (
                positive(self.repair_within) && self.repair_within <= TimeDelta::hours(24),
                "repair_within_s",
                "more than 0, at most 24 h: Article 13",
            ),
            (self.quick_cap_fen >= 0, "quick_cap_fen", "not negative"),
            (
                (0..=self.quick_cap_fen).contains(&self.quick_close_cap_fen),
                "quick_close_cap_fen",
                "not negative, at most quick_cap_fen",
            ),
            (
                !self.quick_reasons.is_empty()
                    && self.quick_reasons.iter().all(QuickReason::is_whole),
                "quick_reasons",
                "at least one, each with a code and words in both languages",
            ),
            (
                radius(self.duplicate_radius_m),
                "duplicate_radius_m",
                "more than 0, at most 5000 m",
            ),
            (
                self.recurrence_window >= TimeDelta::zero(),
                "recurrence_window_s",
                "not negative",
            ),
            (
                (1..=3650).contains(&self.reporter_retention_days),
                "reporter_retention_days",
                "1 to 3650 days",
            ),
        ];
        let wrong = checks.into_iter().find(|(right, ..)| !right);
        wrong.map(|(_, field, right)| (field, right))
    }
}

impl QuickReason {
    fn is_whole(&self) -> bool {
        let code = |c: char| c.is_ascii_lowercase() || c == '_';
        !self.code.is_empty()
            && self.code.chars().all(code)
            && !self.zh.trim().is_empty()
            && !self.en.trim().is_empty()
    }
}
