//! Who may look and who may push.

use cityward::access;
use reqwest::StatusCode;
use serde_json::json;

use crate::city::TestCity;
use crate::people::colleague;
use crate::service::{TestService, problem};

#[tokio::test]
async fn the_administrator_is_created_once_and_its_password_shown_once() {
    let city = TestCity::new().await;
    let (login, password) = access::ensure_administrator(&city.db)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(login, "admin");
    assert!(password.reveal().len() >= 16);
    assert!(
        !format!("{password:?}").contains(password.reveal()),
        "Debug hides the secret"
    );
    assert!(
        access::ensure_administrator(&city.db)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_person_signs_in_is_known_and_signs_out() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let nobody = service.client();
    problem(
        nobody.get("/api/v1/session").send().await.unwrap(),
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
    )
    .await;

    let person = service.sign_in(&city).await;
    assert_eq!(
        person.json("/api/v1/session").await["person"]["login"],
        "admin"
    );

    let gone = person.delete("/api/v1/session").send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let after = person.get("/api/v1/session").send().await.unwrap();
    problem(after, StatusCode::UNAUTHORIZED, "unauthenticated").await;
}

#[tokio::test]
async fn the_session_cookie_is_kept_from_scripts_and_other_sites() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let (login, password) = access::reset_administrator(&city.db).await.unwrap();
    let body = json!({ "login": login, "password": password.reveal() });
    let answer = service
        .client()
        .post("/api/v1/session")
        .json(&body)
        .send()
        .await
        .unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(password.reveal()));
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_then_have_to_wait() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    access::reset_administrator(&city.db).await.unwrap();
    let client = service.client();
    let attempt = async || {
        let body = json!({ "login": "admin", "password": "guess" });
        client
            .post("/api/v1/session")
            .json(&body)
            .send()
            .await
            .unwrap()
    };
    for _ in 0..5 {
        problem(attempt().await, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    }
    let braked = attempt().await;
    assert!(braked.headers().contains_key("retry-after"));
    problem(braked, StatusCode::TOO_MANY_REQUESTS, "too-many-tries").await;
}

#[tokio::test]
async fn a_body_that_is_not_as_described_is_a_problem_not_a_crash() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let client = service.client();
    let missing = client
        .post("/api/v1/session")
        .json(&json!({ "login": "admin" }))
        .send()
        .await
        .unwrap();
    problem(missing, StatusCode::BAD_REQUEST, "invalid-field").await;
    let plain = client
        .post("/api/v1/session")
        .body("x")
        .send()
        .await
        .unwrap();
    problem(
        plain,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
    )
    .await;
}

#[tokio::test]
async fn a_platforms_token_is_shown_once_and_can_be_revoked() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let person = service.sign_in(&city).await;
    let created = person
        .post("/api/v1/platforms")
        .json(&json!({ "name": "north" }))
        .send()
        .await
        .unwrap();
    assert_eq!(created.status(), StatusCode::CREATED);
    let created: serde_json::Value = created.json().await.unwrap();
    assert!(created["token"].as_str().unwrap().len() >= 40);

    let list = person.json("/api/v1/platforms").await;
    assert_eq!(list["platforms"][0]["name"], "north");
    assert!(list["platforms"][0].get("token").is_none());

    let again = person
        .post("/api/v1/platforms")
        .json(&json!({ "name": "north" }))
        .send()
        .await
        .unwrap();
    problem(again, StatusCode::CONFLICT, "name-taken").await;
    let nameless = person
        .post("/api/v1/platforms")
        .json(&json!({ "name": " " }))
        .send()
        .await
        .unwrap();
    let body = problem(nameless, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "name");

    let id = &created["id"];
    let revoke = async || {
        person
            .delete(&format!("/api/v1/platforms/{id}"))
            .send()
            .await
            .unwrap()
    };
    assert_eq!(revoke().await.status(), StatusCode::NO_CONTENT);
    problem(revoke().await, StatusCode::NOT_FOUND, "not-found").await;
}

