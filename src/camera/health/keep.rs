//! What becomes of cameras while nothing comes in, and what of their health the database is told.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use metrics::gauge;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Health, store};
use crate::camera::Cameras;
use crate::telemetry;

/// Between two rounds.
const EVERY: Duration = Duration::from_secs(2);
/// Between two exchanges with other processes of what was heard.
const HEARD_EVERY: Duration = Duration::from_secs(15);
/// Between two clean-ups, and how long what ended is kept.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
const KEPT: TimeDelta = TimeDelta::days(90);

/// Keeps the health of all cameras until `stop`. `now`: tells the time.
pub async fn keep(
    health: Arc<Health>,
    db: PgPool,
    cameras: Cameras,
    offline_after: TimeDelta,
    now: impl Fn() -> DateTime<Utc>,
    stop: CancellationToken,
) {
    let (mut exchange_at, mut forget_at) = (Instant::now(), Instant::now());
    while !stop.is_cancelled() {
        health.pass(&cameras.all(), now(), offline_after);
        for (condition, count) in health.count() {
            gauge!(telemetry::CAMERAS, "condition" => condition.as_str()).set(count as f64);
        }
        write(&health, &db).await;
        if exchange_at <= Instant::now() {
            exchange_at = Instant::now() + HEARD_EVERY;
            match store::exchange_heard(&db, &health.all_heard()).await {
                Ok(heard) => health.heard_elsewhere(heard),
                Err(error) => tracing::warn!(%error, "cannot say which cameras were heard"),
            }
        }
        if forget_at <= Instant::now() {
            forget_at = Instant::now() + FORGET_EVERY;
            if let Err(error) = store::forget(&db, now(), KEPT).await {
                tracing::warn!(%error, "cannot forget what was wrong with cameras long ago");
            }
        }
        stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
    }
}

/// Writes down what is known, once nothing comes in any more.
pub async fn write_down(health: &Health, db: &PgPool) {
    write(health, db).await;
    if let Err(error) = store::exchange_heard(db, &health.all_heard()).await {
        tracing::warn!(%error, "cannot write down which cameras were heard");
    }
}

async fn write(health: &Health, db: &PgPool) {
    let (unwritten, rows) = health.take_unwritten();
    match store::write(db, &rows, &unwritten).await {
        Ok(standing) => health.adopt(standing),
        Err(error) => {
            tracing::warn!(%error, "the health of cameras cannot be written; again in a moment");
            health.put_back(unwritten);
        }
    }
}
