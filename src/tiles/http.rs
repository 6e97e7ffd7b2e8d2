//! `/tiles`: the catalogue, TileJSON, and the tiles themselves.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Layer, TileCoord, TileCoordError, encode, store};
use crate::access::Person;
use crate::http::{ApiError, App, PathParams};
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
    params(("layer" = String, Path), ("z" = u8, Path), ("x" = u32, Path), ("y" = u32, Path)),
    responses(
        (status = 200, description = "the tile; empty where nothing is", content_type = "application/vnd.mapbox-vector-tile"),
        (status = 304, description = "If-None-Match is still true"),
        (status = 400, description = "outside the tile grid"), (status = 404, description = "no such layer"),
    ))]
async fn tile(
    _person: Person,
    State(app): State<App>,
    headers: HeaderMap,
    PathParams((name, z, x, y)): PathParams<(String, u8, u32, u32)>,
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
    // a place among the encoders is taken before the database is asked: a burst waits here, bounded
    let _place = app
        .tile_places
        .acquire()
        .await
        .map_err(anyhow::Error::from)?;
    let rows = store::list(&app.db, layer, tile).await?;
    let bytes = tokio::task::spawn_blocking(move || encode::encode(&rows))
        .await
        .map_err(anyhow::Error::from)??;
    metrics::histogram!(telemetry::TILE_SECONDS, "layer" => layer.name()).record(started.elapsed());

    let etag = format!("\"{}\"", hex(&Sha256::digest(&bytes)[..12]));
    let unchanged = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| {
            // a compressing layer or proxy may have made it weak
            known
                .split(',')
                .any(|one| one.trim().trim_start_matches("W/") == etag || one.trim() == "*")
        });
    let result = if unchanged { "not_modified" } else { "made" };
    metrics::counter!(telemetry::TILES, "layer" => layer.name(), "result" => result).increment(1);
    let etag = HeaderValue::from_str(&etag).map_err(anyhow::Error::from)?;
    let fixed = [
        (header::ETAG, etag),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        ),
    ];
    if unchanged {
        return Ok((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    Ok((
        fixed,
        [(header::CONTENT_TYPE, "application/vnd.mapbox-vector-tile")],
        bytes,
    )
        .into_response())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}
