//! A tile: found in the cache, or made.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use metrics::Counter;

use super::layers_named;
use super::query::TileQuery;
use crate::access::{Recent, RecentPerson};
use crate::http::{ApiError, App, PathParams, QueryParams};
use crate::telemetry;
use crate::tiles::areas::{self, AreaSet};
use crate::tiles::cache::{self, Kept, LayerKey, TileKey};
use crate::tiles::coding::{Accepted, Coding, Effort};
use crate::tiles::follow::TileVersion;
use crate::tiles::layer::Origin;
use crate::tiles::points::Scratch;
use crate::tiles::reached::NotReached;
use crate::tiles::source::PointSet;
use crate::tiles::store::{self, InvalidLsn, Lsn, TileRow};
use crate::tiles::{BasemapFile, Grid, Layer, TileCoord, TileCoordError, encode};

/// Of a tile.
pub(super) const MEDIA_TYPE: &str = "application/vnd.mapbox-vector-tile";
/// Where a tile is.
pub(super) const TILE_ROUTE: &str = "/tiles/{layer}/{z}/{x}/{y}";

/// A tile: MVT 2.1, extent 4096; gzip, zstd or neither, as `Accept-Encoding` says. Several layers,
/// separated by commas, come in one tile.
#[utoipa::path(get, path = "/tiles/{layer}/{z}/{x}/{y}", tag = "tiles",
    params(("layer" = String, Path), ("z" = u8, Path), ("x" = u32, Path), ("y" = u32, Path), TileQuery),
    responses(
        (status = 200, description = "the tile", content_type = "application/vnd.mapbox-vector-tile"),
        (status = 204, description = "nothing is there"),
        (status = 304, description = "If-None-Match is still true"),
        (status = 400, description = "outside the tile grid, or a filter the layer does not have"),
        (status = 404, description = "no such layer"),
        (status = 406, description = "Accept-Encoding takes none of gzip, zstd and identity"),
        (status = 503, description = "the commit asked for has not been reached; see Retry-After"),
    ))]
pub(super) async fn tile(
    RecentPerson(person): RecentPerson,
    State(app): State<App>,
    headers: HeaderMap,
    PathParams((names, z, x, y)): PathParams<(String, u8, u32, u32)>,
    QueryParams(query): QueryParams<TileQuery>,
) -> Result<Response, ApiError> {
    let layers = layers_named(&names)?;
    let grid = query.grid.unwrap_or_default();
    let tile = TileCoord::new_checked(grid, z, x, y).map_err(|error| {
        let field = match &error {
            TileCoordError::Zoom { .. } => "z".to_owned(),
            TileCoordError::Outside { axis, .. } => axis.to_string(),
        };
        ApiError::field(field, error.to_string())
    })?;
    send(&app, &person, &headers, &layers, tile, &query).await
}

/// The tile of these layers at a place, as this request may have it.
pub(super) async fn send(
    app: &App,
    person: &Recent,
    headers: &HeaderMap,
    layers: &[Layer],
    tile: TileCoord,
    query: &TileQuery,
) -> Result<Response, ApiError> {
    let accepted = Accepted::of(lines(headers, header::ACCEPT_ENCODING));
    let Some(coding) = accepted.best() else {
        let detail = "tiles come as gzip, zstd or identity";
        return Err(ApiError::refused(
            StatusCode::NOT_ACCEPTABLE,
            "not-acceptable",
            detail,
        ));
    };
    let started = Instant::now();
    if tile.grid() != Grid::default() {
        want(app, layers, tile.grid()).await?;
    }
    if let Some(lsn) = &query.min_lsn {
        let lsn = lsn
            .parse()
            .map_err(|error: InvalidLsn| ApiError::field("min_lsn", error.to_string()))?;
        reach(app, layers, lsn).await?;
    }
    let scope = if layers.iter().any(|layer| layer.is_scoped()) {
        Some(person.scope(app).await?)
    } else {
        None
    };
    let wanted = query.wanted(layers, scope.as_ref())?;
    let mut parts = Vec::with_capacity(layers.len());
    for (&layer, wanted) in layers.iter().zip(wanted) {
        let version = match layer.origin() {
            // what the query finds is at least as new as the version that was looked up before
            Origin::Query(_) => match basemap_file(app, tile) {
                Some(file) => file.version(),
                None => app.area_tiles.basemap_version(),
            },
            Origin::Points(set) => app.point_tiles.version(set, tile).await,
            Origin::Areas(set) => app.area_tiles.version(set, tile),
        };
        parts.push(LayerKey {
            layer,
            wanted,
            version,
        });
    }
    let key = TileKey {
        tile,
        layers: parts.into(),
        coding,
    };
    if let Some(known) = known_tag(headers, &key, accepted) {
        count(layers, Answered::NotModified);
        return not_modified(known);
    }
    let kept = match app.tile_cache.get(&key) {
        Some(kept) => {
            count(layers, Answered::Kept);
            kept
        }
        None => {
            let make = pack(app, &key);
            let kept = app.tile_cache.get_or_make(&key, make).await?;
            count(layers, Answered::Made);
            note_made(layers, started);
            kept
        }
    };
    answer(&kept, coding)
}

