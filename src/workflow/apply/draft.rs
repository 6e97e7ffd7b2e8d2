//! A case while a step changes it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::types::Json;

use super::Setting;
use crate::cases::attachment::AttachmentKind;
use crate::cases::{CaseState, Pending};
use crate::clock::{CalendarKind, Clock, ClockError, Stage};
use crate::ledger;
use crate::rules::RuleSet;
use crate::workflow::case::{CaseClock, Facts, Request, WorkCase};
use crate::workflow::{Actor, Refusal, RefusalCode};

/// What a step writes beside the case.
#[derive(Debug, Clone, PartialEq)]
pub enum Beside {
    /// A new case like this one, linked to it (复发).
    Recurrence,
    /// The decision decides the next case of its kind. Article 15.
    Precedent { unit_id: i32, reason: String },
    /// Costs of a quick disposal. Article 16.
    Costs(Vec<ledger::Item>),
}

/// What becomes of a case, all at once or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub facts: Facts,
    /// All clocks of the case as they are to be.
    pub clocks: Vec<CaseClock>,
    /// What the event keeps beside before and after.
    pub detail: Map<String, Value>,
    pub reason: Option<String>,
    /// What the named pictures show.
    pub pictures: Option<AttachmentKind>,
    pub beside: Option<Beside>,
}

/// A case while a step changes it.
pub(super) struct Draft<'a> {
    pub(super) case: &'a WorkCase,
    pub(super) setting: &'a Setting<'a>,
    pub(super) actor: Actor<'a>,
    pub(super) facts: Facts,
    pub(super) clocks: Vec<CaseClock>,
    pub(super) beside: Option<Beside>,
    detail: Map<String, Value>,
    reason: Option<String>,
    pictures: Option<AttachmentKind>,
}

impl<'a> Draft<'a> {
    pub(super) fn of(case: &'a WorkCase, actor: Actor<'a>, setting: &'a Setting<'a>) -> Self {
        Self {
            case,
            setting,
            actor,
            facts: case.facts.clone(),
            clocks: case.clocks.clone(),
            beside: None,
            detail: Map::new(),
            reason: None,
            pictures: None,
        }
    }

    /// The case as it is to be, with the clock that presses most.
    pub(super) fn finish(mut self) -> Change {
        let calendar = self.rules().calendar();
        let running = self.clocks.iter().filter(|clock| clock.is_running());
        let pressing = running
            .map(|clock| clock.clock())
            .map(|clock| (clock.due_at(calendar), clock))
            .min_by_key(|(due_at, clock)| {
                let due_at = due_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
                (due_at, clock.stage)
            });
        (
            self.facts.clock_stage,
            self.facts.due_at,
            self.facts.warn_at,
        ) = match pressing {
            Some((due_at, clock)) => {
                let warn_at = due_at.and_then(|_| clock.warn_at(calendar));
                (Some(clock.stage), due_at, warn_at)
            }
            None => (None, None, None),
        };
        Change {
            facts: self.facts,
            clocks: self.clocks,
            detail: self.detail,
            reason: self.reason,
            pictures: self.pictures,
            beside: self.beside,
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.setting.now
    }

    pub(super) fn rules(&self) -> &'a RuleSet {
        self.setting.rules
    }

    pub(super) fn because(&mut self, reason: &str) {
        self.reason = Some(reason.to_owned());
    }

    pub(super) fn note(&mut self, name: &str, value: impl Serialize) {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        if !value.is_null() {
            self.detail.insert(name.to_owned(), value);
        }
    }

    /// It is whose the rules say.
    pub(super) fn goes_by_route(&mut self) {
        if let Some(route) = self.setting.route {
            self.facts.unit_id = route.unit_id;
            self.facts.route = Some(Json(route));
            self.note("route", route);
        }
    }

    /// Whoever acts has a hand in handling it, and may not check it.
    pub(super) fn has_a_hand(&mut self) {
        if let Some(person) = self.actor.person_id() {
            self.is_handled_by(person);
        }
    }

