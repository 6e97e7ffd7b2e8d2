//! 4. Ground → component, cell, responsible unit, and why.

mod placement;

pub use placement::{Because, Edition, PlacedCell, PlacedComponent, Placement, Rule, Unit};
