//! The live stream over a real socket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use cityward::cases::{self, CaseChange};
use cityward::http::App;
use cityward::live::LiveFeed;
use cityward::router::router;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cases::{BIN_FULL, Street, confirmed, second};
use crate::service::{TestClient, TestService, config, no_models, problem};

/// An event as a browser sees it.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) id: Option<String>,
    pub(crate) retry: Option<String>,
    pub(crate) data: Value,
}

/// A browser's `EventSource`.
pub(crate) struct EventSource {
    bytes: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
}

impl EventSource {
    pub(crate) async fn open(person: &TestClient, after: Option<&str>) -> Self {
        Self::opened(person.get("/api/v1/live"), after).await
    }

    /// Of a page that shows tiles; `query` says which.
    pub(crate) async fn watching(person: &TestClient, query: &str) -> Self {
        Self::opened(person.get(&format!("/api/v1/live?{query}")), None).await
    }

    async fn opened(mut request: RequestBuilder, after: Option<&str>) -> Self {
        if let Some(id) = after {
            request = request.header("last-event-id", id);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        assert!(!answer.headers().contains_key("content-encoding"));
        Self {
            bytes: answer.bytes_stream().boxed(),
            text: String::new(),
        }
    }

    /// The next news of tiles.
    pub(crate) async fn any_tile_news(&mut self) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.kind == "t" {
                return event;
            }
        }
    }

    /// The next news of tiles of a layer.
    pub(crate) async fn tile_news(&mut self, layer: &str) -> Event {
        loop {
            let event = self.any_tile_news().await;
            if event.data["layer"] == layer {
                return event;
            }
        }
    }

    /// `None` when the stream ends; panics when nothing comes for seven seconds.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|value| value.trim_start().to_owned())
                };
                let event = Event {
                    kind: field("event:").unwrap_or_default(),
                    id: field("id:"),
                    retry: field("retry:"),
                    data: field("data:")
                        .map_or(Value::Null, |data| serde_json::from_str(&data).unwrap()),
                };
                self.text = rest.to_owned();
                return Some(event);
            }
            let more = tokio::time::timeout(Duration::from_secs(7), self.bytes.next()).await;
            let more = more.expect("an event within seven seconds")?.ok()?;
            self.text.push_str(str::from_utf8(&more).unwrap());
        }
    }

    /// The next batch of changes; heartbeats and notices are skipped.
    pub(crate) async fn batch(&mut self) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if !["hb", "n"].contains(&event.kind.as_str()) {
                assert_eq!(event.kind, "d", "{event:?}");
                return event;
            }
        }
    }
}

/// A service whose feed the test publishes to itself.
struct Stage {
    street: Street,
    live: Arc<LiveFeed>,
    person: TestClient,
    stop: CancellationToken,
    server: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn new() -> Self {
        let street = Street::new().await;
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let models = no_models(&config);
        let app = App::start(Arc::new(config), street.city.pools(), models)
            .await
            .unwrap();
        let live = Arc::clone(&app.live);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            let routes = router(app.clone());
            cityward::http::serve(listener, app, routes, stopped).await;
        });
        let person = TestClient::sign_in(base, &street.city).await;
        Self {
            street,
            live,
            person,
            stop,
            server,
            _folder: folder,
        }
    }

    /// Files a full bin seen at `second` and publishes what came of it.
    async fn see_bin(&self, n: i64) -> CaseChange {
        let seen = [confirmed(self.street.sighting(BIN_FULL, 10.0, second(n)))];
        let (db, evidence) = (&self.street.city.db, &self.street.evidence);
        let changes = cases::record(db, evidence, &seen, None, second(n))
            .await
            .unwrap();
        self.live.publish(&changes, second(n));
        changes.into_iter().next().unwrap()
    }
}

