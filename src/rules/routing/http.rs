//! Routing rules of a set, decided disputes, and the gaps nobody answers for.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, OpenCell, Refused};
use crate::access::Person;
use crate::catalogue::{Catalogue, ClassCode, ClassScope};
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::rules::http::{Edit, readable};
use crate::rules::{PlaceScope, Precedent, RouteRule, RouteTo, RuleSet, RuleSetId};
use crate::territory::Territory;

/// Cells listed one by one; more are counted.
const GAPS_MAX: usize = 200;
/// Classes named of a cell; more are counted.
const GAP_CLASSES_MAX: usize = 10;

pub(in crate::rules) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(remove))
        .routes(routes!(precedents))
        .routes(routes!(gaps))
}

#[derive(Serialize, ToSchema)]
struct RouteList {
    routes: Vec<RouteRule>,
}

/// The routing rules of a set.
#[utoipa::path(get, path = "/api/v1/rule-sets/{id}/routes", tag = "rules", params(("id" = i32, Path)),
    responses((status = 200, body = RouteList), (status = 404, description = "no such rule set")))]
async fn list(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
) -> Result<Json<RouteList>, ApiError> {
    let routes = readable(&app, &person, id).await?.routes().to_vec();
    Ok(Json(RouteList { routes }))
}

/// A routing rule as it is written.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteWritten {
    /// Empty: all classes; `M06`: a group; `M06042`: one.
    #[schema(value_type = String, example = "M06")]
    #[serde(default)]
    pub classes: ClassScope,
    /// Empty: the city; or the first 6, 9, 12 or all 15 digits of a cell's code.
    #[serde(default)]
    pub place: PlaceScope,
    pub to: RouteTo,
    pub valid_from: Option<DateTime<Utc>>,
    pub valid_to: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
struct RouteKey {
    id: i64,
}

/// Adds a routing rule to a draft.
#[utoipa::path(post, path = "/api/v1/rule-sets/{id}/routes", tag = "rules", params(("id" = i32, Path)),
    request_body = RouteWritten, responses(
    (status = 201, body = RouteKey),
    (status = 400, description = "a field is wrong; `errors` names it"),
    (status = 403, description = "for administrators"),
    (status = 404, description = "no such rule set"),
    (status = 409, description = "it is no draft, or another rule says otherwise for the same"),
))]
async fn add(
    person: Person,
    State(app): State<App>,
    PathParams(set): PathParams<RuleSetId>,
    JsonBody(written): JsonBody<RouteWritten>,
) -> Result<(StatusCode, Json<RouteKey>), ApiError> {
    let mut edit = Edit::begin(&app, &person, set).await?;
    if let (Some(from), Some(to)) = (written.valid_from, written.valid_to)
        && from >= to
    {
        return Err(ApiError::field("/valid_to", "must be after valid_from"));
    }
    if let ClassScope::Class(class) = written.classes
        && Catalogue::shipped().class(class).is_none()
    {
        return Err(ApiError::field("/classes", "there is no such class"));
    }
    let id = match store::insert(&mut edit.tx, set, &written).await? {
        Ok(id) => id,
        Err(Refused::UnknownUnit) => {
            return Err(ApiError::field("/to/unit", "there is no such unit"));
        }
        Err(Refused::Contradiction) => {
            return Err(ApiError::refused(
                StatusCode::CONFLICT,
                "contradicting-route",
                "another rule is for the same classes, place and time",
            ));
        }
    };
    edit.finish(
        "add_route",
        None,
        Some(json!({ "id": id, "route": written })),
    )
    .await?;
    Ok((StatusCode::CREATED, Json(RouteKey { id })))
}

/// Takes a routing rule out of a draft.
#[utoipa::path(delete, path = "/api/v1/rule-sets/{id}/routes/{route}", tag = "rules",
    params(("id" = i32, Path), ("route" = i64, Path)), responses(
    (status = 204),
    (status = 403, description = "for administrators"),
    (status = 404, description = "no such rule set or route"),
    (status = 409, description = "it is no draft"),
))]
async fn remove(
    person: Person,
    State(app): State<App>,
    PathParams((set, id)): PathParams<(RuleSetId, i64)>,
) -> Result<StatusCode, ApiError> {
    let mut edit = Edit::begin(&app, &person, set).await?;
    let rules = readable(&app, &person, set).await?;
    let before = rules.routes().iter().find(|rule| rule.id == id);
    let before =
        before.ok_or_else(|| ApiError::not_found(format!("the set has no routing rule {id}")))?;
    store::delete(&mut *edit.tx, set, id).await?;
    edit.finish("remove_route", Some(json!(before)), None)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
struct PrecedentList {
    /// In the order they were decided.
    precedents: Vec<Precedent>,
}

/// Decided disputes that decide the next case of their kind.
#[utoipa::path(get, path = "/api/v1/rules/precedents", tag = "rules",
    responses((status = 200, body = PrecedentList)))]
async fn precedents(_person: Person, State(app): State<App>) -> Json<PrecedentList> {
    let precedents = app.rules.precedents();
    Json(PrecedentList { precedents })
}

/// A cell, and the classes nobody answers for there.
#[derive(Serialize, ToSchema)]
struct Gap {
    cell_id: i32,
    cell_code: String,
    cell_name: String,
    /// How many classes.
    classes: usize,
    /// The first of them.
    among: Vec<ClassCode>,
}

#[derive(Serialize, ToSchema)]
struct Gaps {
    /// Cells with a gap.
    cells: usize,
    /// Pairs of cell and class nobody answers for.
    pairs: usize,
    /// The first cells, by code.
    gaps: Vec<Gap>,
}

/// Where nobody answers for something: neither the cell's responsibilities nor a routing rule in
/// force names a unit, so that a dispatcher has to choose.
#[utoipa::path(get, path = "/api/v1/rules/gaps", tag = "rules",
    responses((status = 200, body = Gaps)))]
async fn gaps(_person: Person, State(app): State<App>) -> Result<Json<Gaps>, ApiError> {
    let now = app.now();
    let set = app.rules.in_force(now);
    let territory = app.territory.now();
    let cells = store::cells_without_default(&app.db, now).await?;
    let found = tokio::task::spawn_blocking(move || Gaps::find(cells, &set, &territory, now));
    let gaps = found.await.map_err(anyhow::Error::from)?;
    Ok(Json(gaps))
}

impl Gaps {
    /// Looks at every class in cells without a default.
    fn find(cells: Vec<OpenCell>, set: &RuleSet, territory: &Territory, at: DateTime<Utc>) -> Self {
        let mut found = Self {
            cells: 0,
            pairs: 0,
            gaps: Vec::new(),
        };
        for cell in cells {
            let answered: HashSet<ClassScope> = cell.answered.iter().copied().collect();
            let is_answered = |class: ClassCode| {
                ClassScope::around(class)
                    .iter()
                    .any(|scope| answered.contains(scope))
            };
            let open: Vec<ClassCode> = Catalogue::shipped()
                .classes()
                .map(|class| class.code)
                .filter(|class| !is_answered(*class))
                .filter(|class| !set.routes_answer(*class, &cell.code, at, territory))
                .collect();
            if open.is_empty() {
                continue;
            }
            found.cells += 1;
            found.pairs += open.len();
            if found.gaps.len() < GAPS_MAX {
                found.gaps.push(Gap {
                    cell_id: cell.id,
                    cell_code: cell.code,
                    cell_name: cell.name,
                    classes: open.len(),
                    among: open.into_iter().take(GAP_CLASSES_MAX).collect(),
                });
            }
        }
        found
    }
}
