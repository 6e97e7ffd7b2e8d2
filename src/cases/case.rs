//! A case as the map and the queue show it.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CaseState, DisputeLevel, Pending};
use crate::camera::CameraId;
use crate::catalogue::ClassCode;
use crate::clock::Stage;
use crate::territory::Unit;

/// The number people call a case by.
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
    utoipa::ToSchema,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct CaseId(pub i64);

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How the city learned of it (Article 11).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "case_source", rename_all = "snake_case")]
pub enum CaseSource {
    /// 视频监控
    Camera,
    /// 采集员
    Collector,
    /// 热线
    Hotline,
    /// 群众投诉
    Public,
    /// 媒体曝光
    Media,
    /// 部门移送
    Department,
    /// 领导交办
    Leader,
    /// 物联传感
    Sensor,
    /// 数据共享
    Exchange,
}

/// The cell a case lies in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CaseCell {
    pub id: i32,
    /// 15 digits, GB/T 30428.1.
    pub code: String,
}

/// One line of the queue, one mark on the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CaseRow {
    pub id: CaseId,
    #[schema(value_type = String, example = "M06042")]
    pub class: ClassCode,
    pub state: CaseState,
    pub source: CaseSource,
    /// Degrees, WGS 84.
    pub lon: f64,
    /// Degrees, WGS 84.
    pub lat: f64,
    pub cell: CaseCell,
    pub district_id: Option<i32>,
    pub component_id: Option<i64>,
    /// Whose spot it is; `None`: no rule names anyone for this cell and class.
    pub unit: Option<Unit>,
    /// Who has it now; `None` until it is dispatched.
    pub handling_unit: Option<Unit>,
    #[schema(value_type = Option<String>)]
    pub camera_id: Option<CameraId>,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    /// Frames it was counted in; see [`record`](super::record) for which are.
    pub sighting_count: i32,
    pub opened_at: DateTime<Utc>,
    /// Grows by one with every change.
    pub version: i32,
    /// The filing condition it was filed under.
    pub condition_id: Option<i64>,
    /// What was reported, in the reporter's words.
    pub text: String,
    /// Where, in the reporter's words.
    pub place_text: String,
    /// Article 13: on site within 2 h, repaired within 24 h.
    pub emergency: bool,
    /// 1: the city sent it to a unit, 2: the district sent it on.
    pub dispatch_level: i16,
    /// Whom the unit gave it to.
    pub worker_id: Option<i32>,
    /// Who verifies or checks it.
    pub assignee_id: Option<i32>,
    /// What waits for a decision.
    pub pending: Option<Pending>,
    /// Who settles the dispute about it.
    pub dispute_level: Option<DisputeLevel>,
    /// Of rework; 0 at first.
    pub round: i16,
    pub supervised: bool,
    /// The unit was late: judged when it feeds back.
    pub overdue: bool,
    /// `None` while it is open.
    pub ended_at: Option<DateTime<Utc>>,
    pub merged_into: Option<CaseId>,
    /// The closed case of which this is the recurrence.
    pub recurrence_of: Option<CaseId>,
    /// The clock that presses most; `None` when none runs.
    pub clock: Option<PressingClock>,
    /// Who help the unit that has it; decides who sees it.
    #[serde(skip)]
    pub helper_unit_ids: Vec<i32>,
    /// The person who reported it; decides who sees it.
    #[serde(skip)]
    pub reported_by: Option<i32>,
}

/// The clock of a case that presses most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PressingClock {
    pub stage: Stage,
    /// `None` while it is paused.
    pub due_at: Option<DateTime<Utc>>,
    /// When four fifths of its limit have gone.
    pub warn_at: Option<DateTime<Utc>>,
    pub paused: bool,
}
