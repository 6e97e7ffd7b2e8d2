//! People with roles, signed in.

use std::sync::atomic::{AtomicU32, Ordering};

use cityward::access;
use reqwest::StatusCode;
use serde_json::json;
use tokio::sync::OnceCell;

use crate::city::TestCity;
use crate::service::{TestClient, TestService};

const PASSWORD: &str = "correct horse battery staple";

/// Somebody with one role, at their browser.
pub(crate) struct Colleague {
    pub(crate) id: i32,
    pub(crate) client: TestClient,
}

/// Hires somebody for a role (of a unit, in a district) and signs them in.
pub(crate) async fn colleague(
    city: &TestCity,
    service: &TestService,
    role: &str,
    unit: Option<i32>,
    district: Option<i32>,
) -> Colleague {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    static HASH: OnceCell<String> = OnceCell::const_new();
    let hash = HASH
        .get_or_init(async || access::hash_password(PASSWORD).unwrap())
        .await;
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let login = format!("{}{number}", role.replace('_', "-"));
    let id: i32 = sqlx::query_scalar(
        "insert into person (login, name, password_hash) values ($1, $2, $3) returning person_id",
    )
    .bind(&login)
    .bind(format!("{role} {number}"))
    .bind(hash)
    .fetch_one(&city.db)
    .await
    .unwrap();
    sqlx::query(
        "insert into role_grant (person_id, role, unit_id, district_id, valid)
         values ($1, $2::role, $3, $4, tstzrange('2020-01-01', null))",
    )
    .bind(id)
    .bind(role)
    .bind(unit)
    .bind(district)
    .execute(&city.db)
    .await
    .unwrap();
    let mut client = service.client();
    let body = json!({ "login": login, "password": PASSWORD });
    let answer = client
        .post("/api/v1/session")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    client.cookie = Some(cookie.split(';').next().unwrap().to_owned());
    Colleague { id, client }
}
