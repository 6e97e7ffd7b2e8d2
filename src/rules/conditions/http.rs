//! Filing conditions: those in force for whoever files, those of a set for whoever drafts.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store;
use crate::access::Person;
use crate::catalogue::{Catalogue, ClassCode};
use crate::clock::CalendarKind;
use crate::http::{ApiError, App, JsonBody, PathParams, QueryParams};
use crate::rules::http::{Edit, check_text, readable};
use crate::rules::{Closing, Condition, ConditionId, RuleSet, RuleSetId};

const TEXT_CHARS_MAX: usize = 500;
const CLOSINGS_MAX: usize = 10;
const LIMIT_MIN_S: i32 = 60;
const LIMIT_MAX_S: i32 = 366 * 24 * 3600;
/// Article 13, 24 hours.
const EMERGENCY_MAX_S: i32 = 24 * 3600;

pub(in crate::rules) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(in_force))
        .routes(routes!(list, add))
        .routes(routes!(change, remove))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct OfClass {
    /// Only what a case of this class can be filed under.
    class: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ConditionList {
    rule_set_id: RuleSetId,
    /// By class and number.
    conditions: Vec<Condition>,
}

impl ConditionList {
    fn of(set: &RuleSet, asked: &OfClass) -> Result<Self, ApiError> {
        let conditions = match &asked.class {
            None => set.conditions(),
            Some(class) => set.conditions_of(known_class("class", class)?),
        };
        Ok(Self {
            rule_set_id: set.id(),
            conditions: conditions.to_vec(),
        })
    }
}

/// 400 for what is no class.
pub(in crate::rules) fn known_class(field: &str, class: &str) -> Result<ClassCode, ApiError> {
    let code: Option<ClassCode> = class.parse().ok();
    code.filter(|code| Catalogue::shipped().class(*code).is_some())
        .ok_or_else(|| ApiError::field(field, "there is no such class"))
}

/// What cases can be filed under now.
#[utoipa::path(get, path = "/api/v1/conditions", tag = "rules", params(OfClass), responses(
    (status = 200, body = ConditionList),
    (status = 400, description = "there is no such class"),
))]
async fn in_force(
    _person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<OfClass>,
) -> Result<Json<ConditionList>, ApiError> {
    ConditionList::of(&app.rules.in_force(app.now()), &asked).map(Json)
}

/// The filing conditions of a set.
#[utoipa::path(get, path = "/api/v1/rule-sets/{id}/conditions", tag = "rules",
    params(("id" = i32, Path), OfClass), responses(
    (status = 200, body = ConditionList),
    (status = 400, description = "there is no such class"),
    (status = 404, description = "no such rule set"),
))]
async fn list(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
    QueryParams(asked): QueryParams<OfClass>,
) -> Result<Json<ConditionList>, ApiError> {
    ConditionList::of(&*readable(&app, &person, id).await?, &asked).map(Json)
}

/// A filing condition as it is written.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::rules) struct ConditionWritten {
    pub class: ClassCode,
    /// Missing: after the last of the class, or as it was.
    pub number: Option<i16>,
    pub text_zh: String,
    pub text_en: String,
    pub calendar: CalendarKind,
    /// Seconds of that calendar: a working day is 28800, a continuous one 86400.
    #[schema(minimum = 60)]
    pub limit_s: i32,
    /// At least one.
    pub closing: Vec<Closing>,
    pub emergency: bool,
    /// Where it was taken from.
    #[serde(default)]
    pub source: String,
}

impl ConditionWritten {
    fn check(&self) -> Result<(), ApiError> {
        known_class("/class", self.class.as_str())?;
        if self.number.is_some_and(|number| number < 1) {
            return Err(ApiError::field("/number", "must be 1 or more"));
        }
        check_text("/text_zh", &self.text_zh, 1, TEXT_CHARS_MAX)?;
        check_text("/text_en", &self.text_en, 1, TEXT_CHARS_MAX)?;
        check_text("/source", &self.source, 0, TEXT_CHARS_MAX)?;
        if !(LIMIT_MIN_S..=LIMIT_MAX_S).contains(&self.limit_s) {
            let detail = format!("must be {LIMIT_MIN_S} to {LIMIT_MAX_S} seconds");
            return Err(ApiError::field("/limit_s", detail));
        }
        if self.emergency && self.calendar != CalendarKind::Continuous {
            let detail = "an emergency is counted day and night: continuous (Article 13)";
            return Err(ApiError::field("/calendar", detail));
        }
        if self.emergency && self.limit_s > EMERGENCY_MAX_S {
            let detail = "an emergency is repaired within 24 h: at most 86400 (Article 13)";
            return Err(ApiError::field("/limit_s", detail));
        }
        if self.closing.is_empty() || self.closing.len() > CLOSINGS_MAX {
            let detail = format!("must have 1 to {CLOSINGS_MAX} closing conditions");
            return Err(ApiError::field("/closing", detail));
        }
        for (number, closing) in self.closing.iter().enumerate() {
            check_text(
                &format!("/closing/{number}/zh"),
                &closing.zh,
                1,
                TEXT_CHARS_MAX,
            )?;
            check_text(
                &format!("/closing/{number}/en"),
                &closing.en,
                1,
                TEXT_CHARS_MAX,
            )?;
        }
        Ok(())
    }
}

