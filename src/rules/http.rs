//! Rule sets: drafting, approving, withdrawing; who may read and who may write them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    RuleSet, RuleSetHead, RuleSetId, RuleSetState, conditions, numbers, routing, store, tester,
};
use crate::access::{Person, Role};
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::journal::{self, Entry};

/// Whoever reads sets that are not in force.
const READERS: &[Role] = &[
    Role::Administrator,
    Role::Planner,
    Role::DataOfficer,
    Role::Leader,
];
const NAME_CHARS_MAX: usize = 100;
const NOTE_CHARS_MAX: usize = 2000;

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(look))
        .routes(routes!(approve))
        .routes(routes!(withdraw))
        .merge(conditions::routes())
        .merge(numbers::routes())
        .merge(routing::routes())
        .merge(tester::routes())
}

#[derive(Serialize, ToSchema)]
struct RuleSetRow {
    #[serde(flatten)]
    head: RuleSetHead,
    /// Whether the city goes by it now.
    in_force: bool,
}

#[derive(Serialize, ToSchema)]
struct RuleSetList {
    /// Drafts first, then by the date they are in force from, the newest first.
    sets: Vec<RuleSetRow>,
}

/// The rule sets a person may see: those that are or were in force, and with a role for it the
/// others.
#[utoipa::path(get, path = "/api/v1/rule-sets", tag = "rules", responses(
    (status = 200, body = RuleSetList),
    (status = 401, description = "sign in first"),
))]
async fn list(person: Person, State(app): State<App>) -> Result<Json<RuleSetList>, ApiError> {
    let now = app.now();
    let in_force = app.rules.in_force(now).id();
    let all = person.has_any(READERS);
    let sets = store::heads(&app.db)
        .await?
        .into_iter()
        .filter(|head| all || was_in_force(head, now))
        .map(|head| RuleSetRow {
            in_force: head.id == in_force,
            head,
        })
        .collect();
    Ok(Json(RuleSetList { sets }))
}

fn was_in_force(head: &RuleSetHead, now: DateTime<Utc>) -> bool {
    head.state == RuleSetState::Approved && head.in_force_from.is_some_and(|from| from <= now)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewDraft {
    name: String,
    #[serde(default)]
    note: String,
    /// The set whose rules it begins with.
    based_on: RuleSetId,
}

/// Begins a draft as a copy of another set.
#[utoipa::path(post, path = "/api/v1/rule-sets", tag = "rules", request_body = NewDraft, responses(
    (status = 201, body = RuleSetHead),
    (status = 400, description = "a field is wrong; `errors` names it"),
    (status = 403, description = "for administrators"),
))]
async fn create(
    person: Person,
    State(app): State<App>,
    JsonBody(draft): JsonBody<NewDraft>,
) -> Result<(StatusCode, Json<RuleSetHead>), ApiError> {
    person.require_administrator()?;
    check_text("/name", &draft.name, 1, NAME_CHARS_MAX)?;
    check_text("/note", &draft.note, 0, NOTE_CHARS_MAX)?;
    let mut tx = app.db.begin().await?;
    let base = store::head(&mut *tx, draft.based_on).await?;
    if base.is_none() {
        return Err(ApiError::field("/based_on", "there is no such rule set"));
    }
    let content = store::content(&mut *tx, draft.based_on).await?;
    let name = draft.name.trim();
    let based_on = Some(draft.based_on);
    let id = store::insert_draft(&mut *tx, name, &draft.note, based_on, Some(person.id)).await?;
    store::insert_content(&mut tx, id, &content).await?;
    let entry = Entry::by(&person, app.now(), subject(id), "draft")
        .after(json!({ "name": name, "based_on": draft.based_on }));
    journal::record(&mut *tx, &entry).await?;
    let head = store::head(&mut *tx, id)
        .await?
        .ok_or_else(|| unknown(id))?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(head)))
}

