//! How many devices are there, told in the metrics.

use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::gauge;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::device::Presence;
use super::store;
use crate::telemetry;

const EVERY: Duration = Duration::from_secs(15);

/// Counts until `stop`. `now`: tells the time.
pub async fn keep(
    db: PgPool,
    keepalive_s: u32,
    now: impl Fn() -> DateTime<Utc>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        match store::heard(&db).await {
            Ok(heard) => {
                let now = now();
                for presence in Presence::ALL {
                    let is_so = |at: &&Option<_>| Presence::of(**at, keepalive_s, now) == presence;
                    let count = heard.iter().filter(is_so).count();
                    gauge!(telemetry::VIID_DEVICES, "presence" => presence.as_str())
                        .set(count as f64);
                }
            }
            Err(error) => tracing::warn!(%error, "cannot count the devices of the view library"),
        }
        stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
    }
}
