//! Frames per second and core through the whole pipe, stage by stage. Decoding the JPEG and running
//! the model are the floor; everything else together should be less than 5 % of the time. Of two
//! networks of usual size it is said, too, what the pipe costs beside the network alone.

use std::fs;
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use cityward::camera::jpeg::probe;
use cityward::config::{DataConfig, ExecutionProvider, RuntimeConfig};
use cityward::database::{self, Mode};
use cityward::demo::{self, City, FramesArgs};
use cityward::ground::{Calibration, ControlPair};
use cityward::space::GroundPoint;
use cityward::territory::Territory;
use cityward::vision::{Detections, Detector, Model};
use sha2::{Digest as _, Sha256};

use crate::peers::networks;

const PICTURES: u32 = 24;
const ROUNDS: usize = 10;
const RUN: &str = "run the model";

/// Time of one stage in every frame.
struct Stage {
    name: &'static str,
    /// Whether it is of the floor that any pipe would pay.
    floor: bool,
    spent: Vec<Duration>,
}

impl Stage {
    fn new(name: &'static str, floor: bool) -> Self {
        Self {
            name,
            floor,
            spent: Vec::new(),
        }
    }

    /// The median: a neighbour on the same core disturbs some frames, not most.
    fn typical(&mut self) -> Duration {
        self.spent.sort_unstable();
        self.spent[self.spent.len() / 2]
    }
}

/// In the middle of the demo city.
const MIDDLE: GroundPoint = GroundPoint {
    lon: 119.92,
    lat: 32.45,
};

/// Networks whose cost is real and whose weights are random, and what the pipe may cost beside each,
/// in parts of it.
const USUAL: [(&str, f64); 2] = [("320x192", 0.35), ("640x384", 0.12)];
const BINS_PER_S: f64 = 45.0;

pub(crate) fn run() -> anyhow::Result<()> {
    let asynchronous = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let territory = asynchronous.block_on(demo_territory())?;
    for (folder, width) in [
        ("models/street-events", 1280),
        ("models/street-events", 1920),
        ("models/bins", 1920),
    ] {
        let measured = through(Path::new(folder), width, &territory)?;
        if folder == "models/bins" {
            let per_s = measured.per_s();
            println!(
                "    goal: at least {BINS_PER_S} frames/s per core, {}",
                met(per_s >= BINS_PER_S)
            );
        }
    }
    for (size, goal) in USUAL {
        let network = networks()?.join(format!("yolo11n-{size}.onnx"));
        let folder = random_network(&network)?;
        let measured = through(folder.path(), 1920, &territory)?;
        let beside = |stages: Duration| stages.as_secs_f64() / measured.run.as_secs_f64();
        let (all, ours) = (beside(measured.all - measured.run), beside(measured.ours));
        println!(
            "    beside the network alone: {:.1} % with decoding, {:.1} % without (goal for both: {} %, \
             {} / {})",
            100.0 * all,
            100.0 * ours,
            100.0 * goal,
            met(all <= goal),
            met(ours <= goal),
        );
    }
    Ok(())
}

fn met(is: bool) -> &'static str {
    if is { "met" } else { "missed" }
}

/// What a frame takes.
struct Measured {
    all: Duration,
    run: Duration,
    /// All but decoding and the network.
    ours: Duration,
}

impl Measured {
    fn per_s(&self) -> f64 {
        1.0 / self.all.as_secs_f64()
    }
}

/// Frames of 16:9, so many pixels wide, through a model and onto the ground.
fn through(folder: &Path, width: u32, territory: &Territory) -> anyhow::Result<Measured> {
    let height = width * 9 / 16;
    let model = Model::load(folder, &runtime())?;
    let reference = model.reference();
    println!(
        "\n    model {} {}, frames {width} x {height}, one core",
        reference.name, reference.version
    );
    let calibration = calibration(width, height)?;
    let place = |seen: &Detections| {
        for detection in &seen.found {
            let Some(class) = detection.class else {
                continue;
            };
            if let Ok(fix) = calibration.locate(detection.pixel_box.foot()) {
                black_box(territory.locate(fix.point, class, &[class], 5.0));
            }
        }
    };
    let mut stages = measure(&pictures(width)?, &mut model.detector()?, place)?;
    Ok(print(&mut stages))
}

/// A model folder for a network of the layout `yolov8` with 80 classes, which finds nothing.
pub(crate) fn random_network(network: &Path) -> anyhow::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let onnx = fs::read(network)?;
    let name = network.file_stem().context("a name")?.to_string_lossy();
    let size = name.rsplit('-').next().context("a size")?;
    let (width, height) = size.split_once('x').context("a size")?;
    let mut manifest = format!(
        "name = '{name}'\nversion = '0'\nlicence = 'random weights'\nfile = 'network.onnx'\n\
         sha256 = '{}'\n[input]\ntensor = 'images'\nwidth = {width}\nheight = {height}\n\
         colour = 'rgb'\nmean = [0.0, 0.0, 0.0]\nscale = [0.00392, 0.00392, 0.00392]\n\
         letterbox = 'centre'\nfill = 114\n[output]\ntensor = 'output0'\nlayout = 'yolov8'\n\
         [nms]\niou = 0.5\n[golden]\npicture = 'golden.jpg'\nboxes = []\n",
        hex::encode(Sha256::digest(&onnx))
    );
    for number in 0..80 {
        manifest += &format!("[[classes]]\nlabel = '{number}'\nthreshold = 0.5\n");
    }
    fs::write(folder.path().join("model.toml"), manifest)?;
    fs::write(folder.path().join("network.onnx"), onnx)?;
    fs::copy("models/bins/golden.jpg", folder.path().join("golden.jpg"))?;
    Ok(folder)
}

