//! A vehicle is a case where it must not stand, and if it stays there.

use std::fmt::Write as _;
use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use image::RgbImage;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::TestCity;
use crate::jpeg::jpeg;
use crate::onnx::{Attribute, Graph, Type};
use crate::service::{TestClient, TestService, problem};
use crate::vision::hex_sha256;

/// Picture and input alike, so that boxes are what the network says.
const WIDTH: u32 = 640;
const HEIGHT: u32 = 360;

/// A network that sees a car in every picture, and another where the picture is bright.
fn two_cars() -> Vec<u8> {
    let mut graph = Graph::default();
    let shape = [1, 3, i64::from(HEIGHT), i64::from(WIDTH)];
    graph.input("images", Type::F32, &shape);
    let over = [
        ("axes", Attribute::Ints(&[1, 2, 3])),
        ("keepdims", Attribute::Int(0)),
    ];
    graph.node("ReduceMean", &["images"], "brightness", &over);
    #[rustfmt::skip]
    let cars = [
        200.0, 100.0, 300.0, 200.0, 0.9, 0.0,
        400.0, 100.0, 500.0, 200.0, 0.0, 0.0,
    ];
    let mut bright = [0.0; 12];
    bright[10] = 0.8;
    graph.f32s("bright", &[1, 2, 6], &bright);
    graph.f32s("cars", &[1, 2, 6], &cars);
    graph.node("Mul", &["bright", "brightness"], "bright_car", &[]);
    graph.node("Add", &["cars", "bright_car"], "output", &[]);
    graph.output("output", Type::F32, &[1, 2, 6]);
    graph.model()
}

fn grey(level: u8) -> Vec<u8> {
    jpeg(
        &RgbImage::from_pixel(WIDTH, HEIGHT, image::Rgb([level; 3])),
        90,
    )
}

pub(crate) fn model() -> tempfile::TempDir {
    model_of("M09009")
}

