//! Calendar, stage limits, policy and collection rules of a set: each is read and written whole.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Person;
use crate::catalogue::ClassScope;
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::rules::http::{Edit, check_text, readable};
use crate::rules::set::STAGES;
use crate::rules::{CollectionRule, OfficeHours, Policy, RuleSetId, StageLimit, store};

const NAME_CHARS_MAX: usize = 50;
const DAYS_MAX: usize = 1000;
const PHOTOS_MAX: i16 = 20;

pub(in crate::rules) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(calendar, set_calendar))
        .routes(routes!(stage_limits, set_stage_limits))
        .routes(routes!(policy, set_policy))
        .routes(routes!(collection, set_collection))
}

/// Office hours, holidays and make-up workdays of a set.
#[utoipa::path(get, path = "/api/v1/rule-sets/{id}/calendar", tag = "rules", params(("id" = i32, Path)),
    responses((status = 200, body = OfficeHours), (status = 404, description = "no such rule set")))]
async fn calendar(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
) -> Result<Json<OfficeHours>, ApiError> {
    Ok(Json(readable(&app, &person, id).await?.office().clone()))
}

/// Writes the calendar of a draft.
#[utoipa::path(put, path = "/api/v1/rule-sets/{id}/calendar", tag = "rules", params(("id" = i32, Path)),
    request_body = OfficeHours, responses(
    (status = 204),
    (status = 400, description = "a field is wrong; `errors` names it"),
    (status = 403, description = "for administrators"),
    (status = 404, description = "no such rule set"),
    (status = 409, description = "it is no draft"),
))]
async fn set_calendar(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
    JsonBody(office): JsonBody<OfficeHours>,
) -> Result<StatusCode, ApiError> {
    let mut edit = Edit::begin(&app, &person, id).await?;
    let wrong = office.calendar().err();
    if let Some(wrong) = wrong {
        let field = format!("/{}", wrong.field());
        return Err(ApiError::field(field, wrong.to_string()));
    }
    if office.days.len() > DAYS_MAX {
        return Err(ApiError::field("/days", format!("at most {DAYS_MAX} days")));
    }
    for (number, day) in office.days.iter().enumerate() {
        check_text(
            &format!("/days/{number}/name_zh"),
            &day.name_zh,
            1,
            NAME_CHARS_MAX,
        )?;
        check_text(
            &format!("/days/{number}/name_en"),
            &day.name_en,
            1,
            NAME_CHARS_MAX,
        )?;
    }
    let before = readable(&app, &person, id).await?;
    store::replace_office(&mut edit.tx, id, &office).await?;
    edit.finish(
        "calendar",
        Some(json!(before.office())),
        Some(json!(office)),
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StageLimits {
    /// One for every stage.
    stage_limits: Vec<StageLimit>,
}

/// How long each stage may take.
#[utoipa::path(get, path = "/api/v1/rule-sets/{id}/stage-limits", tag = "rules", params(("id" = i32, Path)),
    responses((status = 200, body = StageLimits), (status = 404, description = "no such rule set")))]
async fn stage_limits(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
) -> Result<Json<StageLimits>, ApiError> {
    let set = readable(&app, &person, id).await?;
    let stage_limits = set.stage_limits().copied().collect();
    Ok(Json(StageLimits { stage_limits }))
}

/// Writes the stage limits of a draft.
#[utoipa::path(put, path = "/api/v1/rule-sets/{id}/stage-limits", tag = "rules", params(("id" = i32, Path)),
    request_body = StageLimits, responses(
    (status = 204),
    (status = 400, description = "a field is wrong; `errors` names it"),
    (status = 403, description = "for administrators"),
    (status = 404, description = "no such rule set"),
    (status = 409, description = "it is no draft"),
))]
async fn set_stage_limits(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
    JsonBody(written): JsonBody<StageLimits>,
) -> Result<StatusCode, ApiError> {
    let mut edit = Edit::begin(&app, &person, id).await?;
    let limits = &written.stage_limits;
    let stages: BTreeSet<_> = limits.iter().map(|limit| limit.stage).collect();
    if stages.len() != limits.len() || !STAGES.iter().all(|stage| stages.contains(stage)) {
        return Err(ApiError::field(
            "/stage_limits",
            "must have each stage exactly once",
        ));
    }
    if let Some(number) = limits
        .iter()
        .position(|limit| limit.limit <= TimeDelta::zero())
    {
        let field = format!("/stage_limits/{number}/limit_s");
        return Err(ApiError::field(field, "must be more than 0 s"));
    }
    let before = readable(&app, &person, id).await?;
    let before: Vec<_> = before.stage_limits().collect();
    store::replace_stage_limits(&mut edit.tx, id, limits).await?;
    edit.finish("stage_limits", Some(json!(before)), Some(json!(limits)))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The numbers of a set that hold for all cases.
#[utoipa::path(get, path = "/api/v1/rule-sets/{id}/policy", tag = "rules", params(("id" = i32, Path)),
    responses((status = 200, body = Policy), (status = 404, description = "no such rule set")))]
