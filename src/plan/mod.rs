//! Redrawing: planners change whose ground it is, and nothing falls between two cells.
//!
//! A [`Plan`] begins on the published [`ground`] and is changed step by step, each an operation of
//! `cityward_partition`; the ground of a plan is its base with the steps in effect ([`working`]).
//! What it would mean is shown before ([`impact`]); somebody else approves it; from its date on it is in force ([`publish`](mod@publish)), in one transaction that ends rows and writes others and changes
//! nothing of the past; what an edition [`moved`] can be asked for good. GB/T 30428.1: a cell is never edited in place.

mod drawn;
mod duty;
mod file;
mod finding;
mod ground;
mod http;
mod impact;
mod moved;
mod outcome;
mod publish;
mod reconcile;
mod scheduled;
mod store;
mod working;

use chrono::{DateTime, Utc};
use cityward_partition::{Operation, Warning};
use serde::Serialize;
use utoipa::ToSchema;

pub use file::{GridExportArgs, run as export_cells};
pub use ground::Grounds;
pub use http::routes;
pub(crate) use http::{CellEdit, CellOwner, propose};
pub(crate) use publish::run as publish;
pub use scheduled::Scheduled;
pub use working::Workings;

use working::Revision;

/// How far a plan has come.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, sqlx::Type, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "plan_state", rename_all = "snake_case")]
pub(crate) enum PlanState {
    /// Written in; the only state in which it is.
    Draft,
    /// Waits for somebody else's approval.
    Submitted,
    /// Waits for its date.
    Approved,
    InForce,
    Withdrawn,
}

/// A person by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
struct Somebody {
    id: i32,
    name: String,
}

/// The ground a plan begins on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct Base {
    edition_id: i32,
    /// The published ground of this moment.
    at: DateTime<Utc>,
}

/// Changes of cells and owners that are not published yet, or were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Plan {
    pub(crate) id: i32,
    title: String,
    reason: String,
    state: PlanState,
    /// One more with every change of it.
    pub(crate) version: i32,
    base: Base,
    /// Other ground was published since.
    base_moved: bool,
    author: Somebody,
    /// Whoever wrote any of it; none of them approves it.
    #[serde(skip)]
    authors: Vec<i32>,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    changed_by: Somebody,
    /// In effect.
    steps: i64,
    submitted_at: Option<DateTime<Utc>>,
    approved_by: Option<Somebody>,
    approved_at: Option<DateTime<Utc>>,
    in_force_from: Option<DateTime<Utc>>,
    /// The edition it becomes or became.
    edition_id: Option<i32>,
    /// Why it was rejected or withdrawn last.
    decision: Option<String>,
}

impl Plan {
    /// What was submitted or approved is written in again.
    fn back_to_draft(&mut self, why: &str) {
        self.state = PlanState::Draft;
        self.decision = Some(why.to_owned());
        self.submitted_at = None;
        self.approved_by = None;
        self.approved_at = None;
        self.in_force_from = None;
        self.edition_id = None;
    }

    fn revision(&self) -> Revision {
        Revision {
            version: self.version,
            changed_at: self.changed_at,
        }
    }
}

/// Whether a step is in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "plan_step_state", rename_all = "snake_case")]
enum StepState {
    Done,
    /// Taken back; can be done again.
    Undone,
    /// Taken back, and something else done instead.
    Dropped,
}

/// One operation of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct Step {
    seq: i32,
    /// Without the borders that a file drew.
    #[schema(value_type = Object)]
    operation: Operation,
    reason: String,
    by: Somebody,
    at: DateTime<Utc>,
    state: StepState,
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<Warning>,
}
