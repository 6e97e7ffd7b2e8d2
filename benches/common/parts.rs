//! A bench in parts, which can be asked for by name.

/// One part: what it is called and what measures it.
pub(crate) type Part = (&'static str, fn() -> anyhow::Result<()>);

/// Measures the parts that are named on the command line, or all of them.
pub(crate) fn run(parts: &[Part]) -> anyhow::Result<()> {
    // cargo itself adds --bench
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    for name in &asked {
        let known = parts.iter().any(|(part, _)| part == name);
        anyhow::ensure!(known, "there is no part {name}");
    }
    for (name, run) in parts {
        if asked.is_empty() || asked.iter().any(|asked| asked == name) {
            println!("\n## {name}");
            run()?;
        }
    }
    Ok(())
}
