//! What can be done to a case, by people or by the city itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One kind of entry in a case's history. Which of them is possible when and for whom is
/// [`crate::workflow`]'s table.
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
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Action {
    /// Registered: by a camera, a person or another system (上报).
    Opened,
    /// A camera saw it again.
    SeenAgain,
    /// A camera does not see it any more; a note for whoever checks.
    SeenGone,
    /// 发核实
    SendToVerify,
    /// 核实反馈
    Verify,
    /// 不予受理
    Reject,
    /// 并案
    Merge,
    /// 自处置
    SettleOnSpot,
    /// 自处置审核通过
    ConfirmSettled,
    /// 自处置审核退回
    RefuseSettled,
    /// 立案
    File,
    /// 回退受理员
    ReturnToOperator,
    /// 申请作废
    AskVoid,
    /// 批准作废
    ApproveVoid,
    /// 驳回作废
    RefuseVoid,
    /// 派遣
    Dispatch,
    /// 快速处置
    DispatchQuick,
    /// 再次派遣
    Redispatch,
    /// 送达: the notice reached the unit's device; Article 13 counts from it.
    Deliver,
    /// 接收
    Receive,
    /// 内部指派
    Assign,
    /// 责任异议
    Dispute,
    /// 维持
    Uphold,
    /// 改派
    Reassign,
    /// 上报城管委
    Escalate,
    /// 到场
    Arrive,
    /// 设防排险
    Guard,
    /// 申请延期
    AskExtension,
    /// 同意延期
    GrantExtension,
    /// 驳回延期
    RefuseExtension,
    /// 申请挂账
    AskSuspension,
    /// 同意挂账
    GrantSuspension,
    /// 驳回挂账
    RefuseSuspension,
    /// 恢复
    Resume,
    /// 反馈
    FeedBack,
    /// 打回
    SendBack,
    /// 发核查
    SendToCheck,
    /// 快速处置完成
    FinishQuick,
    /// 核查反馈
    Check,
    /// 准予结案
    Approve,
    /// 再次处置
    Rehandle,
    /// 不合格办结
    CloseUnqualified,
    /// 重新派遣
    Redirect,
    /// 复发: a new case linked to the closed one
    Recur,
    /// 督办
    Supervise,
    /// 督办回复
    ReplySupervision,
    /// 解除督办
    EndSupervision,
    /// 强制结案
    ForceClose,
    /// 超时申诉
    AppealOverdue,
    /// 派遣员支持申诉
    SupportAppeal,
    /// 申诉成立
    GrantAppeal,
    /// 申诉驳回
    RefuseAppeal,
    /// 撤回: the last step of the same person, before anybody else acted
    Undo,
    /// 网格调整: a new edition of cells and responsibilities is in force where it is.
    Rehome,
    /// 责任单位终止: the unit it was for is no more; the rules say whose it is now.
    UnitEnded,
    /// 收回: from a unit that is no more, to be dispatched anew.
    TakeBack,
    /// A clock passed 80 % of its limit.
    Warned,
    /// A clock passed its limit.
    Breached,
    /// The superior was told.
    Escalated,
}

impl Action {
    /// Every action, in the order of a case's life.
    pub const ALL: [Self; 59] = [
        Self::Opened,
        Self::SeenAgain,
        Self::SeenGone,
        Self::SendToVerify,
        Self::Verify,
        Self::Reject,
        Self::Merge,
        Self::SettleOnSpot,
        Self::ConfirmSettled,
        Self::RefuseSettled,
        Self::File,
        Self::ReturnToOperator,
        Self::AskVoid,
        Self::ApproveVoid,
        Self::RefuseVoid,
        Self::Dispatch,
        Self::DispatchQuick,
        Self::Redispatch,
        Self::Deliver,
        Self::Receive,
        Self::Assign,
        Self::Dispute,
        Self::Uphold,
        Self::Reassign,
        Self::Escalate,
        Self::Arrive,
        Self::Guard,
        Self::AskExtension,
        Self::GrantExtension,
        Self::RefuseExtension,
        Self::AskSuspension,
        Self::GrantSuspension,
        Self::RefuseSuspension,
        Self::Resume,
        Self::FeedBack,
        Self::SendBack,
        Self::SendToCheck,
        Self::FinishQuick,
        Self::Check,
        Self::Approve,
        Self::Rehandle,
        Self::CloseUnqualified,
        Self::Redirect,
        Self::Recur,
        Self::Supervise,
        Self::ReplySupervision,
        Self::EndSupervision,
        Self::ForceClose,
        Self::AppealOverdue,
        Self::SupportAppeal,
        Self::GrantAppeal,
        Self::RefuseAppeal,
        Self::Undo,
        Self::Rehome,
        Self::UnitEnded,
        Self::TakeBack,
        Self::Warned,
        Self::Breached,
        Self::Escalated,
    ];
}
