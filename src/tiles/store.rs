//! The rows of a tile.

use std::collections::HashMap;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool};

use super::source::{PointRow, PointSet};
use super::{Grid, TileCoord};
use crate::catalogue::ClassCode;
use crate::live::Audience;
use crate::space::GroundPoint;
use crate::whereabouts::Onlookers;

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
        .bind(tile.grid() == Grid::CGCS2000Quad)
        .fetch_all(db)
        .await
}

/// A place in the database's log of commits (`pg_lsn`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lsn(u64);

impl Lsn {
    pub(super) fn at(place: u64) -> Self {
        Self(place)
    }

    pub(super) fn as_u64(self) -> u64 {
        self.0
    }

    /// Where the last record before this place ends. A record that fills its page ends with it, and
    /// the next would begin behind the header of the page after.
    pub(super) fn record_end(self) -> Self {
        const PAGE: u64 = 8192;
        const HEADER_MAX: u64 = 40;
        let in_page = self.0 % PAGE;
        if in_page <= HEADER_MAX {
            Self(self.0 - in_page)
        } else {
            self
        }
    }
}

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
    /// The files that the followed tables lie in: others after a table was rewritten or truncated,
    /// of which no change of a row tells.
    pub(super) files: String,
}

const FILES: &str = "select string_agg(oid || ' ' || relfilenode, ',' order by oid) from pg_class
    where oid in ('component'::regclass, 'city_case'::regclass, 'camera'::regclass,
        'collector_position'::regclass, 'tile_change'::regclass)";

/// A component as its tile shows it.
#[derive(Debug, FromRow)]
pub(super) struct ComponentRow {
    pub(super) component_id: i64,
    pub(super) class_code: ClassCode,
    pub(super) state: String,
    pub(super) owner_unit_id: Option<i32>,
    pub(super) maintenance_unit_id: Option<i32>,
    pub(super) name: String,
    pub(super) code: Option<String>,
    /// The day as `yyyymmdd`.
    pub(super) surveyed: Option<i32>,
    pub(super) at: GroundPoint,
}

/// An open case as its tile shows it.
#[derive(Debug, FromRow)]
pub(super) struct CaseRow {
    pub(super) case_id: i64,
    pub(super) class_code: ClassCode,
    pub(super) state: String,
    /// Who has it or, before it is dispatched, whose it is.
    pub(super) owner_unit_id: Option<i32>,
    /// Seconds since 1970.
    pub(super) due: Option<i64>,
    pub(super) emergency: bool,
    pub(super) source: String,
    /// Seconds since 1970.
    pub(super) opened: i64,
    pub(super) at: GroundPoint,
    #[sqlx(flatten)]
    pub(super) audience: Audience,
}

/// A camera as its tile shows it.
#[derive(Debug, FromRow)]
pub(super) struct CameraRow {
    pub(super) camera_number: i64,
    pub(super) camera_id: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) platform_id: Option<i32>,
    pub(super) at: GroundPoint,
}

/// Somebody on duty as their tile shows them.
#[derive(Debug, FromRow)]
pub(super) struct CollectorRow {
    pub(super) state: String,
    /// Seconds since 1970.
    pub(super) since: i64,
    pub(super) at: GroundPoint,
    #[sqlx(flatten)]
    pub(super) onlookers: Onlookers,
}

