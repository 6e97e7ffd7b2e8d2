//! The figures of the workflow, on one machine together with its embedded database:
//! `cargo bench --bench whose_move -- [rules | queue | actions]`; without a name, all of them.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[path = "whose_move/actions.rs"]
mod actions;
#[path = "whose_move/latencies.rs"]
mod latencies;
#[path = "whose_move/queue.rs"]
mod queue;
#[path = "whose_move/rules.rs"]
mod rules;
#[path = "whose_move/stage.rs"]
mod stage;

/// One part: what it is called and what measures it.
type Part = (&'static str, fn() -> anyhow::Result<()>);

const PARTS: &[Part] = &[
    ("rules", rules::run),
    ("queue", queue::run),
    ("actions", actions::run),
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
