//! The same networks and frames through our pipe, through the pipeline of Ultralytics, and prepared
//! as Frigate prepares frames. What counts is CPU time: who needs less of it does more on the same
//! machine. The networks have random weights: what they find is nothing, what they cost is real.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use cityward::vision::{Model, Picture};
use serde::Deserialize;

use crate::cpu;
use crate::pipe::{pictures, random_network, runtime};

const ROUNDS: usize = 12;
const GOAL: f64 = 2.0;

/// What one of them has spent.
#[derive(Deserialize)]
struct Spent {
    frames: u32,
    cpu_s: f64,
}

impl Spent {
    fn per_cpu_s(&self) -> f64 {
        f64::from(self.frames) / self.cpu_s
    }
}

pub(crate) fn run() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let frames = pictures(1920)?;
    for (number, jpeg) in frames.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{number:03}.jpg")), jpeg)?;
    }
    println!("1920 x 1080 JPEG, frames per CPU second, one core for each\n");
    println!("| network | ours | Ultralytics | ratio | as Frigate prepares | ratio |");
    println!("|---|---:|---:|---:|---:|---:|");
    for size in ["320x192", "640x384"] {
        let network = networks()?.join(format!("yolo11n-{size}.onnx"));
        let ours = ours(&network, &frames)?;
        let others = [
            peer("ultralytics", &network, folder.path())?,
            peer("frigate", &network, folder.path())?,
        ];
        let [ultralytics, frigate] = others.map(|spent| spent.per_cpu_s());
        let ours = ours.per_cpu_s();
        println!(
            "| yolo11n {size} | {ours:.1} | {ultralytics:.1} | {:.2}x (goal {GOAL}x: {}) | \
             {frigate:.1} | {:.2}x |",
            ours / ultralytics,
            if ours >= GOAL * ultralytics {
                "met"
            } else {
                "missed"
            },
            ours / frigate,
        );
    }
    Ok(())
}

/// Where `make bench-vision` puts what it installs.
pub(crate) fn networks() -> anyhow::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/vision-peers");
    ensure!(
        folder.join("yolo11n-320x192.onnx").exists(),
        "the peers are not installed: `make bench-vision` does it"
    );
    Ok(folder)
}

fn ours(network: &Path, frames: &[Vec<u8>]) -> anyhow::Result<Spent> {
    let folder = random_network(network)?;
    let mut detector = Model::load(folder.path(), &runtime())?.detector()?;
    let mut picture = Picture::default();
    let me = std::process::id();
    let mut began = cpu::of_process(me)?;
    for round in 0..=ROUNDS {
        if round == 1 {
            began = cpu::of_process(me)?; // buffers have grown and code is paged in
        }
        for jpeg in frames {
            picture.renew();
            detector.detect_in(jpeg, &mut picture)?;
        }
    }
    Ok(Spent {
        frames: u32::try_from(ROUNDS * frames.len())?,
        cpu_s: (cpu::of_process(me)? - began).as_secs_f64(),
    })
}

/// Runs on one core, so that no thread of theirs spins beside the one that works.
fn peer(name: &str, network: &Path, frames: &Path) -> anyhow::Result<Spent> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("taskset")
        .args(["-c", "0"])
        .arg(networks()?.join("venv/bin/python"))
        .arg(root.join("benches/vision/peer.py"))
        .arg(name)
        .args([network, frames])
        .args([ROUNDS.to_string()])
        .output()
        .context("cannot run the peer")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name}: {said}{complaint}");
    let line = said.lines().last().context("it says nothing")?;
    Ok(serde_json::from_str(line)?)
}
