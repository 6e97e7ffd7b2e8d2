//! A case as its rules see it: everything a decision needs, loaded at once.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;

use crate::access::{Grant, Role};
use crate::cases::{Action, CaseId, CaseSource, CaseState, DisputeLevel, Pending};
use crate::catalogue::ClassCode;
use crate::clock::{CalendarKind, Clock, Pause, Stage};
use crate::rules::{Closing, Condition, ConditionId, Route, RuleSet, RuleSetId};
use crate::space::GroundPoint;

/// What actions change of a case: the columns of `city_case` by their names, so that the
/// difference of two is an event's before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Facts {
    pub state: CaseState,
    #[sqlx(try_from = "String")]
    pub class_code: ClassCode,
    pub unit_id: Option<i32>,
    /// Why it is `unit_id`'s since it was filed; `None`: for what was written down when it was opened.
    pub route: Option<Json<Route>>,
    pub rule_set_id: Option<RuleSetId>,
    pub condition_id: Option<ConditionId>,
    pub text: String,
    pub emergency: bool,
    /// Of the dispatch, seconds of the condition's calendar; `None`: the condition's.
    pub limit_s: Option<i32>,
    /// Of the dispatch; `None`: the condition's.
    pub closing: Option<Json<Vec<Closing>>>,
    pub estimate_fen: Option<i64>,
    pub handling_unit_id: Option<i32>,
    pub helper_unit_ids: Vec<i32>,
    pub released_unit_ids: Vec<i32>,
    pub dispatch_level: i16,
    pub dispatched_at: Option<DateTime<Utc>>,
    pub worker_id: Option<i32>,
    pub assignee_id: Option<i32>,
    pub handler_ids: Vec<i32>,
    pub pending: Option<Pending>,
    pub request: Option<Json<Request>>,
    pub dispute_level: Option<DisputeLevel>,
    pub dispute: Option<Json<Dispute>>,
    pub dispute_final: bool,
    pub round: i16,
    pub extensions: i16,
    pub suspensions: i16,
    pub supervised: bool,
    pub supervision: Option<Json<Supervision>>,
    pub resume_at: Option<DateTime<Utc>>,
    pub notified_at: Option<DateTime<Utc>>,
    pub arrived_at: Option<DateTime<Utc>>,
    pub guarded_at: Option<DateTime<Utc>>,
    pub handled_at: Option<DateTime<Utc>>,
    pub check_passed: Option<bool>,
    pub ended_at: Option<DateTime<Utc>>,
    pub overdue: bool,
    pub overdue_exempt: bool,
    pub appealed: bool,
    pub merged_into: Option<CaseId>,
    pub clock_stage: Option<Stage>,
    pub due_at: Option<DateTime<Utc>>,
    pub warn_at: Option<DateTime<Utc>>,
}

/// What somebody asks for and somebody else decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Request {
    pub kind: Pending,
    /// Person.
    pub by: i32,
    pub reason: String,
    pub at: DateTime<Utc>,
    /// Of a suspension: the date of return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Of an appeal: what the dispatcher who supports it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
}

/// An objection to being responsible (责任异议), Article 15.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dispute {
    pub level: DisputeLevel,
    /// Who objects.
    #[serde(rename = "unit")]
    pub unit_id: i32,
    /// Whose it is in their view.
    #[serde(rename = "proposed_unit")]
    pub proposed_unit_id: Option<i32>,
    /// Who decides at the levels of a district or a department: that district, that department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub district_id: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department_id: Option<i32>,
    pub reason: String,
    /// Person.
    pub by: i32,
    pub at: DateTime<Utc>,
    /// Of those who could not settle it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
}

/// How much weight a supervision order (督办) has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupervisionLevel {
    Normal,
    Important,
    Leader,
}

/// A supervision order (督办), Article 3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Supervision {
    pub level: SupervisionLevel,
    pub reason: String,
    /// Person; `None`: the service, because a clock passed.
    pub by: Option<i32>,
    pub at: DateTime<Utc>,
    pub due_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replied_at: Option<DateTime<Utc>>,
}

/// A clock as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseClock {
    /// `None` until it is stored.
    pub clock_id: Option<i64>,
    pub stage: Stage,
    pub round: i16,
    pub calendar: CalendarKind,
    pub limit_s: i64,
    pub started_at: DateTime<Utc>,
    pub stopped_at: Option<DateTime<Utc>>,
    pub pauses: Vec<Pause>,
    pub warned_at: Option<DateTime<Utc>>,
    pub breached_at: Option<DateTime<Utc>>,
    pub escalated_at: Option<DateTime<Utc>>,
}

impl CaseClock {
    pub fn new(clock_id: Option<i64>, clock: Clock) -> Self {
        Self {
            clock_id,
            stage: clock.stage,
            round: clock.round,
            calendar: clock.calendar,
            limit_s: clock.limit.num_seconds(),
            started_at: clock.started_at,
            stopped_at: clock.stopped_at,
            pauses: clock.pauses,
            warned_at: clock.warned_at,
            breached_at: clock.breached_at,
            escalated_at: clock.escalated_at,
        }
    }