/// The archive that has the base map's tiles of the map's grid.
fn basemap_file(app: &App, tile: TileCoord) -> Option<&BasemapFile> {
    let file = app.basemap_file.as_deref();
    file.filter(|_| tile.grid() == Grid::WebMercatorQuad)
}

fn later(kind: &'static str, detail: impl ToString) -> ApiError {
    ApiError::Refused {
        status: StatusCode::SERVICE_UNAVAILABLE,
        kind,
        detail: detail.to_string(),
        errors: Vec::new(),
        retry_after_s: Some(1),
    }
}

/// Waits until these layers are held in a grid.
async fn want(app: &App, layers: &[Layer], grid: Grid) -> Result<(), ApiError> {
    for layer in layers {
        let held = match layer.origin() {
            Origin::Query(_) => Ok(()),
            Origin::Points(_) => app.point_tiles.want(grid).await,
            Origin::Areas(_) => app.area_tiles.want(grid).await,
        };
        held.map_err(|error| later("grid-not-ready", error))?;
    }
    Ok(())
}

/// Waits until everything up to this commit is in the tiles of these layers.
async fn reach(app: &App, layers: &[Layer], lsn: Lsn) -> Result<(), ApiError> {
    let not_reached = |error: NotReached| later("commit-not-reached", error);
    let points = |layer: &Layer| matches!(layer.origin(), Origin::Points(_));
    if layers.iter().any(points) {
        app.point_tiles.reach(lsn).await.map_err(not_reached)?;
    }
    if !layers.iter().all(points) {
        app.area_tiles.reach(lsn).await.map_err(not_reached)?;
    }
    Ok(())
}

thread_local! {
    /// Tables that the encoders would otherwise make for every tile.
    static SCRATCH: RefCell<(Scratch, areas::Scratch)> = RefCell::default();
}

/// What a layer's part of a tile is made from.
enum Found {
    Tile(Vec<u8>),
    Rows(Vec<TileRow>),
    Points(PointSet),
    Areas(AreaSet),
}

/// A tile in the making: its layers stand one after another.
struct Making {
    key: TileKey,
    bytes: Vec<u8>,
}

impl Making {
    fn of(key: &TileKey) -> Self {
        Self {
            key: key.clone(),
            bytes: Vec::new(),
        }
    }

    /// What the next layer holds, and the version that is of.
    fn put(&mut self, layer: usize, (version, own): (TileVersion, Vec<u8>)) {
        self.key.layers[layer].version = version;
        if self.bytes.is_empty() {
            self.bytes = own;
        } else {
            self.bytes.extend(own);
        }
    }

    fn pack(self) -> anyhow::Result<Arc<Kept>> {
        let name = self.key.name().into();
        Kept::pack(name, self.bytes, self.key.coding, Effort::Fast).map(Arc::new)
    }
}

/// A tile with so little in it that it is made where it was asked for: waking another thread would take
/// longer. `None`: it is not.
fn pack_at_once(app: &App, key: &TileKey) -> Option<anyhow::Result<Arc<Kept>>> {
    // of several one may be small in vain
    let [part] = &*key.layers else {
        return None;
    };
    let own = SCRATCH.with_borrow_mut(|(of_points, of_areas)| match part.layer.origin() {
        Origin::Query(_) => None,
        Origin::Points(set) => app
            .point_tiles
            .small_tile(set, key.tile, &part.wanted, of_points),
        Origin::Areas(set) => app.area_tiles.small_tile(set, key.tile, of_areas),
    });
    let mut making = Making::of(key);
    making.put(0, own?);
    Some(making.pack())
}

/// The same, and kept, by whoever asks: to wait for another who makes it would take longer. `None` where
/// it cannot be made, too: the longer way says why.
pub(super) fn make_at_once(app: &App, layers: &[Layer], key: &TileKey) -> Option<Arc<Kept>> {
    let started = Instant::now();
    let pack = AssertUnwindSafe(|| pack_at_once(app, key));
    let made = catch_unwind(pack).ok()??.ok()?;
    app.tile_cache.keep(key.clone(), Arc::clone(&made));
    note_made(layers, started);
    Some(made)
}

fn note_made(layers: &[Layer], started: Instant) {
    metrics::histogram!(telemetry::TILE_SECONDS, "layer" => label(layers))
        .record(started.elapsed());
}