/// A rule set at a glance.
#[derive(Serialize, ToSchema)]
struct RuleSetSummary {
    #[serde(flatten)]
    row: RuleSetRow,
    conditions: usize,
    emergencies: usize,
    routes: usize,
}

/// One rule set.
#[utoipa::path(get, path = "/api/v1/rule-sets/{id}", tag = "rules", params(("id" = i32, Path)), responses(
    (status = 200, body = RuleSetSummary),
    (status = 403, description = "it is not in force, and your roles do not read drafts"),
    (status = 404, description = "no such rule set"),
))]
async fn look(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
) -> Result<Json<RuleSetSummary>, ApiError> {
    let set = readable(&app, &person, id).await?;
    let emergency = |condition: &&super::Condition| condition.emergency;
    Ok(Json(RuleSetSummary {
        conditions: set.conditions().len(),
        emergencies: set.conditions().iter().filter(emergency).count(),
        routes: set.routes().len(),
        row: RuleSetRow {
            in_force: app.rules.in_force(app.now()).id() == id,
            head: set.head.clone(),
        },
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// Not in the past, and no other set's.
    in_force_from: DateTime<Utc>,
}

/// Approves a draft, which nobody who wrote in it may. From its date on it is what the city goes
/// by; it never changes again.
#[utoipa::path(post, path = "/api/v1/rule-sets/{id}/approve", tag = "rules", params(("id" = i32, Path)),
    request_body = Approval, responses(
    (status = 200, body = RuleSetHead),
    (status = 400, description = "the date is in the past or another set's"),
    (status = 403, description = "for administrators who wrote none of it"),
    (status = 404, description = "no such rule set"),
    (status = 409, description = "it is no draft"),
))]
async fn approve(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
    JsonBody(approval): JsonBody<Approval>,
) -> Result<Json<RuleSetHead>, ApiError> {
    person.require_administrator()?;
    let (now, from) = (app.now(), approval.in_force_from);
    if from < now {
        let detail = format!("must not be in the past; now is {}", now.to_rfc3339());
        return Err(ApiError::field("/in_force_from", detail));
    }
    let mut tx = app.db.begin().await?;
    let authors = store::lock_draft(&mut *tx, id).await?;
    let authors = authors.ok_or_else(|| no_draft(id))?;
    if authors.contains(&person.id) {
        return Err(ApiError::refused(
            StatusCode::FORBIDDEN,
            "own-draft",
            "whoever wrote in a draft may not approve it",
        ));
    }
    let Some(head) = store::head(&mut *tx, id).await? else {
        return Err(unknown(id));
    };
    RuleSet::build(head, store::content(&mut *tx, id).await?).map_err(|error| {
        let detail = format!("the draft is not whole: {error:#}");
        ApiError::refused(StatusCode::CONFLICT, "draft-not-whole", detail)
    })?;
    if !store::approve(&mut *tx, id, person.id, now, from).await? {
        let detail = "another rule set is in force from that moment";
        return Err(ApiError::field("/in_force_from", detail));
    }
    let entry = Entry::by(&person, now, subject(id), "approve")
        .after(json!({ "state": "approved", "in_force_from": from }));
    journal::record(&mut *tx, &entry).await?;
    finish(&app, tx, id).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Withdrawal {
    reason: String,
}

/// Takes back a draft, or an approved set before it is in force.
#[utoipa::path(post, path = "/api/v1/rule-sets/{id}/withdraw", tag = "rules", params(("id" = i32, Path)),
    request_body = Withdrawal, responses(
    (status = 200, body = RuleSetHead),
    (status = 400, description = "the reason is missing"),
    (status = 403, description = "for administrators"),
    (status = 404, description = "no such rule set"),
    (status = 409, description = "it is or was in force, or was withdrawn before"),
))]
async fn withdraw(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<RuleSetId>,
    JsonBody(withdrawal): JsonBody<Withdrawal>,
) -> Result<Json<RuleSetHead>, ApiError> {
    person.require_administrator()?;
    check_text("/reason", &withdrawal.reason, 1, NOTE_CHARS_MAX)?;
    let now = app.now();
    let mut tx = app.db.begin().await?;
    if store::head(&mut *tx, id).await?.is_none() {
        return Err(unknown(id));
    }
    if !store::withdraw(&mut *tx, id, person.id, now).await? {
        return Err(ApiError::refused(
            StatusCode::CONFLICT,
            "rules-in-force",
            "only a draft or a set that is not yet in force can be withdrawn",
        ));
    }
    let entry = Entry::by(&person, now, subject(id), "withdraw")
        .because(withdrawal.reason.trim())
        .after(json!({ "state": "withdrawn" }));
    journal::record(&mut *tx, &entry).await?;
    finish(&app, tx, id).await
}

