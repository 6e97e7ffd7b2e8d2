//! What a million and five million components take, and what a million changes leave behind.

use std::path::Path;
use std::time::{Duration, Instant};

use cityward::database::Database;
use sqlx::PgPool;

use crate::app::app;
use crate::stage::{folder, with_database};
use crate::{cpu, data};

const GOAL_BYTES: f64 = 64.0;
const ROUNDS: i64 = 4;
/// Rows that change in a round.
const CHANGES: i64 = 500_000;
const ROWS_A_COMMIT: i64 = 1_000;

pub(crate) fn run() -> anyhow::Result<()> {
    println!(
        "| components | ready in | bytes each, with all texts | without, goal {GOAL_BYTES:.0} | RSS of the service | … before them | … after changes |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---|");
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
    let each = app.point_tiles.bytes_held().await as f64 / count as f64;
    let mib = |bytes: u64| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20));
    let mut changed = Vec::new();
    for round in 1..=ROUNDS {
        change(&database.pool, round).await?;
        // until the last of them is in
        tokio::time::sleep(Duration::from_secs(3)).await;
        let held = app.point_tiles.bytes_held().await as f64 / count as f64;
        let rss = mib(cpu::resident_bytes(own)?);
        changed.push(format!("{}: {held:.0} B each, {rss}", round * CHANGES));
    }
    drop(app);
    let bare = without_texts(folder.path(), database).await? as f64 / count as f64;
    println!(
        "| {count} | {:.1} s | {each:.0} | {bare:.0}: {} | {} | {} | {} |",
        took.as_secs_f64(),
        if bare < GOAL_BYTES { "met" } else { "missed" },
        mib(after),
        mib(before),
        changed.join("; "),
    );
    Ok(())
}

/// Changes so many rows, a thousand at a time, as an hour of a busy city does: states, names that
/// were never there before, and places.
async fn change(db: &PgPool, round: i64) -> anyhow::Result<()> {
    for commit in 0..CHANGES / ROWS_A_COMMIT {
        sqlx::query(
            "update component set name = case $2 % 4 when 0 then name else $1 || '-' || component_id % 97 end,
                 state = case state when 'good' then 'damaged' else 'good' end::component_state,
                 geom = case $2 % 4 when 1 then st_translate(geom, 0.0001 * (1 - 2 * ($1 % 2)), 0) else geom end
             where component_id between $2 * $3 + 1 and ($2 + 1) * $3",
        )
        .bind(round)
        .bind(commit)
        .bind(ROWS_A_COMMIT)
        .execute(db)
        .await?;
    }
    Ok(())
}

/// Bytes held where nothing has a name or a code.
async fn without_texts(folder: &Path, database: &Database) -> anyhow::Result<usize> {
    sqlx::query("update component set name = '', code = null")
        .execute(&database.pool)
        .await?;
    let app = app(folder, database).await?;
    Ok(app.point_tiles.bytes_held().await)
}
