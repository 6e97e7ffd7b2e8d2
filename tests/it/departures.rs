//! A camera sees that what a case is about is gone, and says so to whoever checks.

use chrono::{DateTime, TimeDelta, Utc};
use image::{Rgb, RgbImage};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::TestCity;
use crate::jpeg::jpeg;
use crate::service::{TestClient, TestService};

/// A street with a camera whose model sees a second car where the picture is bright.
struct Street {
    city: TestCity,
    service: TestService,
    client: TestClient,
    token: String,
    began: DateTime<Utc>,
    model: tempfile::TempDir,
}

/// A wall of bricks that nothing is wrong with.
pub(crate) fn wall(bright: bool) -> Vec<u8> {
    let picture = RgbImage::from_fn(640, 360, |x, y| {
        let mixed = ((x / 9) * 7919 + (y / 7) * 104_729).wrapping_mul(2_654_435_761) >> 24;
        let level = if bright {
            120 + mixed * 53 / 100
        } else {
            mixed * 9 / 10
        };
        Rgb([level as u8; 3])
    });
    jpeg(&picture, 90)
}

impl Street {
    async fn new() -> Self {
        let city = TestCity::new().await;
        let token = city.watched().await;
        sqlx::query(
            "update sighting_rule set stay_s = 60, gone_s = 300 where class_code = 'M09009'",
        )
        .execute(&city.db)
        .await
        .unwrap();
        let model = crate::stays::model();
        let (service, client) = Self::serve(&city, &model).await;
        let zone = json!({
            "kind": "no_parking",
            "corners": [[0.6, 0.01], [0.95, 0.01], [0.95, 0.99], [0.6, 0.99]],
        });
        let put = client.put("/api/v1/cameras/cam-1/zones");
        let drawn = put.json(&json!({ "zones": [zone] })).send().await.unwrap();
        assert_eq!(drawn.status(), StatusCode::OK);
        #[expect(clippy::disallowed_methods, reason = "a test lives in the present")]
        let began = Utc::now() - TimeDelta::seconds(3000);
        Self {
            city,
            service,
            client,
            token,
            began,
            model,
        }
    }

    async fn serve(city: &TestCity, model: &tempfile::TempDir) -> (TestService, TestClient) {
        let dirs = vec![model.path().to_owned()];
        let service = TestService::start_with(city, |config| config.vision.model_dirs = dirs).await;
        let client = service.sign_in(city).await;
        (service, client)
    }

    /// Shows the street so many seconds after it began; returns the case of the second car.
    async fn show(&self, s: i64, bright: bool) -> Option<i64> {
        let at = self.began + TimeDelta::seconds(s);
        let report = self.service.push(&self.token, at, wall(bright)).await;
        let detections = report["detections"].as_array().unwrap();
        assert_eq!(detections.len(), if bright { 2 } else { 1 }, "{report}");
        detections.last().unwrap()["case_id"].as_i64()
    }

    async fn case(&self, id: i64) -> Value {
        self.client.json(&format!("/api/v1/cases/{id}")).await
    }

    async fn notes(&self) -> i64 {
        sqlx::query_scalar("select count(*) from case_event where action = 'seen_gone'")
            .fetch_one(&self.city.db)
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_reported_as_handled_is_looked_at_by_its_camera() {
    let mut street = Street::new().await;
    let mut case = None;
    for s in [0, 20, 40, 60, 80] {
        case = street.show(s, true).await.or(case);
    }
    let case = case.expect("a car that stays");
    assert_eq!(street.case(case).await["camera_check"], json!(null));

    sqlx::query(
        "with handled as (update city_case set state = 'handled' where case_id = $1 returning case_id)
         insert into case_event (case_id, action, at, actor, detail)
         select case_id, 'feed_back', $2, 'system', '{}' from handled",
    )
    .bind(case)
    .bind(street.began + TimeDelta::seconds(100))
    .execute(&street.city.db)
    .await
    .unwrap();
    let check = street.case(case).await["camera_check"].take();
    assert_eq!(check["verdict"], "cannot_tell", "{check}");

    assert_eq!(street.show(120, true).await, Some(case));
    let found = street.case(case).await;
    let check = &found["camera_check"];
    assert_eq!(check["verdict"], "still_there", "{check}");
    let evidence = |id: &Value| {
        let all = found["evidence"].as_array().unwrap();
        all.iter().find(|one| one["id"] == *id).cloned().unwrap()
    };
    assert_eq!(evidence(&check["before"])["gone"], false);
    let after: DateTime<Utc> =
        serde_json::from_value(evidence(&check["after"])["captured_at"].clone()).unwrap();
    assert!(after > street.began + TimeDelta::seconds(100));

    // it drives off; half-way through the service is started anew
    for s in (140..400).step_by(20) {
        street.show(s, false).await;
    }
    street.service.stop().await;
    (street.service, street.client) = Street::serve(&street.city, &street.model).await;
    for s in (400..990).step_by(20) {
        street.show(s, false).await;
        assert_eq!(street.notes().await, 0, "after {s} s");
    }
    street.show(1000, false).await;
    street.show(1020, false).await;
    assert_eq!(street.notes().await, 1, "it is said once");
    let found = street.case(case).await;
    let check = &found["camera_check"];
    assert_eq!(check["verdict"], "gone", "{check}");
    let evidence = found["evidence"].as_array().unwrap();
    let after = evidence
        .iter()
        .find(|one| one["id"] == check["after"])
        .unwrap();
    assert_eq!(after["gone"], true);
    assert_eq!(found["state"], "handled", "a camera ends no case");
    let picture = street.client.get(after["image"]["url"].as_str().unwrap());
    assert_eq!(picture.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_shows_nothing_shows_nobody_gone() {
    let street = Street::new().await;
    let mut case = None;
    for s in [0, 20, 40, 60, 80] {
        case = street.show(s, true).await.or(case);
    }
    assert!(case.is_some(), "a car that stays");
    let covered = jpeg(&RgbImage::from_pixel(640, 360, Rgb([90; 3])), 90);
    for s in (100..1200).step_by(20) {
        let at = street.began + TimeDelta::seconds(s);
        let covered = covered.clone();
        street.service.push(&street.token, at, covered).await;
    }
    assert_eq!(street.notes().await, 0);
}
