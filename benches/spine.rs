//! The figures of the spine, each beside its alternative in the same run:
//! `cargo bench --bench spine -- [locate | frames | latency]`; without a name, all of them.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[path = "common/city.rs"]
mod city;
#[path = "spine/frames.rs"]
mod frames;
#[path = "spine/latency.rs"]
mod latency;
#[path = "spine/locate.rs"]
mod locate;
#[path = "common/parts.rs"]
mod parts;

const PARTS: &[parts::Part] = &[
    ("locate", locate::run),
    ("frames", frames::run),
    ("latency", latency::run),
];

fn main() -> anyhow::Result<()> {
    parts::run(PARTS)
}
