//! What a territory is built from.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use geo_types::{Geometry, MultiPolygon};
use geozero::wkb;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::QueryAs;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, PgPool, Postgres};
use utoipa::ToSchema;

use super::lands::{Difference, Duty};
use super::placement::{Edition, Unit};
use super::snapshot::{Cell, Component, Parts, Responsibility};
use super::stretch::Stretch;
use crate::catalogue::{ClassCode, ClassScope};
use crate::database::at_one_moment;
use crate::space::GroundPoint;

/// The database's time: validity ranges are written by its clock.
pub(super) async fn now(db: impl PgExecutor<'_>) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar("select now()").fetch_one(db).await
}

/// Reads everything valid at a moment, as one consistent view.
pub(super) async fn read(
    db: &PgPool,
    at: DateTime<Utc>,
) -> anyhow::Result<(Parts, Vec<Component>)> {
    let mut tx = at_one_moment(db).await?;
    let parts = read_parts(&mut tx, at).await?;
    let components = read_components(&mut *tx).await.context("read components")?;
    tx.commit().await?;
    Ok((parts, components))
}

/// The same without components.
pub(super) async fn read_without_components(
    db: &PgPool,
    at: DateTime<Utc>,
) -> anyhow::Result<Parts> {
    let mut tx = at_one_moment(db).await?;
    let parts = read_parts(&mut tx, at).await?;
    tx.commit().await?;
    Ok(parts)
}

async fn read_parts(tx: &mut PgConnection, at: DateTime<Utc>) -> anyhow::Result<Parts> {
    Ok(Parts {
        cells: read_cells(&mut *tx, at).await.context("read cells")?,
        responsibilities: read_responsibilities(&mut *tx, at)
            .await
            .context("read responsibilities")?,
        units: read_units(&mut *tx).await.context("read units")?,
        ended_units: read_ended_units(&mut *tx, at)
            .await
            .context("read ended units")?,
        editions: read_editions(&mut *tx).await.context("read editions")?,
        stretch: Stretch::around(at, read_changes(tx).await.context("read validity")?),
    })
}

#[derive(sqlx::FromRow)]
struct CellRow {
    cell_id: i32,
    code: String,
    name: String,
    edition_id: i32,
    geom: wkb::Decode<Geometry<f64>>,
}

async fn read_cells(
    db: impl PgExecutor<'_>,
    at: DateTime<Utc>,
) -> sqlx::Result<Vec<(Cell, MultiPolygon<f64>)>> {
    let rows: Vec<CellRow> = sqlx::query_as(
        "select cell_id, code, name, edition_id, geom
         from cell where valid @> $1 order by code collate \"C\"",
    )
    .bind(at)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(with_border).collect()
}

fn with_border(row: CellRow) -> sqlx::Result<(Cell, MultiPolygon<f64>)> {
    let Some(Geometry::MultiPolygon(border)) = row.geom.geometry else {
        return Err(sqlx::Error::Decode("a cell is not a multipolygon".into()));
    };
    let cell = Cell {
        id: row.cell_id,
        code: row.code,
        name: row.name,
        edition_id: row.edition_id,
    };
    Ok((cell, border))
}

#[derive(sqlx::FromRow)]
struct ComponentRow {
    component_id: i64,
    class_code: ClassCode,
    code: Option<String>,
    name: String,
    lon: f64,
    lat: f64,
    owner_unit_id: Option<i32>,
    maintenance_unit_id: Option<i32>,
}

