//! The rows of a tile.

use sqlx::PgExecutor;
use sqlx::types::Json;

use super::{Layer, TileCoord};

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

/// What stands in a tile, in the order of its MVT layers.
pub(super) async fn list(
    db: impl PgExecutor<'_>,
    layer: Layer,
    tile: TileCoord,
) -> sqlx::Result<Vec<TileRow>> {
    let around = tile.lon_lat_box(SELECT_MARGIN);
    sqlx::query_as(layer.sql())
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
