//! Whose spot is this? The answers over HTTP.

use cityward::space::GroundPoint;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::{CELL_M, TestCity, place};
use crate::service::{TestService, problem};

async fn city_with_a_bin() -> (TestCity, [i32; 3], i64) {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let cells = city.cells(edition, 2, 1).await;
    let (cleaning, rest) = (city.unit(1).await, city.unit(2).await);
    city.responsible(edition, cells[0], None, rest).await;
    city.responsible(edition, cells[0], Some("M06010"), cleaning)
        .await;
    let bin = city
        .component("C03005", place(30.0, 30.0), Some(cleaning))
        .await;
    (city, [cells[0], cleaning, rest], bin)
}

fn locate_url(point: GroundPoint, class: &str) -> String {
    format!(
        "/api/v1/locate?lon={}&lat={}&class={class}",
        point.lon, point.lat
    )
}

#[tokio::test]
async fn r3_5_the_answer_for_a_point_says_whose_it_is_and_why() {
    let (city, [cell, cleaning, rest], bin) = city_with_a_bin().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;

    let near = client.json(&locate_url(place(33.0, 34.0), "M06042")).await;
    assert_eq!(near["cell"]["id"], cell);
    assert_eq!(near["component"]["id"], bin);
    assert_eq!(
        near["unit"],
        json!({"id": cleaning, "name_zh": "责任单位1", "name_en": "Unit 1"})
    );
    assert_eq!(near["because"]["rule"], "component_maintenance");
    assert_eq!(near["because"]["component_id"], bin);
    assert_eq!(near["because"]["class"], "M06042");
    assert_eq!(near["because"]["edition"]["note"], "test");
    let metres = |value: &Value| value.as_f64().unwrap();
    assert!((metres(&near["because"]["distance_m"]) - 5.0).abs() < 0.01);
    assert!((metres(&near["because"]["border_m"]) - 67.0).abs() < 0.05);

    let far = client.json(&locate_url(place(80.0, 80.0), "M06042")).await;
    assert_eq!(far["component"], Value::Null);
    assert_eq!(far["unit"]["id"], rest);
    assert_eq!(far["because"]["rule"], "cell_default");

    let garbage = client.json(&locate_url(place(33.0, 34.0), "M06010")).await;
    assert_eq!(garbage["because"]["rule"], "cell_class");
    assert_eq!(garbage["unit"]["id"], cleaning);

    let gap = client.json(&locate_url(place(150.0, 50.0), "M06010")).await;
    assert_eq!(gap["because"]["rule"], "none");
    assert_eq!(gap["unit"], Value::Null);
}

#[tokio::test]
async fn a_wrong_question_is_told_what_is_wrong() {
    let (city, ..) = city_with_a_bin().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    for (query, field) in [
        ("lat=32.45&class=M06042", "lon"),
        ("lon=east&lat=32.45&class=M06042", "lon"),
        ("lon=181&lat=32.45&class=M06042", "lon"),
        ("lon=NaN&lat=32.45&class=M06042", "lon"),
        ("lon=119.92&class=M06042", "lat"),
        ("lon=119.92&lat=-90.1&class=M06042", "lat"),
        ("lon=119.92&lat=32.45", "class"),
        ("lon=119.92&lat=32.45&class=bin", "class"),
        ("lon=119.92&lat=32.45&class=M99999", "class"),
    ] {
        let answer = client
            .get(&format!("/api/v1/locate?{query}"))
            .send()
            .await
            .unwrap();
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field, "{query}: {body}");
    }
    for (body, field) in [
        (
            json!({"points": [[119.92, 32.45], [119.92, 91]]}),
            "/points/1",
        ),
        (json!({"points": vec![[119.92, 32.45]; 100_001]}), "/points"),
        (json!({"points": [], "class": "M9"}), "/class"),
        (json!({"points": [[1]]}), "/points/0"),
    ] {
        let answer = client
            .post("/api/v1/locate")
            .json(&body)
            .send()
            .await
            .unwrap();
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field);
    }
    let outside = client
        .get(&locate_url(place(-50.0, 50.0), "M06042"))
        .send()
        .await
        .unwrap();
    problem(outside, StatusCode::NOT_FOUND, "outside-city").await;
    for path in ["/api/v1/cells/999999", "/api/v1/components/999999"] {
        let answer = client.get(path).send().await.unwrap();
        problem(answer, StatusCode::NOT_FOUND, "not-found").await;
    }
    for path in [
        "/api/v1/cells/1",
        "/api/v1/components/1",
        "/api/v1/catalogue",
        "/api/v1/units",
    ] {
        let answer = service.client().get(path).send().await.unwrap();
        problem(answer, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    }
}

