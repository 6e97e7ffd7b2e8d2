//! Whose is it, under which condition, due when: the whole answer of the rules to one case.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Condition, Route, RouteAsk, RuleSet, Rules};
use crate::clock::{CalendarKind, Stage};

/// What the rules say about a case that begins at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub route: Route,
    pub calendar: CalendarKind,
    /// For handling, in time of that calendar.
    pub limit: TimeDelta,
    /// Article 13: when the unit has to be on site.
    pub arrive_by: Option<DateTime<Utc>>,
    pub due_at: DateTime<Utc>,
}

impl RuleSet {
    /// The calendar and limit a case is handled under; without a condition the stage's.
    pub fn handling_limit(&self, condition: Option<&Condition>) -> (CalendarKind, TimeDelta) {
        match condition {
            Some(condition) if condition.emergency => (
                CalendarKind::Continuous,
                condition.limit.min(self.policy().repair_within),
            ),
            Some(condition) => (condition.calendar, condition.limit),
            None => {
                let limit = self.stage_limit(Stage::Handling);
                (limit.calendar, limit.limit)
            }
        }
    }
}

impl Rules {
    /// Judges a case of `condition` whose clock starts at `from`. Takes no lock and asks no
    /// database.
    pub fn judge(
        &self,
        set: &RuleSet,
        ask: &RouteAsk<'_>,
        condition: Option<&Condition>,
        from: DateTime<Utc>,
    ) -> Verdict {
        let (calendar, limit) = set.handling_limit(condition);
        let emergency = condition.is_some_and(|condition| condition.emergency);
        Verdict {
            route: self.route(set, ask),
            calendar,
            limit,
            arrive_by: emergency.then(|| from + set.policy().arrive_within),
            due_at: calendar.after(set.calendar(), from, limit),
        }
    }
}
