//! Pushes the demo cameras' pictures in at the front door, as any video platform would.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::{StatusCode, header};
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::rows::camera_id;
use super::stage::Stage;
use super::store;
use crate::access::{Secret, random_secret};

/// How long an answer may take.
const ANSWER_S_MAX: u64 = 20;
/// Longest wait a 429 can ask for that is honoured.
const WAIT_S_MAX: u64 = 60;

/// What every camera's task needs.
struct Pusher {
    stage: Stage,
    client: reqwest::Client,
    /// The service, such as `http://127.0.0.1:8080`.
    url: String,
    token: Secret,
}

/// Pushes the newest picture of each camera every `period` until `stop` is cancelled.
///
/// A new token takes the place of the one of an earlier run.
///
/// # Errors
/// When the demo platform cannot be set up. Frames that are not taken are logged.
pub async fn push(
    db: &PgPool,
    stage: Stage,
    url: String,
    period: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let token = random_secret(32);
    let cameras = stage.cameras();
    store::hand_over(db, &token, cameras)
        .await
        .context("hand the demo cameras to their platform")?;
    let pusher = Arc::new(Pusher {
        stage,
        client: reqwest::Client::builder()
            .timeout(Duration::from_secs(ANSWER_S_MAX))
            .build()?,
        url,
        token,
    });
    let mut tasks = JoinSet::new();
    for camera in 0..cameras {
        // one after the other, so that the detector is never asked for all at once
        let first = Instant::now() + period * u32::try_from(camera)? / u32::try_from(cameras)?;
        let pusher = Arc::clone(&pusher);
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
            pusher.watch(camera, first, period).await;
        }));
    }
    while tasks.join_next().await.is_some() {}
    Ok(())
}

impl Pusher {
    async fn watch(self: &Arc<Self>, camera: usize, first: Instant, period: Duration) {
        let mut ticks = tokio::time::interval_at(first, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            ticks.tick().await;
            match self.push_one(camera, now()).await {
                Ok(wait) => {
                    failing = false;
                    tokio::time::sleep(wait).await;
                }
                // said once; the service may be starting or stopping
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(camera, "demo frame was not taken: {error:#}");
                }
                Err(_) => {}
            }
        }
    }

    /// Draws and pushes one picture; returns how long the service asks to wait.
    async fn push_one(
        self: &Arc<Self>,
        camera: usize,
        at: DateTime<Utc>,
    ) -> anyhow::Result<Duration> {
        let drawer = Arc::clone(self);
        let jpeg = tokio::task::spawn_blocking(move || drawer.stage.frame(camera, at)).await??;
        let id = camera_id(camera + 1)?;
        let answer = self
            .client
            .post(format!("{}/api/v1/cameras/{id}/frames", self.url))
            .bearer_auth(self.token.reveal())
            .header(header::CONTENT_TYPE, "image/jpeg")
            .header(
                "X-Captured-At",
                at.to_rfc3339_opts(SecondsFormat::Millis, true),
            )
            .body(jpeg)
            .send()
            .await?;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            let seconds = answer
                .headers()
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.parse().ok())
                .unwrap_or(1);
            return Ok(Duration::from_secs(WAIT_S_MAX.min(seconds)));
        }
        answer.error_for_status()?;
        Ok(Duration::ZERO)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a camera is an edge: it stamps its pictures"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}
