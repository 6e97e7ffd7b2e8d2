//! `/tiles`: the catalogue, TileJSON, and the tiles themselves.

use std::cell::RefCell;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::follow::NotReached;
use super::points::Scratch;
use super::store::{self, InvalidLsn};
use super::{Layer, TileCoord, TileCoordError, encode};
use crate::access::Person;
use crate::http::{ApiError, App, PathParams, QueryParams};
use crate::telemetry;

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(catalogue))
        .routes(routes!(tile_json))
        .routes(routes!(tile))
}

#[derive(Serialize, ToSchema)]
struct TileCatalogue {
    layers: Vec<CatalogueEntry>,
}

#[derive(Serialize, ToSchema)]
struct CatalogueEntry {
    name: Layer,
    description: &'static str,
    tilejson: String,
}

/// The layers there are.
#[utoipa::path(get, path = "/tiles", tag = "tiles", responses((status = 200, body = TileCatalogue)))]
async fn catalogue(_person: Person) -> Json<TileCatalogue> {
    let entry = |layer: Layer| CatalogueEntry {
        name: layer,
        description: layer.description(),
        tilejson: format!("/tiles/{}", layer.name()),
    };
    Json(TileCatalogue {
        layers: Layer::ALL.into_iter().map(entry).collect(),
    })
}

fn layer_named(name: &str) -> Result<Layer, ApiError> {
    name.parse()
        .map_err(|()| ApiError::not_found(format!("there is no layer {name}; /tiles lists them")))
}

/// TileJSON 3 of a layer; its tile URLs are absolute for the host that was asked.
#[utoipa::path(get, path = "/tiles/{layer}", tag = "tiles", params(("layer" = String, Path)), responses(
    (status = 200, description = "TileJSON 3.0.0"), (status = 404, description = "no such layer"),
))]
async fn tile_json(
    _person: Person,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> Result<Json<Value>, ApiError> {
    let layer = layer_named(&name)?;
    let vector_layers: Vec<Value> = layer
        .vector_layers()
        .iter()
        .map(|inner| {
            let fields: serde_json::Map<String, Value> = inner
                .fields
                .iter()
                .map(|(name, meaning)| ((*name).to_owned(), json!(meaning)))
                .collect();
            json!({ "id": inner.id, "fields": fields })
        })
        .collect();
    Ok(Json(json!({
        "tilejson": "3.0.0",
        "name": layer.name(),
        "description": layer.description(),
        "tiles": [format!("{}/tiles/{}/{{z}}/{{x}}/{{y}}", origin(&headers), layer.name())],
        "minzoom": 0,
        "maxzoom": layer.zoom_max(),
        "vector_layers": vector_layers,
    })))
}

/// Where the client thinks we are: what a proxy in front says, else the Host header.
fn origin(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text("x-forwarded-proto")
        .filter(|scheme| *scheme == "https")
        .unwrap_or("http");
    let host = text("x-forwarded-host")
        .or_else(|| text("host"))
        .unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        String::new()
    } else {
        format!("{scheme}://{host}")
    }
}

/// A tile: MVT 2.1, extent 4096.
#[utoipa::path(get, path = "/tiles/{layer}/{z}/{x}/{y}", tag = "tiles",
    params(("layer" = String, Path), ("z" = u8, Path), ("x" = u32, Path), ("y" = u32, Path), TileQuery),
    responses(
        (status = 200, description = "the tile; empty where nothing is", content_type = "application/vnd.mapbox-vector-tile"),
        (status = 304, description = "If-None-Match is still true"),
        (status = 400, description = "outside the tile grid"), (status = 404, description = "no such layer"),
        (status = 503, description = "the commit asked for has not been reached; see Retry-After"),
    ))]
