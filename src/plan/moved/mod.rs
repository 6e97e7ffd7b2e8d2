//! What an edition moved: which ground went from which cell to which, and the components and cases
//! on it. Article 3.
//!
//! Read off the rows the edition wrote and ended, so that it can be asked of any edition, for good.

mod http;
mod sheet;
mod store;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) use http::routes;

/// What can move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Cells,
    Components,
    Cases,
}

/// One thing that has another cell than before, or another unit.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema, sqlx::FromRow)]
pub(super) struct Moved {
    /// Place in the list, from 1.
    nth: i64,
    /// Of the component or case; of ground none.
    id: Option<i64>,
    /// Of ground: the class or group that another unit answers for there; null: whatever has no rule of
    /// its own.
    class: Option<String>,
    /// 15 digits, GB/T 30428.1; null: nobody's ground.
    from_cell: Option<String>,
    to_cell: Option<String>,
    /// Ids of units; null: nobody answered.
    from_unit: Option<i32>,
    to_unit: Option<i32>,
    /// Of ground: how much, square metres.
    area_m2: Option<f64>,
}
