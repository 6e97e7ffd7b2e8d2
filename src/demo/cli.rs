//! What `cityward demo` and `cityward demo-frames` can be told.

use std::path::PathBuf;

use clap::Args;

/// Build the demo city and push the frames of its cameras.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Which demo city: the same seed builds the same one.
    #[arg(long, env = "CITYWARD_DEMO_SEED", default_value_t = 1)]
    pub seed: u64,

    /// Seconds between two frames of one demo camera.
    #[arg(long, env = "CITYWARD_DEMO_PERIOD_S", default_value_t = 2.0)]
    pub period_s: f64,
}

/// Write labelled pictures of invented streets for training.
#[derive(Debug, Clone, Args)]
pub struct FramesArgs {
    /// Folder the pictures and labels.jsonl are written to.
    #[arg(long)]
    pub out: PathBuf,

    /// How many pictures.
    #[arg(long, default_value_t = 1000)]
    pub count: u32,

    /// The same seed writes the same pictures.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Width of the pictures, pixels; they are 16:9.
    #[arg(long, default_value_t = 1280)]
    pub width: u32,

    /// Make two folders, `train` and `valid`, with one picture in eleven in `valid`.
    #[arg(long)]
    pub split: bool,
}
