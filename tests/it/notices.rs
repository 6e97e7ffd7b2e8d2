//! People are told what happened to cases they have a hand in.

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cases::{BIN_FULL, Street, confirmed, second};
use crate::live::EventSource;
use crate::people::{Colleague, colleague};
use crate::service::{TestService, problem};

/// A case of the street's unit, which has it.
pub(crate) async fn handled_case(street: &Street) -> i64 {
    let seen = [confirmed(street.sighting(BIN_FULL, 10.0, second(0)))];
    let db = &street.city.db;
    let changes = cityward::cases::record(db, &street.evidence, &seen, None, second(0));
    let id = changes.await.unwrap()[0].case_id();
    sqlx::query(
        "update city_case set state = 'handling', handling_unit_id = unit_id where case_id = $1",
    )
    .bind(id)
    .execute(db)
    .await
    .unwrap();
    id.0
}

/// Writes an event of a case as an action does, in a transaction of its own. Returns its id.
pub(crate) async fn event(street: &Street, case: i64, action: &str, by: Option<i32>) -> i64 {
    let mut tx = street.city.db.begin().await.unwrap();
    sqlx::query("update city_case set version = version + 1 where case_id = $1")
        .bind(case)
        .execute(&mut *tx)
        .await
        .unwrap();
    let id = sqlx::query_scalar(
        "insert into case_event (case_id, action, at, actor, person_id, reason, before, detail, version)
        select case_id, $2, now(), 'test', $3, '要快', '{\"state\": \"filed\"}', '{}', version
        from city_case where case_id = $1 returning event_id",
    )
    .bind(case)
    .bind(action)
    .bind(by)
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    id
}

async fn notices(person: &Colleague) -> Vec<Value> {
    let answer = person.client.json("/api/v1/notices").await;
    answer["notices"].as_array().unwrap().clone()
}

