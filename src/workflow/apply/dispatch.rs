//! What is filed goes to a unit, with the four mandatory results fixed. Articles 10, 12 and 13.

use sqlx::types::Json;

use super::Applied;
use super::draft::Draft;
use crate::cases::{CaseState, DisputeLevel};
use crate::clock::{CalendarKind, Stage};
use crate::rules::Condition;
use crate::workflow::case::Facts;
use crate::workflow::command::{Delivery, DispatchOrder};
use crate::workflow::guard::is_late;
use crate::workflow::{Command, Refusal, RefusalCode, WorkUnit};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are of other chapters"
)]
pub(super) fn apply(draft: &mut Draft<'_>, command: &Command) -> Applied {
    Some(match command {
        Command::ReturnToOperator { reason } => {
            draft.because(reason);
            draft.facts.state = CaseState::Reported;
            draft.facts.condition_id = None;
            draft.facts.emergency = false;
            draft.stop(Stage::Dispatch);
            draft.start(Stage::Filing);
            Ok(())
        }
        Command::Reroute => {
            draft.note("ended_unit", draft.facts.unit_id);
            draft.goes_by_route();
            Ok(())
        }
        Command::TakeBack => {
            leave_unit(draft);
            Ok(())
        }
        Command::Dispatch(order) => dispatch(draft, order),
        Command::Redispatch { unit, note } => {
            draft.note("note", note);
            redispatch(draft, *unit)
        }
        Command::Deliver(delivery) => deliver(draft, delivery),
        Command::Receive => {
            draft.has_a_hand();
            draft.facts.state = CaseState::Handling;
            notice(draft);
            Ok(())
        }
        _ => return None,
    })
}

/// The unit that has it is no more: what it has not done is sent anew, with a full limit.
fn leave_unit(draft: &mut Draft<'_>) {
    draft.note("ended_unit", draft.facts.handling_unit_id);
    // what it did not do in time is known; whoever has it next is judged by their own limit
    draft.note("on_time", !is_late(draft.case, draft.rules(), draft.now()));
    draft.answer();
    draft.facts.resume_at = None;
    if draft.facts.state == CaseState::Disputed {
        draft.facts.dispute = None;
        draft.facts.dispute_level = None;
    }
    for stage in [
        Stage::Handling,
        Stage::Arrival,
        Stage::Repair,
        Stage::Quick,
        Stage::Dispute,
    ] {
        draft.stop(stage);
    }
    leave_supervision(draft);
    take_back(draft);
    draft.goes_by_route();
}

/// An order that the service made because the unit was late was about that unit; what a person ordered
/// holds for whoever has it next, who has not replied yet.
fn leave_supervision(draft: &mut Draft<'_>) {
    let order = draft.facts.supervision.as_mut();
    let Some(Json(order)) = order.filter(|_| draft.facts.supervised) else {
        return;
    };
    if order.by.is_none() {
        draft.facts.supervised = false;
        draft.stop(Stage::Supervision);
    } else {
        order.reply = None;
        order.replied_at = None;
    }
}

/// The unit has it no more: a dispatcher sends it anew.
pub(super) fn take_back(draft: &mut Draft<'_>) {
    let facts = &mut draft.facts;
    facts.state = CaseState::Filed;
    facts.handling_unit_id = None;
    facts.helper_unit_ids.clear();
    facts.dispatch_level = 0;
    facts.dispatched_at = None;
    forget_work(facts);
    draft.start(Stage::Dispatch);
}

/// Of whoever had it before.
fn forget_work(facts: &mut Facts) {
    facts.worker_id = None;
    facts.assignee_id = None;
    facts.notified_at = None;
    facts.arrived_at = None;
    facts.guarded_at = None;
    facts.handled_at = None;
    facts.check_passed = None;
}

/// A unit that can be given work now.
pub(super) fn known_unit<'a>(draft: &Draft<'a>, id: i32) -> Result<&'a WorkUnit, Refusal> {
    let unit = draft.case.unit(id);
    let unit = unit.filter(|unit| unit.kind != "committee" && unit.kind != "collection");
    unit.ok_or_else(|| Refusal::new(RefusalCode::UnknownUnit).with("unit", id))
}

fn dispatch(draft: &mut Draft<'_>, order: &DispatchOrder) -> Result<(), Refusal> {
    let (unit, condition) = four_results(draft, order)?;
    let unit_id = unit.unit_id;
    let mut helpers = order.helpers.clone();
    helpers.retain(|helper| *helper != unit_id);
    for helper in &helpers {
        known_unit(draft, *helper)?;
    }
    let facts = &mut draft.facts;
    facts.helper_unit_ids = helpers;
    facts.limit_s = order.limit_s;
    facts.closing = order.closing.clone().map(Json);
    facts.dispatch_level = 1;
    let final_word = facts.dispute_level == Some(DisputeLevel::Committee);
    facts.dispute_final &= final_word;
    if let Some(reason) = &order.reason {
        draft.because(reason);
    }
    draft.note("note", &order.note);
    draft.note("unit", unit_id);
    draft.note("suggested_unit", draft.facts.unit_id);
    draft.note(
        "closing",
        order.closing.as_ref().unwrap_or(&condition.closing),
    );
    draft.stop(Stage::Dispatch);
    send_to(draft, unit_id);
    Ok(())
}

