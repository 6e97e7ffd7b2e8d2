//! Problems people report become cases (R3.3, R7.2, R11.7).

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::attachments::upload;
use crate::cases::{BIN_FULL, Street};
use crate::city::place;
use crate::door::now;
use crate::people::{Colleague, colleague};
use crate::service::{TestService, problem};

/// A street with a running service and who reports there.
pub(crate) struct Desk {
    pub(crate) street: Street,
    pub(crate) service: TestService,
    pub(crate) collector: Colleague,
    pub(crate) operator: Colleague,
    pub(crate) district: i32,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut cityward::config::Config)) -> Self {
        let street = Street::new().await;
        let district = sqlx::query_scalar(
            "insert into district (division_code, name_zh, name_en)
             values ('321202', '海陵区', 'Hailing') returning district_id",
        )
        .fetch_one(&street.city.db)
        .await
        .unwrap();
        let service = TestService::start_with(&street.city, change).await;
        let collector = colleague(&street.city, &service, "collector", None, None).await;
        let operator = colleague(&street.city, &service, "operator", None, None).await;
        Self {
            street,
            service,
            collector,
            operator,
            district,
        }
    }

    pub(crate) async fn count(&self, query: &str) -> i64 {
        sqlx::query_scalar(query)
            .fetch_one(&self.street.city.db)
            .await
            .unwrap()
    }
}

/// A report from `east_m`, 10 m from the origin; `change` spoils it.
pub(crate) fn report(class: &str, east_m: f64, change: impl FnOnce(&mut Value)) -> Value {
    let point = place(east_m, 10.0);
    let mut body = json!({
        "class": class, "lon": point.lon, "lat": point.lat, "accuracy_m": 8.0,
        "source": "collector", "text": "垃圾箱满溢", "place_text": "迎春路12号门前",
    });
    change(&mut body);
    body
}

pub(crate) async fn post_with(by: &Colleague, key: &str, body: &Value) -> Response {
    let request = by
        .client
        .post("/api/v1/cases")
        .header("idempotency-key", key);
    request.json(body).send().await.unwrap()
}

pub(crate) async fn post(by: &Colleague, body: &Value) -> Response {
    post_with(by, &uuid::Uuid::now_v7().to_string(), body).await
}

pub(crate) async fn registered(by: &Colleague, body: &Value) -> Value {
    let answer = post(by, body).await;
    let status = answer.status();
    let registered: Value = answer.json().await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{registered}");
    registered
}

#[tokio::test]
async fn a_collectors_report_becomes_a_case_with_its_place_reasons_and_clock() {
    let desk = Desk::new().await;
    let photo = upload(&desk.collector).await;
    let seen: DateTime<Utc> = now() - TimeDelta::minutes(5);
    let body = report(BIN_FULL, 10.5, |body| {
        body["attachments"] = json!([photo]);
        body["observed_at"] = json!(seen);
    });
    let case = registered(&desk.collector, &body).await["case"].clone();
    assert_eq!(
        (&case["state"], &case["source"]),
        (&json!("reported"), &json!("collector"))
    );
    assert_eq!(case["component_id"], desk.street.bins[0]);
    assert_eq!(case["district_id"], desk.district);
    assert_eq!(case["unit"]["name_zh"], "责任单位1");
    assert_eq!(case["text"], "垃圾箱满溢");
    assert_eq!(case["clock"]["stage"], "filing");
    let opened: DateTime<Utc> = case["opened_at"].as_str().unwrap().parse().unwrap();
    let due: DateTime<Utc> = case["clock"]["due_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        due - opened,
        TimeDelta::minutes(15),
        "of the first rule set"
    );

    let detail = desk
        .operator
        .client
        .json(&format!("/api/v1/cases/{}", case["id"]))
        .await;
    assert_eq!(detail["because"]["rule"], "component_maintenance");
    assert_eq!(detail["ellipse"]["semi_major_m"], 8.0);
    assert_eq!(detail["history"][0]["action"], "opened");
    assert_eq!(
        detail["history"][0]["detail"]["attachments"],
        json!([photo])
    );
    let (rule_set, person, role): (Option<i32>, i32, String) = sqlx::query_as(
        "select rule_set_id, person_id, role::text from city_case join case_event using (case_id)",
    )
    .fetch_one(&desk.street.city.db)
    .await
    .unwrap();
    assert!(rule_set.is_some());
    assert_eq!((person, role.as_str()), (desk.collector.id, "collector"));
    assert_eq!(
        desk.count(
            "select count(*) from case_clock where stage = 'filing' and next_alarm_at is not null"
        )
        .await,
        1
    );
    assert_eq!(
        desk.count("select count(*) from case_attachment where kind = 'report'")
            .await,
        1
    );
}

