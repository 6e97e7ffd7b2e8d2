//! The classes of the national standard.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Catalogue, Class};
use crate::access::Person;
use crate::http::App;

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_classes))
}

#[derive(Serialize, ToSchema)]
struct ClassList {
    #[schema(inline)]
    classes: Vec<&'static Class>,
}

/// All classes, with the numbers of the 2013 and the 2026 edition.
#[utoipa::path(get, path = "/api/v1/catalogue", tag = "territory", responses((status = 200, body = ClassList)))]
async fn list_classes(_person: Person) -> Json<ClassList> {
    Json(ClassList {
        classes: Catalogue::shipped().classes().collect(),
    })
}
