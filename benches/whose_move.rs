//! The figures of the workflow, on one machine together with its embedded database:
//! `cargo bench --bench whose_move -- [rules | queue | actions]`; without a name, all of them.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[path = "whose_move/actions.rs"]
mod actions;
#[path = "common/app.rs"]
mod app;
#[path = "common/city.rs"]
mod city;
#[path = "common/latencies.rs"]
mod latencies;
#[path = "common/parts.rs"]
mod parts;
#[path = "whose_move/queue.rs"]
mod queue;
#[path = "whose_move/rules.rs"]
mod rules;
#[path = "common/stage.rs"]
mod stage;

const PARTS: &[parts::Part] = &[
    ("rules", rules::run),
    ("queue", queue::run),
    ("actions", actions::run),
];

fn main() -> anyhow::Result<()> {
    parts::run(PARTS)
}
