//! From a camera's frame to the event, measured:
//! `cargo bench --bench vision -- [pipe | latency | fleet | peers]`; without a name, all of them.
//!
//! `peers` needs what `make bench-vision` installs: the pipelines that people use today, on the same
//! networks and frames.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[path = "vision/browser.rs"]
mod browser;
#[path = "common/cpu.rs"]
mod cpu;
#[path = "vision/fleet.rs"]
mod fleet;
#[path = "common/latencies.rs"]
mod latencies;
#[path = "vision/latency.rs"]
mod latency;
#[path = "common/parts.rs"]
mod parts;
#[path = "vision/peers.rs"]
mod peers;
#[path = "vision/pipe.rs"]
mod pipe;
#[path = "vision/platform.rs"]
mod platform;
#[path = "common/stage.rs"]
mod stage;
#[path = "vision/street.rs"]
mod street;

const PARTS: &[parts::Part] = &[
    ("pipe", pipe::run),
    ("latency", latency::run),
    ("fleet", fleet::run),
    ("peers", peers::run),
];

fn main() -> anyhow::Result<()> {
    parts::run(PARTS)
}
