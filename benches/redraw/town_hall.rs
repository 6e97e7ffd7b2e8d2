//! A city with people who redraw it and people who go on working meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use cityward::space::GroundPoint;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use tokio::time::MissedTickBehavior;

use crate::city::{self, CitySize};
use crate::latencies::Latencies;

/// As large as cities get.
pub(crate) const CITY: CitySize = CitySize {
    columns: 160,
    rows: 125,
    components: 1_000_000,
};
pub(crate) const OPEN_CASES: i32 = 100_000;

/// The city, its open cases, and people whose session is their role.
pub(crate) async fn lay_out(db: &PgPool) -> anyhow::Result<()> {
    city::build(db, &CITY).await?;
    sqlx::query(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
             bearing_deg, cell_id, edition_id, unit_id, because, first_seen_at, last_seen_at,
             sighting_count, opened_at, state)
         select 'M06042', 'hotline', st_pointonsurface(cell.geom), 1, 1, 0, cell_id, 1, unit_id,
             jsonb_build_object('rule', 'cell_default', 'cell_code', code, 'class', 'M06042'),
             now(), now(), 1, now(), 'filed'
         from cell join responsibility using (cell_id), generate_series(1, $1)
         where class_code is null",
    )
    .bind(OPEN_CASES / i32::try_from(CITY.cells())?)
    .execute(db)
    .await?;
    // a few first: a table that was empty when its plan was made is read through for every row
    for of in ["case_id <= 100", "case_id > 100"] {
        let insert = format!(
            "insert into case_event (case_id, action, at, actor, version, detail)
             select case_id, 'opened', opened_at, 'system', 1, '{{}}' from city_case where {of}"
        );
        sqlx::query(&insert).execute(db).await?;
        sqlx::query("analyze case_event").execute(db).await?;
    }
    for role in ["planner", "leader", "operator", "dispatcher"] {
        sqlx::query(
            "with new_person as (
                 insert into person (login, name, password_hash) values ($1, $1, 'none')
                 returning person_id),
             new_session as (
                 insert into session (token_sha256, person_id, created_at, expires_at)
                 select $2, person_id, now(), now() + interval '1 day' from new_person)
             insert into role_grant (person_id, role) select person_id, $1::role from new_person",
        )
        .bind(role)
        .bind(Sha256::digest(role).to_vec())
        .execute(db)
        .await?;
    }
    sqlx::query("vacuum analyze").execute(db).await?;
    Ok(())
}

/// Somebody who asks the service.
#[derive(Clone)]
pub(crate) struct Desk {
    client: Client,
    base: String,
    cookie: String,
}

impl Desk {
    pub(crate) fn of(base: &str, role: &str) -> Self {
        Self {
            client: Client::new(),
            base: base.to_owned(),
            cookie: format!("cityward_session={role}"),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, None, StatusCode::OK).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Value,
        expected: StatusCode,
    ) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Some(body), expected).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        expected: StatusCode,
    ) -> anyhow::Result<Value> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("cookie", &self.cookie);
        if let Some(body) = body {
            request = request
                .json(body)
                .header("idempotency-key", uuid::Uuid::now_v7().to_string());
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status == expected, "{path}: {status} {text}");
        serde_json::from_str(&text).with_context(|| path.to_owned())
    }
}

/// Work that goes on at an even pace: each piece is timed from when it should have begun, so that
/// a stall is not hidden by what waits behind it.
pub(crate) struct Work {
    stop: Arc<AtomicBool>,
    read: tokio::task::JoinHandle<anyhow::Result<Vec<Timed>>>,
    filed: tokio::task::JoinHandle<anyhow::Result<Vec<Timed>>>,
}

/// When something began and how long it took.
type Timed = (Instant, Duration);

/// What was timed within a span of time.
pub(crate) struct Pace {
    pub(crate) read: Latencies,
    pub(crate) filed: Latencies,
}

const READ_EVERY: Duration = Duration::from_millis(10);
const FILED_EVERY: Duration = Duration::from_millis(50);

impl Work {
    pub(crate) fn begin(base: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let points: Arc<Vec<GroundPoint>> = Arc::new(city::points(&CITY, 10_000));
        let reader = Desk::of(base, "dispatcher");
        let of_reader = Arc::clone(&points);
        let read = paced(READ_EVERY, Arc::clone(&stop), move |number| {
            let (desk, points) = (reader.clone(), Arc::clone(&of_reader));
            async move {
                let GroundPoint { lon, lat } = points[number % points.len()];
                let path = format!("/api/v1/locate?lon={lon}&lat={lat}&class=M06042");
                in_city(desk.get(&path).await)
            }
        });
        let operator = Desk::of(base, "operator");
        let filed = paced(FILED_EVERY, Arc::clone(&stop), move |number| {
            let (desk, points) = (operator.clone(), Arc::clone(&points));
            async move {
                let GroundPoint { lon, lat } = points[number % points.len()];
                let body = json!({
                    "class": "M06042", "source": "hotline", "lon": lon, "lat": lat,
                    "text": "满溢", "accuracy_m": 5.0,
                });
                let filed = desk.post("/api/v1/cases", &body, StatusCode::CREATED);
                in_city(filed.await)
            }
        });
        Self { stop, read, filed }
    }

    pub(crate) async fn end(self, spans: &[(Instant, Instant)]) -> anyhow::Result<Vec<Pace>> {
        self.stop.store(true, Ordering::Relaxed);
        let (read, filed) = (self.read.await??, self.filed.await??);
        let within = |timed: &[Timed], (from, until): (Instant, Instant)| {
            let taken = timed.iter().filter(|(at, _)| (from..until).contains(at));
            Latencies::of(taken.map(|(_, taken)| *taken).collect())
        };
        spans
            .iter()
            .map(|span| {
                Ok(Pace {
                    read: within(&read, *span)?,
                    filed: within(&filed, *span)?,
                })
            })
            .collect()
    }
}

/// A few places lie beyond the city's border: that is an answer too.
fn in_city(answered: anyhow::Result<Value>) -> anyhow::Result<()> {
    match answered {
        Err(error) if error.to_string().contains("outside-city") => Ok(()),
        answered => answered.map(|_| ()),
    }
}

/// Begins one piece after another, whether those before have ended or not.
fn paced<F: Future<Output = anyhow::Result<()>> + Send + 'static>(
    every: Duration,
    stop: Arc<AtomicBool>,
    piece: impl Fn(usize) -> F + Send + 'static,
) -> tokio::task::JoinHandle<anyhow::Result<Vec<Timed>>> {
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let number = AtomicUsize::new(0);
        let mut pieces = tokio::task::JoinSet::new();
        while !stop.load(Ordering::Relaxed) {
            let began = ticks.tick().await.into_std();
            let piece = piece(number.fetch_add(1, Ordering::Relaxed));
            pieces.spawn(async move { piece.await.map(|()| (began, began.elapsed())) });
        }
        let ended = pieces.join_all().await;
        ended.into_iter().collect()
    })
}