    pub fn is_running(&self) -> bool {
        self.stopped_at.is_none()
    }

    pub fn clock(&self) -> Clock {
        Clock {
            stage: self.stage,
            round: self.round,
            calendar: self.calendar,
            limit: TimeDelta::seconds(self.limit_s),
            started_at: self.started_at,
            stopped_at: self.stopped_at,
            pauses: self.pauses.clone(),
            warned_at: self.warned_at,
            breached_at: self.breached_at,
            escalated_at: self.escalated_at,
        }
    }
}

/// Article 8 (2): whether the district of a case shares the city's system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DistrictMode {
    Shared,
    OwnSystem,
}

/// What the workflow knows of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WorkUnit {
    pub unit_id: i32,
    pub kind: String,
    pub district_id: Option<i32>,
    pub department_id: Option<i32>,
}

/// What the workflow knows of a person somebody names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WorkPerson {
    pub person_id: i32,
    pub grants: Vec<Grant>,
}

/// A picture that an action names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WorkPicture {
    pub attachment_id: i64,
    pub uploaded_by: i32,
    pub used: bool,
}

/// The last thing a person or a timer did to the case.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LastEvent {
    pub event_id: i64,
    pub action: Action,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub person_id: Option<i32>,
    pub before: Option<serde_json::Value>,
}

/// A case as its rules see it.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkCase {
    pub id: CaseId,
    pub version: i32,
    /// After the last action; sightings in between change only `version`.
    pub acted_version: i32,
    /// After the last step that wrote the case; a notice that is received is no action.
    pub written_version: i32,
    pub source: CaseSource,
    pub place: GroundPoint,
    pub cell_id: i32,
    pub cell_code: String,
    pub component_id: Option<i64>,
    pub district_id: Option<i32>,
    pub district_mode: DistrictMode,
    /// The district's own centre.
    pub district_centre_id: Option<i32>,
    /// Areas (责任网格, 监督网格) its cell belongs to.
    pub area_ids: Vec<i32>,
    pub opened_at: DateTime<Utc>,
    pub facts: Facts,
    /// In the order they were started.
    pub clocks: Vec<CaseClock>,
    /// Of the units the case and the action name.
    pub units: Vec<WorkUnit>,
    /// Of the people the action names.
    pub people: Vec<WorkPerson>,
    /// Of the pictures the action names.
    pub pictures: Vec<WorkPicture>,
    /// Who could go to the place, in a fixed order; loaded only when one has to be drawn.
    pub site_people: Vec<i32>,
    /// The state of the case an action names.
    pub other_state: Option<CaseState>,
    pub last: Option<LastEvent>,
}

impl WorkCase {
    pub fn unit(&self, id: i32) -> Option<&WorkUnit> {
        self.units.iter().find(|unit| unit.unit_id == id)
    }

    /// Whether nobody acted since somebody saw it at this version: sightings in between do not
    /// stand in their way.
    pub fn is_as_seen(&self, version: i32) -> bool {
        (self.acted_version..=self.version).contains(&version)
    }

    /// The running clock of a stage.
    pub fn running(&self, stage: Stage) -> Option<&CaseClock> {
        self.clocks
            .iter()
            .find(|clock| clock.stage == stage && clock.stopped_at.is_none())
    }

    /// The newest clock of a stage, running or not.
    pub fn newest(&self, stage: Stage) -> Option<&CaseClock> {
        self.clocks.iter().rev().find(|clock| clock.stage == stage)
    }

    /// The condition it was filed under.
    pub fn condition<'r>(&self, rules: &'r RuleSet) -> Option<&'r Condition> {
        rules.condition(self.facts.condition_id?)
    }

    /// What has to be so before it may be closed.
    pub fn closing(&self, rules: &RuleSet) -> Vec<Closing> {
        match (&self.facts.closing, self.condition(rules)) {
            (Some(Json(own)), _) => own.clone(),
            (None, Some(condition)) => condition.closing.clone(),
            (None, None) => Vec::new(),
        }
    }

    /// Whether a grant reaches the place of the case.
    pub fn lies_in(&self, grant: &Grant) -> bool {
        grant
            .district_id
            .is_none_or(|district| self.district_id == Some(district))
            && grant
                .area_id
                .is_none_or(|area| self.area_ids.contains(&area))
    }
}

impl WorkPerson {
    /// Whether they have one of these roles where the case is.
    pub fn may_go_to(&self, case: &WorkCase, roles: &[Role]) -> bool {
        self.grants
            .iter()
            .any(|grant| roles.contains(&grant.role) && case.lies_in(grant))
    }

    /// Whether they belong to a unit.
    pub fn is_of(&self, unit_id: i32) -> bool {
        self.grants.iter().any(|grant| {
            matches!(grant.role, Role::UnitManager | Role::UnitWorker)
                && grant.unit_id == Some(unit_id)
        })
    }
}
