//! A rule set as a whole, in memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::office::OfficeHours;
use super::route::{Routes, component_twin};
use super::{
    CollectionRule, Condition, ConditionId, Policy, Route, RouteAsk, RouteBecause, RouteRule,
    RuleSetId, StageLimit,
};
use crate::catalogue::{Catalogue, ClassCode, ClassScope};
use crate::clock::{Stage, WorkCalendar};
use crate::territory::Territory;

/// Where a rule set is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "rule_set_state", rename_all = "snake_case")]
pub enum RuleSetState {
    /// Being written; applies to nothing.
    Draft,
    /// In force from its date until the next one's; never changed again.
    Approved,
    /// Taken back before it was in force.
    Withdrawn,
}

/// A rule set without its rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, sqlx::FromRow)]
pub struct RuleSetHead {
    pub id: RuleSetId,
    pub name: String,
    pub note: String,
    /// What it was copied from.
    pub based_on: Option<RuleSetId>,
    pub state: RuleSetState,
    pub created_by: Option<i32>,
    pub created_at: DateTime<Utc>,
    pub approved_by: Option<i32>,
    pub approved_at: Option<DateTime<Utc>>,
    pub in_force_from: Option<DateTime<Utc>>,
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// The rules of a set, as they are written down and read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) conditions: Vec<Condition>,
    pub(super) stage_limits: Vec<StageLimit>,
    pub(super) policy: Policy,
    pub(super) collection: Vec<CollectionRule>,
    pub(super) routes: Vec<RouteRule>,
    pub(super) office: OfficeHours,
}

/// What the city goes by, or may go by: immutable, answers take no lock and ask no database.
#[derive(Debug)]
pub struct RuleSet {
    pub head: RuleSetHead,
    calendar: WorkCalendar,
    office: OfficeHours,
    /// By class and number.
    conditions: Vec<Condition>,
    by_class: HashMap<ClassCode, Range<usize>>,
    by_id: HashMap<ConditionId, usize>,
    stage_limits: BTreeMap<Stage, StageLimit>,
    policy: Policy,
    collection: HashMap<ClassScope, CollectionRule>,
    routes: Routes,
}

impl RuleSet {
    /// # Errors
    /// When something every set has is missing: office hours, a stage's limit, the collection
    /// rule for all classes.
    pub(super) fn build(head: RuleSetHead, content: Content) -> anyhow::Result<Self> {
        let mut conditions = content.conditions;
        conditions.sort_by_key(|condition| (condition.class, condition.number));
        let by_id = (0..)
            .zip(&conditions)
            .map(|(position, condition)| (condition.id, position))
            .collect();
        let stage_limits: BTreeMap<Stage, StageLimit> = content
            .stage_limits
            .into_iter()
            .map(|limit| (limit.stage, limit))
            .collect();
        for stage in STAGES {
            ensure!(
                stage_limits.contains_key(&stage),
                "the stage {stage:?} has no limit"
            );
        }
        let collection: HashMap<ClassScope, CollectionRule> = content
            .collection
            .into_iter()
            .map(|rule| (rule.scope, rule))
            .collect();
        ensure!(
            collection.contains_key(&ClassScope::All),
            "there is no collection rule for all classes"
        );
        Ok(Self {
            calendar: content.office.calendar().context("the office hours")?,
            office: content.office,
            by_class: ranges(&conditions),
            by_id,
            conditions,
            stage_limits,
            policy: content.policy,
            collection,
            routes: Routes::new(content.routes),
            head,
        })
    }

    pub fn id(&self) -> RuleSetId {
        self.head.id
    }

    /// Office hours and the days on which they differ.
    pub fn calendar(&self) -> &WorkCalendar {
        &self.calendar
    }

    /// The same as people write it.
    pub(super) fn office(&self) -> &OfficeHours {
        &self.office
    }

