//! An action's fields, read chapter by chapter.

use super::body::Body;
use super::{Command, Deed, DispatchOrder, Finding, WrongField};
use crate::cases::Action;
use crate::ledger;
use crate::rules::Closing;

type Read = Option<Result<Command, WrongField>>;

/// Up to dispatch and dispute.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each reader knows its own chapter"
)]
pub(super) fn read_early(action: Action, body: &mut Body) -> Read {
    let read = |body: &mut Body| {
        Ok(Some(match action {
            Action::SendToVerify => Command::SendToVerify {
                assignee: body.optional("assignee_id")?,
            },
            Action::Verify => Command::Verify(finding(body, "confirmed", "not_found")?),
            Action::Reject => Command::Reject {
                reason: body.text("reason")?,
            },
            Action::Merge => Command::Merge {
                into: body.required("into")?,
                reason: body.words("reason")?,
            },
            Action::SettleOnSpot => Command::SettleOnSpot(deed(body)?),
            Action::ConfirmSettled => Command::ConfirmSettled,
            Action::RefuseSettled => Command::RefuseSettled {
                reason: body.text("reason")?,
            },
            Action::File => Command::File {
                condition: body.optional("condition_id")?,
                class: body.optional("class")?,
                emergency: body.optional("emergency")?,
                text: body.words("text")?,
            },
            Action::ReturnToOperator => Command::ReturnToOperator {
                reason: body.text("reason")?,
            },
            Action::AskVoid => Command::AskVoid {
                reason: body.text("reason")?,
            },
            Action::ApproveVoid => Command::ApproveVoid,
            Action::RefuseVoid => Command::RefuseVoid {
                reason: body.words("reason")?,
            },
            Action::Dispatch => Command::Dispatch(order(body)?),
            Action::DispatchQuick => Command::DispatchQuick {
                reasons: body.list("reasons")?,
                estimate_fen: money(body, "estimate_fen")?,
                unit: body.required("unit_id")?,
                note: body.words("note")?,
            },
            Action::Redispatch => Command::Redispatch {
                unit: body.required("unit_id")?,
                note: body.words("note")?,
            },
            Action::Receive => Command::Receive,
            Action::Dispute => Command::Dispute {
                reason: body.text("reason")?,
                proposed_unit: body.optional("proposed_unit_id")?,
                pictures: body.pictures()?,
            },
            Action::Uphold => Command::Uphold {
                reason: body.text("reason")?,
            },
            Action::Reassign => Command::Reassign {
                unit: body.required("unit_id")?,
                reason: body.text("reason")?,
                precedent: body.optional("precedent")?.unwrap_or(false),
            },
            Action::Escalate => Command::Escalate {
                opinion: body.text("opinion")?,
            },
            _ => return Ok(None),
        }))
    };
    read(body).transpose()
}

/// While a unit has it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each reader knows its own chapter"
)]
pub(super) fn read_handling(action: Action, body: &mut Body) -> Read {
    let read = |body: &mut Body| {
        Ok(Some(match action {
            Action::Assign => Command::Assign {
                worker: body.required("worker_id")?,
            },
            Action::Arrive => Command::Arrive {
                position: body.position()?,
            },
            Action::Guard => Command::Guard {
                pictures: body.pictures()?,
            },
            Action::AskExtension => Command::AskExtension {
                reason: body.text("reason")?,
            },
            Action::GrantExtension => Command::GrantExtension,
            Action::RefuseExtension => Command::RefuseExtension {
                reason: body.text("reason")?,
            },
            Action::AskSuspension => Command::AskSuspension {
                reason: body.text("reason")?,
                until: body.required("until")?,
            },
            Action::GrantSuspension => Command::GrantSuspension,
            Action::RefuseSuspension => Command::RefuseSuspension {
                reason: body.text("reason")?,
            },
            Action::Resume => Command::Resume {
                reason: body.words("reason")?,
            },
            Action::FeedBack => Command::FeedBack(deed(body)?),
            Action::SendBack => Command::SendBack {
                reason: body.text("reason")?,
            },
            Action::SendToCheck => Command::SendToCheck {
                assignee: body.optional("assignee_id")?,
            },
            Action::FinishQuick => Command::FinishQuick {
                deed: deed(body)?,
                items: items(body)?,
                close: body.optional("close")?.unwrap_or(false),
            },
            _ => return Ok(None),
        }))
    };
    read(body).transpose()
}

