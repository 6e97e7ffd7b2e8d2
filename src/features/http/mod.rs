//! `/ogc`: one landing page for features and tiles.

mod document;
mod edit;
mod items;
mod options;
mod root;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::collection::Collection;
use super::query::Wrong;
use super::store::Failed;
use crate::http::{ApiError, App};

/// Of a feature that is sent.
const BODY_BYTES_MAX: usize = 4 << 20;

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(root::landing))
        // where programs look that take an address for a folder
        .route("/ogc/", get(root::landing))
        .routes(routes!(root::conformance))
        .routes(routes!(root::collections))
        .routes(routes!(root::collection))
        .routes(routes!(root::queryables))
        .routes(routes!(document::api))
        .routes(routes!(
            items::items,
            edit::create,
            options::options_of_items
        ))
        .routes(routes!(
            items::item,
            edit::replace,
            edit::update,
            edit::delete,
            options::options_of_item
        ))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

pub(super) const GEOJSON: &str = "application/geo+json";

fn known(name: &str) -> Result<Collection, ApiError> {
    let unknown = || format!("there is no collection {name}; /ogc/collections lists them");
    Collection::named(name).ok_or_else(|| ApiError::not_found(unknown()))
}

impl From<Wrong> for ApiError {
    fn from(Wrong { parameter, detail }: Wrong) -> Self {
        Self::field(parameter, detail)
    }
}

impl From<Failed> for ApiError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Wrong(wrong) => wrong.into(),
            Failed::Database(error) => error.into(),
        }
    }
}

fn no_feature(collection: Collection, id: &str) -> ApiError {
    ApiError::not_found(format!("there is no feature {id} in {}", collection.name()))
}
