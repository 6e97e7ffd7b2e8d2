//! Whose spot is this? For one point, for many, and what is known of a component or a cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, CellView, ComponentView};
use super::{Edition, Placement, Spot, Territory, Unit};
use crate::access::Person;
use crate::catalogue::{Catalogue, ClassCode, snap_classes};
use crate::http::{ApiError, App, JsonBody, PathParams, QueryParams};
use crate::space::GroundPoint;

/// How far a point asked for by a person or program is pinned to a component: about as far as a
/// camera or a phone is off. Camera finds use their own error instead.
pub(crate) const REACH_M: f64 = 15.0;

/// Most points in one request.
const POINTS_MAX: usize = 100_000;
/// Largest body of such a request: 40 bytes for a point, with all its digits, and some rest.
const BODY_BYTES_MAX: usize = POINTS_MAX * 40 + 4096;

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(locate_point, locate_points))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .routes(routes!(get_component))
        .routes(routes!(get_cell))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PointAsked {
    /// Degrees, WGS 84.
    lon: f64,
    /// Degrees, WGS 84.
    lat: f64,
    /// Class of the matter or component, e.g. `M06042`.
    class: String,
    /// Cells and responsibilities of this moment, past or to come, beside the components of now; of
    /// now when not given.
    at: Option<DateTime<Utc>>,
}

