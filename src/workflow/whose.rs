//! Whose a case is, asked of the rules and the ground as they are.

use chrono::{DateTime, Utc};

use super::{Command, WorkCase, Workflow};
use crate::catalogue::ClassCode;
use crate::rules::{Route, RouteAsk, RuleSet};
use crate::territory::{self, Placement};

impl Workflow {
    /// Whose case it would be: under the class it is filed with, or as it is.
    pub(super) fn route(
        &self,
        command: &Command,
        case: &WorkCase,
        rules: &RuleSet,
        now: DateTime<Utc>,
    ) -> Option<Route> {
        let own = case.facts.class_code;
        let class = if let Command::File { class, .. } = command {
            class.unwrap_or(own)
        } else if matches!(command, Command::Reroute | Command::TakeBack) {
            own
        } else {
            return None;
        };
        Some(self.suggest(case, class, rules, now))
    }

    /// Whose case it is, and by which rule (R3.5).
    pub fn suggest(
        &self,
        case: &WorkCase,
        class: ClassCode,
        rules: &RuleSet,
        now: DateTime<Utc>,
    ) -> Route {
        let territory = self.territory.now();
        let ask = RouteAsk::at(&territory, class, case.place, now);
        self.rules.route(rules, &ask)
    }

    /// Whose the case's place is now by the ground alone; `None` outside the city. `snap`: the component
    /// classes its class is pinned to.
    pub(super) fn place(&self, case: &WorkCase, snap: &[ClassCode]) -> Option<Placement> {
        let (class, territory) = (case.facts.class_code, self.territory.now());
        territory.locate(case.place, class, snap, territory::REACH_M)
    }
}