/// The same network; what it sees is evidence of this class.
pub(crate) fn model_of(class: &str) -> tempfile::TempDir {
    let onnx = two_cars();
    let mut manifest = format!(
        "name = 'cars'\nversion = '1'\nlicence = 'Apache-2.0'\nfile = 'cars.onnx'\n\
         sha256 = '{}'\n\n[input]\ntensor = 'images'\nwidth = {WIDTH}\nheight = {HEIGHT}\n\
         colour = 'rgb'\nmean = [0.0, 0.0, 0.0]\nscale = [0.0039, 0.0039, 0.0039]\n\
         letterbox = 'stretch'\nfill = 0\n\n[output]\nlayout = 'yolov10'\ntensor = 'output'\n\n\
         [golden]\npicture = 'golden.jpg'\n\n",
        hex_sha256(&onnx)
    );
    write!(
        manifest,
        "[[golden.boxes]]\nlabel = 'car'\nconfidence = 0.9\nleft = 200.0\ntop = 100.0\n\
         right = 300.0\nbottom = 200.0\n\n\
         [[classes]]\nlabel = 'car'\nclass = '{class}'\nthreshold = 0.5\n"
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("cars.onnx", &onnx);
    write("golden.jpg", &grey(40));
    write("model.toml", manifest.as_bytes());
    folder
}

/// A street where nobody may park, watched by one camera.
struct Street {
    city: TestCity,
    service: TestService,
    administrator: TestClient,
    token: String,
    _model: tempfile::TempDir,
}

const ZONES: &str = "/api/v1/cameras/cam-1/zones";

impl Street {
    async fn new() -> Self {
        let city = TestCity::new().await;
        let token = city.watched().await;
        sqlx::query(
            "update sighting_rule set stay_s = 60, gone_s = 30 where class_code = 'M09009'",
        )
        .execute(&city.db)
        .await
        .unwrap();
        let model = model();
        let dirs = vec![model.path().to_owned()];
        let service =
            TestService::start_with(&city, |config| config.vision.model_dirs = dirs).await;
        Self {
            administrator: service.sign_in(&city).await,
            city,
            service,
            token,
            _model: model,
        }
    }

    /// What became of the detections in a frame.
    async fn push(&self, at: DateTime<Utc>, level: u8) -> Vec<Value> {
        let report = self.service.push(&self.token, at, grey(level)).await;
        assert_eq!(report["outcome"], "processed", "{report}");
        report["detections"].as_array().unwrap().clone()
    }

    async fn draw(&self, zones: Value) -> reqwest::Response {
        let put = self.administrator.put(ZONES);
        put.json(&json!({ "zones": zones })).send().await.unwrap()
    }

    async fn cases(&self) -> i64 {
        sqlx::query_scalar("select count(*) from city_case where class_code = 'M09009'")
            .fetch_one(&self.city.db)
            .await
            .unwrap()
    }
}

/// The left half of the picture, drawn on it.
fn left_half() -> Value {
    json!({
        "kind": "no_parking",
        "corners": [[0.01, 0.01], [0.55, 0.01], [0.55, 0.99], [0.01, 0.99]],
    })
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a test lives in the present")]
async fn a_vehicle_that_stays_in_a_no_parking_zone_is_one_case() {
    let street = Street::new().await;
    let began = Utc::now() - TimeDelta::seconds(400);
    let at = |s: i64| began + TimeDelta::seconds(s);
    for detection in street.push(at(-10), 40).await {
        assert_eq!(detection["dropped"], "outside_zone", "no zone is drawn yet");
    }
    let drawn = street.draw(json!([left_half()])).await;
    assert_eq!(drawn.status(), StatusCode::OK);

    for s in [0, 20, 40] {
        let detections = street.push(at(s), 40).await;
        assert_eq!(detections[0]["dropped"], "passing", "after {s} s");
    }
    assert_eq!(street.cases().await, 0);
    // the other car stands beside the zone
    let detections = street.push(at(60), 250).await;
    assert_eq!(detections.len(), 2);
    let since: DateTime<Utc> =
        serde_json::from_value(detections[0]["staying_since"].clone()).unwrap();
    assert!(
        (since - at(0)).abs() < TimeDelta::milliseconds(1),
        "{since}"
    );
    assert!(detections[0]["case_id"].is_i64(), "{detections:?}");
    assert_eq!(detections[1]["dropped"], "outside_zone");
    let again = street.push(at(80), 40).await;
    assert_eq!(
        again[0]["case_id"], detections[0]["case_id"],
        "one event while it lasts"
    );
    assert_eq!(street.cases().await, 1);

    // nobody may stay on a pavement either, but that is another rule's
    let pavement = json!([{ "kind": "pavement", "corners": left_half()["corners"] }]);
    assert_eq!(street.draw(pavement).await.status(), StatusCode::OK);
    assert_eq!(street.push(at(100), 40).await[0]["dropped"], "outside_zone");

    let metrics = reqwest::get(street.service.url("/metrics")).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(
        metrics.contains("cityward_stays_total{change=\"entered\"}"),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story from beginning to end")]
async fn zones_are_drawn_on_the_picture_and_kept_on_the_ground() {
    let street = Street::new().await;
    assert_eq!(
        street.administrator.json(ZONES).await,
        json!({ "zones": [] })
    );
    let mut zone = left_half();
    zone["hours"] = json!({ "days": [1, 7], "from_min": 1320, "to_min": 360 });
    zone["classes"] = json!(["M09009"]);
    assert_eq!(street.draw(json!([zone])).await.status(), StatusCode::OK);
    let kept = street.administrator.json(ZONES).await["zones"][0].clone();
    assert_eq!(kept["hours"], zone["hours"]);
    assert_eq!(kept["classes"], zone["classes"]);
    let corners: Vec<[f64; 2]> = serde_json::from_value(kept["corners"].clone()).unwrap();
    let drawn: Vec<[f64; 2]> = serde_json::from_value(zone["corners"].clone()).unwrap();
    for (kept, drawn) in corners.iter().zip(&drawn) {
        let off = (kept[0] - drawn[0]).hypot(kept[1] - drawn[1]);
        assert!(off < 1e-6, "{corners:?}");
    }
    assert_eq!(corners.len(), drawn.len());
    // what was read can be written again
    let again = street.administrator.json(ZONES).await;
    let put = street
        .administrator
        .put(ZONES)
        .json(&again)
        .send()
        .await
        .unwrap();
    assert_eq!(put.status(), StatusCode::OK);
    assert_eq!(
        street.administrator.json(ZONES).await["zones"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    // of two who draw at the same time one comes after the other
    for _ in 0..10 {
        let (one, other) = tokio::join!(
            street.draw(json!([left_half()])),
            street.draw(json!([left_half()]))
        );
        assert_eq!(
            (one.status(), other.status()),
            (StatusCode::OK, StatusCode::OK)
        );
        let drawn = street.administrator.json(ZONES).await;
        assert_eq!(drawn["zones"].as_array().unwrap().len(), 1, "{drawn}");
    }

    let wrong = |change: fn(&mut Value)| {
        let mut zone = left_half();
        change(&mut zone);
        json!([zone])
    };
    for (zones, field) in [
        (
            wrong(|zone| zone["corners"] = json!([[0.1, 0.1], [0.2, 0.2]])),
            "zones[0].ground",
        ),
        (
            // a bow tie
            wrong(|zone| {
                zone["corners"] = json!([[0.1, 0.6], [0.4, 0.9], [0.4, 0.6], [0.1, 0.9]]);
            }),
            "cross itself",
        ),
        (
            wrong(|zone| zone["corners"] = json!([[9.0, 9.0], [0.2, 0.2], [0.1, 0.5]])),
            "corners",
        ),
        (
            wrong(|zone| zone["classes"] = json!(["M99999"])),
            "zones[0].classes",
        ),
        (
            wrong(|zone| zone["hours"] = json!({ "days": [8], "from_min": 0, "to_min": 9 })),
            "zones[0].hours",
        ),
    ] {
        let body = problem(
            street.draw(zones).await,
            StatusCode::BAD_REQUEST,
            "invalid-field",
        )
        .await;
        assert!(body.to_string().contains(field), "{body}");
    }
    let unknown = street
        .administrator
        .get("/api/v1/cameras/nobody/zones")
        .send()
        .await
        .unwrap();
    problem(unknown, StatusCode::NOT_FOUND, "not-found").await;
}
