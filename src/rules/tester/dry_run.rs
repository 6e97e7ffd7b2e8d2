//! What would be otherwise, had a draft been in force when past cases were opened.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::ClassCode;
use crate::rules::{Condition, RouteAsk, RuleSet, RuleSetId, Rules};
use crate::space::GroundPoint;
use crate::territory::Territory;

/// Differing cases listed one by one; more are counted.
const LISTED_MAX: usize = 500;

/// A case as the rules see it.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct PastCase {
    pub(super) case_id: i64,
    pub(super) class: ClassCode,
    pub(super) lon: f64,
    pub(super) lat: f64,
    pub(super) opened_at: DateTime<Utc>,
    pub(super) rule_set_id: Option<RuleSetId>,
    pub(super) condition_class: Option<ClassCode>,
    pub(super) condition_number: Option<i16>,
}

/// What a set says about a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Said {
    /// What it is filed under; null: nothing.
    condition: Option<String>,
    /// For handling, seconds.
    limit_s: i64,
    /// Had its clock started when it was opened.
    due_at: DateTime<Utc>,
    /// Null: a gap.
    unit_id: Option<i32>,
}

/// A case for which the draft says otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangedCase {
    case_id: i64,
    class: ClassCode,
    opened_at: DateTime<Utc>,
    before: Said,
    after: Said,
}

/// A draft tried against past cases.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct DryRun {
    /// Cases looked at.
    pub(super) cases: usize,
    /// Whether there were more than could be looked at.
    pub(super) more: bool,
    pub(super) changed: usize,
    pub(super) changed_condition: usize,
    pub(super) changed_limit: usize,
    pub(super) changed_due: usize,
    pub(super) changed_unit: usize,
    /// The newest that would change.
    pub(super) list: Vec<ChangedCase>,
}

impl DryRun {
    /// Judges each case by the set it was opened under and by the draft, on the territory given.
    pub(super) fn run(
        rules: &Rules,
        territory: &Territory,
        draft: &RuleSet,
        cases: &[PastCase],
    ) -> Self {
        let mut found = Self {
            cases: cases.len(),
            ..Self::default()
        };
        let mut sets = HashMap::new();
        for case in cases {
            let opened_under = || match case.rule_set_id.and_then(|id| rules.get(id)) {
                Some(set) => set,
                None => rules.in_force(case.opened_at),
            };
            let old = sets
                .entry(case.rule_set_id)
                .or_insert_with(opened_under)
                .clone();
            if let Some(changed) = compare(rules, territory, &old, draft, case) {
                found.count(changed);
            }
        }
        found
    }

    fn count(&mut self, case: ChangedCase) {
        let (before, after) = (&case.before, &case.after);
        self.changed += 1;
        self.changed_condition += usize::from(before.condition != after.condition);
        self.changed_limit += usize::from(before.limit_s != after.limit_s);
        self.changed_due += usize::from(before.due_at != after.due_at);
        self.changed_unit += usize::from(before.unit_id != after.unit_id);
        if self.list.len() < LISTED_MAX {
            self.list.push(case);
        }
    }
}

/// `None` where both say the same.
fn compare(
    rules: &Rules,
    territory: &Territory,
    old: &RuleSet,
    draft: &RuleSet,
    case: &PastCase,
) -> Option<ChangedCase> {
    let point = GroundPoint {
        lon: case.lon,
        lat: case.lat,
    };
    let ask = RouteAsk::at(territory, case.class, point, case.opened_at);
    let say = |set: &RuleSet| {
        let condition = find(set, case);
        let verdict = rules.judge(set, &ask, condition, case.opened_at);
        Said {
            condition: condition.map(|condition| condition.text_zh.clone()),
            limit_s: verdict.limit.num_seconds(),
            due_at: verdict.due_at,
            unit_id: verdict.route.unit_id,
        }
    };
    let (before, after) = (say(old), say(draft));
    (before != after).then_some(ChangedCase {
        case_id: case.case_id,
        class: case.class,
        opened_at: case.opened_at,
        before,
        after,
    })
}

/// The condition a case was filed under, as a set has it: that of the same class and number.
fn find<'a>(set: &'a RuleSet, case: &PastCase) -> Option<&'a Condition> {
    let class = case.condition_class?;
    let number = case.condition_number?;
    set.conditions_of(class)
        .iter()
        .find(|condition| condition.number == number)
}
