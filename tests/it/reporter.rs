//! Personal data of reporters: sealed, masked, read for a purpose, erased (R5.2).

use chrono::{DateTime, TimeDelta, Utc};
use cityward::time::{SetTime, TimeSource};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cases::BIN_FULL;
use crate::door::now;
use crate::people::{Colleague, colleague};
use crate::registration::{Desk, post, registered, report};
use crate::service::problem;

const PHONE: &str = "13812341234";

fn call() -> Value {
    report(BIN_FULL, 10.5, |body| {
        body["source"] = json!("hotline");
        body["reporter"] = json!({ "name": "张三", "phone": PHONE, "wants_reply": true });
    })
}

async fn read(by: &Colleague, case: &Value, purpose: &str) -> reqwest::Response {
    let purpose: String = purpose.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let path = format!("/api/v1/cases/{case}/reporter?purpose={purpose}");
    by.client.get(&path).send().await.unwrap()
}

#[tokio::test]
async fn r5_2_the_operator_reads_the_number_for_a_purpose_and_everybody_else_sees_it_masked() {
    let desk = Desk::new().await;
    let filed = registered(&desk.operator, &call()).await;
    let id = &filed["case"]["id"];
    sqlx::query("update city_case set handling_unit_id = unit_id")
        .execute(&desk.street.city.db)
        .await
        .unwrap();
    let unit = filed["case"]["unit"]["id"]
        .as_i64()
        .map(|id| i32::try_from(id).unwrap());
    let manager = colleague(&desk.street.city, &desk.service, "unit_manager", unit, None).await;
    let officer = colleague(&desk.street.city, &desk.service, "data_officer", None, None).await;

    for person in [&desk.operator, &manager] {
        let detail = person.client.json(&format!("/api/v1/cases/{id}")).await;
        let masked = json!({ "name": "张*", "phone": "138****1234", "masked": true, "wants_reply": true, "erased_at": null });
        assert_eq!(detail["reporter"], masked);
        assert!(!detail.to_string().contains(PHONE));
    }
    let hidden = read(&manager, id, "回访").await;
    problem(hidden, StatusCode::FORBIDDEN, "forbidden").await;
    let silent = read(&desk.operator, id, " ").await;
    let body = problem(silent, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "purpose");
    assert_eq!(desk.count("select count(*) from reporter_access").await, 0);

    for person in [&desk.operator, &officer] {
        let answer = read(person, id, "回访核实").await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let clear: Value = answer.json().await.unwrap();
        assert_eq!(
            (&clear["name"], &clear["phone"], &clear["masked"]),
            (&json!("张三"), &json!(PHONE), &json!(false))
        );
    }
    let log: Vec<(i32, String)> =
        sqlx::query_as("select person_id, purpose from reporter_access order by access_id")
            .fetch_all(&desk.street.city.db)
            .await
            .unwrap();
    let purpose = || "回访核实".to_owned();
    assert_eq!(
        log,
        [(desk.operator.id, purpose()), (officer.id, purpose())]
    );
    for change in [
        "update reporter_access set purpose = ''",
        "delete from reporter_access",
    ] {
        assert!(
            sqlx::query(change)
                .execute(&desk.street.city.db)
                .await
                .is_err(),
            "{change}"
        );
    }
}

#[tokio::test]
async fn r5_2_no_table_holds_the_number_or_the_name() {
    let desk = Desk::new().await;
    let filed = registered(&desk.operator, &call()).await;
    read(&desk.operator, &filed["case"]["id"], "回访").await;
    let tables: Vec<String> = sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public' and tablename <> 'spatial_ref_sys'")
        .fetch_all(&desk.street.city.db)
        .await
        .unwrap();
    assert!(tables.iter().any(|table| table == "reporter"));
    let phone_hex = hex::encode(PHONE);
    let name_hex = hex::encode("张三");
    for table in tables {
        let found: i64 = sqlx::query_scalar(&format!(
            "select count(*) from {table} as t where t::text ~ $1"
        ))
        .bind(format!("{PHONE}|张三|{phone_hex}|{name_hex}"))
        .fetch_one(&desk.street.city.db)
        .await
        .unwrap();
        assert_eq!(found, 0, "{table}");
    }
    let told = report(BIN_FULL, 10.5, |body| {
        body["source"] = json!("hotline");
        body["text"] = json!("请致电 138-1234-1234");
        body["reporter"] = json!({ "name": "张三", "phone": PHONE });
    });
    let body = problem(
        post(&desk.operator, &told).await,
        StatusCode::BAD_REQUEST,
        "invalid-field",
    )
    .await;
    assert_eq!(body["errors"][0]["field"], "/text");
    let wrong = report(BIN_FULL, 10.5, |body| {
        body["source"] = json!("hotline");
        body["reporter"] = json!({ "phone": "call me" });
    });
    let body = problem(
        post(&desk.operator, &wrong).await,
        StatusCode::BAD_REQUEST,
        "invalid-field",
    )
    .await;
    assert_eq!(body["errors"][0]["field"], "/reporter/phone");
}

