//! People, sessions and platforms in the database.

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::types::Json;
use sqlx::{PgExecutor, PgPool};

use super::extract::{Person, Platform};
use super::{Grant, Named, NamedGrant, Profile, Scope, Secret, hash_password, random_secret};

const ADMINISTRATOR: &str = "admin";

/// A person's row as sign-in needs it.
pub(super) struct Credentials {
    pub(super) person: Person,
    pub(super) password_hash: String,
}

/// Creates the administrator unless it is there, and returns its login and password: the only
/// time it can be seen.
pub async fn ensure_administrator(db: &PgPool) -> anyhow::Result<Option<(String, Secret)>> {
    let (password, hash) = new_password().await?;
    let created: Option<i32> = sqlx::query_scalar(
        "with new_person as (
            insert into person (login, name, password_hash)
            values ($1, '管理员 Administrator', $2) on conflict do nothing returning person_id
        )
        insert into role_grant (person_id, role)
        select person_id, 'administrator' from new_person returning person_id",
    )
    .bind(ADMINISTRATOR)
    .bind(hash)
    .fetch_optional(db)
    .await?;
    Ok(created.map(|_| (ADMINISTRATOR.to_owned(), password)))
}

/// Gives the administrator a new password, their role and a clean slate, and ends their sessions.
pub async fn reset_administrator(db: &PgPool) -> anyhow::Result<(String, Secret)> {
    ensure_administrator(db).await?;
    let password = reset_password(db, ADMINISTRATOR)
        .await?
        .context("the administrator is there")?;
    sqlx::query(
        "insert into role_grant (person_id, role) select person_id, 'administrator' from person
         where login = $1 and not exists (select from role_grant g
            where g.person_id = person.person_id and role = 'administrator' and valid @> now()
                and unit_id is null and district_id is null and area_id is null)",
    )
    .bind(ADMINISTRATOR)
    .execute(db)
    .await?;
    Ok((ADMINISTRATOR.to_owned(), password))
}

/// Gives a person a new password, ends their sessions and forgets wrong tries; `None` when
/// nobody has this login.
pub async fn reset_password(db: &PgPool, login: &str) -> anyhow::Result<Option<Secret>> {
    let (password, hash) = new_password().await?;
    let done = sqlx::query(
        "with changed as (
            update person set password_hash = $2, disabled_at = null where login = $1
            returning person_id
        ), ended as (
            delete from session using changed where session.person_id = changed.person_id
        ), forgiven as (
            delete from sign_in_failure where login = $1
        )
        select from changed",
    )
    .bind(login)
    .bind(hash)
    .execute(db)
    .await?;
    Ok((done.rows_affected() == 1).then_some(password))
}

/// A new password and its hash.
pub(super) async fn new_password() -> anyhow::Result<(Secret, String)> {
    let password = random_secret(12);
    let plain = password.clone();
    let hash = tokio::task::spawn_blocking(move || hash_password(plain.reveal()))
        .await?
        .map_err(|error| anyhow::anyhow!("{error}"))
        .context("cannot hash the password")?;
    Ok((password, hash))
}

