//! A page that listens to the live stream and notes when each case was last seen.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use futures::StreamExt as _;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::platform::Moments;

pub(crate) struct Browser {
    client: Client,
    base: String,
    cookie: String,
}

/// Events being noted in the background.
pub(crate) struct Arrivals {
    stop: CancellationToken,
    noting: JoinHandle<anyhow::Result<Moments>>,
}

impl Browser {
    /// Waits until the service answers.
    pub(crate) async fn sign_in(base: &str, login: &str, password: &str) -> anyhow::Result<Self> {
        let client = Client::new();
        let answer = client
            .post(format!("{base}/api/v1/session"))
            .json(&json!({"login": login, "password": password}))
            .send()
            .await?
            .error_for_status()?;
        let cookie = answer.headers().get("set-cookie").context("a cookie")?;
        let cookie = cookie
            .to_str()?
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        Ok(Self {
            client,
            base: base.to_owned(),
            cookie,
        })
    }

    pub(crate) async fn listen(&mut self) -> anyhow::Result<Arrivals> {
        let stream = self
            .client
            .get(format!("{}/api/v1/live", self.base))
            .header("cookie", &self.cookie)
            .send()
            .await?
            .error_for_status()?;
        let stop = CancellationToken::new();
        let noting = tokio::spawn(note(stream, stop.clone()));
        Ok(Arrivals { stop, noting })
    }
}

impl Arrivals {
    pub(crate) async fn stop(self) -> anyhow::Result<Moments> {
        self.stop.cancel();
        self.noting.await?
    }
}

async fn note(stream: Response, stop: CancellationToken) -> anyhow::Result<Moments> {
    let mut moments = Moments::new();
    let mut bytes = stream.bytes_stream();
    let mut text = String::new();
    while let Some(Some(more)) = stop.run_until_cancelled(bytes.next()).await {
        let arrived = Instant::now();
        text.push_str(str::from_utf8(&more?)?);
        while let Some((event, rest)) = text.split_once("\n\n") {
            ensure!(!event.contains("event: reset"), "the stream broke off");
            let data = event.lines().find_map(|line| line.strip_prefix("data: "));
            let data: Value = serde_json::from_str(data.unwrap_or("null"))?;
            for row in data["up"].as_array().into_iter().flatten() {
                let camera = row["camera_id"].as_str().context("a camera")?.to_owned();
                let seen_at = row["last_seen_at"].as_str().context("a time")?.parse()?;
                moments.entry((camera, seen_at)).or_insert(arrived);
            }
            text = rest.to_owned();
        }
    }
    Ok(moments)
}
