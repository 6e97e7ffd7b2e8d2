//! Cameras that are asked over HTTP, on real sockets, as badly behaved as they are in the street.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::{Stream, stream};
use md5::{Digest as _, Md5};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(super) const USER: &str = "admin";
pub(super) const PASSWORD: &str = "pa:ss \"w\" 密";
/// Between two pictures of a stream.
const EVERY: Duration = Duration::from_millis(100);
const NONCE: &str = "5eb63bbbe01eeed093cb22bb8f5acdc3";

/// What the camera does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    /// Answers so.
    Status(u16),
    Redirects,
    /// Parts that are no pictures.
    Garbage,
    /// Parts that end before their picture does.
    Truncated,
    /// A part larger than any picture.
    Large,
    /// One picture, and then nothing.
    Stalls,
    /// One picture, and the connection is closed.
    HangsUp,
    /// Something else than was asked for.
    Html,
}

pub(super) struct TestCamera {
    pub(super) address: std::net::SocketAddr,
    state: Arc<Shared>,
    _task: Serving,
}

struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Shared {
    jpeg: Bytes,
    mood: Mutex<Mood>,
    asked: AtomicUsize,
    /// Streams that are open now, and the most there were.
    open: AtomicUsize,
    open_max: AtomicUsize,
}

struct Watching(Arc<Shared>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl TestCamera {
    pub(super) async fn new(jpeg: impl Into<Bytes>) -> Self {
        let state = Arc::new(Shared {
            jpeg: jpeg.into(),
            mood: Mutex::new(Mood::Well),
            asked: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            open_max: AtomicUsize::new(0),
        });
        let routes = Router::new()
            .route("/{guard}/snapshot", get(snapshot))
            .route("/{guard}/mjpeg", get(mjpeg))
            .with_state(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            address,
            state,
            _task: Serving(task),
        }
    }

    /// `guard`: `open`, `basic` or `digest`.
    pub(super) fn url(&self, guard: &str, what: &str) -> String {
        format!("http://{}/{guard}/{what}", self.address)
    }

    pub(super) fn is(&self, mood: Mood) {
        *self.state.mood.lock().unwrap() = mood;
    }

    pub(super) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    pub(super) fn open(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    /// The most streams that were open at the same time.
    pub(super) fn open_max(&self) -> usize {
        self.state.open_max.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn mood(&self) -> Mood {
        *self.mood.lock().unwrap()
    }

    fn watching(self: &Arc<Self>) -> Watching {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.open_max.fetch_max(open, Ordering::SeqCst);
        Watching(Arc::clone(self))
    }

    fn picture(&self) -> Bytes {
        let jpeg = self.jpeg.clone();
        match self.mood() {
            Mood::Garbage => Bytes::from_static(b"\xFF\xD8 not at all a picture"),
            Mood::Truncated => jpeg.slice(..jpeg.len() / 2),
            Mood::Large => Bytes::from(vec![0; 9 << 20]),
            Mood::Well
            | Mood::Status(_)
            | Mood::Redirects
            | Mood::Stalls
            | Mood::HangsUp
            | Mood::Html => jpeg,
        }
    }
}

/// Lets in who knows the password; else what the camera answers.
fn guard(kind: &str, request: &Request<Body>) -> Option<Response> {
    let sent = request.headers().get(header::AUTHORIZATION);
    let sent = sent.map_or("", |sent| sent.to_str().unwrap_or(""));
    let (challenge, knows) = match kind {
        "open" => return None,
        "basic" => {
            use base64::Engine as _;
            let pair = format!("{USER}:{PASSWORD}");
            let pair = base64::engine::general_purpose::STANDARD.encode(pair);
            let challenge = "Basic realm=\"cam\"".to_owned();
            (challenge, sent == format!("Basic {pair}"))
        }
        _ => {
            let challenge = format!(
                "Digest realm=\"IP Camera, A\", domain=\"/\", qop=\"auth\", nonce=\"{NONCE}\""
            );
            let uri = request.uri().path_and_query().unwrap().as_str();
            (challenge, digest_is_right(sent, uri))
        }
    };
    (!knows).then(|| {
        let challenge = [(header::WWW_AUTHENTICATE, challenge)];
        (StatusCode::UNAUTHORIZED, challenge, "who are you?").into_response()
    })
}

fn digest_is_right(sent: &str, uri: &str) -> bool {
    let find = |key: &str| {
        let from = sent.find(&format!("{key}="))? + key.len() + 1;
        let value = sent[from..].trim_start_matches('"');
        Some(value.split(['"', ',']).next()?.to_owned())
    };
    let (Some(cnonce), Some(count), Some(response)) =
        (find("cnonce"), find("nc"), find("response"))
    else {
        return false;
    };
    let md5 = |text: String| hex::encode(Md5::digest(text));
    let secret = md5(format!("{USER}:IP Camera, A:{PASSWORD}"));
    let asked = md5(format!("GET:{uri}"));
    let right = md5(format!("{secret}:{NONCE}:{count}:{cnonce}:auth:{asked}"));
    response == right && find("uri").as_deref() == Some(uri)
}

async fn snapshot(
    State(shared): State<Arc<Shared>>,
    Path(kind): Path<String>,
    request: Request<Body>,
) -> Response {
    if let Some(refused) = guard(&kind, &request) {
        return refused;
    }
    shared.asked.fetch_add(1, Ordering::SeqCst);
    let mood = shared.mood();
    if matches!(mood, Mood::Stalls) {
        return std::future::pending().await;
    }
    other_than_a_picture(mood).unwrap_or_else(|| {
        let kind = [(header::CONTENT_TYPE, "image/jpeg")];
        (kind, shared.picture()).into_response()
    })
}

fn other_than_a_picture(mood: Mood) -> Option<Response> {
    match mood {
        Mood::Status(status) => Some(StatusCode::from_u16(status).unwrap().into_response()),
        Mood::Redirects => {
            let to = [(header::LOCATION, "http://127.0.0.1:1/")];
            Some((StatusCode::FOUND, to).into_response())
        }
        Mood::Html => Some(axum::response::Html("<html>hello</html>").into_response()),
        Mood::Well
        | Mood::Garbage
        | Mood::Truncated
        | Mood::Large
        | Mood::Stalls
        | Mood::HangsUp => None,
    }
}

async fn mjpeg(
    State(shared): State<Arc<Shared>>,
    Path(kind): Path<String>,
    request: Request<Body>,
) -> Response {
    if let Some(refused) = guard(&kind, &request) {
        return refused;
    }
    shared.asked.fetch_add(1, Ordering::SeqCst);
    if let Some(other) = other_than_a_picture(shared.mood()) {
        return other;
    }
    let mut headers = HeaderMap::new();
    let announced = "multipart/x-mixed-replace;boundary=\"--cityjpeg\"";
    headers.insert(header::CONTENT_TYPE, announced.parse().unwrap());
    (headers, Body::from_stream(parts(shared))).into_response()
}

fn parts(shared: Arc<Shared>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let watching = shared.watching();
    stream::unfold(
        (shared, watching, 0_u32),
        |(shared, watching, n)| async move {
            match (n, shared.mood()) {
                (0, _) => {}
                (_, Mood::Stalls) => std::future::pending().await,
                (_, Mood::HangsUp | Mood::Html | Mood::Redirects | Mood::Status(_)) => return None,
                _ => tokio::time::sleep(EVERY).await,
            }
            let picture = shared.picture();
            // every other part says no length
            let length = if n.is_multiple_of(2) {
                format!("Content-Length: {}\r\n", picture.len())
            } else {
                String::new()
            };
            let mut part =
                format!("--cityjpeg\r\nContent-Type: image/jpeg\r\n{length}\r\n").into_bytes();
            part.extend_from_slice(&picture);
            part.extend_from_slice(b"\r\n--cityjpeg");
            // the boundary is written at once, so that a picture is there as soon as it is complete
            part.drain(..if n == 0 { 0 } else { 10 });
            Some((Ok(Bytes::from(part)), (shared, watching, n + 1)))
        },
    )
}
