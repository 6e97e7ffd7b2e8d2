//! The last step is taken back: the case is as it was before, and history tells both.

use serde_json::Value;

use super::Applied;
use super::draft::Draft;
use crate::clock::Stage;
use crate::workflow::case::CaseClock;
use crate::workflow::{Command, Refusal, RefusalCode};

/// Where the clocks stand in an event's `before`.
pub(in crate::workflow) const CLOCKS: &str = "clocks";

pub(super) fn apply(draft: &mut Draft<'_>, command: &Command) -> Applied {
    matches!(command, Command::Undo).then(|| undo(draft))
}

fn undo(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let nothing = || Refusal::new(RefusalCode::NothingToUndo);
    let last = draft.case.last.as_ref().ok_or_else(nothing)?;
    let Some(Value::Object(before)) = &last.before else {
        return Err(nothing());
    };
    let Ok(Value::Object(mut facts)) = serde_json::to_value(&draft.facts) else {
        return Err(nothing());
    };
    let mut clocks = None;
    for (name, value) in before {
        if name == CLOCKS {
            clocks = Some(value.clone());
        } else {
            facts.insert(name.clone(), value.clone());
        }
    }
    let read = |_| nothing();
    let unit = draft.facts.handling_unit_id;
    draft.facts = serde_json::from_value(Value::Object(facts)).map_err(read)?;
    let clocks: Vec<CaseClock> =
        serde_json::from_value(clocks.ok_or_else(nothing)?).map_err(read)?;
    let clocks = clocks
        .into_iter()
        .map(|clock| as_raised(clock, draft))
        .collect();
    let received_since = draft.facts.notified_at.is_some_and(|at| at >= last.at);
    let same_unit = draft.facts.handling_unit_id == unit;
    draft.clocks = if received_since && same_unit {
        as_received(clocks, &draft.clocks)
    } else {
        clocks
    };
    if received_since && !same_unit {
        draft.facts.notified_at = None;
    }
    draft.note("undone", last.action);
    draft.note("event_id", last.event_id);
    Ok(())
}

/// A notice that the unit has received stays received, and what it started runs on.
fn as_received(before: Vec<CaseClock>, now: &[CaseClock]) -> Vec<CaseClock> {
    let of_notice = |clock: &CaseClock| {
        matches!(
            clock.stage,
            Stage::Handling | Stage::Arrival | Stage::Repair
        )
    };
    let others = before.into_iter().filter(|clock| !of_notice(clock));
    let started = now.iter().filter(|clock| of_notice(clock)).cloned();
    others.chain(started).collect()
}

/// An alarm that was raised since stays raised.
fn as_raised(clock: CaseClock, draft: &Draft<'_>) -> CaseClock {
    let now = draft
        .clocks
        .iter()
        .find(|now| now.clock_id == clock.clock_id);
    match now {
        Some(now) => CaseClock {
            warned_at: now.warned_at,
            breached_at: now.breached_at,
            escalated_at: now.escalated_at,
            ..clock
        },
        None => clock,
    }
}
