//! A unit objects to being responsible. Article 15.

use sqlx::types::Json;

use super::Applied;
use super::dispatch::{known_unit, notice, send_to};
use super::draft::{Beside, Draft};
use crate::cases::attachment::AttachmentKind;
use crate::cases::{CaseState, DisputeLevel};
use crate::clock::Stage;
use crate::workflow::case::Dispute;
use crate::workflow::{Command, Refusal, RefusalCode, WorkUnit};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are of other chapters"
)]
pub(super) fn apply(draft: &mut Draft<'_>, command: &Command) -> Applied {
    Some(match command {
        Command::Dispute {
            reason,
            proposed_unit,
            pictures,
        } => {
            draft.because(reason);
            object(draft, *proposed_unit, pictures, reason)
        }
        Command::Uphold { reason } => {
            draft.because(reason);
            uphold(draft);
            Ok(())
        }
        Command::Reassign {
            unit,
            reason,
            precedent,
        } => {
            draft.because(reason);
            if *precedent {
                draft.beside = Some(Beside::Precedent {
                    unit_id: *unit,
                    reason: reason.clone(),
                });
            }
            draft.note("precedent", precedent);
            reassign(draft, *unit)
        }
        Command::Escalate { opinion } => {
            draft.because(opinion);
            escalate(draft, opinion);
            Ok(())
        }
        _ => return None,
    })
}

fn object(
    draft: &mut Draft<'_>,
    proposed: Option<i32>,
    pictures: &[i64],
    reason: &str,
) -> Result<(), Refusal> {
    let handling = draft.facts.handling_unit_id.unwrap_or_default();
    let other = proposed.map(|id| known_unit(draft, id)).transpose()?;
    Refusal::unless(proposed != Some(handling), RefusalCode::SameUnit)?;
    draft.show(pictures, 0, AttachmentKind::Dispute)?;
    let (level, district_id, department_id) = match draft.case.unit(handling) {
        Some(own) => level_of(own, other, draft.facts.dispatch_level),
        None => (DisputeLevel::City, None, None),
    };
    draft.note("level", level);
    draft.note("proposed_unit", proposed);
    draft.facts.dispute_level = Some(level);
    draft.facts.dispute = Some(Json(Dispute {
        level,
        unit_id: handling,
        proposed_unit_id: proposed,
        district_id,
        department_id,
        reason: reason.to_owned(),
        by: draft.actor.person_id().unwrap_or_default(),
        at: draft.now(),
        opinion: None,
    }));
    draft.facts.state = CaseState::Disputed;
    draft.answer();
    // danger does not wait for words: only other clocks stand still
    if draft.rules().policy().dispute_pauses && !draft.facts.emergency {
        draft.pause(Stage::Handling, "dispute");
    }
    draft.start(Stage::Dispute);
    Ok(())
}

/// The level of a dispute follows from its parties (R15.2, R15.5), with who decides where that is
/// one district or one department. Where no other unit is named, the other party is whoever sent
/// it: the district that sent it on, or the city.
pub(super) fn level_of(
    own: &WorkUnit,
    other: Option<&WorkUnit>,
    dispatch_level: i16,
) -> (DisputeLevel, Option<i32>, Option<i32>) {
    let district = match other {
        Some(other) => own
            .district_id
            .filter(|_| own.district_id == other.district_id),
        None => own.district_id.filter(|_| dispatch_level > 1),
    };
    if district.is_some() {
        return (DisputeLevel::District, district, None);
    }
    let both_of_city =
        own.district_id.is_none() && other.is_some_and(|other| other.district_id.is_none());
    let department = own.department_id.filter(|_| {
        both_of_city && other.is_some_and(|other| own.department_id == other.department_id)
    });
    match department {
        Some(_) => (DisputeLevel::Department, None, department),
        None => (DisputeLevel::City, None, None),
    }
}

/// The unit has to do it, in the time it had left.
fn uphold(draft: &mut Draft<'_>) {
    draft.note("level", draft.facts.dispute_level);
    draft.facts.state = CaseState::Handling;
    draft.facts.dispute_final = true;
    draft.stop(Stage::Dispute);
    draft.resume(Stage::Handling);
    notice(draft);
}

/// Another unit has to do it, with a full limit; the same one has what it had left.
fn reassign(draft: &mut Draft<'_>, id: i32) -> Result<(), Refusal> {
    let unit = known_unit(draft, id)?;
    let dispute = draft.facts.dispute.as_ref();
    let inside = match draft.facts.dispute_level {
        Some(DisputeLevel::District) => {
            dispute.is_none_or(|dispute| dispute.district_id == unit.district_id)
        }
        Some(DisputeLevel::Department) => {
            dispute.is_none_or(|dispute| dispute.department_id == unit.department_id)
        }
        Some(DisputeLevel::City | DisputeLevel::Committee) | None => true,
    };
    Refusal::unless(inside, RefusalCode::OutsideLevel)?;
    draft.note("level", draft.facts.dispute_level);
    draft.note("unit", id);
    draft.note("from_unit", draft.facts.handling_unit_id);
    draft.stop(Stage::Dispute);
    draft.facts.dispute_final = true;
    if draft.facts.handling_unit_id == Some(id) {
        draft.facts.state = CaseState::Dispatched;
        draft.resume(Stage::Handling);
        return Ok(());
    }
    draft.stop(Stage::Arrival);
    draft.stop(Stage::Repair);
    draft.facts.handler_ids.clear();
    send_to(draft, id);
    Ok(())
}

/// Those who could not settle it say what they think, and it goes up.
fn escalate(draft: &mut Draft<'_>, opinion: &str) {
    let from = draft.facts.dispute_level;
    let level = match from {
        Some(DisputeLevel::District | DisputeLevel::Department) | None => DisputeLevel::City,
        Some(DisputeLevel::City | DisputeLevel::Committee) => DisputeLevel::Committee,
    };
    draft.note("from_level", from);
    draft.note("level", level);
    draft.facts.dispute_level = Some(level);
    if let Some(Json(dispute)) = &mut draft.facts.dispute {
        dispute.level = level;
        dispute.opinion = Some(opinion.to_owned());
    }
    draft.start(Stage::Dispute);
}
