//! Task orders from the centre to units (R3.4).

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::TestCity;
use crate::door::now;
use crate::people::{Colleague, colleague};
use crate::service::{TestService, problem};

struct Centre {
    city: TestCity,
    service: TestService,
    units: [i32; 3],
    dispatcher: Colleague,
}

impl Centre {
    async fn new() -> Self {
        let city = TestCity::new().await;
        let service = TestService::start(&city).await;
        let units = [city.unit(1).await, city.unit(2).await, city.unit(3).await];
        let dispatcher = colleague(&city, &service, "dispatcher", None, None).await;
        Self {
            city,
            service,
            units,
            dispatcher,
        }
    }

    async fn manager(&self, unit: i32) -> Colleague {
        colleague(&self.city, &self.service, "unit_manager", Some(unit), None).await
    }

    async fn issue(&self, units: &[i32], due_in: TimeDelta) -> reqwest::Response {
        let body = json!({ "title": "汛前检查", "text": "六月一日前检查全部雨水箅子", "due_at": now() + due_in, "unit_ids": units });
        self.dispatcher
            .client
            .post("/api/v1/orders")
            .json(&body)
            .send()
            .await
            .unwrap()
    }
}

async fn feed_back(by: &Colleague, order: &Value, text: &str) -> reqwest::Response {
    let path = format!("/api/v1/orders/{order}/receipts");
    by.client
        .post(&path)
        .json(&json!({ "text": text }))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn r3_4_an_order_shows_two_of_three_and_the_third_overdue() {
    let centre = Centre::new().await;
    let issued = centre.issue(&centre.units, TimeDelta::seconds(3)).await;
    assert_eq!(issued.status(), StatusCode::CREATED);
    let issued: Value = issued.json().await.unwrap();
    let id = &issued["id"];
    assert_eq!(
        (&issued["replied"], &issued["of"], &issued["overdue"]),
        (&json!(0), &json!(3), &json!(false))
    );

    let managers = [
        centre.manager(centre.units[0]).await,
        centre.manager(centre.units[1]).await,
    ];
    let list = managers[0].client.json("/api/v1/orders").await;
    assert_eq!(list["orders"][0]["id"], *id);
    assert!(list["orders"][0]["units"][0]["read_at"].is_null());
    let read = managers[0]
        .client
        .json(&format!("/api/v1/orders/{id}"))
        .await;
    let seen = read["units"].as_array().unwrap();
    assert_eq!(seen.len(), 1, "a unit sees itself only");
    assert_eq!(seen[0]["unit"]["id"], centre.units[0]);
    assert!(seen[0]["read_at"].is_string());
    for manager in &managers {
        let answer = feed_back(manager, id, "已检查，清掏12处").await;
        assert_eq!(answer.status(), StatusCode::CREATED);
    }
    let again = feed_back(&managers[0], id, "again").await;
    problem(again, StatusCode::CONFLICT, "fed-back").await;

    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    let order = centre
        .dispatcher
        .client
        .json(&format!("/api/v1/orders/{id}"))
        .await;
    assert_eq!(
        (&order["replied"], &order["of"], &order["overdue"]),
        (&json!(2), &json!(3), &json!(true))
    );
    let overdue: Vec<&Value> = order["units"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|unit| unit["overdue"] == true)
        .map(|unit| &unit["unit"]["id"])
        .collect();
    assert_eq!(overdue, [&json!(centre.units[2])]);
    assert_eq!(order["units"][0]["receipt"]["text"], "已检查，清掏12处");
    let logged: i64 =
        sqlx::query_scalar("select count(*) from audit_entry where subject = 'order:' || $1")
            .bind(id.to_string())
            .fetch_one(&centre.city.db)
            .await
            .unwrap();
    assert_eq!(logged, 3, "one issue and two receipts");
}

#[tokio::test]
async fn an_order_is_between_the_centre_and_its_units() {
    let centre = Centre::new().await;
    let day = TimeDelta::days(1);
    let issued: Value = centre
        .issue(&centre.units[..1], day)
        .await
        .json()
        .await
        .unwrap();
    let id = &issued["id"];
    let stranger = centre.manager(centre.units[1]).await;
    assert_eq!(
        stranger.client.json("/api/v1/orders").await["orders"],
        json!([])
    );
    let hidden = stranger
        .client
        .get(&format!("/api/v1/orders/{id}"))
        .send()
        .await
        .unwrap();
    problem(hidden, StatusCode::NOT_FOUND, "not-found").await;
    problem(
        feed_back(&stranger, id, "x").await,
        StatusCode::NOT_FOUND,
        "not-found",
    )
    .await;
    problem(
        feed_back(&centre.dispatcher, id, "x").await,
        StatusCode::FORBIDDEN,
        "forbidden",
    )
    .await;
    let body =
        json!({ "title": "x", "text": "x", "due_at": now() + day, "unit_ids": centre.units });
    let by_unit = stranger
        .client
        .post("/api/v1/orders")
        .json(&body)
        .send()
        .await
        .unwrap();
    problem(by_unit, StatusCode::FORBIDDEN, "forbidden").await;
}

#[tokio::test]
async fn an_order_without_sense_is_refused_by_field() {
    let centre = Centre::new().await;
    let (unit, day) = (centre.units[0], TimeDelta::days(1));
    for (units, due_in, field) in [
        (&[unit][..], TimeDelta::seconds(-1), "/due_at"),
        (&[unit], TimeDelta::days(2_000), "/due_at"),
        (&[], day, "/unit_ids"),
        (&[unit, unit], day, "/unit_ids"),
        (&[unit, 999_999], day, "/unit_ids"),
    ] {
        let answer = centre.issue(units, due_in).await;
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field);
    }
    for (title, text, field) in [(" ", "x", "/title"), ("x", "", "/text")] {
        let body =
            json!({ "title": title, "text": text, "due_at": now() + day, "unit_ids": [unit] });
        let answer = centre
            .dispatcher
            .client
            .post("/api/v1/orders")
            .json(&body)
            .send()
            .await
            .unwrap();
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field);
    }
}

#[tokio::test]
async fn r3_4_a_districts_leader_orders_the_districts_units_only() {
    let centre = Centre::new().await;
    let district: i32 = sqlx::query_scalar(
        "insert into district (division_code, name_zh, name_en) values ('321202', 'x', 'x')
         returning district_id",
    )
    .fetch_one(&centre.city.db)
    .await
    .unwrap();
    sqlx::query("update unit set district_id = $2 where unit_id = $1")
        .bind(centre.units[0])
        .bind(district)
        .execute(&centre.city.db)
        .await
        .unwrap();
    let leader = colleague(
        &centre.city,
        &centre.service,
        "leader",
        None,
        Some(district),
    )
    .await;
    let issue = async |units: &[i32]| {
        let due_at = now() + TimeDelta::days(1);
        let body = json!({ "title": "x", "text": "x", "due_at": due_at, "unit_ids": units });
        leader
            .client
            .post("/api/v1/orders")
            .json(&body)
            .send()
            .await
            .unwrap()
    };
    assert_eq!(
        issue(&centre.units[..1]).await.status(),
        StatusCode::CREATED
    );
    let refused = problem(
        issue(&centre.units).await,
        StatusCode::FORBIDDEN,
        "forbidden",
    )
    .await;
    assert_eq!(refused["errors"][0]["field"], "/unit_ids");
}
