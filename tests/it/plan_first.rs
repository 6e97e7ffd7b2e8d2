//! A file of cells becomes the ground of a city that has none.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::city::{TestCity, place};
use crate::import::count;
use crate::people::{Colleague, colleague};
use crate::service::{TestService, problem};

const PATH: &str = "/api/v1/partition/first?source=wards.geojson&reason=%E5%BB%BA%E5%88%B6&\
    community=321202001001&name_field=ward&unit_field=zone";

/// Squares of 100 m from metres east, in two zones.
fn file(easts: &[f64]) -> Value {
    let features = easts.iter().enumerate().map(|(number, east)| {
        let corners = [
            (0.0, 0.0),
            (100.0, 0.0),
            (100.0, 100.0),
            (0.0, 100.0),
            (0.0, 0.0),
        ];
        let ring = corners.map(|(x, y)| {
            let at = place(east + x, y);
            [at.lon, at.lat]
        });
        json!({
            "type": "Feature",
            "properties": { "ward": format!("坊{number}"), "zone": number % 2 },
            "geometry": { "type": "Polygon", "coordinates": [ring] },
        })
    });
    json!({ "type": "FeatureCollection", "features": features.collect::<Vec<_>>() })
}

async fn sent(by: &Colleague, path: &str, file: &Value) -> Response {
    by.client
        .post(path)
        .header("content-type", "application/geo+json")
        .body(file.to_string())
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_repaired_file_is_the_first_ground_and_a_plan_begins_on_it() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let planner = colleague(&city, &service, "planner", None, None).await;
    let begun = sent(&planner, PATH, &file(&[0.0, 100.0, 200.0])).await;
    let (status, told) = (begun.status(), begun.text().await.unwrap());
    assert_eq!(status, StatusCode::CREATED, "{told}");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["cells"], 3);

    let head = planner.client.json("/api/v1/partition").await;
    assert_eq!(head["edition"]["id"], told["edition_id"]);
    let names = head["faces"].as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|face| face["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["坊0", "坊1", "坊2"]);
    assert_eq!(head["faces"][0]["code"], "321202001001001");
    assert_eq!(head["faces"][0]["unit_id"], head["faces"][2]["unit_id"]);
    assert_ne!(head["faces"][0]["unit_id"], head["faces"][1]["unit_id"]);
    let plan = json!({ "title": "t", "reason": "r" });
    let plan = planner.client.post("/api/v1/plans").json(&plan).send();
    assert_eq!(plan.await.unwrap().status(), StatusCode::CREATED);
    let (subject, reason): (String, String) =
        sqlx::query_as("select subject, reason from audit_entry where action = 'begin_ground'")
            .fetch_one(&city.db)
            .await
            .unwrap();
    assert_eq!(subject, format!("edition:{}", told["edition_id"]));
    assert_eq!(reason, "建制");

    // what there is changes in plans
    let again = sent(&planner, PATH, &file(&[500.0])).await;
    problem(again, StatusCode::CONFLICT, "has-cells").await;
    assert_eq!(count(&city, "cell").await, 3);
}

#[tokio::test]
async fn of_a_file_that_is_wrong_nothing_is_taken() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let planner = colleague(&city, &service, "planner", None, None).await;
    let refused = |path: &'static str, file: Value| {
        let planner = &planner;
        async move {
            let answer = sent(planner, path, &file).await;
            problem(answer, StatusCode::UNPROCESSABLE_ENTITY, "cells-not-taken").await
        }
    };
    // the second lies half on the first
    let told = refused(PATH, file(&[0.0, 50.0])).await;
    assert_eq!(told["rows"][0]["number"], 2);
    let why = told["rows"][0]["why"].as_str().unwrap();
    assert!(why.starts_with("overlap"), "{why}");
    // less than a square metre, which an import lets pass and no plan could begin on
    let told = refused(PATH, file(&[0.0, 99.995])).await;
    assert_eq!(
        told["defects"]["features"][0]["properties"]["defect"], "overlap",
        "{told}"
    );
    let told = refused(PATH, file(&[0.0, 3_000_000.0])).await;
    assert!(told["detail"].as_str().unwrap().len() > 10, "{told}");
    let told = refused(PATH, json!({ "type": "FeatureCollection" })).await;
    let detail = told["detail"].as_str().unwrap();
    assert!(
        !detail.contains('/'),
        "names no folder of the server: {detail}"
    );
    refused(
        "/api/v1/partition/first?source=w&reason=r&community=12",
        file(&[0.0]),
    )
    .await;
    refused("/api/v1/partition/first?source=w&reason=r", file(&[0.0])).await;

    let leader = colleague(&city, &service, "leader", None, None).await;
    let answer = sent(&leader, PATH, &file(&[0.0])).await;
    problem(answer, StatusCode::FORBIDDEN, "forbidden").await;
    assert_eq!(count(&city, "cell").await, 0);
    assert_eq!(count(&city, "unit").await, 0);
    assert_eq!(count(&city, "edition").await, 0);
}
