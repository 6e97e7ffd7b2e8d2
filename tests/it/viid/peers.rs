//! Another view library, which the service registers in and subscribes to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::IntoResponse as _;
use cityward::viid::digest::{Answer, Ha1};
use tokio::net::TcpListener;

use super::*;
use crate::frame_to_map::SCENES;
use crate::service::problem;
use crate::viid::pictures::image;

/// 50 ms apart, for longer than it takes to try again what went wrong.
const LOOKS: u32 = 1600;

/// What the other library was told, and whether it lets anybody in.
#[derive(Default)]
struct Told {
    calls: Vec<(String, Value)>,
    registered: bool,
    /// It takes the password that it was given and no other.
    password: String,
}

#[derive(Clone, Default)]
struct Library(Arc<Mutex<Told>>);

impl Library {
    async fn open(password: &str) -> (Self, String) {
        let library = Self::default();
        library.0.lock().unwrap().password = password.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(listen).with_state(library.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (library, base)
    }

    fn bodies(&self, call: &str) -> Vec<Value> {
        let told = self.0.lock().unwrap();
        let of_it = told.calls.iter().filter(|(said, _)| said == call);
        of_it.map(|(_, body)| body.clone()).collect()
    }

    /// What it was told by this call, once it was.
    async fn heard(&self, call: &str) -> Value {
        for _ in 0..LOOKS {
            if let Some(body) = self.bodies(call).pop() {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{call} was not called");
    }
}

async fn listen(State(library): State<Library>, request: Request) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let path = parts.uri.path().to_owned();
    assert_eq!(parts.headers["user-identify"], "32120200005030000001");
    let mut told = library.0.lock().unwrap();
    if path == "/VIID/System/Register" {
        let header = parts.headers.get("authorization");
        let answer = header.and_then(|header| Answer::read(header.to_str().unwrap()));
        let ha1 = Ha1::of("city", "r", &told.password);
        let is_right =
            answer.is_some_and(|answer| answer.nonce == "n" && answer.is_by(&ha1, "POST"));
        if !is_right {
            let asked = [(
                "www-authenticate",
                "Digest realm=\"r\",qop=\"auth\",nonce=\"n\"",
            )];
            return (StatusCode::UNAUTHORIZED, asked).into_response();
        }
        told.registered = true;
    } else if !told.registered {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let body = serde_json::from_slice(&body).unwrap();
    told.calls.push((format!("{} {path}", parts.method), body));
    axum::Json(json!({ "ResponseStatusObject": { "StatusCode": "0" } })).into_response()
}

fn draft(platform: i32, base: &str, password: &str) -> Value {
    json!({
        "platform_id": platform, "coordinates": "wgs84", "base_url": base,
        "device_id": "32120200005030000001", "username": "city", "password": password,
        "resource_uris": ["32120200005030000009", number(1)], "subscribe_detail": "3",
    })
}

async fn create(person: &TestClient, draft: &Value) -> i64 {
    let created = person
        .post("/api/v1/viid/peers")
        .json(draft)
        .send()
        .await
        .unwrap();
    assert_eq!(created.status(), StatusCode::CREATED);
    let created: Value = created.json().await.unwrap();
    created["id"].as_i64().unwrap()
}

/// How it stands with the only library, once `is_so`.
async fn once(person: &TestClient, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut peer = Value::Null;
    for _ in 0..LOOKS {
        peer = person.json("/api/v1/viid/peers").await["peers"][0].take();
        if is_so(&peer) {
            return peer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{peer}");
}

async fn look_again(city: &TestCity) {
    sqlx::query("update viid_peer set next_at = now()")
        .execute(&city.db)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_city_subscribes_is_told_renews_and_leaves() {
    let city = TestCity::new().await;
    let (platform, _token) = city.platform("other library").await;
    city.camera(&number(3), platform).await;
    let service = TestService::start_with(&city, |config| {
        config.webhook.webhook_allow_local = true;
    })
    .await;
    let person = service.sign_in(&city).await;
    let (library, base) = Library::open("s3cret").await;
    let id = create(&person, &draft(platform, &base, "s3cret")).await;

    let subscribed = library.heard("POST /VIID/Subscribes").await;
    let each = &subscribed["SubscribeListObject"]["SubscribeObject"];
    assert_eq!(each[0]["ResourceURI"], "32120200005030000009");
    assert_eq!(each[1]["ResourceURI"], number(1));
    let address = each[0]["ReceiveAddr"].as_str().unwrap().to_owned();
    let peer = once(&person, |peer| !peer["subscribed_until"].is_null()).await;
    assert_eq!(peer["last_error"], Value::Null);
    let list = person.json("/api/v1/viid/peers").await.to_string();
    let audit = person
        .json("/api/v1/audit?subject=viid_peer")
        .await
        .to_string();
    for secret in ["s3cret", address.rsplit('/').next().unwrap()] {
        assert!(!list.contains(secret) && !audit.contains(secret));
    }

    let picture = image(&number(3), 0, &SCENES[0].jpeg);
    let notification = json!({ "SubscribeNotificationListObject": { "SubscribeNotificationObject": {
        "NotificationID": "1", "ImageList": { "Image": [picture] } } } });
    let tell = async |address: &str| {
        let request = Client::new().post(address).body(notification.to_string());
        request.send().await.unwrap()
    };
    assert_eq!(tell(&address).await.status(), StatusCode::OK);
    assert_eq!(once(&person, |peer| peer["taken"] == 1).await["refused"], 0);
    let guessed = format!("{}x", &address[..address.len() - 1]);
    assert_eq!(tell(&guessed).await.status(), StatusCode::NOT_FOUND);

    // it forgets us: we register anew; the subscription is near its end: we renew it
    library.0.lock().unwrap().registered = false;
    sqlx::query("update viid_peer set subscribed_until = now() + interval '1 hour'")
        .execute(&city.db)
        .await
        .unwrap();
    look_again(&city).await;
    let renewed = library.heard("PUT /VIID/Subscribes").await;
    let again = &renewed["SubscribeListObject"]["SubscribeObject"][0];
    assert_eq!(again["SubscribeID"], each[0]["SubscribeID"]);
    assert_eq!(library.bodies("POST /VIID/System/Register").len(), 2);

    let left = person.delete(&format!("/api/v1/viid/peers/{id}"));
    assert_eq!(left.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(tell(&address).await.status(), StatusCode::NOT_FOUND);
    library.heard("POST /VIID/System/UnRegister").await;
    let cancelled = library.heard("PUT /VIID/Subscribes").await;
    assert_eq!(
        cancelled["SubscribeListObject"]["SubscribeObject"][1]["OperateType"],
        1
    );
    let again = person
        .delete(&format!("/api/v1/viid/peers/{id}"))
        .send()
        .await
        .unwrap();
    problem(again, StatusCode::NOT_FOUND, "not-found").await;
    service.stop().await;
}

#[tokio::test]
async fn what_goes_wrong_with_a_library_is_shown_and_tried_again() {
    let city = TestCity::new().await;
    let (platform, _token) = city.platform("other library").await;
    let service = TestService::start_with(&city, |config| {
        config.webhook.webhook_allow_local = true;
    })
    .await;
    let person = service.sign_in(&city).await;
    let (library, base) = Library::open("s3cret").await;
    create(&person, &draft(platform, &base, "wrong")).await;
    let peer = once(&person, |peer| !peer["last_error"].is_null()).await;
    assert_eq!(peer["last_error"], "/VIID/System/Register: not let in");
    assert_eq!(peer["registered_at"], Value::Null);
    library.0.lock().unwrap().password = "wrong".to_owned();
    look_again(&city).await;
    let peer = once(&person, |peer| peer["last_error"].is_null()).await;
    assert!(!peer["registered_at"].is_null() && !peer["last_error_at"].is_null());
    service.stop().await;
}

#[tokio::test]
async fn a_library_is_not_this_machine_and_its_persons_are_not_asked_for() {
    let city = TestCity::new().await;
    let (platform, _token) = city.platform("other library").await;
    let service = TestService::start(&city).await;
    let person = service.sign_in(&city).await;
    let good = draft(platform, "http://10.0.0.5:8080", "p");
    for (field, value) in [
        ("base_url", json!("http://127.0.0.1:1")),
        ("base_url", json!("http://10.0.0.5/VIID")),
        ("device_id", json!("7")),
        ("subscribe_detail", json!("3,12")),
        ("subscribe_detail", json!("faces")),
        ("resource_uris", json!([])),
        ("password", json!("")),
        ("platform_id", json!(platform + 1)),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let refused = person
            .post("/api/v1/viid/peers")
            .json(&wrong)
            .send()
            .await
            .unwrap();
        let told = problem(refused, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(told["errors"][0]["field"], field);
    }
    let nobody = service.client().post("/api/v1/viid/peers").json(&good);
    let nobody = nobody.send().await.unwrap();
    problem(nobody, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    service.stop().await;
}
