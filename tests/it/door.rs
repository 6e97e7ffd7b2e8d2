//! The door frames come in by, without the detectors behind it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use cityward::access;
use cityward::camera::{CameraId, Tally};
use cityward::config::Config;
use cityward::http::{App, Peer};
use cityward::router::router;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::city::TestCity;
use crate::service;

pub(crate) const FRAMES: &str = "/api/v1/cameras/cam-1/frames";

/// The service without detectors: what is let in stays in line.
pub(crate) struct Door {
    pub(crate) app: App,
    router: Router,
    pub(crate) token: String,
    pub(crate) city: TestCity,
    _folder: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Door {
    /// A city with one platform, its camera `cam-1`, and `cam-2` of another platform.
    pub(crate) async fn open(change: impl FnOnce(&mut Config)) -> Self {
        let city = TestCity::new().await;
        let (platform, token) = city.platform("video").await;
        let (other, _) = city.platform("other").await;
        city.camera("cam-1", platform).await;
        city.camera("cam-2", other).await;
        let folder = tempfile::tempdir().unwrap();
        let mut config = service::config(folder.path());
        change(&mut config);
        let models = service::no_models(&config);
        let app = App::start(Arc::new(config), city.pools(), models)
            .await
            .unwrap();
        Self {
            router: router(app.clone()),
            app,
            token,
            city,
            _folder: folder,
        }
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        // there is no socket that would say it
        let peer = Peer(([127, 0, 0, 1], 1).into());
        request.extensions_mut().insert(peer);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    /// A request as the platform sends it; `change` spoils it.
    pub(crate) fn push(
        &self,
        jpeg: Vec<u8>,
        change: impl FnOnce(&mut Request<Body>),
    ) -> Request<Body> {
        let mut request = Request::post(FRAMES)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "image/jpeg")
            .header("x-captured-at", ago(1))
            .body(Body::from(jpeg))
            .unwrap();
        change(&mut request);
        request
    }

    /// Pushes a good frame taken so many seconds ago.
    pub(crate) async fn push_taken(&self, seconds_ago: i64) -> Answer {
        let request = self.push(picture(), |r| set(r, "x-captured-at", &ago(seconds_ago)));
        self.send(request).await
    }

    pub(crate) fn tally(&self) -> Tally {
        let id = CameraId::try_from("cam-1".to_owned()).unwrap();
        self.app.intake.tally(&id)
    }

    async fn cookie(&self) -> String {
        let (login, password) = access::reset_administrator(&self.city.db).await.unwrap();
        let body = json!({ "login": login, "password": password.reveal() });
        let request = Request::post("/api/v1/session")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let cookie = self.send(request).await.headers["set-cookie"].clone();
        cookie.to_str().unwrap().to_owned()
    }

    /// As the administrator.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", self.cookie().await)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }
}

/// A small real JPEG.
pub(crate) fn picture() -> Vec<u8> {
    let image = image::RgbImage::from_fn(64, 36, |x, y| {
        image::Rgb([x, y, x ^ y].map(|value| value.to_le_bytes()[0]))
    });
    let mut jpeg = std::io::Cursor::new(Vec::new());
    image.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    jpeg.into_inner()
}

/// The picture, claiming to be of another size.
pub(crate) fn picture_of(width: u16, height: u16) -> Vec<u8> {
    let mut jpeg = picture();
    let at = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    jpeg[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}

#[expect(clippy::disallowed_methods, reason = "a camera reads its clock")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

pub(crate) fn ago(seconds: i64) -> String {
    (now() - TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub(crate) fn set(request: &mut Request<Body>, name: &'static str, value: &str) {
    let value = value.parse().unwrap();
    request.headers_mut().insert(name, value);
}

pub(crate) fn unset(request: &mut Request<Body>, name: &str) {
    request.headers_mut().remove(name);
}

/// Asserts that an answer is a problem of the given type; `field` names what was wrong.
pub(crate) fn check(answer: &Answer, status: u16, kind: &str, field: Option<&str>) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.body["type"], format!("/problems/{kind}"));
    assert_eq!(
        answer.body["errors"][0]["field"].as_str(),
        field,
        "{answer:?}"
    );
}
