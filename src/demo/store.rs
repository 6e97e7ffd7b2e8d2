//! The demo city in the database, written in one transaction.

use anyhow::{Context as _, ensure};
use sqlx::{PgExecutor, PgPool, Postgres, Transaction};

use super::city::City;
use super::names;
use super::rows::{RULES, camera_id};
use crate::access::Secret;
use crate::camera;

/// The video platform the demo cameras belong to.
const PLATFORM: &str = "示范视频平台 Demo video platform";
/// Demo events come and go in minutes, so their cases are forgotten in minutes too: what is seen
/// at the same spot later is a new case.
const JOIN_WINDOW_S: i32 = 240;

/// Writes the city unless it is there already; says whether it was written.
///
/// # Errors
/// When the database holds the demo city of another seed.
pub async fn ensure_city(db: &PgPool, city: &City) -> anyhow::Result<bool> {
    let mut tx = db.begin().await?;
    sqlx::query("select pg_advisory_xact_lock(hashtext('demo'))")
        .execute(&mut *tx)
        .await?;
    if let Some(there) = find_source(&mut *tx).await? {
        ensure!(
            there == city.source(),
            "this data folder holds the city {there}, not {}: name that seed or another folder",
            city.source()
        );
        return Ok(false);
    }
    insert_city(&mut tx, city)
        .await
        .context("write the demo city")?;
    tx.commit().await?;
    Ok(true)
}

async fn find_source(db: impl PgExecutor<'_>) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("select source from edition where source like 'demo:%' limit 1")
        .fetch_optional(db)
        .await
}

