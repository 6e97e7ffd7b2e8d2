//! Actions on cases against the embedded database, each a committed transaction of its own with
//! history, clocks, hash chain and the key of its request, as the person who may take it: first
//! as many as go, then half of that at an even pace.
//!
//! Every case goes through the same life. The time of an action at half load counts from when it
//! should have begun, so that a stall is not hidden by what waits behind it.

#[path = "actions/life.rs"]
mod life;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use cityward::database::Database;
use cityward::http::App;
use life::{CASES, Life, STEPS};
use tokio::time::MissedTickBehavior;

use crate::app::app;
use crate::latencies::Latencies;
use crate::stage::{folder, with_database};

/// People at work at the same time, each waiting for their own action.
const AT_WORK: u32 = 64;
const GOAL_PER_S: f64 = 2_000.0;
const GOAL: Duration = Duration::from_millis(50);
const WARM_UP_FOR: Duration = Duration::from_secs(3);
const FULL_LOAD_FOR: Duration = Duration::from_secs(12);
const HALF_LOAD_FOR: Duration = Duration::from_secs(20);

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(with_database(AT_WORK, measure))
}

async fn measure(database: &Database) -> anyhow::Result<()> {
    let folder = folder()?;
    let life = life::prepare(&database.pool).await?;
    let app = app(folder.path(), database).await?;
    let load = Arc::new(Load {
        app,
        life,
        next_case: AtomicI64::new(1),
    });
    load.run(WARM_UP_FOR, None).await?;
    let began = Instant::now();
    let done = load.run(FULL_LOAD_FOR, None).await?;
    let per_s = done.len() as f64 / began.elapsed().as_secs_f64();
    let full = Latencies::of(done)?;
    let half_per_s = per_s / 2.0;
    let pace = Duration::from_secs_f64(f64::from(AT_WORK) / half_per_s);
    let half = Latencies::of(load.run(HALF_LOAD_FOR, Some(pace)).await?)?;
    let cores = std::thread::available_parallelism()?;
    println!("{cores} cores for the actions, the database and this measurement");
    println!("| load | actions | per s | p50 ms | p99 ms | worst ms | goal |");
    println!("|---|---:|---:|---:|---:|---:|---|");
    let met = if per_s >= GOAL_PER_S { "met" } else { "missed" };
    println!(
        "| full | {} | {per_s:.0} | {} {GOAL_PER_S:.0}/s: {met} |",
        full.count(),
        full.numbers()
    );
    println!(
        "| half | {} | {half_per_s:.0} | {}",
        half.count(),
        half.columns(GOAL)
    );
    Ok(())
}

/// People acting on cases, one case after another.
struct Load {
    app: App,
    life: Life,
    next_case: AtomicI64,
}

impl Load {
    /// How long each action took. With a pace, everybody begins an action so often.
    async fn run(
        self: &Arc<Self>,
        length: Duration,
        pace: Option<Duration>,
    ) -> anyhow::Result<Vec<Duration>> {
        let until = Instant::now() + length;
        let people = (0..AT_WORK).map(|number| {
            let load = Arc::clone(self);
            // not all in the same moment
            let delay = pace.map(|pace| pace * number / AT_WORK);
            tokio::spawn(async move {
                tokio::time::sleep(delay.unwrap_or_default()).await;
                load.work(until, pace).await
            })
        });
        let mut taken = Vec::new();
        for person in futures::future::try_join_all(people).await? {
            taken.extend(person?);
        }
        Ok(taken)
    }

    async fn work(&self, until: Instant, pace: Option<Duration>) -> anyhow::Result<Vec<Duration>> {
        let mut ticks = pace.map(tokio::time::interval);
        if let Some(ticks) = &mut ticks {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        }
        let mut taken = Vec::new();
        while Instant::now() < until {
            let case = self.next_case.fetch_add(1, Ordering::Relaxed);
            ensure!(case <= CASES, "there are too few cases");
            let mut version = 1;
            for step in 0..STEPS {
                let began = match &mut ticks {
                    Some(ticks) => ticks.tick().await.into_std(),
                    None => Instant::now(),
                };
                version = self.life.act(&self.app, case, step, version).await?;
                taken.push(began.elapsed());
            }
        }
        Ok(taken)
    }
}