/// A tile ready to be sent, of everything as it is now.
async fn pack(app: &App, key: &TileKey) -> Result<Arc<Kept>, ApiError> {
    if let Some(packed) = pack_at_once(app, key) {
        return Ok(packed?);
    }
    // a place among the encoders is taken before the database is asked: a burst waits here, bounded
    let _place = app
        .tile_places
        .acquire()
        .await
        .map_err(anyhow::Error::from)?;
    let mut found = Vec::with_capacity(key.layers.len());
    for part in &key.layers {
        found.push(match (part.layer.origin(), basemap_file(app, key.tile)) {
            (Origin::Query(_), Some(file)) => Found::Tile(file.tile(key.tile).await?),
            (Origin::Query(sql), None) => Found::Rows(store::list(&app.db, sql, key.tile).await?),
            (Origin::Points(set), _) => Found::Points(set),
            (Origin::Areas(set), _) => Found::Areas(set),
        });
    }
    let (points, areas) = (app.point_tiles.clone(), app.area_tiles.clone());
    let mut making = Making::of(key);
    let tile = key.tile;
    let pack = move || {
        for (layer, found) in found.into_iter().enumerate() {
            let part = &making.key.layers[layer];
            let own = SCRATCH.with_borrow_mut(|(of_points, of_areas)| {
                anyhow::Ok(match found {
                    Found::Tile(bytes) => (part.version, bytes),
                    Found::Rows(rows) => (part.version, encode::encode(&rows)?),
                    Found::Points(set) => points.tile(set, tile, &part.wanted, of_points),
                    Found::Areas(set) => areas.tile(set, tile, of_areas),
                })
            })?;
            making.put(layer, own);
        }
        making.pack()
    };
    let packed = tokio::task::spawn_blocking(pack).await;
    Ok(packed.map_err(anyhow::Error::from)??)
}

pub(super) fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter();
    values.filter_map(|value| value.to_str().ok())
}

/// The tag of what the client has, if it is still true: of this very tile, in a coding it takes.
pub(super) fn known_tag(headers: &HeaderMap, key: &TileKey, accepted: Accepted) -> Option<Bytes> {
    let sent = headers.get(header::IF_NONE_MATCH)?.to_str().ok()?;
    let name = key.name();
    let mark = sent.split(',').map(str::trim).find_map(|one| {
        if one == "*" {
            return Some(key.coding.mark(Effort::Fast));
        }
        // a proxy may have made it weak
        let tag = one.trim_start_matches("W/").trim_matches('"');
        let mark = tag.strip_prefix(&name)?.strip_prefix('-')?;
        let coding = Coding::of_mark(mark)?;
        accepted.takes(coding).then_some(mark)
    });
    mark.map(|mark| cache::tag(&name, mark))
}

pub(super) fn not_modified(tag: Bytes) -> Result<Response, ApiError> {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    put_headers(&mut response, tag)?;
    Ok(response)
}

pub(super) fn answer(kept: &Kept, coding: Coding) -> Result<Response, ApiError> {
    let mut response = if kept.bytes.is_empty() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let mut response = Response::new(kept.bytes.clone().into());
        let headers = response.headers_mut();
        let media_type = HeaderValue::from_static(MEDIA_TYPE);
        headers.insert(header::CONTENT_TYPE, media_type);
        if let Some(name) = coding.name() {
            let coding = HeaderValue::from_static(name);
            headers.insert(header::CONTENT_ENCODING, coding);
        }
        response
    };
    put_headers(&mut response, kept.tag.clone())?;
    Ok(response)
}

fn put_headers(response: &mut Response, tag: Bytes) -> Result<(), ApiError> {
    let headers = response.headers_mut();
    let tag = HeaderValue::from_maybe_shared(tag).map_err(anyhow::Error::from)?;
    headers.insert(header::ETAG, tag);
    let fresh = HeaderValue::from_static("private, no-cache");
    headers.insert(header::CACHE_CONTROL, fresh);
    let by_coding = HeaderValue::from_static("accept-encoding");
    headers.insert(header::VARY, by_coding);
    Ok(())
}

/// A layer's name, for metrics; several are counted as one.
fn label(layers: &[Layer]) -> &'static str {
    match layers {
        [only] => only.name(),
        _ => "composite",
    }
}

/// What an answer took.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answered {
    NotModified,
    Kept,
    Made,
}

/// Counters of each layer, and of several as one, found once.
static COUNTERS: LazyLock<HashMap<&'static str, [Counter; 3]>> = LazyLock::new(|| {
    let layers = Layer::ALL.map(|layer| label(&[layer]));
    let counters = layers.into_iter().chain([label(&[])]).map(|layer| {
        let results = ["not_modified", "kept", "made"];
        let counter =
            |result| metrics::counter!(telemetry::TILES, "layer" => layer, "result" => result);
        (layer, results.map(counter))
    });
    counters.collect()
});

pub(super) fn count(layers: &[Layer], answered: Answered) {
    if let Some(counters) = COUNTERS.get(label(layers)) {
        counters[answered as usize].increment(1);
    }
}