pub(super) async fn find_credentials(
    db: impl PgExecutor<'_>,
    login: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<Credentials>> {
    type Found = (i32, String, String, Json<Vec<Grant>>, String);
    let row: Option<Found> = sqlx::query_as(
        "select person_id, login, name, grants, password_hash
         from person cross join lateral grants_at(person_id, $2) as grants
         where login = $1 and disabled_at is null",
    )
    .bind(login)
    .bind(at)
    .fetch_optional(db)
    .await?;
    Ok(row.map(
        |(id, login, name, Json(grants), password_hash)| Credentials {
            person: Person {
                id,
                login,
                name,
                grants,
            },
            password_hash,
        },
    ))
}

/// The names of where a person has their roles.
pub(super) async fn describe(db: impl PgExecutor<'_>, person: Person) -> sqlx::Result<Profile> {
    let (mut units, mut districts): (Vec<i32>, Vec<i32>) = (Vec::new(), Vec::new());
    for grant in &person.grants {
        units.extend(grant.unit_id);
        districts.extend(grant.district_id);
    }
    let names: Vec<(bool, i32, String, String)> = sqlx::query_as(
        "select true, unit_id, name_zh, name_en from unit where unit_id = any($1)
         union all
         select false, district_id, name_zh, name_en from district where district_id = any($2)",
    )
    .bind(&units)
    .bind(&districts)
    .fetch_all(db)
    .await?;
    let named = |is_unit: bool, id: Option<i32>| {
        let (_, id, name_zh, name_en) = names
            .iter()
            .find(|row| (row.0, Some(row.1)) == (is_unit, id))?;
        Some(Named {
            id: *id,
            name_zh: name_zh.clone(),
            name_en: name_en.clone(),
        })
    };
    let grants = person.grants.iter().map(|grant| NamedGrant {
        role: grant.role,
        unit: named(true, grant.unit_id),
        district: named(false, grant.district_id),
        area_id: grant.area_id,
    });
    Ok(Profile {
        id: person.id,
        grants: grants.collect(),
        login: person.login,
        name: person.name,
    })
}

pub(super) async fn set_password(
    db: impl PgExecutor<'_>,
    person: i32,
    hash: &str,
) -> sqlx::Result<()> {
    sqlx::query("update person set password_hash = $2 where person_id = $1")
        .bind(person)
        .bind(hash)
        .execute(db)
        .await?;
    Ok(())
}

/// Whether a password may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Yes; it counts as wrong until [`forgive`] says otherwise.
    Try,
    /// Not before so long.
    Wait(TimeDelta),
}

/// Wrong passwords in a row that cost no wait; from then on it doubles, up to a quarter of an
/// hour.
const FREE_TRIES: i32 = 5;
const WAIT_S_MAX: i32 = 900;

/// Counts a try of a password for `login` before it is looked at, so that tries at the same time
/// and at other instances count too. Unknown logins count like known ones.
pub(super) async fn attempt_sign_in(
    db: &PgPool,
    login: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<Attempt> {
    let counted = sqlx::query(
        "with stale as (
            delete from sign_in_failure where last_at < $2 - interval '1 day' and login <> $1
        )
        insert into sign_in_failure as known (login, failures, last_at) values ($1, 1, $2)
        on conflict (login) do update
            set failures = least(known.failures, 1000) + 1, last_at = excluded.last_at
            where known.failures < $3 or known.last_at + make_interval(
                secs => least(2 ^ least(known.failures - $3, 30), $4)) <= excluded.last_at",
    )
    .bind(login)
    .bind(at)
    .bind(FREE_TRIES)
    .bind(WAIT_S_MAX)
    .execute(db)
    .await?;
    if counted.rows_affected() == 1 {
        return Ok(Attempt::Try);
    }
    let until: Option<DateTime<Utc>> = sqlx::query_scalar(
        "select last_at + make_interval(secs => least(2 ^ least(failures - $2, 30), $3))
         from sign_in_failure where login = $1",
    )
    .bind(login)
    .bind(FREE_TRIES)
    .bind(WAIT_S_MAX)
    .fetch_optional(db)
    .await?;
    Ok(Attempt::Wait(
        until.map_or(TimeDelta::zero(), |until| until - at),
    ))
}

/// The password was right.
pub(super) async fn forgive(db: impl PgExecutor<'_>, login: &str) -> sqlx::Result<()> {
    sqlx::query("delete from sign_in_failure where login = $1")
        .bind(login)
        .execute(db)
        .await?;
    Ok(())
}

/// A session that begins.
#[derive(Debug)]
pub(super) struct NewSession<'a> {
    pub(super) cookie: &'a Secret,
    pub(super) person_id: i32,
    /// `password` or `oidc`.
    pub(super) method: &'static str,
    pub(super) user_agent: &'a str,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

pub(super) async fn find_session_id(
    db: impl PgExecutor<'_>,
    cookie: &Secret,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("select session_id from session where token_sha256 = $1")
        .bind(cookie.sha256().as_slice())
        .fetch_optional(db)
        .await
}

