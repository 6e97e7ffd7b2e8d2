//! What every change of a plan has in common: who may, on which version, and what is said where
//! it cannot be done.

use std::sync::Arc;

use axum::http::StatusCode;
use cityward_partition::{Operation, Refusal};
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, Postgres, Transaction};

use super::start;
use crate::access::{Person, Role, act_as};
use crate::database::at_one_moment;
use crate::http::{ApiError, App};
use crate::plan::finding::centre;
use crate::plan::ground::{Ground, no_ground};
use crate::plan::store;
use crate::plan::working::{Misfit, Revision, Seat, Working};
use crate::plan::{Plan, PlanState, Somebody};

/// Plans are read by those who answer for cells, people and data.
pub(super) const READERS: &[Role] = &[
    Role::Planner,
    Role::Leader,
    Role::Administrator,
    Role::DataOfficer,
    Role::Auditor,
];
pub(super) const WRITERS: &[Role] = &[Role::Planner];
/// None of them approves what they wrote in.
pub(super) const APPROVERS: &[Role] = &[Role::Planner, Role::Leader, Role::Administrator];

/// A plan under somebody's hands: one transaction that holds it.
pub(super) struct Held<'a> {
    pub(super) tx: Transaction<'static, Postgres>,
    /// As it is to be.
    pub(super) plan: Plan,
    pub(super) before: Revision,
    app: &'a App,
}

impl<'a> Held<'a> {
    /// 403 for others than `roles`, 404 for an unknown plan, 409 where it is in another state or
    /// somebody else changed it since `version`.
    pub(super) async fn begin(
        app: &'a App,
        person: &Person,
        id: i32,
        version: i32,
        roles: &[Role],
        states: &[PlanState],
    ) -> Result<Self, ApiError> {
        person.require_of_city(roles)?;
        let mut tx = app.scoped(person).await?;
        let mut plan = store::lock(&mut tx, id).await?.ok_or_else(|| no_plan(id))?;
        if !states.contains(&plan.state) {
            let detail = format!("plan {id} is in another state");
            return Err(conflict(
                "wrong-state",
                detail,
                [("state", json!(plan.state))],
            ));
        }
        if plan.version != version {
            let more = [
                ("version", json!(plan.version)),
                ("changed_by", json!(plan.changed_by)),
                ("changed_at", json!(plan.changed_at)),
            ];
            let detail = format!("plan {id} was changed by {} first", plan.changed_by.name);
            return Err(conflict("version-conflict", detail, more));
        }
        let before = plan.revision();
        plan.changed_at = store::now(&mut *tx).await?;
        plan.changed_by = Somebody {
            id: person.id,
            name: person.name.clone(),
        };
        Ok(Self {
            tx,
            plan,
            before,
            app,
        })
    }

    /// A new one, of which nothing stays unless it is finished.
    pub(super) async fn started(
        app: &'a App,
        person: &Person,
        title: &str,
        reason: &str,
    ) -> Result<Self, ApiError> {
        person.require_of_city(WRITERS)?;
        let mut tx = app.scoped(person).await?;
        let plan = start(app, &mut tx, person, title, reason).await?;
        Ok(Self {
            tx,
            before: plan.revision(),
            plan,
            app,
        }
        .written_by(person))
    }

    /// For those who write in it.
    pub(super) async fn draft(
        app: &'a App,
        person: &Person,
        id: i32,
        version: i32,
    ) -> Result<Self, ApiError> {
        let held = Self::begin(app, person, id, version, WRITERS, &[PlanState::Draft]).await?;
        Ok(held.written_by(person))
    }

    fn written_by(mut self, person: &Person) -> Self {
        if !self.plan.authors.contains(&person.id) {
            self.plan.authors.push(person.id);
        }
        self
    }

    /// At its ground, as it is before the change.
    pub(super) async fn seat(&mut self) -> Result<Seat, ApiError> {
        seat(self.app, &mut self.tx, &self.plan, self.before).await
    }

    /// Which revision it is once this change is committed.
    pub(super) fn revision_after(&self) -> Revision {
        Revision {
            version: self.before.version + 1,
            changed_at: self.plan.changed_at,
        }
    }

    /// Writes it and commits.
    pub(super) async fn finish(mut self) -> Result<Plan, ApiError> {
        let plan = store::update(&mut self.tx, &self.plan).await?;
        self.tx.commit().await?;
        Ok(plan)
    }
}