#[tokio::test]
async fn r7_2_a_report_that_breaks_the_rule_of_its_class_is_refused_with_the_rule_named() {
    let desk = Desk::new().await;
    let manhole = "C01002";
    let one = upload(&desk.collector).await;
    let with = |change: &dyn Fn(&mut Value)| report(manhole, 30.0, |body| change(body));
    let few = post(
        &desk.collector,
        &with(&|body| body["attachments"] = json!([one])),
    )
    .await;
    let body = problem(few, StatusCode::UNPROCESSABLE_ENTITY, "rule-broken").await;
    assert_eq!(body["errors"][0]["field"], "/attachments");
    let detail = body["detail"].as_str().unwrap();
    for word in [
        "C01",
        "Initial rules",
        "Article 7",
        "at least 2 photos",
        "1 came",
    ] {
        assert!(detail.contains(word), "{word}: {detail}");
    }
    let two = json!([one, upload(&desk.collector).await]);
    let vague = with(&|body| {
        body["attachments"] = two.clone();
        body["accuracy_m"] = json!(20.5);
    });
    let body = problem(
        post(&desk.collector, &vague).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "rule-broken",
    )
    .await;
    assert_eq!(body["errors"][0]["field"], "/accuracy_m");
    let old = with(&|body| {
        body["attachments"] = two.clone();
        body["observed_at"] = json!(now() - TimeDelta::hours(25));
    });
    let body = problem(
        post(&desk.collector, &old).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "rule-broken",
    )
    .await;
    assert_eq!(body["errors"][0]["field"], "/observed_at");
    let good = with(&|body| body["attachments"] = two.clone());
    registered(&desk.collector, &good).await;
    // a caller has no camera
    let call = with(&|body| body["source"] = json!("hotline"));
    registered(&desk.operator, &call).await;
    assert_eq!(desk.count("select count(*) from city_case").await, 2);
}

#[tokio::test]
async fn r11_7_what_cannot_be_is_refused_by_field() {
    let desk = Desk::new().await;
    let foreign = upload(&desk.operator).await;
    let cases: [(&str, Value, u16, &str, &str); 11] = [
        ("class", json!("M99999"), 400, "invalid-field", "/class"),
        ("class", json!("rubbish"), 400, "invalid-field", "/class"),
        ("lon", json!(181.0), 400, "invalid-field", "/lon"),
        ("lon", json!(100.0), 422, "outside-city", "/lon"),
        (
            "accuracy_m",
            json!(0.0),
            400,
            "invalid-field",
            "/accuracy_m",
        ),
        ("source", json!("hotline"), 400, "invalid-field", "/source"),
        ("source", json!("camera"), 400, "invalid-field", "/source"),
        (
            "text",
            json!("长".repeat(2_001)),
            400,
            "invalid-field",
            "/text",
        ),
        (
            "observed_at",
            json!(now() + TimeDelta::hours(1)),
            422,
            "observed-in-future",
            "/observed_at",
        ),
        (
            "attachments",
            json!([foreign]),
            400,
            "invalid-field",
            "/attachments",
        ),
        (
            "attachments",
            json!(vec![1; 21]),
            400,
            "invalid-field",
            "/attachments",
        ),
    ];
    for (name, value, status, kind, field) in cases {
        let body = report(BIN_FULL, 10.5, |body| body[name] = value);
        let answer = post(&desk.collector, &body).await;
        let status = StatusCode::from_u16(status).unwrap();
        let body = problem(answer, status, kind).await;
        assert_eq!(body["errors"][0]["field"], field);
        if kind == "outside-city" {
            assert_eq!(body["errors"][1]["field"], "/lat");
        }
    }
    let good = report(BIN_FULL, 10.5, |_| {});
    let keyless = desk
        .collector
        .client
        .post("/api/v1/cases")
        .json(&good)
        .send()
        .await
        .unwrap();
    let body = problem(keyless, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "Idempotency-Key");
    let left = desk.count("select count(*) from city_case").await;
    assert_eq!(left, 0, "nothing is half done");
}

#[tokio::test]
async fn whose_role_does_not_report_is_refused() {
    let desk = Desk::new().await;
    let auditor = colleague(&desk.street.city, &desk.service, "auditor", None, None).await;
    let answer = post(&auditor, &report(BIN_FULL, 10.5, |_| {})).await;
    problem(answer, StatusCode::FORBIDDEN, "forbidden").await;
    assert_eq!(desk.count("select count(*) from city_case").await, 0);
}

