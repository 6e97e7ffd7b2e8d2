//! The whole service on a real socket, in the test's own process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cityward::access;
use cityward::cases::EvidenceStore;
use cityward::cases::reporter::ReporterKeys;
use cityward::config::{Config, VisionConfig};
use cityward::vision::{Models, Redactor};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::city::TestCity;

/// A running service; stops when it is told to or dropped.
pub(crate) struct TestService {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
    /// Evidence and the like.
    _folder: tempfile::TempDir,
}

/// Settings that fit a test: the pages and models of this checkout, a data folder of its own.
pub(crate) fn config(data_dir: &Path) -> Config {
    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        config: Config,
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = <Flags as clap::Parser>::parse_from(["cityward"]).config;
    config.data.data_dir = data_dir.to_owned();
    config.http.web_dir = root.join("web/dist");
    config.vision.model_dirs = vec![root.join("models/street-events")];
    let onnxruntime = &mut config.vision.runtime.onnxruntime;
    *onnxruntime = root.join(&onnxruntime);
    config.vision.detectors = 1;
    // one detector of an unoptimised build, beside other tests
    config.intake.queue_wait_max_ms = 60_000;
    for folder in &mut config.privacy.privacy_model_dirs {
        *folder = root.join(&*folder);
    }
    config
}

/// The pictures in a data folder, without a service.
pub(crate) fn evidence_store(data_dir: &Path) -> EvidenceStore {
    let config = config(data_dir);
    let redactor = Redactor::new(&config.privacy, &config.vision.runtime);
    let keys = ReporterKeys::open(data_dir, None).unwrap();
    EvidenceStore::open(data_dir, Arc::new(redactor), Arc::new(keys)).unwrap()
}

/// For a service without detectors.
pub(crate) fn no_models(config: &Config) -> Models {
    Models::load(&VisionConfig {
        model_dirs: Vec::new(),
        ..config.vision.clone()
    })
    .unwrap()
}

impl TestService {
    pub(crate) async fn start(city: &TestCity) -> Self {
        Self::start_with(city, |_| {}).await
    }

    /// Starts with some settings changed.
    pub(crate) async fn start_with(city: &TestCity, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(cityward::service::run(
            config,
            city.pools(),
            listener,
            stop.clone(),
        ));
        let service = Self {
            address,
            stop,
            task,
            _folder: folder,
        };
        service.wait_until_ready().await;
        service
    }

    async fn wait_until_ready(&self) {
        let ready = self.url("/readyz");
        let mut answer = None;
        for _ in 0..600 {
            assert!(
                !self.task.is_finished(),
                "the service ended before it was ready"
            );
            answer = reqwest::get(&ready)
                .await
                .ok()
                .map(|response| response.status());
            if answer == Some(StatusCode::OK) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the service did not become ready: {answer:?}");
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Shuts down as on SIGTERM.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        (&mut self.task).await.unwrap().unwrap();
    }

    /// Ends it without a word, as kill -9 would: its tasks end where they stand.
    pub(crate) fn kill(self) {
        self.task.abort();
    }

    /// A client that is signed in as the administrator.
    pub(crate) async fn sign_in(&self, city: &TestCity) -> TestClient {
        TestClient::sign_in(self.url(""), city).await
    }

    /// The same person, with the same session, at this service.
    pub(crate) fn client_with(&self, person: &TestClient) -> TestClient {
        TestClient {
            cookie: person.cookie.clone(),
            ..TestClient::nobody(self.url(""))
        }
    }

    /// A client of somebody with a password.
    pub(crate) async fn sign_in_as(&self, login: &str, password: &str) -> TestClient {
        let mut client = self.client();
        let body = json!({ "login": login, "password": password });
        let answer = client
            .post("/api/v1/session")
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        client.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        client
    }

    /// What became of a frame that a platform pushes as `cam-1`'s.
    pub(crate) async fn push(&self, token: &str, at: DateTime<Utc>, jpeg: Vec<u8>) -> Value {
        let answer = self
            .client()
            .post("/api/v1/cameras/cam-1/frames?wait=true")
            .bearer_auth(token)
            .header("content-type", "image/jpeg")
            .header("x-captured-at", at.to_rfc3339())
            .body(jpeg)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let mut reports: Value = answer.json().await.unwrap();
        reports["frames"][0].take()
    }

    /// A client that is nobody.
    pub(crate) fn client(&self) -> TestClient {
        TestClient::nobody(self.url(""))
    }
}

impl Drop for TestService {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A person at their browser.
pub(crate) struct TestClient {
    http: Client,
    base: String,
    pub(crate) cookie: Option<String>,
}

impl TestClient {
    fn nobody(base: String) -> Self {
        Self {
            http: Client::new(),
            base,
            cookie: None,
        }
    }

    /// Signed in as the administrator at the service at `base`.
    pub(crate) async fn sign_in(base: String, city: &TestCity) -> Self {
        let (login, password) = access::reset_administrator(&city.db).await.unwrap();
        let client = Self::nobody(base);
        let answer = client
            .post("/api/v1/session")
            .json(&json!({ "login": login, "password": password.reveal() }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        Self {
            cookie: Some(cookie.split(';').next().unwrap().to_owned()),
            ..client
        }
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(reqwest::Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.request(reqwest::Method::POST, path)
    }

    pub(crate) fn put(&self, path: &str) -> RequestBuilder {
        self.request(reqwest::Method::PUT, path)
    }

    pub(crate) fn delete(&self, path: &str) -> RequestBuilder {
        self.request(reqwest::Method::DELETE, path)
    }

    /// The JSON at `path`, which must be there.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "GET {path}");
        answer.json().await.unwrap()
    }
}

/// Asserts that an answer is a problem of the given type, and returns its body.
pub(crate) async fn problem(answer: Response, status: StatusCode, kind: &str) -> Value {
    let got = answer.status();
    let media_type = answer
        .headers()
        .get("content-type")
        .map(|value| value.to_str().unwrap().to_owned());
    let text = answer.text().await.unwrap();
    assert_eq!(got, status, "{text}");
    assert_eq!(
        media_type.as_deref(),
        Some("application/problem+json"),
        "{text}"
    );
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["type"], format!("/problems/{kind}"), "{text}");
    assert_eq!(body["status"], status.as_u16());
    body
}