async fn tile(
    _person: Person,
    State(app): State<App>,
    headers: HeaderMap,
    PathParams((name, z, x, y)): PathParams<(String, u8, u32, u32)>,
    QueryParams(query): QueryParams<TileQuery>,
) -> Result<Response, ApiError> {
    let layer = layer_named(&name)?;
    let tile = TileCoord::new_checked(z, x, y).map_err(|error| {
        let field = match &error {
            TileCoordError::Zoom => "z".to_owned(),
            TileCoordError::Outside { axis, .. } => axis.to_string(),
        };
        ApiError::field(field, error.to_string())
    })?;

    let started = Instant::now();
    let (etag, bytes) = match layer.sql() {
        Some(sql) => queried(&app, sql, tile).await?,
        None => {
            if let Some(lsn) = &query.min_lsn {
                let lsn = lsn
                    .parse()
                    .map_err(|error: InvalidLsn| ApiError::field("min_lsn", error.to_string()))?;
                app.component_tiles.reach(lsn).await.map_err(not_reached)?;
            }
            let version = app.component_tiles.version(tile).await;
            if is_known(&headers, &version.to_string()) {
                return not_modified(layer, &version.to_string());
            }
            held(&app, tile).await?
        }
    };
    metrics::histogram!(telemetry::TILE_SECONDS, "layer" => layer.name()).record(started.elapsed());
    if is_known(&headers, &etag) {
        return not_modified(layer, &etag);
    }
    count(layer, "made");
    let media_type = [(header::CONTENT_TYPE, "application/vnd.mapbox-vector-tile")];
    Ok((fixed_headers(&etag)?, media_type, bytes).into_response())
}

/// What a tile may be asked beside its place.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TileQuery {
    /// `pg_current_wal_lsn()` after a commit: the tile waits until it holds it.
    #[param(example = "16/B374D848")]
    min_lsn: Option<String>,
}

fn not_reached(error: NotReached) -> ApiError {
    ApiError::Refused {
        status: StatusCode::SERVICE_UNAVAILABLE,
        kind: "commit-not-reached",
        detail: error.to_string(),
        errors: Vec::new(),
        retry_after_s: Some(1),
    }
}

/// A tile of a layer that is a query; its version is a digest of its bytes.
async fn queried(
    app: &App,
    sql: &'static str,
    tile: TileCoord,
) -> Result<(String, Vec<u8>), ApiError> {
    // a place among the encoders is taken before the database is asked: a burst waits here, bounded
    let _place = app
        .tile_places
        .acquire()
        .await
        .map_err(anyhow::Error::from)?;
    let rows = store::list(&app.db, sql, tile).await?;
    let bytes = tokio::task::spawn_blocking(move || encode::encode(&rows))
        .await
        .map_err(anyhow::Error::from)??;
    Ok((hex::encode(&Sha256::digest(&bytes)[..12]), bytes))
}

thread_local! {
    /// Tables that the encoder would otherwise make for every tile.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A tile of the components in memory.
async fn held(app: &App, tile: TileCoord) -> Result<(String, Vec<u8>), ApiError> {
    let _place = app
        .tile_places
        .acquire()
        .await
        .map_err(anyhow::Error::from)?;
    let tiles = app.component_tiles.clone();
    let make = move || SCRATCH.with_borrow_mut(|scratch| tiles.tile(tile, scratch));
    let (version, bytes) = tokio::task::spawn_blocking(make)
        .await
        .map_err(anyhow::Error::from)?;
    Ok((version.to_string(), bytes))
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| {
            known.split(',').map(str::trim).any(|one| {
                // a compressing layer or proxy may have made it weak
                one == "*" || one.trim_start_matches("W/").trim_matches('"') == etag
            })
        })
}

fn not_modified(layer: Layer, etag: &str) -> Result<Response, ApiError> {
    count(layer, "not_modified");
    Ok((StatusCode::NOT_MODIFIED, fixed_headers(etag)?).into_response())
}

fn count(layer: Layer, result: &'static str) {
    metrics::counter!(telemetry::TILES, "layer" => layer.name(), "result" => result).increment(1);
}

fn fixed_headers(etag: &str) -> Result<[(HeaderName, HeaderValue); 2], ApiError> {
    let etag = HeaderValue::from_str(&format!("\"{etag}\"")).map_err(anyhow::Error::from)?;
    let fresh = HeaderValue::from_static("private, no-cache");
    Ok([(header::ETAG, etag), (header::CACHE_CONTROL, fresh)])
}
