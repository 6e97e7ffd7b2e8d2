//! Areas that lie side by side (cells, responsibility areas) in a form made for tiles.
//!
//! Two neighbours do not hold a border each: a border is one [`Arcs`] entry that both name, and
//! every vertex of it knows the zoom from which it is drawn. Whatever the zoom, both neighbours
//! therefore have the very same vertices, and no gap and no overlap opens between them.
//!
//! `mesh` makes one net of all borders, `arcs` cuts it where borders meet, `importance` says which
//! vertices matter at which zoom, `shape` puts areas together again; `layer` finds, clips (`clip`)
//! and encodes (`encode`) what a tile shows; `follow` keeps all of it as the database has it.

mod arcs;
mod clip;
mod encode;
mod follow;
mod importance;
mod layer;
mod mesh;
#[cfg(test)]
mod partition_tests;
mod place_grid;
#[cfg(test)]
mod real_tests;
mod shape;
mod store;

pub(super) use encode::Scratch;
pub use follow::AreaTiles;
pub(super) use follow::read_once;
pub(super) use layer::AreaLayer;

/// Areas that are drawn together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AreaSet {
    Cells,
    /// Responsibility areas.
    Areas,
}
