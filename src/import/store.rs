//! What an import reads and writes.
//!
//! Geometries are first staged in a temporary table, where PostGIS checks them; then one
//! statement per batch moves the rows that were taken to where they belong.

use chrono::{DateTime, Utc};
use geo_types::Geometry;
use geozero::{CoordDimensions, ToWkb};
use sqlx::{PgConnection, Result};

/// Rows per statement.
const BATCH: usize = 5_000;

/// A component that is ready to be written.
#[derive(Debug)]
pub(super) struct NewComponent {
    /// Where its geometry is staged.
    pub row: i32,
    pub class_code: String,
    pub code: Option<String>,
    pub name: String,
    /// `None`: good, or as it is known already.
    pub state: Option<&'static str>,
    pub owner_unit_id: Option<i32>,
    pub source_id: String,
    pub attributes: serde_json::Value,
}

/// A unit that is in office.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct KnownUnit {
    pub unit_id: i32,
    pub credit_code: String,
    pub name_zh: String,
    pub name_en: String,
}

/// Makes the table where geometries wait; it ends with the transaction.
pub(super) async fn create_stage(tx: &mut PgConnection) -> Result<()> {
    sqlx::query(
        "create temporary table import_stage (
             row integer primary key,
             geom geometry(Geometry, 4326) not null
         ) on commit drop",
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Puts geometries into the stage; `after_batch` hears how many.
pub(super) async fn stage(
    tx: &mut PgConnection,
    geometries: impl Iterator<Item = (i32, &Geometry)>,
    mut after_batch: impl FnMut(usize),
) -> Result<()> {
    let mut rows = Vec::with_capacity(BATCH);
    let mut wkbs = Vec::with_capacity(BATCH);
    let mut geometries = geometries.peekable();
    while let Some((row, geometry)) = geometries.next() {
        rows.push(row);
        let wkb = geometry.to_ewkb(CoordDimensions::xy(), Some(4326));
        wkbs.push(wkb.map_err(|error| sqlx::Error::Encode(Box::new(error)))?);
        if rows.len() == BATCH || geometries.peek().is_none() {
            sqlx::query(
                "insert into import_stage (row, geom)
                 select r.row, st_geomfromewkb(r.wkb) from unnest($1::int[], $2::bytea[]) as r(row, wkb)",
            )
            .bind(&rows)
            .bind(&wkbs)
            .execute(&mut *tx)
            .await?;
            after_batch(rows.len());
            rows.clear();
            wkbs.clear();
        }
    }
    sqlx::query("create index on import_stage using gist (geom)")
        .execute(&mut *tx)
        .await?;
    sqlx::query("analyze import_stage").execute(tx).await?;
    Ok(())
}

/// Staged polygons that are not valid: row, and why and where.
pub(super) async fn invalid(tx: &mut PgConnection) -> Result<Vec<(i32, String)>> {
    sqlx::query_as(
        "select row, st_isvalidreason(geom) from import_stage
         where st_dimension(geom) = 2 and not st_isvalid(geom)
         order by row",
    )
    .fetch_all(tx)
    .await
}

/// Repairs staged polygons in place. Returns row, area before and after in square metres; a row
/// of which nothing is left keeps its geometry and says 0.
pub(super) async fn repair(tx: &mut PgConnection, rows: &[i32]) -> Result<Vec<(i32, f64, f64)>> {
    sqlx::query_as(
        "with repaired as (
             select row, geom as before, st_multi(st_collectionextract(st_makevalid(geom), 3)) as after
             from import_stage where row = any($1)
         ),
         written as (
             update import_stage s set geom = r.after
             from repaired r where s.row = r.row and not st_isempty(r.after)
         )
         select row, st_area(before::geography), st_area(after::geography) from repaired order by row",
    )
    .bind(rows)
    .fetch_all(tx)
    .await
}

pub(super) async fn units(tx: &mut PgConnection) -> Result<Vec<KnownUnit>> {
    sqlx::query_as(
        "select unit_id, credit_code, name_zh, name_en from unit where valid @> now() order by unit_id",
    )
    .fetch_all(tx)
    .await
}

/// Of these component codes, those that another component bears already: code, and which
/// (source and id there).
pub(super) async fn codes_borne_elsewhere(
    tx: &mut PgConnection,
    source: &str,
    codes: &[String],
    source_ids: &[String],
) -> Result<Vec<(String, String, Option<String>)>> {
    sqlx::query_as(
        "select r.code, c.source, c.source_id
         from unnest($2::text[], $3::text[]) as r(code, source_id)
         join component c on c.code = r.code
         where (c.source, c.source_id) is distinct from ($1, r.source_id)",
    )
    .bind(source)
    .bind(codes)
    .bind(source_ids)
    .fetch_all(tx)
    .await
}

