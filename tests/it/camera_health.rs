//! What is wrong with a camera is told, kept and over; a camera that moved files nothing.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cityward::time::{SetTime, TimeSource};
use image::{Rgb, RgbImage};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::TestCity;
use crate::jpeg::jpeg;
use crate::service::{TestClient, TestService};

const CAMERA: &str = "/api/v1/cameras/cam-1";

/// A city with one camera whose time is set, so that minutes pass at once.
struct Watched {
    city: TestCity,
    time: SetTime,
    token: String,
    model: tempfile::TempDir,
}

/// A wall of bricks, each with a grey of its own; `x`: by how many pixels the camera was turned.
fn wall(x: u32, level: f32) -> Vec<u8> {
    let picture = RgbImage::from_fn(1280, 720, |at_x, at_y| {
        let (brick, row) = ((at_x + x) / 19, at_y / 13);
        let mixed = (brick * 7919 + row * 104_729).wrapping_mul(2_654_435_761) >> 24;
        Rgb([(mixed as f32 * level) as u8; 3])
    });
    jpeg(&picture, 90)
}

impl Watched {
    async fn new() -> Self {
        let city = TestCity::new().await;
        let token = city.watched().await;
        Self {
            city,
            time: SetTime::new(start()),
            token,
            model: crate::stays::model(),
        }
    }

    async fn serve(&self) -> (TestService, TestClient) {
        let (dirs, time) = (vec![self.model.path().to_owned()], self.time.clone());
        let service = TestService::start_with(&self.city, |config| {
            config.vision.model_dirs = dirs;
            config.time = TimeSource::Set(time);
        })
        .await;
        let client = service.sign_in(&self.city).await;
        (service, client)
    }

    /// Pushes what the camera shows at this time; returns what became of it.
    async fn push(&self, service: &TestService, at: DateTime<Utc>, jpeg: Vec<u8>) -> Value {
        self.time.set(at);
        service.push(&self.token, at, jpeg).await
    }

    /// Waits until this many periods are in the database, ended or not.
    async fn periods(&self, expected: &[(&str, bool)]) {
        let mut found = Vec::new();
        for _ in 0..200 {
            found = sqlx::query_as::<_, (String, bool)>(
                "select condition::text, until is not null from camera_condition_period order by since, 1",
            )
            .fetch_all(&self.city.db)
            .await
            .unwrap();
            if found
                .iter()
                .map(|(what, over)| (what.as_str(), *over))
                .eq(expected.iter().copied())
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{found:?} instead of {expected:?}");
    }
}

fn start() -> DateTime<Utc> {
    "2036-11-29T08:00:00Z".parse().unwrap()
}

async fn conditions(client: &TestClient) -> Value {
    client.json(CAMERA).await["conditions"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dark_picture_is_told_kept_over_a_restart_and_over() {
    let watched = Watched::new().await;
    let (service, client) = watched.serve().await;
    let at = |s: i64| start() + TimeDelta::seconds(s);
    watched.push(&service, at(0), wall(0, 1.0)).await;
    assert_eq!(conditions(&client).await, json!([]));
    for s in [10, 25, 40, 55, 70] {
        // a little noise: it is dark, and not frozen
        watched
            .push(&service, at(s), wall(u32::try_from(s).unwrap(), 0.08))
            .await;
    }
    let dark = json!([{ "condition": "dark", "since": "2036-11-29T08:00:10Z" }]);
    assert_eq!(conditions(&client).await, dark);
    let metrics = service.client().get("/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(
        metrics.contains(
            "cityward_camera_condition_since_seconds{camera=\"cam-1\",condition=\"dark\"} 2111558410"
        ),
        "{metrics}"
    );
    watched.periods(&[("dark", false)]).await;
    service.stop().await;

    let (service, client) = watched.serve().await;
    assert_eq!(conditions(&client).await, dark);
    assert_eq!(
        client.json(CAMERA).await["heard_at"],
        "2036-11-29T08:01:10Z"
    );
    for s in [80, 90, 100] {
        watched
            .push(&service, at(s), wall(u32::try_from(s).unwrap(), 1.0))
            .await;
    }
    assert_eq!(conditions(&client).await, json!([]));
    watched.periods(&[("dark", true)]).await;

    // nothing comes in any more
    watched.time.set(at(100 + 121));
    watched.periods(&[("dark", true), ("offline", false)]).await;
    let offline = json!([{ "condition": "offline", "since": "2036-11-29T08:01:40Z" }]);
    assert_eq!(conditions(&client).await, offline);
    watched.push(&service, at(300), wall(7, 1.0)).await;
    assert_eq!(conditions(&client).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_moved_camera_sees_is_held_back_until_it_is_calibrated_again() {
    let watched = Watched::new().await;
    let (service, client) = watched.serve().await;
    let at = |minute: i64| start() + TimeDelta::minutes(minute);
    let report = watched.push(&service, at(0), wall(0, 1.0)).await;
    assert_eq!(report["detections"][0]["dropped"], "outside_zone");
    for minute in 1..5 {
        // 100 pixels of 1280
        watched.push(&service, at(minute), wall(100, 0.9)).await;
    }
    let moved = json!([{ "condition": "moved", "since": "2036-11-29T08:01:00Z" }]);
    assert_eq!(conditions(&client).await, moved);
    let report = watched.push(&service, at(5), wall(100, 1.0)).await;
    assert_eq!(
        report["detections"][0]["dropped"], "camera_moved",
        "{report}"
    );
    watched.periods(&[("moved", false)]).await;
    service.stop().await;

    // also after a restart
    let (service, client) = watched.serve().await;
    assert_eq!(conditions(&client).await, moved);
    let report = watched.push(&service, at(6), wall(100, 0.9)).await;
    assert_eq!(
        report["detections"][0]["dropped"], "camera_moved",
        "{report}"
    );

    let pairs: Vec<Value> = [
        (60., 60.),
        (1200., 80.),
        (1180., 640.),
        (80., 660.),
        (640., 300.),
        (300., 420.),
    ]
    .iter()
    .map(|(x, y)| {
        let on_ground = crate::city::place(x / 32.0, (720.0 - y) / 18.0);
        json!({ "x": x, "y": y, "lon": on_ground.lon, "lat": on_ground.lat })
    })
    .collect();
    let draft = json!({ "image_width_px": 1280, "image_height_px": 720, "pairs": pairs });
    let put = client.put(&format!("{CAMERA}/calibration"));
    assert_eq!(
        put.json(&draft).send().await.unwrap().status(),
        StatusCode::OK
    );
    let report = watched.push(&service, at(7), wall(100, 1.0)).await;
    assert_eq!(
        report["detections"][0]["dropped"], "outside_zone",
        "{report}"
    );
    watched.periods(&[("moved", true)]).await;
    for minute in 8..14 {
        watched.push(&service, at(minute), wall(100, 0.9)).await;
    }
    assert_eq!(conditions(&client).await, json!([]));
}
