//! A device that speaks GA/T 1400, on a real socket.

mod apes;
mod peers;
mod pictures;
mod registering;

use cityward::config::Config;
use cityward::viid::digest::Challenge;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::city::TestCity;
use crate::service::{TestClient, TestService};

/// A device of a platform.
pub(crate) struct Device {
    http: Client,
    base: String,
    id: String,
    username: String,
    password: String,
    /// Whom a trusted proxy says it speaks for.
    address: &'static str,
}

/// The device with this number.
fn number(n: u32) -> String {
    format!("3212020000132{n:07}")
}

impl Device {
    /// The `n`th device, of a platform that has no credentials yet.
    async fn of(service: &TestService, person: &TestClient, platform: i32, n: u32) -> Self {
        let username = format!("viid-{platform}");
        let draft = json!({ "username": username, "coordinates": "wgs84" });
        let saved = let_in(person, platform, &draft).await;
        Self {
            http: Client::new(),
            base: service.url(""),
            id: number(n),
            username,
            password: saved["password"].as_str().unwrap().to_owned(),
            address: "192.0.2.1",
        }
    }

    /// Another device of the same platform.
    fn beside(&self, n: u32) -> Self {
        Self {
            http: self.http.clone(),
            base: self.base.clone(),
            id: number(n),
            username: self.username.clone(),
            password: self.password.clone(),
            address: self.address,
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request
            .header("user-identify", &self.id)
            .header("x-forwarded-for", self.address)
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path)
            .header("content-type", "application/VIID+JSON")
            .body(body.to_string())
    }

    fn about_itself(&self, wrapper: &str) -> Value {
        json!({ wrapper: { "DeviceID": self.id } })
    }

    /// What the service asks, by its position: MD5, SHA-256.
    async fn asked(&self, path: &str, position: usize) -> Challenge {
        let body = self.about_itself("RegisterObject");
        let answer = self.post(path, &body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        challenge(&answer, position)
    }

    fn answer(&self, challenge: &Challenge, path: &str) -> String {
        let login = (&*self.username, &*self.password);
        challenge.answer(login, "POST", path, "0a4f113b")
    }

    async fn register(&self) -> Response {
        let path = "/VIID/System/Register";
        let answer = self.answer(&self.asked(path, 0).await, path);
        let body = self.about_itself("RegisterObject");
        let request = self.post(path, &body).header("authorization", answer);
        request.send().await.unwrap()
    }

    async fn registered(&self) {
        let answer = self.register().await;
        let status = answer.status();
        let told = status_of(answer).await;
        assert_eq!(
            (status, &told["StatusCode"]),
            (StatusCode::OK, &json!(0)),
            "{told}"
        );
        assert_eq!(told["Id"], self.id);
    }

    async fn keep_alive(&self) -> StatusCode {
        let body = self.about_itself("KeepaliveObject");
        let request = self.post("/VIID/System/Keepalive", &body);
        request.send().await.unwrap().status()
    }

    /// What became of each thing that was sent.
    async fn send(&self, path: &str, body: &Value) -> Vec<Value> {
        let answer = self.post(path, body).send().await.unwrap();
        let status = answer.status();
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(status, StatusCode::OK, "{told}");
        let each = &told["ResponseStatusListObject"]["ResponseStatusObject"];
        each.as_array().unwrap().clone()
    }
}

fn challenge(answer: &Response, position: usize) -> Challenge {
    let asked = answer.headers().get_all("www-authenticate").iter();
    let asked: Vec<_> = asked.map(|one| one.to_str().unwrap()).collect();
    Challenge::read(asked[position]).unwrap()
}

/// The one status an answer tells.
async fn status_of(answer: Response) -> Value {
    let media_type = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        media_type.starts_with("application/VIID+JSON"),
        "{media_type}"
    );
    let mut told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    told["ResponseStatusObject"].take()
}

/// Gives a platform credentials.
async fn let_in(person: &TestClient, platform: i32, draft: &Value) -> Value {
    let path = format!("/api/v1/platforms/{platform}/viid");
    let answer = person.put(&path).json(draft).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

/// The device as people see it.
async fn seen(person: &TestClient, device: &Device) -> Value {
    let list = person.json("/api/v1/viid/devices").await;
    let devices = list["devices"].as_array().unwrap();
    let found = devices.iter().find(|one| one["id"] == *device.id);
    found.unwrap().clone()
}

/// A service that believes this machine for whom it speaks: devices come from elsewhere.
async fn behind_a_proxy(city: &TestCity) -> TestService {
    behind_a_proxy_with(city, |_config| {}).await
}

async fn behind_a_proxy_with(city: &TestCity, set: impl FnOnce(&mut Config)) -> TestService {
    TestService::start_with(city, |config| {
        config.http.trusted_proxies = vec![[127, 0, 0, 1].into()];
        set(config);
    })
    .await
}

/// A service, its administrator, and a registered device of a platform.
async fn one_device(city: &TestCity) -> (TestService, TestClient, Device, i32) {
    let service = behind_a_proxy(city).await;
    let person = service.sign_in(city).await;
    let (platform, _token) = city.platform("library").await;
    let device = Device::of(&service, &person, platform, 1).await;
    device.registered().await;
    (service, person, device, platform)
}