#[tokio::test]
async fn a_hundred_thousand_points_get_the_answers_of_one() {
    let (city, [cell, cleaning, rest], bin) = city_with_a_bin().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let points: Vec<[f64; 2]> = (0..100_000)
        .map(|number| {
            let step = f64::from(number);
            let at = place((step * 0.37) % 240.0 - 20.0, (step * 0.53) % 140.0 - 20.0);
            [at.lon, at.lat]
        })
        .collect();
    let answer = client
        .post("/api/v1/locate")
        .json(&json!({"class": "M06042", "points": points}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["count"], 100_000);
    assert_eq!(answer["edition"]["note"], "test");
    assert_eq!(answer["cells"][cell.to_string()], "321202001001001");
    assert_eq!(answer["units"].as_object().unwrap().len(), 2);
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 100_000);
    let has = |unit: i32, component: Value| {
        results
            .iter()
            .any(|row| row[0] == cell && row[1] == unit && row[2] == component)
    };
    assert!(has(cleaning, json!(bin)) && has(rest, Value::Null));

    for number in (0..100_000).step_by(4999) {
        let [lon, lat] = points[number];
        let single = client
            .get(&locate_url(GroundPoint { lon, lat }, "M06042"))
            .send()
            .await
            .unwrap();
        if results[number].is_null() {
            assert_eq!(single.status(), StatusCode::NOT_FOUND);
            continue;
        }
        let single: Value = single.json().await.unwrap();
        assert_eq!(results[number][0], single["cell"]["id"]);
        assert_eq!(results[number][1], single["unit"]["id"]);
        assert_eq!(results[number][2], single["component"]["id"]);
        assert_eq!(results[number][3], single["component"]["distance_m"]);
    }
}

#[tokio::test]
async fn the_register_tells_what_it_knows() {
    let (city, [cell, cleaning, rest], bin) = city_with_a_bin().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;

    let shown = client.json(&format!("/api/v1/components/{bin}")).await;
    assert_eq!(shown["class"], "C03005");
    assert_eq!(shown["state"], "good");
    assert_eq!(shown["owner"], Value::Null);
    assert_eq!(shown["maintenance"]["id"], cleaning);
    assert_eq!(shown["geometry"]["type"], "Point");

    let shown = client.json(&format!("/api/v1/cells/{cell}")).await;
    assert_eq!(shown["code"], "321202001001001");
    assert!((shown["area_m2"].as_f64().unwrap() - CELL_M * CELL_M).abs() < 1.0);
    assert_eq!(shown["geometry"]["type"], "MultiPolygon");
    assert_eq!(shown["valid_to"], Value::Null);
    assert_eq!(shown["responsibilities"][0]["class"], Value::Null);
    assert_eq!(shown["responsibilities"][0]["unit"]["id"], rest);
    assert_eq!(shown["responsibilities"][1]["class"], "M06010");

    let units = client.json("/api/v1/units").await;
    assert_eq!(units["units"].as_array().unwrap().len(), 2);
    let classes = client.json("/api/v1/catalogue").await;
    let bins = classes["classes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|class| class["code"] == "C03005")
        .unwrap();
    assert_eq!(
        *bins,
        json!({
            "code": "C03005", "kind": "component", "name_zh": "垃圾箱", "name_en": "Litter bin",
            "numbers": {"2013": "0305", "2026": "03005"}
        })
    );
}
