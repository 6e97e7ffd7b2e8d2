//! The points of a layer as the database has them at one moment.

use std::collections::HashMap;

use futures::TryStreamExt as _;
use metrics::gauge;
use sqlx::{PgConnection, PgPool};
use tokio::time::Instant;

use super::Current;
use crate::telemetry;
use crate::tiles::points::PointLayer;
use crate::tiles::source::{PointRow, PointSet, feature_id};
use crate::tiles::store;
use crate::tiles::world::WorldPoint;

/// Every layer, as it was in one snapshot.
pub(super) type All = Vec<(PointSet, Current)>;

/// A layer as it is now, for good; `see` gets every row of it with its place, in the order of their
/// ids.
pub(in crate::tiles) async fn read_once(
    db: &PgPool,
    set: PointSet,
    mut see: impl FnMut(&PointRow, WorldPoint),
) -> anyhow::Result<PointLayer> {
    let (mut tx, _) = store::begin(db, None).await?;
    let mut rows: Vec<PointRow> = store::read_all(&mut tx, set).try_collect().await?;
    rows.sort_unstable_by_key(PointRow::id);
    let mut layer = set.empty()?;
    let points = rows.iter().map(|row| {
        let point = row.point(&mut layer);
        see(row, point.at);
        point
    });
    let points = points.collect();
    layer.fill(points);
    Ok(layer)
}

pub(super) async fn read_sets(tx: &mut PgConnection) -> anyhow::Result<All> {
    let mut all = Vec::with_capacity(PointSet::ALL.len());
    for set in PointSet::ALL {
        all.push((set, read_set(tx, set).await?));
    }
    Ok(all)
}

async fn read_set(tx: &mut PgConnection, set: PointSet) -> anyhow::Result<Current> {
    let started = Instant::now();
    let mut layer = set.empty()?;
    let mut audiences = HashMap::new();
    let mut points = Vec::new();
    let mut rows = store::read_all(tx, set);
    while let Some(row) = rows.try_next().await? {
        if let Some(audience) = row.audience() {
            audiences.insert(feature_id(row.id()), audience.clone());
        }
        points.push(row.point(&mut layer));
    }
    let current = tokio::task::spawn_blocking(move || {
        layer.fill(points);
        let bytes = layer.bytes() as f64;
        gauge!(telemetry::TILE_BYTES, "layer" => set.layer().name()).set(bytes);
        let current = Current {
            epoch: rand::random(),
            layer,
            audiences,
        };
        current.measure(set.layer());
        current
    })
    .await?;
    let points = current.layer.len();
    tracing::info!(layer = set.layer().name(), points, took = ?started.elapsed(), "ready for tiles");
    Ok(current)
}
