//! Who else is at a plan, and which other plans change the same cells: a hint, never a lock.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use cityward_partition::FaceId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::held::{READERS, no_plan, read, working};
use crate::access::Person;
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::plan::store::{self, Asked, Present};
use crate::plan::{Plan, PlanState, Somebody};

/// Whoever was not heard of for so long is gone.
const PRESENT_FOR: chrono::TimeDelta = chrono::TimeDelta::seconds(30);
/// Cells that are told of one person or plan.
const FACES_MAX: usize = 2_000;
/// The newest plans that are looked at, and those of them that are open.
const PLANS_LOOKED_AT: u32 = 200;
const PLANS_MAX: usize = 20;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(be_present))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HereWith {
    /// The cells that are chosen.
    #[schema(value_type = Vec<u32>)]
    faces: Vec<FaceId>,
}

/// Another plan that is not in force yet.
#[derive(Serialize, ToSchema)]
struct PlanBeside {
    id: i32,
    title: String,
    state: PlanState,
    author: Somebody,
    /// The cells that it changes; at most 2,000.
    #[schema(value_type = Vec<u32>)]
    faces: Vec<FaceId>,
    /// How many of them this plan changes too.
    shared: usize,
    /// Who is at it now.
    people: Vec<Somebody>,
}

#[derive(Serialize, ToSchema)]
struct Company {
    /// Of this plan, now, and by whom.
    version: i32,
    changed_by: Somebody,
    /// Others who are at this plan now.
    people: Vec<Present>,
    /// The newest 20 open plans that change any cell.
    plans: Vec<PlanBeside>,
}

/// Says that somebody is at a plan with some cells chosen, and asks who else is. To be said again
/// every ten seconds or so; who is silent for thirty is gone.
#[utoipa::path(post, path = "/api/v1/plans/{id}/presence", tag = "plans", params(("id" = i32, Path)),
    request_body = HereWith, responses(
    (status = 200, body = Company), (status = 400), (status = 401), (status = 403), (status = 404),
))]
async fn be_present(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<HereWith>,
) -> Result<Json<Company>, ApiError> {
    person.require_of_city(READERS)?;
    if body.faces.len() > FACES_MAX {
        let detail = format!("at most {FACES_MAX}");
        return Err(ApiError::field("/faces", detail));
    }
    let mut tx = app.scoped(&person).await?;
    let now = store::now(&mut *tx).await?;
    let asked = Asked {
        limit: PLANS_LOOKED_AT,
        ..Asked::default()
    };
    let plan = store::find(&mut *tx, id)
        .await?
        .ok_or_else(|| no_plan(id))?;
    store::be_present(&mut *tx, id, person.id, &body.faces, now).await?;
    let present = store::present(&mut *tx, now - PRESENT_FOR).await?;
    let plans = store::list(&mut *tx, asked).await?;
    tx.commit().await?;

    let mine = touched(&app, &person, &plan).await?;
    let others = plans.into_iter().filter(|other| other.id != id);
    let open = others.filter(|other| {
        matches!(
            other.state,
            PlanState::Draft | PlanState::Submitted | PlanState::Approved
        )
    });
    let mut beside = Vec::new();
    for other in open.take(PLANS_MAX) {
        // what does not fit its own ground any more changes nothing
        if let Ok(faces) = touched(&app, &person, &other).await
            && !faces.is_empty()
        {
            beside.push(plan_beside(other, &faces, &mine, &present));
        }
    }
    let here = present.into_iter();
    let here = here.filter(|one| one.plan_id == id && one.person.id != person.id);
    Ok(Json(Company {
        version: plan.version,
        changed_by: plan.changed_by,
        people: here.collect(),
        plans: beside,
    }))
}

/// Asked every few seconds of many plans, most of which stand still: worked out once a revision.
async fn touched(
    app: &App,
    person: &Person,
    plan: &Plan,
) -> Result<Arc<BTreeSet<FaceId>>, ApiError> {
    if let Some(known) = app.workings.touched(plan.id, plan.revision()) {
        return Ok(known);
    }
    let (read, seat) = read(app, person, plan.id).await?;
    let faces = working(seat, |_, working| working.touched().clone());
    let faces = Arc::new(faces.await?);
    app.workings
        .remember_touched(plan.id, read.revision(), &faces);
    Ok(faces)
}

fn plan_beside(
    plan: Plan,
    faces: &BTreeSet<FaceId>,
    mine: &BTreeSet<FaceId>,
    present: &[Present],
) -> PlanBeside {
    let at_it = present.iter().filter(|one| one.plan_id == plan.id);
    PlanBeside {
        id: plan.id,
        title: plan.title,
        state: plan.state,
        author: plan.author,
        shared: faces.intersection(mine).count(),
        faces: faces.iter().copied().take(FACES_MAX).collect(),
        people: at_it.map(|one| one.person.clone()).collect(),
    }
}
