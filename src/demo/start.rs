//! `cityward demo`: the city, and the task that plays its cameras.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::city::City;
use super::cli::DemoArgs;
use super::push::push;
use super::stage::Stage;
use super::store::ensure_city;

/// Builds the demo city unless the database has it, then pushes its cameras' frames to `url` from
/// a task of its own until `stop` is cancelled.
///
/// # Errors
/// When the database holds the demo city of another seed, or cannot be written.
pub async fn start(
    db: &PgPool,
    args: &DemoArgs,
    url: String,
    stop: CancellationToken,
) -> anyhow::Result<JoinHandle<()>> {
    let period = Duration::try_from_secs_f64(args.period_s)
        .ok()
        .filter(|period| *period >= Duration::from_millis(100))
        .context("--period-s must be at least 0.1")?;
    let seed = args.seed;
    let city = tokio::task::spawn_blocking(move || City::build(seed)).await?;
    if ensure_city(db, &city).await? {
        tracing::info!(seed, "built the demo city");
    }
    let stage = tokio::task::spawn_blocking(move || Stage::of(&city)).await?;
    let db = db.clone();
    Ok(tokio::spawn(async move {
        if let Err(error) = push(&db, stage, url, period, stop).await {
            tracing::error!("the demo cameras stand still: {error:#}");
        }
    }))
}
