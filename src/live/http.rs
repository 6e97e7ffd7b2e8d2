//! The live stream and the snapshot it starts from.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts as _, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures::{future, stream};
use metrics::gauge;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{LiveStep, Subscription};
use crate::access::{self, Person, Scope};
use crate::cases::{self, CaseRow};
use crate::http::{ApiError, App, QueryParams};
use crate::notify::Addressed;
use crate::telemetry;
use crate::tiles::{Layer, TileChange, TileView};

/// Open cases in a snapshot, the newest.
const SNAPSHOT_MAX: u32 = 5_000;
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often a stream asks whether its session and its person's rights still stand.
const RECHECK: Duration = Duration::from_secs(4);
/// What the database has for an answer to that.
const RECHECK_PATIENCE: Duration = Duration::from_secs(2);
/// How often it asks what its person reaches with the rights they have.
const SCOPE_RECHECK: Duration = Duration::from_secs(8);
/// What a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(snapshot))
}

#[derive(Serialize, ToSchema)]
struct LiveSnapshot {
    /// Follow the stream from here: `/api/v1/live?after=<seq>`.
    seq: String,
    now: DateTime<Utc>,
    /// The newest 5,000 open cases, newest first.
    cases: Vec<CaseRow>,
}

/// The open cases now, and where in the stream that is.
#[utoipa::path(get, path = "/api/v1/live/snapshot", tag = "live", responses(
    (status = 200, body = LiveSnapshot),
    (status = 401, description = "sign in first"),
))]
async fn snapshot(person: Person, State(app): State<App>) -> Result<Response, ApiError> {
    // Taken before the query: what is committed in between comes twice rather than never.
    let seq = app.live.seq();
    let cases = cases::list_open(&mut *app.scoped(&person).await?, SNAPSHOT_MAX).await?;
    let now = app.now();
    let snapshot = Json(LiveSnapshot { seq, now, cases });
    Ok(([(CACHE_CONTROL, "no-store")], snapshot).into_response())
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct From {
    /// The `seq` of a snapshot; the header Last-Event-ID goes before it.
    after: Option<String>,
    /// The tiles that the page shows, to be told which of them change: zoom, columns and rows of Web
    /// Mercator, 1024 at most.
    #[param(example = "14/13640-13660/6620-6635")]
    tiles: Option<String>,
    /// Of which layers, separated by commas; all of them when not given.
    #[param(example = "cells,components")]
    layers: Option<String>,
}

impl From {
    fn view(&self) -> Result<Option<TileView>, ApiError> {
        let Some(tiles) = &self.tiles else {
            return Ok(None);
        };
        let layer = |name: &str| {
            let unknown = |()| ApiError::field("layers", format!("there is no layer {name}"));
            name.parse().map_err(unknown)
        };
        let layers = match &self.layers {
            Some(names) => names.split(',').map(layer).collect::<Result<_, _>>()?,
            None => Layer::ALL.to_vec(),
        };
        let view = TileView::parse(tiles, layers);
        view.map(Some)
            .map_err(|error| ApiError::field("tiles", error.to_string()))
    }
}

/// Changes of cases as server-sent events.
///
/// To each person those of the cases they may see. `d`: `{seq, now, up: [CaseRow], new: [case id],
/// gone: [case id]}`, at most ten a second, each with its id; `gone` are cases that have left what
/// the person may see. The stream ends when the session does or the person reaches others.
/// `n`: `{notices}`, new notices for this person.
/// `t`, for who asks with `tiles`: `{layer, zoom, tiles}`, which of those tiles (`[x, y]`) show something
/// else now, as far as the person sees it; `null` for any of them. At most four a second and layer.
/// `hb`: `{seq, now, tiles_age_s}` every five seconds, with how old what tiles show may be. `reset`: what the client saw last is unknown, it was too
/// slow, or what the person reaches has changed; it must fetch the snapshot again.
#[utoipa::path(get, path = "/api/v1/live", tag = "live", params(From,
    ("Last-Event-ID" = Option<String>, Header, description = "seq of the event seen last")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 400, description = "no tiles of the map's grid, too many, or of no layer"),
        (status = 401, description = "sign in first"),
    ))]
