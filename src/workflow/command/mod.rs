//! What is asked of a case: an action with its fields.

mod body;
mod field;
mod read;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use self::body::Body;
pub use self::body::WrongField;
pub(super) use self::field::proof_photos_min;
pub use self::field::{Field, FieldChoice, FieldKind, fields};
use self::read::{read_early, read_handling, read_late};
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

/// How a unit received the notice that a case is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Receipt {
    /// A person of the unit had the page open.
    Page { person_id: i32 },
    /// The unit's own system took it.
    Webhook { webhook_id: i32 },
}

/// A notice that reached its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    pub unit_id: i32,
    /// When the case was given to the unit: a notice of an earlier time says nothing of this one.
    pub sent_at: DateTime<Utc>,
    pub receipt: Receipt,
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
    /// The unit it was for has ended.
    Reroute,
    /// The unit that has it has ended.
    TakeBack,
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
    Deliver(Delivery),
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
            Self::Reroute => Action::UnitEnded,
            Self::TakeBack => Action::TakeBack,
            Self::AskVoid { .. } => Action::AskVoid,
            Self::ApproveVoid => Action::ApproveVoid,
            Self::RefuseVoid { .. } => Action::RefuseVoid,
            Self::Dispatch(_) => Action::Dispatch,
            Self::DispatchQuick { .. } => Action::DispatchQuick,
            Self::Redispatch { .. } => Action::Redispatch,
            Self::Deliver(_) => Action::Deliver,
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
