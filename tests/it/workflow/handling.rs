//! Article 13: handling, emergencies, extension and suspension.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::office::{COVER, Office, at};
use crate::city::place;

fn time(at: &Value) -> DateTime<Utc> {
    at.as_str().unwrap().parse().unwrap()
}

/// The clock of a stage in a case's detail.
fn clock<'a>(detail: &'a Value, stage: &str) -> &'a Value {
    let mut clocks = detail["clocks"].as_array().unwrap().iter().rev();
    clocks.find(|clock| clock["stage"] == stage).unwrap()
}

#[tokio::test]
async fn r13_1_a_unit_sees_only_its_cases() {
    let office = Office::open().await;
    let case = office.handling(2).await;
    let path = format!("/api/v1/cases/{case}");
    let other = &office.people["roads manager"].client;
    assert_eq!(
        other.get(&path).send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
    let answer = office
        .try_act("roads manager", case, "feed_back", json!({"text": "done"}))
        .await;
    // not even that it exists
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let worker = json!({"worker_id": office.id("water worker")});
    let row = office.act("water manager", case, "assign", worker).await;
    assert_eq!(row["worker_id"], office.id("water worker"));
    let stranger = json!({"worker_id": office.id("roads manager")});
    office
        .refused("water manager", case, "assign", stranger, "not_of_unit")
        .await;
    let row = office.feed_back("water worker", case).await;
    assert_eq!(row["state"], "handled");
    office.service.stop().await;
}

#[tokio::test]
async fn r13_2_feedback_needs_photos_and_is_judged_when_it_comes() {
    let mut office = Office::open().await;
    let case = office.handling(2).await;
    let bare = json!({"text": "done"});
    let params = office
        .refused("water manager", case, "feed_back", bare, "photos")
        .await;
    assert!(params["min"].as_i64().unwrap() >= 1);
    let stolen = json!({"text": "done", "attachments": [office.photo("roads manager").await]});
    let answer = office
        .try_act("water manager", case, "feed_back", stolen)
        .await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let row = office.feed_back("water manager", case).await;
    assert_eq!(row["overdue"], false);
    let late = office.handling(2).await;
    office.pass(TimeDelta::minutes(121));
    let row = office.feed_back("water manager", late).await;
    assert_eq!(row["overdue"], true);
    let detail = office.case(late).await;
    let event = detail["history"].as_array().unwrap().iter();
    let event = event
        .rev()
        .find(|event| event["action"] == "feed_back")
        .unwrap();
    assert_eq!(event["detail"]["on_time"], false);
    office.service.stop().await;
}

#[tokio::test]
async fn r13_3_an_emergency_runs_at_night_and_on_holidays() {
    let office = Office::open_at("2026-10-01T23:00").await;
    let case = office.filed(1).await;
    assert_eq!(office.case(case).await["emergency"], true);
    let water = json!({"unit_id": office.units["water"]});
    office.act("dispatcher", case, "dispatch", water).await;
    office
        .act("water manager", case, "receive", json!({}))
        .await;
    let detail = office.case(case).await;
    let due = |stage| time(&clock(&detail, stage)["due_at"]);
    assert_eq!(at("2026-10-02T01:00"), due("arrival"));
    assert_eq!(at("2026-10-02T23:00"), due("repair"));
    let ask = json!({"reason": "no lid", "until": at("2026-10-09T09:00")});
    office
        .refused("water manager", case, "ask_suspension", ask, "emergency")
        .await;
    office.service.stop().await;
}

async fn arrive(office: &Office, case: i64) -> Value {
    office
        .act("water manager", case, "arrive", Office::there())
        .await
}

#[tokio::test]
async fn r13_4_arrival_within_two_hours_and_on_the_spot() {
    let mut office = Office::open().await;
    let (early, late) = (office.handling(1).await, office.handling(1).await);
    let far = place(5_000.0, 10.0);
    let far = json!({"lon": far.lon, "lat": far.lat});
    let params = office
        .refused("water manager", early, "arrive", far, "too_far")
        .await;
    assert!(params["distance_m"].as_f64().unwrap() > 4_900.0);
    office.pass(TimeDelta::minutes(119));
    assert_eq!(arrive(&office, early).await["overdue"], false);
    office.pass(TimeDelta::minutes(2));
    assert_eq!(arrive(&office, late).await["overdue"], true);
    office
        .refused("water manager", late, "arrive", Office::there(), "arrived")
        .await;
    office.service.stop().await;
}

#[tokio::test]
async fn r13_5_guarding_comes_before_handled() {
    let office = Office::open().await;
    let case = office.handling(1).await;
    let photo = json!({"attachments": [office.photo("water manager").await]});
    office
        .refused("water manager", case, "guard", photo.clone(), "not_arrived")
        .await;
    arrive(&office, case).await;
    let fed_back = json!({"text": "done", "attachments": []});
    office
        .refused("water manager", case, "feed_back", fed_back, "not_guarded")
        .await;
    office
        .refused("water manager", case, "guard", json!({}), "photos")
        .await;
    office.act("water manager", case, "guard", photo).await;
    assert_eq!(
        office.feed_back("water manager", case).await["state"],
        "handled"
    );
    office.service.stop().await;
}

#[tokio::test]
async fn r13_6_repair_within_twenty_four_hours() {
    let mut office = Office::open().await;
    let mut cases = Vec::new();
    for _ in 0..2 {
        let case = office.handling(1).await;
        arrive(&office, case).await;
        let photo = json!({"attachments": [office.photo("water manager").await]});
        office.act("water manager", case, "guard", photo).await;
        cases.push(case);
    }
    office.pass(TimeDelta::minutes(24 * 60 - 1));
    assert_eq!(
        office.feed_back("water manager", cases[0]).await["overdue"],
        false
    );
    office.pass(TimeDelta::minutes(2));
    assert_eq!(
        office.feed_back("water manager", cases[1]).await["overdue"],
        true
    );
    office.service.stop().await;
}

#[tokio::test]
async fn an_extension_adds_one_limit_twice_at_most_and_not_when_late() {
    let mut office = Office::open().await;
    let case = office.handling(2).await;
    let why = json!({"reason": "the lid has to be cast"});
    for n in 1..=2 {
        office
            .act("water manager", case, "ask_extension", why.clone())
            .await;
        office
            .refused(
                "water manager",
                case,
                "ask_extension",
                why.clone(),
                "pending",
            )
            .await;
        let row = office
            .act("dispatcher", case, "grant_extension", json!({}))
            .await;
        assert!(row["pending"].is_null());
        let detail = office.case(case).await;
        assert_eq!(clock(&detail, "handling")["limit_s"], 7_200 * (n + 1));
    }
    office
        .refused(
            "water manager",
            case,
            "ask_extension",
            why.clone(),
            "extensions_used",
        )
        .await;
    let late = office.handling(2).await;
    office.pass(TimeDelta::hours(3));
    office
        .refused("water manager", late, "ask_extension", why, "overdue")
        .await;
    office.service.stop().await;
}

#[tokio::test]
async fn what_is_asked_lapses_when_the_worker_changes() {
    let office = Office::open().await;
    let case = office.handling(2).await;
    office
        .act(
            "water manager",
            case,
            "ask_extension",
            json!({"reason": "rain"}),
        )
        .await;
    let worker = json!({"worker_id": office.id("water worker")});
    let row = office.act("water manager", case, "assign", worker).await;
    assert!(row["pending"].is_null());
    office
        .refused("dispatcher", case, "grant_extension", json!({}), "pending")
        .await;
    office.service.stop().await;
}

#[tokio::test]
async fn a_suspension_stands_the_clock_still_until_its_date() {
    let mut office = Office::open().await;
    let case = office.handling(4).await;
    let past = json!({"reason": "frost", "until": at("2026-11-01T09:00")});
    office
        .refused("water manager", case, "ask_suspension", past, "past")
        .await;
    let until = at("2026-11-25T09:00");
    let ask = json!({"reason": "frost", "until": until});
    office
        .act("water manager", case, "ask_suspension", ask)
        .await;
    let row = office
        .act("chief", case, "grant_suspension", json!({}))
        .await;
    assert_eq!(row["state"], "suspended");
    assert_eq!(row["clock"]["paused"], true);
    office.set_time(until + TimeDelta::seconds(1));
    let mut row = Value::Null;
    for _ in 0..100 {
        row = office.case(case).await;
        if row["state"] == "handling" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(row["state"], "handling", "nobody resumed it");
    // two working days from its return
    let due = time(&clock(&row, "handling")["due_at"]);
    assert_eq!(at("2026-11-27T09:00"), due);
    office.service.stop().await;
}

#[tokio::test]
async fn what_is_sent_back_goes_on_in_the_time_left() {
    let mut office = Office::open().await;
    let case = office.handling(2).await;
    office.pass(TimeDelta::minutes(30));
    office.feed_back("water manager", case).await;
    office.pass(TimeDelta::hours(5));
    office
        .act(
            "dispatcher",
            case,
            "send_back",
            json!({"reason": "blurred photo"}),
        )
        .await;
    let detail = office.case(case).await;
    assert_eq!(clock(&detail, "handling")["elapsed_s"], 1_800);
    assert_eq!(detail["class"], COVER);
    office.service.stop().await;
}
