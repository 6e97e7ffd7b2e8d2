//! Areas that lie side by side (cells, responsibility areas) in a form made for tiles.
//!
//! Two neighbours do not hold a border each: a border is one [`Arcs`] entry that both name, and
//! every vertex of it knows the zoom from which it is drawn. Whatever the zoom, both neighbours
//! therefore have the very same vertices, and no gap and no overlap opens between them.
//!
//! `mesh` makes one net of all borders, `arcs` cuts it where borders meet, `importance` says which
//! vertices matter at which zoom, `shape` puts areas together again; `layer` finds, clips (`clip`)
//! and encodes (`encode`) what a tile shows, as `policy` says; `follow` keeps all of it as the
//! database has it.

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
mod policy;
#[cfg(test)]
mod real_tests;
mod shape;
mod store;
#[cfg(test)]
mod weight_tests;

use std::sync::LazyLock;

pub use follow::AreaTiles;
pub(super) use follow::read_once;
use layer::AreaSpec;
pub(super) use layer::{AreaLayer, MARGIN, Scratch};
use policy::AreaPolicy;

/// Areas that are drawn together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AreaSet {
    Cells,
    /// Responsibility areas.
    Areas,
}

static CELLS: LazyLock<AreaPolicy> =
    LazyLock::new(|| shipped(AreaSet::Cells, include_str!("../../../tiles/cells.toml")));
static AREAS: LazyLock<AreaPolicy> =
    LazyLock::new(|| shipped(AreaSet::Areas, include_str!("../../../tiles/areas.toml")));

fn shipped(set: AreaSet, text: &str) -> AreaPolicy {
    AreaPolicy::parse(text, set.spec().keys).expect("a test reads what is shipped")
}

impl AreaSet {
    /// What its tiles hold: `tiles/<layer>.toml`.
    fn policy(self) -> &'static AreaPolicy {
        match self {
            Self::Cells => &CELLS,
            Self::Areas => &AREAS,
        }
    }

    /// What its layers inside a tile are called and what their features carry.
    fn spec(self) -> AreaSpec {
        match self {
            Self::Cells => AreaSpec {
                shapes: "cells",
                labels: "cell_labels",
                thinned: "cell_thinned",
                keys: &["code", "name", "unit", "unit_zh", "unit_en"],
            },
            Self::Areas => AreaSpec {
                shapes: "areas",
                labels: "area_labels",
                thinned: "area_thinned",
                keys: &["name_zh", "name_en", "owner", "owner_zh", "owner_en"],
            },
        }
    }
}
