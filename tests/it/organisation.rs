//! Districts, units, people and their rights, kept by administrators.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::{TestCity, place};
use crate::people::colleague;
use crate::service::{TestClient, TestService, problem};

async fn post(client: &TestClient, path: &str, body: Value) -> reqwest::Response {
    client.post(path).json(&body).send().await.unwrap()
}

async fn patch(client: &TestClient, path: &str, body: Value) -> reqwest::Response {
    let request = client.request(reqwest::Method::PATCH, path);
    request.json(&body).send().await.unwrap()
}

async fn made(answer: reqwest::Response) -> Value {
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).unwrap()
}

fn unit(code: &str, kind: &str) -> Value {
    json!({ "credit_code": code, "name_zh": "单位", "name_en": "Unit", "kind": kind })
}

/// Codes of companies in use, with right check characters.
const CODES: [&str; 3] = [
    "91440300708461136T",
    "91330100799655058B",
    "9144030071526726XG",
];

#[tokio::test]
async fn r4_1_a_second_city_centre_is_refused() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let admin = service.sign_in(&city).await;
    made(post(&admin, "/api/v1/units", unit(CODES[0], "city_centre")).await).await;
    let second = post(&admin, "/api/v1/units", unit(CODES[1], "city_centre")).await;
    problem(second, StatusCode::CONFLICT, "city-centre-exists").await;
    // one that begins when the first has ended is fine
    let list = admin.json("/api/v1/units").await;
    let first = &list["units"][0];
    assert_eq!(first["kind"], "city_centre");
    let until = "2030-01-01T00:00:00Z";
    let end = format!("/api/v1/units/{}/end", first["id"]);
    made(post(&admin, &end, json!({ "at": until })).await).await;
    let mut later = unit(CODES[1], "city_centre");
    later["valid_from"] = json!(until);
    made(post(&admin, "/api/v1/units", later).await).await;
}

#[tokio::test]
async fn r4_2_a_district_has_one_centre_and_a_mode_that_can_be_switched() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let admin = service.sign_in(&city).await;
    let district =
        json!({ "division_code": "321202", "name_zh": "区", "name_en": "D", "mode": "shared" });
    let made_district = made(post(&admin, "/api/v1/districts", district.clone()).await).await;
    assert_eq!(made_district["mode"], "shared");
    let again = post(&admin, "/api/v1/districts", district).await;
    problem(again, StatusCode::CONFLICT, "division-code-taken").await;

    let homeless = post(&admin, "/api/v1/units", unit(CODES[0], "district_centre")).await;
    let body = problem(homeless, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "/district_id");
    let mut centre = unit(CODES[0], "district_centre");
    centre["district_id"] = made_district["id"].clone();
    made(post(&admin, "/api/v1/units", centre.clone()).await).await;
    centre["credit_code"] = json!(CODES[1]);
    let second = post(&admin, "/api/v1/units", centre).await;
    problem(second, StatusCode::CONFLICT, "district-centre-exists").await;

    let path = format!("/api/v1/districts/{}", made_district["id"]);
    let own = made(patch(&admin, &path, json!({ "mode": "own_system" })).await).await;
    assert_eq!(own["mode"], "own_system");
    let wrong = patch(&admin, &path, json!({ "mode": "both" })).await;
    problem(wrong, StatusCode::BAD_REQUEST, "invalid-field").await;
}

/// A case that waits for a unit, and a decided dispute that names it.
async fn named_elsewhere(city: &TestCity, unit: i32) {
    let waiting: i64 = sqlx::query_scalar(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
            bearing_deg, cell_id, edition_id, because, first_seen_at, last_seen_at,
            sighting_count, opened_at, unit_id)
         select class_code, source, location, 1, 1, 0, cell_id, edition_id, '{}', now(), now(), 1,
            now(), $1 from city_case returning case_id",
    )
    .bind(unit)
    .fetch_one(&city.db)
    .await
    .unwrap();
    sqlx::query(
        "insert into precedent (class_code, place, unit_id, case_id, reason, valid)
         values ('M06042', '321202001001', $1, $2, 'agreed', tstzrange(now(), null))",
    )
    .bind(unit)
    .bind(waiting)
    .execute(&city.db)
    .await
    .unwrap();
}

