//! What somebody may do, by OPTIONS.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::known;
use crate::access::Person;
use crate::features::collection::Rights;
use crate::http::{ApiError, PathParams};

/// What may be done to a collection.
#[utoipa::path(options, path = "/ogc/collections/{collection}/items", tag = "ogc",
    params(("collection" = String, Path)), responses(
    (status = 204, description = "`Allow` says what you may do"), (status = 404, description = "no such collection or feature"),
))]
pub(super) async fn options_of_items(
    person: Person,
    PathParams(name): PathParams<String>,
) -> Result<Response, ApiError> {
    let Rights { create, .. } = known(&name)?.rights(&person);
    Ok(allowed(&[(create, "POST")]))
}

/// What may be done to a feature.
#[utoipa::path(options, path = "/ogc/collections/{collection}/items/{feature}", tag = "ogc",
    params(("collection" = String, Path), ("feature" = String, Path)), responses(
    (status = 204, description = "`Allow` says what you may do"), (status = 404, description = "no such collection or feature"),
))]
pub(super) async fn options_of_item(
    person: Person,
    PathParams((name, _feature)): PathParams<(String, String)>,
) -> Result<Response, ApiError> {
    let rights = known(&name)?.rights(&person);
    let Rights {
        replace, delete, ..
    } = rights;
    Ok(allowed(&[
        (replace, "PUT"),
        (replace, "PATCH"),
        (delete, "DELETE"),
    ]))
}

fn allowed(methods: &[(bool, &str)]) -> Response {
    let may = methods.iter().filter(|(may, _)| *may);
    let always = ["GET", "HEAD", "OPTIONS"].into_iter();
    let all: Vec<&str> = always.chain(may.map(|(_, method)| *method)).collect();
    let headers = [(header::ALLOW, all.join(", "))];
    let patch = [("accept-patch", "application/merge-patch+json")];
    (StatusCode::NO_CONTENT, headers, patch).into_response()
}