/// Waits until somebody has this many.
async fn wait_for(person: &Colleague, count: usize) -> Vec<Value> {
    let since = Instant::now();
    loop {
        let now = notices(person).await;
        if now.len() >= count {
            return now;
        }
        assert!(since.elapsed() < Duration::from_secs(5), "{now:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn unit_of(street: &Street) -> i32 {
    sqlx::query_scalar("select min(unit_id) from unit")
        .fetch_one(&street.city.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_unit_is_told_of_its_cases_and_no_other_unit_is() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let (unit, stranger) = (unit_of(&street).await, street.city.unit(2).await);
    let hire = async |role, unit| colleague(&street.city, &service, role, unit, None).await;
    let manager = hire("unit_manager", Some(unit)).await;
    let worker = hire("unit_worker", Some(unit)).await;
    let other = hire("unit_manager", Some(stranger)).await;
    let dispatcher = hire("dispatcher", None).await;
    let mut page = EventSource::open(&manager.client, None).await;
    let mut others_page = EventSource::open(&other.client, None).await;

    let case = handled_case(&street).await;
    event(&street, case, "dispatch", Some(dispatcher.id)).await;
    let told = wait_for(&manager, 1).await;
    assert_eq!(told[0]["kind"], "dispatched");
    assert_eq!(told[0]["case_id"], case);
    assert_eq!(told[0]["params"]["reason"], "要快");
    assert_eq!(told[0]["params"]["class"], BIN_FULL);
    assert_eq!(wait_for(&worker, 1).await.len(), 1);
    assert!(notices(&other).await.is_empty());
    assert!(notices(&dispatcher).await.is_empty());

    let event = loop {
        let event = page.next().await.unwrap();
        if event.kind == "n" {
            break event;
        }
    };
    assert_eq!(event.data["notices"][0]["id"], told[0]["id"]);
    let quiet = others_page.next().await.unwrap();
    assert_eq!(quiet.kind, "hb");
    service.stop().await;
}

#[tokio::test]
async fn nobody_is_told_of_their_own_doing() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let hire = async |role| colleague(&street.city, &service, role, None, None).await;
    let (one, other) = (hire("duty_chief").await, hire("duty_chief").await);
    let case = handled_case(&street).await;
    event(&street, case, "reply_supervision", Some(one.id)).await;
    assert_eq!(wait_for(&other, 1).await[0]["kind"], "supervision");
    assert!(notices(&one).await.is_empty());
    service.stop().await;
}

#[tokio::test]
async fn read_marks_are_each_persons_own() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let unit = Some(unit_of(&street).await);
    let hire = async || colleague(&street.city, &service, "unit_manager", unit, None).await;
    let (one, other) = (hire().await, hire().await);
    let case = handled_case(&street).await;
    event(&street, case, "dispatch", None).await;
    event(&street, case, "warned", None).await;
    let told = wait_for(&one, 2).await;
    assert_eq!(told[0]["kind"], "warned");
    let first = told[1]["id"].as_i64().unwrap();
    let read = one.client.post("/api/v1/notices/read");
    let answer = read.json(&json!({ "up_to": first })).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let unread = one.client.json("/api/v1/notices?unread=true").await;
    assert_eq!(unread["unread"], 1);
    assert_eq!(unread["notices"][0]["id"], told[0]["id"]);
    let all = one.client.json("/api/v1/notices").await;
    assert_eq!(all["unread"], 1);
    assert!(!all["notices"][1]["read_at"].is_null());
    assert_eq!(other.client.json("/api/v1/notices").await["unread"], 2);

    let read = one.client.post("/api/v1/notices/read");
    let answer = read.json(&json!({ "up_to": 1_000_000 })).send().await;
    let refused = problem(answer.unwrap(), StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(refused["errors"][0]["field"], "up_to");
    service.stop().await;
}

#[tokio::test]
async fn two_processes_write_each_notice_once() {
    let street = Street::new().await;
    let (one, other) = (
        TestService::start(&street.city).await,
        TestService::start(&street.city).await,
    );
    let unit = Some(unit_of(&street).await);
    let manager = colleague(&street.city, &one, "unit_manager", unit, None).await;
    let case = handled_case(&street).await;
    for _ in 0..20 {
        event(&street, case, "send_back", None).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    wait_for(&manager, 20).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(notices(&manager).await.len(), 20);
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn what_happened_while_nobody_ran_is_told_afterwards() {
    let street = Street::new().await;
    let case = handled_case(&street).await;
    event(&street, case, "breached", None).await;
    let service = TestService::start(&street.city).await;
    let unit = Some(unit_of(&street).await);
    let manager = colleague(&street.city, &service, "unit_manager", unit, None).await;
    let chief = colleague(&street.city, &service, "dispatcher", None, None).await;
    assert_eq!(wait_for(&manager, 1).await[0]["kind"], "breached");
    assert_eq!(wait_for(&chief, 1).await[0]["kind"], "breached");
    service.stop().await;
}

#[tokio::test]
async fn an_order_is_told_to_its_units() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let unit = unit_of(&street).await;
    let manager = colleague(&street.city, &service, "unit_manager", Some(unit), None).await;
    let dispatcher = colleague(&street.city, &service, "dispatcher", None, None).await;
    let due_at = DateTime::<Utc>::from(SystemTime::now()) + TimeDelta::days(1);
    let order =
        json!({ "title": "清理落叶", "text": "全区", "due_at": due_at, "unit_ids": [unit] });
    let answer = dispatcher.client.post("/api/v1/orders").json(&order);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let told = wait_for(&manager, 1).await;
    assert_eq!(told[0]["kind"], "order_issued");
    assert_eq!(told[0]["params"]["title"], "清理落叶");
    service.stop().await;
}

#[tokio::test]
async fn ground_that_moved_is_told_to_the_desks_of_both_units() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    let loser = unit_of(&street).await;
    let gainer = street.city.unit(2).await;
    let manager =
        async |unit| colleague(&street.city, &service, "unit_manager", Some(unit), None).await;
    let (loser_desk, gainer_desk) = (manager(loser).await, manager(gainer).await);
    let worker = colleague(&street.city, &service, "unit_worker", Some(gainer), None).await;
    let moved = |unit: i32, gained: u32, lost: u32| {
        json!({
            "unit_id": unit, "cells_gained": gained, "cells_lost": lost,
            "cases_gained": 3 * gained, "cases_lost": 3 * lost,
        })
    };
    let after = json!({
        "edition_id": 1, "title": "冬季调整", "units": [moved(loser, 0, 2), moved(gainer, 2, 0)],
    });
    for (action, after) in [("approve", json!({})), ("put_in_force", after)] {
        sqlx::query(
            "insert into audit_entry (at, actor, subject, action, after)
            values (now(), 'system:plans', 'plan:1', $1, $2)",
        )
        .bind(action)
        .bind(after)
        .execute(&street.city.db)
        .await
        .unwrap();
    }
    let lost = &wait_for(&loser_desk, 1).await[0];
    let gained = &wait_for(&gainer_desk, 1).await[0];
    for (told, cells) in [(lost, [0, 2]), (gained, [2, 0])] {
        assert_eq!(told["kind"], "ground_moved");
        assert_eq!(told["case_id"], Value::Null);
        assert_eq!(told["params"]["title"], "冬季调整");
        let count = |what: &str| told["params"][what].clone();
        assert_eq!(
            [count("cells_gained"), count("cells_lost")],
            cells.map(Value::from)
        );
        assert_eq!(
            [count("cases_gained"), count("cases_lost")],
            cells.map(|cells| Value::from(3 * cells))
        );
    }
    assert!(notices(&worker).await.is_empty(), "the desk is told");
    service.stop().await;
}
