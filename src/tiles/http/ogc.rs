//! The same tiles by OGC API - Tiles - Part 1 (OGC 20-057), under `/ogc`, whose landing page and
//! collections are those of features.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::layers_named;
use super::query::TileQuery;
use super::tile::{MEDIA_TYPE, send};
use crate::access::RecentPerson;
use crate::http::{ApiError, App, PathParams, QueryParams, ogc_link};
use crate::tiles::{Grid, Layer, TileCoord, TileCoordError};

/// For signed-in people.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(tile_matrix_sets))
        .routes(routes!(tile_matrix_set))
        .routes(routes!(tilesets))
        .routes(routes!(tileset))
}

pub(super) fn tile_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(tile))
}

/// What the standards say of a grid (OGC 17-083r4).
struct MatrixSet {
    title: &'static str,
    /// `None`: nobody has registered it.
    uri: Option<&'static str>,
    crs: &'static str,
    axes: [&'static str; 2],
    /// North-west corner of the world, in the order of the axes.
    origin: [f64; 2],
    /// Of a pixel at zoom 0, were there one, 256 a tile: units of the CRS, and how many times a
    /// pixel of 0.28 mm that is on the ground.
    cell_size: f64,
    scale: f64,
    well_known: Option<&'static str>,
}

/// Half the world's width in metres of EPSG:3857.
const HALF_WORLD_M: f64 = 20_037_508.342_789_244;
const SCALE_OF_ZOOM_0: f64 = 559_082_264.028_717_8;

/// Annex D.1.
const WEB_MERCATOR_QUAD: MatrixSet = MatrixSet {
    title: "Google Maps Compatible for the World",
    uri: Some("http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"),
    crs: "http://www.opengis.net/def/crs/EPSG/0/3857",
    axes: ["X", "Y"],
    origin: [-HALF_WORLD_M, HALF_WORLD_M],
    cell_size: 156_543.033_928_041,
    scale: SCALE_OF_ZOOM_0,
    well_known: Some("http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible"),
};

/// A degree is as long on the ground as on the equator of the ellipsoid.
const CGCS2000_QUAD: MatrixSet = MatrixSet {
    title: "CGCS2000 longitude and latitude, as 天地图 divides them (_c)",
    uri: None,
    crs: "http://www.opengis.net/def/crs/EPSG/0/4490",
    axes: ["Lat", "Lon"],
    origin: [90.0, -180.0],
    cell_size: 360.0 / 256.0,
    scale: SCALE_OF_ZOOM_0,
    well_known: None,
};

fn matrix_set_of(grid: Grid) -> &'static MatrixSet {
    match grid {
        Grid::WebMercatorQuad => &WEB_MERCATOR_QUAD,
        Grid::CGCS2000Quad => &CGCS2000_QUAD,
    }
}

const TILING_SCHEME: &str = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme";

fn json_link(headers: &HeaderMap, rel: &str, path: &str) -> Value {
    ogc_link(headers, rel, "application/json", path)
}

/// Which parts of the standards tiles keep to.
pub(crate) const CONFORMANCE_CLASSES: [&str; 7] = [
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
    "http://www.opengis.net/spec/tms/2.0/conf/tilematrixset",
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
];

fn one_layer(name: &str) -> Result<Layer, ApiError> {
    match layers_named(name)?[..] {
        [layer] => Ok(layer),
        _ => Err(ApiError::not_found("a collection is one layer")),
    }
}

fn grid_named(name: &str) -> Result<Grid, ApiError> {
    let unknown = || format!("there is no tile matrix set {name}; /ogc/tileMatrixSets lists them");
    Grid::named(name).ok_or_else(|| ApiError::not_found(unknown()))
}

/// The grids there are.
#[utoipa::path(get, path = "/ogc/tileMatrixSets", tag = "ogc",
    responses((status = 200, description = "the tile matrix sets")))]
async fn tile_matrix_sets(_person: RecentPerson, headers: HeaderMap) -> Json<Value> {
    let all = Grid::ALL.map(|grid| {
        let set = matrix_set_of(grid);
        json_of([
            ("id", json!(grid.name())),
            ("title", json!(set.title)),
            ("uri", json!(set.uri)),
            ("crs", json!(set.crs)),
            ("links", json!([matrix_set_link(&headers, "self", grid)])),
        ])
    });
    Json(json!({ "tileMatrixSets": all }))
}

