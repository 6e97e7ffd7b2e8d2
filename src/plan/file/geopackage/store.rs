//! SQL of GeoPackages.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, QueryBuilder, Sqlite, SqliteConnection};

use crate::plan::file::{Datum, FIELDS, Kind, LAYER, SheetCell, Value};

/// Begins a file that is not there yet.
pub(super) async fn create(
    path: &Path,
    datum: Datum,
    [west, south, east, north]: [f64; 4],
) -> sqlx::Result<SqliteConnection> {
    let mut db = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        // a file that is not finished is thrown away
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        // "GPKG", version 1.3
        .pragma("application_id", "0x47504B47")
        .pragma("user_version", "10300")
        .connect()
        .await?;
    sqlx::raw_sql(include_str!("tables.sql"))
        .execute(&mut db)
        .await?;
    for datum in [Datum::Wgs84, Datum::Cgcs2000] {
        sqlx::query(
            "insert into gpkg_spatial_ref_sys
                (srs_name, srs_id, organization, organization_coordsys_id, definition)
            values (?1, ?2, 'EPSG', ?2, ?3)",
        )
        .bind(datum.name())
        .bind(datum.epsg())
        .bind(datum.wkt())
        .execute(&mut db)
        .await?;
    }
    sqlx::query(
        "insert into gpkg_contents
            (table_name, data_type, identifier, min_x, min_y, max_x, max_y, srs_id)
        values (?1, 'features', ?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(LAYER)
    .bind(west)
    .bind(south)
    .bind(east)
    .bind(north)
    .bind(datum.epsg())
    .execute(&mut db)
    .await?;
    sqlx::query("insert into gpkg_geometry_columns values (?, 'geom', 'MULTIPOLYGON', ?, 0, 0)")
        .bind(LAYER)
        .bind(datum.epsg())
        .execute(&mut db)
        .await?;
    let mut table = QueryBuilder::<Sqlite>::new("create table ");
    table.push(LAYER);
    table.push(" (fid integer primary key, geom multipolygon not null");
    for (name, kind) in FIELDS {
        let sql_type = match kind {
            Kind::Text(_) => "text",
            Kind::Whole => "integer",
            Kind::Real => "real",
        };
        table.push(format_args!(", {name} {sql_type}"));
    }
    table.push(")").build().execute(&mut db).await?;
    Ok(db)
}

pub(super) async fn add(
    db: &mut SqliteConnection,
    cell: &SheetCell,
    border: Vec<u8>,
) -> sqlx::Result<()> {
    let mut row = QueryBuilder::<Sqlite>::new("insert into ");
    row.push(LAYER).push(" values (");
    row.push_bind(i64::from(cell.face.0)).push(", ");
    row.push_bind(border);
    for value in cell.values() {
        row.push(", ");
        match value {
            Value::Text(text) => row.push_bind(text.map(ToOwned::to_owned)),
            Value::Whole(number) => row.push_bind(number),
            Value::Real(number) => row.push_bind(number),
        };
    }
    row.push(")").build().execute(db).await?;
    Ok(())
}

pub(super) async fn finish(mut db: SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("commit").execute(&mut db).await?;
    db.close().await
}