async fn read_components(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Component>> {
    let rows = sqlx::query_as(
        "select component_id, class_code, code, name, st_x(anchor) as lon, st_y(anchor) as lat,
                owner_unit_id, maintenance_unit_id
         from component
         where state <> 'removed'
             and st_x(anchor) between -180 and 180 and st_y(anchor) between -90 and 90
         order by component_id",
    )
    .fetch(db);
    rows.map_ok(|row: ComponentRow| row.into())
        .try_collect()
        .await
}

/// Those of some components that stand.
pub(super) async fn components_of(
    db: impl PgExecutor<'_>,
    ids: &[i64],
) -> sqlx::Result<Vec<Component>> {
    let rows = sqlx::query_as(
        "select component_id, class_code, code, name, st_x(anchor) as lon, st_y(anchor) as lat,
                owner_unit_id, maintenance_unit_id
         from component
         where state <> 'removed' and component_id = any($1)
             and st_x(anchor) between -180 and 180 and st_y(anchor) between -90 and 90",
    )
    .bind(ids)
    .fetch(db);
    rows.map_ok(|row: ComponentRow| row.into())
        .try_collect()
        .await
}

impl From<ComponentRow> for Component {
    fn from(row: ComponentRow) -> Self {
        Self {
            id: row.component_id,
            class: row.class_code,
            code: row.code,
            name: row.name,
            at: GroundPoint {
                lon: row.lon,
                lat: row.lat,
            },
            owner_unit_id: row.owner_unit_id,
            maintenance_unit_id: row.maintenance_unit_id,
        }
    }
}

async fn read_responsibilities(
    db: impl PgExecutor<'_>,
    at: DateTime<Utc>,
) -> sqlx::Result<Vec<Duty>> {
    let rows: Vec<DutyRow> = sqlx::query_as(
        "select cell_id, classes, responsibility_id, unit_id, edition_id
         from responsibility where valid @> $1",
    )
    .bind(at)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(duty).collect())
}

type DutyRow = (i32, ClassScope, i32, i32, i32);

fn duty((cell_id, classes, id, unit_id, edition_id): DutyRow) -> Duty {
    let responsibility = Responsibility {
        id: Some(id),
        unit_id,
        edition_id,
    };
    (cell_id, classes, responsibility)
}

/// A cell that is valid at one of two moments.
#[derive(sqlx::FromRow)]
struct DifferingCell {
    /// At the other moment, not at the base.
    then: bool,
    #[sqlx(flatten)]
    row: CellRow,
}

/// What is valid at one of two moments begins or ends between them. `$1` is the base, `$2` the other,
/// `$3` the earlier, `$4` the later.
fn query_between<'q, T: for<'r> sqlx::FromRow<'r, PgRow>>(
    query: &'q str,
    moments: [DateTime<Utc>; 4],
) -> QueryAs<'q, Postgres, T, PgArguments> {
    moments
        .into_iter()
        .fold(sqlx::query_as(query), QueryAs::bind)
}

/// How cells and responsibilities of another moment differ from those of a base. `None`: there are
/// editions newer than the newest that is `known` of.
pub(super) async fn difference(
    db: &PgPool,
    known: i32,
    base: DateTime<Utc>,
    at: DateTime<Utc>,
) -> anyhow::Result<Option<Difference>> {
    let mut tx = at_one_moment(db).await?;
    let newer: bool = sqlx::query_scalar(
        "select exists (select from edition
                 where edition_id > $1 and (plan_id is null or written_at is not null))",
    )
    .bind(known)
    .fetch_one(&mut *tx)
    .await?;
    if newer {
        return Ok(None);
    }
    let between = [base, at, base.min(at), base.max(at)];
    let cells: Vec<DifferingCell> = query_between(
        "select valid @> $2 as then, cell_id, code, name, edition_id,
             case when valid @> $2 then geom end as geom
         from cell where (lower(valid) > $3 and lower(valid) <= $4
             or upper(valid) > $3 and upper(valid) <= $4) and valid @> $1 <> valid @> $2
         order by code collate \"C\"",
        between,
    )
    .fetch_all(&mut *tx)
    .await?;
    let duties: Vec<(bool, i32, ClassScope, i32, i32, i32)> = query_between(
        "select until_unit @> $2, cell_id, classes, responsibility_id, unit_id, edition_id
         from responsibility r
         join unit u using (unit_id)
         cross join lateral (select r.valid * tstzrange(null, upper(u.valid))) as s (until_unit)
         where responsibility_id in (
                 select responsibility_id from responsibility
                 where lower(valid) > $3 and lower(valid) <= $4
                     or upper(valid) > $3 and upper(valid) <= $4
                 union all
                 select responsibility_id from responsibility join unit ending using (unit_id)
                 where upper(ending.valid) > $3 and upper(ending.valid) <= $4)
             and until_unit @> $1 <> until_unit @> $2",
        between,
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut difference = Difference {
        ended_units: read_ended_units(&mut *tx, at).await?,
        ..Difference::default()
    };
    tx.commit().await?;
    for cell in cells {
        if cell.then {
            difference.cells.push(with_border(cell.row)?);
        } else {
            difference.hidden.insert(cell.row.cell_id);
        }
    }
    for (then, cell, classes, id, unit, edition) in duties {
        if then {
            let row = (cell, classes, id, unit, edition);
            difference.duties.push(duty(row));
        } else {
            difference.over.push((cell, classes));
        }
    }
    Ok(Some(difference))
}

