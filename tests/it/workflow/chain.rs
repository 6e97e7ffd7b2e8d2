//! A case from the report to its end, and what keeps two people from doing it twice.

use reqwest::StatusCode;
use serde_json::json;

use super::office::Office;
use crate::service::problem;

#[tokio::test]
async fn a_case_goes_from_report_to_closing() {
    let office = Office::open().await;
    let case = office.handled(2).await;
    office.check(case, "passed").await;
    let met = office.all_met(case).await;
    let row = office.act("operator", case, "approve", met).await;
    assert_eq!(row["state"], "closed");
    assert!(row["clock"].is_null(), "{row}");
    let detail = office.case(case).await;
    let actions: Vec<&str> = detail["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "opened",
            "file",
            "dispatch",
            "receive",
            "feed_back",
            "send_to_check",
            "check",
            "approve"
        ]
    );
    let running = detail["clocks"].as_array().unwrap().iter();
    assert!(
        running.clone().all(|clock| !clock["stopped_at"].is_null()),
        "{detail}"
    );
    office.service.stop().await;
}

#[tokio::test]
async fn of_two_dispatchers_one_wins_and_the_other_is_told() {
    let office = Office::open().await;
    let case = office.filed(2).await;
    let unit = json!({"unit_id": office.units["water"]});
    let (one, two) = tokio::join!(
        office.try_at("dispatcher", case, "dispatch", 2, unit.clone()),
        office.try_at("other dispatcher", case, "dispatch", 2, unit.clone()),
    );
    let (won, lost) = if one.status() == StatusCode::OK {
        (one, two)
    } else {
        (two, one)
    };
    assert_eq!(won.status(), StatusCode::OK);
    let told = problem(lost, StatusCode::CONFLICT, "version-conflict").await;
    assert_eq!(told["current"]["version"], 3);
    assert_eq!(told["current"]["state"], "dispatched");
    assert_eq!(told["current"]["last"]["action"], "dispatch");
    office.service.stop().await;
}

#[tokio::test]
async fn the_same_key_is_answered_again_and_does_nothing() {
    let office = Office::open().await;
    let case = office.filed(2).await;
    let unit = json!({"unit_id": office.units["water"]});
    let key = "one-key-for-all";
    let first = office
        .try_with("dispatcher", case, "dispatch", 2, unit.clone(), key)
        .await;
    let first: serde_json::Value = first.json().await.unwrap();
    let again = office
        .try_with("dispatcher", case, "dispatch", 2, unit.clone(), key)
        .await;
    assert_eq!(again.status(), StatusCode::OK);
    let again: serde_json::Value = again.json().await.unwrap();
    assert_eq!(again["event_id"], first["event_id"]);
    assert_eq!(again["case"]["version"], 3);
    let other = json!({"unit_id": office.units["roads"]});
    let reused = office
        .try_with("dispatcher", case, "dispatch", 2, other, key)
        .await;
    problem(reused, StatusCode::CONFLICT, "key-reused").await;
    office.service.stop().await;
}