/// Whose spot a point is for a class, and why.
#[utoipa::path(get, path = "/api/v1/locate", tag = "territory", params(PointAsked), responses(
    (status = 200, body = Placement),
    (status = 400, description = "a parameter is missing or wrong; the problem names it"),
    (status = 404, description = "outside-city: no cell is there"),
))]
async fn locate_point(
    _person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<PointAsked>,
) -> Result<Json<Placement>, ApiError> {
    check_degrees("lon", asked.lon, 180.0)?;
    check_degrees("lat", asked.lat, 90.0)?;
    let class = known_class("class", &asked.class)?;
    let snap = snap_classes(&app.db, class).await?;
    let point = GroundPoint {
        lon: asked.lon,
        lat: asked.lat,
    };
    let territory = territory_at(&app, asked.at).await?;
    let placement = territory.locate(point, class, &snap, REACH_M);
    placement
        .map(Json)
        .ok_or_else(|| ApiError::refused(StatusCode::NOT_FOUND, "outside-city", "no cell is there"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PointsAsked {
    /// Without it units are the cells' defaults, and nothing is pinned to components.
    class: Option<String>,
    /// Cells and responsibilities of this moment; of now when not given.
    at: Option<DateTime<Utc>>,
    /// At most 100,000 pairs of longitude and latitude, degrees, WGS 84.
    #[schema(max_items = 100_000)]
    points: Vec<[f64; 2]>,
}

/// Cell, responsible unit, component, metres to it.
type Located = (i32, Option<i32>, Option<i64>, Option<f64>);

#[derive(Serialize, ToSchema)]
struct PointsLocated {
    /// The newest edition among the city's cells of that moment.
    edition: Option<Edition>,
    count: usize,
    /// For each point `[cell, unit, component, metres to it]`; null outside the city.
    #[schema(value_type = Vec<Option<Vec<f64>>>)]
    results: Vec<Option<Located>>,
    /// Codes of the cells in the results.
    cells: BTreeMap<i32, String>,
    /// The units in the results.
    units: BTreeMap<i32, Unit>,
}

/// The same for many points at once.
#[utoipa::path(post, path = "/api/v1/locate", tag = "territory", request_body = PointsAsked, responses(
    (status = 200, body = PointsLocated),
    (status = 400, description = "a point or the class is wrong; the problem names it"),
    (status = 413, description = "the body is too large for 100,000 points"),
))]
async fn locate_points(
    _person: Person,
    State(app): State<App>,
    JsonBody(asked): JsonBody<PointsAsked>,
) -> Result<Response, ApiError> {
    if asked.points.len() > POINTS_MAX {
        return Err(ApiError::field(
            "/points",
            format!("at most {POINTS_MAX} points, not {}", asked.points.len()),
        ));
    }
    for (number, [lon, lat]) in asked.points.iter().enumerate() {
        if GroundPoint::new_checked(*lon, *lat).is_none() {
            let detail = "longitude within ±180 and latitude within ±90 degrees";
            return Err(ApiError::field(format!("/points/{number}"), detail));
        }
    }
    let (class, snap) = match asked.class {
        None => (None, Vec::new()),
        Some(class) => {
            let class = known_class("/class", &class)?;
            (Some(class), snap_classes(&app.db, class).await?)
        }
    };
    let territory = territory_at(&app, asked.at).await?;
    let body = tokio::task::spawn_blocking(move || {
        serde_json::to_vec(&locate_all(&territory, class, &snap, &asked.points))
    })
    .await
    .map_err(anyhow::Error::from)?
    .map_err(anyhow::Error::from)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// The territory of a moment, past or planned; without one, of now.
pub(crate) async fn territory_at(
    app: &App,
    at: Option<DateTime<Utc>>,
) -> anyhow::Result<Arc<Territory>> {
    match at {
        None => Ok(app.territory.now()),
        Some(at) => {
            // plans wait for a date to come: the past is asked of nobody
            let scheduled = match at > app.now() {
                true => app.scheduled.at(at).await?,
                false => None,
            };
            match scheduled {
                Some(scheduled) => Ok(scheduled),
                None => app.territory.at(at).await,
            }
        }
    }
}

fn locate_all(
    territory: &Territory,
    class: Option<ClassCode>,
    snap: &[ClassCode],
    points: &[[f64; 2]],
) -> PointsLocated {
    let question = territory.ask(class, snap, REACH_M);
    let spots: Vec<Option<Spot>> = points
        .par_iter()
        .with_min_len(1024)
        .map(|[lon, lat]| {
            question.spot(GroundPoint {
                lon: *lon,
                lat: *lat,
            })
        })
        .collect();
    let (mut cells, mut units) = (BTreeMap::new(), BTreeMap::new());
    for spot in spots.iter().flatten() {
        cells
            .entry(spot.cell.id)
            .or_insert_with(|| spot.cell.code.clone());
        if let Some(unit) = spot.unit_id.and_then(|id| territory.unit(id)) {
            units.entry(unit.id).or_insert_with(|| unit.clone());
        }
    }
    let located = |spot: Spot| {
        let (component, distance_m) = spot.component.unzip();
        let component_id = component.map(|component| component.id);
        (spot.cell.id, spot.unit_id, component_id, distance_m)
    };
    PointsLocated {
        edition: territory.newest_edition().cloned(),
        count: spots.len(),
        results: spots.into_iter().map(|spot| spot.map(located)).collect(),
        cells,
        units,
    }
}

/// What is known of a component, removed or not.
#[utoipa::path(get, path = "/api/v1/components/{id}", tag = "territory", params(("id" = i64, Path)), responses(
    (status = 200, body = ComponentView), (status = 404),
))]
async fn get_component(
    _person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i64>,
) -> Result<Json<ComponentView>, ApiError> {
    store::find_component(&app.db, id)
        .await?
        .map(Json)
        .ok_or_else(|| ApiError::not_found(format!("no component {id}")))
}

/// A cell, ended or not, with its border and who is responsible in it now.
#[utoipa::path(get, path = "/api/v1/cells/{id}", tag = "territory", params(("id" = i32, Path)), responses(
    (status = 200, body = CellView), (status = 404),
))]
async fn get_cell(
    _person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Json<CellView>, ApiError> {
    store::find_cell(&app.db, id, app.now())
        .await?
        .map(Json)
        .ok_or_else(|| ApiError::not_found(format!("no cell {id}")))
}

fn check_degrees(field: &str, degrees: f64, max: f64) -> Result<(), ApiError> {
    if (-max..=max).contains(&degrees) {
        return Ok(());
    }
    Err(ApiError::field(
        field,
        format!("must be within ±{max} degrees"),
    ))
}

pub(crate) fn known_class(field: &str, class: &str) -> Result<ClassCode, ApiError> {
    let code: ClassCode =
        class
            .parse()
            .map_err(|invalid: crate::catalogue::InvalidClassCode| {
                ApiError::field(field, invalid.to_string())
            })?;
    match Catalogue::shipped().class(code) {
        Some(class) => Ok(class.code),
        None => Err(ApiError::field(field, format!("there is no class {code}"))),
    }
}
