//! What a publication writes of cells, responsibilities and areas.

use chrono::{DateTime, TimeDelta, Utc};
use geo_types::{Geometry, MultiPolygon};
use geozero::{CoordDimensions, ToWkb};
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::plan::duty::{Duty, Handed};
use crate::plan::{Plan, store};

/// A plan whose date has come.
pub(super) async fn due(db: &PgPool) -> sqlx::Result<Option<Plan>> {
    let now = store::now(db).await?;
    scheduled_before(db, now).await
}

/// The plan that waits for a date until `at`.
pub(in crate::plan) async fn scheduled_before(
    db: &PgPool,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<Plan>> {
    let id: Option<i32> = sqlx::query_scalar(
        "select plan_id from plan where state = 'approved' and in_force_from <= $1",
    )
    .bind(at)
    .fetch_optional(db)
    .await?;
    match id {
        Some(id) => store::find(db, id).await,
        None => Ok(None),
    }
}

/// Holds a plan until the transaction ends; `false`: somebody else published it meanwhile.
pub(super) async fn lock(tx: &mut PgConnection, plan: i32) -> sqlx::Result<bool> {
    let locked =
        sqlx::query("select from plan where plan_id = $1 and state = 'approved' for no key update")
            .bind(plan)
            .fetch_optional(tx)
            .await?;
    Ok(locked.is_some())
}

/// When the ground that is valid at a moment began.
pub(super) async fn last_change(
    tx: &mut PgConnection,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let span = crate::plan::ground::span(tx, at).await?;
    Ok(span.map(|(from, _)| from))
}

pub(super) async fn end_cells(
    tx: &mut PgConnection,
    edition: i32,
    from: DateTime<Utc>,
    cells: &[i32],
) -> sqlx::Result<()> {
    sqlx::query(
        "update cell set valid = tstzrange(lower(valid), $2), ended_edition_id = $1
        where cell_id = any ($3)",
    )
    .bind(edition)
    .bind(from)
    .bind(cells)
    .execute(tx)
    .await?;
    Ok(())
}

/// A cell that begins.
pub(super) struct NewRow<'a> {
    pub(super) code: &'a str,
    pub(super) name: &'a str,
    pub(super) border: &'a MultiPolygon<f64>,
    /// Who answers for what.
    pub(super) duties: &'a [Duty],
    /// The cell it was before, if only its border changes.
    pub(super) was: Option<i32>,
    /// The cell that had most of its ground: areas are its own.
    pub(super) main_parent: Option<i32>,
}

