//! Plans: begun, changed step by step, looked at, decided.

mod cells;
mod decide;
mod first;
mod from_file;
mod held;
mod impact;
mod presence;
mod propose;
mod received;
mod reconcile;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::TypedHeader;
use axum_extra::headers::IfNoneMatch;
use cityward_partition::{Operation, Partition, UnitId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::propose::{CellEdit, CellOwner, propose};

use self::held::{Held, READERS, WRITERS, check_text, no_plan, read, refused, subject, working};
use crate::access::Person;
use crate::catalogue::ClassScope;
use crate::http::{ApiError, App, JsonBody, PathParams, QueryParams};
use crate::import::check_cell_name;
use crate::journal::{self, Entry};
use crate::organisation;
use crate::plan::duty::{classes, unit_of};
use crate::plan::ground::{self, Ground, PartitionHead, no_ground, octets};
use crate::plan::store::{self, Asked, NewPlan, NewStep};
use crate::plan::{Base, Plan, PlanState, Step, moved};

const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 500;
const TITLE_CHARS_MAX: usize = 100;
const REASON_CHARS_MAX: usize = 2_000;

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(ground::routes())
        .routes(routes!(list, begin))
        .routes(routes!(look, rename))
        .routes(routes!(base))
        .routes(routes!(partition))
        .routes(routes!(take_step))
        .routes(routes!(undo))
        .routes(routes!(redo))
        .merge(cells::routes())
        .merge(decide::routes())
        .merge(first::routes())
        .merge(from_file::routes())
        .merge(impact::routes())
        .merge(moved::routes())
        .merge(presence::routes())
        .merge(reconcile::routes())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PlansAsked {
    state: Option<PlanState>,
    /// Older than this plan: `next` of the page before.
    before: Option<i32>,
    /// 1 to 500; 100 when not given.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct PlanPage {
    /// Newest first.
    plans: Vec<Plan>,
    /// `before` of the next page; null on the last.
    next: Option<i32>,
}

/// Plans, newest first.
#[utoipa::path(get, path = "/api/v1/plans", tag = "plans", params(PlansAsked), responses(
    (status = 200, body = PlanPage), (status = 400), (status = 401), (status = 403),
))]
async fn list(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<PlansAsked>,
) -> Result<Json<PlanPage>, ApiError> {
    person.require_of_city(READERS)?;
    let limit = asked.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::field("limit", "must be 1 to 500"));
    }
    let asked = Asked {
        only: None,
        state: asked.state,
        before: asked.before,
        limit: limit + 1,
    };
    let mut tx = app.scoped(&person).await?;
    let mut plans = store::list(&mut *tx, asked).await?;
    tx.commit().await?;
    let more = plans.len() > limit as usize;
    plans.truncate(limit as usize);
    let next = plans.last().filter(|_| more).map(|plan| plan.id);
    Ok(Json(PlanPage { plans, next }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanBegun {
    title: String,
    reason: String,
}

/// Begins a plan on the ground that is in force.
#[utoipa::path(post, path = "/api/v1/plans", tag = "plans", request_body = PlanBegun, responses(
    (status = 201, body = Plan), (status = 400), (status = 401), (status = 403),
    (status = 404, description = "the city has no cells"),
    (status = 409, description = "no-partition: published cells overlap; `defects` says where"),
))]
async fn begin(
    person: Person,
    State(app): State<App>,
    JsonBody(body): JsonBody<PlanBegun>,
) -> Result<(StatusCode, Json<Plan>), ApiError> {
    person.require_of_city(WRITERS)?;
    let title = check_text("/title", &body.title, TITLE_CHARS_MAX)?;
    let reason = check_text("/reason", &body.reason, REASON_CHARS_MAX)?;
    let mut tx = app.scoped(&person).await?;
    let plan = start(&app, &mut tx, &person, title, reason).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(plan)))
}

