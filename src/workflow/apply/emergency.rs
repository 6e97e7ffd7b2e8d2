//! On site within 2 hours, guarded, repaired within 24. Article 13.

use super::draft::Draft;
use super::{Applied, near};
use crate::cases::attachment::AttachmentKind;
use crate::clock::Stage;
use crate::space::GroundPoint;
use crate::workflow::{Command, Refusal};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are of other chapters"
)]
pub(super) fn apply(draft: &mut Draft<'_>, command: &Command) -> Applied {
    Some(match command {
        Command::Arrive { position } => arrive(draft, *position),
        Command::Guard { pictures } => guard(draft, pictures),
        _ => return None,
    })
}

fn arrive(draft: &mut Draft<'_>, position: GroundPoint) -> Result<(), Refusal> {
    let radius_m = draft.rules().policy().arrival_radius_m;
    let distance_m = near(draft.case, position, radius_m)?;
    let now = draft.now();
    let clock = draft.case.running(Stage::Arrival);
    let late = clock.is_some_and(|clock| clock.clock().is_breached(now, draft.rules().calendar()));
    draft.note("position", position);
    draft.note("distance_m", distance_m);
    draft.note("on_time", !late);
    draft.has_a_hand();
    draft.facts.arrived_at = Some(now);
    draft.facts.overdue |= late;
    draft.stop(Stage::Arrival);
    Ok(())
}

fn guard(draft: &mut Draft<'_>, pictures: &[i64]) -> Result<(), Refusal> {
    draft.show(pictures, 1, AttachmentKind::Guard)?;
    draft.has_a_hand();
    draft.facts.guarded_at = Some(draft.now());
    Ok(())
}