/// Closed by default: every operation of the OpenAPI document refuses a stranger, except signing
/// in and out, and the document says so.
#[tokio::test]
async fn every_endpoint_is_closed_to_strangers() {
    let open = [
        ("/api/v1/session", "post"),
        ("/api/v1/session", "delete"),
        ("/api/v1/session/oidc", "get"),
        ("/api/v1/session/oidc/start", "get"),
        ("/api/v1/session/oidc/callback", "get"),
        ("/api/v1/public/cases/{query_code}", "get"),
        // the URL is the credential
        ("/api/v1/snapshots/{session_id}", "post"),
        ("/api/v1/snapshots/{session_id}/{file_name}", "post"),
    ];
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let client = service.client();
    let document = client.json("/openapi.json").await;
    assert_eq!(document["security"], json!([{ "session": [] }]));
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let is_open = open.contains(&(path.as_str(), method.as_str()));
            assert_eq!(
                operation["security"] == json!([{}]),
                is_open,
                "{method} {path}"
            );
            if is_open {
                continue;
            }
            let parts = path.split('/').map(|part| match part {
                "{layer}" => "cells",
                "{camera_id}" => "CAM-1",
                "{action}" => "file",
                part if part.starts_with('{') => "1",
                part => part,
            });
            let url = parts.collect::<Vec<_>>().join("/");
            let method = method.to_uppercase().parse().unwrap();
            let answer = client.request(method, &url).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{url}");
            asked += 1;
        }
    }
    assert!(asked > 20, "only {asked} operations in the document");
}

/// What OpenAPI 3.1 demands and a generator may forget: a description of every response, and
/// nothing that points out of the document.
#[test]
fn the_document_describes_every_answer_and_stands_alone() {
    let document = serde_json::to_value(cityward::router::openapi()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let at = format!("{method} {path} {status}");
                assert_ne!(
                    response["description"].as_str().unwrap_or_default(),
                    "",
                    "{at}"
                );
                if status.starts_with('4') {
                    assert!(
                        response["content"]["application/problem+json"].is_object(),
                        "{at}"
                    );
                }
            }
        }
    }
    for reference in document.to_string().split("\"$ref\":\"").skip(1) {
        let target = reference.split('"').next().unwrap();
        let pointer = target
            .strip_prefix('#')
            .expect("only references into the document");
        assert!(
            document.pointer(pointer).is_some(),
            "{target} leads nowhere"
        );
    }
}

#[tokio::test]
async fn unknown_urls_and_methods_are_problems() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let client = service.client();
    problem(
        client.get("/api/v1/nothing").send().await.unwrap(),
        StatusCode::NOT_FOUND,
        "not-found",
    )
    .await;
    let wrong = client.put("/api/v1/session").send().await.unwrap();
    problem(wrong, StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed").await;
}

#[tokio::test]
async fn metrics_are_for_this_machine_or_for_the_token() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let local = service.client().get("/metrics").send().await.unwrap();
    assert_eq!(local.status(), StatusCode::OK);
    assert!(
        local
            .text()
            .await
            .unwrap()
            .contains("cityward_http_seconds_bucket")
    );
    service.stop().await;

    let guarded = TestService::start_with(&city, |config| {
        config.http.metrics_token = Some("s3cret".to_owned().into());
    })
    .await;
    let without = guarded.client().get("/metrics").send().await.unwrap();
    problem(without, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    let with = guarded
        .client()
        .get("/metrics")
        .bearer_auth("s3cret")
        .send()
        .await
        .unwrap();
    assert_eq!(with.status(), StatusCode::OK);
}

