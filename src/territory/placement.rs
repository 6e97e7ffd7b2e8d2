//! The answer to "whose spot is this?", with its reasons.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalogue::ClassCode;

/// Whose spot a point is: its cell, the component it was pinned to, the responsible unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Placement {
    pub cell: PlacedCell,
    /// The component the find was pinned to; none when no fitting one is within reach.
    pub component: Option<PlacedComponent>,
    /// The responsible unit; none when no rule names one.
    pub unit: Option<Unit>,
    pub because: Because,
}

/// The unit grid cell (单元网格) a point lies in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlacedCell {
    pub id: i32,
    /// 15 digits, GB/T 30428.1.
    pub code: String,
    pub name: String,
}

/// A component (部件) and how far from the point it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlacedComponent {
    pub id: i64,
    pub class: ClassCode,
    pub code: Option<String>,
    pub name: String,
    pub distance_m: f64,
}

/// A responsible unit (责任单位).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unit {
    pub id: i32,
    pub name_zh: String,
    pub name_en: String,
}

/// Which rule named the unit. The most specific one that exists decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The component has a maintenance unit (养护单位).
    ComponentMaintenance,
    /// The component has no maintenance unit but an owner (权属单位).
    ComponentOwner,
    /// The cell has a rule for this class.
    CellClass,
    /// The cell has no rule for this class but for its group.
    CellGroup,
    /// The cell has a rule neither for this class nor for its group but a default.
    CellDefault,
    /// Nobody is named: a gap somebody has to fill.
    #[serde(rename = "none")]
    Nobody,
}

/// Why a unit is responsible: enough to defend the answer later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Because {
    pub rule: Rule,
    /// The edition that holds the rule; for a component's own units, the cell's edition.
    pub edition: Edition,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsibility_id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_id: Option<i64>,
    /// From the point to that component, metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<f64>,
    pub cell_code: String,
    /// The class that was asked for.
    pub class: ClassCode,
    /// From the point to the nearest other cell, metres; none when farther than a kilometre.
    pub border_m: Option<f64>,
}

/// A publication of cells and responsibilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Edition {
    pub id: i32,
    pub note: String,
    pub published_at: DateTime<Utc>,
}
