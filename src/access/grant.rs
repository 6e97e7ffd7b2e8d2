//! The rights of one person at one moment.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Role;

/// A role a person has now: for a unit, in a district and an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    pub role: Role,
    /// Whom they act for.
    pub unit_id: Option<i32>,
    /// `None`: the whole city.
    pub district_id: Option<i32>,
    /// `None`: no narrower than the district.
    pub area_id: Option<i32>,
}
