//! What a plan means, and what is decided of it.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use cityward_partition::{FaceId, geojson::Features};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use sqlx::PgConnection;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::held::{
    APPROVERS, Held, WRITERS, check_text, conflict, look, read, seat, subject, working,
};
use super::{REASON_CHARS_MAX, VersionSeen};
use crate::access::Person;
use crate::catalogue::ClassScope;
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::journal::{self, Entry};
use crate::organisation;
use crate::plan::duty::{duties, handed, unit_of};
use crate::plan::finding::{
    Finding, FindingKind, Severity, codes_used_up, findings, routes_lost, units_absent,
};
use crate::plan::outcome::Outcome;
use crate::plan::working::{Revision, Working};
use crate::plan::{Plan, PlanState, Somebody, publish, store};

/// Nothing is scheduled further ahead.
const AHEAD_MAX: chrono::TimeDelta = chrono::TimeDelta::days(3 * 366);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(changes_of_hands))
        .routes(routes!(validate))
        .routes(routes!(submit))
        .routes(routes!(approve))
        .routes(routes!(reject))
        .routes(routes!(withdraw))
}

/// What is different of one piece of ground.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DifferenceKind {
    /// It is of another cell.
    Ground,
    /// The cell is of another unit.
    Owner,
}

#[derive(Serialize, ToSchema)]
struct DifferenceProperties<'a> {
    kind: DifferenceKind,
    /// Of another unit: for these classes, as `M06` or `M06042`; empty: for whatever has no rule of its
    /// own.
    #[schema(value_type = String, example = "M06")]
    classes: ClassScope,
    /// Null: outside the city.
    #[schema(value_type = Option<u32>)]
    from_face: Option<FaceId>,
    from_code: Option<&'a str>,
    from_unit: Option<i32>,
    #[schema(value_type = Option<u32>)]
    to_face: Option<FaceId>,
    /// Null: a cell that has no code yet, or none at all.
    to_code: Option<&'a str>,
    to_unit: Option<i32>,
    area_m2: f64,
}

