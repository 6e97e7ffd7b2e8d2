//! Whose spot was this? Points per second on one core at a moment before a publication, beside
//! those of now; and how long a moment takes that nobody asked for before.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use cityward::catalogue::ClassCode;
use cityward::database::Database;
use cityward::space::GroundPoint;
use cityward::territory::{Territory, TerritoryWatch};

use crate::city::{self, MATTER};
use crate::stage::with_database;
use crate::town_hall::CITY;

const POINTS: usize = 1_000_000;
const ROUNDS: usize = 5;
/// The past may take so many times as long as now.
const GOAL: f64 = 1.5;

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(with_database(4, measure))
}

async fn measure(database: &Database) -> anyhow::Result<()> {
    let db = &database.pool;
    city::build(db, &CITY).await?;
    let before: DateTime<Utc> = sqlx::query_scalar("select clock_timestamp()")
        .fetch_one(db)
        .await?;
    sqlx::query("insert into edition (note, source) values ('after', 'bench')")
        .execute(db)
        .await?;
    // every second cell goes to another unit; in one transaction the end of one row is the begin
    // of the next
    let mut tx = db.begin().await?;
    for statement in [
        "update responsibility set valid = tstzrange(lower(valid), now())
         where class_code is null and cell_id % 2 = 0",
        "insert into responsibility (cell_id, class_code, unit_id, edition_id, valid)
         select cell_id, null, (cell_id + 1) % 20 + 1, 2, tstzrange(now(), null)
         from cell where cell_id % 2 = 0",
    ] {
        sqlx::query(statement).execute(&mut *tx).await?;
    }
    tx.commit().await?;

    let watch = TerritoryWatch::open(db.clone()).await?;
    let began = Instant::now();
    let past = watch.at(before).await?;
    let first_s = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let again = watch.at(before).await?;
    let again_ms = began.elapsed().as_secs_f64() * 1e3;
    drop(again);
    let points = city::points(&CITY, POINTS);
    let now = watch.now();
    let differ = points
        .iter()
        .filter(|point| owner(&now, **point) != owner(&past, **point))
        .count();
    anyhow::ensure!(
        differ > POINTS / 3,
        "the past is the present in all but {differ} points"
    );
    println!("a moment nobody asked for: {first_s:.2} s; asked for again: {again_ms:.3} ms");
    println!("| moment | points | points/s (best of {ROUNDS}) |");
    println!("|---|---:|---:|");
    // in turn, so that both meet the machine as it is
    let mut best = [f64::MAX; 2];
    for _ in 0..ROUNDS {
        for (best, territory) in best.iter_mut().zip([&now, &past]) {
            *best = best.min(seconds(territory, &points)?);
        }
    }
    let [now_s, past_s] = best;
    for (moment, taken_s) in [("now", now_s), ("before the publication", past_s)] {
        println!("| {moment} | {POINTS} | {:.0} |", POINTS as f64 / taken_s);
    }
    let ratio = past_s / now_s;
    let met = if ratio <= GOAL { "met" } else { "missed" };
    println!("the past takes {ratio:.2} times as long; at most {GOAL}: {met}");
    Ok(())
}

fn owner(territory: &Territory, point: GroundPoint) -> Option<i32> {
    territory.ask(None, &[], 0.0).spot(point)?.unit_id
}

fn seconds(territory: &Territory, points: &[GroundPoint]) -> anyhow::Result<f64> {
    let matter: ClassCode = MATTER.parse().context("a class")?;
    let question = territory.ask(Some(matter), &[], 0.0);
    let began = Instant::now();
    for point in points {
        black_box(question.spot(*point));
    }
    Ok(began.elapsed().as_secs_f64())
}
