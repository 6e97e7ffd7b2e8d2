//! The whole line: a rendered picture goes in by the door, the model sees it, and the case comes
//! out on the live stream.

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cityward::catalogue::Catalogue;
use cityward::demo::{self, FramesArgs};
use cityward::space::PixelBox;
use reqwest::StatusCode;
use serde_json::Value;
use sqlx::{Connection, PgConnection};

use crate::cases::second;
use crate::city::TestCity;
use crate::live::EventSource;
use crate::service::TestService;

const PICTURES: u32 = 10;
/// Farther apart than any class joins sightings.
const CORNERS_M: f64 = 120.0;

/// A picture of an invented street, and what is really in it.
pub(crate) struct Scene {
    pub(crate) jpeg: Vec<u8>,
    truth: Vec<(String, PixelBox)>,
}

/// Rendered once for all tests.
pub(crate) static SCENES: LazyLock<Vec<Scene>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_owned();
    demo::write_frames(&FramesArgs {
        out: out.clone(),
        count: PICTURES,
        seed: 11,
        width: 640,
        split: false,
    })
    .unwrap();
    let labels = fs::read_to_string(out.join("labels.jsonl")).unwrap();
    let lines = labels
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines
        .map(|line: Value| {
            let boxes = line["boxes"].as_array().unwrap().iter();
            Scene {
                jpeg: fs::read(out.join(line["file"].as_str().unwrap())).unwrap(),
                truth: boxes
                    .map(|truth| {
                        (
                            truth["label"].as_str().unwrap().to_owned(),
                            pixel_box(truth),
                        )
                    })
                    .collect(),
            }
        })
        .collect()
});

fn pixel_box(json: &Value) -> PixelBox {
    serde_json::from_value(json.clone()).unwrap()
}

/// A row of cells with a camera at every corner. Returns the token their frames come with.
pub(crate) async fn lay_out(city: &TestCity) -> String {
    let edition = city.edition().await;
    let unit = city.unit(1).await;
    for cell in city.cells(edition, 20, 1).await {
        city.responsible(edition, cell, None, unit).await;
    }
    let (platform, token) = city.platform("corners").await;
    for corner in 0..PICTURES {
        let east_m = CORNERS_M * f64::from(corner);
        city.camera_at(&format!("corner-{corner}"), platform, east_m)
            .await;
    }
    token
}

/// Pushes a picture and waits for what became of it.
async fn push(
    service: &TestService,
    token: &str,
    camera: u32,
    jpeg: &[u8],
    at: DateTime<Utc>,
) -> Value {
    let report = push_patiently(service, token, camera, jpeg, at).await;
    report.expect("the report is ready in time")
}

/// Pushes a picture; `None` when its report was not ready in time and only the receipt came.
async fn push_patiently(
    service: &TestService,
    token: &str,
    camera: u32,
    jpeg: &[u8],
    at: DateTime<Utc>,
) -> Option<Value> {
    let answer = service
        .client()
        .post(&format!("/api/v1/cameras/corner-{camera}/frames?wait=true"))
        .bearer_auth(token)
        .header("content-type", "image/jpeg")
        .header("x-captured-at", at.to_rfc3339())
        .body(jpeg.to_owned())
        .send()
        .await
        .unwrap();
    if answer.status() == StatusCode::ACCEPTED {
        return None;
    }
    assert_eq!(answer.status(), StatusCode::OK);
    let reports: Value = answer.json().await.unwrap();
    Some(reports["frames"][0].clone())
}

