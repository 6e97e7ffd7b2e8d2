//! The demo city's district, bodies and people in the database.

use std::collections::HashMap;

use anyhow::Context as _;
use sqlx::{PgConnection, PgPool};

use super::staff::{ActsFor, BODIES, Body, Newcomers, staff};
use super::units::{self, credit_code, role};
use crate::access::{hash_password, random_secret};

const DIVISION: &str = "321202";
/// Credit codes of [`BODIES`] are numbered from here, those of the responsible units from 1.
const FIRST_BODY: u32 = 101;
/// Responsible units of the whole city, whose sector the demo's department answers for; the
/// others are the district's.
const OF_SECTOR: [usize; 3] = [role::WATER, role::POWER, role::TELECOM];

/// Adds what is missing of the demo city's organisation, also to a city of an earlier version.
/// Returns the people that were added.
///
/// # Errors
/// When the database cannot be written.
pub async fn ensure_organisation(db: &PgPool) -> anyhow::Result<Option<Newcomers>> {
    let password = random_secret(12);
    let plain = password.clone();
    let hash = tokio::task::spawn_blocking(move || hash_password(plain.reveal()))
        .await?
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut tx = db.begin().await?;
    sqlx::query("select pg_advisory_xact_lock(hashtext('demo'))")
        .execute(&mut *tx)
        .await?;
    let district = ensure_district(&mut tx).await?;
    let bodies = ensure_bodies(&mut tx, district).await?;
    let responsible = responsible_units(&mut tx).await?;
    place_responsible_units(&mut tx, district, bodies.get("department").copied()).await?;
    let mut people = Vec::new();
    for member in staff(responsible.len()) {
        let unit = match member.acts_for {
            ActsFor::City => None,
            ActsFor::Body(body) => bodies.get(kind_of(body)).copied(),
            ActsFor::Responsible(number) => responsible.get(number - 1).copied(),
        };
        let added = sqlx::query(
            "with new_person as (
                insert into person (login, name, password_hash) values ($1, $2, $3)
                on conflict do nothing returning person_id
            )
            insert into role_grant (person_id, role, unit_id, district_id)
            select person_id, $4, $5, $6 from new_person",
        )
        .bind(&member.login)
        .bind(&member.name)
        .bind(&hash)
        .bind(member.role)
        .bind(unit)
        .bind(member.of_district.then_some(district))
        .execute(&mut *tx)
        .await?;
        if added.rows_affected() == 1 {
            people.push((member.login, member.name));
        }
    }
    tx.commit().await?;
    Ok((!people.is_empty()).then_some(Newcomers { password, people }))
}

fn kind_of(body: Body) -> &'static str {
    let of = BODIES.iter().find(|(known, ..)| *known == body);
    of.map_or("", |(_, kind, ..)| kind)
}

async fn ensure_district(tx: &mut PgConnection) -> anyhow::Result<i32> {
    sqlx::query(
        "insert into district (division_code, name_zh, name_en)
         values ($1, '示范区', 'Demo District') on conflict do nothing",
    )
    .bind(DIVISION)
    .execute(&mut *tx)
    .await?;
    sqlx::query_scalar("select district_id from district where division_code = $1")
        .bind(DIVISION)
        .fetch_one(tx)
        .await
        .context("find the demo district")
}

/// Returns the units by their kind. A city that has its own centre keeps it.
async fn ensure_bodies(
    tx: &mut PgConnection,
    district: i32,
) -> anyhow::Result<HashMap<&'static str, i32>> {
    let mut ids = HashMap::new();
    for ((body, kind, registration, name_zh, name_en), number) in
        BODIES.into_iter().zip(FIRST_BODY..)
    {
        let of_district = (body == Body::DistrictCentre).then_some(district);
        sqlx::query(
            "insert into unit (credit_code, name_zh, name_en, kind, district_id)
             values ($1, $2, $3, $4::unit_kind, $5) on conflict do nothing",
        )
        .bind(credit_code(registration, number))
        .bind(name_zh)
        .bind(name_en)
        .bind(kind)
        .bind(of_district)
        .execute(&mut *tx)
        .await?;
        let id = sqlx::query_scalar(
            "select unit_id from unit where kind = $1::unit_kind and valid @> now()
             order by unit_id limit 1",
        )
        .bind(kind)
        .fetch_one(&mut *tx)
        .await?;
        ids.insert(kind, id);
    }
    Ok(ids)
}

/// The ids of the demo's responsible units that are still in office, in the order of
/// [`units::units`].
async fn responsible_units(tx: &mut PgConnection) -> sqlx::Result<Vec<i32>> {
    let codes: Vec<String> = units::units()
        .into_iter()
        .map(|unit| unit.credit_code)
        .collect();
    sqlx::query_scalar(
        "select unit_id from unnest($1::text[]) with ordinality as wanted (code, place)
         join unit on credit_code = code and valid @> now() order by place",
    )
    .bind(&codes)
    .fetch_all(tx)
    .await
}

/// Puts the responsible units under the district or under the department of their sector, unless
/// somebody has placed them.
async fn place_responsible_units(
    tx: &mut PgConnection,
    district: i32,
    department: Option<i32>,
) -> sqlx::Result<()> {
    let (sector, local): (Vec<_>, Vec<_>) = units::units()
        .into_iter()
        .enumerate()
        .partition(|(place, _)| OF_SECTOR.contains(place));
    let codes = |units: Vec<(usize, units::Unit)>| -> Vec<String> {
        units
            .into_iter()
            .map(|(_, unit)| unit.credit_code)
            .collect()
    };
    sqlx::query(
        "update unit set
            district_id = case when credit_code = any($1) then $3 end,
            department_id = case when credit_code = any($2) then $4 end
         where credit_code = any($1 || $2) and district_id is null and department_id is null",
    )
    .bind(codes(local))
    .bind(codes(sector))
    .bind(district)
    .bind(department)
    .execute(tx)
    .await?;
    Ok(())
}
