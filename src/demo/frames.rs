//! Labelled pictures of invented streets, for training a detector. Needs no database.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::cli::FramesArgs;
use super::invent;
use super::render::render;
use super::truth::TrueBox;

/// Lower than this, in pixels of a picture 360 high, nothing is labelled.
const LABEL_PX_MIN: f32 = 8.0;
/// A thing of which less can be seen is not labelled.
const LABEL_VISIBLE_MIN: f32 = 0.4;

/// One line of `labels.jsonl`.
#[derive(Serialize)]
struct LabelLine {
    file: String,
    width: u32,
    height: u32,
    boxes: Vec<TrueBox>,
}

/// Writes the pictures and their labels; with `split` into `train` and `valid`, one in eleven to
/// `valid`.
pub fn write(args: &FramesArgs) -> anyhow::Result<()> {
    ensure!(args.width >= 64, "--width must be at least 64");
    if args.split {
        let valid = (args.count / 11).max(1);
        write_folder(args, &args.out.join("train"), 0..args.count - valid)?;
        write_folder(
            args,
            &args.out.join("valid"),
            args.count - valid..args.count,
        )
    } else {
        write_folder(args, &args.out, 0..args.count)
    }
}

fn write_folder(
    args: &FramesArgs,
    folder: &Path,
    numbers: std::ops::Range<u32>,
) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    let lines: Vec<LabelLine> = numbers
        .into_par_iter()
        .map(|number| write_one(args, folder, number))
        .collect::<anyhow::Result<_>>()?;
    let mut labels = BufWriter::new(File::create(folder.join("labels.jsonl"))?);
    for line in &lines {
        serde_json::to_writer(&mut labels, line)?;
        labels.write_all(b"\n")?;
    }
    labels.flush().context("write labels.jsonl")
}

fn write_one(args: &FramesArgs, folder: &Path, number: u32) -> anyhow::Result<LabelLine> {
    // each picture has a stream of its own, so that any number of threads makes the same pictures
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    rng.set_stream(u64::from(number));
    let (scene, camera) = invent::scene(&mut rng, (args.width, args.width * 9 / 16));
    let picture = render(&scene, &camera, true).context("a picture needs pixels")?;
    let file = format!("{number:06}.jpg");
    fs::write(folder.join(&file), picture.jpeg()?).with_context(|| format!("write {file}"))?;
    Ok(LabelLine {
        file,
        width: picture.width,
        height: picture.height,
        boxes: worth_a_label(picture.truth, picture.height),
    })
}

/// Leaves out what is too small or too hidden to be learned from.
fn worth_a_label(boxes: Vec<TrueBox>, height: u32) -> Vec<TrueBox> {
    let least_px = LABEL_PX_MIN * height as f32 / 360.0;
    boxes
        .into_iter()
        .filter(|found| found.bottom - found.top >= least_px && found.visible >= LABEL_VISIBLE_MIN)
        .collect()
}
