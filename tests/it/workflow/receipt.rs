//! Article 13: an emergency counts from the receipt of the notice.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::office::{Office, at};

/// An emergency that was sent to the water unit, in a night before a holiday.
async fn night() -> (Office, i64) {
    let office = Office::open_at("2026-10-01T23:00").await;
    let case = office.dispatched(1, "water").await;
    (office, case)
}

/// The notice that tells somebody of a case, once there is one.
async fn notice_of(office: &Office, name: &str, case: i64) -> i64 {
    let since = Instant::now();
    loop {
        let told = office.people[name].client.json("/api/v1/notices").await;
        let mut notices = told["notices"].as_array().unwrap().iter();
        let of_case = |one: &&Value| one["kind"] == "dispatched" && one["case_id"] == case;
        if let Some(notice) = notices.find(of_case) {
            return notice["id"].as_i64().unwrap();
        }
        assert!(since.elapsed() < Duration::from_secs(10), "{name}: {told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn page_says_received(office: &Office, name: &str, up_to: i64) {
    let client = &office.people[name].client;
    let answer = client.post("/api/v1/notices/received");
    let answer = answer.json(&json!({ "up_to": up_to })).send();
    assert_eq!(answer.await.unwrap().status(), StatusCode::NO_CONTENT);
}

fn due(detail: &Value, stage: &str) -> Option<DateTime<Utc>> {
    let mut clocks = detail["clocks"].as_array().unwrap().iter().rev();
    let clock = clocks.find(|clock| clock["stage"] == stage)?;
    clock["due_at"].as_str()?.parse().ok()
}

fn deliveries(detail: &Value) -> Vec<&Value> {
    let history = detail["history"].as_array().unwrap().iter();
    history
        .filter(|event| event["action"] == "deliver")
        .collect()
}

#[tokio::test]
async fn r13_4_an_open_page_of_the_unit_receives_the_notice_once() {
    let (mut office, case) = night().await;
    let notice = notice_of(&office, "water manager", case).await;
    page_says_received(&office, "roads manager", notice).await;
    assert!(deliveries(&office.case(case).await).is_empty());
    office.pass(TimeDelta::minutes(5));
    let workers = notice_of(&office, "water worker", case).await;
    page_says_received(&office, "water worker", workers).await;
    office.pass(TimeDelta::minutes(30));
    page_says_received(&office, "water manager", notice).await;

    let detail = office.case(case).await;
    assert_eq!(detail["state"], "dispatched");
    assert_eq!(due(&detail, "arrival"), Some(at("2026-10-02T01:05")));
    assert_eq!(due(&detail, "repair"), Some(at("2026-10-02T23:05")));
    let [received] = deliveries(&detail)[..] else {
        panic!("{:?}", deliveries(&detail));
    };
    let worker = office.id("water worker");
    assert_eq!(
        received["detail"]["receipt"],
        json!({"by": "page", "person_id": worker})
    );
    assert_eq!(received["actor"], "system");

    // receiving the case starts nothing anew
    office
        .act("water manager", case, "receive", json!({}))
        .await;
    let detail = office.case(case).await;
    assert_eq!(due(&detail, "arrival"), Some(at("2026-10-02T01:05")));
    office.service.stop().await;
}

#[tokio::test]
async fn receipt_stands_in_nobodys_way_and_is_not_taken_back() {
    let (mut office, case) = night().await;
    let order = json!({"level": "normal", "reason": "hurry"});
    let row = office.act("leader", case, "supervise", order).await;
    let seen = i32::try_from(row["version"].as_i64().unwrap()).unwrap();
    let notice = notice_of(&office, "water manager", case).await;
    office.pass(TimeDelta::minutes(1));
    page_says_received(&office, "water manager", notice).await;
    // what the leader sees is of before
    let answer = office.try_at("leader", case, "undo", seen, json!({})).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let detail = office.case(case).await;
    assert_eq!(detail["supervised"], false);
    assert_eq!(due(&detail, "arrival"), Some(at("2026-10-02T01:01")));

    // another unit has not received what this one has
    let case = office.dispatched(1, "water").await;
    let notice = notice_of(&office, "water manager", case).await;
    page_says_received(&office, "water manager", notice).await;
    assert_eq!(deliveries(&office.case(case).await).len(), 1);
    office.act("dispatcher", case, "undo", json!({})).await;
    let roads = json!({"unit_id": office.units["roads"]});
    office.act("dispatcher", case, "dispatch", roads).await;
    let detail = office.case(case).await;
    assert_eq!(due(&detail, "arrival"), None);
    page_says_received(&office, "water manager", notice).await;
    assert_eq!(deliveries(&office.case(case).await).len(), 1);
    office.service.stop().await;
}