/// Class, unit, limit and closing condition: none may be missing (R12.3).
fn four_results<'a>(
    draft: &Draft<'a>,
    order: &DispatchOrder,
) -> Result<(&'a WorkUnit, &'a Condition), Refusal> {
    if let Some(class) = &order.class {
        Refusal::unless(!class.trim().is_empty(), RefusalCode::NoClass)?;
        let same = *class == draft.facts.class_code.to_string();
        Refusal::unless(same, RefusalCode::OtherClass)?;
    }
    let id = order
        .unit
        .ok_or_else(|| Refusal::new(RefusalCode::NoUnit))?;
    let unit = known_unit(draft, id)?;
    if draft.facts.released_unit_ids.contains(&id) {
        return Err(Refusal::new(RefusalCode::ReleasedUnit).with("unit", id));
    }
    let condition = draft.case.condition(draft.rules());
    let condition = condition.ok_or_else(|| Refusal::new(RefusalCode::NoLimit))?;
    if let Some(limit_s) = order.limit_s {
        Refusal::unless(limit_s > 0, RefusalCode::NoLimit)?;
        let other = i64::from(limit_s) != condition.limit.num_seconds();
        Refusal::unless(!other || order.reason.is_some(), RefusalCode::LimitReason)?;
    }
    let closing = order.closing.as_ref().unwrap_or(&condition.closing);
    let blank = closing
        .iter()
        .any(|one| one.zh.trim().is_empty() && one.en.trim().is_empty());
    Refusal::unless(!closing.is_empty() && !blank, RefusalCode::NoClosing)?;
    Ok((unit, condition))
}

/// Gives the case to a unit with a full limit.
pub(super) fn send_to(draft: &mut Draft<'_>, unit_id: i32) {
    let now = draft.now();
    let facts = &mut draft.facts;
    facts.state = CaseState::Dispatched;
    facts.handling_unit_id = Some(unit_id);
    facts.dispatched_at = Some(now);
    forget_work(facts);
    start_handling(draft);
}

/// Starts the handling clock with its full limit: the dispatcher's, or the condition's.
pub(super) fn start_handling(draft: &mut Draft<'_>) {
    let (calendar, limit) = handling_limit(draft);
    draft.start_with(Stage::Handling, calendar, limit);
}

pub(super) fn handling_limit(draft: &Draft<'_>) -> (CalendarKind, chrono::TimeDelta) {
    if draft.facts.emergency {
        return (
            CalendarKind::Continuous,
            draft.rules().policy().repair_within,
        );
    }
    let condition = draft.facts.condition_id;
    let condition = condition.and_then(|id| draft.rules().condition(id));
    let Some(condition) = condition else {
        let limit = draft.rules().stage_limit(Stage::Handling);
        return (limit.calendar, limit.limit);
    };
    let own = draft.facts.limit_s;
    let own = own.map(|seconds| chrono::TimeDelta::seconds(seconds.into()));
    (condition.calendar, own.unwrap_or(condition.limit))
}

/// Article 10: the district sends it on, inside itself and under the same deadline (R10.2).
fn redispatch(draft: &mut Draft<'_>, id: i32) -> Result<(), Refusal> {
    let unit = known_unit(draft, id)?;
    let inside = unit.district_id.is_some() && unit.district_id == draft.case.district_id;
    Refusal::unless(inside, RefusalCode::OutsideDistrict)?;
    Refusal::unless(
        draft.facts.handling_unit_id != Some(id),
        RefusalCode::SameUnit,
    )?;
    draft.note("unit", id);
    draft.note("from_unit", draft.facts.handling_unit_id);
    draft.facts.handling_unit_id = Some(id);
    draft.facts.dispatch_level += 1;
    draft.facts.dispatched_at = Some(draft.now());
    draft.facts.worker_id = None;
    Ok(())
}

/// The page or the system of the unit that has the case took the notice.
fn deliver(draft: &mut Draft<'_>, delivery: &Delivery) -> Result<(), Refusal> {
    let theirs = draft.facts.handling_unit_id == Some(delivery.unit_id);
    Refusal::unless(theirs, RefusalCode::Unit)?;
    let of_this_time = draft.facts.dispatched_at <= Some(delivery.sent_at);
    Refusal::unless(of_this_time, RefusalCode::Notified)?;
    draft.note("receipt", delivery.receipt);
    notice(draft);
    Ok(())
}

/// The notice reached the unit: Article 13 counts from here, day and night.
pub(super) fn notice(draft: &mut Draft<'_>) {
    if draft.facts.notified_at.is_some() {
        return;
    }
    draft.facts.notified_at = Some(draft.now());
    if !draft.facts.emergency {
        return;
    }
    let policy = draft.rules().policy();
    let (arrive, repair) = (policy.arrive_within, policy.repair_within);
    // what judged the unit until the notice gives way to what the notice starts
    draft.stop(Stage::Handling);
    draft.start_with(Stage::Arrival, CalendarKind::Continuous, arrive);
    draft.start_with(Stage::Repair, CalendarKind::Continuous, repair);
}
