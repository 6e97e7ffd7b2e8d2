//! Cameras, where they look, and what they saw last.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use cityward::camera::{CameraId, LastFrame};
use serde_json::{Value, json};

use crate::city::place;
use crate::door::{Door, check, now, picture};

#[tokio::test]
async fn cameras_are_for_signed_in_people() {
    let door = Door::open(|_| {}).await;
    for path in [
        "/api/v1/cameras",
        "/api/v1/cameras/cam-1",
        "/api/v1/cameras/cam-1/frame",
    ] {
        let request = Request::get(path)
            .header("authorization", format!("Bearer {}", door.token))
            .body(Body::empty())
            .unwrap();
        check(&door.send(request).await, 401, "unauthenticated", None);
    }
}

#[tokio::test]
async fn a_camera_is_added_changed_and_counted() {
    let door = Door::open(|_| {}).await;
    let mut camera = json!({
        "name_zh": "朝阳路", "name_en": "Chaoyang Road",
        "lon": 119.921, "lat": 32.451, "height_m": 6.5, "platform_id": null,
    });
    let saved = door
        .ask("PUT", "/api/v1/cameras/cam-3", camera.clone())
        .await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    camera["name_en"] = json!("Chaoyang Rd");
    door.ask("PUT", "/api/v1/cameras/cam-3", camera.clone())
        .await;
    let found = door
        .ask("GET", "/api/v1/cameras/cam-3", json!(null))
        .await
        .body;
    insta::assert_json_snapshot!(found, @r#"
    {
      "calibration": null,
      "conditions": [],
      "frames": {
        "processed": 0,
        "refused": 0,
        "superseded": 0
      },
      "heard_at": null,
      "height_m": 6.5,
      "id": "cam-3",
      "last_frame_at": null,
      "lat": 32.451,
      "lon": 119.921,
      "models": null,
      "name_en": "Chaoyang Rd",
      "name_zh": "朝阳路",
      "platform_id": null,
      "pulled": false
    }
    "#);
    door.push_taken(1).await;
    let all = door.ask("GET", "/api/v1/cameras", json!(null)).await.body;
    let ids: Vec<_> = all["cameras"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["id"])
        .collect();
    assert_eq!(ids, ["cam-1", "cam-2", "cam-3"]);
    assert!(all["cameras"][0]["last_frame_at"].is_string());
    assert_eq!(all["cameras"][0]["calibration"]["version"], 1);
    assert_eq!(
        all["cameras"][0]["calibration"]["ground"]["type"],
        "Polygon"
    );

    for (field, value) in [
        ("name_zh", json!(" ")),
        ("height_m", json!(-1)),
        ("platform_id", json!(4711)),
    ] {
        let mut wrong = camera.clone();
        wrong[field] = value;
        let answer = door.ask("PUT", "/api/v1/cameras/cam-3", wrong).await;
        check(&answer, 400, "invalid-field", Some(field));
    }
    let answer = door.ask("PUT", "/api/v1/cameras/no%20id", camera).await;
    check(&answer, 400, "invalid-field", Some("camera_id"));
    let answer = door.ask("GET", "/api/v1/cameras/nobody", json!(null)).await;
    check(&answer, 404, "not-found", None);
}

/// Pairs as seen from straight above: 32 pixels a metre.
fn calibration_draft() -> Value {
    let corners = [
        (60., 60.),
        (1200., 80.),
        (1180., 640.),
        (80., 660.),
        (640., 300.),
        (300., 420.),
    ];
    let pairs: Vec<Value> = corners
        .iter()
        .map(|(x, y)| {
            let at = place(x / 32.0, (720.0 - y) / 32.0);
            json!({ "x": x, "y": y, "lon": at.lon, "lat": at.lat })
        })
        .collect();
    json!({ "image_width_px": 1280, "image_height_px": 720, "pairs": pairs })
}

#[tokio::test]
async fn a_calibration_is_a_new_version_and_used_at_once() {
    let door = Door::open(|_| {}).await;
    let path = "/api/v1/cameras/cam-1/calibration";
    let answer = door.ask("PUT", path, calibration_draft()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.body["version"], 2);
    assert!(answer.body["error_loo_m"].as_f64().unwrap() < 0.01);
    assert_eq!(answer.body["pairs"].as_array().unwrap().len(), 6);
    assert!(answer.body["pairs"][0]["residual_m"].as_f64().unwrap() < 0.01);
    assert!(answer.body["pairs"][0]["leave_one_out_m"].is_number());
    assert!(
        answer.body["ground"]["coordinates"][0]
            .as_array()
            .unwrap()
            .len()
            >= 4
    );

    door.push_taken(1).await;
    let frame = door.app.intake.take().unwrap().frame;
    assert_eq!(frame.camera.calibration.as_ref().unwrap().version, 2);
    let versions: i64 =
        sqlx::query_scalar("select count(*) from calibration where camera_id = 'cam-1'")
            .fetch_one(&door.city.db)
            .await
            .unwrap();
    assert_eq!(versions, 2, "the earlier one stays");
}

#[tokio::test]
async fn a_calibration_that_cannot_be_is_explained() {
    let door = Door::open(|_| {}).await;
    let path = "/api/v1/cameras/cam-1/calibration";
    let mut few = calibration_draft();
    few["pairs"].as_array_mut().unwrap().truncate(3);
    let answer = door.ask("PUT", path, few).await;
    check(&answer, 422, "calibration-impossible", Some("/pairs"));
    let mut repeated = calibration_draft();
    repeated["pairs"][3] = repeated["pairs"][1].clone();
    let answer = door.ask("PUT", path, repeated).await;
    check(&answer, 422, "calibration-impossible", Some("/pairs/1"));
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains("pairs 2 and 4")
    );
    let mut ground = calibration_draft();
    ground["ground"] = json!({ "type": "Polygon", "coordinates": [] });
    let answer = door.ask("PUT", path, ground).await;
    check(&answer, 422, "calibration-impossible", Some("/ground"));
    let answer = door
        .ask(
            "PUT",
            "/api/v1/cameras/nobody/calibration",
            calibration_draft(),
        )
        .await;
    check(&answer, 404, "not-found", None);
}

#[tokio::test]
async fn the_registry_hears_of_changes_made_elsewhere() {
    let door = Door::open(|_| {}).await;
    door.city.camera("cam-9", 1).await;
    let id = CameraId::try_from("cam-9".to_owned()).unwrap();
    let heard = async {
        while door
            .app
            .cameras
            .get(&id)
            .is_none_or(|c| c.calibration.is_none())
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), heard)
        .await
        .expect("heard within five seconds");
}

#[tokio::test]
async fn the_newest_processed_frame_can_be_looked_at() {
    let door = Door::open(|_| {}).await;
    let path = "/api/v1/cameras/cam-1/frame";
    check(
        &door.ask("GET", path, json!(null)).await,
        404,
        "not-found",
        None,
    );
    let id = CameraId::try_from("cam-1".to_owned()).unwrap();
    let frame = LastFrame {
        captured_at: now(),
        jpeg: picture().into(),
        masks: Arc::default(),
    };
    door.app.last_frames.put(&id, frame);
    let answer = door.ask("GET", path, json!(null)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["content-type"], "image/jpeg");
    assert!(answer.headers.contains_key("x-captured-at"));
}
