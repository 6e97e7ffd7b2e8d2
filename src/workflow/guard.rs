//! May this actor take this step of this case now? Nothing here knows the action's fields.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::case::{DistrictMode, WorkCase};
use super::{Actor, Refusal, RefusalCode, Step, Who};
use crate::access::{Grant, Person, Role};
use crate::cases::{Action, DisputeLevel};
use crate::clock::Stage;
use crate::rules::RuleSet;

/// Suspensions a case can have (缓办一次).
const SUSPENSIONS_MAX: i16 = 1;

/// Checks who asks and what stands in the way; on success, the role in which they act.
///
/// # Errors
/// A refusal about rights goes before one about the case.
pub fn may(
    step: &Step,
    case: &WorkCase,
    actor: &Actor<'_>,
    rules: &RuleSet,
    now: DateTime<Utc>,
) -> Result<Option<Role>, Refusal> {
    let role = rights(step, case, actor)?;
    if step.pending.is_some() && step.pending != case.facts.pending {
        return Err(Refusal::new(RefusalCode::Pending).with("needed", step.pending));
    }
    ready(step.action, case, actor, rules, now)?;
    Ok(role)
}

/// The role in which somebody may take a step where the case is.
fn rights(step: &Step, case: &WorkCase, actor: &Actor<'_>) -> Result<Option<Role>, Refusal> {
    let person = match actor {
        Actor::Person(person) => person,
        Actor::System if step.who.contains(&Who::System) => return Ok(None),
        Actor::System => return Err(Refusal::new(RefusalCode::Role).with("roles", roles(step))),
    };
    let mut nearest: Option<Refusal> = None;
    for who in step.who {
        let refusal = match as_who(*who, step, case, person) {
            Some(Ok(role)) => return Ok(Some(role)),
            Some(Err(refusal)) => refusal,
            None => continue,
        };
        nearest.get_or_insert(refusal);
    }
    Err(nearest.unwrap_or_else(|| Refusal::new(RefusalCode::Role).with("roles", roles(step))))
}

/// The roles that take a step.
fn roles(step: &Step) -> Vec<Role> {
    let role = |who: &Who| match who {
        Who::Role(role) | Who::Unit(role) | Who::Assignee(role) => Some(*role),
        Who::System => None,
    };
    step.who.iter().filter_map(role).collect()
}

/// `None` when they do not have the role at all.
fn as_who(
    who: Who,
    step: &Step,
    case: &WorkCase,
    person: &Person,
) -> Option<Result<Role, Refusal>> {
    let role = match who {
        Who::Role(role) | Who::Unit(role) | Who::Assignee(role) => role,
        Who::System => return None,
    };
    let tries = person.grants_of(role).map(|grant| match who {
        Who::Unit(_) => of_unit(grant, step, case, person),
        Who::Assignee(_) => in_place(grant, case).and_then(|()| assigned(case, person)),
        Who::Role(_) | Who::System => in_place(grant, case),
    });
    let outcome = tries.reduce(Result::or)?;
    Some(
        outcome
            .and_then(|()| of_level(role, step.action, case))
            .map(|()| role),
    )
}

/// Articles 8 and 10: whether a grant counts where the case is.
fn in_place(grant: &Grant, case: &WorkCase) -> Result<(), Refusal> {
    if !case.lies_in(grant) {
        return Err(Refusal::new(RefusalCode::Area));
    }
    let of_district = grant.district_id.is_some() && grant.district_id == case.district_id;
    match case.district_mode {
        // a district with a system of its own does everything itself; the city looks on
        DistrictMode::OwnSystem => Refusal::unless(
            of_district || grant.role == Role::Committee,
            RefusalCode::OwnSystem,
        ),
        // in the city's system the city centre takes in, files, checks and closes
        DistrictMode::Shared => {
            let centre = matches!(
                grant.role,
                Role::Operator | Role::DutyChief | Role::Dispatcher
            );
            let districts_own = grant.unit_id.is_some() && grant.unit_id == case.district_centre_id;
            Refusal::unless(!(centre && districts_own), RefusalCode::SharedDistrict)
        }
    }
}

