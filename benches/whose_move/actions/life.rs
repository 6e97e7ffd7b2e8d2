//! The life that every case of the measurement has, and who takes its steps.

use anyhow::{Context as _, anyhow};
use chrono::TimeDelta;
use cityward::access::{Grant, Person, Role};
use cityward::cases::CaseId;
use cityward::catalogue::ClassCode;
use cityward::http::App;
use cityward::rules::{ConditionId, Rules};
use cityward::workflow::{Asked, Command, DispatchOrder};
use sqlx::PgPool;

/// Cases that wait to be worked.
pub(crate) const CASES: i64 = 40_000;
/// Actions in the life of a case.
pub(crate) const STEPS: u32 = 9;
const CLASS: &str = "M06042";
/// Who handles everything.
const UNIT: i32 = 1;

/// The people, the unit and the condition of every case.
pub(crate) struct Life {
    operator: Person,
    dispatcher: Person,
    manager: Person,
    condition: ConditionId,
}

impl Life {
    /// Takes a step of a case; returns the version it has then.
    pub(crate) async fn act(
        &self,
        app: &App,
        case: i64,
        step: u32,
        version: i32,
    ) -> anyhow::Result<i32> {
        let now = app.now();
        let (person, command) = self.step(step, now + TimeDelta::days(30));
        let shown = format!("{command:?}");
        let asked = Asked {
            case: CaseId(case),
            person: person.clone(),
            command,
            version: Some(version),
            key: Some((format!("bench-{case}-{step}"), [7; 32])),
            seed: case.unsigned_abs(),
            now,
        };
        let done = app
            .actions
            .act(asked)
            .await
            .map_err(|refused| anyhow!("{shown}: {refused:?}"))?;
        Ok(done.row.version)
    }

    fn step(&self, step: u32, until: chrono::DateTime<chrono::Utc>) -> (&Person, Command) {
        let reason = || "等待配件".to_owned();
        match step {
            0 => (
                &self.operator,
                Command::File {
                    condition: Some(self.condition),
                    class: None,
                    emergency: None,
                    text: None,
                },
            ),
            1 => (
                &self.dispatcher,
                Command::Dispatch(DispatchOrder {
                    unit: Some(UNIT),
                    ..DispatchOrder::default()
                }),
            ),
            2 => (&self.manager, Command::Receive),
            3 => (
                &self.manager,
                Command::Assign {
                    worker: self.manager.id,
                },
            ),
            4 => (&self.manager, Command::AskExtension { reason: reason() }),
            5 => (&self.dispatcher, Command::GrantExtension),
            6 => (
                &self.manager,
                Command::AskSuspension {
                    reason: reason(),
                    until,
                },
            ),
            7 => (&self.dispatcher, Command::GrantSuspension),
            _ => (&self.dispatcher, Command::Resume { reason: None }),
        }
    }
}

/// A place, people and reported cases whose filing clock runs.
pub(crate) async fn prepare(db: &PgPool) -> anyhow::Result<Life> {
    for statement in [
        "insert into edition (note, source) values ('bench', 'bench')",
        "insert into unit (credit_code, name_zh, name_en, valid)
         values ('11321200MB0000001X', '环卫处', 'Sanitation', tstzrange('2020-01-01', null))",
        "insert into cell (code, geom, edition_id, valid)
         values ('321202001001001', st_multi(st_makeenvelope(119.9, 32.4, 120, 32.5, 4326)), 1,
             tstzrange('2020-01-01', null))",
    ] {
        sqlx::query(statement).execute(db).await?;
    }
    fill(db).await?;
    let set = Rules::open(db.clone())
        .await?
        .in_force(sqlx::query_scalar("select now()").fetch_one(db).await?);
    let class: ClassCode = CLASS.parse()?;
    let condition = set
        .conditions_of(class)
        .iter()
        .find(|condition| !condition.emergency)
        .context("the class has a condition")?;
    Ok(Life {
        operator: person(db, "operator", Role::Operator, None).await?,
        dispatcher: person(db, "dispatcher", Role::Dispatcher, None).await?,
        manager: person(db, "manager", Role::UnitManager, Some(UNIT)).await?,
        condition: condition.id,
    })
}

async fn fill(db: &PgPool) -> anyhow::Result<()> {
    sqlx::query(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
            bearing_deg, cell_id, edition_id, because, first_seen_at, last_seen_at,
            sighting_count, opened_at)
        select $1, 'hotline', st_point(119.9 + n % 1000 * 1e-4, 32.4 + n / 1000 * 1e-3, 4326), 1, 1,
            0, 1, 1, '{}', now(), now(), 1, now()
        from generate_series(1, $2) as n",
    )
    .bind(CLASS)
    .bind(CASES)
    .execute(db)
    .await?;
    sqlx::query(
        "insert into case_clock (case_id, stage, round, calendar, limit_s, started_at, due_at,
            next_alarm_at)
        select case_id, 'filing', 0, 'continuous', 900, opened_at, opened_at + interval '15 min',
            opened_at + interval '12 min'
        from city_case",
    )
    .execute(db)
    .await?;
    sqlx::query(
        "insert into case_event (case_id, action, at, actor, version, detail)
        select case_id, 'opened', opened_at, 'system', 1, '{}' from city_case",
    )
    .execute(db)
    .await?;
    sqlx::query("vacuum analyze").execute(db).await?;
    Ok(())
}

async fn person(
    db: &PgPool,
    login: &str,
    role: Role,
    unit_id: Option<i32>,
) -> anyhow::Result<Person> {
    let id = sqlx::query_scalar(
        "with new as (
            insert into person (login, name, password_hash) values ($1, $1, '') returning person_id
        )
        insert into role_grant (person_id, role, unit_id) select person_id, $2, $3 from new
        returning person_id",
    )
    .bind(login)
    .bind(role)
    .bind(unit_id)
    .fetch_one(db)
    .await?;
    Ok(Person {
        id,
        login: login.to_owned(),
        name: login.to_owned(),
        grants: vec![Grant {
            role,
            unit_id,
            district_id: None,
            area_id: None,
        }],
    })
}
