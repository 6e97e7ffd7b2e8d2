//! Supervision orders (督办). Article 3.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::types::Json;

use super::Applied;
use super::draft::Draft;
use super::request::in_future;
use crate::clock::{CalendarKind, Stage};
use crate::workflow::case::{Supervision, SupervisionLevel};
use crate::workflow::{Command, Refusal};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are of other chapters"
)]
pub(super) fn apply(draft: &mut Draft<'_>, command: &Command) -> Applied {
    Some(match command {
        Command::Supervise {
            level,
            reason,
            due_at,
        } => supervise(draft, *level, reason, *due_at),
        Command::ReplySupervision { text } => {
            let now = draft.now();
            if let Some(Json(order)) = &mut draft.facts.supervision {
                order.reply = Some(text.clone());
                order.replied_at = Some(now);
            }
            draft.note("text", text);
            draft.stop(Stage::Supervision);
            Ok(())
        }
        Command::EndSupervision { reason } => {
            if let Some(reason) = reason {
                draft.because(reason);
            }
            draft.facts.supervised = false;
            draft.stop(Stage::Supervision);
            Ok(())
        }
        _ => return None,
    })
}

fn supervise(
    draft: &mut Draft<'_>,
    level: SupervisionLevel,
    reason: &str,
    due_at: Option<DateTime<Utc>>,
) -> Result<(), Refusal> {
    if let Some(due_at) = due_at {
        in_future(draft, due_at)?;
    }
    draft.because(reason);
    draft.note("level", level);
    draft.note("due_at", due_at);
    let now = draft.now();
    draft.facts.supervised = true;
    draft.facts.supervision = Some(Json(Supervision {
        level,
        reason: reason.to_owned(),
        by: draft.actor.person_id(),
        at: now,
        due_at,
        reply: None,
        replied_at: None,
    }));
    match due_at {
        Some(due_at) => {
            let limit = (due_at - now).max(TimeDelta::seconds(1));
            draft.start_with(Stage::Supervision, CalendarKind::Continuous, limit);
        }
        None => draft.start(Stage::Supervision),
    }
    Ok(())
}
