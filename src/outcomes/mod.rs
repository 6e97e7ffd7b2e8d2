//! What the checks found of each unit's work, for whoever evaluates it. Article 14: every number can
//! be looked into, down to its cases.

mod http;
mod store;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::territory::Unit;

pub use http::routes;

/// What a check led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
enum Outcome {
    /// Closed as done.
    Approve,
    /// The unit had to do it again.
    Rehandle,
    /// Closed, and counted against the unit.
    CloseUnqualified,
    /// Taken from the unit and given to another.
    Redirect,
}

/// How many cases of a unit had each outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct UnitOutcomes {
    unit: Unit,
    approve: i64,
    rehandle: i64,
    close_unqualified: i64,
    redirect: i64,
}
