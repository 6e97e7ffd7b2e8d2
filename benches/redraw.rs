//! What redrawing costs a city of 20,000 cells, a million components and 100,000 open cases:
//! `cargo bench --bench redraw -- [publish | moments]`; without a name, all of them.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[path = "common/city.rs"]
mod city;
#[path = "common/latencies.rs"]
mod latencies;
#[path = "redraw/moments.rs"]
mod moments;
#[path = "common/parts.rs"]
mod parts;
#[path = "redraw/publish.rs"]
mod publish;
#[path = "common/stage.rs"]
mod stage;
#[path = "redraw/town_hall.rs"]
mod town_hall;

const PARTS: &[parts::Part] = &[("publish", publish::run), ("moments", moments::run)];

fn main() -> anyhow::Result<()> {
    parts::run(PARTS)
}
