//! What can be done to a case, doing it, and why its clocks stand where they stand.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::detail::{ClockView, StepView};
use super::store::{self, Ask};
use super::{
    ActError, Actor, Asked, Command, Field, Refusal, STEPS, Step, Who, WorkCase, fields, may,
};
use crate::access::Person;
use crate::cases::{Action, CaseId, CaseRoute, CaseRow, CaseState};
use crate::clock::Interval;
use crate::http::{ApiError, App, FieldProblem, JsonBody, PathParams};
use crate::rules::{Route, RuleSet};

/// Shortest and longest key of a request, characters.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(actions))
        .routes(routes!(take_action))
        .routes(routes!(clock))
        .routes(routes!(workflow))
}

fn no_case(id: CaseId) -> ApiError {
    ApiError::not_found(format!("there is no case {id}"))
}

/// One thing that could be done to a case now.
#[derive(Debug, Serialize, ToSchema)]
struct PossibleAction {
    action: Action,
    /// Whether whoever asks may do it now.
    allowed: bool,
    /// Why not.
    refusal: Option<Refusal>,
    /// Whether it can be taken back for a while.
    undo: bool,
    fields: Vec<Field>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PossibleActions {
    #[schema(value_type = i64)]
    case_id: CaseId,
    /// To be sent with the action.
    version: i32,
    state: CaseState,
    actions: Vec<PossibleAction>,
    /// Whose case it is by precedent, rule set and territory, and which of them said so.
    suggestion: Option<Suggestion>,
}

/// Whose a case is by what holds now.
#[derive(Debug, Serialize, ToSchema)]
struct Suggestion {
    unit_id: Option<i32>,
    because: CaseRoute,
}

impl Suggestion {
    fn of(route: Route, rules: &RuleSet) -> Self {
        let rule = rules.route_of(route.because);
        Self {
            unit_id: route.unit_id,
            because: CaseRoute {
                because: route.because,
                classes: rule.map(|rule| rule.classes),
                place: rule.map(|rule| rule.place.clone()),
            },
        }
    }
}

/// What can be done to a case now, and by you.
///
/// Every action that starts from the case's state: allowed, or why not.
#[utoipa::path(get, path = "/api/v1/cases/{id}/actions", tag = "cases",
    params(("id" = i64, Path, description = "case")),
    responses(
        (status = 200, body = PossibleActions),
        (status = 401, description = "sign in first"),
        (status = 404, description = "no such case within your reach"),
    ))]
async fn actions(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<CaseId>,
) -> Result<Json<PossibleActions>, ApiError> {
    let now = app.now();
    let ask = Ask {
        undo: true,
        ..Ask::of(id, now)
    };
    let mut tx = app.scoped(&person).await?;
    let loaded = store::load(&mut *tx, &ask).await?;
    tx.commit().await?;
    let case = loaded.ok_or_else(|| no_case(id))?.case;
    let workflow = app.workflow();
    let rules = workflow.rules_of(&case);
    let actor = Actor::Person(&person);
    let possible = STEPS
        .iter()
        .filter(|step| step.from.contains(&case.facts.state))
        .filter(|step| step.who.iter().any(|who| *who != Who::System))
        .map(|step| possible(step, &case, &actor, &rules, now))
        .collect();
    let unsent = matches!(case.facts.state, CaseState::Reported | CaseState::Filed);
    let suggestion = unsent.then(|| {
        let route = workflow.suggest(&case, case.facts.class_code, &rules, now);
        Suggestion::of(route, &rules)
    });
    Ok(Json(PossibleActions {
        case_id: id,
        version: case.version,
        state: case.facts.state,
        actions: possible,
        suggestion,
    }))
}

fn possible(
    step: &Step,
    case: &WorkCase,
    actor: &Actor<'_>,
    rules: &RuleSet,
    now: DateTime<Utc>,
) -> PossibleAction {
    let refusal = may(step, case, actor, rules, now).err();
    PossibleAction {
        action: step.action,
        allowed: refusal.is_none(),
        refusal,
        undo: step.undo,
        fields: fields(step.action, case, rules),
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct ActionTaken {
    case: CaseRow,
    /// In the case's history.
    event_id: i64,
    /// Until when you may take it back.
    undo_until: Option<DateTime<Utc>>,
    /// A case that was opened by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened: Option<CaseRow>,
}

/// Do something to a case.
///
/// The body holds `version`, the case's version as you saw it, and the fields that
/// `GET /cases/{id}/actions` names. The same key with the same request is answered again.
#[utoipa::path(post, path = "/api/v1/cases/{id}/actions/{action}", tag = "cases",
    params(
        ("id" = i64, Path, description = "case"),
        ("action" = Action, Path, description = "what to do"),
        ("Idempotency-Key" = String, Header, description = "8 to 128 characters, new with every request"),
    ),
    request_body(content = Object, description = "`version` and the action's fields"),
    responses(
        (status = 200, body = ActionTaken),
        (status = 400, description = "invalid-field: `errors` names it by JSON pointer"),
        (status = 401, description = "sign in first"),
        (status = 403, description = "not-allowed: `refusal` says why"),
        (status = 404, description = "no such case within your reach, or no such action"),
        (status = 409, description = "version-conflict: `current` says what happened; wrong-state; key-reused"),
        (status = 422, description = "rule-broken: `refusal` says which rule"),
    ))]
