//! Tiles side by side with Martin, on one machine, one PostGIS and one dataset:
//! `cargo bench --bench tiles -- [memory | peer | own | kept | freshness]`; without a name, all of them.
//!
//! A million clustered components with an id and seven attributes, 20,000 cells. The load comes
//! from wrk, 16 connections, random tiles that are not empty. Server, database and load share the
//! machine, so the first figure is the CPU time that server and database spend on a tile. Before any
//! speed is measured both must return the same features.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[path = "common/app.rs"]
mod app;
#[path = "tiles/cluster.rs"]
mod cluster;
#[path = "common/cpu.rs"]
mod cpu;
#[path = "tiles/data.rs"]
mod data;
#[path = "tiles/floor.rs"]
mod floor;
#[path = "tiles/freshness.rs"]
mod freshness;
#[path = "tiles/load.rs"]
mod load;
#[path = "tiles/martin.rs"]
mod martin;
#[path = "tiles/memory.rs"]
mod memory;
#[path = "common/parts.rs"]
mod parts;
#[path = "tiles/peer.rs"]
mod peer;
#[path = "tiles/same.rs"]
mod same;
#[path = "common/stage.rs"]
mod stage;
#[path = "tiles/visitor.rs"]
mod visitor;

const PARTS: &[parts::Part] = &[
    ("memory", memory::run),
    ("peer", peer::run),
    ("own", peer::run_own),
    ("kept", peer::run_kept),
    ("freshness", freshness::run),
];

fn main() -> anyhow::Result<()> {
    parts::run(PARTS)
}