/// An object of what is there.
fn json_of<const N: usize>(members: [(&str, Value); N]) -> Value {
    let there = members.into_iter().filter(|(_, value)| !value.is_null());
    there
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn matrix_set_link(headers: &HeaderMap, rel: &str, grid: Grid) -> Value {
    json_link(headers, rel, &format!("/tileMatrixSets/{}", grid.name()))
}

/// A grid, zoom by zoom.
#[utoipa::path(get, path = "/ogc/tileMatrixSets/{tms}", tag = "ogc", params(("tms" = String, Path)), responses(
    (status = 200, description = "the tile matrix set"), (status = 404, description = "no such grid"),
))]
async fn tile_matrix_set(
    _person: RecentPerson,
    PathParams(name): PathParams<String>,
) -> Result<Json<Value>, ApiError> {
    let grid = grid_named(&name)?;
    let set = matrix_set_of(grid);
    let matrix = |z: u8| {
        let (columns, rows) = grid.size(z);
        json!({
            "id": z.to_string(),
            "scaleDenominator": set.scale / f64::from(columns),
            "cellSize": set.cell_size / f64::from(columns),
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": set.origin,
            "tileWidth": 256,
            "tileHeight": 256,
            "matrixWidth": columns,
            "matrixHeight": rows,
        })
    };
    let matrices: Vec<Value> = (grid.zoom_min()..=TileCoord::ZOOM_MAX)
        .map(matrix)
        .collect();
    Ok(Json(json_of([
        ("id", json!(grid.name())),
        ("title", json!(set.title)),
        ("uri", json!(set.uri)),
        ("crs", json!(set.crs)),
        ("orderedAxes", json!(set.axes)),
        ("wellKnownScaleSet", json!(set.well_known)),
        ("tileMatrices", json!(matrices)),
    ])))
}

fn tileset_of(headers: &HeaderMap, layer: Layer, grid: Grid) -> Value {
    let set = matrix_set_of(grid);
    let own = format!("/collections/{}/tiles/{}", layer.name(), grid.name());
    let template = format!("{own}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}");
    let mut item = ogc_link(headers, "item", MEDIA_TYPE, &template);
    item["templated"] = json!(true);
    let layers = layer.vector_layers().iter().map(|inner| {
        let fields = inner.fields.iter();
        let properties: serde_json::Map<String, Value> = fields
            .map(|(name, meaning)| ((*name).to_owned(), json!({ "description": meaning })))
            .collect();
        json!({
            "id": inner.id,
            "dataType": "vector",
            "maxTileMatrix": layer.zoom_max().to_string(),
            "propertiesSchema": { "type": "object", "properties": properties },
        })
    });
    json_of([
        ("title", json!(layer.name())),
        ("description", json!(layer.description())),
        ("dataType", json!("vector")),
        ("crs", json!(set.crs)),
        ("tileMatrixSetURI", json!(set.uri)),
        (
            "links",
            json!([
                json_link(headers, "self", &own),
                matrix_set_link(headers, TILING_SCHEME, grid),
                item,
            ]),
        ),
        ("layers", layers.collect()),
    ])
}

/// The tilesets of a layer.
#[utoipa::path(get, path = "/ogc/collections/{collection}/tiles", tag = "ogc", params(("collection" = String, Path)),
    responses((status = 200, description = "its tilesets"), (status = 404, description = "no such layer")))]
async fn tilesets(
    _person: RecentPerson,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> Result<Json<Value>, ApiError> {
    let layer = one_layer(&name)?;
    let links = [json_link(
        &headers,
        "self",
        &format!("/collections/{name}/tiles"),
    )];
    let tilesets = Grid::ALL.map(|grid| tileset_of(&headers, layer, grid));
    Ok(Json(json!({ "links": links, "tilesets": tilesets })))
}

/// The tiles of a layer in a grid.
#[utoipa::path(get, path = "/ogc/collections/{collection}/tiles/{tms}", tag = "ogc",
    params(("collection" = String, Path), ("tms" = String, Path)), responses(
    (status = 200, description = "the tileset"), (status = 404, description = "no such layer or grid"),
))]
async fn tileset(
    _person: RecentPerson,
    headers: HeaderMap,
    PathParams((name, tms)): PathParams<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let grid = grid_named(&tms)?;
    Ok(Json(tileset_of(&headers, one_layer(&name)?, grid)))
}

/// A tile: the one of `/tiles/{layer}/{z}/{x}/{y}`, with the row before the column.
#[utoipa::path(get, path = "/ogc/collections/{collection}/tiles/{tms}/{z}/{row}/{col}", tag = "ogc",
    params(("collection" = String, Path), ("tms" = String, Path), ("z" = u8, Path), ("row" = u32, Path),
        ("col" = u32, Path), TileQuery),
    responses(
        (status = 200, description = "the tile", content_type = "application/vnd.mapbox-vector-tile"),
        (status = 204, description = "nothing is there"),
        (status = 304, description = "If-None-Match is still true"),
        (status = 400, description = "a filter the layer does not have"),
        (status = 404, description = "no such layer or grid, or outside of it"),
    ))]
async fn tile(
    RecentPerson(person): RecentPerson,
    State(app): State<App>,
    headers: HeaderMap,
    PathParams((name, tms, z, row, col)): PathParams<(String, String, u8, u32, u32)>,
    QueryParams(query): QueryParams<TileQuery>,
) -> Result<Response, ApiError> {
    let layer = one_layer(&name)?;
    let grid = grid_named(&tms)?;
    if query.grid.is_some() {
        return Err(ApiError::field("grid", "is what the path names"));
    }
    // 20-057, requirement /req/core/tc-error: what is outside the limits is not found
    let outside = |error: TileCoordError| ApiError::not_found(error.to_string());
    let tile = TileCoord::new_checked(grid, z, col, row).map_err(outside)?;
    send(&app, &person, &headers, &[layer], tile, &query).await
}