    /// Every filing condition, by class and number.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    pub fn condition(&self, id: ConditionId) -> Option<&Condition> {
        Some(&self.conditions[*self.by_id.get(&id)?])
    }

    /// The conditions a case of this class can be filed under, by number. A matter that stands
    /// for the faults of a component (`M01001` 供水井盖异常) and has none of its own is filed
    /// under the component's.
    pub fn conditions_of(&self, class: ClassCode) -> &[Condition] {
        match self.by_class.get(&class) {
            Some(range) => &self.conditions[range.clone()],
            None => &[],
        }
    }

    /// How long a stage may take. The handling limit of a filed case is its condition's.
    pub fn stage_limit(&self, stage: Stage) -> StageLimit {
        self.stage_limits[&stage]
    }

    /// Of all stages.
    pub fn stage_limits(&self) -> impl Iterator<Item = &StageLimit> {
        self.stage_limits.values()
    }

    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What a report or feedback of this class has to bring.
    pub fn collection(&self, class: ClassCode) -> &CollectionRule {
        ClassScope::around(class)
            .iter()
            .find_map(|scope| self.collection.get(scope))
            .expect("a set has a rule for all classes")
    }

    /// Every collection rule, the one for all classes first.
    pub fn collection_rules(&self) -> Vec<&CollectionRule> {
        let mut rules: Vec<_> = self.collection.values().collect();
        rules.sort_by_key(|rule| rule.scope);
        rules
    }

    /// Whose a case is by this set and the territory; [`super::Rules::route`] looks for a
    /// precedent first.
    pub fn route(&self, ask: &RouteAsk<'_>) -> Route {
        self.routes.route(ask)
    }

    /// Whether a routing rule names a unit for a class in a cell at a moment.
    pub(super) fn routes_answer(
        &self,
        class: ClassCode,
        cell_code: &str,
        at: DateTime<Utc>,
        territory: &Territory,
    ) -> bool {
        self.routes.answer(class, cell_code, at, territory)
    }

    /// The routing rule that a reason names.
    pub fn route_of(&self, because: RouteBecause) -> Option<&RouteRule> {
        let id = match because {
            RouteBecause::Rule { route_id } => route_id,
            RouteBecause::ComponentMaintenance { route_id, .. }
            | RouteBecause::ComponentOwner { route_id, .. } => route_id?,
            RouteBecause::Precedent { .. }
            | RouteBecause::CellClass { .. }
            | RouteBecause::CellGroup { .. }
            | RouteBecause::CellDefault { .. }
            | RouteBecause::Nobody { .. } => return None,
        };
        self.routes().iter().find(|rule| rule.id == id)
    }

    /// The routing rules.
    pub fn routes(&self) -> &[RouteRule] {
        self.routes.all()
    }
}

/// Every set has a limit for each.
pub(super) const STAGES: [Stage; 12] = [
    Stage::Filing,
    Stage::Verification,
    Stage::Dispatch,
    Stage::Handling,
    Stage::Arrival,
    Stage::Repair,
    Stage::Dispute,
    Stage::Review,
    Stage::Check,
    Stage::Closing,
    Stage::Quick,
    Stage::Supervision,
];

#[cfg(test)]
impl RuleSet {
    /// The shipped set, as if a database had given its conditions ids.
    pub(super) fn example() -> Self {
        Self::with_routes(Vec::new())
    }

    /// The same with routing rules.
    pub(super) fn with_routes(routes: Vec<RouteRule>) -> Self {
        let mut content = super::first::content();
        for (id, condition) in (1..).zip(&mut content.conditions) {
            condition.id = ConditionId(id);
        }
        content.routes = routes;
        let head = RuleSetHead {
            id: RuleSetId(1),
            name: "example".to_owned(),
            note: String::new(),
            based_on: None,
            state: RuleSetState::Approved,
            created_by: None,
            created_at: DateTime::UNIX_EPOCH,
            approved_by: None,
            approved_at: None,
            in_force_from: None,
            withdrawn_at: None,
        };
        Self::build(head, content).expect("the shipped set is tested")
    }
}

/// Where the conditions of each class stand in the sorted list.
fn ranges(conditions: &[Condition]) -> HashMap<ClassCode, Range<usize>> {
    let mut ranges = HashMap::new();
    let mut start = 0;
    for same in conditions.chunk_by(|one, next| one.class == next.class) {
        ranges.insert(same[0].class, start..start + same.len());
        start += same.len();
    }
    for class in Catalogue::shipped().classes() {
        let of_twin = component_twin(class.code).and_then(|twin| ranges.get(&twin).cloned());
        if let Some(range) = of_twin {
            ranges.entry(class.code).or_insert(range);
        }
    }
    ranges
}
