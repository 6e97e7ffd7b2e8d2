//! What is reported is verified, refused, joined, settled or filed. Articles 11 and 12.

use super::check::site_person;
use super::draft::Draft;
use super::{Applied, near};
use crate::cases::attachment::AttachmentKind;
use crate::cases::{CaseId, CaseState};
use crate::catalogue::ClassCode;
use crate::clock::Stage;
use crate::rules::ConditionId;
use crate::workflow::command::{Deed, Finding, proof_photos_min};
use crate::workflow::{Command, Refusal, RefusalCode};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are of other chapters"
)]
pub(super) fn apply(draft: &mut Draft<'_>, command: &Command) -> Applied {
    Some(match command {
        Command::SendToVerify { assignee } => send_to_verify(draft, *assignee),
        Command::Verify(finding) => verify(draft, finding),
        Command::Reject { reason } => {
            draft.because(reason);
            draft.end(CaseState::Rejected);
            Ok(())
        }
        Command::Merge { into, reason } => merge(draft, *into, reason.as_deref()),
        Command::SettleOnSpot(deed) => settle(draft, deed),
        Command::ConfirmSettled => {
            draft.end(CaseState::Closed);
            Ok(())
        }
        Command::RefuseSettled { reason } => {
            draft.because(reason);
            draft.facts.state = CaseState::Reported;
            draft.stop(Stage::Review);
            draft.resume(Stage::Filing);
            Ok(())
        }
        Command::File {
            condition,
            class,
            emergency,
            text,
        } => {
            if let Some(text) = text {
                draft.facts.text.clone_from(text);
            }
            file(draft, *condition, *class, *emergency == Some(true))
        }
        _ => return None,
    })
}

fn send_to_verify(draft: &mut Draft<'_>, assignee: Option<i32>) -> Result<(), Refusal> {
    site_person(draft, assignee)?;
    draft.facts.state = CaseState::Verifying;
    draft.pause(Stage::Filing, "verification");
    draft.start(Stage::Verification);
    Ok(())
}

fn verify(draft: &mut Draft<'_>, finding: &Finding) -> Result<(), Refusal> {
    let radius_m = draft.rules().policy().check_radius_m;
    let distance_m = near(draft.case, finding.position, radius_m)?;
    draft.show(&finding.pictures, 1, AttachmentKind::Verification)?;
    let result = if finding.good {
        "confirmed"
    } else {
        "not_found"
    };
    draft.note("result", result);
    draft.note("text", &finding.text);
    draft.note("distance_m", distance_m);
    draft.facts.state = CaseState::Reported;
    draft.stop(Stage::Verification);
    draft.resume(Stage::Filing);
    Ok(())
}

fn merge(draft: &mut Draft<'_>, into: CaseId, reason: Option<&str>) -> Result<(), Refusal> {
    Refusal::unless(into != draft.case.id, RefusalCode::Itself)?;
    let Some(state) = draft.case.other_state else {
        return Err(Refusal::new(RefusalCode::UnknownCase).with("case", into));
    };
    if !state.is_open() {
        return Err(Refusal::new(RefusalCode::NotOpen)
            .with("case", into)
            .with("state", state));
    }
    if let Some(reason) = reason {
        draft.because(reason);
    }
    draft.facts.merged_into = Some(into);
    draft.end(CaseState::Merged);
    Ok(())
}

fn settle(draft: &mut Draft<'_>, deed: &Deed) -> Result<(), Refusal> {
    let collection = draft.rules().collection(draft.facts.class_code);
    draft.show(
        &deed.pictures,
        proof_photos_min(collection),
        AttachmentKind::Feedback,
    )?;
    draft.note("text", &deed.text);
    draft.has_a_hand();
    draft.facts.state = CaseState::SelfHandled;
    draft.facts.handled_at = Some(draft.now());
    draft.pause(Stage::Filing, "settled on the spot");
    draft.start(Stage::Review);
    Ok(())
}

/// The condition it is filed under fixes limit and closing conditions (R12.1, R12.3).
fn file(
    draft: &mut Draft<'_>,
    condition: Option<ConditionId>,
    class: Option<ClassCode>,
    emergency: bool,
) -> Result<(), Refusal> {
    let class = class.unwrap_or(draft.facts.class_code);
    let Some(id) = condition else {
        return Err(Refusal::new(RefusalCode::NoCondition).with("class", class));
    };
    let fits = |condition: &&crate::rules::Condition| condition.id == id;
    let Some(condition) = draft.rules().conditions_of(class).iter().find(fits) else {
        return Err(Refusal::new(RefusalCode::OtherCondition).with("class", class));
    };
    draft.facts.class_code = class;
    draft.facts.condition_id = Some(id);
    draft.facts.emergency = condition.emergency || emergency;
    draft.goes_by_route();
    draft.note("rule_set", draft.facts.rule_set_id);
    draft.facts.state = CaseState::Filed;
    draft.stop(Stage::Filing);
    draft.start(Stage::Dispatch);
    Ok(())
}
