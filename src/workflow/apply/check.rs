//! Somebody who did not handle it looks on site. Article 14.

use super::draft::Draft;
use super::{Applied, near};
use crate::access::Role;
use crate::cases::CaseState;
use crate::cases::attachment::AttachmentKind;
use crate::clock::Stage;
use crate::workflow::command::Finding;
use crate::workflow::{Command, Refusal, RefusalCode};

/// Who goes to a place to look.
pub(in crate::workflow) const SITE_ROLES: [Role; 2] = [Role::Collector, Role::Checker];

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are of other chapters"
)]
pub(super) fn apply(draft: &mut Draft<'_>, command: &Command) -> Applied {
    Some(match command {
        Command::SendToCheck { assignee } => send_to_check(draft, *assignee),
        Command::Check(finding) => check(draft, finding),
        _ => return None,
    })
}

/// Gives a task on site to the person named, or to one drawn by lot: whoever is watched should
/// not know who comes.
pub(super) fn site_person(draft: &mut Draft<'_>, named: Option<i32>) -> Result<(), Refusal> {
    let person = match named {
        Some(id) => {
            let known = draft.case.people.iter().find(|one| one.person_id == id);
            if !known.is_some_and(|person| person.may_go_to(draft.case, &SITE_ROLES)) {
                return Err(Refusal::new(RefusalCode::NotOnSite).with("person", id));
            }
            let unit = draft.facts.handling_unit_id;
            let of_unit = known.is_some_and(|one| unit.is_some_and(|unit| one.is_of(unit)));
            let handled_it = draft.facts.handler_ids.contains(&id) || of_unit;
            Refusal::unless(!handled_it, RefusalCode::HandlerMayNotCheck)?;
            Some(id)
        }
        None => drawn(draft),
    };
    draft.facts.assignee_id = person;
    draft.note("assignee", person);
    draft.note("by_lot", named.is_none());
    Ok(())
}

/// `None` where nobody has the role: then whoever gets it may take the task.
fn drawn(draft: &Draft<'_>) -> Option<i32> {
    let people = &draft.case.site_people;
    let count = u64::try_from(people.len())
        .ok()
        .filter(|count| *count > 0)?;
    let place = usize::try_from(draft.setting.seed % count).ok()?;
    people.get(place).copied()
}

fn send_to_check(draft: &mut Draft<'_>, assignee: Option<i32>) -> Result<(), Refusal> {
    site_person(draft, assignee)?;
    draft.stop(Stage::Review);
    draft.stop(Stage::Handling);
    draft.stop(Stage::Repair);
    start_check(draft);
    Ok(())
}

pub(super) fn start_check(draft: &mut Draft<'_>) {
    draft.facts.state = CaseState::Checking;
    draft.facts.check_passed = None;
    draft.start(Stage::Check);
}

fn check(draft: &mut Draft<'_>, finding: &Finding) -> Result<(), Refusal> {
    let radius_m = draft.rules().policy().check_radius_m;
    let distance_m = near(draft.case, finding.position, radius_m)?;
    draft.show(&finding.pictures, 1, AttachmentKind::Check)?;
    draft.note("result", if finding.good { "passed" } else { "failed" });
    draft.note("text", &finding.text);
    draft.note("position", finding.position);
    draft.note("distance_m", distance_m);
    draft.facts.check_passed = Some(finding.good);
    draft.facts.state = CaseState::Checked;
    draft.stop(Stage::Check);
    draft.start(Stage::Closing);
    Ok(())
}
