//! Published cells at a moment, and the moments at which they change.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cityward_partition::{Degrees, FaceId, Frame, Subject, UnitId};
use geo_types::{Geometry, MultiPolygon};
use geozero::wkb;
use serde::Serialize;
use sqlx::{PgConnection, PgExecutor, PgPool};
use utoipa::ToSchema;

use super::{GroundCell, Span};
use crate::catalogue::ClassScope;
use crate::plan::duty::{owner_of, subject};
use crate::territory::{Edition, Unit};

/// A cell with its border, degrees.
pub(super) struct PublishedCell {
    pub(super) head: GroundCell,
    /// Who answers for single classes and groups.
    pub(super) duties: BTreeMap<Subject, UnitId>,
    pub(super) border: MultiPolygon<f64>,
}

/// Which of the cells and responsibilities of all times the moment falls between; `None` before
/// the first.
pub(in crate::plan) async fn span(
    tx: &mut PgConnection,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<(DateTime<Utc>, Option<DateTime<Utc>>)>> {
    let (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = sqlx::query_as(
        "select greatest(
                (select max(lower(valid)) from cell where lower(valid) <= $1),
                (select max(upper(valid)) from cell where upper(valid) <= $1),
                (select max(lower(valid)) from responsibility where lower(valid) <= $1),
                (select max(upper(valid)) from responsibility where upper(valid) <= $1)),
            least(
                (select min(lower(valid)) from cell where lower(valid) > $1),
                (select min(upper(valid)) from cell where upper(valid) > $1),
                (select min(lower(valid)) from responsibility where lower(valid) > $1),
                (select min(upper(valid)) from responsibility where upper(valid) > $1))",
    )
    .bind(at)
    .fetch_one(tx)
    .await?;
    Ok(from.map(|from| (from, to)))
}

/// The newest edition of which something is valid; `None`: no cell is.
pub(super) async fn edition(
    tx: &mut PgConnection,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<Edition>> {
    let row: Option<(i32, String, DateTime<Utc>)> = sqlx::query_as(
        "select edition_id, note, published_at from edition
        where exists (select from cell where valid @> $1) and edition_id in (
            select edition_id from cell where valid @> $1
            union select edition_id from responsibility where valid @> $1)
        order by published_at desc, edition_id desc limit 1",
    )
    .bind(at)
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|(id, note, published_at)| Edition {
        id,
        note,
        published_at,
    }))
}

#[derive(sqlx::FromRow)]
struct CellRow {
    face_id: i32,
    cell_id: i32,
    code: String,
    name: String,
    unit_id: Option<i32>,
    /// Of the duties, one for one.
    duty_classes: Vec<ClassScope>,
    duty_units: Vec<i32>,
    geom: wkb::Decode<Geometry<f64>>,
}

/// Cells in force, in ascending order of their faces.
pub(super) async fn cells(tx: &mut PgConnection, span: &Span) -> sqlx::Result<Vec<PublishedCell>> {
    let rows: Vec<CellRow> = sqlx::query_as(
        "select face_id, c.cell_id, c.code, c.name, r.unit_id, c.geom, duty_classes, duty_units
        from cell c
        join cell_face using (code)
        left join responsibility r on r.cell_id = c.cell_id and r.classes = ''
            and r.valid @> $1
        cross join lateral (
            select coalesce(array_agg(d.classes order by d.responsibility_id), '{}'),
                coalesce(array_agg(d.unit_id order by d.responsibility_id), '{}')
            from responsibility d
            where d.cell_id = c.cell_id and d.classes <> '' and d.valid @> $1
        ) as duties (duty_classes, duty_units)
        where c.valid @> $1 order by face_id",
    )
    .bind(span.valid_from)
    .fetch_all(tx)
    .await?;
    let published = rows.into_iter().map(|row| {
        let Some(Geometry::MultiPolygon(border)) = row.geom.geometry else {
            return Err(sqlx::Error::Decode("a cell is not a multipolygon".into()));
        };
        let head = GroundCell {
            face: FaceId(row.face_id.unsigned_abs()),
            cell_id: row.cell_id,
            code: row.code,
            name: row.name,
            unit_id: row.unit_id,
        };
        let duties = row.duty_classes.into_iter().zip(row.duty_units);
        let duties = duties
            .filter_map(|(classes, unit)| Some((subject(classes)?, owner_of(unit)?)))
            .collect();
        Ok(PublishedCell {
            head,
            duties,
            border,
        })
    });
    published.collect()
}