#[tokio::test]
async fn r5_2_after_retention_the_data_is_gone_and_the_counts_are_not() {
    let start: DateTime<Utc> = now();
    let time = SetTime::new(start);
    let set = time.clone();
    let desk = Desk::start_with(|config| config.time = TimeSource::Set(set)).await;
    let open = registered(&desk.operator, &call()).await["case"]["id"].clone();
    let over = registered(&desk.operator, &call()).await["case"]["id"].clone();
    sqlx::query(&format!(
        "update city_case set state = 'rejected', ended_at = $1 where case_id = {over}"
    ))
    .bind(start)
    .execute(&desk.street.city.db)
    .await
    .unwrap();
    let db = &desk.street.city.db;
    let rules = cityward::rules::Rules::open(db.clone()).await.unwrap();
    let erase = async |at: DateTime<Utc>| {
        let erased = cityward::upkeep::erase_reporters(db, &rules.in_force(at), at).await;
        erased.unwrap().reporters
    };
    assert_eq!(erase(start + TimeDelta::days(364)).await, 0);
    assert_eq!(erase(start + TimeDelta::days(366)).await, 1);
    assert_eq!(erase(start + TimeDelta::days(367)).await, 0, "once");
    assert_eq!(
        desk.count("select count(*) from reporter").await,
        2,
        "counts stay"
    );
    assert_eq!(desk.count("select count(*) from reporter where name_sealed is null and phone_sealed is null and erased_at is not null").await, 1);
    assert_eq!(
        desk.count("select count(*) from audit_entry where actor = 'system:retention'")
            .await,
        1
    );

    let gone: Value = read(&desk.operator, &over, "回访")
        .await
        .json()
        .await
        .unwrap();
    assert!(gone["phone"].is_null() && gone["erased_at"].is_string());
    let kept: Value = read(&desk.operator, &open, "回访")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(kept["phone"], PHONE);
}

#[tokio::test]
async fn r5_2_a_reporter_asks_with_a_code_and_learns_nothing_about_anybody() {
    let desk = Desk::new().await;
    let filed = registered(&desk.operator, &call()).await;
    let code = filed["query_code"].as_str().unwrap();
    let stranger = desk.service.client();
    let status = stranger.json(&format!("/api/v1/public/cases/{code}")).await;
    assert_eq!(status["case_id"], filed["case"]["id"]);
    assert_eq!(
        (&status["state"], &status["class_zh"]),
        (&json!("reported"), &json!("垃圾站（箱）满溢"))
    );
    let keys: Vec<&String> = status.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "case_id",
            "changed_at",
            "class",
            "class_en",
            "class_zh",
            "ended_at",
            "opened_at",
            "state"
        ]
    );
    assert_eq!(
        desk.count(
            "select count(*) from reporter where encode(query_code_sha256, 'escape') like '%-%-%'"
        )
        .await,
        0
    );
    let mut last = StatusCode::OK;
    for _ in 0..40 {
        let answer = stranger
            .get("/api/v1/public/cases/0000-0000-0000-0000")
            .send()
            .await
            .unwrap();
        last = answer.status();
        if last == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers().contains_key("retry-after"));
            break;
        }
        problem(answer, StatusCode::NOT_FOUND, "not-found").await;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    // without a reporter there is nobody to give a code to
    let patrol = registered(&desk.collector, &report(BIN_FULL, 10.5, |_| {})).await;
    assert!(patrol.get("query_code").is_none());
    let nobody = read(&desk.operator, &patrol["case"]["id"], "回访").await;
    problem(nobody, StatusCode::NOT_FOUND, "not-found").await;
}