async fn take_action(
    person: Person,
    State(app): State<App>,
    PathParams((id, action)): PathParams<(CaseId, String)>,
    headers: HeaderMap,
    JsonBody(mut body): JsonBody<Map<String, Value>>,
) -> Result<Json<ActionTaken>, ApiError> {
    let action: Action = serde_json::from_value(Value::String(action.clone()))
        .map_err(|_unknown| ApiError::not_found(format!("there is no action {action}")))?;
    let key = key_of(&headers)?;
    let sha256 = digest(id, action, &body);
    let version = body.remove("version").and_then(|version| version.as_i64());
    let version = version
        .and_then(|version| i32::try_from(version).ok())
        .ok_or_else(|| ApiError::field("/version", "is needed: the case's version you saw"))?;
    let command = Command::read(action, body).map_err(|wrong| problem(id, wrong.into()))?;
    let now = app.now();
    let asked = Asked {
        case: id,
        person,
        command,
        version: Some(version),
        key: Some((key.to_owned(), sha256)),
        seed: rand::random(),
        now,
    };
    let done = app.actions.act(asked).await;
    let done = done.map_err(|error| problem(id, error))?;
    app.live.publish(&done.changes(), now);
    Ok(Json(ActionTaken {
        case: done.row,
        event_id: done.event_id,
        undo_until: done.undo_until,
        opened: done.opened,
    }))
}

fn key_of(headers: &HeaderMap) -> Result<&str, ApiError> {
    headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok())
        .filter(|key| KEY_LENGTH.contains(&key.len()))
        .ok_or_else(|| {
            ApiError::field(
                "Idempotency-Key",
                "is needed: 8 to 128 ASCII characters, new with every request",
            )
        })
}

/// Of what is asked: two requests of one key must be the same.
fn digest(id: CaseId, action: Action, body: &Map<String, Value>) -> [u8; 32] {
    let asked = serde_json::json!([id, action, body]);
    Sha256::digest(asked.to_string()).into()
}

/// Members of a problem that a page reads.
fn explained(
    status: StatusCode,
    kind: &'static str,
    detail: String,
    name: &str,
    more: impl Serialize,
) -> ApiError {
    let more = serde_json::to_value(more).unwrap_or_default();
    ApiError::Explained {
        status,
        kind,
        detail,
        more: Map::from_iter([(name.to_owned(), more)]),
    }
}

fn problem(id: CaseId, error: ActError) -> ApiError {
    let detail = error.to_string();
    match error {
        ActError::NotFound => no_case(id),
        ActError::Conflict(current) => explained(
            StatusCode::CONFLICT,
            "version-conflict",
            detail,
            "current",
            current,
        ),
        ActError::WrongState { state, .. } => {
            explained(StatusCode::CONFLICT, "wrong-state", detail, "state", state)
        }
        ActError::NotAllowed(refusal) => explained(
            StatusCode::FORBIDDEN,
            "not-allowed",
            detail,
            "refusal",
            refusal,
        ),
        ActError::RuleBroken(refusal) => explained(
            StatusCode::UNPROCESSABLE_ENTITY,
            "rule-broken",
            detail,
            "refusal",
            refusal,
        ),
        ActError::WrongField(wrong) => ApiError::Refused {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid-field",
            detail,
            errors: vec![FieldProblem {
                field: wrong.field,
                detail: wrong.detail,
            }],
            retry_after_s: None,
        },
        ActError::KeyReused => ApiError::refused(StatusCode::CONFLICT, "key-reused", detail),
        ActError::Other(error) => ApiError::Internal(error),
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct ExplainedClock {
    clock: ClockView,
    /// From its start until now or its stop: what counted, what did not, and why.
    intervals: Vec<Interval>,
}

/// Why a clock of a case stands where it stands.
#[utoipa::path(get, path = "/api/v1/cases/{id}/clocks/{clock}", tag = "cases",
    params(("id" = i64, Path, description = "case"), ("clock" = i64, Path, description = "clock")),
    responses(
        (status = 200, body = ExplainedClock),
        (status = 401, description = "sign in first"),
        (status = 404, description = "no such clock within your reach"),
    ))]
async fn clock(
    person: Person,
    State(app): State<App>,
    PathParams((id, clock)): PathParams<(CaseId, i64)>,
) -> Result<Json<ExplainedClock>, ApiError> {
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    let loaded = store::load(&mut *tx, &Ask::of(id, now)).await?;
    tx.commit().await?;
    let case = loaded.ok_or_else(|| no_case(id))?.case;
    let stored = case.clocks.iter().find(|one| one.clock_id == Some(clock));
    let stored =
        stored.ok_or_else(|| ApiError::not_found(format!("case {id} has no clock {clock}")))?;
    let rules = app.workflow().rules_of(&case);
    Ok(Json(ExplainedClock {
        clock: ClockView::new(stored, rules.calendar(), now),
        intervals: stored.clock().explain(now, rules.calendar()),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
struct WorkflowTable {
    steps: Vec<StepView>,
}

/// The workflow: which action leads from where to where, and who may take it.
#[utoipa::path(get, path = "/api/v1/workflow", tag = "cases", responses(
    (status = 200, body = WorkflowTable),
    (status = 401, description = "sign in first"),
))]
async fn workflow(_: Person) -> Json<WorkflowTable> {
    let steps = STEPS.iter().map(StepView::new).collect();
    Json(WorkflowTable { steps })
}
