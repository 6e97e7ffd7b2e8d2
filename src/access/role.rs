//! What a person may be.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A role (岗位). A person has roles for a unit, in a district and an area, for a time.
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
#[sqlx(type_name = "role", rename_all = "snake_case")]
pub enum Role {
    /// 信息采集员: finds and reports problems, verifies and checks on site.
    Collector,
    /// 受理员: takes in, files, sends to verification and check, closes.
    Operator,
    /// 值班长: files and closes, approves voiding, closes as unqualified.
    DutyChief,
    /// 派遣员: sends cases to units, decides extensions and suspensions.
    Dispatcher,
    /// Head of a responsible unit's desk: receives, assigns, disputes, asks, feeds back.
    UnitManager,
    /// 处置人员: handles what is assigned to them.
    UnitWorker,
    /// District's dispatcher: sends on inside the district, Article 10.
    DistrictDispatcher,
    /// 核查员: checks what others handled.
    Checker,
    /// Redraws cells and responsibilities.
    Planner,
    /// Answers for data and personal information, Article 5.
    DataOfficer,
    /// 考核员: evaluates.
    Evaluator,
    /// 领导: supervises and closes by force.
    Leader,
    /// 城管委: decides escalated disputes, Articles 3 and 15.
    Committee,
    /// Keeps people, units and rules.
    Administrator,
    /// Proves that the record is whole; changes nothing.
    Auditor,
}

impl Role {
    /// Every role, in the order in which pages list them.
    pub const ALL: [Self; 15] = [
        Self::Collector,
        Self::Operator,
        Self::DutyChief,
        Self::Dispatcher,
        Self::UnitManager,
        Self::UnitWorker,
        Self::DistrictDispatcher,
        Self::Checker,
        Self::Planner,
        Self::DataOfficer,
        Self::Evaluator,
        Self::Leader,
        Self::Committee,
        Self::Administrator,
        Self::Auditor,
    ];
}