async fn policy(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
) -> Result<Json<Policy>, ApiError> {
    Ok(Json(readable(&app, &person, id).await?.policy().clone()))
}

/// Writes the policy of a draft.
#[utoipa::path(put, path = "/api/v1/rule-sets/{id}/policy", tag = "rules", params(("id" = i32, Path)),
    request_body = Policy, responses(
    (status = 204),
    (status = 400, description = "a field is wrong; `errors` names it"),
    (status = 403, description = "for administrators"),
    (status = 404, description = "no such rule set"),
    (status = 409, description = "it is no draft"),
))]
async fn set_policy(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
    JsonBody(policy): JsonBody<Policy>,
) -> Result<StatusCode, ApiError> {
    let mut edit = Edit::begin(&app, &person, id).await?;
    if let Some((field, right)) = policy.problem() {
        return Err(ApiError::field(
            format!("/{field}"),
            format!("must be: {right}"),
        ));
    }
    let before = readable(&app, &person, id).await?;
    store::replace_policy(&mut edit.tx, id, &policy).await?;
    edit.finish("policy", Some(json!(before.policy())), Some(json!(policy)))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CollectionRules {
    /// One for all classes, and more precise ones.
    rules: Vec<CollectionRule>,
}

/// What reports and feedbacks have to bring.
#[utoipa::path(get, path = "/api/v1/rule-sets/{id}/collection", tag = "rules", params(("id" = i32, Path)),
    responses((status = 200, body = CollectionRules), (status = 404, description = "no such rule set")))]
async fn collection(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
) -> Result<Json<CollectionRules>, ApiError> {
    let set = readable(&app, &person, id).await?;
    let rules = set.collection_rules().into_iter().cloned().collect();
    Ok(Json(CollectionRules { rules }))
}

/// Writes the collection rules of a draft.
#[utoipa::path(put, path = "/api/v1/rule-sets/{id}/collection", tag = "rules", params(("id" = i32, Path)),
    request_body = CollectionRules, responses(
    (status = 204),
    (status = 400, description = "a field is wrong; `errors` names it"),
    (status = 403, description = "for administrators"),
    (status = 404, description = "no such rule set"),
    (status = 409, description = "it is no draft"),
))]
async fn set_collection(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
    JsonBody(written): JsonBody<CollectionRules>,
) -> Result<StatusCode, ApiError> {
    let mut edit = Edit::begin(&app, &person, id).await?;
    let rules = &written.rules;
    let scopes: BTreeSet<_> = rules.iter().map(|rule| rule.scope).collect();
    if scopes.len() != rules.len() || !scopes.contains(&ClassScope::All) {
        return Err(ApiError::field(
            "/rules",
            "must have one rule for all classes (an empty scope), and no scope twice",
        ));
    }
    for (number, rule) in rules.iter().enumerate() {
        if let Some((field, right)) = problem(rule) {
            return Err(ApiError::field(format!("/rules/{number}/{field}"), right));
        }
    }
    let before = readable(&app, &person, id).await?;
    let before = before.collection_rules();
    store::replace_collection(&mut edit.tx, id, rules).await?;
    edit.finish("collection", Some(json!(before)), Some(json!(rules)))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The first field of a collection rule that makes no sense, and what would.
fn problem(rule: &CollectionRule) -> Option<(&'static str, &'static str)> {
    let photos = 0..=PHOTOS_MAX;
    if !photos.contains(&rule.report_photos_min) {
        return Some(("report_photos_min", "must be 0 to 20"));
    }
    if !photos.contains(&rule.feedback_photos_min) {
        return Some(("feedback_photos_min", "must be 0 to 20"));
    }
    if !(rule.accuracy_m_max > 0.0 && rule.accuracy_m_max <= 5000.0) {
        return Some(("accuracy_m_max", "must be more than 0, at most 5000 m"));
    }
    (rule.report_age_max <= TimeDelta::zero())
        .then_some(("report_age_max_s", "must be more than 0 s"))
}
