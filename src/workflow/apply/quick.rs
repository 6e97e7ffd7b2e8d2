//! Small damage that cannot wait or has no owner is repaired at once by a crew. Article 16.

use super::Applied;
use super::check::{site_person, start_check};
use super::dispatch::known_unit;
use super::draft::{Beside, Draft};
use crate::cases::CaseState;
use crate::cases::attachment::AttachmentKind;
use crate::clock::Stage;
use crate::ledger;
use crate::workflow::command::{Deed, proof_photos_min};
use crate::workflow::{Command, Refusal, RefusalCode};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are of other chapters"
)]
pub(super) fn apply(draft: &mut Draft<'_>, command: &Command) -> Applied {
    Some(match command {
        Command::DispatchQuick {
            reasons,
            estimate_fen,
            unit,
            note,
        } => {
            draft.note("note", note);
            dispatch(draft, reasons, *estimate_fen, *unit)
        }
        Command::FinishQuick { deed, items, close } => finish(draft, deed, items, *close),
        _ => return None,
    })
}

/// Only for a reason of the policy, and under the cap (R16.1).
fn dispatch(
    draft: &mut Draft<'_>,
    reasons: &[String],
    estimate_fen: i64,
    id: i32,
) -> Result<(), Refusal> {
    let policy = draft.rules().policy();
    let known = |code: &String| policy.quick_reasons.iter().any(|one| one.code == *code);
    Refusal::unless(!reasons.is_empty(), RefusalCode::NoQuickReason)?;
    if let Some(unknown) = reasons.iter().find(|code| !known(code)) {
        return Err(Refusal::new(RefusalCode::UnknownQuickReason).with("reason", unknown));
    }
    under_cap(estimate_fen, policy.quick_cap_fen, RefusalCode::BeyondCap)?;
    let unit = known_unit(draft, id)?;
    Refusal::unless(unit.kind == "crew", RefusalCode::NotACrew)?;
    draft.note("reasons", reasons);
    draft.note("unit", id);
    draft.facts.state = CaseState::Quick;
    draft.facts.estimate_fen = Some(estimate_fen);
    draft.facts.handling_unit_id = Some(id);
    draft.facts.dispatch_level = 1;
    draft.facts.dispatched_at = Some(draft.now());
    draft.stop(Stage::Dispatch);
    draft.start(Stage::Quick);
    Ok(())
}

fn under_cap(fen: i64, cap_fen: i64, code: RefusalCode) -> Result<(), Refusal> {
    if fen <= cap_fen {
        return Ok(());
    }
    Err(Refusal::new(code).with("fen", fen).with("cap_fen", cap_fen))
}

fn finish(
    draft: &mut Draft<'_>,
    deed: &Deed,
    items: &[ledger::Item],
    close: bool,
) -> Result<(), Refusal> {
    let collection = draft.rules().collection(draft.facts.class_code);
    draft.show(
        &deed.pictures,
        proof_photos_min(collection),
        AttachmentKind::Quick,
    )?;
    let cost_fen = if items.is_empty() {
        0
    } else {
        ledger::total_fen(items)
            .map_err(|wrong| Refusal::new(RefusalCode::Bill).with("field", wrong.field))?
    };
    let policy = draft.rules().policy();
    under_cap(cost_fen, policy.quick_cap_fen, RefusalCode::BeyondCap)?;
    if close {
        under_cap(
            cost_fen,
            policy.quick_close_cap_fen,
            RefusalCode::BeyondCloseCap,
        )?;
    }
    let now = draft.now();
    let clock = draft.case.running(Stage::Quick);
    let late = clock.is_some_and(|clock| clock.clock().is_breached(now, draft.rules().calendar()));
    draft.note("text", &deed.text);
    draft.note("cost_fen", cost_fen);
    draft.note("on_time", !late);
    draft.has_a_hand();
    draft.facts.overdue |= late;
    draft.facts.handled_at = Some(now);
    if !items.is_empty() {
        draft.beside = Some(Beside::Costs(items.to_vec()));
    }
    draft.stop(Stage::Quick);
    if close {
        draft.end(CaseState::Closed);
        return Ok(());
    }
    site_person(draft, None)?;
    start_check(draft);
    Ok(())
}
