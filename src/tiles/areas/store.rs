//! What areas are made from.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context as _;
use geo_types::{Geometry, MultiPolygon};
use geozero::wkb;
use sqlx::{PgConnection, PgPool};

use crate::tiles::store::{Lsn, begin_on};

/// What a look at the database saw.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// Where the log of commits stood just before.
    pub(super) lsn: Lsn,
    /// Which changes of each layer are written down: another whenever one is committed.
    pub(super) changes: HashMap<String, String>,
}

/// A cell in force with who answers for it by default.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct CellRow {
    pub(super) cell_id: i32,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) unit_id: Option<i32>,
    pub(super) unit_zh: Option<String>,
    pub(super) unit_en: Option<String>,
    #[sqlx(try_from = "wkb::Decode<Geometry<f64>>")]
    pub(super) geom: Border,
}

/// A cell's border, longitude and latitude.
#[derive(Debug)]
pub(super) struct Border(pub(super) MultiPolygon<f64>);

/// A cell is always one, says the table.
#[derive(Debug, thiserror::Error)]
#[error("a cell is not a multipolygon")]
pub(super) struct NotAMultiPolygon;

impl TryFrom<wkb::Decode<Geometry<f64>>> for Border {
    type Error = NotAMultiPolygon;

    fn try_from(decoded: wkb::Decode<Geometry<f64>>) -> Result<Self, NotAMultiPolygon> {
        match decoded.geometry {
            Some(Geometry::MultiPolygon(border)) => Ok(Self(border)),
            _ => Err(NotAMultiPolygon),
        }
    }
}

/// A responsibility area (责任网格) with its cells of now.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct AreaRow {
    pub(super) area_id: i32,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) owner_id: Option<i32>,
    pub(super) owner_zh: Option<String>,
    pub(super) owner_en: Option<String>,
    pub(super) cells: Vec<i32>,
}

/// Everything in force at one moment, seen in one snapshot.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) look: Look,
    /// In the order of their ids.
    pub(super) cells: Vec<CellRow>,
    pub(super) areas: Vec<AreaRow>,
    /// Until something begins or ends to be in force.
    pub(super) changes_in: Option<Duration>,
}

/// Begins a snapshot and looks.
async fn begin(db: &mut PgConnection) -> anyhow::Result<Look> {
    let lsn = begin_on(db, None).await?.lsn;
    // ids are given before commits are made: what is new may come anywhere among them
    let changes: Vec<(String, String)> = sqlx::query_as(
        "select layer, md5(string_agg(change_id::text, ',' order by change_id)) from tile_change
         where layer in ('areas', 'basemap') group by layer",
    )
    .fetch_all(db)
    .await?;
    Ok(Look {
        lsn,
        changes: changes.into_iter().collect(),
    })
}

/// Only whether something has changed.
pub(super) async fn look(db: &PgPool) -> anyhow::Result<Look> {
    let mut connection = db.acquire().await?;
    let look = begin(&mut connection).await;
    sqlx::query("rollback").execute(&mut *connection).await?;
    look
}

pub(super) async fn read(db: &PgPool) -> anyhow::Result<Ground> {
    // detached: a reading that fails half way takes its transaction with it
    let mut connection = db.acquire().await?.detach();
    let look = begin(&mut connection).await?;
    Ok(Ground {
        look,
        cells: cells(&mut connection).await.context("read cells")?,
        areas: areas(&mut connection).await.context("read areas")?,
        changes_in: changes_in(&mut connection).await.context("read validity")?,
    })
}

async fn cells(db: &mut PgConnection) -> sqlx::Result<Vec<CellRow>> {
    sqlx::query_as(
        "select cell.cell_id, cell.code, cell.name, unit.unit_id,
                unit.name_zh as unit_zh, unit.name_en as unit_en, cell.geom
         from cell
         left join responsibility on responsibility.cell_id = cell.cell_id
             and responsibility.classes = '' and responsibility.valid @> now()
         left join unit on unit.unit_id = responsibility.unit_id
             and coalesce(upper(unit.valid) > now(), true)
         where cell.valid @> now() order by cell.cell_id",
    )
    .fetch_all(db)
    .await
}

async fn areas(db: &mut PgConnection) -> sqlx::Result<Vec<AreaRow>> {
    sqlx::query_as(
        "select area.area_id, area.name_zh, area.name_en, unit.unit_id as owner_id,
                unit.name_zh as owner_zh, unit.name_en as owner_en,
                array_agg(area_cell.cell_id order by area_cell.cell_id) as cells
         from area
         join area_cell on area_cell.area_id = area.area_id and area_cell.valid @> now()
         left join unit on unit.unit_id = area.unit_id
             and coalesce(upper(unit.valid) > now(), true)
         where area.kind = 'responsibility'
         group by area.area_id, unit.unit_id order by area.area_id",
    )
    .fetch_all(db)
    .await
}

async fn changes_in(db: &mut PgConnection) -> sqlx::Result<Option<Duration>> {
    let seconds: Option<f64> = sqlx::query_scalar(
        "select extract(epoch from min(change) - now())::float8 from (
             select lower(valid) as change from cell union all select upper(valid) from cell
             union all
             select lower(valid) from responsibility union all select upper(valid) from responsibility
             union all
             select lower(valid) from area_cell union all select upper(valid) from area_cell
             union all
             select upper(valid) from unit
         ) as changes where change > now() and isfinite(change)",
    )
    .fetch_one(db)
    .await?;
    Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}
