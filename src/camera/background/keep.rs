//! What the database is told of references, and what other processes' people have set.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use metrics::gauge;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::limits::BYTES_PER_CAMERA;
use super::{Backgrounds, Phase, Reference, store};
use crate::camera::Cameras;
use crate::telemetry;

/// Between two rounds.
const EVERY: Duration = Duration::from_secs(5);
/// A reference that only followed the light is written this often.
const FOLLOWED_EVERY: TimeDelta = TimeDelta::minutes(10);

/// Keeps references of all cameras until `stop`. `now`: tells the time.
pub async fn keep(
    backgrounds: Arc<Backgrounds>,
    db: PgPool,
    cameras: Cameras,
    now: impl Fn() -> DateTime<Utc>,
    stop: CancellationToken,
) {
    let mut looked_at = now();
    while !stop.is_cancelled() {
        for (phase, count) in backgrounds.tidy(&cameras.all()) {
            let word = match phase {
                Phase::NotNeeded => continue,
                Phase::NoRoom => "no_room",
                Phase::Filling => "filling",
                Phase::Ready => "ready",
            };
            gauge!(telemetry::BACKGROUNDS, "phase" => word).set(count as f64);
        }
        let bytes = backgrounds.slots().len() * BYTES_PER_CAMERA;
        gauge!(telemetry::BACKGROUND_BYTES).set(bytes as f64);
        write(&backgrounds, &db, FOLLOWED_EVERY).await;
        let round_at = now();
        match store::set_since(&db, looked_at).await {
            Ok(set) => {
                looked_at = round_at;
                for (camera, (calibration_id, reference)) in set {
                    backgrounds.adopt(&camera, calibration_id, reference);
                }
            }
            Err(error) => tracing::warn!(%error, "cannot read what backgrounds were set"),
        }
        stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
    }
}

/// Writes down what is known, once nothing comes in any more.
pub async fn write_down(backgrounds: &Backgrounds, db: &PgPool) {
    write(backgrounds, db, TimeDelta::zero()).await;
}

/// What was set since it was written, or has followed the light for longer than `followed`.
async fn write(backgrounds: &Backgrounds, db: &PgPool, followed: TimeDelta) {
    for (camera, slot) in backgrounds.slots() {
        let (Some(calibration_id), Some(reference)) = (slot.calibration_id(), slot.reference())
        else {
            continue;
        };
        let now = (reference.set_at, reference.followed_at);
        let written = *slot.written.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = written.is_none_or(|(set_at, followed_at)| {
            set_at != now.0 || followed_at != now.1 && (now.1 - followed_at).abs() >= followed
        });
        if !is_due {
            continue;
        }
        let mut reference = Reference::clone(&reference);
        reference.still.paint(&slot.masks());
        match store::write(db, &camera, calibration_id, &reference).await {
            Ok(()) => {
                *slot.written.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
            }
            Err(error) => {
                tracing::warn!(%camera, %error, "a background cannot be written; again in a moment");
                return;
            }
        }
    }
}
