//! A draft whose ground moved: looked at cell by cell, and put onto the ground that is in force.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use cityward_partition::FaceId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::base_of;
use super::held::{Held, conflict, look, misfits, seat, subject, working};
use crate::access::Person;
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::journal::{self, Entry};
use crate::plan::Plan;
use crate::plan::ground::{Ground, no_ground};
use crate::plan::reconcile::{Choices, Kept, LeftOut, Merged, Take, ThreeWay, Unmet};
use crate::plan::store::{self, NewStep};
use crate::plan::working::Misfit;

/// Cells that somebody decides about at once.
const CHOICES_MAX: usize = 200;
/// Each holds a plan's ground and compares the city's; more wait.
static PLACES: Semaphore = Semaphore::const_new(2);
/// Why a step is there that nobody took by hand.
const CHOSEN: &str = "mine";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(reconcile))
        .routes(routes!(rebase))
}

/// Whose a cell is to be.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Choice {
    #[schema(value_type = u32)]
    face: FaceId,
    take: Take,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReconcileAsked {
    /// Of other cells both are merged.
    #[serde(default)]
    choices: Vec<Choice>,
}

#[derive(Serialize, ToSchema)]
struct Reconciliation {
    /// Of the plan that was looked at.
    version: i32,
    #[serde(flatten)]
    three: ThreeWay,
}

/// What became of a plan's cells where other ground was published meanwhile: as the plan has them,
/// as they were published, and both together.
#[utoipa::path(post, path = "/api/v1/plans/{id}/reconcile", tag = "plans", params(("id" = i32, Path)),
    request_body = ReconcileAsked, responses(
    (status = 200, body = Reconciliation), (status = 400), (status = 401), (status = 403), (status = 404),
    (status = 409, description = "choice-not-possible: `face` and `refusal` say which and why"),
))]
async fn reconcile(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<ReconcileAsked>,
) -> Result<Json<Reconciliation>, ApiError> {
    let choices = choices(&body.choices)?;
    let place = PLACES.acquire().await.map_err(anyhow::Error::from)?;
    let (mut tx, plan) = look(&app, &person, id).await?;
    // not before the plan: it may begin on what was published last
    let theirs = app.grounds.at(None).await.map_err(no_ground)?;
    let steps = store::operations(&mut *tx, id).await?;
    let seat = seat(&app, &mut tx, &plan, plan.revision()).await?;
    tx.commit().await?;
    let three = working(seat, move |_, mine| {
        // kept to the end, also where whoever asked has gone
        let _place = place;
        let merged = Merged::of(mine, theirs, &steps, &choices)?;
        Ok(ThreeWay::of(mine, merged))
    });
    Ok(Json(Reconciliation {
        version: plan.version,
        three: three.await?.map_err(|unmet| not_possible(&unmet))?,
    }))
}

fn choices(asked: &[Choice]) -> Result<Choices, ApiError> {
    if asked.len() > CHOICES_MAX {
        let detail = format!("at most {CHOICES_MAX}");
        return Err(ApiError::field("/choices", detail));
    }
    Ok(asked.iter().map(|each| (each.face, each.take)).collect())
}

fn not_possible(unmet: &Unmet) -> ApiError {
    let more = [
        ("face", json!(unmet.face)),
        ("refusal", json!(unmet.refusal)),
    ];
    conflict("choice-not-possible", unmet.to_string(), more)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RebaseAsked {
    version: i32,
    /// Of other cells both are merged.
    #[serde(default)]
    choices: Vec<Choice>,
    /// Steps that cannot be done any more are left out.
    #[serde(default)]
    leave_out: bool,
}

/// Does the steps in effect again on the ground that is in force now. Where a choice asks for it,
/// or a step is left out, the steps before are dropped and written anew.
#[utoipa::path(post, path = "/api/v1/plans/{id}/rebase", tag = "plans", params(("id" = i32, Path)),
    request_body = RebaseAsked, responses(
    (status = 200, body = Plan), (status = 400), (status = 401), (status = 403), (status = 404),
    (status = 409, description = "version-conflict, wrong-state; steps-do-not-fit: `seq` and \
        `refusal` say which and why; choice-not-possible"),
))]
async fn rebase(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<RebaseAsked>,
) -> Result<Json<Plan>, ApiError> {
    let chosen = choices(&body.choices)?;
    // before a connection, as others who wait for a place do
    let place = PLACES.acquire().await.map_err(anyhow::Error::from)?;
    let mut draft = Held::draft(&app, &person, id, body.version).await?;
    let theirs = app.grounds.at(None).await.map_err(no_ground)?;
    let merged = merged(&mut draft, &theirs, chosen, place).await?;
    let misfit = |step: &LeftOut| {
        let (seq, refusal) = (step.seq, step.refusal.clone()?);
        Some(Misfit { seq, refusal })
    };
    if let (Some(misfit), false) = (merged.left_out.iter().find_map(misfit), body.leave_out) {
        return Err(misfits(&theirs, &misfit));
    }
    draft.plan.base = base_of(&theirs);
    if !merged.is_plain {
        rewrite(&mut draft, &person, &merged.kept).await?;
    }
    let entry = Entry::by(&person, app.now(), subject(id), "rebase").after(json!({
        "base": draft.plan.base,
        "choices": body.choices,
        "left_out": merged.left_out.iter().map(|step| step.seq).collect::<Vec<_>>(),
    }));
    journal::record(&mut *draft.tx, &entry).await?;
    Ok(Json(draft.finish().await?))
}

/// What a draft becomes on other ground.
struct Again {
    is_plain: bool,
    kept: Vec<Kept>,
    left_out: Vec<LeftOut>,
}

async fn merged(
    draft: &mut Held<'_>,
    theirs: &Arc<Ground>,
    choices: Choices,
    place: SemaphorePermit<'static>,
) -> Result<Again, ApiError> {
    let theirs = Arc::clone(theirs);
    let steps = store::operations(&mut *draft.tx, draft.plan.id).await?;
    let seat = draft.seat().await?;
    let merged = working(seat, move |_, mine| {
        let _place = place;
        let merged = Merged::of(mine, theirs, &steps, &choices)?;
        Ok(Again {
            is_plain: merged.is_plain,
            kept: merged.kept,
            left_out: merged.left_out,
        })
    });
    merged.await?.map_err(|unmet| not_possible(&unmet))
}

/// Drops every step and writes those that are in effect on the new ground.
async fn rewrite(draft: &mut Held<'_>, person: &Person, kept: &[Kept]) -> Result<(), ApiError> {
    let id = draft.plan.id;
    let before = store::steps(&mut *draft.tx, id).await?;
    store::drop_steps(&mut *draft.tx, id).await?;
    let reason_of = |seq: i32| before.iter().find(|step| step.seq == seq);
    for step in kept {
        let reason = step.seq.and_then(reason_of);
        let reason = reason.map_or(CHOSEN, |before| before.reason.as_str());
        let new = NewStep {
            operation: &step.operation,
            reason,
            warnings: &step.warnings,
        };
        store::insert_step(&mut draft.tx, id, &new, person.id, draft.plan.changed_at).await?;
    }
    Ok(())
}
