//! What a million and five million components take, and what a million changes leave behind.

use std::time::{Duration, Instant};

use cityward::database::Database;

use crate::app::app;
use crate::stage::{folder, with_database};
use crate::{cpu, data};

const GOAL_BYTES: f64 = 64.0;

pub(crate) fn run() -> anyhow::Result<()> {
    println!(
        "| components | ready in | bytes each, with all texts | goal, without | RSS of the service | … before them |"
    );
    println!("|---:|---:|---:|---:|---:|---:|");
    for count in [1_000_000, 5_000_000] {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let measure = async |database: &Database| measure(database, count).await;
        runtime.block_on(with_database(16, measure))?;
    }
    Ok(())
}

async fn measure(database: &Database, count: i64) -> anyhow::Result<()> {
    let folder = folder()?;
    data::components(&database.pool, count).await?;
    let own = std::process::id();
    let before = cpu::resident_bytes(own)?;
    let began = Instant::now();
    let app = app(folder.path(), database).await?;
    let took = began.elapsed();
    // what was only needed for reading goes back
    tokio::time::sleep(Duration::from_secs(3)).await;
    let after = cpu::resident_bytes(own)?;
    let held = app.point_tiles.bytes_held().await as f64;
    println!(
        "| {count} | {:.1} s | {:.0} | {GOAL_BYTES:.0} | {:.0} MiB | {:.0} MiB |",
        took.as_secs_f64(),
        held / count as f64,
        after as f64 / f64::from(1 << 20),
        before as f64 / f64::from(1 << 20),
    );
    drop(app);
    Ok(())
}
