//! Lists of cases leave with an approval only (R5.1).

use chrono::{DateTime, TimeDelta, Utc};
use cityward::time::{SetTime, TimeSource};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cases::BIN_FULL;
use crate::door::now;
use crate::people::{Colleague, colleague};
use crate::registration::{Desk, registered, report};
use crate::service::problem;

async fn ask(by: &Colleague, filter: Value) -> Value {
    let body = json!({ "filter": filter, "purpose": "季度考核" });
    let answer = by
        .client
        .post("/api/v1/exports")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json::<Value>().await.unwrap()["id"].clone()
}

async fn approve(by: &Colleague, export: &Value) -> reqwest::Response {
    by.client
        .post(&format!("/api/v1/exports/{export}/approve"))
        .send()
        .await
        .unwrap()
}

async fn download(by: &Colleague, export: &Value) -> reqwest::Response {
    by.client
        .get(&format!("/api/v1/cases/export?export={export}"))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn r5_1_a_list_leaves_with_an_approval_a_watermark_and_a_log_line_only() {
    let start: DateTime<Utc> = now();
    let time = SetTime::new(start);
    let set = time.clone();
    let desk = Desk::start_with(|config| config.time = TimeSource::Set(set)).await;
    let officer = colleague(&desk.street.city, &desk.service, "data_officer", None, None).await;
    let evaluator = colleague(&desk.street.city, &desk.service, "evaluator", None, None).await;
    let body = report(BIN_FULL, 10.5, |body| body["place_text"] = json!("=1+1"));
    let case = registered(&desk.collector, &body).await["case"]["id"].clone();
    registered(&desk.collector, &report("M06010", 60.0, |_| {})).await;

    let bare = evaluator
        .client
        .get("/api/v1/cases/export")
        .send()
        .await
        .unwrap();
    problem(bare, StatusCode::FORBIDDEN, "export-not-approved").await;
    let export = ask(&evaluator, json!({ "class": BIN_FULL })).await;
    problem(
        download(&evaluator, &export).await,
        StatusCode::FORBIDDEN,
        "export-not-approved",
    )
    .await;
    problem(
        approve(&evaluator, &export).await,
        StatusCode::FORBIDDEN,
        "forbidden",
    )
    .await;
    assert_eq!(approve(&officer, &export).await.status(), StatusCode::OK);
    problem(
        approve(&officer, &export).await,
        StatusCode::CONFLICT,
        "decided",
    )
    .await;
    problem(
        download(&desk.operator, &export).await,
        StatusCode::NOT_FOUND,
        "not-found",
    )
    .await;

    let answer = download(&evaluator, &export).await;
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let sheet = answer.text().await.unwrap();
    let lines: Vec<&str> = sheet.trim_start_matches('\u{feff}').lines().collect();
    for word in ["evaluator", "data_officer", "季度考核", "1 cases"] {
        assert!(lines[0].contains(word), "{word}: {}", lines[0]);
    }
    assert!(lines[1].starts_with("id,class,"));
    assert_eq!(lines.len(), 3, "the other class was not asked for");
    assert!(lines[2].starts_with(&format!("{case},{BIN_FULL},")));
    assert!(lines[2].contains(",'=1+1,"), "no formula: {}", lines[2]);
    download(&evaluator, &export).await;
    let log = format!(
        "select count(*) from audit_entry where subject = 'export:{export}' and action = 'download'"
    );
    assert_eq!(desk.count(&log).await, 2);

    time.set(start + TimeDelta::days(8));
    let late = evaluator
        .client
        .get(&format!("/api/v1/cases/export?export={export}"))
        .send()
        .await
        .unwrap();
    assert!(matches!(
        late.status(),
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED
    ));
}

#[tokio::test]
async fn nobody_approves_their_own_export() {
    let desk = Desk::new().await;
    let officer = colleague(&desk.street.city, &desk.service, "data_officer", None, None).await;
    let export = ask(&officer, json!({})).await;
    problem(
        approve(&officer, &export).await,
        StatusCode::FORBIDDEN,
        "forbidden",
    )
    .await;
    let alone = "update export_request set approved_by = requested_by, approved_at = now()";
    assert!(
        sqlx::query(alone)
            .execute(&desk.street.city.db)
            .await
            .is_err()
    );
    let silent = json!({ "purpose": " " });
    let answer = officer
        .client
        .post("/api/v1/exports")
        .json(&silent)
        .send()
        .await
        .unwrap();
    let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "/purpose");
    let others = desk.operator.client.json("/api/v1/exports").await;
    assert_eq!(others["exports"], json!([]));
}

#[tokio::test]
async fn r5_1_a_refused_export_says_why_and_never_leaves() {
    let desk = Desk::new().await;
    let city = &desk.street.city;
    let officer = colleague(city, &desk.service, "data_officer", None, None).await;
    let of_district = Some(desk.district);
    let district = colleague(city, &desk.service, "data_officer", None, of_district).await;
    let evaluator = colleague(city, &desk.service, "evaluator", None, None).await;
    let export = ask(&evaluator, json!({})).await;
    let refuse = async |by: &Colleague, reason: &str| {
        let path = format!("/api/v1/exports/{export}/refuse");
        let body = json!({ "reason": reason });
        by.client.post(&path).json(&body).send().await.unwrap()
    };
    for other in [&evaluator, &district] {
        let answer = refuse(other, "no").await;
        problem(answer, StatusCode::FORBIDDEN, "forbidden").await;
    }
    let answer = refuse(&officer, " ").await;
    let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "/reason");
    let refused = refuse(&officer, "范围过大").await;
    assert_eq!(refused.status(), StatusCode::OK);
    for again in [
        refuse(&officer, "范围过大").await,
        approve(&officer, &export).await,
    ] {
        problem(again, StatusCode::CONFLICT, "decided").await;
    }
    problem(
        download(&evaluator, &export).await,
        StatusCode::FORBIDDEN,
        "export-not-approved",
    )
    .await;
    let own = evaluator.client.json("/api/v1/exports").await;
    assert_eq!(own["exports"][0]["refused_for"], "范围过大");
    let logged = format!(
        "select count(*) from audit_entry where subject = 'export:{export}' and action = 'refuse'
            and reason = '范围过大'"
    );
    assert_eq!(desk.count(&logged).await, 1);
}