/// The ground that changes hands, each piece by who has it and who gets it.
#[utoipa::path(get, path = "/api/v1/plans/{id}/difference", tag = "plans", params(("id" = i32, Path)), responses(
    (status = 200, content_type = "application/geo+json", body = Object,
        description = "features with `DifferenceProperties`"),
    (status = 401), (status = 403), (status = 404),
))]
async fn changes_of_hands(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Response, ApiError> {
    let (_, seat) = read(&app, &person, id).await?;
    let text = working(seat, |_, working| difference_of(working)).await?;
    Ok(([(header::CONTENT_TYPE, "application/geo+json")], text).into_response())
}

fn difference_of(working: &mut Working) -> String {
    let difference = working.difference();
    let (base, after) = (&*working.base, &working.partition);
    let before_unit = |face: FaceId| unit_of(base.partition.faces().get(&face)?.owner);
    let after_unit = |face: FaceId| unit_of(after.faces().get(&face)?.owner);
    let mut features = Features::of(&base.frame);
    for moved in difference.moved {
        let properties = DifferenceProperties {
            kind: DifferenceKind::Ground,
            classes: ClassScope::All,
            from_face: moved.from,
            from_code: moved.from.and_then(|face| base.code(face)),
            from_unit: moved.from.and_then(before_unit),
            to_face: moved.to,
            to_code: moved.to.and_then(|face| base.code(face)),
            to_unit: moved.to.and_then(after_unit),
            area_m2: moved.area_m2,
        };
        features.push_area(None, &moved.polygons, &properties);
    }
    for (&face, planned) in after.faces() {
        let Some(was) = base.partition.faces().get(&face) else {
            continue;
        };
        for handed in handed(&duties(was), &duties(planned)) {
            let properties = DifferenceProperties {
                kind: DifferenceKind::Owner,
                classes: handed.classes,
                from_face: Some(face),
                from_code: base.code(face),
                from_unit: handed.from_unit,
                to_face: Some(face),
                to_code: base.code(face),
                to_unit: handed.to_unit,
                area_m2: after.area_m2(face),
            };
            features.push_area(None, &after.polygons(face), &properties);
        }
    }
    features.finish()
}

#[derive(Serialize, ToSchema)]
struct Validation {
    /// Of the plan that was looked at.
    version: i32,
    /// No error is among them.
    ok: bool,
    /// Errors first.
    findings: Vec<Finding>,
}

/// Whether a plan can be published, and what to look at before.
#[utoipa::path(post, path = "/api/v1/plans/{id}/validate", tag = "plans", params(("id" = i32, Path)), responses(
    (status = 200, body = Validation), (status = 401), (status = 403), (status = 404),
))]
async fn validate(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Json<Validation>, ApiError> {
    let (mut tx, plan) = look(&app, &person, id).await?;
    let revision = plan.revision();
    let findings = found(&app, &mut tx, &plan, revision, plan.in_force_from).await?;
    tx.commit().await?;
    Ok(Json(Validation {
        version: plan.version,
        ok: !findings.iter().any(is_error),
        findings,
    }))
}

fn is_error(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

/// Everything found of a plan that is in force from a moment, or one that nobody has decided yet; errors
/// first.
async fn found(
    app: &App,
    tx: &mut PgConnection,
    plan: &Plan,
    revision: Revision,
    in_force_from: Option<DateTime<Utc>>,
) -> Result<Vec<Finding>, ApiError> {
    let from = match in_force_from {
        Some(from) => from,
        None => store::now(&mut *tx).await?,
    };
    let present = organisation::present(&mut *tx, from, in_force_from.is_none()).await?;
    let sets = app.rules.from(from);
    let all = move |working: &mut Working| {
        let difference = working.difference();
        let outcome = Outcome::by(&difference, &working.base, &working.partition);
        let mut found = findings(&working.base, &working.partition, &outcome);
        let (base, after) = (&working.base, &working.partition);
        found.extend(units_absent(base, after, &outcome, &present));
        found.extend(routes_lost(base, &outcome, &sets));
        (outcome, found)
    };
    let seat = seat(app, tx, plan, revision).await?;
    let (outcome, mut found) = working(seat, move |_, it| all(it)).await?;
    let taken = store::taken(tx, &outcome.communities()).await?;
    found.extend(codes_used_up(&outcome, &taken));
    if plan.base_moved {
        let detail = "other ground was published since; rebase";
        found.push(Finding::of_plan(FindingKind::BaseMoved, detail));
    }
    found.sort_by_key(|finding| (finding.severity, finding.kind, finding.face));
    Ok(found)
}

/// 422 where it cannot be published as it is.
async fn check(
    held: &mut Held<'_>,
    app: &App,
    in_force_from: Option<DateTime<Utc>>,
) -> Result<(), ApiError> {
    let found = found(app, &mut held.tx, &held.plan, held.before, in_force_from).await?;
    if !found.iter().any(is_error) {
        return Ok(());
    }
    let mut more = Map::new();
    more.insert("findings".to_owned(), json!(found));
    Err(ApiError::Explained {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind: "not-valid",
        detail: "the plan cannot be published as it is".to_owned(),
        more,
    })
}

/// Gives a draft to somebody else for approval.
#[utoipa::path(post, path = "/api/v1/plans/{id}/submit", tag = "plans", params(("id" = i32, Path)),
    request_body = VersionSeen, responses(
    (status = 200, body = Plan), (status = 401), (status = 403), (status = 404),
    (status = 409, description = "version-conflict, wrong-state"),
    (status = 422, description = "not-valid: `findings` says why"),
))]
async fn submit(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<VersionSeen>,
) -> Result<Json<Plan>, ApiError> {
    let mut held = Held::draft(&app, &person, id, body.version).await?;
    check(&mut held, &app, None).await?;
    held.plan.state = PlanState::Submitted;
    held.plan.submitted_at = Some(held.plan.changed_at);
    held.plan.decision = None;
    let entry = Entry::by(&person, app.now(), subject(id), "submit")
        .after(json!({ "state": held.plan.state, "steps": held.plan.steps }));
    journal::record(&mut *held.tx, &entry).await?;
    Ok(Json(held.finish().await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanApproval {
    version: i32,
    /// In the future; at once when not given.
    in_force_from: Option<DateTime<Utc>>,
    /// What the edition is called; the plan's title when not given.
    note: Option<String>,
}

/// Approves a plan, which nobody who wrote in it may: it is in force from its date, or at once.
#[utoipa::path(post, path = "/api/v1/plans/{id}/approve", tag = "plans", params(("id" = i32, Path)),
    request_body = PlanApproval, responses(
    (status = 200, body = Plan),
    (status = 400, description = "the date is in the past"), (status = 401),
    (status = 403, description = "own-plan: whoever wrote in it may not approve it"), (status = 404),
    (status = 409, description = "version-conflict, wrong-state; another-scheduled: one plan waits for \
        its date at a time"),
    (status = 422, description = "not-valid: `findings` says why"),
))]
async fn approve(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<PlanApproval>,
) -> Result<Json<Plan>, ApiError> {
    let states = [PlanState::Submitted];
    let mut held = Held::begin(&app, &person, id, body.version, APPROVERS, &states).await?;
    if held.plan.authors.contains(&person.id) {
        let detail = "whoever wrote in a plan may not approve it";
        return Err(ApiError::refused(StatusCode::FORBIDDEN, "own-plan", detail));
    }
    let now = held.plan.changed_at;
    let from = body.in_force_from.unwrap_or(now);
    if from < now || from > now + AHEAD_MAX {
        let detail = "must not be in the past, and lie within three years";
        return Err(ApiError::field("/in_force_from", detail));
    }
    let note = match &body.note {
        Some(note) => check_text("/note", note, REASON_CHARS_MAX)?.to_owned(),
        None => held.plan.title.clone(),
    };
    check(&mut held, &app, Some(from)).await?;
    if store::is_one_scheduled(&mut *held.tx).await? {
        let detail = "another plan waits for its date; withdraw it or wait";
        return Err(conflict("another-scheduled", detail, []));
    }
    let edition = store::insert_edition(&mut *held.tx, id, &note, from).await?;
    held.plan.state = PlanState::Approved;
    held.plan.approved_by = Some(Somebody {
        id: person.id,
        name: person.name.clone(),
    });
    held.plan.approved_at = Some(now);
    held.plan.in_force_from = Some(from);
    held.plan.edition_id = Some(edition);
    let entry = Entry::by(&person, app.now(), subject(id), "approve")
        .after(json!({ "state": held.plan.state, "in_force_from": from, "edition_id": edition }));
    journal::record(&mut *held.tx, &entry).await?;
    let plan = held.finish().await?;
    if from > now {
        return Ok(Json(plan));
    }
    publish::round(&app).await?;
    let mut tx = app.scoped(&person).await?;
    let plan = store::find(&mut *tx, id).await?.unwrap_or(plan);
    tx.commit().await?;
    Ok(Json(plan))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Dismissal {
    version: i32,
    reason: String,
}

/// Gives a plan back to those who write it.
#[utoipa::path(post, path = "/api/v1/plans/{id}/reject", tag = "plans", params(("id" = i32, Path)),
    request_body = Dismissal, responses(
    (status = 200, body = Plan), (status = 400), (status = 401), (status = 403), (status = 404),
    (status = 409, description = "version-conflict, wrong-state"),
))]
async fn reject(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<Dismissal>,
) -> Result<Json<Plan>, ApiError> {
    let reason = check_text("/reason", &body.reason, REASON_CHARS_MAX)?;
    let states = [PlanState::Submitted];
    let mut held = Held::begin(&app, &person, id, body.version, APPROVERS, &states).await?;
    held.plan.back_to_draft(reason);
    let entry = Entry::by(&person, app.now(), subject(id), "reject")
        .because(reason)
        .after(json!({ "state": held.plan.state }));
    journal::record(&mut *held.tx, &entry).await?;
    Ok(Json(held.finish().await?))
}

