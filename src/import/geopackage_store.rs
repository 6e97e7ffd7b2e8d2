//! GeoPackage: a SQLite file with a table per layer.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use geo_types::Geometry;
use geozero::wkb;
use serde_json::{Map, Value};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Row as _, SqliteConnection, TypeInfo, ValueRef};

use super::row::{Row, Table};

struct Layer {
    table: String,
    geometry_column: String,
    organization: String,
    srs: i64,
}

pub(super) async fn read(path: &Path, layer: Option<&str>) -> anyhow::Result<Table> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut db = options.connect().await?;
    let layer = choose_layer(&mut db, layer).await?;

    let mut query = sqlx::QueryBuilder::new("select * from ");
    query.push(quoted(&layer.table));
    let mut rows = Vec::new();
    for record in query.build().fetch_all(&mut db).await? {
        rows.push(row_of(&record, &layer.geometry_column, rows.len() + 1)?);
    }
    // srs 0 and -1 mean "undefined" in the standard
    let crs = (layer.srs > 0).then(|| format!("{}:{}", layer.organization, layer.srs).parse());
    Ok(Table { rows, crs })
}

async fn choose_layer(db: &mut SqliteConnection, named: Option<&str>) -> anyhow::Result<Layer> {
    let found = sqlx::query(
        "select g.table_name, g.column_name, s.organization, s.organization_coordsys_id
         from gpkg_geometry_columns g
         join gpkg_spatial_ref_sys s on s.srs_id = g.srs_id
         order by g.table_name",
    )
    .fetch_all(db)
    .await
    .context("this is not a GeoPackage")?;
    let layers: Vec<Layer> = found
        .into_iter()
        .map(|row| Layer {
            table: row.get(0),
            geometry_column: row.get(1),
            organization: row.get(2),
            srs: row.get(3),
        })
        .collect();
    let names = || {
        let names: Vec<&str> = layers.iter().map(|layer| layer.table.as_str()).collect();
        names.join(", ")
    };
    ensure!(!layers.is_empty(), "it has no layer with geometry");
    match named {
        Some(name) => {
            let known = names();
            let chosen = layers.into_iter().find(|layer| layer.table == name);
            chosen.with_context(|| format!("there is no layer `{name}`; it has {known}"))
        }
        None if layers.len() > 1 => {
            bail!("it has several layers; name one with --layer: {}", names())
        }
        None => layers.into_iter().next().context("it has no layer"),
    }
}

/// SQLite's way to name any table; identifiers cannot be parameters.
fn quoted(identifier: &str) -> String {
    let mut quoted = String::from("\"");
    quoted.push_str(&identifier.replace('"', "\"\""));
    quoted.push('"');
    quoted
}

fn row_of(record: &SqliteRow, geometry_column: &str, number: usize) -> anyhow::Result<Row> {
    let mut properties = Map::new();
    for column in record.columns() {
        let name = sqlx::Column::name(column);
        if name == geometry_column {
            continue;
        }
        let kind = record.try_get_raw(name)?.type_info().name().to_owned();
        let value = match kind.as_str() {
            "INTEGER" => Value::from(record.try_get::<i64, _>(name)?),
            "REAL" => Value::from(record.try_get::<f64, _>(name)?),
            "NULL" | "BLOB" => continue,
            _ => Value::from(record.try_get_unchecked::<String, _>(name)?),
        };
        properties.insert(name.to_owned(), value);
    }
    let geometry = record
        .try_get::<wkb::Decode<Geometry>, _>(geometry_column)
        .map(|decoded| decoded.geometry)
        .map_err(|error| error.to_string());
    Ok(Row {
        number,
        id: None,
        geometry,
        properties,
    })
}
