//! `/tiles`: the catalogue, TileJSON, and the tiles themselves; the same tiles by OGC API (`ogc`).

mod kept;
mod ogc;
mod query;
mod tile;

pub(crate) use ogc::CONFORMANCE_CLASSES;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::kept::kept_tile;
use super::{Grid, Layer};
use crate::access::{Person, RecentPerson};
use crate::http::{ApiError, App, PathParams, QueryParams, origin};

/// What describes the tiles, for signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(catalogue))
        .routes(routes!(tile_json))
        .merge(ogc::routes())
}

/// The tiles themselves, for signed-in people.
pub fn tile_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(tile::tile))
        .merge(ogc::tile_routes())
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

/// One layer or several, separated by commas.
fn layers_named(names: &str) -> Result<Vec<Layer>, ApiError> {
    let mut layers = Vec::new();
    for name in names.split(',') {
        let unknown = |()| format!("there is no layer {name}; /tiles lists them");
        let layer = name.parse().map_err(unknown).map_err(ApiError::not_found)?;
        if layers.contains(&layer) {
            return Err(ApiError::field("layer", format!("{name} is there twice")));
        }
        layers.push(layer);
    }
    Ok(layers)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TileJsonQuery {
    /// How the world is divided into tiles; by default `WebMercatorQuad`.
    #[param(inline)]
    grid: Option<Grid>,
}

/// TileJSON 3 of a layer or, separated by commas, several; its tile URLs are absolute for the host
/// that was asked. Of another grid than `WebMercatorQuad` it is for clients that know that one.
#[utoipa::path(get, path = "/tiles/{layer}", tag = "tiles", params(("layer" = String, Path), TileJsonQuery), responses(
    (status = 200, description = "TileJSON 3.0.0"), (status = 404, description = "no such layer"),
))]
async fn tile_json(
    _person: RecentPerson,
    State(app): State<App>,
    headers: HeaderMap,
    PathParams(names): PathParams<String>,
    QueryParams(TileJsonQuery { grid }): QueryParams<TileJsonQuery>,
) -> Result<Json<Value>, ApiError> {
    let layers = layers_named(&names)?;
    let grid = grid.unwrap_or_default();
    let query = match grid {
        Grid::WebMercatorQuad => String::new(),
        Grid::CGCS2000Quad => format!("?grid={}", grid.name()),
    };
    let vector_layers: Vec<Value> = layers
        .iter()
        .flat_map(|layer| layer.vector_layers_json())
        .collect();
    let descriptions: Vec<&str> = layers.iter().map(|layer| layer.description()).collect();
    let zoom_max = layers.iter().map(|layer| match &app.basemap_file {
        Some(file) if *layer == Layer::Basemap => file.zoom_max(),
        _ => layer.zoom_max(),
    });
    Ok(Json(json!({
        "tilejson": "3.0.0",
        "name": names,
        "description": descriptions.join("; "),
        "tiles": [format!("{}/tiles/{names}/{{z}}/{{x}}/{{y}}{query}", origin(&headers))],
        "minzoom": grid.zoom_min(),
        "maxzoom": zoom_max.max(),
        "vector_layers": vector_layers,
    })))
}
