//! Pictures come, whatever the camera does in between.

use std::time::Duration;

use serde_json::{Value, json};

use super::camera::{Mood, PASSWORD, TestCamera, USER};
use super::{failed, mjpeg, set, settings, state, taken, watched_city};
use crate::city::TestCity;
use crate::door::picture;
use crate::frame_to_map::{lay_out, telling_scene};
use crate::live::EventSource;
use crate::service::{TestClient, TestService};

/// The whole line: a camera that wants a digest is asked for snapshots, and its case is on the map.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_pulled_camera_sees_becomes_a_case_on_the_map() {
    let city = TestCity::new().await;
    let token = lay_out(&city).await;
    let service = TestService::start_with(&city, settings).await;
    let administrator = service.sign_in(&city).await;
    let (corner, scene, seen) = telling_scene(&service, &token).await;
    let camera = TestCamera::new(scene.jpeg.clone()).await;
    let mut live = EventSource::open(&administrator, None).await;
    let source = json!({
        "kind": "snapshot", "url": camera.url("digest", "snapshot?channel=1"),
        "login": USER, "password": PASSWORD, "period_s": 0.5,
    });
    set(&administrator, &format!("corner-{corner}"), source).await;
    let row = loop {
        let batch = live.batch().await.data;
        let of_camera = |row: &&Value| row["camera_id"] == format!("corner-{corner}");
        if let Some(row) = batch["up"].as_array().unwrap().iter().find(of_camera) {
            break row.clone();
        }
    };
    assert_eq!(row["class"], seen["class"]);
    let list = administrator.json("/api/v1/cameras").await;
    let cameras = list["cameras"].as_array().unwrap();
    let pulled = cameras.iter().filter(|camera| camera["pulled"] == true);
    assert_eq!(pulled.count(), 1);
    let url = format!("/api/v1/cameras/corner-{corner}/frame");
    let frame = administrator.get(&url).send().await.unwrap();
    assert_eq!(frame.headers()["content-type"], "image/jpeg");
    // not byte for byte: as it may be shown
    assert!(frame.bytes().await.unwrap().starts_with(b"\xff\xd8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_taken_one_picture_a_period_and_the_others_are_counted() {
    let (_city, service, administrator, _) = watched_city().await;
    let camera = TestCamera::new(picture()).await;
    let mut source = mjpeg(&camera.url("basic", "mjpeg"));
    source["login"] = USER.into();
    source["password"] = PASSWORD.into();
    let answer = set(&administrator, "cam-1", source).await;
    assert_eq!(answer["source"]["login"], USER);
    assert!(!answer.to_string().contains("pa:ss"), "{answer}");
    let state = taken(&administrator, 3).await;
    assert_eq!(state["phase"], "streaming");
    // ten a second come, two are taken
    assert!(state["skipped"].as_u64().unwrap() >= 5, "{state}");
    assert_eq!(state["refused"], 0);
    assert_eq!(state["failure"], Value::Null);
    let drift = state["clock_drift_s"].as_f64().unwrap();
    assert!(drift.abs() < 5.0, "{drift}");
    let view = administrator.json("/api/v1/cameras/cam-1").await;
    assert_eq!(view["conditions"], json!([]));
    assert!(view["last_frame_at"].is_string() && view["heard_at"].is_string());
    assert_eq!(camera.asked(), 1, "one connection");
    let metrics = service.client().get("/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(
        metrics.contains("cityward_pulls{phase=\"streaming\"}"),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_is_come_back_to_after_everything_it_does() {
    let (_city, _service, administrator, _) = watched_city().await;
    let camera = TestCamera::new(picture()).await;
    camera.is(Mood::Status(503));
    set(&administrator, "cam-1", mjpeg(&camera.url("open", "mjpeg"))).await;
    let refused = failed(&administrator, "answered").await;
    assert_eq!(refused["failure"]["detail"], "it answered 503");
    assert_eq!(refused["taken"], 0);
    for (mood, kind) in [
        (Mood::Html, "malformed"),
        (Mood::Redirects, "redirected"),
        (Mood::Garbage, "not-a-picture"),
        (Mood::Truncated, "not-a-picture"),
        (Mood::Large, "malformed"),
        (Mood::HangsUp, "ended"),
    ] {
        camera.is(Mood::Well);
        let before = so_far(&administrator).await;
        let good = taken(&administrator, before + 1).await;
        assert_eq!(good["phase"], "streaming", "{mood:?}");
        camera.is(mood);
        let anew = |state: &Value| {
            state["failure"]["kind"] == kind && state["failure"]["at"] != good["failure"]["at"]
        };
        state(&administrator, anew).await;
    }
    camera.is(Mood::Well);
    let before = so_far(&administrator).await;
    let good = taken(&administrator, before + 3).await;
    assert!(good["reconnects"].as_u64().unwrap() >= 7, "{good}");
    assert!(good["refused"].as_u64().unwrap() >= 10, "{good}");
    // pictures that are none are counted like pushed ones
    let view = administrator.json("/api/v1/cameras/cam-1").await;
    assert!(view["frames"]["refused"].as_u64().unwrap() >= 10, "{view}");
    assert!(camera.open_max() <= 2, "old connections are closed");
}

/// How many pictures were let in.
async fn so_far(administrator: &TestClient) -> u64 {
    let now = state(administrator, |state| state["taken"].is_u64()).await;
    now["taken"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_stalls_is_left_and_asked_again() {
    let (_city, _service, administrator, _) = watched_city().await;
    let camera = TestCamera::new(picture()).await;
    camera.is(Mood::Stalls);
    set(&administrator, "cam-1", mjpeg(&camera.url("open", "mjpeg"))).await;
    let stalled = failed(&administrator, "stalled").await;
    assert_eq!(stalled["failure"]["detail"], "no picture for 10 s");
    // one picture with each connection
    assert!(stalled["taken"].as_u64().unwrap() <= 2, "{stalled}");
    camera.is(Mood::Well);
    taken(&administrator, 3).await;
    assert!(camera.open() <= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_not_tried_again_and_again() {
    let (_city, _service, administrator, _) = watched_city().await;
    let camera = TestCamera::new(picture()).await;
    let mut source = json!({
        "kind": "snapshot", "url": camera.url("digest", "snapshot"), "period_s": 0.5,
        "login": USER, "password": "wrong",
    });
    set(&administrator, "cam-1", source.clone()).await;
    let refused = failed(&administrator, "unauthorised").await;
    // 300 times the first wait, at once
    let at = |name: &str| -> chrono::DateTime<chrono::Utc> {
        let value = if name == "retry_at" {
            &refused[name]
        } else {
            &refused["failure"][name]
        };
        value.as_str().unwrap().parse().unwrap()
    };
    assert!(
        at("retry_at") - at("at") >= chrono::TimeDelta::seconds(3),
        "{refused}"
    );
    assert_eq!(camera.asked(), 0);
    // a right one counts at once
    source["password"] = PASSWORD.into();
    set(&administrator, "cam-1", source).await;
    taken(&administrator, 2).await;
}

/// A camera that is asked every minute or less is not held open, and not offline between.
#[tokio::test(flavor = "multi_thread")]
async fn pictures_that_are_far_apart_do_not_keep_a_stream_open() {
    let (_city, _service, administrator, _) = watched_city().await;
    let camera = TestCamera::new(picture()).await;
    let mut source = mjpeg(&camera.url("open", "mjpeg"));
    source["period_s"] = 600.into();
    set(&administrator, "cam-1", source).await;
    let state = taken(&administrator, 1).await;
    assert_eq!(state["phase"], "streaming");
    for _ in 0..100 {
        if camera.open() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((camera.open(), camera.asked()), (0, 1));
}