async fn read_units(db: impl PgExecutor<'_>) -> sqlx::Result<HashMap<i32, Unit>> {
    sqlx::query_as("select unit_id, name_zh, name_en from unit")
        .fetch(db)
        .map_ok(|(id, name_zh, name_en)| {
            (
                id,
                Unit {
                    id,
                    name_zh,
                    name_en,
                },
            )
        })
        .try_collect()
        .await
}

/// Units that are no more at a moment.
pub(super) async fn read_ended_units(
    db: impl PgExecutor<'_>,
    at: DateTime<Utc>,
) -> sqlx::Result<HashSet<i32>> {
    let query = sqlx::query_scalar("select unit_id from unit where upper(valid) <= $1");
    let ended: Vec<i32> = query.bind(at).fetch_all(db).await?;
    Ok(ended.into_iter().collect())
}

async fn read_editions(db: impl PgExecutor<'_>) -> sqlx::Result<HashMap<i32, Edition>> {
    sqlx::query_as("select edition_id, note, published_at from edition")
        .fetch(db)
        .map_ok(|(id, note, published_at)| {
            (
                id,
                Edition {
                    id,
                    note,
                    published_at,
                },
            )
        })
        .try_collect()
        .await
}

/// Every moment at which a cell or a responsibility becomes valid or ends, or a unit ends, in order.
async fn read_changes(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<DateTime<Utc>>> {
    sqlx::query_scalar(
        "select distinct change from (
             select lower(valid) as change from cell union all select upper(valid) from cell
             union all
             select lower(valid) from responsibility union all select upper(valid) from responsibility
             union all
             select upper(valid) from unit
         ) as changes where isfinite(change) order by change",
    )
    .fetch_all(db)
    .await
}

/// A component as the register has it.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(super) struct ComponentView {
    pub id: i64,
    pub class: ClassCode,
    /// 16 digits in the 2013 edition, 17 in the 2026 edition.
    pub code: Option<String>,
    pub name: String,
    /// `good`, `damaged`, `missing`, `abandoned` or `removed`.
    pub state: String,
    pub lon: f64,
    pub lat: f64,
    /// GeoJSON.
    pub geometry: serde_json::Value,
    /// 权属单位
    #[schema(value_type = Option<Unit>)]
    pub owner: Option<Json<Unit>>,
    /// 主管单位
    #[schema(value_type = Option<Unit>)]
    pub competent: Option<Json<Unit>>,
    /// 养护单位
    #[schema(value_type = Option<Unit>)]
    pub maintenance: Option<Json<Unit>>,
    pub source: String,
    pub surveyed_on: Option<chrono::NaiveDate>,
    pub attributes: serde_json::Value,
}

pub(super) async fn find_component(
    db: impl PgExecutor<'_>,
    id: i64,
) -> sqlx::Result<Option<ComponentView>> {
    sqlx::query_as(include_str!("component_view.sql"))
        .bind(id)
        .fetch_optional(db)
        .await
}

/// A cell as the register has it.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(super) struct CellView {
    pub id: i32,
    pub code: String,
    pub name: String,
    pub area_m2: f64,
    /// GeoJSON MultiPolygon.
    pub geometry: serde_json::Value,
    #[schema(value_type = Edition)]
    pub edition: Json<Edition>,
    pub valid_from: Option<DateTime<Utc>>,
    /// When it ended or will end.
    pub valid_to: Option<DateTime<Utc>>,
    #[schema(value_type = Vec<ResponsibilityView>)]
    pub responsibilities: Json<Vec<ResponsibilityView>>,
}

/// Who is responsible in a cell.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct ResponsibilityView {
    pub id: i32,
    pub class: Option<ClassCode>,
    /// With `class` none, too: every class that has no rule here, nor its group.
    #[schema(example = "M06")]
    pub group: Option<String>,
    pub unit: Unit,
}

pub(super) async fn find_cell(
    db: impl PgExecutor<'_>,
    id: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<CellView>> {
    sqlx::query_as(include_str!("cell_view.sql"))
        .bind(id)
        .bind(at)
        .fetch_optional(db)
        .await
}
