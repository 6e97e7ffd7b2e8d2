//! Districts and units in the database.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::http::{DistrictBody, Holdings, UnitBody};
use super::{District, DistrictMode, Unit};

pub(crate) async fn is_unit(db: impl PgExecutor<'_>, unit: i32) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from unit where unit_id = $1)")
        .bind(unit)
        .fetch_one(db)
        .await
}

pub(super) async fn districts(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<District>> {
    sqlx::query_as("select * from district order by division_code")
        .fetch_all(db)
        .await
}

/// A violated `district_division_once` means there is one with this code.
pub(super) async fn insert_district(
    db: impl PgExecutor<'_>,
    new: &DistrictBody,
) -> sqlx::Result<District> {
    sqlx::query_as(
        "insert into district (division_code, name_zh, name_en, mode) values ($1, $2, $3, $4)
         returning *",
    )
    .bind(&new.division_code)
    .bind(new.name_zh.trim())
    .bind(new.name_en.trim())
    .bind(new.mode)
    .fetch_one(db)
    .await
}

pub(super) async fn lock_district(
    db: impl PgExecutor<'_>,
    district: i32,
) -> sqlx::Result<Option<District>> {
    sqlx::query_as("select * from district where district_id = $1 for update")
        .bind(district)
        .fetch_optional(db)
        .await
}

pub(super) async fn update_district(
    db: impl PgExecutor<'_>,
    district: i32,
    name_zh: &str,
    name_en: &str,
    mode: DistrictMode,
) -> sqlx::Result<District> {
    sqlx::query_as(
        "update district set name_zh = $2, name_en = $3, mode = $4 where district_id = $1
         returning *",
    )
    .bind(district)
    .bind(name_zh)
    .bind(name_en)
    .bind(mode)
    .fetch_one(db)
    .await
}

/// The units that are there at a moment; `later`: or will be some day.
pub(crate) async fn present(
    db: impl PgExecutor<'_>,
    at: DateTime<Utc>,
    later: bool,
) -> sqlx::Result<BTreeSet<i32>> {
    let units = units(db, at, false).await?.into_iter();
    let present = units.filter(|unit| later || unit.valid_from <= at);
    Ok(present.map(|unit| unit.unit_id).collect())
}

/// Units of `at` and later, by name; with `ended` also those that are no more.
pub(super) async fn units(
    db: impl PgExecutor<'_>,
    at: DateTime<Utc>,
    ended: bool,
) -> sqlx::Result<Vec<Unit>> {
    sqlx::query_as(
        "select *, lower(valid) as valid_from, upper(valid) as valid_to from unit
         where $2 or upper_inf(valid) or upper(valid) > $1 order by name_zh, unit_id",
    )
    .bind(at)
    .bind(ended)
    .fetch_all(db)
    .await
}

/// Violated constraints are told apart by [`super::http`].
pub(super) async fn insert_unit(
    db: impl PgExecutor<'_>,
    new: &UnitBody,
    at: DateTime<Utc>,
) -> sqlx::Result<Unit> {
    sqlx::query_as(
        "insert into unit (credit_code, name_zh, name_en, kind, district_id, department_id,
            contact_name, contact_phone, duties, valid)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, tstzrange($10, $11))
         returning *, lower(valid) as valid_from, upper(valid) as valid_to",
    )
    .bind(&new.credit_code)
    .bind(new.name_zh.trim())
    .bind(new.name_en.trim())
    .bind(new.kind)
    .bind(new.district_id)
    .bind(new.department_id)
    .bind(&new.contact_name)
    .bind(&new.contact_phone)
    .bind(&new.duties)
    .bind(new.valid_from.unwrap_or(at))
    .bind(new.valid_to)
    .fetch_one(db)
    .await
}

pub(super) async fn lock_unit(db: impl PgExecutor<'_>, unit: i32) -> sqlx::Result<Option<Unit>> {
    sqlx::query_as(
        "select *, lower(valid) as valid_from, upper(valid) as valid_to from unit
         where unit_id = $1 for update",
    )
    .bind(unit)
    .fetch_optional(db)
    .await
}

/// Writes what may change of a unit.
pub(super) async fn update_unit(db: impl PgExecutor<'_>, unit: &Unit) -> sqlx::Result<()> {
    sqlx::query(
        "update unit set name_zh = $2, name_en = $3, district_id = $4, department_id = $5,
            contact_name = $6, contact_phone = $7, duties = $8
         where unit_id = $1",
    )
    .bind(unit.unit_id)
    .bind(&unit.name_zh)
    .bind(&unit.name_en)
    .bind(unit.district_id)
    .bind(unit.department_id)
    .bind(&unit.contact_name)
    .bind(&unit.contact_phone)
    .bind(&unit.duties)
    .execute(db)
    .await?;
    Ok(())
}

/// Open cases that a unit has or helps with.
pub(super) async fn open_cases(db: impl PgExecutor<'_>, unit: i32) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "select count(*) from city_case where ended_at is null
            and (handling_unit_id = $1 or $1 = any(helper_unit_ids))",
    )
    .bind(unit)
    .fetch_one(db)
    .await
}

/// What a unit answers for at `at` or later; `None`: there is no such unit.
pub(super) async fn holdings(
    db: impl PgExecutor<'_>,
    unit: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<Holdings>> {
    sqlx::query_as(
        "select held.*, (
             select count(*) from component c
             left join unit m on m.unit_id = c.maintenance_unit_id
                 and coalesce(upper(m.valid) > $2, true)
             where c.state <> 'removed' and $1 in (c.maintenance_unit_id, c.owner_unit_id)
                 and coalesce(m.unit_id, c.owner_unit_id) = $1) as components,
             (select count(distinct (r.classes, r.place))
             from rule_route r join rule_set s using (rule_set_id)
             where r.unit_id = $1 and s.state = 'approved' and coalesce(upper(r.valid) > $2, true)
                 and s.in_force_from >= (select max(now.in_force_from) from rule_set now
                     where now.state = 'approved' and now.in_force_from <= $2)) as routes,
             (select count(*) from precedent p
             where p.unit_id = $1 and coalesce(upper(p.valid) > $2, true)) as precedents,
             (select count(*) from city_case c where c.unit_id = $1 and c.ended_at is null
                 and c.handling_unit_id is null) as waiting_cases,
             (select count(*) from city_case c where c.ended_at is null
                 and c.handling_unit_id = $1 and c.state in ('dispatched', 'quick', 'disputed',
                     'handling', 'suspended')) as cases_in_hand
         from unit cross join lateral (
             select count(distinct cell_id) filter (where classes = '') as cells,
                 count(distinct (cell_id, classes)) filter (where classes <> '') as rules
             from responsibility r
             where r.unit_id = unit.unit_id and coalesce(upper(r.valid) > $2, true)) as held
         where unit.unit_id = $1",
    )
    .bind(unit)
    .bind(at)
    .fetch_optional(db)
    .await
}

/// Ends a unit and the roles its people have for it.
pub(super) async fn end_unit(
    db: &mut PgConnection,
    unit: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    for sql in [
        "update unit set valid = tstzrange(lower(valid), $2) where unit_id = $1",
        "delete from role_grant where unit_id = $1 and lower(valid) >= $2",
        "update role_grant set valid = tstzrange(lower(valid), $2)
         where unit_id = $1 and (upper_inf(valid) or upper(valid) > $2)",
    ] {
        sqlx::query(sql)
            .bind(unit)
            .bind(at)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
