//! How far a case has come.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A case is in exactly one of these; `docs/workflow.md` is printed from what leads to what.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    sqlx::Type,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "case_state", rename_all = "snake_case")]
pub enum CaseState {
    /// 已上报: told of by a source; nobody has judged it yet.
    Reported,
    /// 核实中: a collector looks whether it is so.
    Verifying,
    /// 不立案, an end.
    Rejected,
    /// 已并案 into another case, an end.
    Merged,
    /// 自处置: settled on the spot by whoever found it; waits for review.
    SelfHandled,
    /// 已立案, waits for dispatch.
    Filed,
    /// 作废, an end.
    Voided,
    /// 待接收: sent to a unit that has not received it.
    Dispatched,
    /// 快速处置中, Article 16.
    Quick,
    /// 争议协调, Article 15.
    Disputed,
    /// 处置中
    Handling,
    /// 挂账: cannot be done now; resumes on a date.
    Suspended,
    /// 待审核: the unit says it is done.
    Handled,
    /// 核查中, Article 14.
    Checking,
    /// 待结案
    Checked,
    /// 已结案, an end.
    Closed,
    /// 不合格办结, an end that counts against the unit.
    ClosedUnqualified,
    /// 强制结案, an end that is counted apart.
    ClosedForced,
}

impl CaseState {
    pub const ALL: [Self; 18] = [
        Self::Reported,
        Self::Verifying,
        Self::Rejected,
        Self::Merged,
        Self::SelfHandled,
        Self::Filed,
        Self::Voided,
        Self::Dispatched,
        Self::Quick,
        Self::Disputed,
        Self::Handling,
        Self::Suspended,
        Self::Handled,
        Self::Checking,
        Self::Checked,
        Self::Closed,
        Self::ClosedUnqualified,
        Self::ClosedForced,
    ];

    /// Whether somebody still has to do something.
    pub fn is_open(self) -> bool {
        !matches!(
            self,
            Self::Rejected
                | Self::Merged
                | Self::Voided
                | Self::Closed
                | Self::ClosedUnqualified
                | Self::ClosedForced
        )
    }
}
