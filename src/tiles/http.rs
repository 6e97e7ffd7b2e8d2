//! `/tiles`: the catalogue, TileJSON, and the tiles themselves.

use std::cell::RefCell;
use std::sync::Arc;
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

use super::cache::{Kept, Source, TileKey};
use super::coding::{Accepted, Coding, Effort};
use super::follow::NotReached;
use super::points::Scratch;
use super::store::{self, InvalidLsn};
use super::{Layer, TileCoord, TileCoordError, encode};
use crate::access::{Person, RecentPerson};
use crate::http::{ApiError, App, PathParams, QueryParams};
use crate::telemetry;

/// Of a tile.
pub const MEDIA_TYPE: &str = "application/vnd.mapbox-vector-tile";

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

/// A tile: MVT 2.1, extent 4096; gzip, zstd or neither, as `Accept-Encoding` says.
#[utoipa::path(get, path = "/tiles/{layer}/{z}/{x}/{y}", tag = "tiles",
    params(("layer" = String, Path), ("z" = u8, Path), ("x" = u32, Path), ("y" = u32, Path), TileQuery),
    responses(
        (status = 200, description = "the tile", content_type = "application/vnd.mapbox-vector-tile"),
        (status = 204, description = "nothing is there"),
        (status = 304, description = "If-None-Match is still true"),
        (status = 400, description = "outside the tile grid"), (status = 404, description = "no such layer"),
        (status = 406, description = "Accept-Encoding takes none of gzip, zstd and identity"),
        (status = 503, description = "the commit asked for has not been reached; see Retry-After"),
    ))]
async fn tile(
    _person: RecentPerson,
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
    let accepted = Accepted::of(lines(&headers, header::ACCEPT_ENCODING));
    let Some(coding) = accepted.best() else {
        let detail = "tiles come as gzip, zstd or identity";
        return Err(ApiError::refused(
            StatusCode::NOT_ACCEPTABLE,
            "not-acceptable",
            detail,
        ));
    };

    let started = Instant::now();
    // a layer that is a query has no version before it is made
    let (source, made) = match layer.sql() {
        Some(sql) => {
            let bytes = queried(&app, sql, tile).await?;
            (Source::Digest(digest(&bytes)), Some(bytes))
        }
        None => {
            if let Some(lsn) = &query.min_lsn {
                let lsn = lsn
                    .parse()
                    .map_err(|error: InvalidLsn| ApiError::field("min_lsn", error.to_string()))?;
                app.component_tiles.reach(lsn).await.map_err(not_reached)?;
            }
            let version = app.component_tiles.version(tile).await;
            (Source::Version(version), None)
        }
    };
    if let Some(known) = known_tag(&headers, source, coding, accepted) {
        count(layer, "not_modified");
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        put_headers(&mut response, &known)?;
        return Ok(response);
    }
    let key = TileKey {
        layer,
        tile,
        source,
        coding,
    };
    let kept = match app.tile_cache.get(&key) {
        Some(kept) => {
            count(layer, "kept");
            kept
        }
        None => {
            let make = pack(&app, tile, source, coding, made);
            let kept = app.tile_cache.get_or_make(&key, make).await?;
            count(layer, "made");
            metrics::histogram!(telemetry::TILE_SECONDS, "layer" => layer.name())
                .record(started.elapsed());
            kept
        }
    };
    answer(&kept, coding)
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

/// A tile of a layer that is a query.
async fn queried(app: &App, sql: &'static str, tile: TileCoord) -> Result<Vec<u8>, ApiError> {
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
    Ok(bytes)
}

thread_local! {
    /// Tables that the encoder would otherwise make for every tile.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A tile ready to be sent: of `made`, or of the components in memory as they are now.
async fn pack(
    app: &App,
    tile: TileCoord,
    source: Source,
    coding: Coding,
    made: Option<Vec<u8>>,
) -> Result<Arc<Kept>, ApiError> {
    let _place = app
        .tile_places
        .acquire()
        .await
        .map_err(anyhow::Error::from)?;
    let tiles = app.component_tiles.clone();
    let pack = move || {
        let (source, bytes) = made.map_or_else(
            || {
                let (version, bytes) = SCRATCH.with_borrow_mut(|scratch| tiles.tile(tile, scratch));
                (Source::Version(version), bytes)
            },
            |bytes| (source, bytes),
        );
        Kept::pack(source, bytes, coding, Effort::Fast)
    };
    let kept = tokio::task::spawn_blocking(pack)
        .await
        .map_err(anyhow::Error::from)??;
    Ok(Arc::new(kept))
}

fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter();
    values.filter_map(|value| value.to_str().ok())
}

/// The tag of what the client has, if it is still true: of this source, in a coding it takes.
fn known_tag(
    headers: &HeaderMap,
    source: Source,
    coding: Coding,
    accepted: Accepted,
) -> Option<String> {
    let sent = headers.get_all(header::IF_NONE_MATCH).iter().next()?;
    let source = source.to_string();
    let known = sent.to_str().ok()?.split(',').map(str::trim);
    for one in known {
        if one == "*" {
            return Some(format!("{source}-{}", coding.mark(Effort::Fast)));
        }
        // a proxy may have made it weak
        let tag = one.trim_start_matches("W/").trim_matches('"');
        let mark = tag
            .strip_prefix(&source)
            .and_then(|rest| rest.strip_prefix('-'));
        if mark
            .and_then(Coding::of_mark)
            .is_some_and(|coding| accepted.takes(coding))
        {
            return Some(tag.to_owned());
        }
    }
    None
}

fn answer(kept: &Kept, coding: Coding) -> Result<Response, ApiError> {
    let tag = format!("{}-{}", kept.source, coding.mark(kept.effort));
    let mut response = if kept.bytes.is_empty() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let media_type = [(header::CONTENT_TYPE, MEDIA_TYPE)];
        let mut response = (media_type, kept.bytes.clone()).into_response();
        if let Some(name) = coding.name() {
            let coding = HeaderValue::from_static(name);
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, coding);
        }
        response
    };
    put_headers(&mut response, &tag)?;
    Ok(response)
}

fn put_headers(response: &mut Response, tag: &str) -> Result<(), ApiError> {
    let tag = HeaderValue::from_str(&format!("\"{tag}\"")).map_err(anyhow::Error::from)?;
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    let fresh = HeaderValue::from_static("private, no-cache");
    headers.insert(header::CACHE_CONTROL, fresh);
    let by_coding = HeaderValue::from_static("accept-encoding");
    headers.insert(header::VARY, by_coding);
    Ok(())
}

fn count(layer: Layer, result: &'static str) {
    metrics::counter!(telemetry::TILES, "layer" => layer.name(), "result" => result).increment(1);
}

/// Enough of a digest to tell tiles at one place apart.
fn digest(bytes: &[u8]) -> [u8; 12] {
    let whole: [u8; 32] = Sha256::digest(bytes).into();
    std::array::from_fn(|index| whole[index])
}
