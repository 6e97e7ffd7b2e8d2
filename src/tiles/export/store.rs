//! SQL of exports: the base map in one snapshot, and MBTiles, which is SQLite.

use std::path::Path;

use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool, SqliteConnection};

use crate::space::GroundPoint;
use crate::tiles::world::{WorldBox, WorldPoint};
use crate::tiles::{Grid, TileCoord};

/// Connections that all see the database as it was at one moment.
pub(super) struct Snapshot {
    pub(super) db: PgPool,
    /// Who saw it first; the others can join as long as it stays.
    pub(super) holder: PgConnection,
}

const BEGIN: &str = "begin isolation level repeatable read read only";

/// One connection a core.
pub(super) async fn freeze(db: &PgPool) -> anyhow::Result<Snapshot> {
    let options = db.connect_options();
    let mut holder = PgConnection::connect_with(&options).await?;
    sqlx::query(BEGIN).execute(&mut holder).await?;
    let name: String = sqlx::query_scalar("select pg_export_snapshot()")
        .fetch_one(&mut holder)
        .await?;
    let cores = std::thread::available_parallelism()?.get();
    let join = format!("set transaction snapshot '{name}'");
    let db = PgPoolOptions::new()
        .max_connections(u32::try_from(cores)?)
        .after_connect(move |connection, _| {
            let join = join.clone();
            Box::pin(async move {
                sqlx::query(BEGIN).execute(&mut *connection).await?;
                sqlx::query(&join).execute(&mut *connection).await?;
                Ok(())
            })
        })
        .connect_with((*options).clone())
        .await?;
    Ok(Snapshot { db, holder })
}

/// The boxes of everything in the base map, and a digest of its rows.
pub(super) async fn basemap(db: &PgPool) -> sqlx::Result<(Vec<WorldBox>, String)> {
    let boxes: Vec<(f64, f64, f64, f64)> = sqlx::query_as(
        "select st_xmin(geom), st_ymax(geom), st_xmax(geom), st_ymin(geom)
         from basemap order by basemap_id",
    )
    .fetch_all(db)
    .await?;
    let corner = |lon, lat| WorldPoint::of(Grid::WebMercatorQuad, GroundPoint { lon, lat });
    let boxes = boxes
        .into_iter()
        .map(|(west, north, east, south)| {
            WorldBox::around(&[corner(west, north), corner(east, south)])
        })
        .collect();
    let digest: Option<String> = sqlx::query_scalar(
        "select md5(string_agg(md5(basemap::text), '' order by basemap_id)) from basemap",
    )
    .fetch_one(db)
    .await?;
    Ok((boxes, digest.unwrap_or_default()))
}

/// An MBTiles file in the making: tiles that are the same are kept once.
pub(super) struct MbTiles {
    db: SqliteConnection,
}

impl MbTiles {
    /// A new file with what is to be known about it.
    pub(super) async fn create(
        path: &Path,
        metadata: &[(&'static str, String)],
    ) -> sqlx::Result<Self> {
        let mut db = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .page_size(4096)
            // a file that is not finished is thrown away
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .pragma("application_id", "0x4d504258")
            .connect()
            .await?;
        sqlx::raw_sql(
            "begin;
             create table metadata (name text primary key, value text not null) without rowid;
             create table images (digest blob primary key, tile_data blob not null);
             create table map (
                 zoom_level integer not null, tile_column integer not null, tile_row integer not null,
                 digest blob not null, primary key (zoom_level, tile_column, tile_row)) without rowid;
             create view tiles as
                 select zoom_level, tile_column, tile_row, tile_data from map join images using (digest);",
        )
        .execute(&mut db)
        .await?;
        for (name, value) in metadata {
            sqlx::query("insert into metadata (name, value) values (?, ?)")
                .bind(name)
                .bind(value)
                .execute(&mut db)
                .await?;
        }
        Ok(Self { db })
    }

    pub(super) async fn add(&mut self, tile: TileCoord, bytes: &[u8]) -> sqlx::Result<()> {
        let whole: [u8; 32] = Sha256::digest(bytes).into();
        let digest = &whole[..16];
        sqlx::query("insert or ignore into images (digest, tile_data) values (?, ?)")
            .bind(digest)
            .bind(bytes)
            .execute(&mut self.db)
            .await?;
        // rows are counted from the south
        let row = (1_u32 << tile.z()) - 1 - tile.y();
        sqlx::query(
            "insert into map (zoom_level, tile_column, tile_row, digest) values (?, ?, ?, ?)",
        )
        .bind(i64::from(tile.z()))
        .bind(i64::from(tile.x()))
        .bind(i64::from(row))
        .bind(digest)
        .execute(&mut self.db)
        .await?;
        Ok(())
    }

    pub(super) async fn finish(mut self) -> sqlx::Result<()> {
        sqlx::query("commit").execute(&mut self.db).await?;
        self.db.close().await
    }
}