/// The unit that has the case; for a dispute inside a sector, its department.
fn of_unit(grant: &Grant, step: &Step, case: &WorkCase, person: &Person) -> Result<(), Refusal> {
    if settles_dispute(step.action) {
        let dispute = case.facts.dispute.as_ref();
        let department = dispute.and_then(|dispute| dispute.department_id);
        let decides = department.is_some() && grant.unit_id == department;
        return Refusal::unless(decides, RefusalCode::Unit);
    }
    if grant.unit_id.is_none() || grant.unit_id != case.facts.handling_unit_id {
        return Err(Refusal::new(RefusalCode::Unit));
    }
    // a manager may do what their workers do; a worker does what was given to them
    let others = case
        .facts
        .worker_id
        .is_some_and(|worker| worker != person.id);
    Refusal::unless(
        !(grant.role == Role::UnitWorker && others),
        RefusalCode::Assignee,
    )
}

fn assigned(case: &WorkCase, person: &Person) -> Result<(), Refusal> {
    let free = case.facts.assignee_id.is_none_or(|id| id == person.id);
    Refusal::unless(free, RefusalCode::Assignee)
}

fn settles_dispute(action: Action) -> bool {
    matches!(action, Action::Uphold | Action::Reassign | Action::Escalate)
}

/// Article 15: who settles a dispute follows from its level.
fn of_level(role: Role, action: Action, case: &WorkCase) -> Result<(), Refusal> {
    let Some(level) = case.facts.dispute_level.filter(|_| settles_dispute(action)) else {
        return Ok(());
    };
    let decider = match level {
        DisputeLevel::District => Role::DistrictDispatcher,
        DisputeLevel::Department => Role::UnitManager,
        DisputeLevel::City => Role::Dispatcher,
        DisputeLevel::Committee => Role::Committee,
    };
    if role == decider {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Level).with("level", level))
}

/// What stands in the way, whoever asks.
fn ready(
    action: Action,
    case: &WorkCase,
    actor: &Actor<'_>,
    rules: &RuleSet,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let facts = &case.facts;
    let policy = rules.policy();
    let asks = matches!(
        action,
        Action::AskVoid | Action::AskExtension | Action::AskSuspension
    );
    let waits_for_void = matches!(
        action,
        Action::Dispatch | Action::DispatchQuick | Action::ReturnToOperator
    );
    if let Some(pending) = facts.pending.filter(|_| asks || waits_for_void) {
        return Err(Refusal::new(RefusalCode::Pending).with("pending", pending));
    }
    for_unit(action, case, rules, now)?;
    for_office(action, case, actor)?;
    if action == Action::Undo {
        let until = undo_until(case, actor, rules)?;
        if now > until {
            return Err(Refusal::new(RefusalCode::TooLate).with("until", until));
        }
    }
    if action == Action::AskExtension {
        let max = policy.extensions_max;
        if facts.extensions >= max {
            return Err(Refusal::new(RefusalCode::ExtensionsUsed).with("max", max));
        }
        Refusal::unless(!is_late(case, rules, now), RefusalCode::Overdue)?;
    }
    Ok(())
}

/// What a unit has to have done, or may not do any more.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most actions need nothing beforehand"
)]
fn for_unit(
    action: Action,
    case: &WorkCase,
    rules: &RuleSet,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let facts = &case.facts;
    match action {
        Action::Redispatch => Refusal::unless(facts.dispatch_level < 2, RefusalCode::DispatchedOn),
        Action::Deliver => Refusal::unless(facts.notified_at.is_none(), RefusalCode::Notified),
        Action::Dispute => {
            Refusal::unless(!facts.dispute_final, RefusalCode::Final)?;
            let since = facts.dispatched_at.unwrap_or(case.opened_at);
            let ends = rules.calendar().after(since, rules.policy().dispute_window);
            if now > ends {
                return Err(Refusal::new(RefusalCode::WindowClosed).with("until", ends));
            }
            Ok(())
        }
        Action::Escalate => Refusal::unless(
            facts.dispute_level != Some(DisputeLevel::Committee),
            RefusalCode::HighestLevel,
        ),
        Action::Arrive => {
            Refusal::unless(facts.emergency, RefusalCode::NotEmergency)?;
            Refusal::unless(facts.arrived_at.is_none(), RefusalCode::Arrived)
        }
        Action::Guard => {
            Refusal::unless(facts.emergency, RefusalCode::NotEmergency)?;
            Refusal::unless(facts.arrived_at.is_some(), RefusalCode::NotArrived)?;
            Refusal::unless(facts.guarded_at.is_none(), RefusalCode::Guarded)
        }
        Action::FeedBack => {
            let guarded = !facts.emergency || facts.guarded_at.is_some();
            Refusal::unless(guarded, RefusalCode::NotGuarded)
        }
        Action::AskExtension => Refusal::unless(!facts.emergency, RefusalCode::Emergency),
        Action::AskSuspension => {
            Refusal::unless(!facts.emergency, RefusalCode::Emergency)?;
            Refusal::unless(
                facts.suspensions < SUSPENSIONS_MAX,
                RefusalCode::SuspendedBefore,
            )
        }
        _ => Ok(()),
    }
}

