//! Whose spot is this? Points per second on one core: the territory in memory, PostGIS asked
//! point by point with a prepared query on one connection, and PostGIS asked once for all.
//!
//! The points are the same for all three, and all three must give the same answers before
//! anything is measured. PostGIS gets as many of them as it can do in a few seconds.

#[path = "locate/postgis.rs"]
mod postgis;

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cityward::catalogue::ClassCode;
use cityward::config::DataConfig;
use cityward::database::{self, Mode};
use cityward::space::GroundPoint;
use cityward::territory::Territory;
use sqlx::PgPool;

use crate::city::{self, CitySize, MATTER};

/// The class the nearest component is looked for of.
const NEAREST_OF: &str = "C03005";
const REACH_M: f64 = 30.0;

const POINTS: usize = 1_000_000;
const POINTS_ONE_BY_ONE: usize = 20_000;
const POINTS_AT_ONCE: usize = 200_000;

const SIZES: [CitySize; 2] = [
    CitySize {
        columns: 20,
        rows: 20,
        components: 20_000,
    },
    CitySize {
        columns: 160,
        rows: 125,
        components: 1_000_000,
    },
];

/// Cell and unit; `None` outside the city.
type Owner = Option<(i32, Option<i32>)>;
/// Component and metres to it.
type Nearest = Option<(i64, f64)>;

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for size in &SIZES {
        runtime.block_on(measure(size))?;
    }
    Ok(())
}

async fn measure(size: &CitySize) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("cityward-bench-")
        .tempdir()?;
    // the server may run as another user
    std::fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o711),
    )?;
    let config = DataConfig {
        database_url: None,
        data_dir: PathBuf::from(folder.path()),
        database_connections_max: 2,
        postgres_bin: None,
    };
    let database = database::open(&config, Mode::Serve).await?;
    let measured = measure_in(&database.pool, size).await;
    database.close().await?;
    measured
}

async fn measure_in(db: &PgPool, size: &CitySize) -> anyhow::Result<()> {
    city::build(db, size).await?;
    let points = city::points(size, POINTS);
    let began = Instant::now();
    let at = sqlx::query_scalar("select now()").fetch_one(db).await?;
    let territory = Territory::load(db, at).await?;
    println!(
        "\n{} cells, {} components: into memory in {:.1} s",
        size.cells(),
        size.components,
        began.elapsed().as_secs_f64()
    );
    println!("| question | way | points | points/s | in memory is |");
    println!("|---|---|---:|---:|---:|");

    let matter: ClassCode = MATTER.parse()?;
    let question = territory.ask(Some(matter), &[], 0.0);
    let owner = |point| -> Owner {
        let spot = question.spot(point)?;
        Some((spot.cell.id, spot.unit_id))
    };
    let asked = postgis::ask_owners(db, &points).await?;
    gate(&points, &asked.one_by_one.answers, owner, |a, b| a == b)?;
    gate(&points, &asked.at_once.answers, owner, |a, b| a == b)?;
    report("cell and owner", per_second(&points, owner), &asked);

    let class: ClassCode = NEAREST_OF.parse()?;
    let nearest = |point| -> Nearest {
        let (component, distance_m) = territory.nearest(class, point, REACH_M)?;
        Some((component.id, distance_m))
    };
    let same = |a: &Nearest, b: &Nearest| match (a, b) {
        (Some((a, a_m)), Some((b, b_m))) => a == b && (a_m - b_m).abs() < 0.002,
        (None, None) => true,
        _ => false,
    };
    let asked = postgis::ask_nearest(db, &points).await?;
    gate(&points, &asked.one_by_one.answers, nearest, same)?;
    gate(&points, &asked.at_once.answers, nearest, same)?;
    report(
        "nearest of a class within 30 m",
        per_second(&points, nearest),
        &asked,
    );

    let whole = territory.ask(Some(matter), &[class], REACH_M);
    let both = per_second(&points, |point| {
        let spot = whole.spot(point)?;
        Some((
            spot.unit_id,
            spot.component.map(|(component, _)| component.id),
        ))
    });
    println!("| cell, nearest and owner | in memory | {POINTS} | {both:.0} | |");
    Ok(())
}

/// All answers must be the same, point by point.
fn gate<A: std::fmt::Debug>(
    points: &[GroundPoint],
    answers: &[A],
    in_memory: impl Fn(GroundPoint) -> A,
    same: impl Fn(&A, &A) -> bool,
) -> anyhow::Result<()> {
    anyhow::ensure!(!answers.is_empty(), "nothing was asked");
    for (point, answer) in points.iter().zip(answers) {
        let found = in_memory(*point);
        anyhow::ensure!(
            same(&found, answer),
            "{point:?}: {found:?} in memory, {answer:?} in PostGIS"
        );
    }
    Ok(())
}

/// Points per second on this thread: the best of several passes over all points, because what
/// else runs on the machine only ever takes away.
fn per_second<A>(points: &[GroundPoint], answer: impl Fn(GroundPoint) -> A) -> f64 {
    let began = Instant::now();
    let mut best = Duration::MAX;
    while began.elapsed() < Duration::from_secs(3) {
        let pass = Instant::now();
        for point in points {
            black_box(answer(black_box(*point)));
        }
        best = best.min(pass.elapsed());
    }
    points.len() as f64 / best.as_secs_f64()
}

fn report<A>(question: &str, in_memory: f64, asked: &postgis::Asked<A>) {
    println!("| {question} | in memory | {POINTS} | {in_memory:.0} | |");
    for (way, done) in [
        ("PostGIS, one by one", &asked.one_by_one),
        ("PostGIS, all at once", &asked.at_once),
    ] {
        let (count, rate) = (done.answers.len(), done.per_second());
        println!(
            "| {question} | {way} | {count} | {rate:.0} | {:.0} × |",
            in_memory / rate
        );
    }
}
