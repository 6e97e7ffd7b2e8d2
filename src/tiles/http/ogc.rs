//! The same tiles by OGC API - Tiles - Part 1 (OGC 20-057), under `/ogc`.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::query::TileQuery;
use super::tile::{MEDIA_TYPE, send};
use super::{layers_named, origin};
use crate::access::RecentPerson;
use crate::http::{ApiError, App, PathParams, QueryParams};
use crate::tiles::{Layer, TileCoord, TileCoordError};

/// For signed-in people.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(landing))
        .routes(routes!(conformance))
        .routes(routes!(collections))
        .routes(routes!(collection))
        .routes(routes!(tile_matrix_sets))
        .routes(routes!(tile_matrix_set))
        .routes(routes!(tilesets))
        .routes(routes!(tileset))
        .routes(routes!(tile))
}

/// The tile matrix set there is; OGC 17-083r4, Annex D.1.
const WEB_MERCATOR_QUAD: &str = "WebMercatorQuad";
const WEB_MERCATOR_QUAD_URI: &str =
    "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad";
const EPSG_3857: &str = "http://www.opengis.net/def/crs/EPSG/0/3857";
/// Half the world's width in metres of EPSG:3857.
const HALF_WORLD_M: f64 = 20_037_508.342_789_244;
/// A pixel of 0.28 mm, as the standard has it, 256 a tile.
const SCALE_OF_ZOOM_0: f64 = 559_082_264.028_717_8;
const CELL_OF_ZOOM_0_M: f64 = 156_543.033_928_041;
const GEO_DATA: &str = "http://www.opengis.net/def/rel/ogc/1.0/data";
const TILESETS_VECTOR: &str = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector";
const TILING_SCHEME: &str = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme";
const TILING_SCHEMES: &str = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes";
const CONFORMANCE: &str = "http://www.opengis.net/def/rel/ogc/1.0/conformance";

fn link(headers: &HeaderMap, rel: &str, media_type: &str, path: &str) -> Value {
    json!({ "rel": rel, "type": media_type, "href": format!("{}/ogc{path}", origin(headers)) })
}

fn json_link(headers: &HeaderMap, rel: &str, path: &str) -> Value {
    link(headers, rel, "application/json", path)
}

/// Where everything is.
#[utoipa::path(get, path = "/ogc", tag = "ogc", responses((status = 200, description = "the landing page")))]
async fn landing(_person: RecentPerson, headers: HeaderMap) -> Json<Value> {
    let api = format!("{}/openapi.json", origin(&headers));
    Json(json!({
        "title": "Cityward",
        "description": "the city's components, cells, cameras and open cases",
        "links": [
            json_link(&headers, "self", ""),
            { "rel": "service-desc", "type": "application/vnd.oai.openapi+json;version=3.1", "href": api },
            json_link(&headers, "conformance", "/conformance"),
            json_link(&headers, CONFORMANCE, "/conformance"),
            json_link(&headers, "data", "/collections"),
            json_link(&headers, GEO_DATA, "/collections"),
            json_link(&headers, TILING_SCHEMES, "/tileMatrixSets"),
        ],
    }))
}

/// Which parts of the standards it keeps to.
#[utoipa::path(get, path = "/ogc/conformance", tag = "ogc",
    responses((status = 200, description = "the conformance classes")))]
async fn conformance(_person: RecentPerson) -> Json<Value> {
    Json(json!({ "conformsTo": [
        "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
        "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/landing-page",
        "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
        "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
        "http://www.opengis.net/spec/tms/2.0/conf/tilematrixset",
        "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
    ] }))
}

fn collection_of(headers: &HeaderMap, layer: Layer) -> Value {
    let own = format!("/collections/{}", layer.name());
    json!({
        "id": layer.name(),
        "title": layer.name(),
        "description": layer.description(),
        "links": [
            json_link(headers, "self", &own),
            json_link(headers, TILESETS_VECTOR, &format!("{own}/tiles")),
        ],
    })
}

/// The layers there are.
#[utoipa::path(get, path = "/ogc/collections", tag = "ogc",
    responses((status = 200, description = "the collections")))]
async fn collections(_person: RecentPerson, headers: HeaderMap) -> Json<Value> {
    let all = Layer::ALL.map(|layer| collection_of(&headers, layer));
    let links = [json_link(&headers, "self", "/collections")];
    Json(json!({ "links": links, "collections": all }))
}

/// One layer.
#[utoipa::path(get, path = "/ogc/collections/{layer}", tag = "ogc", params(("layer" = String, Path)), responses(
    (status = 200, description = "the collection"), (status = 404, description = "no such layer"),
))]
async fn collection(
    _person: RecentPerson,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(collection_of(&headers, one_layer(&name)?)))
}

fn one_layer(name: &str) -> Result<Layer, ApiError> {
    match layers_named(name)?[..] {
        [layer] => Ok(layer),
        _ => Err(ApiError::not_found("a collection is one layer")),
    }
}

