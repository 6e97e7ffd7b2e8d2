//! Cells that end, and what goes from them to those that take their place.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Result};

use crate::import::store::NewCell;

/// Less of another cell's ground is a border that was drawn twice, square metres.
const NOISE_M2: f64 = 1.0;

/// Until the transaction ends nobody else changes cells or who is responsible; readers and those who
/// file cases go on.
pub(crate) async fn lock_ground(tx: &mut PgConnection) -> Result<()> {
    sqlx::query("lock table cell, responsibility, area_cell in share row exclusive mode")
        .execute(tx)
        .await?;
    Ok(())
}

/// When the transaction began.
pub(super) async fn now(tx: &mut PgConnection) -> Result<DateTime<Utc>> {
    sqlx::query_scalar("select now()").fetch_one(tx).await
}

/// When a cell or a responsibility last began, or will, or ended.
pub(super) async fn last_change(tx: &mut PgConnection) -> Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar(
        "select greatest(
             (select max(lower(valid)) from cell),
             (select max(upper(valid)) from cell where upper(valid) <= now()),
             (select max(lower(valid)) from responsibility),
             (select max(upper(valid)) from responsibility where upper(valid) <= now()))",
    )
    .fetch_one(tx)
    .await
}

pub(super) async fn are_cells_at(tx: &mut PgConnection, at: DateTime<Utc>) -> Result<bool> {
    sqlx::query_scalar("select exists (select from cell where valid @> $1)")
        .bind(at)
        .fetch_one(tx)
        .await
}

/// Of these codes, those that were given, and when the cell ended; `None`: it is in force.
pub(super) async fn known_codes(
    tx: &mut PgConnection,
    codes: &[&str],
) -> Result<HashMap<String, Option<DateTime<Utc>>>> {
    let known: Vec<(String, Option<DateTime<Utc>>)> = sqlx::query_as(
        "select code, case when bool_and(upper(valid) is not null) then max(upper(valid)) end
         from cell where code = any($1) group by code",
    )
    .bind(codes)
    .fetch_all(tx)
    .await?;
    Ok(known.into_iter().collect())
}

/// Staged rows that share no ground with the cell in force that has their code.
pub(super) async fn codes_elsewhere(tx: &mut PgConnection, cells: &[NewCell]) -> Result<Vec<i32>> {
    let rows: Vec<i32> = cells.iter().map(|cell| cell.row).collect();
    let codes: Vec<&str> = cells.iter().map(|cell| cell.code.as_str()).collect();
    sqlx::query_scalar(
        "select r.row
         from unnest($1::int[], $2::text[]) as r(row, code)
         join import_stage s on s.row = r.row
         join cell c on c.code = r.code and upper(c.valid) is null
         where not st_intersects(c.geom, s.geom)
             or st_area(st_collectionextract(st_intersection(c.geom, s.geom), 3)::geography) < $3
         order by r.row",
    )
    .bind(rows)
    .bind(codes)
    .bind(NOISE_M2)
    .fetch_all(tx)
    .await
}

/// Ends all cells in force; returns which.
pub(super) async fn end_all(
    tx: &mut PgConnection,
    edition: i32,
    from: DateTime<Utc>,
) -> Result<Vec<i32>> {
    sqlx::query_scalar(
        "update cell set valid = tstzrange(lower(valid), $2), ended_edition_id = $1
         where valid @> $2 returning cell_id",
    )
    .bind(edition)
    .bind(from)
    .fetch_all(tx)
    .await
}

/// Which ground went from which of the ended cells to which of the edition's, square metres.
pub(super) async fn insert_lineage(
    tx: &mut PgConnection,
    edition: i32,
    ended: &[i32],
) -> Result<()> {
    sqlx::query(
        "insert into cell_lineage (parent_id, child_id, edition_id, area_m2)
         select parent.cell_id, child.cell_id, $1, shared.area_m2
         from cell parent
         join cell child on child.edition_id = $1 and st_intersects(child.geom, parent.geom)
         cross join lateral (select st_area(
             st_collectionextract(st_intersection(parent.geom, child.geom), 3)::geography)
         ) as shared (area_m2)
         where parent.cell_id = any($2) and shared.area_m2 >= $3",
    )
    .bind(edition)
    .bind(ended)
    .bind(NOISE_M2)
    .execute(tx)
    .await?;
    Ok(())
}

/// What the edition's cells have from nobody, and what the ended ones left to nobody.
pub(super) async fn insert_outside(
    tx: &mut PgConnection,
    edition: i32,
    ended: &[i32],
) -> Result<()> {
    sqlx::query(
        "insert into cell_outside (cell_id, edition_id, came, area_m2)
         select cell_id, $1, came, rest.area_m2
         from (
             select cell_id, true as came, area_m2, (select sum(l.area_m2) from cell_lineage l
                 where l.child_id = c.cell_id) as shared_m2
             from cell c where edition_id = $1
             union all
             select cell_id, false, area_m2, (select sum(l.area_m2) from cell_lineage l
                 where l.parent_id = c.cell_id and l.edition_id = $1)
             from cell c where cell_id = any($2)) as whole
         cross join lateral (select whole.area_m2 - coalesce(shared_m2, 0)) as rest (area_m2)
         -- areas on the ellipsoid add up to a millionth
         where rest.area_m2 >= greatest($3, whole.area_m2 * 1e-6)",
    )
    .bind(edition)
    .bind(ended)
    .bind(NOISE_M2)
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives the edition's cells what the cell had that most of their ground comes from: rules for
/// classes and groups, areas, and who is responsible where the file does not say.
pub(super) async fn hand_down(
    tx: &mut PgConnection,
    edition: i32,
    from: DateTime<Utc>,
) -> Result<()> {
    const MAIN: &str = "with main as (
         select distinct on (child_id) child_id, parent_id from cell_lineage
         where edition_id = $1 order by child_id, area_m2 desc, parent_id)";
    let duties = format!(
        "{MAIN}
         insert into responsibility (cell_id, class_code, class_group, unit_id, edition_id, valid)
         select child_id, class_code, class_group, unit_id, $1, tstzrange($2, upper(valid))
         from main join responsibility r on r.cell_id = parent_id
         where r.valid @> $2 and (classes <> '' or not exists (
             select from responsibility own
             where own.cell_id = child_id and own.classes = ''))"
    );
    sqlx::query(&duties)
        .bind(edition)
        .bind(from)
        .execute(&mut *tx)
        .await?;
    let areas = format!(
        "{MAIN}
         insert into area_cell (area_id, kind, cell_id, valid)
         select area_id, kind, child_id, tstzrange($2, upper(valid))
         from main join area_cell a on a.cell_id = parent_id where a.valid @> $2"
    );
    sqlx::query(&areas)
        .bind(edition)
        .bind(from)
        .execute(tx)
        .await?;
    Ok(())
}

/// Ends what hangs on cells that end: who is responsible for what, and areas.
pub(crate) async fn end_duties(
    tx: &mut PgConnection,
    edition: i32,
    from: DateTime<Utc>,
    ended: &[i32],
) -> Result<()> {
    sqlx::query(
        "update responsibility set valid = tstzrange(lower(valid), $2), ended_edition_id = $1
         where cell_id = any($3) and valid @> $2 and lower(valid) < $2",
    )
    .bind(edition)
    .bind(from)
    .bind(ended)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "update area_cell set valid = tstzrange(lower(valid), $1)
         where cell_id = any($2) and valid @> $1 and lower(valid) < $1",
    )
    .bind(from)
    .bind(ended)
    .execute(tx)
    .await?;
    Ok(())
}