async fn insert_city(tx: &mut Transaction<'_, Postgres>, city: &City) -> anyhow::Result<()> {
    let source = city.source();
    let edition: i32 = sqlx::query_scalar(
        "insert into edition (note, source) values ($1, $2) returning edition_id",
    )
    .bind(format!("示范城市 Demo city, seed {}", city.seed))
    .bind(&source)
    .fetch_one(&mut **tx)
    .await?;
    let units = insert_units(tx, city).await?;
    let cells = insert_cells(tx, city, edition, &source).await?;
    insert_areas(tx, city, &cells, &units).await?;
    insert_responsibilities(tx, city, &cells, &units, edition).await?;
    insert_components(tx, city, &units, &source).await?;
    insert_map(tx, city, &source).await?;
    for (camera, calibration) in city.cameras()? {
        camera::store::save(&mut **tx, &camera, &source).await?;
        camera::store::add_calibration(&mut **tx, &camera.id, calibration).await?;
    }
    sqlx::query("update sighting_rule set join_window_s = $1 where class_code = any($2)")
        .bind(JOIN_WINDOW_S)
        .bind(RULES.map(|(class, _)| class).as_slice())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Returns the ids in the order of the city's units.
async fn insert_units(tx: &mut Transaction<'_, Postgres>, city: &City) -> sqlx::Result<Vec<i32>> {
    let mut ids = Vec::with_capacity(city.units.len());
    for unit in &city.units {
        let id = sqlx::query_scalar(
            "insert into unit (credit_code, name_zh, name_en) values ($1, $2, $3) returning unit_id",
        )
        .bind(&unit.credit_code)
        .bind(&unit.name_zh)
        .bind(&unit.name_en)
        .fetch_one(&mut **tx)
        .await?;
        ids.push(id);
    }
    Ok(ids)
}

/// Returns the ids in the order of the city's cells.
async fn insert_cells(
    tx: &mut Transaction<'_, Postgres>,
    city: &City,
    edition: i32,
    source: &str,
) -> anyhow::Result<Vec<i32>> {
    let codes: Vec<&str> = city.cells.iter().map(|cell| cell.code.as_str()).collect();
    let cell_names: Vec<String> = city
        .cells
        .iter()
        .map(|cell| {
            format!(
                "{}社区{}号网格",
                names::COMMUNITIES[cell.community].0,
                &cell.code[12..]
            )
        })
        .collect();
    sqlx::query(
        "insert into cell (code, name, geom, edition_id, source_id)
         select code, name, st_geomfromewkb(geom), $4, $5 || '/' || code
         from unnest($1::text[], $2::text[], $3::bytea[]) as row (code, name, geom)",
    )
    .bind(&codes)
    .bind(&cell_names)
    .bind(city.cell_geometry()?)
    .bind(edition)
    .bind(source)
    .execute(&mut **tx)
    .await?;
    let ids = sqlx::query_scalar(
        "select cell_id from unnest($1::text[]) with ordinality as wanted (code, place)
         join cell using (code) where cell.edition_id = $2 order by place",
    )
    .bind(&codes)
    .bind(edition)
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// A responsibility area per sub-district, a supervision area per community.
async fn insert_areas(
    tx: &mut Transaction<'_, Postgres>,
    city: &City,
    cells: &[i32],
    units: &[i32],
) -> sqlx::Result<()> {
    let quarters = names::QUARTERS
        .iter()
        .enumerate()
        .map(|(quarter, (zh, en))| {
            let members = city.cells.iter().map(move |cell| cell.quarter == quarter);
            (
                "responsibility",
                format!("{zh}街道"),
                format!("{en} Sub-district"),
                Some(units[quarter]),
                select(cells, members),
            )
        });
    let communities = names::COMMUNITIES
        .iter()
        .enumerate()
        .map(|(community, (zh, en))| {
            let members = city
                .cells
                .iter()
                .map(move |cell| cell.community == community);
            (
                "supervision",
                format!("{zh}社区"),
                format!("{en} Community"),
                None,
                select(cells, members),
            )
        });
    for (kind, name_zh, name_en, unit, members) in quarters.chain(communities) {
        sqlx::query(
            "with new_area as (
                 insert into area (kind, name_zh, name_en, unit_id)
                 values ($1::area_kind, $2, $3, $4) returning area_id, kind)
             insert into area_cell (area_id, kind, cell_id)
             select area_id, kind, unnest($5::int[]) from new_area",
        )
        .bind(kind)
        .bind(name_zh)
        .bind(name_en)
        .bind(unit)
        .bind(members)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

fn select(cells: &[i32], members: impl Iterator<Item = bool>) -> Vec<i32> {
    cells
        .iter()
        .zip(members)
        .filter_map(|(&cell, member)| member.then_some(cell))
        .collect()
}

async fn insert_responsibilities(
    tx: &mut Transaction<'_, Postgres>,
    city: &City,
    cells: &[i32],
    units: &[i32],
    edition: i32,
) -> sqlx::Result<()> {
    let defaults: Vec<i32> = city.default_units().map(|unit| units[unit]).collect();
    sqlx::query(
        "insert into responsibility (cell_id, unit_id, edition_id)
         select cell_id, unit_id, $3 from unnest($1::int[], $2::int[]) as row (cell_id, unit_id)",
    )
    .bind(cells)
    .bind(&defaults)
    .bind(edition)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "insert into responsibility (cell_id, class_code, unit_id, edition_id)
         select cell_id, class_code, unit_id, $4
         from unnest($1::int[]) as cell_id,
              unnest($2::text[], $3::int[]) as rule (class_code, unit_id)",
    )
    .bind(cells)
    .bind(RULES.map(|(class, _)| class).as_slice())
    .bind(RULES.map(|(_, unit)| units[unit]).as_slice())
    .bind(edition)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_components(
    tx: &mut Transaction<'_, Postgres>,
    city: &City,
    units: &[i32],
    source: &str,
) -> anyhow::Result<()> {
    let classes: Vec<&str> = city.components.iter().map(|c| c.class).collect();
    let unit = |index: Option<usize>| index.map(|index| units[index]);
    let maintenance: Vec<Option<i32>> = city
        .components
        .iter()
        .map(|c| unit(c.maintenance))
        .collect();
    let owner: Vec<Option<i32>> = city.components.iter().map(|c| unit(c.owner)).collect();
    sqlx::query(
        // 6 division + 5 class + 6 number within the class
        "insert into component (class_code, code, geom, maintenance_unit_id, owner_unit_id,
             source, source_id)
         select class, '321202' || substr(class, 2) ||
                lpad((row_number() over (partition by class order by place))::text, 6, '0'),
                st_geomfromewkb(geom), maintenance, owner, $5, place::text
         from unnest($1::text[], $2::bytea[], $3::int[], $4::int[])
              with ordinality as row (class, geom, maintenance, owner, place)",
    )
    .bind(&classes)
    .bind(city.component_geometry()?)
    .bind(&maintenance)
    .bind(&owner)
    .bind(source)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_map(
    tx: &mut Transaction<'_, Postgres>,
    city: &City,
    source: &str,
) -> anyhow::Result<()> {
    let rows = city.map_rows()?;
    sqlx::query(
        "insert into basemap (kind, rank, name, name_en, geom, source)
         select kind::basemap_kind, rank, name, name_en, st_geomfromewkb(geom), $6
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[])
              as row (kind, rank, name, name_en, geom)",
    )
    .bind(rows.iter().map(|row| row.kind).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.rank).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>())
    .bind(
        rows.iter()
            .map(|row| row.name_en.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        rows.iter()
            .map(|row| row.geometry.as_slice())
            .collect::<Vec<_>>(),
    )
    .bind(source)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives the demo platform this token, in place of the one of an earlier run, and makes the demo
/// cameras its own.
pub(super) async fn hand_over(db: &PgPool, token: &Secret, cameras: usize) -> anyhow::Result<()> {
    let ids: Vec<String> = (1..=cameras)
        .map(|number| camera_id(number).map(String::from))
        .collect::<anyhow::Result<_>>()?;
    let mut tx = db.begin().await?;
    let platform: i32 = sqlx::query_scalar(
        "insert into platform (name, token_sha256) values ($1, $2)
         on conflict (name) do update set token_sha256 = excluded.token_sha256, revoked_at = null
         returning platform_id",
    )
    .bind(PLATFORM)
    .bind(token.sha256().as_slice())
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query("update camera set platform_id = $1 where camera_id = any($2)")
        .bind(platform)
        .bind(&ids)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(())
}
