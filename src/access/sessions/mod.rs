//! Where people are signed in: seen and ended by themselves and by administrators.

mod http;
pub(super) mod store;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub use http::routes;

/// A place somebody is signed in at.
#[derive(Debug, Serialize, sqlx::FromRow, ToSchema)]
pub(super) struct SessionRow {
    #[serde(rename = "id")]
    pub session_id: i64,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// `password` or `oidc`.
    pub method: String,
    /// What the browser calls itself.
    pub user_agent: String,
    /// Whether it is the session that asks.
    pub current: bool,
}
