//! 4. Ground → component, cell, responsible unit, and why.
//!
//! [`Territory`] answers from memory; the indexes under it are exact: coordinates are whole
//! numbers and every point has one owner. [`TerritoryWatch`] keeps it as the database has it.

mod cell_index;
mod cell_index_build;
mod component_index;
mod components;
mod edge;
mod fixed;
mod http;
mod lands;
mod layers;
mod moments;
mod placement;
mod raster;
mod redraw;
mod snapshot;
mod store;
mod stretch;
mod watch;

pub use http::routes;
pub(crate) use http::{REACH_M, known_class, territory_at};
pub use placement::{Because, Edition, PlacedCell, PlacedComponent, Placement, Rule, Unit};
pub use redraw::{Redraw, RedrawnCell};
pub use snapshot::{Cell, Component, LandsMark, Question, Spot, Territory};
pub use watch::TerritoryWatch;
