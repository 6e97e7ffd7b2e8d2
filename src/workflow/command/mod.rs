//! What is asked of a case: an action with its fields.

mod body;
mod field;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use self::body::Body;
pub use self::body::WrongField;
pub(super) use self::field::proof_photos_min;
pub use self::field::{Field, FieldChoice, FieldKind, fields};
use super::case::SupervisionLevel;
use crate::cases::{Action, CaseId};
use crate::catalogue::ClassCode;
use crate::ledger;
use crate::rules::{Closing, ConditionId};
use crate::space::GroundPoint;

/// What a person found on site, with pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub good: bool,
    pub text: String,
    pub pictures: Vec<i64>,
    pub position: GroundPoint,
}

/// What a person did, with pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    pub text: String,
    pub pictures: Vec<i64>,
}

/// The fields of a dispatch: any of the four mandatory results may be set anew.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DispatchOrder {
    pub unit: Option<i32>,
    pub helpers: Vec<i32>,
    /// The class as the sender sees it; must be the case's.
    pub class: Option<String>,
    pub closing: Option<Vec<Closing>>,
    /// Seconds of the condition's calendar.
    pub limit_s: Option<i32>,
    pub reason: Option<String>,
    pub note: Option<String>,
}

/// An action with its fields. Reasons are kept in history, not here twice.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    SendToVerify {
        assignee: Option<i32>,
    },
    Verify(Finding),
    Reject {
        reason: String,
    },
    Merge {
        into: CaseId,
        reason: Option<String>,
    },
    SettleOnSpot(Deed),
    ConfirmSettled,
    RefuseSettled {
        reason: String,
    },
    File {
        condition: Option<ConditionId>,
        class: Option<ClassCode>,
        emergency: Option<bool>,
        text: Option<String>,
    },
    ReturnToOperator {
        reason: String,
    },
    AskVoid {
        reason: String,
    },
    ApproveVoid,
    RefuseVoid {
        reason: Option<String>,
    },
    Dispatch(DispatchOrder),
    DispatchQuick {
        reasons: Vec<String>,
        estimate_fen: i64,
        unit: i32,
        note: Option<String>,
    },
    Redispatch {
        unit: i32,
        note: Option<String>,
    },
    Deliver,
    Receive,
    Dispute {
        reason: String,
        proposed_unit: Option<i32>,
        pictures: Vec<i64>,
    },
    Uphold {
        reason: String,
    },
    Reassign {
        unit: i32,
        reason: String,
        precedent: bool,
    },
    Escalate {
        opinion: String,
    },
    Assign {
        worker: i32,
    },
    Arrive {
        position: GroundPoint,
    },
    Guard {
        pictures: Vec<i64>,
    },
    AskExtension {
        reason: String,
    },
    GrantExtension,
    RefuseExtension {
        reason: String,
    },
    AskSuspension {
        reason: String,
        until: DateTime<Utc>,
    },
    GrantSuspension,
    RefuseSuspension {
        reason: String,
    },
    Resume {
        reason: Option<String>,
    },
    FeedBack(Deed),
    SendBack {
        reason: String,
    },
    SendToCheck {
        assignee: Option<i32>,
    },
    FinishQuick {
        deed: Deed,
        items: Vec<ledger::Item>,
        close: bool,
    },
    Check(Finding),
    Approve {
        /// Positions of the closing conditions that are met.
        closing_met: Vec<usize>,
    },
    Rehandle {
        reason: String,
    },
    CloseUnqualified {
        reason: String,
    },
    Redirect {
        reason: String,
        dispatcher_fault: bool,
    },
    Recur {
        reason: String,
    },
    Supervise {
        level: SupervisionLevel,
        reason: String,
        due_at: Option<DateTime<Utc>>,
    },
    ReplySupervision {
        text: String,
    },
    EndSupervision {
        reason: Option<String>,
    },
    ForceClose {
        reason: String,
    },
    AppealOverdue {
        reason: String,
    },
    SupportAppeal {
        opinion: String,
    },
    GrantAppeal,
    RefuseAppeal {
        reason: Option<String>,
    },
    Undo,
}

impl Command {
    /// Reads the fields of an action that people take.
    ///
    /// # Errors
    /// Names the field that is missing, wrong or unknown; an action that only the service itself
    /// takes has no fields and is refused by the workflow's table.
    pub fn read(action: Action, fields: Map<String, Value>) -> Result<Self, WrongField> {
        let mut body = Body::new(fields);
        let command = read_early(action, &mut body)
            .or_else(|| read_handling(action, &mut body))
            .or_else(|| read_late(action, &mut body))
            .unwrap_or_else(|| {
                let detail = "is taken by the service itself";
                Err(WrongField::new("action", detail))
            })?;
        body.finish()?;
        Ok(command)
    }

