//! Features, page by page and one by one.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum_extra::TypedHeader;
use axum_extra::headers::{ETag, IfNoneMatch};
use chrono::SecondsFormat;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::root::{QUERYABLES, SCHEMA};
use super::{GEOJSON, known, no_feature};
use crate::access::Person;
use crate::features::collection::Collection;
use crate::features::crs::Crs;
use crate::features::query::{Asked, CURSOR, Wrong, id};
use crate::features::store::{self, Feature};
use crate::http::{ApiError, App, PathParams, QueryParams, link_header, ogc_link};

/// What a part of a path need not escape (RFC 3986: unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub(super) const CONTENT_CRS: HeaderName = HeaderName::from_static("content-crs");

/// Features of a collection, in the order of their ids; `next` leads to those behind, whatever
/// changes meanwhile.
#[utoipa::path(get, path = "/ogc/collections/{collection}/items", tag = "ogc",
    params(("collection" = String, Path),
        ("limit" = Option<i64>, Query, description = "1 to 10,000"),
        ("bbox" = Option<String>, Query, description = "lower corner, then the upper one"),
        ("datetime" = Option<String>, Query, description = "a moment or an interval; cells and \
            responsibilities are those of now when not given"),
        ("filter" = Option<String>, Query, description = "CQL2")),
    responses(
    (status = 200, description = "a page of features", content_type = "application/geo+json"),
    (status = 400, description = "a parameter is not known or wrong; the problem names it"),
    (status = 404, description = "no such collection"),
))]
pub(super) async fn items(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
    QueryParams(parameters): QueryParams<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    let collection = known(&name)?;
    let asked = Asked::read(collection, &parameters)?;
    let mut tx = app.scoped(&person).await?;
    let mut features = store::page(&mut tx, collection, &asked).await?;
    tx.commit().await?;
    let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    let is_last = features.len() <= limit;
    features.truncate(limit);
    let own = format!("/collections/{name}");
    let page = |rel, after: Option<&str>| {
        let query = query_with(&parameters, after);
        ogc_link(&headers, rel, GEOJSON, &format!("{own}/items{query}"))
    };
    let mut links = vec![
        page("self", asked.after.as_deref()),
        ogc_link(&headers, "collection", "application/json", &own),
    ];
    if let (false, Some(last)) = (is_last, features.last()) {
        links.push(page("next", Some(&last.id)));
    }
    let body = collection_text(&app, collection, &features, &links);
    links.push(ogc_link(
        &headers,
        QUERYABLES,
        SCHEMA,
        &format!("{own}/queryables"),
    ));
    let headers = [
        (header::CONTENT_TYPE, GEOJSON.to_owned()),
        (CONTENT_CRS, format!("<{}>", asked.crs.uri())),
        (header::LINK, link_header(&links)),
    ];
    Ok((headers, body).into_response())
}

/// The query a page was asked with, to go on behind a feature.
fn query_with(parameters: &[(String, String)], after: Option<&str>) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let kept = parameters.iter().filter(|(name, _)| name != CURSOR);
    let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
    let all = kept.chain(after.map(|after| (CURSOR, after)));
    let pairs: Vec<String> = all
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    match pairs.is_empty() {
        true => String::new(),
        false => format!("?{}", pairs.join("&")),
    }
}

fn collection_text(
    app: &App,
    collection: Collection,
    features: &[Feature],
    links: &[Value],
) -> String {
    let now = app.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut text = format!(
        "{{\"type\":\"FeatureCollection\",\"timeStamp\":\"{now}\",\"numberReturned\":{},\"links\":{},\"features\":[",
        features.len(),
        json!(links)
    );
    for (index, feature) in features.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&feature_text(collection, feature, None));
    }
    text.push_str("\n]}\n");
    text
}

fn feature_text(collection: Collection, feature: &Feature, links: Option<&Value>) -> String {
    let id = match collection.has_numbers() {
        true => feature.id.clone(),
        false => json!(feature.id).to_string(),
    };
    let links = links.map_or_else(String::new, |links| format!(",\"links\":{links}"));
    format!(
        "{{\"type\":\"Feature\",\"id\":{id},\"geometry\":{},\"properties\":{}{links}}}",
        feature.geometry, feature.properties
    )
}

/// One feature.
#[utoipa::path(get, path = "/ogc/collections/{collection}/items/{feature}", tag = "ogc",
    params(("collection" = String, Path), ("feature" = String, Path)), responses(
    (status = 200, description = "the feature", content_type = "application/geo+json"),
    (status = 304, description = "If-None-Match is still true"),
    (status = 404, description = "no such collection or feature, or not for you to see"),
))]
pub(super) async fn item(
    person: Person,
    State(app): State<App>,
    known_tag: Option<TypedHeader<IfNoneMatch>>,
    headers: HeaderMap,
    PathParams((name, feature_id)): PathParams<(String, String)>,
    QueryParams(parameters): QueryParams<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    let collection = known(&name)?;
    let crs = crs_of(&parameters)?;
    let feature = find(&app, &person, collection, &feature_id, crs).await?;
    let tag = quoted(&feature.version);
    let common = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (CONTENT_CRS, format!("<{}>", crs.uri())),
    ];
    let tag: ETag = tag.parse().map_err(anyhow::Error::from)?;
    if known_tag.is_some_and(|TypedHeader(known)| !known.precondition_passes(&tag)) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let own = format!("/collections/{name}");
    let segment = utf8_percent_encode(&feature_id, SEGMENT);
    let itself = format!("{own}/items/{segment}");
    let links = [
        ogc_link(&headers, "self", GEOJSON, &itself),
        ogc_link(&headers, "collection", "application/json", &own),
    ];
    let body = feature_text(collection, &feature, Some(&json!(links)));
    let headers = [
        (header::CONTENT_TYPE, GEOJSON.to_owned()),
        (header::LINK, link_header(&links)),
    ];
    Ok((common, headers, body).into_response())
}

pub(super) fn quoted(version: &str) -> String {
    format!("\"{version}\"")
}

async fn find(
    app: &App,
    person: &Person,
    collection: Collection,
    feature_id: &str,
    crs: Crs,
) -> Result<Feature, ApiError> {
    let missing = || no_feature(collection, feature_id);
    let id = id(collection, feature_id).ok_or_else(missing)?;
    let mut tx = app.scoped(person).await?;
    let feature = store::one(&mut tx, collection, &id, crs).await?;
    tx.commit().await?;
    feature.ok_or_else(missing)
}

/// Of one feature nothing else can be asked.
fn crs_of(parameters: &[(String, String)]) -> Result<Crs, Wrong> {
    let mut crs = Crs::default();
    for (name, value) in parameters {
        match name.as_str() {
            "crs" => {
                let unknown = || Wrong::new("crs", "is one of those the collection names");
                crs = Crs::named(value).ok_or_else(unknown)?;
            }
            "f" if value == "json" => {}
            _ => return Err(Wrong::new(name, "is not known here")),
        }
    }
    Ok(crs)
}