/// What has to be so for the desks and the checkers.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most actions need nothing beforehand"
)]
fn for_office(action: Action, case: &WorkCase, actor: &Actor<'_>) -> Result<(), Refusal> {
    let facts = &case.facts;
    match action {
        Action::Check => {
            let handled_it = match actor {
                Actor::Person(person) => {
                    facts.handler_ids.contains(&person.id) || belongs_to_handler(person, case)
                }
                Actor::System => false,
            };
            Refusal::unless(!handled_it, RefusalCode::HandlerMayNotCheck)
        }
        Action::Approve => {
            Refusal::unless(facts.check_passed == Some(true), RefusalCode::CheckFailed)
        }
        Action::ReplySupervision => {
            Refusal::unless(facts.supervised, RefusalCode::NotSupervised)?;
            let replied = facts
                .supervision
                .as_ref()
                .is_some_and(|s| s.reply.is_some());
            Refusal::unless(!replied, RefusalCode::Replied)
        }
        Action::EndSupervision => Refusal::unless(facts.supervised, RefusalCode::NotSupervised),
        Action::AppealOverdue => {
            Refusal::unless(
                facts.overdue && !facts.overdue_exempt,
                RefusalCode::NotOverdue,
            )?;
            Refusal::unless(!facts.appealed, RefusalCode::Appealed)
        }
        Action::SupportAppeal => Refusal::unless(!is_supported(case), RefusalCode::Supported),
        Action::GrantAppeal => Refusal::unless(is_supported(case), RefusalCode::NotSupported),
        _ => Ok(()),
    }
}

fn is_supported(case: &WorkCase) -> bool {
    let request = case.facts.request.as_ref();
    request.is_some_and(|request| request.opinion.is_some())
}

fn belongs_to_handler(person: &Person, case: &WorkCase) -> bool {
    let of_unit = |role| {
        person
            .grants_of(role)
            .any(|grant| grant.unit_id.is_some() && grant.unit_id == case.facts.handling_unit_id)
    };
    of_unit(Role::UnitManager) || of_unit(Role::UnitWorker)
}

/// Whether a clock that judges the unit has passed.
pub(super) fn is_late(case: &WorkCase, rules: &RuleSet, now: DateTime<Utc>) -> bool {
    let late = |stage| {
        let running = case.running(stage);
        running.is_some_and(|clock| clock.clock().is_breached(now, rules.calendar()))
    };
    late(Stage::Handling) || late(Stage::Arrival) || late(Stage::Repair)
}

/// Until when the last step of this actor may be taken back.
///
/// # Errors
/// When it is not theirs, or cannot be taken back.
pub fn undo_until(
    case: &WorkCase,
    actor: &Actor<'_>,
    rules: &RuleSet,
) -> Result<DateTime<Utc>, Refusal> {
    let Some(last) = &case.last else {
        return Err(Refusal::new(RefusalCode::NothingToUndo));
    };
    if last.person_id.is_none() || last.person_id != actor.person_id() {
        return Err(Refusal::new(RefusalCode::ActedSince).with("action", last.action));
    }
    let can = Step::of(last.action).undo && last.before.as_ref().is_some_and(Value::is_object);
    if !can {
        return Err(Refusal::new(RefusalCode::NothingToUndo).with("action", last.action));
    }
    Ok(last.at + rules.policy().undo_within)
}