/// Takes a plan back that is not in force yet: a draft or submitted one those who write, one that
/// waits for its date those who approve.
#[utoipa::path(post, path = "/api/v1/plans/{id}/withdraw", tag = "plans", params(("id" = i32, Path)),
    request_body = Dismissal, responses(
    (status = 200, body = Plan), (status = 400), (status = 401), (status = 403), (status = 404),
    (status = 409, description = "version-conflict, wrong-state"),
))]
async fn withdraw(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<Dismissal>,
) -> Result<Json<Plan>, ApiError> {
    let reason = check_text("/reason", &body.reason, REASON_CHARS_MAX)?;
    let states = [PlanState::Draft, PlanState::Submitted, PlanState::Approved];
    let mut held = Held::begin(&app, &person, id, body.version, APPROVERS, &states).await?;
    if held.plan.state != PlanState::Approved {
        person.require_of_city(WRITERS)?;
    }
    if let Some(edition) = held.plan.edition_id {
        store::withdraw_edition(&mut *held.tx, edition, held.plan.changed_at).await?;
    }
    held.plan.state = PlanState::Withdrawn;
    held.plan.decision = Some(reason.to_owned());
    let entry = Entry::by(&person, app.now(), subject(id), "withdraw")
        .because(reason)
        .after(json!({ "state": held.plan.state }));
    journal::record(&mut *held.tx, &entry).await?;
    Ok(Json(held.finish().await?))
}
