//! A case's work as pages show it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::case::{CaseClock, Dispute, Request, Supervision, WorkCase};
use super::{Step, Who};
use crate::access::Role;
use crate::cases::{Action, CaseState, Pending};
use crate::clock::{CalendarKind, Lamp, Pause, Stage, WorkCalendar};
use crate::rules::{Closing, RuleSet};

/// A clock as pages show it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClockView {
    pub id: Option<i64>,
    pub stage: Stage,
    pub round: i16,
    pub calendar: CalendarKind,
    /// Of the calendar.
    pub limit_s: i64,
    /// Counted until now, or until it stopped.
    pub elapsed_s: i64,
    pub started_at: DateTime<Utc>,
    pub stopped_at: Option<DateTime<Utc>>,
    /// `None` while it is paused.
    pub due_at: Option<DateTime<Utc>>,
    pub warned_at: Option<DateTime<Utc>>,
    pub breached_at: Option<DateTime<Utc>>,
    pub escalated_at: Option<DateTime<Utc>>,
    pub lamp: Lamp,
    pub pauses: Vec<Pause>,
}

impl ClockView {
    pub fn new(stored: &CaseClock, calendar: &WorkCalendar, now: DateTime<Utc>) -> Self {
        let clock = stored.clock();
        Self {
            id: stored.clock_id,
            stage: clock.stage,
            round: clock.round,
            calendar: clock.calendar,
            limit_s: stored.limit_s,
            elapsed_s: clock.elapsed(now, calendar).num_seconds(),
            started_at: clock.started_at,
            stopped_at: clock.stopped_at,
            due_at: clock.due_at(calendar),
            warned_at: clock.warned_at,
            breached_at: clock.breached_at,
            escalated_at: clock.escalated_at,
            lamp: clock.lamp(now, calendar),
            pauses: clock.pauses,
        }
    }
}

/// What a case was filed under, with what its dispatcher set otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConditionView {
    pub id: i64,
    /// Within its class.
    pub number: i16,
    pub text_zh: String,
    pub text_en: String,
    /// What has to be so before the case may be closed.
    pub closing: Vec<Closing>,
    /// Of the calendar.
    pub limit_s: i64,
    pub calendar: CalendarKind,
    pub emergency: bool,
}

/// How a case is worked.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WorkView {
    pub condition: Option<ConditionView>,
    /// In the order they were started.
    pub clocks: Vec<ClockView>,
    /// What waits for a decision.
    pub request: Option<Request>,
    pub dispute: Option<Dispute>,
    /// The newest supervision order.
    pub supervision: Option<Supervision>,
    pub dispute_final: bool,
    pub extensions: i16,
    pub helper_unit_ids: Vec<i32>,
    pub resume_at: Option<DateTime<Utc>>,
    pub dispatched_at: Option<DateTime<Utc>>,
    pub notified_at: Option<DateTime<Utc>>,
    pub arrived_at: Option<DateTime<Utc>>,
    pub guarded_at: Option<DateTime<Utc>>,
    pub handled_at: Option<DateTime<Utc>>,
    pub check_passed: Option<bool>,
    pub overdue_exempt: bool,
}

impl WorkView {
    pub fn new(case: &WorkCase, rules: &RuleSet, now: DateTime<Utc>) -> Self {
        let facts = &case.facts;
        let condition = case.condition(rules).map(|condition| ConditionView {
            id: condition.id.0,
            number: condition.number,
            text_zh: condition.text_zh.clone(),
            text_en: condition.text_en.clone(),
            closing: case.closing(rules),
            limit_s: facts
                .limit_s
                .map_or(condition.limit.num_seconds(), i64::from),
            calendar: condition.calendar,
            emergency: condition.emergency,
        });
        let clock = |clock| ClockView::new(clock, rules.calendar(), now);
        Self {
            condition,
            clocks: case.clocks.iter().map(clock).collect(),
            request: facts.request.clone().map(|request| request.0),
            dispute: facts.dispute.clone().map(|dispute| dispute.0),
            supervision: facts.supervision.clone().map(|order| order.0),
            dispute_final: facts.dispute_final,
            extensions: facts.extensions,
            helper_unit_ids: facts.helper_unit_ids.clone(),
            resume_at: facts.resume_at,
            dispatched_at: facts.dispatched_at,
            notified_at: facts.notified_at,
            arrived_at: facts.arrived_at,
            guarded_at: facts.guarded_at,
            handled_at: facts.handled_at,
            check_passed: facts.check_passed,
            overdue_exempt: facts.overdue_exempt,
        }
    }
}

/// Who takes a step, as pages and documents say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhoView {
    /// Whoever has the role where the case is.
    Role(Role),
    /// The unit that has the case, as this role of it.
    Unit(Role),
    /// Whoever was sent to the place.
    Assignee(Role),
    System,
}

/// A row of the workflow's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StepView {
    /// Empty: before there is a case.
    pub from: Vec<CaseState>,
    pub action: Action,
    /// Empty: the case stays where it is.
    pub to: Vec<CaseState>,
    pub who: Vec<WhoView>,
    /// Only while this waits for a decision.
    pub pending: Option<Pending>,
    /// Of the regulation; `practice` where it is silent.
    pub articles: String,
    pub undo: bool,
}

impl StepView {
    pub fn new(step: &Step) -> Self {
        let who = |who: &Who| match who {
            Who::Role(role) => WhoView::Role(*role),
            Who::Unit(role) => WhoView::Unit(*role),
            Who::Assignee(role) => WhoView::Assignee(*role),
            Who::System => WhoView::System,
        };
        Self {
            from: step.from.to_vec(),
            action: step.action,
            to: step.to.to_vec(),
            who: step.who.iter().map(who).collect(),
            pending: step.pending,
            articles: step.articles.to_owned(),
            undo: step.undo,
        }
    }
}