impl PointSet {
    /// All that are in the layer's tiles.
    fn select(self) -> &'static str {
        match self {
            Self::Components => {
                "select component_id, class_code, state::text, owner_unit_id, maintenance_unit_id,
                    name, code, to_char(surveyed_on, 'YYYYMMDD')::integer as surveyed, anchor as at
                from component where state <> 'removed'"
            }
            Self::Cases => {
                "select case_id, class_code, state::text,
                    coalesce(handling_unit_id, unit_id) as owner_unit_id,
                    extract(epoch from due_at)::bigint as due, emergency, source::text,
                    extract(epoch from opened_at)::bigint as opened, location as at,
                    district_id, cell_id, handling_unit_id, helper_unit_ids, assignee_id, reported_by
                from city_case where ended_at is null"
            }
            Self::Cameras => {
                "select camera_number, camera_id, name_zh, name_en, platform_id, location as at
                from camera where true"
            }
            Self::Collectors => {
                "select person_id, state::text, extract(epoch from since)::bigint as since,
                    position as at, of_city, district_ids
                from collector_position where true"
            }
        }
    }

    /// Of these features, those that are in the tiles.
    fn select_some(self) -> String {
        let key = match self {
            Self::Components => "component_id",
            Self::Cases => "case_id",
            Self::Cameras => "camera_number",
            Self::Collectors => "person_id",
        };
        format!("{} and {key} = any($1)", self.select())
    }

    fn row(self, row: &PgRow) -> sqlx::Result<PointRow> {
        Ok(match self {
            Self::Components => PointRow::Component(ComponentRow::from_row(row)?),
            Self::Cases => PointRow::Case(CaseRow::from_row(row)?),
            Self::Cameras => PointRow::Camera(CameraRow::from_row(row)?),
            Self::Collectors => PointRow::Collector(CollectorRow::from_row(row)?),
        })
    }
}

/// What changed since a place in the stream of changes.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) snapshot: Snapshot,
    pub(super) sets: HashMap<PointSet, SetChanges>,
    /// Not all of them were written down.
    pub(super) incomplete: bool,
    /// The transactions from the new horizon on that are among them.
    pub(super) seen: Vec<String>,
}

/// What changed in one layer.
#[derive(Debug, Default)]
pub(super) struct SetChanges {
    /// More than can be named.
    pub(super) everything: bool,
    pub(super) ids: Vec<i64>,
    /// Those of `ids` that are in the tiles now.
    pub(super) rows: HashMap<i64, PointRow>,
}

impl SetChanges {
    /// A feature that is as the row now; `None`: in no tile.
    pub(super) fn put(&mut self, id: i64, row: Option<PointRow>) {
        // the same feature may change again before anybody has looked
        self.ids.push(id);
        match row {
            Some(row) => self.rows.insert(id, row),
            None => self.rows.remove(&id),
        };
    }
}

/// A transaction in which everything is seen as it was at one moment, on a connection of its own: a
/// reading that fails half way takes its transaction with it. `snapshot`: the moment of another
/// transaction, which still goes on.
pub(super) async fn begin(
    db: &PgPool,
    snapshot: Option<&str>,
) -> anyhow::Result<(PgConnection, Snapshot)> {
    let mut connection = db.acquire().await?.detach();
    let snapshot = begin_on(&mut connection, snapshot).await?;
    Ok((connection, snapshot))
}

pub(super) async fn begin_on(
    tx: &mut PgConnection,
    snapshot: Option<&str>,
) -> anyhow::Result<Snapshot> {
    let lsn: String = sqlx::query_scalar("select pg_current_wal_insert_lsn()::text")
        .fetch_one(&mut *tx)
        .await?;
    sqlx::query("begin isolation level repeatable read read only")
        .execute(&mut *tx)
        .await?;
    if let Some(name) = snapshot {
        // takes no parameter; names are hexadecimal numbers with lines between
        anyhow::ensure!(
            name.chars().all(|c| c.is_ascii_hexdigit() || c == '-'),
            "a snapshot with the name {name:?}"
        );
        sqlx::query(&format!("set transaction snapshot '{name}'"))
            .execute(&mut *tx)
            .await?;
    }
    let seen = format!("select pg_snapshot_xmin(pg_current_snapshot())::text, ({FILES})");
    let (horizon, files) = sqlx::query_as(&seen).fetch_one(tx).await?;
    Ok(Snapshot {
        lsn: lsn.parse()?,
        horizon,
        files,
    })
}

