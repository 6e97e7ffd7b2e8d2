//! What is being asked or argued about while a case stays where it is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What waits for a decision while the case stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "case_request_kind", rename_all = "snake_case")]
pub enum Pending {
    /// 作废
    Void,
    /// 延期
    Extension,
    /// 挂账
    Suspension,
    /// 超时申诉
    Appeal,
}

/// Who settles a dispute (Article 15); it follows from the parties and can only be raised.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    sqlx::Type,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "dispute_level", rename_all = "snake_case")]
pub enum DisputeLevel {
    /// 属地: both parties are of one district.
    District,
    /// 市级行政主管部门: both parties are of one sector.
    Department,
    /// 市数字化城市管理中心
    City,
    /// 市城市管理委员会; what it decides is final.
    Committee,
}
