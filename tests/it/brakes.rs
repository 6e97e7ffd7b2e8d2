//! What is asked too often, or cannot be kept, is refused and never a failure.

use reqwest::StatusCode;
use serde_json::json;

use crate::city::TestCity;
use crate::service::{TestService, problem};

/// Logins nobody has count by the address they are tried from, and forgetting them is cheap.
#[tokio::test]
async fn made_up_logins_are_braked_by_address() {
    let city = TestCity::new().await;
    let service = TestService::start_with(&city, |config| {
        config.http.trusted_proxies = vec![[127, 0, 0, 1].into()];
    })
    .await;
    let client = service.client();
    let attempt = async |number: u32, from: &str| {
        let body = json!({ "login": format!("nobody{number}"), "password": "guess" });
        client
            .post("/api/v1/session")
            .header("x-forwarded-for", from)
            .json(&body)
            .send()
            .await
            .unwrap()
    };
    let mut braked = None;
    for number in 0..60 {
        let answer = attempt(number, "203.0.113.7").await;
        if answer.status() != StatusCode::UNAUTHORIZED {
            braked = Some(answer);
            break;
        }
    }
    let braked = braked.expect("an end to it");
    assert!(braked.headers().contains_key("retry-after"));
    problem(braked, StatusCode::TOO_MANY_REQUESTS, "too-many-questions").await;
    let other = attempt(99, "203.0.113.8").await;
    assert_eq!(other.status(), StatusCode::UNAUTHORIZED);
    let index: bool = sqlx::query_scalar(
        "select exists (select from pg_indexes
            where tablename = 'sign_in_failure' and indexdef like '%(last_at)')",
    )
    .fetch_one(&city.db)
    .await
    .unwrap();
    assert!(index);
}

/// Without a trusted proxy the header is anybody's word.
#[tokio::test]
async fn a_forwarded_address_counts_from_a_trusted_proxy_only() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let ask = async |number: u32| {
        let client = service.client();
        let request = client.get("/api/v1/public/cases/7Q4TN2WXKD");
        let request = request.header("x-forwarded-for", format!("203.0.113.{number}"));
        request.send().await.unwrap().status()
    };
    for number in 0..30 {
        assert_eq!(ask(number).await, StatusCode::NOT_FOUND);
    }
    assert_eq!(ask(30).await, StatusCode::TOO_MANY_REQUESTS);
    service.stop().await;

    let behind = TestService::start_with(&city, |config| {
        config.http.trusted_proxies = vec![[127, 0, 0, 1].into()];
        config.oidc.public_url = Some("http://city.test".to_owned());
        config.oidc.oidc_issuer = Some("http://127.0.0.1:9".to_owned());
        config.oidc.oidc_client_id = Some("cityward".to_owned());
    })
    .await;
    let client = behind.client();
    let ask = async |path: &str, from: &str| {
        let request = client.get(path).header("x-forwarded-for", from);
        request.send().await.unwrap().status()
    };
    let (code, start) = (
        "/api/v1/public/cases/7Q4TN2WXKD",
        "/api/v1/session/oidc/start",
    );
    for _ in 0..31 {
        ask(code, "203.0.113.7").await;
    }
    assert_eq!(
        ask(code, "203.0.113.7").await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(ask(code, "203.0.113.8").await, StatusCode::NOT_FOUND);
    for _ in 0..60 {
        assert_ne!(
            ask(start, "203.0.113.7").await,
            StatusCode::TOO_MANY_REQUESTS
        );
    }
    assert_eq!(
        ask(start, "203.0.113.7").await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_ne!(
        ask(start, "203.0.113.8").await,
        StatusCode::TOO_MANY_REQUESTS
    );
}

/// PostgreSQL's text cannot hold it: a 400 that names the field, wherever it comes in.
#[tokio::test]
async fn the_nul_character_is_a_wrong_field_everywhere() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let admin = service.sign_in(&city).await;
    for (path, body, field) in [
        (
            "/api/v1/session",
            json!({ "login": "a\0", "password": "x" }),
            "/login",
        ),
        ("/api/v1/platforms", json!({ "name": "a\0b" }), "/name"),
        (
            "/api/v1/people",
            json!({ "login": "a", "name": "\0" }),
            "/name",
        ),
        (
            "/api/v1/webhooks",
            json!({ "unit_id": 1, "url": "https://unit.example/\0" }),
            "/url",
        ),
        (
            "/api/v1/cases/1/actions/reject",
            json!({ "version": 1, "reason": "\0" }),
            "/reason",
        ),
    ] {
        let answer = admin.post(path).json(&body).send().await.unwrap();
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field, "{path}");
    }
    for (path, field) in [
        ("/api/v1/audit?subject=person:%00", "subject"),
        ("/api/v1/public/cases/A%00", "query_code"),
        ("/api/v1/cases/1%00", "id"),
    ] {
        let answer = admin.get(path).send().await.unwrap();
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field, "{path}");
    }
}
