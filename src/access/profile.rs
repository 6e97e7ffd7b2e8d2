//! A person as pages show them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Role;

/// Who somebody is and what they may do now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Profile {
    pub id: i32,
    pub login: String,
    pub name: String,
    pub grants: Vec<NamedGrant>,
}

/// A role somebody has now, with the names of where.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedGrant {
    pub role: Role,
    /// Whom they act for.
    pub unit: Option<Named>,
    /// Null: the whole city.
    pub district: Option<Named>,
    /// Null: no narrower than the district.
    pub area_id: Option<i32>,
}

/// A unit or district by its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Named {
    pub id: i32,
    pub name_zh: String,
    pub name_en: String,
}
