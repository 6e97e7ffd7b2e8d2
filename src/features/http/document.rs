//! The OpenAPI 3.0 document of `/ogc`, for programs that know no newer one; it stands by itself.

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use super::GEOJSON;
use super::root::{OPENAPI, SCHEMA, schema_of};
use crate::access::Person;
use crate::features::collection::{Collection, Kind};
use crate::features::crs::Crs;
use crate::features::query::LIMIT_MAX;
use crate::http::origin;

/// What can be asked for here.
#[utoipa::path(get, path = "/ogc/api", tag = "ogc", responses(
    (status = 200, description = "OpenAPI 3.0", content_type = "application/vnd.oai.openapi+json;version=3.0"),
))]
pub(super) async fn api(_person: Person, headers: HeaderMap) -> Response {
    let body = document(&origin(&headers)).to_string();
    ([(header::CONTENT_TYPE, OPENAPI)], body).into_response()
}

fn document(origin: &str) -> Value {
    let mut paths = Map::new();
    let mut put = |path: String, item: Value| {
        paths.insert(path, item);
    };
    put("/".to_owned(), read("landing", "where everything is", JSON));
    put("/api".to_owned(), read("api", "this document", OPENAPI));
    put(
        "/conformance".to_owned(),
        read(
            "conformance",
            "which parts of the standards are kept to",
            JSON,
        ),
    );
    put(
        "/collections".to_owned(),
        read("collections", "the collections", JSON),
    );
    for collection in Collection::ALL {
        let name = collection.name();
        let own = format!("/collections/{name}");
        put(
            own.clone(),
            read(&format!("{name}.describe"), collection.description(), JSON),
        );
        put(
            format!("{own}/queryables"),
            read(
                &format!("{name}.queryables"),
                "what can be asked of it",
                SCHEMA,
            ),
        );
        put(format!("{own}/items"), items(collection));
        put(format!("{own}/items/{{feature}}"), item(collection));
    }
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Cityward features",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "OGC API - Features, parts 1 to 4, of a city",
        },
        "servers": [{ "url": format!("{origin}/ogc") }],
        "security": [{ "session": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": "cityward_session" },
            },
            "schemas": { "problem": {
                "type": "object",
                "required": ["type", "title", "status"],
                "properties": {
                    "type": { "type": "string" },
                    "title": { "type": "string" },
                    "status": { "type": "integer" },
                    "detail": { "type": "string" },
                },
            } },
        },
    })
}

const JSON: &str = "application/json";

fn answer(meaning: &str, media_type: &str) -> Value {
    let schema = json!({ "schema": { "type": "object" } });
    json!({ "description": meaning, "content": { media_type: schema } })
}

fn responses(more: &[(&str, Value)]) -> Value {
    let problem = json!({ "schema": { "$ref": "#/components/schemas/problem" } });
    let problem = json!({
        "description": "why not",
        "content": { "application/problem+json": problem },
    });
    let mut all = Map::new();
    for (status, response) in more {
        all.insert((*status).to_owned(), response.clone());
    }
    all.insert("default".to_owned(), problem);
    Value::Object(all)
}

fn read(id: &str, meaning: &str, media_type: &str) -> Value {
    json!({ "get": {
        "operationId": id,
        "summary": meaning,
        "responses": responses(&[("200", answer(meaning, media_type))]),
    } })
}

fn parameter(name: &str, meaning: &str, schema: &Value) -> Value {
    json!({
        "name": name,
        "in": "query",
        "description": meaning,
        "required": false,
        "schema": schema,
        "style": "form",
        "explode": false,
    })
}

fn items(collection: Collection) -> Value {
    let text = json!({ "type": "string" });
    let crs = json!({ "type": "string", "format": "uri", "enum": Crs::ALL.map(Crs::uri) });
    let numbers = json!({
        "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 6,
    });
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": 100 });
    let languages = json!({
        "type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text",
    });
    let mut parameters = vec![
        parameter("limit", "features in an answer", &limit),
        parameter("bbox", "the lower corner, then the upper one", &numbers),
        parameter("bbox-crs", "of these corners", &crs),
        parameter("datetime", "a moment or an interval", &text),
        parameter("crs", "of the answer", &crs),
        parameter("filter", "CQL2", &text),
        parameter("filter-lang", "how the filter is written", &languages),
        parameter("filter-crs", "of the filter's geometries", &crs),
    ];
    let own = collection.properties().iter();
    let own = own.filter(|property| property.kind != Kind::Geometry);
    parameters.extend(
        own.map(|property| parameter(property.name, property.meaning, &schema_of(property.kind))),
    );
    let name = collection.name();
    let mut methods = json!({ "get": {
        "operationId": format!("{name}.items"),
        "summary": collection.description(),
        "parameters": parameters,
        "responses": responses(&[("200", answer("a page of features", GEOJSON))]),
    } });
    if matches!(collection, Collection::Components | Collection::Cameras) {
        methods["post"] = json!({
            "operationId": format!("{name}.create"),
            "summary": "adds a feature",
            "requestBody": body(GEOJSON),
            "responses": responses(&[("201", json!({ "description": "added" }))]),
        });
    }
    methods
}

fn body(media_type: &str) -> Value {
    let schema = json!({ "schema": { "type": "object" } });
    json!({ "required": true, "content": { media_type: schema } })
}

fn item(collection: Collection) -> Value {
    let name = collection.name();
    let id = match collection.has_numbers() {
        true => json!({ "type": "integer" }),
        false => json!({ "type": "string" }),
    };
    let feature = json!({ "name": "feature", "in": "path", "required": true, "schema": id });
    let mut methods = json!({
        "parameters": [feature],
        "get": {
            "operationId": format!("{name}.item"),
            "summary": "one feature",
            "responses": responses(&[("200", answer("the feature", GEOJSON))]),
        },
    });
    let written = match collection {
        Collection::Components | Collection::Cameras => "204",
        Collection::Cells => "202",
        Collection::Responsibilities | Collection::Cases => return methods,
    };
    for (method, what, media_type) in [
        ("put", "replace", GEOJSON),
        ("patch", "update", "application/merge-patch+json"),
    ] {
        methods[method] = json!({
            "operationId": format!("{name}.{what}"),
            "summary": format!("{what}s a feature; If-Match is kept to"),
            "requestBody": body(media_type),
            "responses": responses(&[(written, json!({ "description": "written" }))]),
        });
    }
    if collection == Collection::Components {
        methods["delete"] = json!({
            "operationId": format!("{name}.delete"),
            "summary": "takes a feature out; If-Match is kept to",
            "responses": responses(&[("204", json!({ "description": "gone" }))]),
        });
    }
    methods
}
