//! Tables `plan` and `plan_step`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use cityward_partition::{FaceId, Operation, Warning};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use utoipa::ToSchema;

use super::{Base, Plan, PlanState, Somebody, Step};

/// The database's time: what is valid when goes by its clock, and so do plans.
pub(super) async fn now(db: impl PgExecutor<'_>) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar("select now()").fetch_one(db).await
}

/// A plan that begins.
pub(super) struct NewPlan<'a> {
    pub(super) title: &'a str,
    pub(super) reason: &'a str,
    pub(super) base: &'a Base,
    pub(super) author_id: i32,
    pub(super) at: DateTime<Utc>,
}

pub(super) async fn insert(db: impl PgExecutor<'_>, new: &NewPlan<'_>) -> sqlx::Result<i32> {
    sqlx::query_scalar(
        "insert into plan (title, reason, base_at, base_edition_id, author_id, authors,
            created_at, changed_at, changed_by)
        values ($1, $2, $3, $4, $5, array[$5], $6, $6, $5) returning plan_id",
    )
    .bind(new.title)
    .bind(new.reason)
    .bind(new.base.at)
    .bind(new.base.edition_id)
    .bind(new.author_id)
    .bind(new.at)
    .fetch_one(db)
    .await
}

/// Which plans.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    pub(super) only: Option<i32>,
    pub(super) state: Option<PlanState>,
    /// Older than this one.
    pub(super) before: Option<i32>,
    pub(super) limit: u32,
}

/// Newest first.
pub(super) async fn list(db: impl PgExecutor<'_>, asked: Asked) -> sqlx::Result<Vec<Plan>> {
    sqlx::query_as(
        "select p.*, author.name as author, changer.name as changer, approver.name as approver,
            (select count(*) from plan_step s where s.plan_id = p.plan_id and s.state = 'done')
                as steps,
            exists (select from cell where lower(valid) > base_at and lower(valid) <= now()
                union all select from cell where upper(valid) > base_at and upper(valid) <= now()
                union all select from responsibility
                    where lower(valid) > base_at and lower(valid) <= now()
                union all select from responsibility
                    where upper(valid) > base_at and upper(valid) <= now()) as base_moved
        from plan p
        join person author on author.person_id = p.author_id
        join person changer on changer.person_id = p.changed_by
        left join person approver on approver.person_id = p.approved_by
        where ($1::integer is null or plan_id = $1) and ($2::plan_state is null or p.state = $2)
            and ($3::integer is null or plan_id < $3)
        order by plan_id desc limit $4",
    )
    .bind(asked.only)
    .bind(asked.state)
    .bind(asked.before)
    .bind(i64::from(asked.limit))
    .fetch_all(db)
    .await
}

pub(super) async fn find(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<Option<Plan>> {
    let asked = Asked {
        only: Some(id),
        limit: 1,
        ..Asked::default()
    };
    Ok(list(db, asked).await?.pop())
}

/// Holds a plan until the end of the transaction; `None`: there is none.
pub(super) async fn lock(tx: &mut PgConnection, id: i32) -> sqlx::Result<Option<Plan>> {
    sqlx::query("select from plan where plan_id = $1 for no key update")
        .bind(id)
        .execute(&mut *tx)
        .await?;
    find(tx, id).await
}

/// Every step, also those that are not in effect.
pub(super) async fn steps(db: impl PgExecutor<'_>, plan: i32) -> sqlx::Result<Vec<Step>> {
    sqlx::query_as(
        "select s.*, p.name from plan_step s join person p using (person_id)
        where plan_id = $1 order by seq",
    )
    .bind(plan)
    .fetch_all(db)
    .await
}

/// One of them.
pub(super) async fn step(db: impl PgExecutor<'_>, plan: i32, seq: i32) -> sqlx::Result<Step> {
    sqlx::query_as(
        "select s.*, p.name from plan_step s join person p using (person_id)
        where plan_id = $1 and seq = $2",
    )
    .bind(plan)
    .bind(seq)
    .fetch_one(db)
    .await
}

/// The steps in effect, with their numbers: whatever they draw, which may be a whole city.
pub(super) async fn operations(
    db: impl PgExecutor<'_>,
    plan: i32,
) -> sqlx::Result<Vec<(i32, Operation)>> {
    let steps: Vec<(i32, Json<Operation>)> = sqlx::query_as(
        "select seq, operation from plan_step where plan_id = $1 and state = 'done' order by seq",
    )
    .bind(plan)
    .fetch_all(db)
    .await?;
    let steps = steps.into_iter();
    Ok(steps
        .map(|(seq, Json(operation))| (seq, operation))
        .collect())
}

/// A step that was taken.
pub(super) struct NewStep<'a> {
    pub(super) operation: &'a Operation,
    pub(super) reason: &'a str,
    pub(super) warnings: &'a [Warning],
}

