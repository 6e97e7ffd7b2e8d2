//! Systems of units are told, by a real receiver that the test runs.

mod bounds;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use chrono::{DateTime, Utc};
use cityward::config::Config;
use hmac::{Hmac, Mac as _};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

use crate::cases::Street;
use crate::notices::{event, handled_case};
use crate::people::{Colleague, colleague};
use crate::service::{TestService, problem};

/// A delivery as it came.
#[derive(Debug, Clone)]
struct Came {
    signature: String,
    media_type: String,
    body: String,
    answered: u16,
}

impl Came {
    fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn id(&self) -> i64 {
        self.event()["id"].as_str().unwrap().parse().unwrap()
    }
}

#[derive(Default)]
struct Mailbox {
    came: Vec<Came>,
    /// The next answers; 200 when there are none. 0: none at all.
    answers: VecDeque<u16>,
    /// Of everything about this case.
    sick_of: Option<(String, u16)>,
}

/// A unit's system.
struct Receiver {
    url: String,
    mailbox: Arc<Mutex<Mailbox>>,
}

async fn take(
    State(mailbox): State<Arc<Mutex<Mailbox>>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let answered = {
        let mut mailbox = mailbox.lock().unwrap();
        let event: Value = serde_json::from_str(&body).unwrap();
        let sick = mailbox.sick_of.clone();
        let sick = sick.filter(|(case, _)| event["subject"] == case.as_str());
        let answered = match sick {
            Some((_, answer)) => answer,
            None => mailbox.answers.pop_front().unwrap_or(200),
        };
        mailbox.came.push(Came {
            signature: header("cityward-signature"),
            media_type: header("content-type"),
            body,
            answered,
        });
        answered
    };
    if answered == 0 {
        std::future::pending::<()>().await;
    }
    StatusCode::from_u16(answered).unwrap()
}