/// A plan that somebody looks at, and a transaction that sees it as it is at this moment.
pub(super) async fn look(
    app: &App,
    person: &Person,
    id: i32,
) -> Result<(Transaction<'static, Postgres>, Plan), ApiError> {
    person.require_of_city(READERS)?;
    let mut tx = at_one_moment(&app.db).await?;
    act_as(&mut *tx, person).await?;
    let plan = store::find(&mut *tx, id).await?;
    Ok((tx, plan.ok_or_else(|| no_plan(id))?))
}

/// A plan that somebody looks at, and a seat at its ground. Waits for it without a connection: many look,
/// and all other people need one. Whoever has the seat asks the database for nothing before it works
/// there: who waits for it may have the last connection.
pub(super) async fn read(app: &App, person: &Person, id: i32) -> Result<(Plan, Seat), ApiError> {
    let mut wants_steps = false;
    loop {
        let (mut tx, plan) = look(app, person, id).await?;
        let mut steps = None;
        if wants_steps {
            steps = Some(store::operations(&mut *tx, id).await?);
        }
        tx.commit().await?;
        let base = base(app, &plan).await?;
        let seat = app.workings.seat(id, plan.revision(), base).await?;
        if !seat.wants_steps() {
            return Ok((plan, seat));
        }
        if let Some(steps) = steps {
            return Ok((plan, seat.with_steps(steps)));
        }
        wants_steps = true;
    }
}

/// A seat at the ground of a plan that `db` sees in this revision, for those who hold a connection
/// already.
pub(super) async fn seat(
    app: &App,
    db: &mut PgConnection,
    plan: &Plan,
    revision: Revision,
) -> Result<Seat, ApiError> {
    let base = base(app, plan).await?;
    let seat = app.workings.seat(plan.id, revision, base).await?;
    if seat.wants_steps() {
        let steps = store::operations(db, plan.id).await?;
        return Ok(seat.with_steps(steps));
    }
    Ok(seat)
}

async fn base(app: &App, plan: &Plan) -> Result<Arc<Ground>, ApiError> {
    app.grounds.at(Some(plan.base.at)).await.map_err(no_ground)
}

/// Works on a plan's ground.
pub(super) async fn working<T: Send + 'static>(
    seat: Seat,
    work: impl FnOnce(&mut Revision, &mut Working) -> T + Send + 'static,
) -> Result<T, ApiError> {
    let base = Arc::clone(&seat.base);
    let done = seat.work(work).await?;
    done.map_err(|misfit| misfits(&base, &misfit))
}

/// 422: why an operation is not done, and where.
pub(super) fn refused(base: &Ground, operation: &Operation, refusal: &Refusal) -> ApiError {
    tracing::debug!(?operation, %refusal, "an operation was refused");
    ApiError::Explained {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind: "operation-refused",
        detail: refusal.to_string(),
        more: reason(base, refusal),
    }
}

/// 409: the step that does not fit other ground.
pub(super) fn misfits(base: &Ground, misfit: &Misfit) -> ApiError {
    let mut more = reason(base, &misfit.refusal);
    more.insert("seq".to_owned(), json!(misfit.seq));
    ApiError::Explained {
        status: StatusCode::CONFLICT,
        kind: "steps-do-not-fit",
        detail: misfit.to_string(),
        more,
    }
}

fn reason(base: &Ground, refusal: &Refusal) -> Map<String, Value> {
    let of_face = || centre(&base.partition, refusal.face()?);
    let place = refusal.at().or_else(of_face);
    let place = place.map(|point| base.place(point));
    [("refusal", json!(refusal)), ("place", json!(place))]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

/// 409 with what it is about.
pub(super) fn conflict<const N: usize>(
    kind: &'static str,
    detail: impl Into<String>,
    more: [(&str, Value); N],
) -> ApiError {
    ApiError::Explained {
        status: StatusCode::CONFLICT,
        kind,
        detail: detail.into(),
        more: more
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect(),
    }
}

pub(super) fn no_plan(id: i32) -> ApiError {
    ApiError::not_found(format!("there is no plan {id}"))
}

/// How the record of changes names a plan.
pub(super) fn subject(id: i32) -> String {
    format!("plan:{id}")
}

/// The text without spaces around it; 400 unless it has 1 to `chars_max` characters then.
pub(super) fn check_text<'a>(
    field: &str,
    text: &'a str,
    chars_max: usize,
) -> Result<&'a str, ApiError> {
    let text = text.trim();
    if (1..=chars_max).contains(&text.chars().count()) {
        return Ok(text);
    }
    let detail = format!("1 to {chars_max} characters");
    Err(ApiError::field(field, detail))
}
