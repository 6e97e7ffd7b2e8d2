//! People and their roles in the database.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgExecutor, Row};

use super::{DatedGrant, PersonRow};
use crate::access::Role;

/// Whom to list; what is left out does not restrict.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    pub(super) id: Option<i32>,
    pub(super) role: Option<Role>,
    pub(super) district: Option<i32>,
    pub(super) unit: Option<i32>,
    pub(super) within: Option<Within<'a>>,
}

/// Only people with a role for one of these units, or in one of these districts or for a unit there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within<'a> {
    pub(super) units: &'a [i32],
    pub(super) districts: &'a [i32],
}

/// By login, with their roles of `at` and later.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    wanted: &Wanted<'_>,
    at: DateTime<Utc>,
) -> sqlx::Result<Vec<PersonRow>> {
    sqlx::query_as(
        "select p.person_id, p.login, p.name, p.disabled_at,
            p.oidc_login, p.oidc_subject is not null as oidc_linked, coalesce(held.grants, '[]') as grants
        from person p
        left join lateral (
            select jsonb_agg(jsonb_build_object('id', g.grant_id, 'role', g.role,
                'unit', case when u.unit_id is not null then jsonb_build_object('id', u.unit_id,
                    'name_zh', u.name_zh, 'name_en', u.name_en) end,
                'district', case when d.district_id is not null then jsonb_build_object(
                    'id', d.district_id, 'name_zh', d.name_zh, 'name_en', d.name_en) end,
                'area_id', g.area_id, 'from', lower(g.valid), 'to', upper(g.valid))
                order by g.grant_id) as grants
            from role_grant g
            left join unit u using (unit_id)
            left join district d on d.district_id = g.district_id
            where g.person_id = p.person_id and (upper_inf(g.valid) or upper(g.valid) > $1)
        ) as held on true
        where ($2::integer is null or p.person_id = $2)
            and (num_nulls($3::role, $4::integer, $5::integer, $6::integer[]) = 4 or exists (
                select from role_grant g where g.person_id = p.person_id and g.valid @> $1
                    and ($3 is null or g.role = $3)
                    and ($4 is null or g.district_id = $4)
                    and ($5 is null or g.unit_id = $5)
                    and ($6 is null or g.unit_id = any($6) or g.district_id = any($7)
                        or g.unit_id in (select unit_id from unit where district_id = any($7)))))
        order by p.login",
    )
    .bind(at)
    .bind(wanted.id)
    .bind(wanted.role)
    .bind(wanted.district)
    .bind(wanted.unit)
    .bind(wanted.within.map(|within| within.units))
    .bind(wanted.within.map(|within| within.districts))
    .fetch_all(db)
    .await
}

/// A violated `person_login_once` means the login is taken.
pub(super) async fn insert(
    db: impl PgExecutor<'_>,
    login: &str,
    name: &str,
    password_hash: &str,
) -> sqlx::Result<i32> {
    sqlx::query_scalar(
        "insert into person (login, name, password_hash) values ($1, $2, $3) returning person_id",
    )
    .bind(login)
    .bind(name)
    .bind(password_hash)
    .fetch_one(db)
    .await
}

/// What an administrator changes of a person.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub(super) struct Changeable {
    pub(super) name: String,
    pub(super) disabled_at: Option<DateTime<Utc>>,
    pub(super) oidc_login: Option<String>,
}

/// As they are; nobody else changes them until the transaction ends.
pub(super) async fn lock(db: impl PgExecutor<'_>, person: i32) -> sqlx::Result<Option<Changeable>> {
    sqlx::query_as(
        "select name, disabled_at, oidc_login from person where person_id = $1 for update",
    )
    .bind(person)
    .fetch_optional(db)
    .await
}

/// Another login at the provider takes the link to what had the old one. A violated
/// `person_oidc_login_once` means that it is somebody else's.
pub(super) async fn update(
    db: impl PgExecutor<'_>,
    person: i32,
    new: &Changeable,
) -> sqlx::Result<()> {
    sqlx::query(
        "update person set name = $2, disabled_at = $3, oidc_login = $4,
            oidc_issuer = case when oidc_login is not distinct from $4 then oidc_issuer end,
            oidc_subject = case when oidc_login is not distinct from $4 then oidc_subject end
        where person_id = $1",
    )
    .bind(person)
    .bind(&new.name)
    .bind(new.disabled_at)
    .bind(&new.oidc_login)
    .execute(db)
    .await?;
    Ok(())
}

/// A role that is given, as asked for.
#[derive(Debug, Serialize)]
pub(super) struct NewGrant {
    pub(super) role: Role,
    pub(super) unit_id: Option<i32>,
    pub(super) district_id: Option<i32>,
    pub(super) area_id: Option<i32>,
    pub(super) from: DateTime<Utc>,
    pub(super) to: Option<DateTime<Utc>>,
}

pub(super) async fn insert_grant(
    db: impl PgExecutor<'_>,
    person: i32,
    new: &NewGrant,
    by: i32,
) -> sqlx::Result<i32> {
    sqlx::query_scalar(
        "insert into role_grant (person_id, role, unit_id, district_id, area_id, valid, granted_by)
         values ($1, $2, $3, $4, $5, tstzrange($6, $7), $8) returning grant_id",
    )
    .bind(person)
    .bind(new.role)
    .bind(new.unit_id)
    .bind(new.district_id)
    .bind(new.area_id)
    .bind(new.from)
    .bind(new.to)
    .bind(by)
    .fetch_one(db)
    .await
}

/// A grant that is not over at `at`: whose and which role.
pub(super) async fn find_grant(
    db: impl PgExecutor<'_>,
    grant: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<(i32, Role)>> {
    sqlx::query_as(
        "select person_id, role from role_grant
         where grant_id = $1 and (upper_inf(valid) or upper(valid) > $2) for update",
    )
    .bind(grant)
    .bind(at)
    .fetch_optional(db)
    .await
}

/// Ends a grant; one that has not begun is taken back.
pub(super) async fn end_grant(
    db: impl PgExecutor<'_>,
    grant: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "with taken_back as (
            delete from role_grant where grant_id = $1 and lower(valid) >= $2
        )
        update role_grant set valid = tstzrange(lower(valid), $2)
        where grant_id = $1 and lower(valid) < $2",
    )
    .bind(grant)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

impl FromRow<'_, PgRow> for PersonRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let Json(grants): Json<Vec<DatedGrant>> = row.try_get("grants")?;
        Ok(Self {
            id: row.try_get("person_id")?,
            login: row.try_get("login")?,
            name: row.try_get("name")?,
            disabled_at: row.try_get("disabled_at")?,
            oidc_login: row.try_get("oidc_login")?,
            oidc_linked: row.try_get("oidc_linked")?,
            grants,
        })
    }
}