/// Writes components; those known by (source, source id) are brought up to date. What the file
/// does not say (code, owner, state) stays as it is known. Returns how many were new.
pub(super) async fn upsert_components(
    tx: &mut PgConnection,
    source: &str,
    components: &[NewComponent],
    mut after_batch: impl FnMut(usize),
) -> Result<usize> {
    let mut inserted = 0;
    for batch in components.chunks(BATCH) {
        let new: Vec<bool> = sqlx::query_scalar(include_str!("upsert_components.sql"))
            .bind(source)
            .bind(column(batch, |c| c.row))
            .bind(column(batch, |c| c.class_code.as_str()))
            .bind(column(batch, |c| c.code.as_deref()))
            .bind(column(batch, |c| c.name.as_str()))
            .bind(column(batch, |c| c.state))
            .bind(column(batch, |c| c.owner_unit_id))
            .bind(column(batch, |c| c.source_id.as_str()))
            .bind(column(batch, |c| &c.attributes))
            .fetch_all(&mut *tx)
            .await?;
        inserted += new.iter().filter(|new| **new).count();
        after_batch(batch.len());
    }
    Ok(inserted)
}

/// A cell that is ready to be written.
#[derive(Debug)]
pub(super) struct NewCell {
    /// Where its geometry is staged.
    pub row: i32,
    /// 15 digits.
    pub code: String,
    pub name: String,
    pub source_id: Option<String>,
    /// Responsible for every class that has no rule of its own.
    pub unit_id: Option<i32>,
}

/// Where staged rows lie on cells in force at or after a moment: row, the cell's code, shared area in
/// square metres.
pub(super) async fn overlaps_with_cells(
    tx: &mut PgConnection,
    rows: &[i32],
    from: DateTime<Utc>,
) -> Result<Vec<(i32, String, f64)>> {
    sqlx::query_as(
        "select s.row, c.code, o.area_m2
         from import_stage s
         join cell c on st_intersects(c.geom, s.geom) and c.valid && tstzrange($2, null)
         cross join lateral (
             select st_area(st_collectionextract(st_intersection(c.geom, s.geom), 3)::geography)
         ) as o(area_m2)
         where s.row = any($1) and o.area_m2 > 0
         order by s.row, c.code",
    )
    .bind(rows)
    .bind(from)
    .fetch_all(tx)
    .await
}

/// Where staged rows lie on each other: the earlier, the later, shared area in square metres.
pub(super) async fn overlaps_in_stage(
    tx: &mut PgConnection,
    rows: &[i32],
) -> Result<Vec<(i32, i32, f64)>> {
    sqlx::query_as(
        "select a.row, b.row, o.area_m2
         from import_stage a
         join import_stage b on a.row < b.row and st_intersects(a.geom, b.geom)
         cross join lateral (
             select st_area(st_collectionextract(st_intersection(a.geom, b.geom), 3)::geography)
         ) as o(area_m2)
         where a.row = any($1) and b.row = any($1) and o.area_m2 > 0
         order by b.row, a.row",
    )
    .bind(rows)
    .fetch_all(tx)
    .await
}

/// Staged rows with the centre and the height of their box, in degrees.
pub(super) async fn extents(tx: &mut PgConnection) -> Result<Vec<(i32, f64, f64, f64)>> {
    sqlx::query_as(
        "select row, st_x(st_centroid(geom)), st_y(st_centroid(geom)), st_ymax(geom) - st_ymin(geom)
         from import_stage",
    )
    .fetch_all(tx)
    .await
}

/// The highest number a community ever gave; numbers are not given twice.
pub(super) async fn last_sequence(tx: &mut PgConnection, community: &str) -> Result<usize> {
    let last: Option<i32> =
        sqlx::query_scalar("select max(right(code, 3)::int) from cell where left(code, 12) = $1")
            .bind(community)
            .fetch_one(tx)
            .await?;
    Ok(last
        .and_then(|last| usize::try_from(last).ok())
        .unwrap_or(0))
}

/// The number of the next credit code of our own.
pub(super) async fn next_local_unit(tx: &mut PgConnection) -> Result<u32> {
    let last: Option<i32> = sqlx::query_scalar(
        "select max(substring(credit_code from 12 for 5)::int) from unit where starts_with(credit_code, $1)",
    )
    .bind(super::credit_code::LOCAL_PREFIX)
    .fetch_one(tx)
    .await?;
    Ok(last.and_then(|last| u32::try_from(last).ok()).unwrap_or(0) + 1)
}

pub(super) async fn insert_unit(
    tx: &mut PgConnection,
    credit_code: &str,
    name: &str,
) -> Result<i32> {
    sqlx::query_scalar(
        "insert into unit (credit_code, name_zh, name_en) values ($1, $2, $2) returning unit_id",
    )
    .bind(credit_code)
    .bind(name)
    .fetch_one(tx)
    .await
}

