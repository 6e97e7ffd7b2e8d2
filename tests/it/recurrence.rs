//! What comes back where it was settled not long ago is a new case, linked to the old one.

use chrono::{DateTime, Utc};
use cityward::cases::{self, CaseChange, CaseId};
use cityward::rules::Rules;
use serde_json::{Value, json};

use crate::attachments::upload;
use crate::cases::{BIN_FULL, GARBAGE, Street, confirmed, second};
use crate::registration::{Desk, registered, report};

#[tokio::test]
async fn what_comes_back_where_it_was_settled_is_a_linked_recurrence() {
    let street = Street::new().await;
    let rules = Rules::open(street.city.db.clone()).await.unwrap();
    let rules = rules.in_force(second(0));
    let window = rules.policy().recurrence_window.num_seconds();
    let record = async |class, east_m, at| {
        let seen = [confirmed(street.sighting(class, east_m, at))];
        let db = &street.city.db;
        let changes = cases::record(db, &street.evidence, &seen, Some(&rules), at).await;
        let changes = changes.unwrap();
        let CaseChange::Opened(row) = &changes[0] else {
            panic!("{changes:?}")
        };
        row.clone()
    };
    let end = async |case: CaseId, state: &str, at: DateTime<Utc>| {
        sqlx::query(
            "update city_case set state = $2::case_state, ended_at = $3 where case_id = $1",
        )
        .bind(case)
        .bind(state)
        .bind(at)
        .execute(&street.city.db)
        .await
        .unwrap();
    };
    let day = 86_400;
    let settled = record(BIN_FULL, 10.0, second(0)).await;
    assert_eq!(settled.recurrence_of, None);
    end(settled.id, "closed", second(day)).await;
    let again = record(BIN_FULL, 10.5, second(2 * day)).await;
    assert_eq!(again.recurrence_of, Some(settled.id));
    let told: Value = sqlx::query_scalar(
        "select detail from case_event where case_id = $1 and action = 'opened'",
    )
    .bind(again.id)
    .fetch_one(&street.city.db)
    .await
    .unwrap();
    assert_eq!(told["recurrence_of"], settled.id.0);
    // the other bin, and another thing at the same place
    assert_eq!(
        record(BIN_FULL, 15.0, second(2 * day)).await.recurrence_of,
        None
    );
    let heap = record(GARBAGE, 40.0, second(2 * day)).await;
    assert_eq!(heap.recurrence_of, None);
    // the last that was settled counts; what was no case does not, nor what is long ago
    end(again.id, "rejected", second(3 * day)).await;
    let third = record(BIN_FULL, 10.0, second(4 * day)).await;
    assert_eq!(third.recurrence_of, Some(settled.id));
    end(third.id, "closed", second(5 * day)).await;
    let late = record(BIN_FULL, 10.0, second(5 * day + window + 1)).await;
    assert_eq!(late.recurrence_of, None);
    // without a component: near
    end(heap.id, "closed", second(3 * day)).await;
    let near = record(GARBAGE, 42.0, second(4 * day)).await;
    assert_eq!(near.recurrence_of, Some(heap.id));
    assert_eq!(
        record(GARBAGE, 90.0, second(4 * day)).await.recurrence_of,
        None
    );
}

#[tokio::test]
async fn a_report_where_the_same_was_settled_is_its_recurrence() {
    let desk = Desk::new().await;
    let hotline = report(BIN_FULL, 10.5, |body| body["source"] = json!("hotline"));
    let first = registered(&desk.operator, &hotline).await["case"]["id"].clone();
    // while it is open, another report is a duplicate for the operator to merge
    let photo = async || json!([upload(&desk.collector).await]);
    let photos = photo().await;
    let body = report(BIN_FULL, 10.5, |body| body["attachments"] = photos);
    let while_open = registered(&desk.collector, &body).await["case"].clone();
    assert!(while_open["recurrence_of"].is_null());
    for (case, state) in [(&first, "closed"), (&while_open["id"], "rejected")] {
        sqlx::query(
            "update city_case set state = $2::case_state, ended_at = now() where case_id = $1",
        )
        .bind(case.as_i64())
        .bind(state)
        .execute(&desk.street.city.db)
        .await
        .unwrap();
    }
    // the collector did not see the case that was closed
    let photos = photo().await;
    let body = report(BIN_FULL, 10.5, |body| body["attachments"] = photos);
    let again = registered(&desk.collector, &body).await["case"].clone();
    assert_eq!(again["recurrence_of"], first);
    let path = format!("/api/v1/cases/{}", again["id"]);
    let detail = desk.operator.client.json(&path).await;
    assert_eq!(detail["history"][0]["detail"]["recurrence_of"], first);
    let path = format!("/api/v1/cases/{first}");
    let settled = desk.operator.client.json(&path).await;
    assert_eq!(settled["links"]["recurrences"], json!([again["id"]]));
    let elsewhere = report(BIN_FULL, 100.0, |body| body["source"] = json!("hotline"));
    let elsewhere = registered(&desk.operator, &elsewhere).await;
    assert!(elsewhere["case"]["recurrence_of"].is_null());
}