/// A new plan on the ground that is in force.
async fn start(
    app: &App,
    tx: &mut PgConnection,
    person: &Person,
    title: &str,
    reason: &str,
) -> Result<Plan, ApiError> {
    let ground = app.grounds.at(None).await.map_err(no_ground)?;
    let base = base_of(&ground);
    let new = NewPlan {
        title,
        reason,
        base: &base,
        author_id: person.id,
        at: store::now(&mut *tx).await?,
    };
    let id = store::insert(&mut *tx, &new).await?;
    let plan = store::find(&mut *tx, id)
        .await?
        .ok_or_else(|| no_plan(id))?;
    let entry = Entry::by(person, app.now(), subject(id), "begin")
        .because(reason)
        .after(json!({ "title": title, "base": base }));
    journal::record(&mut *tx, &entry).await?;
    Ok(plan)
}

#[derive(Serialize, ToSchema)]
struct PlanWithHistory {
    #[serde(flatten)]
    plan: Plan,
    /// Every step in its order, also those that were taken back.
    history: Vec<Step>,
}

/// A plan with its history.
#[utoipa::path(get, path = "/api/v1/plans/{id}", tag = "plans", params(("id" = i32, Path)), responses(
    (status = 200, body = PlanWithHistory), (status = 401), (status = 403), (status = 404),
))]
async fn look(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Json<PlanWithHistory>, ApiError> {
    let (mut tx, plan) = held::look(&app, &person, id).await?;
    let history = store::steps(&mut *tx, id).await?;
    tx.commit().await?;
    Ok(Json(PlanWithHistory { plan, history }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewNames {
    version: i32,
    title: Option<String>,
    reason: Option<String>,
}

/// Says anew what a draft is called and why it is made.
#[utoipa::path(patch, path = "/api/v1/plans/{id}", tag = "plans", params(("id" = i32, Path)),
    request_body = NewNames, responses(
    (status = 200, body = Plan), (status = 400), (status = 401), (status = 403), (status = 404),
    (status = 409, description = "version-conflict, wrong-state"),
))]
async fn rename(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<NewNames>,
) -> Result<Json<Plan>, ApiError> {
    let mut draft = Held::draft(&app, &person, id, body.version).await?;
    if let Some(title) = &body.title {
        check_text("/title", title, TITLE_CHARS_MAX)?.clone_into(&mut draft.plan.title);
    }
    if let Some(reason) = &body.reason {
        check_text("/reason", reason, REASON_CHARS_MAX)?.clone_into(&mut draft.plan.reason);
    }
    Ok(Json(draft.finish().await?))
}

/// What a plan begins on: which cell is which face, as `/api/v1/partition` says it.
#[utoipa::path(get, path = "/api/v1/plans/{id}/base", tag = "plans", params(("id" = i32, Path)), responses(
    (status = 200, body = PartitionHead), (status = 401), (status = 403), (status = 404),
))]
async fn base(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Json<PartitionHead>, ApiError> {
    let (tx, plan) = held::look(&app, &person, id).await?;
    tx.commit().await?;
    let head = PartitionHead::at(&app, Some(plan.base.at)).await?;
    Ok(Json(head))
}

/// The ground of a plan: its base with the steps in effect.
#[utoipa::path(get, path = "/api/v1/plans/{id}/partition", tag = "plans", params(("id" = i32, Path)), responses(
    (status = 200, content_type = "application/octet-stream", body = [u8]), (status = 304),
    (status = 401), (status = 403), (status = 404),
))]
async fn partition(
    person: Person,
    State(app): State<App>,
    known: Option<TypedHeader<IfNoneMatch>>,
    PathParams(id): PathParams<i32>,
) -> Result<Response, ApiError> {
    let (plan, seat) = read(&app, &person, id).await?;
    let tag = format!("plan-{}-{id}-{}", Partition::FORM, plan.version);
    let bytes = working(seat, |_, working| working.partition.to_bytes()).await?;
    octets(&tag, known, || bytes.into())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StepAsked {
    version: i32,
    /// An operation of `cityward-partition`, e.g. `{"split": {"face": 3, "line": [[0, 0], [9, 9]]}}`;
    /// places are millimetres on the grid. `{"set_owner": {"faces": [3], "owner": 7}}` says who answers
    /// for whatever has no rule of its own; `{"set_duty": {"faces": [3], "subject": "C03", "owner": 7}}`
    /// for a group or, as `"C03005"`, a class, and with `null` for an owner that nobody does by itself.
    /// `{"set_name": {"face": 3, "name": "东风路西"}}` names a cell; with an empty name it has none.
    #[schema(value_type = Object)]
    operation: Operation,
    #[serde(default)]
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct StepTaken {
    /// Of the plan, now.
    version: i32,
    step: Step,
}

/// Takes a step; what was taken back before cannot be done again then.
#[utoipa::path(post, path = "/api/v1/plans/{id}/steps", tag = "plans", params(("id" = i32, Path)),
    request_body = StepAsked, responses(
    (status = 201, body = StepTaken),
    (status = 400, description = "invalid-field: an unknown class, group or unit; the problem names it"),
    (status = 401), (status = 403), (status = 404),
    (status = 409, description = "version-conflict, wrong-state"),
    (status = 422, description = "operation-refused: `refusal` says why, `place` where"),
))]
async fn take_step(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<StepAsked>,
) -> Result<(StatusCode, Json<StepTaken>), ApiError> {
    if body.reason.chars().count() > REASON_CHARS_MAX {
        let detail = format!("at most {REASON_CHARS_MAX} characters");
        return Err(ApiError::field("/reason", detail));
    }
    check_subject(&body.operation)?;
    check_names(&body.operation)?;
    let mut draft = Held::draft(&app, &person, id, body.version).await?;
    check_owner(&mut draft.tx, &body.operation).await?;
    let operation = body.operation.clone();
    let seat = draft.seat().await?;
    let base = Arc::clone(&seat.base);
    let after = draft.revision_after();
    let taken = working(seat, move |revision, working| {
        let warnings = working.take(&operation)?;
        *revision = after;
        Ok(warnings)
    });
    let warnings = taken
        .await?
        .map_err(|refusal| refused(&base, &body.operation, &refusal))?;
    let step = NewStep {
        operation: &body.operation,
        reason: body.reason.trim(),
        warnings: &warnings,
    };
    let seq = store::insert_step(&mut draft.tx, id, &step, person.id, after.changed_at).await?;
    Ok((StatusCode::CREATED, Json(stepped(draft, seq).await?)))
}

