//! Whose a spot is, beside asking PostGIS in the same run: `cargo bench --bench spine`.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[path = "common/city.rs"]
mod city;
#[path = "spine/locate.rs"]
mod locate;
#[path = "common/parts.rs"]
mod parts;

const PARTS: &[parts::Part] = &[("locate", locate::run)];

fn main() -> anyhow::Result<()> {
    parts::run(PARTS)
}