#[tokio::test]
async fn wrong_passwords_are_counted_over_restarts_and_instances() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    access::reset_administrator(&city.db).await.unwrap();
    let body = json!({ "login": "admin", "password": "guess" });
    for _ in 0..5 {
        let answer = service.client().post("/api/v1/session").json(&body).send();
        assert_eq!(answer.await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    service.stop().await;
    let other = TestService::start(&city).await;
    sqlx::query("update sign_in_failure set failures = 60, last_at = now()")
        .execute(&city.db)
        .await
        .unwrap();
    let answer = other.client().post("/api/v1/session").json(&body).send();
    let answer = answer.await.unwrap();
    let wait: u64 = answer.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        (600..=901).contains(&wait),
        "a quarter of an hour at most: {wait}"
    );
    problem(answer, StatusCode::TOO_MANY_REQUESTS, "too-many-tries").await;
    // a right password waits as well, until the wait is over
    sqlx::query("update sign_in_failure set last_at = now() - interval '16 minutes'")
        .execute(&city.db)
        .await
        .unwrap();
    let (login, password) = access::reset_administrator(&city.db).await.unwrap();
    other.sign_in_as(&login, password.reveal()).await;
    let left: i64 = sqlx::query_scalar("select count(*) from sign_in_failure")
        .fetch_one(&city.db)
        .await
        .unwrap();
    assert_eq!(left, 0, "a success forgives");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_person_and_by_administrators() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let (login, password) = access::reset_administrator(&city.db).await.unwrap();
    let here = service.sign_in_as(&login, password.reveal()).await;
    let there = service.sign_in_as(&login, password.reveal()).await;
    let sessions = here.json("/api/v1/session/others").await["sessions"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    assert_eq!(sessions[0]["current"], false, "{sessions}");
    assert_eq!(sessions[1]["current"], true);
    let ended = here.delete("/api/v1/session/others").send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    let out = there.get("/api/v1/session").send().await.unwrap();
    problem(out, StatusCode::UNAUTHORIZED, "unauthenticated").await;

    let clerk = colleague(&city, &service, "operator", None, None).await;
    let path = format!("/api/v1/people/{}/sessions", clerk.id);
    let of_clerk = here.json(&path).await["sessions"].clone();
    let one = format!("{path}/{}", of_clerk[0]["id"]);
    let admin_id = here.json("/api/v1/session").await["person"]["id"].clone();
    let spied = clerk
        .client
        .get(&format!("/api/v1/people/{admin_id}/sessions"));
    problem(
        spied.send().await.unwrap(),
        StatusCode::FORBIDDEN,
        "forbidden",
    )
    .await;
    assert_eq!(
        here.delete(&one).send().await.unwrap().status(),
        StatusCode::NO_CONTENT
    );
    let out = clerk.client.get("/api/v1/session").send().await.unwrap();
    problem(out, StatusCode::UNAUTHORIZED, "unauthenticated").await;
}

#[tokio::test]
async fn a_person_changes_their_password_and_stays_signed_in_only_here() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let (login, password) = access::reset_administrator(&city.db).await.unwrap();
    let here = service.sign_in_as(&login, password.reveal()).await;
    let there = service.sign_in_as(&login, password.reveal()).await;
    let change = async |old: &str, new: &str| {
        let body = json!({ "old": old, "new": new });
        here.put("/api/v1/session/password")
            .json(&body)
            .send()
            .await
            .unwrap()
    };
    let wrong = change("guess", "a better password").await;
    let body = problem(wrong, StatusCode::BAD_REQUEST, "invalid-field").await;
    assert_eq!(body["errors"][0]["field"], "/old");
    let short = change(password.reveal(), "short").await;
    problem(short, StatusCode::BAD_REQUEST, "invalid-field").await;
    let changed = change(password.reveal(), "a better password").await;
    assert_eq!(changed.status(), StatusCode::NO_CONTENT);
    let out = there.get("/api/v1/session").send().await.unwrap();
    problem(out, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    here.json("/api/v1/session").await;
    service.sign_in_as(&login, "a better password").await;
}
