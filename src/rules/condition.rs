//! What has to be so for a case to be filed, and what then applies. Article 12.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::seconds;
use crate::catalogue::ClassCode;
use crate::clock::CalendarKind;

/// A rule set; a case keeps the one it was opened under.
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
#[serde(transparent)]
#[sqlx(transparent)]
pub struct RuleSetId(pub i32);

/// A filing condition of one rule set; its successor in the next set has another id.
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
#[serde(transparent)]
#[sqlx(transparent)]
pub struct ConditionId(pub i64);

/// A filing condition (立案条件). The limit hangs on it, not on the class: a missing cover and a
/// rattling one are one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Condition {
    pub id: ConditionId,
    pub class: ClassCode,
    /// Within the class, as people cite it.
    pub number: i16,
    pub text_zh: String,
    pub text_en: String,
    /// What the limit is counted in.
    pub calendar: CalendarKind,
    /// For handling, in seconds of that calendar: a working day is 8 h, a continuous one 24 h.
    #[serde(rename = "limit_s", with = "seconds")]
    #[schema(value_type = i32)]
    pub limit: TimeDelta,
    /// What has to be so before the case is closed (结案条件); at least one.
    pub closing: Vec<Closing>,
    /// Article 13: whoever gets it has to be on site, guard and repair by the policy's limits,
    /// counted day and night from the receipt of the notice.
    pub emergency: bool,
    /// Where it was taken from.
    pub source: String,
    /// How well it is attested: `seen` there, `read so` by us, or `proposed`.
    pub mark: String,
}

/// One closing condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Closing {
    pub zh: String,
    pub en: String,
}
