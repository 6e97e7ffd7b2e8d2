//! "This class, this place, this time: whose is it, why, due when?"

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::dry_run::DryRun;
use super::store;
use crate::access::Person;
use crate::clock::{CalendarKind, Clock, Interval, Stage};
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::rules::conditions::known_class;
use crate::rules::http::readable;
use crate::rules::{Condition, ConditionId, RouteAsk, RouteBecause, RouteRule, RuleSet, RuleSetId};
use crate::space::GroundPoint;
use crate::territory::{Unit, territory_at};

const DAYS_MAX: i64 = 366;
const CASES_MAX: usize = 100_000;

pub(in crate::rules) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(test))
        .routes(routes!(dry_run))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Question {
    class: String,
    /// Missing: the first of the class.
    condition_id: Option<ConditionId>,
    lon: f64,
    lat: f64,
    /// When the clock starts; missing: now.
    at: Option<DateTime<Utc>>,
    /// Missing: the set in force at that time.
    rule_set_id: Option<RuleSetId>,
}

#[derive(Serialize, ToSchema)]
struct CellNamed {
    id: i32,
    code: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct RuleSetNamed {
    id: RuleSetId,
    name: String,
}

/// What the rules say.
#[derive(Serialize, ToSchema)]
struct Answer {
    rule_set: RuleSetNamed,
    cell: CellNamed,
    /// The component that was found near.
    component_id: Option<i64>,
    /// Null: a gap; a dispatcher has to choose.
    unit: Option<Unit>,
    because: RouteBecause,
    /// The routing rule that decided or chose, if one did.
    route: Option<RouteRule>,
    /// Null: the class has none, and the stage's limit applies.
    condition: Option<Condition>,
    calendar: CalendarKind,
    limit_s: i64,
    /// Emergencies only. Article 13.
    arrive_by: Option<DateTime<Utc>>,
    due_at: DateTime<Utc>,
    /// What counts from then to `due_at`, and what does not and why.
    intervals: Vec<Interval>,
}

/// Asks the rules about one case that does not exist.
#[utoipa::path(post, path = "/api/v1/rules/test", tag = "rules", request_body = Question, responses(
    (status = 200, body = Answer),
    (status = 400, description = "a field is wrong; `errors` names it"),
    (status = 403, description = "the set is not in force, and your roles do not read drafts"),
    (status = 404, description = "no such rule set, or no cell is there"),
))]
async fn test(
    person: Person,
    State(app): State<App>,
    JsonBody(asked): JsonBody<Question>,
) -> Result<Json<Answer>, ApiError> {
    let class = known_class("/class", &asked.class)?;
    let Some(point) = GroundPoint::new_checked(asked.lon, asked.lat) else {
        let detail = "longitude within ±180 and latitude within ±90 degrees";
        return Err(ApiError::field("/lon", detail));
    };
    let at = asked.at.unwrap_or_else(|| app.now());
    let set = match asked.rule_set_id {
        Some(id) => readable(&app, &person, id).await?,
        None => app.rules.in_force(at),
    };
    let condition = condition_of(&set, class, asked.condition_id)?;
    let territory = territory_at(&app, asked.at).await?;
    let ask = RouteAsk::at(&territory, class, point, at);
    let Some(spot) = ask.spot() else {
        return Err(ApiError::not_found("no cell is there"));
    };
    let verdict = app.rules.judge(&set, &ask, condition, at);
    let clock = Clock::start(Stage::Handling, 0, verdict.calendar, verdict.limit, at);
    Ok(Json(Answer {
        rule_set: RuleSetNamed {
            id: set.id(),
            name: set.head.name.clone(),
        },
        cell: CellNamed {
            id: spot.cell.id,
            code: spot.cell.code.clone(),
            name: spot.cell.name.clone(),
        },
        component_id: spot.component.map(|(component, _)| component.id),
        unit: verdict
            .route
            .unit_id
            .and_then(|id| territory.unit(id))
            .cloned(),
        because: verdict.route.because,
        route: set.route_of(verdict.route.because).cloned(),
        condition: condition.cloned(),
        calendar: verdict.calendar,
        limit_s: verdict.limit.num_seconds(),
        arrive_by: verdict.arrive_by,
        due_at: verdict.due_at,
        intervals: clock.explain(verdict.due_at, set.calendar()),
    }))
}

fn condition_of(
    set: &RuleSet,
    class: crate::catalogue::ClassCode,
    id: Option<ConditionId>,
) -> Result<Option<&Condition>, ApiError> {
    let conditions = set.conditions_of(class);
    let Some(id) = id else {
        return Ok(conditions.first());
    };
    let found = conditions.iter().find(|condition| condition.id == id);
    let missing = || {
        ApiError::field(
            "/condition_id",
            "the class has no such condition in this set",
        )
    };
    found.ok_or_else(missing).map(Some)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Days {
    /// How far back, 1 to 366.
    #[schema(minimum = 1, maximum = 366)]
    days: i64,
}

/// Tries a set against the cases of the last days: which would have had another condition, limit,
/// due time or unit. Changes nothing.
#[utoipa::path(post, path = "/api/v1/rule-sets/{id}/dry-run", tag = "rules", params(("id" = i32, Path)),
    request_body = Days, responses(
    (status = 200, body = DryRun),
    (status = 400, description = "days is wrong"),
    (status = 403, description = "the set is not in force, and your roles do not read drafts"),
    (status = 404, description = "no such rule set"),
))]
async fn dry_run(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
    JsonBody(Days { days }): JsonBody<Days>,
) -> Result<Json<DryRun>, ApiError> {
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(ApiError::field("/days", format!("must be 1 to {DAYS_MAX}")));
    }
    let set = readable(&app, &person, id).await?;
    let since = app.now() - TimeDelta::days(days);
    let mut tx = app.scoped(&person).await?;
    let limit = i64::try_from(CASES_MAX + 1).map_err(anyhow::Error::from)?;
    let mut cases = store::cases_since(&mut *tx, since, limit).await?;
    tx.commit().await?;
    let more = cases.len() > CASES_MAX;
    cases.truncate(CASES_MAX);
    let (rules, territory) = (app.rules.clone(), app.territory.now());
    let ran = tokio::task::spawn_blocking(move || DryRun::run(&rules, &territory, &set, &cases));
    let ran = ran.await.map_err(anyhow::Error::from)?;
    Ok(Json(DryRun { more, ..ran }))
}
