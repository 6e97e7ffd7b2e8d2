//! What is asked and decided while the case stays where it is: voiding, extension, suspension,
//! and afterwards the appeal against having been late.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::types::Json;

use super::Applied;
use super::dispatch::handling_limit;
use super::draft::Draft;
use crate::cases::{CaseState, Pending};
use crate::clock::Stage;
use crate::workflow::{Command, Refusal, RefusalCode};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are of other chapters"
)]
pub(super) fn apply(draft: &mut Draft<'_>, command: &Command) -> Applied {
    match command {
        Command::AskVoid { reason } => draft.ask(Pending::Void, reason, None),
        Command::ApproveVoid => {
            note_request(draft);
            draft.end(CaseState::Voided);
        }
        Command::AskExtension { reason } => draft.ask(Pending::Extension, reason, None),
        Command::GrantExtension => grant_extension(draft),
        Command::AskSuspension { reason, until } => {
            return Some(ask_suspension(draft, reason, *until));
        }
        Command::GrantSuspension => return Some(grant_suspension(draft)),
        Command::RefuseExtension { reason } | Command::RefuseSuspension { reason } => {
            refuse(draft, Some(reason));
        }
        Command::RefuseVoid { reason } | Command::RefuseAppeal { reason } => {
            refuse(draft, reason.as_deref());
        }
        Command::Resume { reason } => {
            if let Some(reason) = reason {
                draft.because(reason);
            }
            draft.facts.state = CaseState::Handling;
            draft.facts.resume_at = None;
            draft.resume(Stage::Handling);
        }
        Command::AppealOverdue { reason } => {
            draft.ask(Pending::Appeal, reason, None);
            draft.facts.appealed = true;
        }
        Command::SupportAppeal { opinion } => {
            draft.because(opinion);
            if let Some(Json(request)) = &mut draft.facts.request {
                request.opinion = Some(opinion.clone());
            }
        }
        Command::GrantAppeal => {
            note_request(draft);
            draft.answer();
            draft.facts.overdue_exempt = true;
        }
        _ => return None,
    }
    Some(Ok(()))
}

/// What is decided stays readable in the decision.
fn note_request(draft: &mut Draft<'_>) {
    let request = draft.facts.request.clone();
    draft.note("request", request);
}

fn refuse(draft: &mut Draft<'_>, reason: Option<&str>) {
    if let Some(reason) = reason {
        draft.because(reason);
    }
    note_request(draft);
    draft.answer();
}

/// One original limit more.
fn grant_extension(draft: &mut Draft<'_>) {
    let (_, limit) = handling_limit(draft);
    note_request(draft);
    draft.note("by_s", limit.num_seconds());
    draft.answer();
    draft.facts.extensions += 1;
    draft.extend(Stage::Handling, limit);
}

fn ask_suspension(
    draft: &mut Draft<'_>,
    reason: &str,
    until: DateTime<Utc>,
) -> Result<(), Refusal> {
    in_future(draft, until)?;
    let days = draft.rules().policy().suspension_days_max;
    let latest = draft.now() + TimeDelta::days(days.into());
    if until > latest {
        return Err(Refusal::new(RefusalCode::TooFarOff).with("latest", latest));
    }
    draft.ask(Pending::Suspension, reason, Some(until));
    Ok(())
}

/// # Errors
/// `past`: a date that has passed.
pub(super) fn in_future(draft: &Draft<'_>, at: DateTime<Utc>) -> Result<(), Refusal> {
    if at > draft.now() {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Past).with("now", draft.now()))
}

fn grant_suspension(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let request = draft.facts.request.clone();
    let until = request.and_then(|request| request.until);
    let until = until.ok_or_else(|| Refusal::new(RefusalCode::Past))?;
    in_future(draft, until)?;
    note_request(draft);
    draft.answer();
    draft.facts.state = CaseState::Suspended;
    draft.facts.suspensions += 1;
    draft.facts.resume_at = Some(until);
    draft.pause(Stage::Handling, "suspension");
    Ok(())
}
