//! Saying where one is, and asking who is near.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, OnDuty};
use super::{NotTaken, Presence, Report};
use crate::access::{Person, Role};
use crate::http::{ApiError, App, JsonBody, PathParams, QueryParams};
use crate::space::GroundPoint;

/// Who goes to places.
const ON_SITE: &[Role] = &[Role::Collector, Role::Checker];
/// Who may ask where those are: who sends them, and themselves.
const ASKERS: &[Role] = &[
    Role::Operator,
    Role::DutyChief,
    Role::Dispatcher,
    Role::DistrictDispatcher,
    Role::Leader,
    Role::Committee,
    Role::Collector,
    Role::Checker,
];
const NEAREST_MAX: u32 = 100;
const NEAREST_DEFAULT: u32 = 20;

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(nearest))
        .routes(routes!(one))
}

/// One's own place, which every page of somebody on duty says again and again.
pub fn own_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(own, report, leave))
}

/// Somebody on duty.
#[derive(Serialize, ToSchema)]
struct Collector {
    person_id: i32,
    name: String,
    /// Degrees, WGS 84.
    lon: f64,
    /// Degrees, WGS 84.
    lat: f64,
    /// Radius within which their device believes to be, metres.
    accuracy_m: f32,
    /// When they were last heard of.
    seen_at: DateTime<Utc>,
    /// Since when they are on duty.
    since: DateTime<Utc>,
    state: Presence,
}

impl From<OnDuty> for Collector {
    fn from(one: OnDuty) -> Self {
        Self {
            person_id: one.person_id,
            name: one.name,
            lon: one.position.lon,
            lat: one.position.lat,
            accuracy_m: one.accuracy_m,
            seen_at: one.seen_at,
            since: one.since,
            state: one.state,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct OwnPosition {
    /// Null: off duty, nothing is kept.
    on_duty: Option<Collector>,
}

/// Whether you are on duty, and what is known of where you are.
#[utoipa::path(get, path = "/api/v1/me/position", tag = "collectors", responses(
    (status = 200, body = OwnPosition), (status = 401),
))]
async fn own(person: Person, State(app): State<App>) -> Result<Json<OwnPosition>, ApiError> {
    let mut tx = app.scoped(&person).await?;
    let on_duty = store::find(&mut *tx, person.id).await?.map(Collector::from);
    Ok(Json(OwnPosition { on_duty }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PositionReport {
    /// Degrees, WGS 84.
    lon: f64,
    /// Degrees, WGS 84.
    lat: f64,
    /// Radius within which the device believes to be, metres, 0 to 1000.
    accuracy_m: f64,
    /// When the device found out; two minutes ago at most.
    at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
struct Reported {
    /// Since when you are on duty.
    since: DateTime<Utc>,
}

/// Say where you are: you are on duty from the first time on.
///
/// Only the last place is kept. Whoever sends collectors and checkers where you have the role sees it.
/// Not heard of for two minutes you are away, for ten you are off duty and it is deleted.
#[utoipa::path(put, path = "/api/v1/me/position", tag = "collectors", request_body = PositionReport, responses(
    (status = 200, body = Reported),
    (status = 400, description = "invalid-field"), (status = 401),
    (status = 403, description = "neither a collector nor a checker"),
    (status = 409, description = "overtaken: a later place is known already"),
    (status = 429, description = "too-soon: a place is taken every two seconds; see Retry-After"),
))]
async fn report(
    person: Person,
    State(app): State<App>,
    JsonBody(body): JsonBody<PositionReport>,
) -> Result<Json<Reported>, ApiError> {
    person.require(ON_SITE)?;
    let report = Report {
        at: place(body.lon, body.lat, "/")?,
        accuracy_m: body.accuracy_m,
        found_at: body.at,
    };
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    let known = store::lock(&mut *tx, person.id).await?;
    report.check(known, now).map_err(problem)?;
    let since = store::put(&mut *tx, person.id, &report, now).await?;
    tx.commit().await?;
    Ok(Json(Reported { since }))
}

fn problem(why: NotTaken) -> ApiError {
    let detail = why.to_string();
    match why {
        NotTaken::Inexact => ApiError::field("/accuracy_m", detail),
        NotTaken::Ahead | NotTaken::Old => ApiError::field("/at", detail),
        NotTaken::Overtaken => ApiError::refused(StatusCode::CONFLICT, "overtaken", detail),
        NotTaken::TooSoon { wait } => {
            ApiError::too_many("too-soon", detail, wait.to_std().unwrap_or_default())
        }
    }
}

/// Go off duty: what is known of where you are is deleted.
#[utoipa::path(delete, path = "/api/v1/me/position", tag = "collectors", responses(
    (status = 204, description = "nothing is kept"), (status = 401),
))]
async fn leave(person: Person, State(app): State<App>) -> Result<StatusCode, ApiError> {
    let mut tx = app.scoped(&person).await?;
    store::remove(&mut *tx, person.id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct NearestAsked {
    /// Degrees, WGS 84.
    lon: f64,
    /// Degrees, WGS 84.
    lat: f64,
    /// 1 to 100; by default 20.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct Near {
    #[serde(flatten)]
    who: Collector,
    /// In a straight line.
    distance_m: f64,
}

#[derive(Serialize, ToSchema)]
struct NearestCollectors {
    collectors: Vec<Near>,
}

/// Collectors and checkers on duty whom you may send, the nearest to a place first.
#[utoipa::path(get, path = "/api/v1/collectors", tag = "collectors", params(NearestAsked), responses(
    (status = 200, body = NearestCollectors), (status = 400), (status = 401), (status = 403),
))]
async fn nearest(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<NearestAsked>,
) -> Result<Json<NearestCollectors>, ApiError> {
    person.require(ASKERS)?;
    let to = place(asked.lon, asked.lat, "")?;
    let limit = asked.limit.unwrap_or(NEAREST_DEFAULT);
    if !(1..=NEAREST_MAX).contains(&limit) {
        return Err(ApiError::field(
            "limit",
            format!("must be 1 to {NEAREST_MAX}"),
        ));
    }
    let mut tx = app.scoped(&person).await?;
    let found = store::nearest(&mut *tx, to, limit).await?;
    let collectors = found.into_iter().map(|one| Near {
        distance_m: one.distance_m,
        who: one.into(),
    });
    Ok(Json(NearestCollectors {
        collectors: collectors.collect(),
    }))
}

/// Somebody on duty; their number is the feature id in the layer `collectors` of tiles.
#[utoipa::path(get, path = "/api/v1/collectors/{id}", tag = "collectors",
    params(("id" = i32, Path, description = "person")), responses(
    (status = 200, body = Collector), (status = 401), (status = 403),
    (status = 404, description = "not on duty, or not within your reach"),
))]
async fn one(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Json<Collector>, ApiError> {
    person.require(ASKERS)?;
    let mut tx = app.scoped(&person).await?;
    let found = store::find(&mut *tx, id).await?;
    let nobody = || ApiError::not_found(format!("nobody {id} is on duty within your reach"));
    Ok(Json(found.ok_or_else(nobody)?.into()))
}

fn place(lon: f64, lat: f64, before: &str) -> Result<GroundPoint, ApiError> {
    GroundPoint::new_checked(lon, lat).ok_or_else(|| {
        let (field, most) = if (-180.0..=180.0).contains(&lon) {
            ("lat", 90)
        } else {
            ("lon", 180)
        };
        ApiError::field(
            format!("{before}{field}"),
            format!("must be -{most} to {most}"),
        )
    })
}