/// The cells, components and rules of the demo city.
async fn demo_territory() -> anyhow::Result<Territory> {
    let folder = tempfile::Builder::new()
        .prefix("cityward-bench-")
        .tempdir()?;
    // the server may run as another user
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))?;
    let config = DataConfig {
        database_url: None,
        data_dir: folder.path().to_owned(),
        database_connections_max: 2,
        postgres_bin: None,
    };
    let database = database::open(&config, Mode::Serve).await?;
    demo::ensure_city(&database.pool, &City::build(1)).await?;
    let now = sqlx::query_scalar("select now()")
        .fetch_one(&database.pool)
        .await?;
    let territory = Territory::load(&database.pool, now).await;
    database.close().await?;
    territory
}

fn measure(
    pictures: &[Vec<u8>],
    detector: &mut Detector,
    place: impl Fn(&Detections),
) -> anyhow::Result<[Stage; 6]> {
    let mut stages = [
        Stage::new("probe the JPEG's header", false),
        Stage::new("decode the JPEG, reduced", true),
        Stage::new("letterbox and tensor", false),
        Stage::new(RUN, true),
        Stage::new("boxes and suppression", false),
        Stage::new("pixel to ground to responsibility", false),
    ];
    for round in 0..=ROUNDS {
        for jpeg in pictures {
            let start = Instant::now();
            black_box(probe(jpeg, u32::MAX)?);
            let probed = start.elapsed();
            let seen = detector.detect(jpeg)?;
            let start = Instant::now();
            place(&seen);
            let placed = start.elapsed();
            if round == 0 {
                continue; // buffers grow and code is paged in
            }
            let inner = detector.stages();
            let spent = [
                probed,
                inner.decode,
                inner.prepare,
                inner.run,
                inner.boxes,
                placed,
            ];
            for (stage, spent) in stages.iter_mut().zip(spent) {
                stage.spent.push(spent);
            }
        }
    }
    Ok(stages)
}

fn print(stages: &mut [Stage]) -> Measured {
    let typical: Vec<_> = stages
        .iter_mut()
        .map(|stage| (stage.name, stage.floor, stage.typical()))
        .collect();
    let all: Duration = typical.iter().map(|(_, _, spent)| *spent).sum();
    let share = |part: Duration| 100.0 * part.as_secs_f64() / all.as_secs_f64();
    for (name, _, spent) in &typical {
        let ms = spent.as_secs_f64() * 1e3;
        println!("    {name:<36}{ms:>9.3} ms{:>7.1} %", share(*spent));
    }
    let ours = typical.iter().filter(|(_, floor, _)| !floor);
    let ours = ours.map(|(_, _, spent)| *spent).sum();
    let run = typical.iter().find(|(name, ..)| *name == RUN);
    let measured = Measured {
        all,
        run: run.map(|(_, _, spent)| *spent).unwrap_or_default(),
        ours,
    };
    let (ms, per_s) = (all.as_secs_f64() * 1e3, measured.per_s());
    println!(
        "    {:<36}{ms:>9.3} ms  = {per_s:.0} frames/s per core",
        "together"
    );
    let all_else = "all but decoding and the model";
    println!(
        "    {all_else:<36}{:>9.1} %  (goal: less than 5 %, {})",
        share(ours),
        met(share(ours) < 5.0)
    );
    measured
}

/// Rendered streets, as the demo cameras push them.
pub(crate) fn pictures(width: u32) -> anyhow::Result<Vec<Vec<u8>>> {
    let folder = tempfile::tempdir()?;
    demo::write_frames(&FramesArgs {
        out: folder.path().to_owned(),
        count: PICTURES,
        seed: 5,
        width,
        split: false,
    })?;
    let read = |number| fs::read(folder.path().join(format!("{number:06}.jpg")));
    Ok((0..PICTURES).map(read).collect::<Result<_, _>>()?)
}

/// A camera that sees some tens of metres of street.
fn calibration(width: u32, height: u32) -> anyhow::Result<Calibration> {
    let (width_px, height_px) = (f64::from(width), f64::from(height));
    let pair = |x: f64, y: f64, east: f64, north: f64| ControlPair {
        x: x * width_px,
        y: y * height_px,
        lon: MIDDLE.lon + east * 1e-5,
        lat: MIDDLE.lat + north * 1e-5,
    };
    let pairs = vec![
        pair(0.05, 0.95, -5.0, -10.0),
        pair(0.95, 0.95, 5.0, -10.0),
        pair(0.65, 0.40, 6.0, 20.0),
        pair(0.35, 0.40, -6.0, 20.0),
        pair(0.50, 0.60, 0.0, 2.0),
    ];
    Ok(Calibration::fit(pairs, width, height, None)?)
}

/// What the service would run models with.
pub(crate) fn runtime() -> RuntimeConfig {
    let library = std::env::var_os("ORT_DYLIB_PATH");
    RuntimeConfig {
        onnxruntime: library.map_or_else(
            || ".cache/onnxruntime/libonnxruntime.so".into(),
            PathBuf::from,
        ),
        execution_providers: vec![ExecutionProvider::Cpu],
    }
}