/// The cases there are, as soon as there is one; they are filed in one transaction.
async fn filed_cases(city: &TestCity) -> Vec<i64> {
    for _ in 0..1200 {
        let filed: Vec<i64> = sqlx::query_scalar("select case_id from city_case order by case_id")
            .fetch_all(&city.db)
            .await
            .unwrap();
        if !filed.is_empty() {
            return filed;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no case was filed within a minute");
}

/// What of a report was believed and placed.
fn placed(report: &Value) -> Vec<&Value> {
    let detections = report["detections"].as_array().unwrap().iter();
    detections
        .filter(|found| !found["place"].is_null())
        .collect()
}

/// The first scene in which the model sees something it should, by its number.
pub(crate) async fn telling_scene(
    service: &TestService,
    token: &str,
) -> (u32, &'static Scene, Value) {
    for (corner, scene) in (0..).zip(SCENES.iter()) {
        let report = push(service, token, corner, &scene.jpeg, second(0)).await;
        assert_eq!(report["outcome"], "processed", "{report}");
        let seen = placed(&report).into_iter().find(|found| {
            scene.truth.iter().any(|(label, truth)| {
                found["label"] == label.as_str() && pixel_box(&found["box"]).iou(truth) > 0.5
            })
        });
        if let Some(seen) = seen {
            assert_eq!(seen["case_id"], Value::Null, "one look is not a case");
            return (corner, scene, seen.clone());
        }
    }
    panic!("the model sees nothing in {PICTURES} rendered streets");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_becomes_a_case_on_the_map() {
    let city = TestCity::new().await;
    let token = lay_out(&city).await;
    let service = TestService::start(&city).await;
    let person = service.sign_in(&city).await;
    let (corner, scene, seen) = telling_scene(&service, &token).await;
    let class = seen["class"].as_str().unwrap();
    let rule = &Catalogue::shipped().sighting_rules()[&class.parse().unwrap()];

    let mut source = EventSource::open(&person, None).await;
    let mut filed = None;
    for look in 2..=rule.confirm_frames {
        let at = second(i64::from(look) * 3);
        let report = push(&service, &token, corner, &scene.jpeg, at).await;
        let detections = placed(&report);
        let found = detections
            .iter()
            .find(|found| found["box"] == seen["box"])
            .unwrap();
        filed = found["case_id"].as_i64();
        assert_eq!(
            filed.is_some(),
            look == rule.confirm_frames,
            "look {look}: {report}"
        );
    }
    let id = filed.unwrap();

    let batch = source.batch().await.data;
    assert!(
        batch["new"].as_array().unwrap().contains(&id.into()),
        "{batch}"
    );
    let rows = batch["up"].as_array().unwrap();
    let row = rows.iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(row["class"], class);
    assert_eq!(row["camera_id"], format!("corner-{corner}"));
    assert_eq!(
        (&row["lon"], &row["lat"]),
        (&seen["place"]["lon"], &seen["place"]["lat"])
    );
    assert_eq!(row["cell"]["id"], seen["place"]["cell"]["id"]);
    assert_eq!(row["unit"]["name_en"], "Unit 1");
    let snapshot = person.json("/api/v1/live/snapshot").await;
    assert!(snapshot["cases"].as_array().unwrap().contains(row));

    let case = person.json(&format!("/api/v1/cases/{id}")).await;
    assert_eq!(case["evidence"][0]["box"], seen["box"]);
    assert_eq!(case["because"]["rule"], "cell_default");
    let picture = case["evidence"][0]["image"]["url"].as_str().unwrap();
    let picture = person
        .get(picture)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let (kept, pushed) = (
        image::load_from_memory(&picture),
        image::load_from_memory(&scene.jpeg),
    );
    let (kept, pushed) = (kept.unwrap().into_rgb8(), pushed.unwrap().into_rgb8());
    assert_eq!(kept.dimensions(), pushed.dimensions());
    let bytes = kept.as_raw().iter().zip(pushed.as_raw());
    let same = bytes.filter(|(a, b)| a.abs_diff(**b) < 24).count();
    assert!(
        same * 2 > kept.as_raw().len(),
        "the evidence is the picture that was pushed, but for what was made unrecognisable"
    );
    service.stop().await;
}

/// A connection that breaks in the middle of filing costs a retry, not the case.
#[tokio::test(flavor = "multi_thread")]
async fn a_case_survives_a_broken_connection() {
    let city = TestCity::new().await;
    let token = lay_out(&city).await;
    let service = TestService::start(&city).await;
    let (corner, scene, seen) = telling_scene(&service, &token).await;
    let rule =
        &Catalogue::shipped().sighting_rules()[&seen["class"].as_str().unwrap().parse().unwrap()];
    for look in 2..rule.confirm_frames {
        push(
            &service,
            &token,
            corner,
            &scene.jpeg,
            second(i64::from(look) * 3),
        )
        .await;
    }

    let mut operator = PgConnection::connect_with(&city.options).await.unwrap();
    let mut lock = operator.begin().await.unwrap();
    sqlx::query("lock table city_case in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let break_it = async {
        let broken = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        for _ in 0..3 {
            let mut count: i64 = 0;
            while count == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                // outside the lock's transaction, which would see one moment's activity for ever
                count = sqlx::query_scalar(broken)
                    .fetch_one(&city.db)
                    .await
                    .unwrap();
            }
        }
        lock.rollback().await.unwrap();
    };
    let last = second(60);
    let pushed = push_patiently(&service, &token, corner, &scene.jpeg, last);
    let (report, ()) = tokio::join!(pushed, break_it);
    let filed = filed_cases(&city).await;
    let doubled: i64 = sqlx::query_scalar(
        "select count(*) - count(distinct (class_code, st_astext(location))) from city_case",
    )
    .fetch_one(&city.db)
    .await
    .unwrap();
    assert_eq!(doubled, 0, "each case once");
    // where the breaks took longer than a report is waited for, only the receipt came
    if let Some(report) = report {
        assert_eq!(report["outcome"], "processed", "{report}");
        let told: BTreeSet<i64> = placed(&report)
            .iter()
            .filter_map(|found| found["case_id"].as_i64())
            .collect();
        assert_eq!(
            Vec::from_iter(told),
            filed,
            "what was told is what was filed"
        );
    }
    service.stop().await;
}

/// What was accepted is finished when the service stops.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_service_finishes_what_it_accepted() {
    let city = TestCity::new().await;
    let token = lay_out(&city).await;
    let service = TestService::start(&city).await;
    let (corner, scene, seen) = telling_scene(&service, &token).await;
    let rule =
        &Catalogue::shipped().sighting_rules()[&seen["class"].as_str().unwrap().parse().unwrap()];
    for look in 2..rule.confirm_frames {
        push(
            &service,
            &token,
            corner,
            &scene.jpeg,
            second(i64::from(look) * 3),
        )
        .await;
    }
    let accepted = service
        .client()
        .post(&format!("/api/v1/cameras/corner-{corner}/frames"))
        .bearer_auth(&token)
        .header("content-type", "image/jpeg")
        .header(
            "x-captured-at",
            (second(60) + TimeDelta::milliseconds(1)).to_rfc3339(),
        )
        .body(scene.jpeg.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(accepted.status(), StatusCode::ACCEPTED);
    service.stop().await;
    let filed: i64 = sqlx::query_scalar("select count(*) from city_case where class_code = $1")
        .bind(seen["class"].as_str().unwrap())
        .fetch_one(&city.db)
        .await
        .unwrap();
    assert!(filed >= 1);
}