/// Duties are about classes and groups that the catalogue knows.
fn check_subject(operation: &Operation) -> Result<(), ApiError> {
    if let Operation::SetDuty { subject, .. } = operation
        && !classes(*subject).is_some_and(ClassScope::is_known)
    {
        let detail = format!("there is no class or group {subject}");
        return Err(ApiError::field("/operation/set_duty/subject", detail));
    }
    Ok(())
}

/// What a cell is called the database can keep, and a map can show.
fn check_names(operation: &Operation) -> Result<(), ApiError> {
    let names: Vec<&String> = if let Operation::SetName { name, .. } = operation {
        vec![name]
    } else if let Operation::Redraw { cells } = operation {
        { cells.iter() }
            .filter_map(|cell| cell.name.as_ref())
            .collect()
    } else {
        Vec::new()
    };
    let wrong = names
        .into_iter()
        .find_map(|name| check_cell_name(name).err());
    wrong.map_or(Ok(()), |why| Err(ApiError::field("/operation", why)))
}

/// What an operation gives to somebody is given to a unit of the city.
async fn check_owner(tx: &mut PgConnection, operation: &Operation) -> Result<(), ApiError> {
    if let Operation::SetOwner { owner, .. } = operation {
        check_unit(tx, *owner, "/operation/set_owner/owner").await?;
    } else if let Operation::SetDuty { owner, .. } = operation {
        check_unit(tx, *owner, "/operation/set_duty/owner").await?;
    } else if let Operation::Redraw { cells } = operation {
        let owners: BTreeSet<UnitId> = cells.iter().filter_map(|cell| cell.owner).collect();
        for owner in owners {
            check_unit(tx, Some(owner), "/operation/redraw/cells").await?;
        }
    }
    Ok(())
}