/// Writes a step; what was taken back before cannot be done again. Returns its number.
pub(super) async fn insert_step(
    tx: &mut PgConnection,
    plan: i32,
    step: &NewStep<'_>,
    by: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query("update plan_step set state = 'dropped' where plan_id = $1 and state = 'undone'")
        .bind(plan)
        .execute(&mut *tx)
        .await?;
    sqlx::query_scalar(
        "insert into plan_step (plan_id, seq, operation, reason, person_id, at, warnings)
        select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6
        from plan_step where plan_id = $1
        returning seq",
    )
    .bind(plan)
    .bind(Json(step.operation))
    .bind(step.reason)
    .bind(by)
    .bind(at)
    .bind(Json(step.warnings))
    .fetch_one(tx)
    .await
}

/// None of a plan's steps is in effect or can be done again.
pub(super) async fn drop_steps(db: impl PgExecutor<'_>, plan: i32) -> sqlx::Result<()> {
    sqlx::query("update plan_step set state = 'dropped' where plan_id = $1 and state <> 'dropped'")
        .bind(plan)
        .execute(db)
        .await?;
    Ok(())
}

/// Takes the last step in effect back; its number.
pub(super) async fn undo(db: impl PgExecutor<'_>, plan: i32) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar(
        "update plan_step set state = 'undone' where plan_id = $1 and seq =
            (select max(seq) from plan_step where plan_id = $1 and state = 'done')
        returning seq",
    )
    .bind(plan)
    .fetch_optional(db)
    .await
}

/// Puts the step that was taken back last in effect again; its number and what it does.
pub(super) async fn redo(
    db: impl PgExecutor<'_>,
    plan: i32,
) -> sqlx::Result<Option<(i32, Operation)>> {
    let step: Option<(i32, Json<Operation>)> = sqlx::query_as(
        "update plan_step set state = 'done' where plan_id = $1 and seq =
            (select min(seq) from plan_step where plan_id = $1 and state = 'undone')
        returning seq, operation",
    )
    .bind(plan)
    .fetch_optional(db)
    .await?;
    Ok(step.map(|(seq, Json(operation))| (seq, operation)))
}

/// Writes what can change of a plan that is locked; it has one more version then. Returns it as it
/// is now.
pub(super) async fn update(tx: &mut PgConnection, plan: &Plan) -> sqlx::Result<Plan> {
    sqlx::query(
        "update plan set version = version + 1, title = $2, reason = $3, state = $4, base_at = $5,
            base_edition_id = $6, authors = $7, changed_at = $8, changed_by = $9,
            submitted_at = $10, approved_by = $11, approved_at = $12, in_force_from = $13,
            edition_id = $14, decision = $15
        where plan_id = $1",
    )
    .bind(plan.id)
    .bind(&plan.title)
    .bind(&plan.reason)
    .bind(plan.state)
    .bind(plan.base.at)
    .bind(plan.base.edition_id)
    .bind(&plan.authors)
    .bind(plan.changed_at)
    .bind(plan.changed_by.id)
    .bind(plan.submitted_at)
    .bind(plan.approved_by.as_ref().map(|approver| approver.id))
    .bind(plan.approved_at)
    .bind(plan.in_force_from)
    .bind(plan.edition_id)
    .bind(&plan.decision)
    .execute(&mut *tx)
    .await?;
    find(tx, plan.id).await?.ok_or(sqlx::Error::RowNotFound)
}

/// Somebody at a plan, with the cells they have chosen.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Present {
    #[serde(skip)]
    pub(super) plan_id: i32,
    pub(super) person: Somebody,
    #[schema(value_type = Vec<u32>)]
    pub(super) faces: Vec<FaceId>,
}