fn known_matrix_set(name: &str) -> Result<(), ApiError> {
    if name == WEB_MERCATOR_QUAD {
        Ok(())
    } else {
        let detail = format!("there is no tile matrix set {name}; /ogc/tileMatrixSets lists them");
        Err(ApiError::not_found(detail))
    }
}

/// The grids there are.
#[utoipa::path(get, path = "/ogc/tileMatrixSets", tag = "ogc",
    responses((status = 200, description = "the tile matrix sets")))]
async fn tile_matrix_sets(_person: RecentPerson, headers: HeaderMap) -> Json<Value> {
    Json(json!({ "tileMatrixSets": [{
        "id": WEB_MERCATOR_QUAD,
        "uri": WEB_MERCATOR_QUAD_URI,
        "crs": EPSG_3857,
        "links": [json_link(&headers, "self", &format!("/tileMatrixSets/{WEB_MERCATOR_QUAD}"))],
    }] }))
}

/// A grid, zoom by zoom.
#[utoipa::path(get, path = "/ogc/tileMatrixSets/{tms}", tag = "ogc", params(("tms" = String, Path)), responses(
    (status = 200, description = "the tile matrix set"), (status = 404, description = "no such grid"),
))]
async fn tile_matrix_set(
    _person: RecentPerson,
    PathParams(name): PathParams<String>,
) -> Result<Json<Value>, ApiError> {
    known_matrix_set(&name)?;
    let matrix = |z: u8| {
        let tiles = 1_u64 << z;
        json!({
            "id": z.to_string(),
            "scaleDenominator": SCALE_OF_ZOOM_0 / tiles as f64,
            "cellSize": CELL_OF_ZOOM_0_M / tiles as f64,
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": [-HALF_WORLD_M, HALF_WORLD_M],
            "tileWidth": 256,
            "tileHeight": 256,
            "matrixWidth": tiles,
            "matrixHeight": tiles,
        })
    };
    let matrices: Vec<Value> = (0..=TileCoord::ZOOM_MAX).map(matrix).collect();
    Ok(Json(json!({
        "id": WEB_MERCATOR_QUAD,
        "title": "Google Maps Compatible for the World",
        "uri": WEB_MERCATOR_QUAD_URI,
        "crs": EPSG_3857,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": matrices,
    })))
}

fn tileset_of(headers: &HeaderMap, layer: Layer) -> Value {
    let own = format!("/collections/{}/tiles/{WEB_MERCATOR_QUAD}", layer.name());
    let template = format!("{own}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}");
    let mut item = link(headers, "item", MEDIA_TYPE, &template);
    item["templated"] = json!(true);
    json!({
        "title": layer.name(),
        "description": layer.description(),
        "dataType": "vector",
        "crs": EPSG_3857,
        "tileMatrixSetURI": WEB_MERCATOR_QUAD_URI,
        "links": [
            json_link(headers, "self", &own),
            json_link(headers, TILING_SCHEME, &format!("/tileMatrixSets/{WEB_MERCATOR_QUAD}")),
            item,
        ],
        "layers": layer.vector_layers().iter().map(|inner| json!({
            "id": inner.id,
            "dataType": "vector",
            "maxTileMatrix": layer.zoom_max().to_string(),
            "propertiesSchema": {
                "type": "object",
                "properties": inner.fields.iter().map(|(name, meaning)| {
                    ((*name).to_owned(), json!({ "description": meaning }))
                }).collect::<serde_json::Map<String, Value>>(),
            },
        })).collect::<Vec<_>>(),
    })
}

/// The tilesets of a layer.
#[utoipa::path(get, path = "/ogc/collections/{layer}/tiles", tag = "ogc", params(("layer" = String, Path)),
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
    Ok(Json(
        json!({ "links": links, "tilesets": [tileset_of(&headers, layer)] }),
    ))
}

/// The tiles of a layer in a grid.
#[utoipa::path(get, path = "/ogc/collections/{layer}/tiles/{tms}", tag = "ogc",
    params(("layer" = String, Path), ("tms" = String, Path)), responses(
    (status = 200, description = "the tileset"), (status = 404, description = "no such layer or grid"),
))]
async fn tileset(
    _person: RecentPerson,
    headers: HeaderMap,
    PathParams((name, tms)): PathParams<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    known_matrix_set(&tms)?;
    Ok(Json(tileset_of(&headers, one_layer(&name)?)))
}

/// A tile: the one of `/tiles/{layer}/{z}/{x}/{y}`, with the row before the column.
#[utoipa::path(get, path = "/ogc/collections/{layer}/tiles/{tms}/{z}/{row}/{col}", tag = "ogc",
    params(("layer" = String, Path), ("tms" = String, Path), ("z" = u8, Path), ("row" = u32, Path),
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
    known_matrix_set(&tms)?;
    // 20-057, requirement /req/core/tc-error: what is outside the limits is not found
    let outside = |error: TileCoordError| ApiError::not_found(error.to_string());
    let tile = TileCoord::new_checked(z, col, row).map_err(outside)?;
    send(&app, &person, &headers, &[layer], tile, &query).await
}
