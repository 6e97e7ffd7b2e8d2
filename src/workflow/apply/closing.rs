//! The outcomes of the check, and the ends that stand apart. Article 14.

use chrono::TimeDelta;

use super::Applied;
use super::dispatch::{handling_limit, start_handling, take_back};
use super::draft::{Beside, Draft};
use crate::cases::CaseState;
use crate::clock::{CalendarKind, Stage};
use crate::rules::ReworkLimit;
use crate::workflow::{Command, Refusal, RefusalCode};

/// What a unit gets at least when it has to do its work again in the time it had left.
const REWORK_MIN: TimeDelta = TimeDelta::hours(1);

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are of other chapters"
)]
pub(super) fn apply(draft: &mut Draft<'_>, command: &Command) -> Applied {
    match command {
        Command::Approve { closing_met } => return Some(approve(draft, closing_met)),
        Command::Rehandle { reason } => {
            draft.because(reason);
            rehandle(draft);
        }
        Command::CloseUnqualified { reason } => {
            draft.because(reason);
            draft.end(CaseState::ClosedUnqualified);
        }
        Command::Redirect {
            reason,
            dispatcher_fault,
        } => {
            draft.because(reason);
            draft.note("dispatcher_fault", dispatcher_fault);
            redirect(draft);
        }
        Command::Recur { reason } => {
            draft.because(reason);
            draft.beside = Some(Beside::Recurrence);
        }
        Command::ForceClose { reason } => {
            draft.because(reason);
            draft.end(CaseState::ClosedForced);
        }
        _ => return None,
    }
    Some(Ok(()))
}

/// Every closing condition has to be ticked (R14.2).
fn approve(draft: &mut Draft<'_>, met: &[usize]) -> Result<(), Refusal> {
    let closing = draft.case.closing(draft.rules());
    let missing: Vec<usize> = (0..closing.len()).filter(|at| !met.contains(at)).collect();
    if !missing.is_empty() {
        return Err(Refusal::new(RefusalCode::ClosingUnmet).with("missing", missing));
    }
    draft.note("closing", closing);
    draft.end(CaseState::Closed);
    Ok(())
}

/// The same unit again: one rework more, with the limit that the policy names (R14.3).
fn rehandle(draft: &mut Draft<'_>) {
    let facts = &mut draft.facts;
    facts.round += 1;
    facts.state = CaseState::Handling;
    facts.assignee_id = None;
    facts.handled_at = None;
    facts.check_passed = None;
    draft.stop(Stage::Closing);
    if draft.facts.emergency && draft.facts.notified_at.is_some() {
        let limit = draft.rules().policy().repair_within;
        draft.start_with(Stage::Repair, CalendarKind::Continuous, limit);
        return;
    }
    match draft.rules().policy().rework_limit {
        ReworkLimit::Original => start_handling(draft),
        ReworkLimit::Remaining => {
            let (calendar, whole) = handling_limit(draft);
            let now = draft.now();
            let last = draft.case.newest(Stage::Handling);
            let left = last.map(|clock| clock.clock().left(now, draft.rules().calendar()));
            let limit = left.unwrap_or(whole).max(REWORK_MIN);
            draft.start_with(Stage::Handling, calendar, limit);
        }
    }
}

/// To another unit: the first is released, its clock stays as it stopped (R14.5).
fn redirect(draft: &mut Draft<'_>) {
    let unit = draft.facts.handling_unit_id;
    draft.facts.released_unit_ids.extend(unit);
    draft.note("from_unit", unit);
    draft.stop(Stage::Closing);
    take_back(draft);
}