/// From the check on, and what stands beside the chain.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each reader knows its own chapter"
)]
pub(super) fn read_late(action: Action, body: &mut Body) -> Read {
    let read = |body: &mut Body| {
        Ok(Some(match action {
            Action::Check => Command::Check(finding(body, "passed", "failed")?),
            Action::Approve => Command::Approve {
                closing_met: body.list("closing_met")?,
            },
            Action::Rehandle => Command::Rehandle {
                reason: body.text("reason")?,
            },
            Action::CloseUnqualified => Command::CloseUnqualified {
                reason: body.text("reason")?,
            },
            Action::Redirect => Command::Redirect {
                reason: body.text("reason")?,
                dispatcher_fault: body.optional("dispatcher_fault")?.unwrap_or(false),
            },
            Action::Recur => Command::Recur {
                reason: body.text("reason")?,
            },
            Action::Supervise => Command::Supervise {
                level: body.required("level")?,
                reason: body.text("reason")?,
                due_at: body.optional("due_at")?,
            },
            Action::ReplySupervision => Command::ReplySupervision {
                text: body.text("text")?,
            },
            Action::EndSupervision => Command::EndSupervision {
                reason: body.words("reason")?,
            },
            Action::ForceClose => Command::ForceClose {
                reason: body.text("reason")?,
            },
            Action::AppealOverdue => Command::AppealOverdue {
                reason: body.text("reason")?,
            },
            Action::SupportAppeal => Command::SupportAppeal {
                opinion: body.text("opinion")?,
            },
            Action::GrantAppeal => Command::GrantAppeal,
            Action::RefuseAppeal => Command::RefuseAppeal {
                reason: body.words("reason")?,
            },
            Action::Undo => Command::Undo,
            _ => return Ok(None),
        }))
    };
    read(body).transpose()
}

fn finding(body: &mut Body, good: &str, bad: &str) -> Result<Finding, WrongField> {
    let result: String = body.required("result")?;
    if result != good && result != bad {
        let detail = format!("must be {good} or {bad}");
        return Err(WrongField::new("result", detail));
    }
    Ok(Finding {
        good: result == good,
        text: body.words("text")?.unwrap_or_default(),
        pictures: body.pictures()?,
        position: body.position()?,
    })
}

fn deed(body: &mut Body) -> Result<Deed, WrongField> {
    Ok(Deed {
        text: body.text("text")?,
        pictures: body.pictures()?,
    })
}

fn order(body: &mut Body) -> Result<DispatchOrder, WrongField> {
    let closing: Option<Vec<Closing>> = body.optional("closing")?;
    if let Some(closing) = &closing {
        bounded(closing)?;
    }
    let limit_s: Option<i32> = body.optional("limit_s")?;
    if limit_s.is_some_and(|limit_s| limit_s > LIMIT_MAX_S) {
        let detail = format!("must be at most {LIMIT_MAX_S} seconds");
        return Err(WrongField::new("limit_s", detail));
    }
    Ok(DispatchOrder {
        unit: body.optional("unit_id")?,
        helpers: body.list("helper_unit_ids")?,
        class: body.optional("class")?,
        closing,
        limit_s,
        reason: body.words("reason")?,
        note: body.words("note")?,
    })
}

/// No case is given longer to be handled: a year, day and night.
const LIMIT_MAX_S: i32 = 366 * 86_400;
/// Each is ticked one by one before a case is closed.
const CLOSING_MAX: usize = 20;
const CLOSING_CHARS_MAX: usize = 500;

fn bounded(closing: &[Closing]) -> Result<(), WrongField> {
    if closing.len() > CLOSING_MAX {
        let detail = format!("must have at most {CLOSING_MAX} entries");
        return Err(WrongField::new("closing", detail));
    }
    for (index, one) in closing.iter().enumerate() {
        for (language, text) in [("zh", &one.zh), ("en", &one.en)] {
            if text.chars().count() > CLOSING_CHARS_MAX {
                let detail = format!("must have at most {CLOSING_CHARS_MAX} characters");
                return Err(WrongField::new(
                    &format!("closing/{index}/{language}"),
                    detail,
                ));
            }
        }
    }
    Ok(())
}

fn money(body: &mut Body, field: &str) -> Result<i64, WrongField> {
    let fen: i64 = body.required(field)?;
    if !(0..=MONEY_MAX_FEN).contains(&fen) {
        return Err(WrongField::new(field, "must be 0 to 1,000,000,000 fen"));
    }
    Ok(fen)
}

/// Ten million yuan: more than any small repair.
const MONEY_MAX_FEN: i64 = 1_000_000_000;

/// A bill; empty where nothing was spent.
fn items(body: &mut Body) -> Result<Vec<ledger::Item>, WrongField> {
    let items: Vec<ledger::Item> = body.list("items")?;
    if !items.is_empty() {
        ledger::total_fen(&items).map_err(|wrong| WrongField::new(&wrong.field, wrong.right))?;
    }
    Ok(items)
}
