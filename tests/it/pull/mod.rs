//! Cameras that are asked for their pictures: real sockets, real ffmpeg, real RTSP.

mod camera;
mod keeping;
mod many;
mod onvif;
mod rtsp;
mod streams;

use std::time::Duration;

use cityward::config::Config;
use serde_json::{Value, json};

use crate::city::TestCity;
use crate::service::{TestClient, TestService};

const SOURCE: &str = "/api/v1/cameras/cam-1/source";

/// May ask this machine, and comes back soon after a failure.
fn settings(config: &mut Config) {
    config.pull.source_allow_local = true;
    config.pull.pull_retry_ms = 20;
}

/// A city with one camera, and an administrator at it. Returns the platform's token too.
async fn watched_city() -> (TestCity, TestService, TestClient, String) {
    let city = TestCity::new().await;
    let token = city.watched().await;
    let service = TestService::start_with(&city, settings).await;
    let administrator = service.sign_in(&city).await;
    (city, service, administrator, token)
}

async fn set(administrator: &TestClient, camera: &str, source: Value) -> Value {
    let put = administrator.put(&format!("/api/v1/cameras/{camera}/source"));
    let answer = put.json(&source).send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert!(status.is_success(), "{body}");
    body
}

/// The state of `cam-1` once it is as wanted.
async fn state(administrator: &TestClient, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..800 {
        last = administrator.json(SOURCE).await["state"].take();
        if wanted(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came to that: {last}");
}

/// Once it failed like this.
async fn failed(administrator: &TestClient, kind: &str) -> Value {
    state(administrator, |state| state["failure"]["kind"] == kind).await
}

/// Once so many pictures were let in.
async fn taken(administrator: &TestClient, at_least: u64) -> Value {
    let enough = |state: &Value| state["taken"].as_u64().is_some_and(|n| n >= at_least);
    state(administrator, enough).await
}

fn mjpeg(url: &str) -> Value {
    json!({ "kind": "mjpeg", "url": url, "period_s": 0.5 })
}