    pub(super) fn is_handled_by(&mut self, person: i32) {
        if !self.facts.handler_ids.contains(&person) {
            self.facts.handler_ids.push(person);
        }
    }

    /// # Errors
    /// `photos`: too few.
    pub(super) fn show(
        &mut self,
        pictures: &[i64],
        min: i64,
        kind: AttachmentKind,
    ) -> Result<(), Refusal> {
        let given = i64::try_from(pictures.len()).unwrap_or(i64::MAX);
        if given < min {
            return Err(Refusal::new(RefusalCode::Photos)
                .with("min", min)
                .with("given", given));
        }
        if !pictures.is_empty() {
            self.pictures = Some(kind);
            self.note("attachments", pictures);
        }
        Ok(())
    }

    pub(super) fn ask(&mut self, kind: Pending, reason: &str, until: Option<DateTime<Utc>>) {
        self.facts.pending = Some(kind);
        self.facts.request = Some(Json(Request {
            kind,
            by: self.actor.person_id().unwrap_or_default(),
            reason: reason.to_owned(),
            at: self.now(),
            until,
            opinion: None,
        }));
        self.because(reason);
        self.note("until", until);
    }

    /// What was asked is decided, or has lapsed.
    pub(super) fn answer(&mut self) {
        self.facts.pending = None;
        self.facts.request = None;
    }

    /// The case ends: nothing runs, nothing waits.
    pub(super) fn end(&mut self, state: CaseState) {
        self.facts.state = state;
        self.facts.ended_at = Some(self.now());
        self.facts.supervised = false;
        self.facts.resume_at = None;
        self.answer();
        for stage in self.running() {
            self.stop(stage);
        }
    }

    fn running(&self) -> Vec<Stage> {
        let running = self.clocks.iter().filter(|clock| clock.is_running());
        running.map(|clock| clock.stage).collect()
    }

    /// Starts a stage's clock with the limit of the rules.
    pub(super) fn start(&mut self, stage: Stage) {
        let limit = self.rules().stage_limit(stage);
        self.start_with(stage, limit.calendar, limit.limit);
    }

    /// Starts a clock; one of the same stage that runs is stopped first.
    pub(super) fn start_with(&mut self, stage: Stage, calendar: CalendarKind, limit: TimeDelta) {
        self.stop(stage);
        let clock = Clock::start(stage, self.facts.round, calendar, limit, self.now());
        self.clocks.push(CaseClock::new(None, clock));
    }

    /// Of a clock that does not run: nothing.
    pub(super) fn stop(&mut self, stage: Stage) {
        let now = self.now();
        self.turn(stage, |clock| clock.stop(now));
    }

    pub(super) fn pause(&mut self, stage: Stage, reason: &str) {
        let now = self.now();
        self.turn(stage, |clock| clock.pause(now, reason));
    }

    pub(super) fn resume(&mut self, stage: Stage) {
        let now = self.now();
        self.turn(stage, |clock| clock.resume(now));
    }

    pub(super) fn extend(&mut self, stage: Stage, by: TimeDelta) {
        self.turn(stage, |clock| {
            clock.extend(by);
            Ok(())
        });
    }

    /// Turns the running clock of a stage. A clock that stands already needs no pausing, one
    /// that runs no resuming; time does not run backwards because the caller sees to it.
    fn turn(&mut self, stage: Stage, turn: impl FnOnce(&mut Clock) -> Result<(), ClockError>) {
        let of_stage = |clock: &&mut CaseClock| clock.stage == stage && clock.is_running();
        let Some(stored) = self.clocks.iter_mut().find(of_stage) else {
            return;
        };
        let mut clock = stored.clock();
        match turn(&mut clock) {
            Ok(()) | Err(ClockError::Paused | ClockError::NotPaused) => {}
            Err(error @ (ClockError::Stopped | ClockError::Backwards)) => {
                tracing::error!(?stage, %error, "a clock does not turn");
            }
        }
        *stored = CaseClock::new(stored.clock_id, clock);
    }
}