impl Receiver {
    async fn new(answers: &[u16]) -> Self {
        let mailbox = Arc::new(Mutex::new(Mailbox {
            answers: answers.iter().copied().collect(),
            ..Mailbox::default()
        }));
        let routes = Router::new()
            .route("/hook", post(take))
            .with_state(Arc::clone(&mailbox));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, mailbox }
    }

    fn came(&self) -> Vec<Came> {
        self.mailbox.lock().unwrap().came.clone()
    }

    /// Waits until so many were taken.
    async fn taken(&self, count: usize) -> Vec<Came> {
        let since = Instant::now();
        loop {
            let taken = self.came().into_iter().filter(|one| one.answered == 200);
            let taken: Vec<Came> = taken.collect();
            if taken.len() >= count {
                return taken;
            }
            let all = self.came();
            assert!(since.elapsed() < Duration::from_secs(15), "{all:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn quick(config: &mut Config) {
    config.webhook.webhook_allow_local = true;
    config.webhook.webhook_retry_ms = 50;
    config.webhook.webhook_timeout_ms = 1_000;
    config.webhook.webhook_attempts_max = 4;
}

/// A street whose unit has a case and a webhook.
struct Stage {
    street: Street,
    service: TestService,
    manager: Colleague,
    receiver: Receiver,
    case: i64,
    webhook: i64,
    secret: String,
    keys: tempfile::TempDir,
}

impl Stage {
    async fn new(answers: &[u16]) -> Self {
        let street = Street::new().await;
        let keys = tempfile::tempdir().unwrap();
        let service = start(&street, &keys).await;
        let unit: i32 = sqlx::query_scalar("select unit_id from unit")
            .fetch_one(&street.city.db)
            .await
            .unwrap();
        let manager = colleague(&street.city, &service, "unit_manager", Some(unit), None).await;
        let receiver = Receiver::new(answers).await;
        let case = handled_case(&street).await;
        let made = add(&manager, unit, &receiver.url, Value::Null).await;
        Self {
            street,
            service,
            manager,
            receiver,
            case,
            webhook: made["id"].as_i64().unwrap(),
            secret: made["secret"].as_str().unwrap().to_owned(),
            keys,
        }
    }

    async fn happens(&self, action: &str) -> i64 {
        event(&self.street, self.case, action, None).await
    }

    /// The newest first.
    async fn deliveries(&self) -> Vec<Value> {
        let path = format!("/api/v1/webhooks/{}/deliveries", self.webhook);
        let page = self.manager.client.json(&path).await;
        page["deliveries"].as_array().unwrap().clone()
    }

    async fn wait_for_state(&self, state: &str) -> Value {
        let since = Instant::now();
        loop {
            let newest = self.deliveries().await.into_iter().next();
            if let Some(newest) = newest.clone().filter(|one| one["state"] == state) {
                return newest;
            }
            assert!(since.elapsed() < Duration::from_secs(10), "{newest:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Processes on one database share their key.
async fn start(street: &Street, keys: &tempfile::TempDir) -> TestService {
    let file = keys.path().join("webhook.key");
    if !file.exists() {
        std::fs::write(&file, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    }
    TestService::start_with(&street.city, |config| {
        quick(config);
        config.webhook.webhook_key_file = Some(file);
    })
    .await
}

async fn add(manager: &Colleague, unit: i32, url: &str, events: Value) -> Value {
    let mut asked = json!({ "unit_id": unit, "url": url });
    if !events.is_null() {
        asked["events"] = events;
    }
    let answer = manager.client.post("/api/v1/webhooks").json(&asked).send();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_delivery_is_a_signed_cloud_event_without_people() {
    let stage = Stage::new(&[]).await;
    let id = stage.happens("feed_back").await;
    let came = stage.receiver.taken(1).await.remove(0);
    assert!(came.media_type.starts_with("application/cloudevents+json"));
    let event = came.event();
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], "cityward.case.feed_back");
    assert_eq!(event["id"], id.to_string());
    assert_eq!(event["subject"], stage.case.to_string());
    assert!(!event["source"].as_str().unwrap().is_empty());
    assert!(DateTime::parse_from_rfc3339(event["time"].as_str().unwrap()).is_ok());
    assert_eq!(event["data"]["id"], stage.case);
    assert_eq!(event["data"]["state"], "handling");
    for personal in ["assignee_id", "worker_id", "reported_by"] {
        assert!(event["data"].get(personal).is_none(), "{personal}");
    }

    let (seconds, hex) = came.signature.split_once(",v1=").unwrap();
    let seconds = seconds.strip_prefix("t=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(stage.secret.as_bytes()).unwrap();
    mac.update(format!("{seconds}.{}", came.body).as_bytes());
    let expected = mac.finalize().into_bytes();
    assert_eq!(hex, hex::encode(expected));
    let age =
        DateTime::<Utc>::from(SystemTime::now()).timestamp() - seconds.parse::<i64>().unwrap();
    assert!((0..10).contains(&age));
    let in_database: Vec<u8> = sqlx::query_scalar("select secret_sealed from webhook")
        .fetch_one(&stage.street.city.db)
        .await
        .unwrap();
    let secret = stage.secret.as_bytes();
    assert!(!in_database.windows(secret.len()).any(|part| part == secret));
    stage.service.stop().await;
}

#[tokio::test]
async fn a_refused_delivery_comes_again_and_the_case_stays_in_order() {
    let stage = Stage::new(&[500, 503, 200]).await;
    let mut ids = Vec::new();
    for action in ["assign", "arrive", "feed_back"] {
        ids.push(stage.happens(action).await);
    }
    let taken = stage.receiver.taken(3).await;
    assert_eq!(taken.iter().map(Came::id).collect::<Vec<_>>(), ids);
    let came = stage.receiver.came();
    let came: Vec<i64> = came.iter().map(Came::id).collect();
    assert_eq!(came, [ids[0], ids[0], ids[0], ids[1], ids[2]]);
    let bodies: Vec<_> = stage
        .receiver
        .came()
        .into_iter()
        .map(|one| one.body)
        .collect();
    assert_eq!(bodies[0], bodies[2]);
    let newest = stage.wait_for_state("delivered").await;
    assert_eq!(newest["attempts"], 1);
    stage.service.stop().await;
}

#[tokio::test]
async fn after_too_many_attempts_it_is_dead_until_somebody_revives_it() {
    let stage = Stage::new(&[500; 4]).await;
    stage.happens("assign").await;
    let dead = stage.wait_for_state("dead").await;
    assert_eq!(
        (&dead["attempts"], &dead["status"]),
        (&json!(4), &json!(500))
    );
    let path = format!(
        "/api/v1/webhooks/{}/deliveries/{}/retry",
        stage.webhook, dead["id"]
    );
    let answer = stage.manager.client.post(&path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(stage.receiver.taken(1).await.len(), 1);
    stage.wait_for_state("delivered").await;
    let answer = stage.manager.client.post(&path).send().await.unwrap();
    problem(answer, StatusCode::NOT_FOUND, "not-found").await;
    stage.service.stop().await;
}

#[tokio::test]
async fn a_process_that_dies_on_the_way_loses_nothing() {
    let stage = Stage::new(&[0]).await;
    stage.happens("assign").await;
    let since = Instant::now();
    while stage.receiver.came().is_empty() {
        assert!(since.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // the receiver never answers, and the process is gone before it would give up
    stage.service.kill();
    let next = start(&stage.street, &stage.keys).await;
    let taken = stage.receiver.taken(1).await;
    assert_eq!(taken[0].body, stage.receiver.came()[0].body);
    next.stop().await;
}

#[tokio::test]
async fn several_processes_share_the_work() {
    let stage = Stage::new(&[]).await;
    let other = start(&stage.street, &stage.keys).await;
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(stage.happens("assign").await);
    }
    let taken = stage.receiver.taken(30).await;
    assert_eq!(taken.iter().map(Came::id).collect::<Vec<_>>(), ids);
    other.stop().await;
    stage.service.stop().await;
}

#[tokio::test]
async fn one_case_that_cannot_be_delivered_does_not_hold_up_others() {
    let stage = Stage::new(&[]).await;
    stage.receiver.mailbox.lock().unwrap().sick_of = Some((stage.case.to_string(), 500));
    stage.happens("assign").await;
    let other: i64 = sqlx::query_scalar(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m, bearing_deg,
            cell_id, unit_id, handling_unit_id, edition_id, because, first_seen_at, last_seen_at,
            sighting_count, opened_at)
        select class_code, source, location, semi_major_m, semi_minor_m, bearing_deg, cell_id,
            unit_id, handling_unit_id, edition_id, because, first_seen_at, last_seen_at,
            sighting_count, opened_at from city_case where case_id = $1 returning case_id",
    )
    .bind(stage.case)
    .fetch_one(&stage.street.city.db)
    .await
    .unwrap();
    event(&stage.street, other, "arrive", None).await;
    let taken = stage.receiver.taken(1).await;
    assert_eq!(taken[0].event()["subject"], other.to_string());
    stage.service.stop().await;
}

#[tokio::test]
async fn only_what_was_asked_for_is_sent_and_nothing_after_the_end() {
    let stage = Stage::new(&[]).await;
    let picky = Receiver::new(&[]).await;
    let unit: i32 = sqlx::query_scalar("select unit_id from webhook")
        .fetch_one(&stage.street.city.db)
        .await
        .unwrap();
    add(&stage.manager, unit, &picky.url, json!(["supervise"])).await;
    stage.happens("assign").await;
    stage.happens("supervise").await;
    assert_eq!(
        picky.taken(1).await[0].event()["type"],
        "cityward.case.supervise"
    );
    stage.receiver.taken(2).await;
    assert_eq!(picky.came().len(), 1);
    let path = format!("/api/v1/webhooks/{}", stage.webhook);
    let answer = stage.manager.client.delete(&path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    stage.happens("supervise").await;
    picky.taken(2).await;
    assert_eq!(stage.receiver.came().len(), 2);
    stage.service.stop().await;
}

#[tokio::test]
async fn webhooks_are_kept_inside_a_unit_and_away_from_this_machine() {
    let stage = Stage::new(&[]).await;
    let other_unit = stage.street.city.unit(2).await;
    let city = &stage.street.city;
    let other = colleague(city, &stage.service, "unit_manager", Some(other_unit), None).await;
    let worker = colleague(city, &stage.service, "operator", None, None).await;
    assert_eq!(
        other.client.json("/api/v1/webhooks").await["webhooks"],
        json!([])
    );
    let answer = worker.client.get("/api/v1/webhooks").send().await.unwrap();
    problem(answer, StatusCode::FORBIDDEN, "forbidden").await;
    let path = format!("/api/v1/webhooks/{}", stage.webhook);
    let answer = other.client.delete(&path).send().await.unwrap();
    problem(answer, StatusCode::NOT_FOUND, "not-found").await;
    let own = json!({ "unit_id": 1, "url": "https://unit.example/" });
    let answer = other.client.post("/api/v1/webhooks").json(&own).send();
    problem(answer.await.unwrap(), StatusCode::FORBIDDEN, "forbidden").await;
    stage.service.stop().await;

    let guarded = TestService::start(city).await;
    let manager = colleague(city, &guarded, "unit_manager", Some(other_unit), None).await;
    let url = "http://169.254.169.254/latest";
    let asked = json!({ "unit_id": other_unit, "url": url });
    let answer = manager.client.post("/api/v1/webhooks").json(&asked).send();
    let refused = problem(
        answer.await.unwrap(),
        StatusCode::BAD_REQUEST,
        "invalid-field",
    )
    .await;
    assert_eq!(refused["errors"][0]["field"], "url");
    guarded.stop().await;
}

#[tokio::test]
async fn r13_4_a_units_system_that_takes_the_notice_has_received_it() {
    let stage = Stage::new(&[500, 200]).await;
    let db = &stage.street.city.db;
    sqlx::query("update city_case set emergency = true, dispatched_at = now() where case_id = $1")
        .bind(stage.case)
        .execute(db)
        .await
        .unwrap();
    stage.happens("assign").await;
    stage.receiver.taken(1).await;
    stage.happens("dispatch").await;
    let path = format!("/api/v1/cases/{}", stage.case);
    let since = Instant::now();
    let detail = loop {
        let detail = stage.manager.client.json(&path).await;
        let mut clocks = detail["clocks"].as_array().unwrap().iter();
        if clocks.any(|clock| clock["stage"] == "arrival") {
            break detail;
        }
        assert!(since.elapsed() < Duration::from_secs(10), "{detail}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let history = detail["history"].as_array().unwrap().iter();
    let received = history.filter(|event| event["action"] == "deliver");
    let received: Vec<&Value> = received.collect();
    // neither the refused attempt nor a delivery of something else is a receipt
    let receipt = json!({"by": "webhook", "webhook_id": stage.webhook});
    assert_eq!(received.len(), 1);
    assert_eq!(received[0]["detail"]["receipt"], receipt);
    stage.service.stop().await;
}