#[tokio::test]
async fn r4_3_a_unit_with_open_cases_is_not_ended_until_they_are_with_others() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let admin = service.sign_in(&city).await;
    let (busy, other) = (city.unit(1).await, city.unit(2).await);
    let edition = city.edition().await;
    let cells = city.cells(edition, 1, 1).await;
    sqlx::query(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
            bearing_deg, cell_id, edition_id, because, first_seen_at, last_seen_at,
            sighting_count, opened_at, handling_unit_id)
         values ((select min(code) from class), 'hotline', $1, 1, 1, 0, $2, $3, '{}', now(),
            now(), 1, now(), $4)",
    )
    .bind(place(1.0, 1.0))
    .bind(cells[0])
    .bind(edition)
    .bind(busy)
    .execute(&city.db)
    .await
    .unwrap();
    let manager = colleague(&city, &service, "unit_manager", Some(busy), None).await;
    let end = format!("/api/v1/units/{busy}/end");
    let refused = post(&admin, &end, json!({})).await;
    problem(refused, StatusCode::CONFLICT, "unit-has-open-cases").await;
    // on a day to come what it has by then goes back to the dispatchers
    let day = json!({ "at": "2099-01-01T00:00:00Z" });
    let ends = made(post(&admin, &end, day).await).await;
    assert!(ends["valid_to"].is_string(), "{ends}");
    let past = post(&admin, &end, json!({ "at": "2021-01-01T00:00:00Z" })).await;
    problem(past, StatusCode::BAD_REQUEST, "invalid-field").await;

    sqlx::query("update city_case set handling_unit_id = $1")
        .bind(other)
        .execute(&city.db)
        .await
        .unwrap();
    // what it answers for, and so what falls to others
    city.responsible(edition, cells[0], None, busy).await;
    city.responsible(edition, cells[0], Some("M06042"), busy)
        .await;
    city.component("C03005", place(2.0, 2.0), Some(busy)).await;
    named_elsewhere(&city, busy).await;
    let holdings = format!("/api/v1/units/{busy}/holdings");
    let held = admin.json(&holdings).await;
    let expected = json!({ "cells": 1, "rules": 1, "components": 1, "routes": 0, "precedents": 1, "waiting_cases": 1, "cases_in_hand": 0 });
    assert_eq!(held, expected);
    let refused = manager.client.get(&holdings).send().await.unwrap();
    problem(refused, StatusCode::FORBIDDEN, "forbidden").await;
    let unknown = admin
        .get("/api/v1/units/999/holdings")
        .send()
        .await
        .unwrap();
    problem(unknown, StatusCode::NOT_FOUND, "not-found").await;

    let ended = made(post(&admin, &end, json!({})).await).await;
    assert!(ended["valid_to"].is_string(), "{ended}");
    // its people act for nobody now
    let session = manager.client.json("/api/v1/session").await;
    assert_eq!(session["person"]["grants"], json!([]));
    let again = post(&admin, &end, json!({})).await;
    problem(again, StatusCode::CONFLICT, "unit-ended").await;
    let units = admin.json("/api/v1/units").await["units"].clone();
    assert_eq!(units.as_array().unwrap().len(), 1, "{units}");
}

#[tokio::test]
async fn r4_3_a_units_credit_code_is_checked_and_its_changes_are_on_record() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let admin = service.sign_in(&city).await;
    let mistyped = post(&admin, "/api/v1/units", unit("91440300708461137T", "crew")).await;
    let body = problem(mistyped, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "/credit_code");
    let new = made(post(&admin, "/api/v1/units", unit(CODES[0], "crew")).await).await;
    let path = format!("/api/v1/units/{}", new["id"]);
    let change = json!({ "contact_name": "王", "contact_phone": "0523-1", "district_id": null });
    let changed = made(patch(&admin, &path, change).await).await;
    assert_eq!(changed["contact_name"], "王");
    let unknown = patch(&admin, &path, json!({ "department_id": 999 })).await;
    let body = problem(unknown, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "/department_id");
    let records: Vec<(String, String, Value)> = sqlx::query_as(
        "select actor, action, after from audit_entry where subject = $1 order by entry_id",
    )
    .bind(format!("unit:{}", new["id"]))
    .fetch_all(&city.db)
    .await
    .unwrap();
    let actions: Vec<&str> = records.iter().map(|row| row.1.as_str()).collect();
    assert_eq!(actions, ["create", "change"]);
    assert_eq!(records[1].0, "person:admin");
    assert_eq!(records[1].2["contact_name"], "王");
}