async fn live(
    person: Person,
    State(app): State<App>,
    QueryParams(from): QueryParams<From>,
    headers: HeaderMap,
    parts: Parts,
) -> Result<Response, ApiError> {
    let watched = from.view()?.map(|view| Watched {
        view,
        news: app.tile_news.subscribe(),
    });
    let scope = access::scope(&mut *app.scoped(&person).await?).await?;
    let last_event_id = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let subscription = app.live.subscribe(last_event_id.or(from.after.as_deref()));
    let client = Client::new(app, parts, person, scope, subscription, watched);
    let events = stream::unfold(client, async |mut client| {
        let event = client.next().await?;
        Some((Ok::<_, Infallible>(event), client))
    });
    let unbuffered = [
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((unbuffered, Sse::new(events)).into_response())
}

/// The tiles that a client shows, and what changes.
struct Watched {
    view: TileView,
    news: broadcast::Receiver<Arc<TileChange>>,
}

impl Watched {
    /// What this client is told next; `None`: nobody tells any more.
    async fn next(&mut self, scope: &Scope) -> Option<Event> {
        let event = |data| Some(Event::default().event("t").data(data));
        loop {
            match self.news.recv().await {
                Ok(change) => {
                    if let Some(tiles) = change.seen(&self.view, scope) {
                        return event(json!(tiles).to_string());
                    }
                }
                // whatever it was, it is asked for again
                Err(RecvError::Lagged(_)) => {
                    return event(
                        json!({ "layer": null, "zoom": null, "tiles": null }).to_string(),
                    );
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// One open stream.
struct Client {
    app: App,
    /// The request, to ask again whether its session stands.
    parts: Parts,
    /// With the rights they had when they came.
    person: Person,
    scope: Scope,
    /// When that was asked last.
    scoped_at: Instant,
    notices: broadcast::Receiver<Arc<[Addressed]>>,
    /// `None`: it shows no tiles.
    watched: Option<Watched>,
    greeted: bool,
    ended: bool,
    subscription: Subscription,
    heartbeat: Interval,
    recheck: Interval,
}

impl Client {
    fn new(
        app: App,
        parts: Parts,
        person: Person,
        scope: Scope,
        subscription: Subscription,
        watched: Option<Watched>,
    ) -> Self {
        gauge!(telemetry::LIVE_CLIENTS).increment(1);
        Self {
            notices: app.notices.subscribe(),
            watched,
            app,
            parts,
            person,
            scope,
            scoped_at: Instant::now(),
            greeted: false,
            ended: false,
            subscription,
            heartbeat: every(HEARTBEAT),
            recheck: every(RECHECK),
        }
    }

    /// `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        if self.ended {
            return None;
        }
        while let Some(step) = self.subscription.known() {
            if let Some(event) = self.event(&step) {
                return Some(event);
            }
        }
        if !std::mem::replace(&mut self.greeted, true) {
            return Some(self.heartbeat().retry(RETRY));
        }
        loop {
            tokio::select! {
                biased;
                step = self.subscription.next() => {
                    let step = step?;
                    if let Some(event) = self.event(&step) {
                        return Some(event);
                    }
                }
                Ok(notices) = self.notices.recv() => {
                    if let Some(event) = self.notices(&notices) {
                        return Some(event);
                    }
                }
                told = async {
                    match &mut self.watched {
                        Some(watched) => watched.next(&self.scope).await,
                        None => future::pending().await,
                    }
                } => return told,
                _ = self.heartbeat.tick() => return Some(self.heartbeat()),
                _ = self.recheck.tick() => match self.still_stands().await {
                    Standing::SignedOut => return None,
                    Standing::Other => {
                        // what they hold is another's: it is thrown away before they come back
                        self.ended = true;
                        return self.event(&LiveStep::Reset);
                    }
                    Standing::Same => {}
                },
            }
        }
    }

    /// `None`: there is nothing for this person in it. Also a reset carries an id, so that a client
    /// that breaks off now resumes from here.
    fn event(&self, step: &LiveStep) -> Option<Event> {
        let event = Event::default().id(self.subscription.seq());
        Some(match step {
            LiveStep::Batch(batch) => event.event("d").data(batch.for_scope(&self.scope)?),
            LiveStep::Reset => event.event("reset").data("{}"),
        })
    }

    /// `None`: none of them is for this person.
    fn notices(&self, new: &[Addressed]) -> Option<Event> {
        let mine = |one: &&Addressed| one.is_for(&self.person, &self.scope.cells);
        let notices: Vec<_> = new.iter().filter(mine).map(|one| &one.notice).collect();
        let data = json!({ "notices": notices });
        (!notices.is_empty()).then(|| Event::default().event("n").data(data.to_string()))
    }

    fn heartbeat(&self) -> Event {
        let tiles_age_s = self.app.tile_age().as_secs();
        let data = json!({
            "seq": self.subscription.seq(), "now": self.app.now(), "tiles_age_s": tiles_age_s,
        });
        Event::default()
            .id(self.subscription.seq())
            .event("hb")
            .data(data.to_string())
    }

    /// A database that does not answer is no reason to let people wait for what happens.
    async fn still_stands(&mut self) -> Standing {
        let stands = timeout(RECHECK_PATIENCE, self.stands());
        stands.await.unwrap_or(Standing::Same)
    }

    /// A database that cannot be asked is no reason to send people away.
    async fn stands(&mut self) -> Standing {
        match Person::from_request_parts(&mut self.parts, &self.app).await {
            Err(ApiError::Refused { .. } | ApiError::Explained { .. }) => Standing::SignedOut,
            Ok(person) if person.grants != self.person.grants => Standing::Other,
            Ok(_) if self.reaches_other().await => Standing::Other,
            Ok(_) | Err(ApiError::Internal(_)) => Standing::Same,
        }
    }

    /// With the same rights: a district has another mode, an area other cells, a unit another
    /// department. Asked less often, because that is rare and costs more.
    async fn reaches_other(&mut self) -> bool {
        if self.scoped_at.elapsed() < SCOPE_RECHECK {
            return false;
        }
        let asked_at = Instant::now();
        let scope = async { access::scope(&mut *self.app.scoped(&self.person).await?).await };
        let scope = scope.await;
        // one that was not answered is asked again
        self.scoped_at = asked_at;
        match scope {
            Ok(scope) => scope != self.scope,
            Err(error) => {
                tracing::debug!(%error, "cannot ask again what a stream's person reaches");
                false
            }
        }
    }
}

/// What has become of a stream's person.
enum Standing {
    Same,
    /// Their rights have changed.
    Other,
    SignedOut,
}

impl Drop for Client {
    fn drop(&mut self) {
        gauge!(telemetry::LIVE_CLIENTS).decrement(1);
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
