//! The figures of the spine, each beside its alternative in the same run:
//! `cargo bench --bench spine -- [locate | frames | latency]`; without a name, all of them.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[path = "spine/frames.rs"]
mod frames;
#[path = "spine/latency.rs"]
mod latency;
#[path = "spine/locate.rs"]
mod locate;

/// One part: what it is called and what measures it.
type Part = (&'static str, fn() -> anyhow::Result<()>);

const PARTS: &[Part] = &[
    ("locate", locate::run),
    ("frames", frames::run),
    ("latency", latency::run),
];

fn main() -> anyhow::Result<()> {
    // cargo itself adds --bench
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    for name in &asked {
        let known = PARTS.iter().any(|(part, _)| part == name);
        anyhow::ensure!(known, "there is no part {name}");
    }
    for (name, run) in PARTS {
        if asked.is_empty() || asked.iter().any(|asked| asked == name) {
            println!("\n## {name}");
            run()?;
        }
    }
    Ok(())
}