#[tokio::test]
async fn the_same_request_twice_is_one_case() {
    let desk = Desk::new().await;
    let body = report(BIN_FULL, 10.5, |_| {});
    let answers =
        futures::future::join_all((0..5).map(|_| post_with(&desk.collector, "key-0001", &body)))
            .await;
    let mut ids = Vec::new();
    for answer in answers {
        assert_eq!(answer.status(), StatusCode::CREATED);
        ids.push(answer.json::<Value>().await.unwrap()["case"]["id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(desk.count("select count(*) from city_case").await, 1);
    assert_eq!(desk.count("select count(*) from case_event").await, 1);
    let other = report(BIN_FULL, 12.0, |_| {});
    let reused = post_with(&desk.collector, "key-0001", &other).await;
    problem(reused, StatusCode::CONFLICT, "key-reused").await;
}

#[tokio::test]
async fn r3_3_the_same_message_of_another_system_is_one_case_and_two_log_lines() {
    let desk = Desk::new().await;
    let message = report(BIN_FULL, 10.5, |body| {
        body["source"] = json!("exchange");
        body["external"] = json!({ "source": "12345", "id": "GD-2026-0001" });
    });
    let first = registered(&desk.operator, &message).await;
    let again = post(&desk.operator, &message).await;
    assert_eq!(again.status(), StatusCode::OK);
    let again: Value = again.json().await.unwrap();
    assert_eq!(again["case"]["id"], first["case"]["id"]);
    assert_eq!(desk.count("select count(*) from city_case").await, 1);
    let log = "select count(*) from audit_entry where subject = 'exchange:12345:GD-2026-0001'";
    assert_eq!(desk.count(log).await, 2);
    let nameless = report(BIN_FULL, 10.5, |body| {
        body["source"] = json!("exchange");
        body["external"] = json!({ "source": "Hot Line", "id": "1" });
    });
    let body = problem(
        post(&desk.operator, &nameless).await,
        StatusCode::BAD_REQUEST,
        "invalid-field",
    )
    .await;
    assert_eq!(body["errors"][0]["field"], "/external/source");
}

/// R3.3: a message that became a case of another scope is a conflict, and nobody takes the names
/// of other systems' messages who takes in none.
#[tokio::test]
async fn a_message_that_became_a_case_out_of_reach_is_a_conflict() {
    let desk = Desk::new().await;
    let message = |source: &str| {
        report(BIN_FULL, 10.5, |body| {
            body["source"] = json!(source);
            body["external"] = json!({ "source": "12345", "id": "GD-2026-0001" });
        })
    };
    let squatter = post(&desk.collector, &message("collector")).await;
    let body = problem(squatter, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "/external");
    registered(&desk.operator, &message("exchange")).await;
    let city = &desk.street.city;
    let of_district = Some(desk.district);
    let district = colleague(city, &desk.service, "operator", None, of_district).await;
    sqlx::query(
        "with elsewhere as (insert into district (division_code, name_zh, name_en)
            values ('321299', 'x', 'x') returning district_id)
         update city_case set district_id = elsewhere.district_id from elsewhere",
    )
    .execute(&city.db)
    .await
    .unwrap();
    let again = post(&district, &message("exchange")).await;
    problem(again, StatusCode::CONFLICT, "external-taken").await;
    assert_eq!(desk.count("select count(*) from city_case").await, 1);
}

#[tokio::test]
async fn what_may_be_the_same_problem_is_found_near_in_place_and_time_or_on_the_component() {
    let desk = Desk::new().await;
    let file = async |class: &str, east_m: f64| {
        let body = report(class, east_m, |_| {});
        registered(&desk.collector, &body).await["case"]["id"]
            .as_i64()
            .unwrap()
    };
    let garbage = file("M06010", 14.0).await;
    let near = file(BIN_FULL, 40.0).await;
    let far = file(BIN_FULL, 90.0).await;
    let old = file(BIN_FULL, 10.4).await;
    let over = file(BIN_FULL, 11.0).await;
    for (case, change) in [
        (
            old,
            "opened_at = opened_at - interval '9 days', first_seen_at = first_seen_at - interval '9 days', last_seen_at = last_seen_at - interval '9 days'",
        ),
        (over, "state = 'closed', ended_at = now()"),
    ] {
        sqlx::query(&format!(
            "update city_case set {change} where case_id = {case}"
        ))
        .execute(&desk.street.city.db)
        .await
        .unwrap();
    }
    let own = file(BIN_FULL, 10.5).await;
    let found = desk
        .operator
        .client
        .json(&format!("/api/v1/cases/{own}/duplicates"))
        .await;
    let found: Vec<(i64, f64)> = found["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["case"]["id"].as_i64().unwrap(),
                one["distance_m"].as_f64().unwrap(),
            )
        })
        .collect();
    let ids: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
    assert_eq!(
        ids,
        [old, near, garbage],
        "same component, same class, then the rest; not {far}"
    );
    assert!((found[1].1 - 29.5).abs() < 0.1, "{found:?}");
    let missing = desk
        .operator
        .client
        .get("/api/v1/cases/999999/duplicates")
        .send()
        .await
        .unwrap();
    problem(missing, StatusCode::NOT_FOUND, "not-found").await;
}