    pub fn action(&self) -> Action {
        match self {
            Self::SendToVerify { .. } => Action::SendToVerify,
            Self::Verify(_) => Action::Verify,
            Self::Reject { .. } => Action::Reject,
            Self::Merge { .. } => Action::Merge,
            Self::SettleOnSpot(_) => Action::SettleOnSpot,
            Self::ConfirmSettled => Action::ConfirmSettled,
            Self::RefuseSettled { .. } => Action::RefuseSettled,
            Self::File { .. } => Action::File,
            Self::ReturnToOperator { .. } => Action::ReturnToOperator,
            Self::AskVoid { .. } => Action::AskVoid,
            Self::ApproveVoid => Action::ApproveVoid,
            Self::RefuseVoid { .. } => Action::RefuseVoid,
            Self::Dispatch(_) => Action::Dispatch,
            Self::DispatchQuick { .. } => Action::DispatchQuick,
            Self::Redispatch { .. } => Action::Redispatch,
            Self::Deliver => Action::Deliver,
            Self::Receive => Action::Receive,
            Self::Dispute { .. } => Action::Dispute,
            Self::Uphold { .. } => Action::Uphold,
            Self::Reassign { .. } => Action::Reassign,
            Self::Escalate { .. } => Action::Escalate,
            Self::Assign { .. } => Action::Assign,
            Self::Arrive { .. } => Action::Arrive,
            Self::Guard { .. } => Action::Guard,
            Self::AskExtension { .. } => Action::AskExtension,
            Self::GrantExtension => Action::GrantExtension,
            Self::RefuseExtension { .. } => Action::RefuseExtension,
            Self::AskSuspension { .. } => Action::AskSuspension,
            Self::GrantSuspension => Action::GrantSuspension,
            Self::RefuseSuspension { .. } => Action::RefuseSuspension,
            Self::Resume { .. } => Action::Resume,
            Self::FeedBack(_) => Action::FeedBack,
            Self::SendBack { .. } => Action::SendBack,
            Self::SendToCheck { .. } => Action::SendToCheck,
            Self::FinishQuick { .. } => Action::FinishQuick,
            Self::Check(_) => Action::Check,
            Self::Approve { .. } => Action::Approve,
            Self::Rehandle { .. } => Action::Rehandle,
            Self::CloseUnqualified { .. } => Action::CloseUnqualified,
            Self::Redirect { .. } => Action::Redirect,
            Self::Recur { .. } => Action::Recur,
            Self::Supervise { .. } => Action::Supervise,
            Self::ReplySupervision { .. } => Action::ReplySupervision,
            Self::EndSupervision { .. } => Action::EndSupervision,
            Self::ForceClose { .. } => Action::ForceClose,
            Self::AppealOverdue { .. } => Action::AppealOverdue,
            Self::SupportAppeal { .. } => Action::SupportAppeal,
            Self::GrantAppeal => Action::GrantAppeal,
            Self::RefuseAppeal { .. } => Action::RefuseAppeal,
            Self::Undo => Action::Undo,
        }
    }

    /// The units it names.
    pub fn unit_ids(&self) -> Vec<i32> {
        if let Self::Dispatch(order) = self {
            return order.helpers.iter().copied().chain(order.unit).collect();
        }
        if let Self::Dispute { proposed_unit, .. } = self {
            return proposed_unit.iter().copied().collect();
        }
        if let Self::DispatchQuick { unit, .. }
        | Self::Redispatch { unit, .. }
        | Self::Reassign { unit, .. } = self
        {
            return vec![*unit];
        }
        Vec::new()
    }

    /// The people it names.
    pub fn person_ids(&self) -> Vec<i32> {
        if let Self::SendToVerify { assignee } | Self::SendToCheck { assignee } = self {
            return assignee.iter().copied().collect();
        }
        if let Self::Assign { worker } = self {
            return vec![*worker];
        }
        Vec::new()
    }

    /// The pictures it names.
    pub fn picture_ids(&self) -> &[i64] {
        if let Self::Verify(Finding { pictures, .. })
        | Self::Check(Finding { pictures, .. })
        | Self::SettleOnSpot(Deed { pictures, .. })
        | Self::FeedBack(Deed { pictures, .. })
        | Self::FinishQuick {
            deed: Deed { pictures, .. },
            ..
        }
        | Self::Dispute { pictures, .. }
        | Self::Guard { pictures } = self
        {
            return pictures;
        }
        &[]
    }

    /// The other case it names.
    pub fn other_case(&self) -> Option<CaseId> {
        if let Self::Merge { into, .. } = self {
            return Some(*into);
        }
        None
    }

    /// Whether somebody has to be drawn who goes to the place.
    pub fn draws_site_person(&self) -> bool {
        matches!(
            self,
            Self::SendToVerify { assignee: None }
                | Self::SendToCheck { assignee: None }
                | Self::FinishQuick { close: false, .. }
        )
    }
}

type Read = Option<Result<Command, WrongField>>;

/// Up to dispatch and dispute.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each reader knows its own chapter"
)]
fn read_early(action: Action, body: &mut Body) -> Read {
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
fn read_handling(action: Action, body: &mut Body) -> Read {
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
fn read_late(action: Action, body: &mut Body) -> Read {
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
    Ok(DispatchOrder {
        unit: body.optional("unit_id")?,
        helpers: body.list("helper_unit_ids")?,
        class: body.optional("class")?,
        closing: body.optional("closing")?,
        limit_s: body.optional("limit_s")?,
        reason: body.words("reason")?,
        note: body.words("note")?,
    })
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
