//! What there is: the landing page, conformance, collections and what can be asked of them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::{GEOJSON, known};
use crate::access::Person;
use crate::features::collection::{Collection, Kind};
use crate::features::crs::Crs;
use crate::features::store;
use crate::http::{ApiError, App, PathParams, ogc_link};
use crate::tiles::{self, Layer};

const CONFORMANCE: &str = "http://www.opengis.net/def/rel/ogc/1.0/conformance";
const GEO_DATA: &str = "http://www.opengis.net/def/rel/ogc/1.0/data";
const TILING_SCHEMES: &str = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes";
const TILESETS_VECTOR: &str = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector";
pub(super) const QUERYABLES: &str = "http://www.opengis.net/def/rel/ogc/1.0/queryables";

const JSON: &str = "application/json";
pub(super) const SCHEMA: &str = "application/schema+json";
pub(super) const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";

/// Where everything is.
#[utoipa::path(get, path = "/ogc", tag = "ogc", responses((status = 200, description = "the landing page")))]
pub(super) async fn landing(_person: Person, headers: HeaderMap) -> Json<Value> {
    let mut links = vec![
        ogc_link(&headers, "self", JSON, ""),
        ogc_link(&headers, "service-desc", OPENAPI, "/api"),
        ogc_link(&headers, "conformance", JSON, "/conformance"),
        ogc_link(&headers, CONFORMANCE, JSON, "/conformance"),
        ogc_link(&headers, "data", JSON, "/collections"),
        ogc_link(&headers, GEO_DATA, JSON, "/collections"),
        ogc_link(&headers, TILING_SCHEMES, JSON, "/tileMatrixSets"),
    ];
    // programs for features take every collection for one of features
    links.extend(of_tiles_alone().map(|layer| {
        let path = format!("/collections/{}/tiles", layer.name());
        let mut link = ogc_link(&headers, TILESETS_VECTOR, JSON, &path);
        link["title"] = json!(layer.description());
        link
    }));
    Json(json!({
        "title": "Cityward",
        "description": "the city's components, cells, responsibilities, cameras and cases",
        "links": links,
    }))
}

/// Of features; tiles say their own.
const CLASSES: [&str; 27] = [
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/landing-page",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/create-replace-delete",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/update",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/optimistic-locking-etags",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/features",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/case-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/accent-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/temporal-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/property-property",
    "http://www.opengis.net/spec/cql2/1.0/conf/arithmetic",
];

/// Which parts of the standards it keeps to.
#[utoipa::path(get, path = "/ogc/conformance", tag = "ogc",
    responses((status = 200, description = "the conformance classes")))]
pub(super) async fn conformance(_person: Person) -> Json<Value> {
    let classes: Vec<&str> = CLASSES
        .into_iter()
        .chain(tiles::CONFORMANCE_CLASSES)
        .collect();
    Json(json!({ "conformsTo": classes }))
}

type Extent = Option<([f64; 4], DateTime<Utc>)>;

fn described(headers: &HeaderMap, name: &str, extent: &Extent) -> Option<Value> {
    let (features, layer) = (Collection::named(name), name.parse::<Layer>().ok());
    let description = match (features, layer) {
        (Some(collection), _) => collection.description(),
        (None, Some(layer)) => layer.description(),
        (None, None) => return None,
    };
    let own = format!("/collections/{name}");
    let mut links = vec![ogc_link(headers, "self", JSON, &own)];
    let mut members = Map::new();
    if features.is_some() {
        links.push(ogc_link(headers, "items", GEOJSON, &format!("{own}/items")));
        let queryables = format!("{own}/queryables");
        links.push(ogc_link(headers, QUERYABLES, SCHEMA, &queryables));
        members.insert("itemType".to_owned(), json!("feature"));
        members.insert("crs".to_owned(), json!(Crs::ALL.map(Crs::uri)));
        members.insert("storageCrs".to_owned(), json!(Crs::Crs84.uri()));
        if let Some((corners, began)) = extent {
            let began = began.to_rfc3339_opts(SecondsFormat::Secs, true);
            let extent = json!({
                "spatial": { "bbox": [corners], "crs": Crs::Crs84.uri() },
                "temporal": { "interval": [[began, null]] },
            });
            members.insert("extent".to_owned(), extent);
        }
    }
    if layer.is_some() {
        let tilesets = format!("{own}/tiles");
        links.push(ogc_link(headers, TILESETS_VECTOR, JSON, &tilesets));
    }
    members.insert("id".to_owned(), json!(name));
    members.insert("title".to_owned(), json!(name));
    members.insert("description".to_owned(), json!(description));
    members.insert("links".to_owned(), json!(links));
    Some(Value::Object(members))
}

