//! (b) Frames per second and core through the whole pipe, stage by stage. Decoding the JPEG and
//! running the model are the floor; everything else together should be less than 5 % of the time.

use std::fs;
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cityward::camera::jpeg::probe;
use cityward::config::{DataConfig, ExecutionProvider, RuntimeConfig};
use cityward::database::{self, Mode};
use cityward::demo::{self, City, FramesArgs};
use cityward::ground::{Calibration, ControlPair};
use cityward::space::GroundPoint;
use cityward::territory::Territory;
use cityward::vision::{Detections, Detector, Model};

const PICTURES: u32 = 24;
const ROUNDS: usize = 10;

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

pub(crate) fn run() -> anyhow::Result<()> {
    let asynchronous = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let territory = asynchronous.block_on(demo_territory())?;
    let model = Model::load(Path::new("models/street-events"), &runtime())?;
    let reference = model.reference();
    println!("model {} {}, one core", reference.name, reference.version);
    for (width, height) in [(1280, 720), (1920, 1080)] {
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
        print(width, height, &mut stages);
    }
    Ok(())
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
        Stage::new("run the model", true),
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

fn print(width: u32, height: u32, stages: &mut [Stage]) {
    let typical: Vec<_> = stages
        .iter_mut()
        .map(|stage| (stage.name, stage.floor, stage.typical()))
        .collect();
    let total: Duration = typical.iter().map(|(_, _, spent)| *spent).sum();
    let share = |part: Duration| 100.0 * part.as_secs_f64() / total.as_secs_f64();
    println!("\n    {width} x {height}");
    for (name, _, spent) in &typical {
        let ms = spent.as_secs_f64() * 1e3;
        println!("    {name:<36}{ms:>9.3} ms{:>7.1} %", share(*spent));
    }
    let ours = typical.iter().filter(|(_, floor, _)| !floor);
    let ours = ours.map(|(_, _, spent)| *spent).sum();
    let (ms, per_s) = (total.as_secs_f64() * 1e3, 1.0 / total.as_secs_f64());
    println!(
        "    {:<36}{ms:>9.3} ms  = {per_s:.0} frames/s per core",
        "together"
    );
    let met = if share(ours) < 5.0 { "met" } else { "missed" };
    let all_else = "all but decoding and the model";
    println!(
        "    {all_else:<36}{:>9.1} %  (goal: less than 5 %, {met})",
        share(ours)
    );
}

/// Rendered streets, as the demo cameras push them.
fn pictures(width: u32) -> anyhow::Result<Vec<Vec<u8>>> {
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
fn runtime() -> RuntimeConfig {
    let library = std::env::var_os("ORT_DYLIB_PATH");
    RuntimeConfig {
        onnxruntime: library.map_or_else(
            || ".cache/onnxruntime/libonnxruntime.so".into(),
            PathBuf::from,
        ),
        execution_providers: vec![ExecutionProvider::Cpu],
    }
}