/// Commits a change of what is in force when, and goes by it at once.
async fn finish(
    app: &App,
    mut tx: Transaction<'static, Postgres>,
    id: RuleSetId,
) -> Result<Json<RuleSetHead>, ApiError> {
    let head = store::head(&mut *tx, id)
        .await?
        .ok_or_else(|| unknown(id))?;
    tx.commit().await?;
    app.rules.reload().await?;
    Ok(Json(head))
}

/// A set with its rules, if the person may read it.
pub(super) async fn readable(
    app: &App,
    person: &Person,
    id: RuleSetId,
) -> Result<Arc<RuleSet>, ApiError> {
    if let Some(set) = app
        .rules
        .get(id)
        .filter(|set| was_in_force(&set.head, app.now()))
    {
        return Ok(set);
    }
    person.require(READERS)?;
    let head = store::head(&app.db, id).await?;
    let head = head.ok_or_else(|| unknown(id))?;
    let content = store::content(&app.db, id).await?;
    Ok(Arc::new(RuleSet::build(head, content)?))
}

/// A change of a draft under way: one transaction with its line in the record.
pub(super) struct Edit<'a> {
    pub(super) tx: Transaction<'static, Postgres>,
    person: &'a Person,
    at: DateTime<Utc>,
    id: RuleSetId,
}

impl<'a> Edit<'a> {
    /// 403 for others than administrators, 404 for an unknown set, 409 for one that is no draft.
    pub(super) async fn begin(
        app: &App,
        person: &'a Person,
        id: RuleSetId,
    ) -> Result<Self, ApiError> {
        person.require_administrator()?;
        let mut tx = app.db.begin().await?;
        if store::lock_draft(&mut *tx, id).await?.is_none() {
            let known = store::head(&mut *tx, id).await?.is_some();
            return Err(if known { no_draft(id) } else { unknown(id) });
        }
        store::add_author(&mut *tx, id, person.id).await?;
        let at = app.now();
        Ok(Self { tx, person, at, id })
    }

    /// Records what was changed from what to what, and commits.
    pub(super) async fn finish(
        mut self,
        action: &str,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Result<(), ApiError> {
        let entry = Entry {
            before,
            after,
            ..Entry::by(self.person, self.at, subject(self.id), action)
        };
        journal::record(&mut *self.tx, &entry).await?;
        Ok(self.tx.commit().await?)
    }
}

/// How the record of changes names a rule set.
fn subject(id: RuleSetId) -> String {
    format!("rule_set:{}", id.0)
}

fn unknown(id: RuleSetId) -> ApiError {
    ApiError::not_found(format!("there is no rule set {}", id.0))
}

fn no_draft(id: RuleSetId) -> ApiError {
    ApiError::refused(
        StatusCode::CONFLICT,
        "no-draft",
        format!("rule set {} is no draft; make a draft based on it", id.0),
    )
}

/// 400 unless a text has so many characters, not counting spaces around it.
pub(super) fn check_text(field: &str, text: &str, min: usize, max: usize) -> Result<(), ApiError> {
    let length = text.trim().chars().count();
    if (min..=max).contains(&length) {
        return Ok(());
    }
    Err(ApiError::field(
        field,
        format!("must have {min} to {max} characters, not {length}"),
    ))
}
