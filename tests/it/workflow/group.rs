//! What people do at the same moment is committed together, and nobody feels it.

use std::time::Duration;

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::office::{COVER, Office};

/// Somebody else's transaction holds one of the cases: the others do not wait for it, and it is
/// done once it is free.
#[tokio::test]
async fn a_case_that_is_held_holds_up_no_other() {
    let office = Office::open().await;
    let mut cases = Vec::new();
    for _ in 0..12 {
        cases.push(office.report(COVER).await);
    }
    let condition = office.condition(COVER, 2).await;
    let mut holder = office.city.db.begin().await.unwrap();
    sqlx::query("select from city_case where case_id = $1 for update")
        .bind(cases[0])
        .execute(&mut *holder)
        .await
        .unwrap();
    let file = async |case: i64| {
        let fields = json!({"condition_id": condition});
        let answer = office.try_at("operator", case, "file", 1, fields).await;
        answer.status()
    };
    let mut held = Box::pin(file(cases[0]));
    let others = join_all(cases[1..].iter().map(|case| file(*case)));
    tokio::select! {
        biased;
        status = &mut held => panic!("it was held: {status}"),
        all = others => assert!(all.iter().all(|status| *status == StatusCode::OK), "{all:?}"),
    }
    let still = tokio::time::timeout(Duration::from_millis(300), &mut held).await;
    assert!(still.is_err(), "it was held");
    holder.rollback().await.unwrap();
    assert_eq!(held.await, StatusCode::OK);
    office.service.stop().await;
}

/// Orders of one moment are judged each by itself: as its own person, in its own case.
#[tokio::test]
async fn each_order_of_a_moment_is_its_own_persons() {
    let office = Office::open().await;
    let mut cases = Vec::new();
    for _ in 0..8 {
        cases.push(office.filed(2).await);
    }
    let unit = office.units["water"];
    let names = ["dispatcher", "water manager"];
    let answers = join_all(cases.iter().enumerate().map(async |(number, case)| {
        let name = names[number % 2];
        let fields = json!({"unit_id": unit});
        let answer = office.try_act(name, *case, "dispatch", fields).await;
        (*case, name, answer.status())
    }))
    .await;
    for (case, name, status) in answers {
        let by: Vec<(String, i32)> = sqlx::query_as(
            "select actor, person_id from case_event where case_id = $1 and action = 'dispatch'",
        )
        .bind(case)
        .fetch_all(&office.city.db)
        .await
        .unwrap();
        if name == "dispatcher" {
            assert_eq!(status, StatusCode::OK);
            let id = office.id(name);
            assert_eq!(by, [(format!("person:{id}"), id)]);
        } else {
            assert_ne!(status, StatusCode::OK, "a unit sends no cases");
            assert_eq!(by, []);
        }
    }
    office.service.stop().await;
}

/// Of two orders for one case in the same moment one is done, the other is told what happened.
#[tokio::test]
async fn of_two_orders_for_a_case_one_is_told_of_the_other() {
    let office = Office::open().await;
    for _ in 0..6 {
        let case = office.report(COVER).await;
        let condition = office.condition(COVER, 2).await;
        let order = |name| {
            let fields: Value = json!({"condition_id": condition});
            office.try_at(name, case, "file", 1, fields)
        };
        let (one, other) = tokio::join!(order("operator"), order("chief"));
        let mut statuses = [one.status(), other.status()];
        statuses.sort();
        assert_eq!(statuses, [StatusCode::OK, StatusCode::CONFLICT]);
    }
    office.service.stop().await;
}
