//! The unit does it and says so. Article 13.

use super::Applied;
use super::dispatch::known_unit;
use super::draft::Draft;
use crate::cases::CaseState;
use crate::cases::attachment::AttachmentKind;
use crate::clock::Stage;
use crate::workflow::command::Deed;
use crate::workflow::guard::is_late;
use crate::workflow::{Command, Refusal, RefusalCode};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are of other chapters"
)]
pub(super) fn apply(draft: &mut Draft<'_>, command: &Command) -> Applied {
    Some(match command {
        Command::Assign { worker } => assign(draft, *worker),
        Command::FeedBack(deed) => feed_back(draft, deed),
        Command::SendBack { reason } => {
            draft.because(reason);
            send_back(draft);
            Ok(())
        }
        _ => return None,
    })
}

/// Inside the unit. What was asked for before lapses with the change of hands.
fn assign(draft: &mut Draft<'_>, worker: i32) -> Result<(), Refusal> {
    let unit = draft.facts.handling_unit_id.unwrap_or_default();
    known_unit(draft, unit)?;
    let person = draft.case.people.iter().find(|one| one.person_id == worker);
    if !person.is_some_and(|person| person.is_of(unit)) {
        return Err(Refusal::new(RefusalCode::NotOfUnit).with("person", worker));
    }
    draft.facts.worker_id = Some(worker);
    draft.is_handled_by(worker);
    draft.note("worker", worker);
    draft.answer();
    Ok(())
}

/// Whether it was in time is judged now (R13.2).
fn feed_back(draft: &mut Draft<'_>, deed: &Deed) -> Result<(), Refusal> {
    let collection = draft.rules().collection(draft.facts.class_code);
    let photos = i64::from(collection.feedback_photos_min);
    draft.show(&deed.pictures, photos, AttachmentKind::Feedback)?;
    let late = is_late(draft.case, draft.rules(), draft.now());
    draft.note("text", &deed.text);
    draft.note("on_time", !late);
    draft.has_a_hand();
    draft.facts.overdue |= late;
    draft.facts.handled_at = Some(draft.now());
    draft.facts.state = CaseState::Handled;
    draft.answer();
    // it stands still rather than stops: what is sent back goes on in the time left
    draft.pause(Stage::Handling, "fed back");
    draft.pause(Stage::Repair, "fed back");
    draft.stop(Stage::Arrival);
    draft.start(Stage::Review);
    Ok(())
}

fn send_back(draft: &mut Draft<'_>) {
    draft.facts.state = CaseState::Handling;
    draft.facts.handled_at = None;
    draft.stop(Stage::Review);
    draft.resume(Stage::Handling);
    draft.resume(Stage::Repair);
}
