//! A city's ground, divided: cells as faces between shared borders, on a grid of millimetres.
//!
//! Gaps and overlaps cannot be written down in a [`Partition`]: it holds borders, each with what
//! lies on its left and right, and polygons follow from them. [`check`] finds by what a file of
//! cells is none, [`check_within`] by what its cells do not nest in a level above, [`repair`] makes
//! one of it and tells how; an [`Operation`] plans a [`Change`] that can be taken back;
//! [`difference`] tells which ground changed hands, and a [`Comparison`] tells it anew after every
//! change.
//!
//! Everything here is pure and exact: no IO, no clock, whole numbers, the same answer on every
//! machine. One kernel is under all of it: edges are noded (`noding`), the plane they divide is
//! read as regions (`arrangement`), and borders are read off the labelled regions (`chains`).

mod arc_index;
mod arrangement;
mod cell;
mod chains;
mod change;
mod check;
mod comparison;
mod datum;
mod defect;
mod difference;
mod draft;
mod edges;
mod follow;
mod frame;
#[cfg(feature = "geojson")]
pub mod geojson;
mod ids;
mod line;
mod locate;
mod naming;
mod near;
mod noding;
mod operation;
mod outline;
mod partition;
mod point;
mod refusal;
mod repair;
mod ring;
mod ring_faults;
mod scope;
mod seams;
mod snap;
mod squares;
mod stored;
mod subject;
mod verify;
mod within;

pub use cell::Cell;
pub use change::{Change, Descent, Edit, Stale};
pub use check::check;
pub use comparison::Comparison;
pub use datum::{bd09_from_gcj02, gcj02_from_bd09, gcj02_from_wgs84, wgs84_from_gcj02};
pub use defect::{Defect, DefectKind, Place, RingFault};
pub use difference::{Difference, Moved, common_ground, difference};
pub use frame::{Degrees, Frame};
pub use ids::{ArcId, FaceId, NextIds, NodeId, UnitId};
pub use line::Line;
pub use near::Seam;
pub use operation::{DrawnCell, Operation, Planned};
pub use partition::{Arc, Face, Ground, Partition};
pub use point::Point;
pub use refusal::{Limits, Refusal, Warning};
pub use repair::{Conflict, Repair, RepairKind, Repaired, repair};
pub use ring::Polygon;
pub use stored::NoPartition;
pub use subject::{InvalidSubject, Subject};
pub use verify::Flaw;
pub use within::check_within;
