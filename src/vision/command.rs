//! `cityward model …`: a model tried out without the service.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::{Detections, Model, Stages};
use crate::config::RuntimeConfig;

/// `cityward model …`
#[derive(Debug, Clone, Args)]
pub struct ModelArgs {
    #[command(subcommand)]
    command: ModelCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ModelCommand {
    /// Proves that a model is as its manifest declares: digest, tensors, classes, and the boxes on
    /// its golden picture. Ends with 1 and names what is not.
    Check {
        /// Folder with model.toml.
        folder: PathBuf,
        #[command(flatten)]
        runtime: RuntimeConfig,
        /// Prints what the model finds on its golden picture, as a manifest writes it, without
        /// proving it: for a person to look at, and then to declare.
        #[arg(long)]
        golden: bool,
    },
    /// Says how long a look takes, stage by stage, on one thread.
    Bench {
        /// Folder with model.toml.
        folder: PathBuf,
        #[command(flatten)]
        runtime: RuntimeConfig,
        /// A JPEG to look at; otherwise the golden picture.
        #[arg(long)]
        picture: Option<PathBuf>,
        /// For how long, seconds.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
        seconds: u32,
    },
}

/// Looks before it counts: buffers grow and code is paged in.
const WARM_UP: usize = 3;

/// # Errors
/// The model is not as declared, or what was found cannot be written.
pub fn run(args: &ModelArgs) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match &args.command {
        ModelCommand::Check {
            folder,
            runtime,
            golden: true,
        } => {
            let (model, mut detector) = Model::open(folder, runtime)?;
            let seen = detector.detect(&read(model.golden_picture())?)?;
            out.write_all(golden_text(&seen).as_bytes())?;
        }
        ModelCommand::Check {
            folder, runtime, ..
        } => {
            let model = Model::load(folder, runtime)?;
            writeln!(out, "{}\nIt is as declared.", model)?;
        }
        ModelCommand::Bench {
            folder,
            runtime,
            picture,
            seconds,
        } => {
            let model = Model::load(folder, runtime)?;
            let picture = picture.as_deref().unwrap_or(model.golden_picture());
            let within = Duration::from_secs((*seconds).into());
            let stages = time(&model, picture, within)?;
            writeln!(out, "{}\n{}", model, table(&stages))?;
        }
    }
    Ok(())
}

fn read(picture: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(picture).with_context(|| format!("cannot read {}", picture.display()))
}

fn golden_text(seen: &Detections) -> String {
    if seen.found.is_empty() {
        return "boxes = []\n".to_owned();
    }
    let mut text = String::new();
    for found in &seen.found {
        let sides = found.pixel_box;
        text += &format!(
            "[[golden.boxes]]\nlabel = {:?}\nconfidence = {:.3}\nleft = {:.1}\ntop = {:.1}\n\
             right = {:.1}\nbottom = {:.1}\n\n",
            found.label, found.confidence, sides.left, sides.top, sides.right, sides.bottom
        );
    }
    text
}

fn time(model: &Model, picture: &Path, within: Duration) -> anyhow::Result<Vec<Stages>> {
    let jpeg = read(picture)?;
    let mut detector = model.detector()?;
    for _ in 0..WARM_UP {
        detector.detect(&jpeg)?;
    }
    let start = Instant::now();
    let mut stages = Vec::new();
    while stages.is_empty() || start.elapsed() < within {
        detector.detect(&jpeg)?;
        stages.push(detector.stages());
    }
    Ok(stages)
}

fn table(stages: &[Stages]) -> String {
    type Part = (&'static str, fn(&Stages) -> Duration);
    let parts: [Part; 5] = [
        ("decode the JPEG, reduced", |s| s.decode),
        ("letterbox and tensor", |s| s.prepare),
        ("run the network", |s| s.run),
        ("boxes and suppression", |s| s.boxes),
        ("together", |s| s.decode + s.prepare + s.run + s.boxes),
    ];
    let mut text = format!("{:<28}{:>10}{:>10}  ms\n", "", "median", "95 %");
    let mut typical = Duration::ZERO;
    for (name, part) in parts {
        let mut spent: Vec<Duration> = stages.iter().map(part).collect();
        spent.sort_unstable();
        typical = spent[spent.len() / 2];
        let late = spent[(spent.len() * 95 / 100).min(spent.len() - 1)];
        let ms = |spent: Duration| spent.as_secs_f64() * 1e3;
        text += &format!("{name:<28}{:>10.2}{:>10.2}\n", ms(typical), ms(late));
    }
    let per_s = 1.0 / typical.as_secs_f64();
    let looks = stages.len();
    text + &format!("{looks} looks, {per_s:.1} a second on one thread")
}