/// A unit that may answer for cells, or did.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(in crate::plan) struct GroundUnit {
    #[serde(flatten)]
    pub(super) unit: Unit,
    /// Null: no end is known.
    ends_at: Option<DateTime<Utc>>,
}

/// Every unit there ever was, by its id.
pub(in crate::plan) async fn units(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<GroundUnit>> {
    let rows: Vec<(i32, String, String, Option<DateTime<Utc>>)> =
        sqlx::query_as("select unit_id, name_zh, name_en, upper(valid) from unit order by unit_id")
            .fetch_all(db)
            .await?;
    let unit = |(id, name_zh, name_en, ends_at)| GroundUnit {
        unit: Unit {
            id,
            name_zh,
            name_en,
        },
        ends_at,
    };
    Ok(rows.into_iter().map(unit).collect())
}

/// The city's grid; laid around the middle of the cells of this moment when it is first asked for.
/// `None`: there are none.
pub(super) async fn frame(db: &PgPool, at: DateTime<Utc>) -> anyhow::Result<Option<Frame>> {
    let lay = format!(
        "insert into grid_origin (lon, lat) {MIDDLE} and not exists (select from grid_origin)
        on conflict do nothing"
    );
    sqlx::query(&lay).bind(at).execute(db).await?;
    let origin: Option<(f64, f64)> = sqlx::query_as("select lon, lat from grid_origin")
        .fetch_optional(db)
        .await?;
    around(origin)
}

/// The grid that would be laid around the cells of a moment, or that is.
pub(super) async fn frame_to_be(
    tx: &mut PgConnection,
    at: DateTime<Utc>,
) -> anyhow::Result<Option<Frame>> {
    let find = format!(
        "select lon, lat from grid_origin
        union all select lon::float8, lat::float8 from ({MIDDLE}) as middle (lon, lat)
        where not exists (select from grid_origin)"
    );
    let origin: Option<(f64, f64)> = sqlx::query_as(&find).bind(at).fetch_optional(tx).await?;
    around(origin)
}

fn around(origin: Option<(f64, f64)>) -> anyhow::Result<Option<Frame>> {
    let Some((lon, lat)) = origin else {
        return Ok(None);
    };
    match Frame::at(Degrees { lon, lat }) {
        None => anyhow::bail!("no grid can be laid around {lon}, {lat}"),
        frame => Ok(frame),
    }
}

/// The middle of the cells of a moment, to a hundredth of a degree.
const MIDDLE: &str = "select round(st_x(middle)::numeric, 2), round(st_y(middle)::numeric, 2)
    from (select st_centroid(st_extent(geom)) as middle from cell where valid @> $1) as extent
    where middle is not null";

/// Where an edition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(super) enum EditionState {
    /// Waits for its date.
    Scheduled,
    /// The newest of those that took effect.
    InForce,
    Past,
    /// Taken back before its date.
    Withdrawn,
}

/// A publication, with when it took or takes effect.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(super) struct EditionRow {
    id: i32,
    note: String,
    source: String,
    published_at: DateTime<Utc>,
    in_force_from: DateTime<Utc>,
    /// What it was made of; null: an import.
    plan_id: Option<i32>,
    state: EditionState,
}

/// Newest first by when they take effect.
pub(super) async fn editions(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<EditionRow>> {
    sqlx::query_as(
        "select edition_id as id, note, source, published_at, published_at as in_force_from, plan_id,
            case when withdrawn_at is not null then 'withdrawn'
                when plan_id is not null and written_at is null then 'scheduled'
                when edition_id = (select edition_id from edition
                    where withdrawn_at is null and (plan_id is null or written_at is not null)
                    order by published_at desc, edition_id desc limit 1) then 'in_force'
                else 'past' end as state
        from edition order by published_at desc, edition_id desc",
    )
    .fetch_all(db)
    .await
}
