//! Parts of a camera's picture that nobody may see, and frames that nobody needs.

use image::GrayImage;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::people::colleague;
use crate::privacy::{Watch, detail, encoded, grey, noise, original, picture_at};
use crate::service::{TestClient, problem};

const MASKS: &str = "/api/v1/cameras/cam-1/masks";

async fn draw(person: &TestClient, masks: Value) -> reqwest::Response {
    let put = person.put(MASKS);
    put.json(&json!({ "masks": masks })).send().await.unwrap()
}

fn rectangle(left: f64, top: f64, right: f64, bottom: f64) -> Value {
    json!({ "corners": [[left, top], [right, top], [right, bottom], [left, bottom]] })
}

#[tokio::test(flavor = "multi_thread")]
async fn r5_2_what_a_mask_hides_is_neither_stored_nor_shown_nor_counted() {
    let watch = Watch::new(true).await;
    let administrator = watch.service.sign_in(&watch.city).await;
    let chief = colleague(&watch.city, &watch.service, "duty_chief", None, None).await;
    assert_eq!(administrator.json(MASKS).await, json!({ "masks": [] }));
    // the garbage is at 200, 100 to 300, 200 of 640 x 360
    let over = rectangle(0.25, 0.2, 0.5, 0.6);
    let drawn = draw(&administrator, json!([over])).await;
    assert_eq!(drawn.status(), StatusCode::OK);
    for second in 0..4 {
        assert_eq!(watch.push(second, &noise()).await["dropped"], "masked");
    }
    let shown = picture_at(&administrator, "/api/v1/cameras/cam-1/frame").await;
    let hidden = |picture: &GrayImage, part| detail(picture, part) < 2.0;
    assert!(hidden(&grey(&shown), [170, 80, 310, 200]));
    assert!(
        watch.files().is_empty(),
        "frames without an event: {:?}",
        watch.files()
    );
    watch.nowhere(&noise()).await;

    // beside it: the garbage counts, and the mask is on its picture and on the original
    let beside = rectangle(0.6, 0.2, 0.9, 0.6);
    assert_eq!(
        draw(&administrator, json!([beside])).await.status(),
        StatusCode::OK
    );
    for second in 10..12 {
        watch.push(second, &noise()).await;
    }
    let case = watch.push(12, &noise()).await["case_id"].as_i64().unwrap();
    let case = administrator.json(&format!("/api/v1/cases/{case}")).await;
    let evidence = &case["evidence"][0];
    let url = evidence["image"]["url"].as_str().unwrap();
    let clear = original(&chief.client, evidence, "核实").await;
    let clear = grey(&clear.bytes().await.unwrap());
    let part = [394, 80, 566, 206];
    assert!(hidden(&clear, part) && detail(&clear, [0, 0, 300, 300]) > 20.0);
    assert!(hidden(&grey(&picture_at(&administrator, url).await), part));

    let before: Vec<Value> = sqlx::query_scalar(
        "select after from audit_entry where action = 'draw-masks' order by entry_id",
    )
    .fetch_all(&watch.city.db)
    .await
    .unwrap();
    assert_eq!(before, [json!([over]), json!([beside])]);
    assert_eq!(administrator.json(MASKS).await["masks"], json!([beside]));
}

#[tokio::test(flavor = "multi_thread")]
async fn masks_are_drawn_by_administrators_and_wrong_ones_are_refused_by_name() {
    let watch = Watch::new(true).await;
    let administrator = watch.service.sign_in(&watch.city).await;
    let operator = colleague(&watch.city, &watch.service, "operator", None, None).await;
    let whole = rectangle(0.0, 0.0, 1.0, 1.0);
    let refused = draw(&operator.client, json!([whole])).await;
    problem(refused, StatusCode::FORBIDDEN, "forbidden").await;
    let unknown = administrator.put("/api/v1/cameras/cam-9/masks");
    let unknown = unknown.json(&json!({ "masks": [] })).send().await.unwrap();
    problem(unknown, StatusCode::NOT_FOUND, "not-found").await;
    let wrong = [
        json!({ "corners": [[0.1, 0.1], [0.2, 0.2]] }),
        json!({ "corners": [[0.1, 0.1], [1.2, 0.2], [0.5, 0.9]] }),
        json!({ "corners": [[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]] }),
        json!({ "corners": [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]] }),
    ];
    for mask in wrong {
        let refused = draw(&administrator, json!([whole, mask])).await;
        let body = problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], "masks[1].corners", "{mask}");
    }
    let many = vec![whole; 33];
    let refused = draw(&administrator, json!(many)).await;
    let body = problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "masks");
    assert_eq!(administrator.json(MASKS).await, json!({ "masks": [] }));
}

/// Of a street without anything that matters nothing is kept anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn r5_2_frames_without_an_event_are_not_kept() {
    let watch = Watch::new(true).await;
    let dark = encoded(&image::RgbImage::from_fn(640, 360, |x, y| {
        image::Rgb([x % 97, y % 89, (x * y) % 83].map(|value| value.to_le_bytes()[0]))
    }));
    // seen twice: not often enough for a case
    for second in 0..2 {
        assert!(watch.push(second, &dark).await["case_id"].is_null());
    }
    assert!(watch.files().is_empty(), "{:?}", watch.files());
    watch.nowhere(&dark).await;
}