pub(super) async fn insert_session(
    db: impl PgExecutor<'_>,
    new: &NewSession<'_>,
) -> sqlx::Result<()> {
    sqlx::query(
        "with stale as (delete from session where expires_at <= $3)
         insert into session (token_sha256, person_id, created_at, expires_at, method, user_agent)
         values ($1, $2, $3, $4, $5, left($6, 200))",
    )
    .bind(new.cookie.sha256().as_slice())
    .bind(new.person_id)
    .bind(new.created_at)
    .bind(new.expires_at)
    .bind(new.method)
    .bind(new.user_agent)
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn find_session(
    db: impl PgExecutor<'_>,
    cookie: &Secret,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<Person>> {
    let row: Option<(i32, String, String, Json<Vec<Grant>>)> = sqlx::query_as(
        "select person_id, login, name, grants from session join person using (person_id)
         cross join lateral grants_at(person_id, $2) as grants
         where token_sha256 = $1 and expires_at > $2 and disabled_at is null",
    )
    .bind(cookie.sha256().as_slice())
    .bind(at)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(id, login, name, Json(grants))| Person {
        id,
        login,
        name,
        grants,
    }))
}

pub(super) async fn delete_session(db: impl PgExecutor<'_>, cookie: &Secret) -> sqlx::Result<()> {
    sqlx::query("delete from session where token_sha256 = $1")
        .bind(cookie.sha256().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn find_platform(
    db: impl PgExecutor<'_>,
    token: &Secret,
) -> sqlx::Result<Option<Platform>> {
    let row: Option<(i32, String)> = sqlx::query_as(
        "select platform_id, name from platform where token_sha256 = $1 and revoked_at is null",
    )
    .bind(token.sha256().as_slice())
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(id, name)| Platform { id, name }))
}

/// A platform as the list shows it.
#[derive(Debug, serde::Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub(super) struct PlatformRow {
    #[serde(rename = "id")]
    pub platform_id: i32,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

pub(super) async fn list_platforms(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<PlatformRow>> {
    sqlx::query_as(
        "select platform_id, name, created_at, revoked_at from platform order by platform_id",
    )
    .fetch_all(db)
    .await
}

/// Registers a platform. A violated `platform_name_once` means the name is taken.
pub(super) async fn insert_platform(
    db: impl PgExecutor<'_>,
    name: &str,
    token: &Secret,
) -> sqlx::Result<i32> {
    sqlx::query_scalar(
        "insert into platform (name, token_sha256) values ($1, $2) returning platform_id",
    )
    .bind(name)
    .bind(token.sha256().as_slice())
    .fetch_one(db)
    .await
}

/// Ends a platform's right to push; `false` when there is no such platform with that right.
pub(super) async fn revoke_platform(
    db: impl PgExecutor<'_>,
    id: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let revoked = sqlx::query(
        "update platform set revoked_at = $2 where platform_id = $1 and revoked_at is null",
    )
    .bind(id)
    .bind(at)
    .execute(db)
    .await?;
    Ok(revoked.rows_affected() == 1)
}

/// Says for the rest of the transaction who acts; the policies of scoped tables go by it.
pub(crate) async fn act_as(db: impl PgExecutor<'_>, person: &Person) -> sqlx::Result<()> {
    sqlx::query("select cityward_act_as($1)")
        .bind(person.id)
        .execute(db)
        .await?;
    Ok(())
}

/// What the person of this transaction reaches.
pub(crate) async fn scope(db: impl PgExecutor<'_>) -> sqlx::Result<Scope> {
    let scope: Scope = sqlx::query_as(
        "select coalesce(cityward_person(), 0) as person_id, cityward_sees_all() as sees_all,
            cityward_works_all() as works_all, cityward_work_districts() as work_districts,
            cityward_districts() as districts, cityward_cells() as cells,
            cityward_units() as units, cityward_sector_units() as sector_units",
    )
    .fetch_one(db)
    .await?;
    Ok(scope.ordered())
}
