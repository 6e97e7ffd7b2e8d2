//! A plan that gives half of the city to other units and makes one cell of each of forty pairs:
//! how long until it is in force, and what readers and those who file cases notice of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use cityward::database::Database;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::stage::{with_database, with_service};
use crate::town_hall::{CITY, Desk, OPEN_CASES, Pace, Work, lay_out};

const GOAL: Duration = Duration::from_secs(20);
/// Of what people wait for meanwhile; they notice a tenth of a second.
const NOTICED: Duration = Duration::from_millis(100);
const QUIET: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(300);
const PAIRS: usize = 40;

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(with_database(16, measure))
}

async fn measure(database: &Database) -> anyhow::Result<()> {
    lay_out(&database.pool).await?;
    println!(
        "{} cells, {} components, {OPEN_CASES} open cases",
        CITY.cells(),
        CITY.components
    );
    with_service(database, async |base| publish(base, &database.pool).await).await
}

async fn publish(base: &str, db: &PgPool) -> anyhow::Result<()> {
    ready(base).await?;
    let planner = Desk::of(base, "planner");
    let began = Instant::now();
    let plan = draw(&planner).await?;
    println!(
        "drawn and handed in: {:.1} s",
        began.elapsed().as_secs_f64()
    );

    let work = Work::begin(base);
    let quiet = Instant::now();
    tokio::time::sleep(QUIET).await;
    let path = format!("/api/v1/plans/{plan}");
    let version = json!({ "version": planner.get(&path).await?["version"] });
    let approved = Instant::now();
    let leader = Desk::of(base, "leader");
    leader
        .post(&format!("{path}/approve"), &version, StatusCode::OK)
        .await?;
    while planner.get(&path).await?["state"] != "in_force" {
        ensure!(approved.elapsed() < PATIENCE, "the plan is not in force");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let in_force = Instant::now();
    tokio::time::sleep(QUIET).await;
    let after = Instant::now();
    let spans = [(quiet, approved), (approved, in_force), (in_force, after)];
    let paces = work.end(&spans).await?;

    let taken = in_force - approved;
    let met = if taken < GOAL { "met" } else { "missed" };
    println!(
        "from the approval to the new ground: {:.1} s; below {} s: {met}",
        taken.as_secs_f64(),
        GOAL.as_secs()
    );
    let moved: i64 = sqlx::query_scalar("select count(*) from case_event where action = 'rehome'")
        .fetch_one(db)
        .await?;
    println!("cases that moved: {moved}");
    println!("| when | what | done | p50 ms | p99 ms | worst ms | goal |");
    println!("|---|---|---:|---:|---:|---:|---|");
    for (when, Pace { read, filed }) in ["before", "while publishing", "after"].iter().zip(&paces) {
        for (what, latencies) in [("whose is it", read), ("a case is reported", filed)] {
            let (count, columns) = (latencies.count(), latencies.columns(NOTICED));
            println!("| {when} | {what} | {count} | {columns}");
        }
    }
    gate(db).await
}

/// No case that nobody was sent to and that goes by its ground may be another's.
async fn gate(db: &PgPool) -> anyhow::Result<()> {
    for _ in 0..300 {
        let strays: i64 = sqlx::query_scalar(
            "select count(*) from city_case c
             join responsibility r on r.cell_id = c.cell_id and r.class_code is null
                 and r.valid @> now()
             where c.ended_at is null and c.unit_id is distinct from r.unit_id
                 -- a component of its own unit goes before the ground
                 and c.because ->> 'rule' = 'cell_default'",
        )
        .fetch_one(db)
        .await?;
        if strays == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("cases are left with whom their ground belonged to")
}

async fn ready(base: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let answer = reqwest::get(format!("{base}/readyz")).await;
        if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "the service is not ready");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The plan, waiting for approval; its id.
async fn draw(planner: &Desk) -> anyhow::Result<i64> {
    let begun = json!({ "title": "半城调整", "reason": "bench" });
    let plan = planner
        .post("/api/v1/plans", &begun, StatusCode::CREATED)
        .await?;
    let id = plan["id"].as_i64().context("a plan has an id")?;
    let head = planner.get("/api/v1/partition").await?;
    let mut faces: Vec<(i64, i64)> = head["faces"]
        .as_array()
        .context("the ground has faces")?
        .iter()
        .filter_map(|face| Some((face["cell_id"].as_i64()?, face["face"].as_i64()?)))
        .collect();
    // as they were written: from west to east, row by row
    faces.sort_unstable();
    let half: Vec<i64> = faces.iter().step_by(2).map(|(_, face)| *face).collect();
    let owners = json!({ "set_owner": { "faces": half, "owner": 40 } });
    let pairs = faces.chunks_exact(2).step_by(97).take(PAIRS);
    let merges = pairs.map(|pair| json!({ "merge": { "faces": [pair[0].1, pair[1].1] } }));
    let mut version = plan["version"].clone();
    for operation in std::iter::once(owners).chain(merges) {
        let step: Value = json!({ "version": version, "operation": operation });
        let taken = planner
            .post(
                &format!("/api/v1/plans/{id}/steps"),
                &step,
                StatusCode::CREATED,
            )
            .await?;
        version = taken["version"].clone();
    }
    let seen = json!({ "version": version });
    planner
        .post(&format!("/api/v1/plans/{id}/submit"), &seen, StatusCode::OK)
        .await?;
    Ok(id)
}