pub(super) async fn be_present(
    db: impl PgExecutor<'_>,
    plan: i32,
    person: i32,
    faces: &[FaceId],
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let faces = faces.iter().filter_map(|face| i32::try_from(face.0).ok());
    sqlx::query(
        "insert into plan_presence (plan_id, person_id, faces, seen_at) values ($1, $2, $3, $4)
        on conflict (plan_id, person_id)
            do update set faces = excluded.faces, seen_at = excluded.seen_at",
    )
    .bind(plan)
    .bind(person)
    .bind(faces.collect::<Vec<_>>())
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Everybody who was at any plan since.
pub(super) async fn present(
    db: impl PgExecutor<'_>,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<Present>> {
    let rows: Vec<(i32, i32, String, Vec<i32>)> = sqlx::query_as(
        "select plan_id, person_id, name, faces from plan_presence join person using (person_id)
        where seen_at > $1 order by plan_id, name",
    )
    .bind(since)
    .fetch_all(db)
    .await?;
    let present = rows.into_iter().map(|(plan_id, id, name, faces)| Present {
        plan_id,
        person: Somebody { id, name },
        faces: faces
            .into_iter()
            .map(|face| FaceId(face.unsigned_abs()))
            .collect(),
    });
    Ok(present.collect())
}

/// The sequence numbers that communities ever gave.
pub(super) async fn taken(
    db: impl PgExecutor<'_>,
    communities: &[String],
) -> sqlx::Result<BTreeMap<String, BTreeSet<usize>>> {
    let rows: Vec<(String, i32)> = sqlx::query_as(
        "select left(code, 12), right(code, 3)::integer from cell_face
        where left(code, 12) = any ($1)",
    )
    .bind(communities)
    .fetch_all(db)
    .await?;
    let mut taken: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (community, sequence) in rows {
        let given = taken.entry(community).or_default();
        given.extend(usize::try_from(sequence));
    }
    Ok(taken)
}

/// An edition that waits for its date. Returns its id.
pub(super) async fn insert_edition(
    db: impl PgExecutor<'_>,
    plan: i32,
    note: &str,
    in_force_from: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar(
        "insert into edition (note, source, published_at, plan_id)
        values ($1, 'plan ' || $2::integer, $3, $2) returning edition_id",
    )
    .bind(note)
    .bind(plan)
    .bind(in_force_from)
    .fetch_one(db)
    .await
}

/// What an edition is called.
pub(super) async fn note(db: impl PgExecutor<'_>, edition: i32) -> sqlx::Result<String> {
    sqlx::query_scalar("select note from edition where edition_id = $1")
        .bind(edition)
        .fetch_one(db)
        .await
}

/// Takes back an edition that never took effect.
pub(super) async fn withdraw_edition(
    db: impl PgExecutor<'_>,
    edition: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "update edition set withdrawn_at = $2 where edition_id = $1 and written_at is null",
    )
    .bind(edition)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Whether the city ever had cells.
pub(super) async fn had_cells(db: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from cell)")
        .fetch_one(db)
        .await
}

/// Bounds how long this transaction waits for others, and how long one statement of it takes.
pub(super) async fn be_brief(
    tx: &mut PgConnection,
    wait: Duration,
    statement: Duration,
) -> sqlx::Result<()> {
    sqlx::query(
        "select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)",
    )
    .bind(wait.as_millis().to_string())
    .bind(statement.as_millis().to_string())
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether a plan waits for its date.
pub(super) async fn is_one_scheduled(db: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from plan where state = 'approved')")
        .fetch_one(db)
        .await
}

impl FromRow<'_, PgRow> for Plan {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let approver: Option<i32> = row.try_get("approved_by")?;
        let approved_by = match approver {
            Some(id) => Some(Somebody {
                id,
                name: row.try_get("approver")?,
            }),
            None => None,
        };
        Ok(Self {
            id: row.try_get("plan_id")?,
            title: row.try_get("title")?,
            reason: row.try_get("reason")?,
            state: row.try_get("state")?,
            version: row.try_get("version")?,
            base: Base {
                edition_id: row.try_get("base_edition_id")?,
                at: row.try_get("base_at")?,
            },
            base_moved: row.try_get("base_moved")?,
            author: Somebody {
                id: row.try_get("author_id")?,
                name: row.try_get("author")?,
            },
            authors: row.try_get("authors")?,
            created_at: row.try_get("created_at")?,
            changed_at: row.try_get("changed_at")?,
            changed_by: Somebody {
                id: row.try_get("changed_by")?,
                name: row.try_get("changer")?,
            },
            steps: row.try_get("steps")?,
            submitted_at: row.try_get("submitted_at")?,
            approved_by,
            approved_at: row.try_get("approved_at")?,
            in_force_from: row.try_get("in_force_from")?,
            edition_id: row.try_get("edition_id")?,
            decision: row.try_get("decision")?,
        })
    }
}

impl FromRow<'_, PgRow> for Step {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let Json::<Operation>(operation) = row.try_get("operation")?;
        let Json(warnings) = row.try_get("warnings")?;
        Ok(Self {
            seq: row.try_get("seq")?,
            operation: operation.in_short(),
            reason: row.try_get("reason")?,
            by: Somebody {
                id: row.try_get("person_id")?,
                name: row.try_get("name")?,
            },
            at: row.try_get("at")?,
            state: row.try_get("state")?,
            warnings,
        })
    }
}
