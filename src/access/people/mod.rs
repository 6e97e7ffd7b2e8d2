//! People and their roles, kept by administrators.

mod http;
mod store;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use http::routes;

use super::{Named, Role};

/// A person as an administrator sees them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonRow {
    pub id: i32,
    pub login: String,
    pub name: String,
    /// Since when they may not sign in; null: they may.
    pub disabled_at: Option<DateTime<Utc>>,
    /// What the organisation's own provider calls them; null: they may not sign in there.
    pub oidc_login: Option<String>,
    /// Whether they have signed in through the organisation's own provider.
    pub oidc_linked: bool,
    /// Roles of today and later.
    pub grants: Vec<DatedGrant>,
}

/// A role with its dates.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct DatedGrant {
    pub id: i32,
    pub role: Role,
    pub unit: Option<Named>,
    pub district: Option<Named>,
    pub area_id: Option<i32>,
    pub from: DateTime<Utc>,
    /// Null: until further notice.
    pub to: Option<DateTime<Utc>>,
}
