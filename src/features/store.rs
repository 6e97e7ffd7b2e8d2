//! SQL of features.

use chrono::{DateTime, Utc};
use geo_types::Geometry;
use geozero::wkb;
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::collection::{Collection, Kind};
use super::crs::Crs;
use super::edit::ComponentDraft;
use super::filter::Filter;
use super::query::{Asked, Span, Wrong};

/// A feature, its parts as JSON.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub(super) struct Feature {
    pub(super) id: String,
    /// Changes whenever the feature does.
    pub(super) version: String,
    pub(super) geometry: String,
    pub(super) properties: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failed {
    Wrong(Wrong),
    Database(sqlx::Error),
}

impl From<Wrong> for Failed {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        let code = code.as_deref().unwrap_or_default();
        if code == TOOK_TOO_LONG {
            let detail = format!("takes longer than {QUERY_MS_MAX} ms; ask for less at a time");
            return Self::Wrong(Wrong::new("filter", detail));
        }
        // by SQLSTATE: a value that cannot be computed with, more than can be, and what the functions
        // of PostGIS refuse; all of them are the asker's
        match code.starts_with("22") || code.starts_with("54") || code == "XX000" {
            true => Self::Wrong(Wrong::new("filter", error.to_string())),
            false => Self::Database(error),
        }
    }
}

/// What one question may cost the database.
const QUERY_MS_MAX: u32 = 10_000;

/// SQLSTATE `query_canceled`.
const TOOK_TOO_LONG: &str = "57014";

/// Everything of a collection at a time; conditions on `f` can follow.
fn select(collection: Collection, crs: Crs, time: Option<Span>) -> QueryBuilder<'static, Postgres> {
    let mut query =
        QueryBuilder::new("select f.id::text as id, md5(f::text) as version, st_asgeojson(");
    let place = match crs {
        Crs::Crs84 | Crs::Wgs84 => "f.geom".to_owned(),
        Crs::Cgcs2000 | Crs::GaussKruger120E | Crs::WebMercator => {
            format!("st_transform(f.geom, {})", crs.srid())
        }
    };
    match crs.is_north_first() {
        true => query.push(format_args!("st_flipcoordinates({place})")),
        false => query.push(place),
    };
    query.push(format_args!(
        ", {}, 0) as geometry, jsonb_build_object(",
        crs.digits()
    ));
    for (index, property) in collection.properties().iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        query.push(format_args!("{comma}'{0}', f.{0}", property.name));
    }
    query.push(")::text as properties from (");
    let mut parts = collection.source().split("{time}");
    query.push(parts.next().unwrap_or_default());
    for part in parts {
        match time {
            None => query.push("tstzrange(now(), now(), '[]')"),
            Some(Span { from, to }) => {
                query.push("tstzrange(").push_bind(from).push(", ");
                query.push_bind(to).push(", '[]')")
            }
        };
        query.push(part);
    }
    query.push(") f where true");
    query
}

/// Features in the order of their ids, one more than was asked for if there is one.
pub(super) async fn page(
    tx: &mut PgConnection,
    collection: Collection,
    asked: &Asked,
) -> Result<Vec<Feature>, Failed> {
    let mut query = select(collection, asked.crs, asked.time);
    if let (Some(column), Some(Span { from, to })) = (collection.time(), asked.time) {
        query.push(format_args!(" and f.{column} >= coalesce("));
        query.push_bind(from).push(", '-infinity')");
        query.push(format_args!(" and f.{column} <= coalesce("));
        query.push_bind(to).push(", 'infinity')");
    }
    if let Some((corners, crs)) = asked.bbox {
        within(&mut query, corners, crs);
    }
    for (property, value) in &asked.equal {
        let wrong = || Wrong::new(property.name, format!("{value} is no such value"));
        query.push(format_args!(" and f.{} = ", property.name));
        match property.kind {
            Kind::Text | Kind::Geometry => query.push_bind(value.clone()),
            Kind::Number => {
                let number: Option<f64> = value.parse().ok();
                query.push_bind(number.ok_or_else(wrong)?)
            }
            Kind::Bool => query.push_bind(value.parse::<bool>().map_err(|_no_bool| wrong())?),
            Kind::Date => {
                let day = value.parse::<chrono::NaiveDate>();
                query.push_bind(day.map_err(|_no_day| wrong())?)
            }
            Kind::Instant => {
                let moment = value.parse::<DateTime<Utc>>();
                query.push_bind(moment.map_err(|_no_moment| wrong())?)
            }
        };
    }
    if let Some((expr, crs)) = &asked.filter {
        query.push(" and ");
        let mut filter = Filter {
            query: &mut query,
            properties: collection.properties(),
            crs: *crs,
        };
        let unfit = |detail| Wrong::new("filter", detail);
        filter.condition(expr).map_err(unfit)?;
    }
    if let Some(after) = &asked.after {
        query.push(" and f.id > ");
        push_id(&mut query, collection, after)?;
    }
    query
        .push(" order by f.id limit ")
        .push_bind(asked.limit + 1);
    sqlx::query("select set_config('statement_timeout', $1, true)")
        .bind(QUERY_MS_MAX.to_string())
        .execute(&mut *tx)
        .await?;
    // every filter is a statement of its own: one that is kept would be kept for nobody
    let query = query.build_query_as().persistent(false);
    Ok(query.fetch_all(tx).await?)
}