/// Who is named in a field is a unit of the city, or nobody.
async fn check_unit(
    tx: &mut PgConnection,
    owner: Option<UnitId>,
    field: &'static str,
) -> Result<(), ApiError> {
    let Some(owner) = owner else {
        return Ok(());
    };
    let is_unit = match unit_of(Some(owner)) {
        Some(unit) => organisation::is_unit(tx, unit).await?,
        None => false,
    };
    if is_unit {
        return Ok(());
    }
    let detail = format!("there is no unit {}", owner.0);
    Err(ApiError::field(field, detail))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VersionSeen {
    version: i32,
}

/// Takes the last step back.
#[utoipa::path(post, path = "/api/v1/plans/{id}/undo", tag = "plans", params(("id" = i32, Path)),
    request_body = VersionSeen, responses(
    (status = 200, body = StepTaken), (status = 401), (status = 403), (status = 404),
    (status = 409, description = "version-conflict, wrong-state, nothing-to-undo"),
))]
async fn undo(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<VersionSeen>,
) -> Result<Json<StepTaken>, ApiError> {
    let mut draft = Held::draft(&app, &person, id, body.version).await?;
    let seat = draft.seat().await?;
    let after = draft.revision_after();
    let seq = store::undo(&mut *draft.tx, id).await?.ok_or_else(|| {
        let detail = "no step is in effect";
        ApiError::refused(StatusCode::CONFLICT, "nothing-to-undo", detail)
    })?;
    working(seat, move |revision, working| {
        if working.take_back() {
            *revision = after;
        }
    })
    .await?;
    Ok(Json(stepped(draft, seq).await?))
}

/// Does the step again that was taken back last.
#[utoipa::path(post, path = "/api/v1/plans/{id}/redo", tag = "plans", params(("id" = i32, Path)),
    request_body = VersionSeen, responses(
    (status = 200, body = StepTaken), (status = 401), (status = 403), (status = 404),
    (status = 409, description = "version-conflict, wrong-state, nothing-to-redo"),
    (status = 422, description = "operation-refused: the base moved, and it does not fit any more"),
))]
async fn redo(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<VersionSeen>,
) -> Result<Json<StepTaken>, ApiError> {
    let mut draft = Held::draft(&app, &person, id, body.version).await?;
    let seat = draft.seat().await?;
    let base = Arc::clone(&seat.base);
    let after = draft.revision_after();
    let (seq, operation) = store::redo(&mut *draft.tx, id).await?.ok_or_else(|| {
        let detail = "no step was taken back";
        ApiError::refused(StatusCode::CONFLICT, "nothing-to-redo", detail)
    })?;
    let again = operation.clone();
    let taken = working(seat, move |revision, working| {
        working.take(&again)?;
        *revision = after;
        Ok(())
    });
    taken
        .await?
        .map_err(|refusal| refused(&base, &operation, &refusal))?;
    Ok(Json(stepped(draft, seq).await?))
}

async fn stepped(mut draft: Held<'_>, seq: i32) -> Result<StepTaken, ApiError> {
    let step = store::step(&mut *draft.tx, draft.plan.id, seq).await?;
    let plan = draft.finish().await?;
    Ok(StepTaken {
        version: plan.version,
        step,
    })
}

fn base_of(ground: &Ground) -> Base {
    Base {
        edition_id: ground.span.edition.id,
        at: ground.span.valid_from,
    }
}