/// Where the log of commits ends now, and before which transaction all have ended.
pub(super) async fn log_end(db: &PgPool) -> anyhow::Result<Snapshot> {
    let seen = format!(
        "select pg_current_wal_insert_lsn()::text,
            pg_snapshot_xmin(pg_current_snapshot())::text, ({FILES})"
    );
    let (lsn, horizon, files): (String, String, String) =
        sqlx::query_as(&seen).fetch_one(db).await?;
    Ok(Snapshot {
        lsn: lsn.parse()?,
        horizon,
        files,
    })
}

/// Bytes of the log of commits that the server keeps for a slot; `None`: there is no such slot.
pub(super) async fn log_kept(db: &PgPool, slot: &str) -> anyhow::Result<Option<i64>> {
    let kept: Option<Option<i64>> = sqlx::query_scalar(
        "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), restart_lsn)::bigint
        from pg_replication_slots where slot_name = $1",
    )
    .bind(slot)
    .fetch_optional(db)
    .await?;
    Ok(kept.flatten())
}

/// Has every change of a point written down from now on, for as long as the connection lives.
pub(super) async fn write_changes_down(db: impl PgExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query("select write_tile_changes()")
        .execute(db)
        .await?;
    Ok(())
}

/// Has changes of points written down no more; `false`: somebody else needs them.
pub(super) async fn spare_changes(db: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar("select spare_tile_changes()")
        .fetch_one(db)
        .await
}

/// All points of a layer, one after another.
pub(super) fn read_all(
    tx: &mut PgConnection,
    set: PointSet,
) -> BoxStream<'_, sqlx::Result<PointRow>> {
    let rows = sqlx::query(set.select()).fetch(tx);
    rows.map(move |row| set.row(&row?)).boxed()
}

/// What was written down by transactions from `horizon` on, without those `seen`.
pub(super) async fn changes_since(
    db: &PgPool,
    horizon: &str,
    seen: &[String],
) -> anyhow::Result<Changes> {
    let mut connection = db.acquire().await?;
    let snapshot = begin_on(&mut connection, None).await?;
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
    let found: Vec<(String, Option<i64>, String, bool)> = sqlx::query_as(
        "select layer, feature_id, xact::text, xact >= $2::xid8 as may_come_again from tile_change
         where xact >= $1::xid8
         order by xact",
    )
    .bind(horizon)
    .bind(&snapshot.horizon)
    .fetch_all(&mut *db)
    .await?;
    let written: bool = sqlx::query_scalar("select tile_changes_are_written()")
        .fetch_one(&mut *db)
        .await?;
    let mut still_seen: Vec<String> = found
        .iter()
        .filter(|(.., may_come_again)| *may_come_again)
        .map(|(.., xact, _)| xact.clone())
        .collect();
    still_seen.dedup();
    let fresh = found
        .into_iter()
        .filter(|(.., xact, _)| !seen.contains(xact));
    let mut sets: HashMap<PointSet, SetChanges> = HashMap::new();
    for (layer, feature, ..) in fresh {
        let Some(set) = PointSet::named(&layer) else {
            continue;
        };
        let changes = sets.entry(set).or_default();
        match feature {
            Some(id) => changes.ids.push(id),
            None => changes.everything = true,
        }
    }
    for (set, changes) in &mut sets {
        changes.ids.sort_unstable();
        changes.ids.dedup();
        if changes.everything {
            continue;
        }
        let query = set.select_some();
        changes.rows = sqlx::query(&query)
            .bind(&changes.ids)
            .fetch(&mut *db)
            .map(|row| -> sqlx::Result<_> {
                let row = set.row(&row?)?;
                Ok((row.id(), row))
            })
            .try_collect()
            .await?;
    }
    Ok(Changes {
        snapshot,
        sets,
        incomplete: !written,
        seen: still_seen,
    })
}

/// Forgets what transactions before `horizon` wrote down.
pub(super) async fn prune_changes(db: &PgPool, horizon: &str) -> sqlx::Result<()> {
    sqlx::query("delete from tile_change where xact < $1::xid8")
        .bind(horizon)
        .execute(db)
        .await?;
    Ok(())
}