/// What touches a box; one that begins in the east of where it ends goes round the back of the earth.
fn within(query: &mut QueryBuilder<'static, Postgres>, corners: [f64; 4], crs: Crs) {
    let [west, south, east, north] = match (crs.is_north_first(), corners) {
        (true, [south, west, north, east]) => [west, south, east, north],
        (false, corners) => corners,
    };
    let boxes = match crs.srid() {
        4326 | 4490 if west > east => {
            vec![[west, south, 180.0, north], [-180.0, south, east, north]]
        }
        _ => vec![[west, south, east, north]],
    };
    for (index, [west, south, east, north]) in boxes.into_iter().enumerate() {
        query.push(if index == 0 { " and (" } else { " or " });
        query.push("st_intersects(f.geom, st_transform(st_makeenvelope(");
        for number in [west, south, east, north] {
            query.push_bind(number).push(", ");
        }
        query.push(format_args!("{}), 4326))", crs.srid()));
    }
    query.push(")");
}

fn push_id(
    query: &mut QueryBuilder<'static, Postgres>,
    collection: Collection,
    id: &str,
) -> Result<(), Wrong> {
    if collection.has_numbers() {
        let number: Option<i64> = id.parse().ok();
        query.push_bind(number.ok_or_else(|| Wrong::new("id", "is a number"))?);
    } else {
        query.push_bind(id.to_owned());
    }
    Ok(())
}

/// One feature, whenever it was.
pub(super) async fn one(
    tx: &mut PgConnection,
    collection: Collection,
    id: &str,
    crs: Crs,
) -> Result<Option<Feature>, Failed> {
    let mut query = select(collection, crs, Some(Span::ALWAYS));
    query.push(" and f.id = ");
    push_id(&mut query, collection, id)?;
    Ok(query.build_query_as().fetch_optional(tx).await?)
}

/// West, south, east and north of the city's cells, and when the first of them began.
pub(super) async fn extent(
    tx: &mut PgConnection,
) -> sqlx::Result<Option<([f64; 4], DateTime<Utc>)>> {
    let row: Option<(f64, f64, f64, f64, DateTime<Utc>)> = sqlx::query_as(
        "select st_xmin(e), st_ymin(e), st_xmax(e), st_ymax(e), began
            from (select st_extent(geom) as e, min(lower(valid)) as began from cell) as all_cells
            where e is not null",
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|(west, south, east, north, began)| ([west, south, east, north], began)))
}

/// A geometry in degrees, longitude first; none: not on earth.
pub(super) async fn to_degrees(
    tx: &mut PgConnection,
    geometry: Vec<u8>,
    crs: Crs,
) -> Result<Option<Geometry<f64>>, Failed> {
    let mut query = QueryBuilder::<Postgres>::new("select g from (select st_transform(");
    query.push(if crs.is_north_first() {
        "st_flipcoordinates("
    } else {
        "("
    });
    query
        .push("st_geomfromewkb(")
        .push_bind(geometry)
        .push(
            ")), 4326) as g) as placed
            where st_xmin(g) >= -180 and st_xmax(g) <= 180 and st_ymin(g) >= -90 and st_ymax(g) <= 90",
        );
    let found: Option<wkb::Decode<Geometry<f64>>> =
        query.build_query_scalar().fetch_optional(tx).await?;
    Ok(found.and_then(|found| found.geometry))
}

/// Holds a component until the transaction ends.
pub(super) async fn lock_component(tx: &mut PgConnection, id: i64) -> sqlx::Result<()> {
    sqlx::query("select from component where component_id = $1 for no key update")
        .bind(id)
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes a component, a new one where there is no id; its id.
pub(super) async fn write_component(
    tx: &mut PgConnection,
    id: Option<i64>,
    draft: &ComponentDraft,
    geometry: Vec<u8>,
) -> sqlx::Result<i64> {
    let sql = match id {
        None => {
            "insert into component (class_code, code, name, state, owner_unit_id, maintenance_unit_id,
                source_id, surveyed_on, geom, source)
            select $1, $2, $3, $4::component_state, $5, $6, $7, $8,
                st_geomfromewkb($9), 'ogc'
            where $10::bigint is null
            returning component_id"
        }
        Some(_) => {
            "update component set class_code = $1, code = $2, name = $3, state = $4::component_state,
                owner_unit_id = $5, maintenance_unit_id = $6, source_id = $7, surveyed_on = $8,
                geom = st_geomfromewkb($9), updated_at = now()
            where component_id = $10
            returning component_id"
        }
    };
    sqlx::query_scalar(sql)
        .bind(&draft.class)
        .bind(&draft.code)
        .bind(&draft.name)
        .bind(&draft.state)
        .bind(draft.owner_unit_id)
        .bind(draft.maintenance_unit_id)
        .bind(&draft.source_id)
        .bind(draft.surveyed_on)
        .bind(geometry)
        .bind(id)
        .fetch_one(tx)
        .await
}

/// Takes a component out of the register; its row stays, because cases name it.
pub(super) async fn remove_component(tx: &mut PgConnection, id: i64) -> sqlx::Result<()> {
    sqlx::query(
        "update component set state = 'removed', updated_at = now() where component_id = $1",
    )
    .bind(id)
    .execute(tx)
    .await?;
    Ok(())
}

/// What a feature is for the record of changes.
pub(super) fn recorded(feature: &Feature) -> Value {
    let part = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    serde_json::json!({
        "properties": part(&feature.properties),
        "geometry": part(&feature.geometry),
    })
}