fn number_taken() -> ApiError {
    ApiError::field("/number", "the class has another condition of this number")
}

/// A condition of a set.
#[derive(Serialize, ToSchema)]
struct ConditionKey {
    id: ConditionId,
}

/// Adds a filing condition to a draft.
#[utoipa::path(post, path = "/api/v1/rule-sets/{id}/conditions", tag = "rules", params(("id" = i32, Path)),
    request_body = ConditionWritten, responses(
    (status = 201, body = ConditionKey),
    (status = 400, description = "a field is wrong; `errors` names it"),
    (status = 403, description = "for administrators"),
    (status = 404, description = "no such rule set"),
    (status = 409, description = "it is no draft"),
))]
async fn add(
    person: Person,
    State(app): State<App>,
    PathParams(set): PathParams<RuleSetId>,
    JsonBody(written): JsonBody<ConditionWritten>,
) -> Result<(StatusCode, Json<ConditionKey>), ApiError> {
    let mut edit = Edit::begin(&app, &person, set).await?;
    written.check()?;
    let id = store::insert(&mut edit.tx, set, &written).await?;
    let id = id.ok_or_else(number_taken)?;
    edit.finish(
        "add_condition",
        None,
        Some(json!({ "id": id, "condition": written })),
    )
    .await?;
    Ok((StatusCode::CREATED, Json(ConditionKey { id })))
}

/// Changes a filing condition of a draft.
#[utoipa::path(put, path = "/api/v1/rule-sets/{id}/conditions/{condition}", tag = "rules",
    params(("id" = i32, Path), ("condition" = i64, Path)), request_body = ConditionWritten, responses(
    (status = 204),
    (status = 400, description = "a field is wrong; `errors` names it"),
    (status = 403, description = "for administrators"),
    (status = 404, description = "no such rule set or condition"),
    (status = 409, description = "it is no draft"),
))]
async fn change(
    person: Person,
    State(app): State<App>,
    PathParams((set, id)): PathParams<(RuleSetId, ConditionId)>,
    JsonBody(written): JsonBody<ConditionWritten>,
) -> Result<StatusCode, ApiError> {
    let mut edit = Edit::begin(&app, &person, set).await?;
    written.check()?;
    let before = existing(&app, &person, set, id).await?;
    match store::update(&mut edit.tx, set, id, &written).await? {
        None => return Err(number_taken()),
        Some(false) => return Err(unknown(id)),
        Some(true) => {}
    }
    edit.finish(
        "change_condition",
        Some(json!(before)),
        Some(json!(written)),
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a filing condition out of a draft.
#[utoipa::path(delete, path = "/api/v1/rule-sets/{id}/conditions/{condition}", tag = "rules",
    params(("id" = i32, Path), ("condition" = i64, Path)), responses(
    (status = 204),
    (status = 403, description = "for administrators"),
    (status = 404, description = "no such rule set or condition"),
    (status = 409, description = "it is no draft"),
))]
async fn remove(
    person: Person,
    State(app): State<App>,
    PathParams((set, id)): PathParams<(RuleSetId, ConditionId)>,
) -> Result<StatusCode, ApiError> {
    let mut edit = Edit::begin(&app, &person, set).await?;
    let before = existing(&app, &person, set, id).await?;
    store::delete(&mut *edit.tx, set, id).await?;
    edit.finish("remove_condition", Some(json!(before)), None)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn existing(
    app: &App,
    person: &Person,
    set: RuleSetId,
    id: ConditionId,
) -> Result<Condition, ApiError> {
    let set = readable(app, person, set).await?;
    set.condition(id).cloned().ok_or_else(|| unknown(id))
}

fn unknown(id: ConditionId) -> ApiError {
    ApiError::not_found(format!("the set has no condition {}", id.0))
}
