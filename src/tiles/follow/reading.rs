//! The points of a layer as the database has them at one moment.

use std::collections::HashMap;

use futures::TryStreamExt as _;
use metrics::gauge;
use sqlx::{PgConnection, PgPool};
use tokio::time::Instant;

use super::Current;
use crate::telemetry;
use crate::tiles::Grid;
use crate::tiles::points::PointLayer;
use crate::tiles::source::{PointRow, PointSet, feature_id};
use crate::tiles::store;
use crate::tiles::world::WorldPoint;

/// Every layer in every grid that is held, as it was in one snapshot.
pub(super) type All = Vec<((PointSet, Grid), Current)>;

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
    let mut layer = set.empty(Grid::WebMercatorQuad)?;
    let points = rows.iter().map(|row| {
        let point = row.point(&mut layer);
        see(row, point.at);
        point
    });
    let points = points.collect();
    layer.fill(points);
    Ok(layer)
}

pub(super) async fn read_sets(tx: &mut PgConnection, grids: &[Grid]) -> anyhow::Result<All> {
    let mut all = Vec::with_capacity(PointSet::ALL.len() * grids.len());
    for set in PointSet::ALL {
        all.extend(read_set(tx, set, grids).await?);
    }
    Ok(all)
}

async fn read_set(tx: &mut PgConnection, set: PointSet, grids: &[Grid]) -> anyhow::Result<All> {
    let started = Instant::now();
    let mut layers = Vec::with_capacity(grids.len());
    for grid in grids {
        layers.push((*grid, set.empty(*grid)?, Vec::new()));
    }
    let mut audiences = HashMap::new();
    let mut rows = store::read_all(tx, set);
    while let Some(row) = rows.try_next().await? {
        if let Some(audience) = row.audience() {
            audiences.insert(feature_id(row.id()), audience);
        }
        for (_, layer, points) in &mut layers {
            points.push(row.point(layer));
        }
    }
    let fill = move || -> All {
        let filled = layers.into_iter().map(|(grid, mut layer, points)| {
            layer.fill(points);
            if grid == Grid::default() {
                let bytes = layer.bytes() as f64;
                gauge!(telemetry::TILE_BYTES, "layer" => set.layer().name()).set(bytes);
            }
            let audiences = audiences.clone();
            ((set, grid), Current::new(layer, audiences))
        });
        filled.collect()
    };
    let all = tokio::task::spawn_blocking(fill).await?;
    let points = all.first().map_or(0, |(_, current)| current.layer.len());
    tracing::info!(layer = set.layer().name(), points, took = ?started.elapsed(), "ready for tiles");
    Ok(all)
}
