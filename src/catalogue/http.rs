//! The classes, and the units that answer for them.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Catalogue, Class, store};
use crate::access::Person;
use crate::http::{ApiError, App};

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_classes))
        .routes(routes!(list_units))
}

#[derive(Serialize, ToSchema)]
struct ClassList {
    #[schema(inline)]
    classes: Vec<&'static Class>,
}

/// A responsible unit (责任单位).
#[derive(Serialize, ToSchema, sqlx::FromRow)]
pub(super) struct UnitRow {
    pub id: i32,
    /// Unified social credit code, GB 32100-2015.
    pub credit_code: String,
    pub name_zh: String,
    pub name_en: String,
}

#[derive(Serialize, ToSchema)]
struct UnitList {
    units: Vec<UnitRow>,
}

/// All classes, with the numbers of the 2013 and the 2026 edition.
#[utoipa::path(get, path = "/api/v1/catalogue", tag = "territory", responses((status = 200, body = ClassList)))]
async fn list_classes(_person: Person) -> Json<ClassList> {
    Json(ClassList {
        classes: Catalogue::shipped().classes().collect(),
    })
}

/// The responsible units of today.
#[utoipa::path(get, path = "/api/v1/units", tag = "territory", responses((status = 200, body = UnitList)))]
async fn list_units(_person: Person, State(app): State<App>) -> Result<Json<UnitList>, ApiError> {
    Ok(Json(UnitList {
        units: store::list_units(&app.db).await?,
    }))
}