async fn extent(app: &App, person: &Person) -> Result<Extent, ApiError> {
    let mut tx = app.scoped(person).await?;
    let extent = store::extent(&mut tx).await?;
    tx.commit().await?;
    Ok(extent)
}

/// Layers whose tiles have no features beside them.
fn of_tiles_alone() -> impl Iterator<Item = Layer> {
    let of_features = Collection::ALL.map(Collection::name);
    let layers = Layer::ALL.into_iter();
    layers.filter(move |layer| !of_features.contains(&layer.name()))
}

/// The collections of features; those that are tiles alone the landing page names.
#[utoipa::path(get, path = "/ogc/collections", tag = "ogc",
    responses((status = 200, description = "the collections")))]
pub(super) async fn collections(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let extent = extent(&app, &person).await?;
    let all: Vec<Value> = Collection::ALL
        .into_iter()
        .filter_map(|collection| described(&headers, collection.name(), &extent))
        .collect();
    Ok(Json(json!({
        "links": [ogc_link(&headers, "self", JSON, "/collections")],
        "crs": Crs::ALL.map(Crs::uri),
        "collections": all,
    })))
}

/// One collection.
#[utoipa::path(get, path = "/ogc/collections/{collection}", tag = "ogc",
    params(("collection" = String, Path)), responses(
    (status = 200, description = "the collection"), (status = 404, description = "no such collection"),
))]
pub(super) async fn collection(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> Result<Json<Value>, ApiError> {
    let extent = extent(&app, &person).await?;
    let unknown = || format!("there is no collection {name}; /ogc/collections lists them");
    described(&headers, &name, &extent)
        .map(Json)
        .ok_or_else(|| ApiError::not_found(unknown()))
}

/// What can be asked of a collection, as a JSON Schema.
#[utoipa::path(get, path = "/ogc/collections/{collection}/queryables", tag = "ogc",
    params(("collection" = String, Path)), responses(
    (status = 200, description = "its properties", content_type = "application/schema+json"),
    (status = 404, description = "no such collection"),
))]
pub(super) async fn queryables(
    _person: Person,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
) -> Result<Response, ApiError> {
    let collection = known(&name)?;
    let mut properties: Map<String, Value> = collection
        .properties()
        .iter()
        .map(|property| {
            let mut schema = schema_of(property.kind);
            schema["title"] = json!(property.meaning);
            (property.name.to_owned(), schema)
        })
        .collect();
    let place = json!({
        "title": "where it is",
        "x-ogc-role": "primary-geometry",
        "format": collection.geometry_type(),
    });
    properties.insert("geometry".to_owned(), place);
    let own = ogc_link(
        &headers,
        "self",
        SCHEMA,
        &format!("/collections/{name}/queryables"),
    );
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": own["href"],
        "type": "object",
        "title": name,
        "properties": properties,
        "additionalProperties": false,
    });
    Ok(([(header::CONTENT_TYPE, SCHEMA)], schema.to_string()).into_response())
}

pub(super) fn schema_of(kind: Kind) -> Value {
    match kind {
        Kind::Text | Kind::Geometry => json!({ "type": "string" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::Instant => json!({ "type": "string", "format": "date-time" }),
    }
}
