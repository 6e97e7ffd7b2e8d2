//! Cameras in a row, the platform that pushes their frames into the service, and when what became of
//! them was heard of.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use cityward::access;
use reqwest::StatusCode;
use serde_json::Value;

use crate::browser::Browser;
use crate::stage::{with_database, with_service};
use crate::street::{self, Camera};

/// A frame by camera and capture time, and when something happened to it.
pub(crate) type Moments = HashMap<(String, DateTime<Utc>), Instant>;

/// What is pushed.
pub(crate) struct Street {
    pub(crate) cameras: u32,
    /// Of their frames, pixels; 16:9.
    pub(crate) width: u32,
    /// Camera time between two frames of one camera.
    pub(crate) step: TimeDelta,
}

/// Runs a part with cameras before a service with an embedded database, and a page that listens.
pub(crate) async fn with_street(
    street: Street,
    part: impl AsyncFnOnce(Arc<Platform>, Vec<Camera>, Browser) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    with_database(16, async |database| {
        let (cameras, token) =
            street::lay_out(&database.pool, street.cameras, street.width).await?;
        let (login, password) = access::reset_administrator(&database.pool).await?;
        let started_at = sqlx::query_scalar("select now() - interval '12 h'")
            .fetch_one(&database.pool)
            .await?;
        with_service(database, async |base| {
            let platform = Platform {
                client: reqwest::Client::new(),
                base: base.to_owned(),
                token,
                started_at,
                step: street.step,
            };
            let browser = Browser::sign_in(base, &login, password.reveal()).await?;
            part(Arc::new(platform), cameras, browser).await
        })
        .await
    })
    .await
}

/// The video platform: pushes frames.
pub(crate) struct Platform {
    pub(crate) client: reqwest::Client,
    pub(crate) base: String,
    token: String,
    /// When the cameras' clocks start.
    started_at: DateTime<Utc>,
    /// What they say between two frames of one camera.
    step: TimeDelta,
}

impl Platform {
    /// When the `number`th frame of a camera is taken.
    pub(crate) fn captured_at(&self, number: u32) -> DateTime<Utc> {
        self.started_at + self.step * i32::try_from(number).expect("a bench ends before")
    }

    pub(crate) async fn push(
        &self,
        camera: &mut Camera,
        query: &str,
    ) -> anyhow::Result<(StatusCode, Value)> {
        camera.frames += 1;
        let captured_at = self.captured_at(camera.frames);
        let url = format!("{}/api/v1/cameras/{}/frames{query}", self.base, camera.id);
        let answer = self
            .client
            .post(url)
            .bearer_auth(&self.token)
            .header("content-type", "image/jpeg")
            .header("x-captured-at", captured_at.to_rfc3339())
            .body(camera.jpeg.clone())
            .send()
            .await?;
        Ok((answer.status(), answer.json().await?))
    }
}