/// An edition whose rows are valid from a moment on.
pub(super) async fn insert_edition(
    tx: &mut PgConnection,
    note: &str,
    source: &str,
    from: DateTime<Utc>,
) -> Result<i32> {
    sqlx::query_scalar(
        "insert into edition (note, source, published_at, written_at) values ($1, $2, $3, now())
         returning edition_id",
    )
    .bind(note)
    .bind(source)
    .bind(from)
    .fetch_one(tx)
    .await
}

/// Writes cells and the unit that answers for each.
pub(super) async fn insert_cells(
    tx: &mut PgConnection,
    edition_id: i32,
    from: DateTime<Utc>,
    cells: &[NewCell],
) -> Result<()> {
    sqlx::query(
        "with new_cell as (
             insert into cell (code, name, geom, edition_id, source_id, valid)
             select r.code, r.name, st_multi(s.geom), $1, r.source_id, tstzrange($7, null)
             from unnest($2::int[], $3::text[], $4::text[], $5::text[]) as r(row, code, name, source_id)
             join import_stage s on s.row = r.row
             returning cell_id, code
         )
         insert into responsibility (cell_id, unit_id, edition_id, valid)
         select c.cell_id, r.unit_id, $1, tstzrange($7, null)
         from unnest($3::text[], $6::int[]) as r(code, unit_id)
         join new_cell c on c.code = r.code
         where r.unit_id is not null",
    )
    .bind(edition_id)
    .bind(column(cells, |cell| cell.row))
    .bind(column(cells, |cell| cell.code.as_str()))
    .bind(column(cells, |cell| cell.name.as_str()))
    .bind(column(cells, |cell| cell.source_id.as_deref()))
    .bind(column(cells, |cell| cell.unit_id))
    .bind(from)
    .execute(tx)
    .await?;
    Ok(())
}

/// A camera that is ready to be written.
#[derive(Debug)]
pub(super) struct NewCamera {
    /// Where its geometry is staged.
    pub row: i32,
    pub camera_id: String,
    pub name_zh: String,
    pub name_en: String,
    pub height_m: Option<f64>,
}

/// A part of the base map that is ready to be written.
#[derive(Debug)]
pub(super) struct NewBasemap {
    /// Where its geometry is staged.
    pub row: i32,
    pub kind: &'static str,
    pub rank: &'static str,
    pub name: String,
    pub name_en: String,
}

/// Adds cameras, uncalibrated. Those that are known stay as people set them. Returns how many
/// were new.
pub(super) async fn insert_cameras(
    tx: &mut PgConnection,
    source: &str,
    cameras: &[NewCamera],
) -> Result<u64> {
    let inserted = sqlx::query(
        "insert into camera (camera_id, name_zh, name_en, location, height_m, source)
         select r.camera_id, r.name_zh, r.name_en, st_pointonsurface(s.geom), r.height_m, $1
         from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::float8[])
                  as r(row, camera_id, name_zh, name_en, height_m)
         join import_stage s on s.row = r.row
         on conflict (camera_id) do nothing",
    )
    .bind(source)
    .bind(column(cameras, |camera| camera.row))
    .bind(column(cameras, |camera| camera.camera_id.as_str()))
    .bind(column(cameras, |camera| camera.name_zh.as_str()))
    .bind(column(cameras, |camera| camera.name_en.as_str()))
    .bind(column(cameras, |camera| camera.height_m))
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected())
}

/// Puts these parts in the place of all that came from this source before.
pub(super) async fn replace_basemap(
    tx: &mut PgConnection,
    source: &str,
    parts: &[NewBasemap],
    mut after_batch: impl FnMut(usize),
) -> Result<()> {
    sqlx::query("delete from basemap where source = $1")
        .bind(source)
        .execute(&mut *tx)
        .await?;
    for batch in parts.chunks(BATCH) {
        sqlx::query(
            "insert into basemap (kind, rank, name, name_en, geom, source)
             select r.kind, r.rank, r.name, r.name_en, s.geom, $1
             from unnest($2::int[], $3::basemap_kind[], $4::text[], $5::text[], $6::text[])
                      as r(row, kind, rank, name, name_en)
             join import_stage s on s.row = r.row",
        )
        .bind(source)
        .bind(column(batch, |part| part.row))
        .bind(column(batch, |part| part.kind))
        .bind(column(batch, |part| part.rank))
        .bind(column(batch, |part| part.name.as_str()))
        .bind(column(batch, |part| part.name_en.as_str()))
        .execute(&mut *tx)
        .await?;
        after_batch(batch.len());
    }
    Ok(())
}

fn column<'a, T, V>(batch: &'a [T], value: impl FnMut(&'a T) -> V) -> Vec<V> {
    batch.iter().map(value).collect()
}