#[tokio::test]
async fn a_case_arrives_as_it_is_filed() {
    let stage = Stage::new().await;
    let before = stage.person.json("/api/v1/live/snapshot").await;
    assert_eq!(before["cases"], Value::Array(Vec::new()));
    let mut source = EventSource::open(&stage.person, before["seq"].as_str()).await;
    let hello = source.next().await.unwrap();
    assert_eq!(
        (hello.kind.as_str(), hello.retry.as_deref()),
        ("hb", Some("2000"))
    );
    assert_eq!(hello.data["seq"], before["seq"]);
    assert!(DateTime::parse_from_rfc3339(hello.data["now"].as_str().unwrap()).is_ok());

    let case = stage.see_bin(0).await.case_id();
    let batch = source.batch().await;
    assert_eq!(batch.data["new"], Value::from(vec![case.0]));
    assert_eq!(batch.id.as_deref(), batch.data["seq"].as_str());

    let after = stage.person.json("/api/v1/live/snapshot").await;
    assert_eq!(after["cases"], batch.data["up"]);
    assert_eq!(after["seq"], batch.data["seq"]);

    stage.see_bin(10).await;
    let again = source.batch().await;
    assert_eq!(again.data["new"], Value::Array(Vec::new()));
    assert_eq!(again.data["up"][0]["version"], 2);
}

#[tokio::test]
async fn a_browser_that_comes_back_resumes_or_starts_over() {
    let stage = Stage::new().await;
    let mut source = EventSource::open(&stage.person, None).await;
    stage.see_bin(0).await;
    let first = source.batch().await;
    drop(source);
    stage.see_bin(10).await;
    // the batch goes out a tenth of a second after the first at the latest
    while stage.live.seq() == first.data["seq"] {
        tokio::task::yield_now().await;
    }
    let mut resumed = EventSource::open(&stage.person, first.id.as_deref()).await;
    assert_eq!(resumed.batch().await.data["up"][0]["version"], 2);

    let mut stranger = EventSource::open(&stage.person, Some("0badcafe-1")).await;
    let reset = stranger.next().await.unwrap();
    assert_eq!(reset.kind, "reset");
    assert_eq!(reset.id, Some(stage.live.seq()));
}

#[tokio::test]
async fn the_stream_beats_when_nothing_happens() {
    let stage = Stage::new().await;
    let mut source = EventSource::open(&stage.person, None).await;
    source.next().await.unwrap();
    let quiet_since = Instant::now();
    let beat = source.next().await.unwrap();
    assert_eq!(beat.kind, "hb");
    assert!(quiet_since.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn an_open_stream_does_not_hold_up_a_shutdown() {
    let stage = Stage::new().await;
    let mut source = EventSource::open(&stage.person, None).await;
    source.next().await.unwrap();
    let asked_at = Instant::now();
    stage.live.close();
    stage.stop.cancel();
    assert!(source.next().await.is_none());
    stage.server.await.unwrap();
    assert!(asked_at.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn the_stream_is_for_people() {
    let street = Street::new().await;
    let service = TestService::start(&street.city).await;
    for path in ["/api/v1/live", "/api/v1/live/snapshot"] {
        let answer = service.client().get(path).send().await.unwrap();
        problem(answer, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    }
    service.stop().await;
}

/// What somebody reaches may change while their rights stay: another cell in their area.
#[tokio::test]
async fn an_open_stream_starts_over_when_its_person_reaches_others() {
    let stage = Stage::new().await;
    let db = &stage.street.city.db;
    let area: i32 = sqlx::query_scalar(
        "with taken as (delete from role_grant returning person_id),
        area as (
            insert into area (kind, name_zh, name_en) values ('supervision', 'x', 'x')
            returning area_id
        ), granted as (
            insert into role_grant (person_id, role, area_id, valid)
            select person_id, 'operator', area_id, tstzrange('2020-01-01', null) from taken, area
        )
        select area_id from area",
    )
    .fetch_one(db)
    .await
    .unwrap();
    let mut source = EventSource::open(&stage.person, None).await;
    source.next().await.unwrap();
    sqlx::query(
        "insert into area_cell (area_id, kind, cell_id, valid)
         select $1, 'supervision', min(cell_id), tstzrange('2020-01-01', null) from cell",
    )
    .bind(area)
    .execute(db)
    .await
    .unwrap();
    let since = Instant::now();
    while source.next().await.expect("a word before the end").kind != "reset" {
        assert!(since.elapsed() < Duration::from_secs(20));
    }
    assert!(source.next().await.is_none());
}