#[tokio::test]
async fn only_administrators_keep_people_units_and_districts() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let unit_id = city.unit(1).await;
    let leader = colleague(&city, &service, "leader", None, None).await;
    let id = leader.id;
    for (path, body) in [
        ("/api/v1/units".to_owned(), unit(CODES[0], "crew")),
        (format!("/api/v1/units/{unit_id}/end"), json!({})),
        (
            "/api/v1/districts".to_owned(),
            json!({ "division_code": "321202", "name_zh": "区", "name_en": "D", "mode": "shared" }),
        ),
        (
            "/api/v1/people".to_owned(),
            json!({ "login": "x", "name": "X" }),
        ),
        (
            format!("/api/v1/people/{id}/grants"),
            json!({ "role": "administrator" }),
        ),
        (format!("/api/v1/people/{id}/password"), json!({})),
        ("/api/v1/platforms".to_owned(), json!({ "name": "x" })),
    ] {
        let refused = post(&leader.client, &path, body).await;
        problem(refused, StatusCode::FORBIDDEN, "forbidden").await;
    }
    // nor by SQL as a request has it
    let mut tx = city.pools().service.begin().await.unwrap();
    sqlx::query("select cityward_act_as($1)")
        .bind(id)
        .execute(&mut *tx)
        .await
        .unwrap();
    let refused =
        sqlx::query("insert into role_grant (person_id, role) values ($1, 'administrator')")
            .bind(id)
            .execute(&mut *tx)
            .await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn people_are_hired_given_roles_with_dates_and_let_go() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let admin = service.sign_in(&city).await;
    let unit_id = city.unit(1).await;
    let hired = made(
        post(
            &admin,
            "/api/v1/people",
            json!({ "login": "li", "name": "李" }),
        )
        .await,
    )
    .await;
    let (id, password) = (&hired["person"]["id"], hired["password"].as_str().unwrap());
    let taken = post(
        &admin,
        "/api/v1/people",
        json!({ "login": "li", "name": "李二" }),
    )
    .await;
    problem(taken, StatusCode::CONFLICT, "login-taken").await;
    let shouting = post(
        &admin,
        "/api/v1/people",
        json!({ "login": "LI", "name": "李二" }),
    )
    .await;
    problem(shouting, StatusCode::BAD_REQUEST, "invalid-field").await;

    let grants = format!("/api/v1/people/{id}/grants");
    let nowhere = post(&admin, &grants, json!({ "role": "unit_manager" })).await;
    let body = problem(nowhere, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "/unit_id");
    let role = json!({ "role": "unit_manager", "unit_id": unit_id });
    let granted = made(post(&admin, &grants, role.clone()).await).await;
    let twice = post(&admin, &grants, role).await;
    problem(twice, StatusCode::CONFLICT, "already-granted").await;
    let later = json!({ "role": "auditor", "from": "2040-01-01T00:00:00Z" });
    made(post(&admin, &grants, later).await).await;

    let li = service.sign_in_as("li", password).await;
    let session = li.json("/api/v1/session").await;
    assert_eq!(session["person"]["id"], *id);
    let now = session["person"]["grants"].as_array().unwrap();
    assert_eq!(now.len(), 1, "a role of later is none yet: {session}");
    assert_eq!(now[0]["role"], "unit_manager");
    assert_eq!(now[0]["unit"]["name_en"], "Unit 1");
    assert_eq!(now[0]["district"], Value::Null);
    let found = admin.json("/api/v1/people?role=unit_manager").await;
    assert_eq!(found["people"][0]["login"], "li");
    assert_eq!(found["people"][0]["grants"].as_array().unwrap().len(), 2);

    let ended = admin
        .delete(&format!("/api/v1/grants/{}", granted["id"]))
        .send()
        .await
        .unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    let session = li.json("/api/v1/session").await;
    assert_eq!(session["person"]["grants"], json!([]));

    let person = format!("/api/v1/people/{id}");
    made(patch(&admin, &person, json!({ "disabled": true })).await).await;
    let out = li.get("/api/v1/session").send().await.unwrap();
    problem(out, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    let body = json!({ "login": "li", "password": password });
    let refused = post(&service.client(), "/api/v1/session", body).await;
    problem(refused, StatusCode::UNAUTHORIZED, "unauthenticated").await;
}

#[tokio::test]
async fn an_administrator_does_not_lock_themselves_out() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let admin = service.sign_in(&city).await;
    let people = admin.json("/api/v1/people?role=administrator").await;
    let me = &people["people"][0];
    let person = format!("/api/v1/people/{}", me["id"]);
    let disabled = patch(&admin, &person, json!({ "disabled": true })).await;
    problem(disabled, StatusCode::CONFLICT, "own-right").await;
    let grant = format!("/api/v1/grants/{}", me["grants"][0]["id"]);
    let ended = admin.delete(&grant).send().await.unwrap();
    problem(ended, StatusCode::CONFLICT, "own-right").await;
}
