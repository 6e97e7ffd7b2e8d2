//! The rows of a tile.

use std::collections::HashMap;

use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::TileCoord;
use crate::catalogue::ClassCode;
use crate::space::GroundPoint;

/// Share of the tile's width that is selected beyond its edges: 256 of 4096 units.
const SELECT_MARGIN: f64 = 1.0 / 16.0;

/// A feature as the layer's query gives it; geometry is WKB in tile units.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct TileRow {
    pub(super) layer: String,
    pub(super) id: i64,
    pub(super) tags: Json<serde_json::Map<String, serde_json::Value>>,
    /// `None` where nothing of it is left after clipping.
    pub(super) geom: Option<Vec<u8>>,
}

/// What a layer's query finds in a tile, in the order of its MVT layers.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    sql: &'static str,
    tile: TileCoord,
) -> sqlx::Result<Vec<TileRow>> {
    let around = tile.lon_lat_box(SELECT_MARGIN);
    sqlx::query_as(sql)
        .bind(i32::from(tile.z()))
        .bind(i32::try_from(tile.x()).expect("zoom is at most 22"))
        .bind(i32::try_from(tile.y()).expect("zoom is at most 22"))
        .bind(around.west)
        .bind(around.south)
        .bind(around.east)
        .bind(around.north)
        .fetch_all(db)
        .await
}

/// A place in the database's log of commits (`pg_lsn`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lsn(u64);

/// Not two hexadecimal numbers with a slash between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a pg_lsn, like 16/B374D848")]
pub(super) struct InvalidLsn;

impl std::str::FromStr for Lsn {
    type Err = InvalidLsn;

    fn from_str(text: &str) -> Result<Self, InvalidLsn> {
        let half = |text| u32::from_str_radix(text, 16).map_err(|_not_hex| InvalidLsn);
        let (high, low) = text.split_once('/').ok_or(InvalidLsn)?;
        Ok(Self(u64::from(half(high)?) << 32 | u64::from(half(low)?)))
    }
}

/// What a reading of the database saw.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// Where the log of commits stood just before.
    pub(super) lsn: Lsn,
    /// Transactions before this one had ended.
    pub(super) horizon: String,
}

/// A component as its tile shows it.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct ComponentPoint {
    pub(super) component_id: i64,
    pub(super) class_code: ClassCode,
    pub(super) state: String,
    #[sqlx(rename = "anchor")]
    pub(super) at: GroundPoint,
}

/// What changed since a place in the stream of changes.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) snapshot: Snapshot,
    /// More than can be named.
    pub(super) everything: bool,
    pub(super) ids: Vec<i64>,
    /// Those of `ids` that are in the tiles now.
    pub(super) rows: HashMap<i64, ComponentPoint>,
    /// The transactions from the new horizon on that are among them.
    pub(super) seen: Vec<String>,
}

async fn begin(tx: &mut PgConnection) -> anyhow::Result<Snapshot> {
    let lsn: String = sqlx::query_scalar("select pg_current_wal_lsn()::text")
        .fetch_one(&mut *tx)
        .await?;
    sqlx::query("begin isolation level repeatable read read only")
        .execute(&mut *tx)
        .await?;
    let horizon = sqlx::query_scalar("select pg_snapshot_xmin(pg_current_snapshot())::text")
        .fetch_one(tx)
        .await?;
    Ok(Snapshot {
        lsn: lsn.parse()?,
        horizon,
    })
}

/// All components that stand, in one snapshot.
pub(super) async fn read_components(
    db: &PgPool,
) -> anyhow::Result<(Snapshot, Vec<ComponentPoint>)> {
    // detached: a reading that fails half way takes its transaction with it
    let mut connection = db.acquire().await?.detach();
    let snapshot = begin(&mut connection).await?;
    let rows = sqlx::query_as(
        "select component_id, class_code, state::text, anchor from component
         where state <> 'removed' order by component_id",
    )
    .fetch_all(&mut connection)
    .await?;
    Ok((snapshot, rows))
}

/// What was written down by transactions from `horizon` on, without those `seen`.
pub(super) async fn changes_since(
    db: &PgPool,
    horizon: &str,
    seen: &[String],
) -> anyhow::Result<Changes> {
    let mut connection = db.acquire().await?;
    let snapshot = begin(&mut connection).await?;
    let changes = read_changes(&mut connection, snapshot, horizon, seen).await;
    sqlx::query("rollback").execute(&mut *connection).await?;
    changes
}

async fn read_changes(
    db: &mut PgConnection,
    snapshot: Snapshot,
    horizon: &str,
    seen: &[String],
) -> anyhow::Result<Changes> {
    let found: Vec<(Option<i64>, String, bool)> = sqlx::query_as(
        "select feature_id, xact::text, xact >= $2::xid8 as may_come_again from tile_change
         where layer = 'components' and xact >= $1::xid8
         order by xact",
    )
    .bind(horizon)
    .bind(&snapshot.horizon)
    .fetch_all(&mut *db)
    .await?;
    let mut still_seen: Vec<String> = found
        .iter()
        .filter(|(_, _, may_come_again)| *may_come_again)
        .map(|(_, xact, _)| xact.clone())
        .collect();
    still_seen.dedup();
    let fresh = found
        .into_iter()
        .filter(|(_, xact, _)| !seen.contains(xact));
    let (mut ids, mut everything) = (Vec::new(), false);
    for (feature, ..) in fresh {
        match feature {
            Some(id) => ids.push(id),
            None => everything = true,
        }
    }
    ids.sort_unstable();
    ids.dedup();
    let rows: Vec<ComponentPoint> = if ids.is_empty() || everything {
        Vec::new()
    } else {
        sqlx::query_as(
            "select component_id, class_code, state::text, anchor from component
             where component_id = any($1) and state <> 'removed'",
        )
        .bind(&ids)
        .fetch_all(db)
        .await?
    };
    Ok(Changes {
        snapshot,
        everything,
        ids,
        rows: rows
            .into_iter()
            .map(|row| (row.component_id, row))
            .collect(),
        seen: still_seen,
    })
}

/// Forgets changes older than an hour.
pub(super) async fn prune_changes(db: &PgPool) -> sqlx::Result<()> {
    sqlx::query("delete from tile_change where at < now() - interval '1 hour'")
        .execute(db)
        .await?;
    Ok(())
}