/// Returns their ids in their order.
pub(super) async fn begin_cells(
    tx: &mut PgConnection,
    edition: i32,
    from: DateTime<Utc>,
    cells: &[NewRow<'_>],
) -> sqlx::Result<Vec<i32>> {
    let mut wkbs = Vec::with_capacity(cells.len());
    for cell in cells {
        let geometry = Geometry::MultiPolygon(cell.border.clone());
        let wkb = geometry.to_ewkb(CoordDimensions::xy(), Some(4326));
        wkbs.push(wkb.map_err(|error| sqlx::Error::Encode(Box::new(error)))?);
    }
    let begun: Vec<(String, i32)> = sqlx::query_as(
        "insert into cell (code, name, geom, edition_id, valid)
        select code, name, st_geomfromewkb(wkb), $1, tstzrange($2, null)
        from unnest($3::text[], $4::text[], $5::bytea[]) as new (code, name, wkb)
        returning code, cell_id",
    )
    .bind(edition)
    .bind(from)
    .bind(column(cells, |cell| cell.code))
    .bind(column(cells, |cell| cell.name))
    .bind(wkbs)
    .fetch_all(tx)
    .await?;
    let ids: std::collections::HashMap<String, i32> = begun.into_iter().collect();
    let in_order = cells.iter().map(|cell| ids.get(cell.code).copied());
    in_order
        .collect::<Option<_>>()
        .ok_or(sqlx::Error::RowNotFound)
}

/// Gives new cells their units, and the areas that their main parent has. A rule for a class or group
/// that goes on as it was ends when it was to end.
pub(super) async fn hand_down(
    tx: &mut PgConnection,
    edition: i32,
    from: DateTime<Utc>,
    begun: &[i32],
    cells: &[NewRow<'_>],
) -> sqlx::Result<()> {
    let duties: Vec<(i32, &Duty, Option<i32>)> = { begun.iter().zip(cells) }
        .flat_map(|(id, cell)| {
            let before = cell.was.or(cell.main_parent);
            cell.duties.iter().map(move |duty| (*id, duty, before))
        })
        .collect();
    sqlx::query(
        "insert into responsibility (cell_id, class_code, class_group, unit_id, edition_id, valid)
        select new.cell_id, case when length(new.classes) > 3 then new.classes end,
            case when length(new.classes) = 3 then new.classes end,
            new.unit_id, $1, tstzrange($2, upper(r.valid))
        from unnest($3::integer[], $4::text[], $5::integer[], $6::integer[])
            as new (cell_id, classes, unit_id, before)
        left join responsibility r on r.cell_id = new.before and r.unit_id = new.unit_id
            and r.classes = new.classes and r.classes <> '' and r.valid @> $2",
    )
    .bind(edition)
    .bind(from)
    .bind(column(&duties, |(cell, ..)| *cell))
    .bind(column(&duties, |(_, duty, _)| duty.classes.to_string()))
    .bind(column(&duties, |(_, duty, _)| duty.unit_id))
    .bind(column(&duties, |(.., before)| *before))
    .execute(&mut *tx)
    .await?;
    let parents = column(cells, |cell| cell.main_parent);
    sqlx::query(
        "insert into area_cell (area_id, kind, cell_id, valid)
        select area_id, kind, new.cell_id, tstzrange($1, upper(valid))
        from unnest($2::integer[], $3::integer[]) as new (cell_id, parent)
        join area_cell a on a.cell_id = parent
        where valid @> $1",
    )
    .bind(from)
    .bind(begun)
    .bind(&parents)
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives cells that stay, or classes of them, to other units; to `None`: nobody. What is known to come
/// later comes as it was to.
pub(super) async fn hand_over(
    tx: &mut PgConnection,
    edition: i32,
    from: DateTime<Utc>,
    owners: &[(i32, Handed)],
) -> sqlx::Result<()> {
    let cells = column(owners, |(cell, _)| *cell);
    let classes = column(owners, |(_, handed)| handed.classes.to_string());
    sqlx::query(
        "update responsibility r
        set valid = tstzrange(lower(r.valid), $2), ended_edition_id = $1
        from unnest($3::integer[], $4::text[]) as old (cell_id, classes)
        where r.cell_id = old.cell_id and r.classes = old.classes
            and r.valid @> $2 and lower(r.valid) < $2",
    )
    .bind(edition)
    .bind(from)
    .bind(&cells)
    .bind(&classes)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "insert into responsibility (cell_id, class_code, class_group, unit_id, edition_id, valid)
        select new.cell_id, case when length(new.classes) > 3 then new.classes end,
            case when length(new.classes) = 3 then new.classes end, new.unit_id, $1,
            tstzrange($2, (select min(lower(r.valid)) from responsibility r
                where r.cell_id = new.cell_id and r.classes = new.classes and lower(r.valid) > $2))
        from unnest($3::integer[], $4::text[], $5::integer[]) as new (cell_id, classes, unit_id)
        where new.unit_id is not null",
    )
    .bind(edition)
    .bind(from)
    .bind(cells)
    .bind(classes)
    .bind(column(owners, |(_, handed)| handed.unit_id))
    .execute(tx)
    .await?;
    Ok(())
}

/// Which ground went from which cell to which, square metres.
pub(super) async fn insert_lineage(
    tx: &mut PgConnection,
    edition: i32,
    lineage: &[(i32, i32, f64)],
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into cell_lineage (parent_id, child_id, edition_id, area_m2)
        select parent, child, $1, area_m2
        from unnest($2::integer[], $3::integer[], $4::float8[]) as l (parent, child, area_m2)",
    )
    .bind(edition)
    .bind(column(lineage, |(parent, _, _)| *parent))
    .bind(column(lineage, |(_, child, _)| *child))
    .bind(column(lineage, |(_, _, area_m2)| *area_m2))
    .execute(tx)
    .await?;
    Ok(())
}

/// Ground that cells have from nobody, or that they left to nobody, square metres.
pub(super) async fn insert_outside(
    tx: &mut PgConnection,
    edition: i32,
    outside: &[(i32, bool, f64)],
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into cell_outside (cell_id, edition_id, came, area_m2)
        select cell_id, $1, came, area_m2
        from unnest($2::integer[], $3::boolean[], $4::float8[]) as o (cell_id, came, area_m2)
        where area_m2 > 0",
    )
    .bind(edition)
    .bind(column(outside, |(cell, ..)| *cell))
    .bind(column(outside, |(_, came, _)| *came))
    .bind(column(outside, |(.., area_m2)| *area_m2))
    .execute(tx)
    .await?;
    Ok(())
}

/// The edition's rows are written; they are valid from `from`.
pub(super) async fn mark_written(
    tx: &mut PgConnection,
    edition: i32,
    from: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query("update edition set written_at = now(), published_at = $2 where edition_id = $1")
        .bind(edition)
        .bind(from)
        .execute(tx)
        .await?;
    Ok(())
}

/// Editions whose rows were written lately, with when they took effect.
pub(super) async fn written_since(
    db: impl PgExecutor<'_>,
    ago: TimeDelta,
) -> sqlx::Result<Vec<(i32, DateTime<Utc>)>> {
    sqlx::query_as(
        "select edition_id, published_at from edition
        where written_at > now() - $1 * interval '1 second' order by edition_id",
    )
    .bind(ago.num_seconds() as f64)
    .fetch_all(db)
    .await
}

/// Editions that ended cells which open cases are still in, with when they took effect, in their order.
pub(super) async fn left_behind(
    db: impl PgExecutor<'_>,
) -> sqlx::Result<Vec<(i32, DateTime<Utc>)>> {
    sqlx::query_as(
        "select edition_id, published_at from edition where edition_id in (
            select ended_edition_id from city_case c join cell using (cell_id)
            where c.ended_at is null)
        order by edition_id",
    )
    .fetch_all(db)
    .await
}

/// The edition whose rows were written last, with when it took effect.
pub(super) async fn newest_written(
    db: impl PgExecutor<'_>,
) -> sqlx::Result<Vec<(i32, DateTime<Utc>)>> {
    sqlx::query_as(
        "select edition_id, published_at from edition where written_at is not null
        order by written_at desc, edition_id desc limit 1",
    )
    .fetch_all(db)
    .await
}

fn column<'a, T, V>(rows: &'a [T], value: impl FnMut(&'a T) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}
