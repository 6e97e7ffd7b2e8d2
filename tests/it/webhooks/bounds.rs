//! What one unit's webhooks may take of what is there for everybody.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Receiver, Stage, add};
use crate::notices::event;
use crate::people::colleague;
use crate::service::problem;

#[tokio::test]
async fn a_unit_has_eight_webhooks_at_most() {
    let stage = Stage::new(&[]).await;
    let unit: i32 = sqlx::query_scalar("select unit_id from webhook")
        .fetch_one(&stage.street.city.db)
        .await
        .unwrap();
    for _ in 1..8 {
        add(&stage.manager, unit, &stage.receiver.url, Value::Null).await;
    }
    let asked = json!({ "unit_id": unit, "url": stage.receiver.url });
    let ask = async || {
        let answer = stage.manager.client.post("/api/v1/webhooks").json(&asked);
        answer.send().await.unwrap()
    };
    problem(ask().await, StatusCode::CONFLICT, "too-many-webhooks").await;
    let path = format!("/api/v1/webhooks/{}", stage.webhook);
    let ended = stage.manager.client.delete(&path).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    assert_eq!(ask().await.status(), StatusCode::CREATED);
    stage.service.stop().await;
}

/// Eight webhooks of a system that never answers leave room for everybody else.
#[tokio::test]
async fn a_dead_system_does_not_take_every_place() {
    let stage = Stage::new(&[]).await;
    let city = &stage.street.city;
    let unit: i32 = sqlx::query_scalar("select unit_id from webhook")
        .fetch_one(&city.db)
        .await
        .unwrap();
    let dead = Receiver::new(&[0; 1_000]).await;
    for _ in 1..8 {
        add(&stage.manager, unit, &dead.url, Value::Null).await;
    }
    let path = format!("/api/v1/webhooks/{}", stage.webhook);
    stage.manager.client.delete(&path).send().await.unwrap();
    add(&stage.manager, unit, &dead.url, Value::Null).await;
    let cases: Vec<i64> = sqlx::query_scalar(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m, bearing_deg,
            cell_id, unit_id, handling_unit_id, edition_id, because, first_seen_at, last_seen_at,
            sighting_count, opened_at)
        select class_code, source, location, semi_major_m, semi_minor_m, bearing_deg, cell_id,
            unit_id, handling_unit_id, edition_id, because, first_seen_at, last_seen_at,
            sighting_count, opened_at from city_case, generate_series(1, 40)
        where case_id = $1 returning case_id",
    )
    .bind(stage.case)
    .fetch_all(&city.db)
    .await
    .unwrap();
    for case in &cases {
        event(&stage.street, *case, "assign", None).await;
    }
    let since = Instant::now();
    while dead.came().len() < 8 {
        assert!(
            since.elapsed() < Duration::from_secs(10),
            "{}",
            dead.came().len()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let other = city.unit(2).await;
    let manager = colleague(city, &stage.service, "unit_manager", Some(other), None).await;
    add(&manager, other, &stage.receiver.url, Value::Null).await;
    sqlx::query("update city_case set handling_unit_id = $2 where case_id = $1")
        .bind(stage.case)
        .bind(other)
        .execute(&city.db)
        .await
        .unwrap();
    stage.happens("assign").await;
    // while places of the dead one are all taken: its first attempts last a second
    let taken = stage.receiver.taken(1).await;
    assert_eq!(taken[0].event()["subject"], stage.case.to_string());
    assert!(dead.came().len() <= 24, "{} at a time", dead.came().len());
    stage.service.stop().await;
}

/// What it had is taken back, and what becomes of it is none of its business any more.
#[tokio::test]
async fn a_unit_that_has_ended_is_told_that_its_cases_left_and_nothing_else() {
    let stage = Stage::new(&[]).await;
    let db = &stage.street.city.db;
    sqlx::query(
        "update unit set valid = tstzrange(lower(valid), now())
         where unit_id = (select unit_id from webhook)",
    )
    .execute(db)
    .await
    .unwrap();
    let came = stage.receiver.taken(1).await.remove(0).event();
    assert_eq!(came["type"], "cityward.case.take_back");
    assert_eq!(came["subject"], stage.case.to_string());
    assert_eq!(came["data"]["state"], Value::Null, "{came}");
    // it helps with the case by mistake
    sqlx::query("update city_case set helper_unit_ids = array(select unit_id from webhook)")
        .execute(db)
        .await
        .unwrap();
    stage.happens("supervise").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(stage.receiver.came().len(), 1);
    stage.service.stop().await;
}
