//! A layer at one moment, from which all its tiles are made.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, PgPool};

use super::store;
use crate::tiles::areas::{self, AreaLayer};
use crate::tiles::box_tree::{BoxTree, Entry};
use crate::tiles::coding::{Coding, Effort};
use crate::tiles::layer::Origin;
use crate::tiles::points::{self, PointLayer, View};
use crate::tiles::source::PointRow;
use crate::tiles::world::{WorldBox, WorldPoint};
use crate::tiles::{Grid, Layer, TileCoord, encode, follow};

/// The widest margin any layer draws beyond a tile's edge, and what rounding adds: tile units.
const MARGIN: u32 = 256;
/// The zoom whose tiles say where points are.
const PLACES_ZOOM: u8 = 16;

/// Whatever changes meanwhile, its tiles are of the moment it was read.
pub(super) struct Frozen {
    content: Content,
    places: BoxTree<()>,
    bounds: Option<WorldBox>,
    digest: String,
}

enum Content {
    Points(Box<PointLayer>),
    Areas(Arc<AreaLayer>),
    Query {
        sql: &'static str,
        /// All within the one snapshot.
        db: PgPool,
        /// Keeps the snapshot.
        _holder: PgConnection,
    },
}

impl Frozen {
    pub(super) async fn read(db: &PgPool, layer: Layer) -> anyhow::Result<Self> {
        let mut digest = Sha256::new();
        let mut places = Vec::new();
        let content = match layer.origin() {
            Origin::Areas(set) => {
                let layer = areas::read_once(db, set).await?;
                for (bounds, id, drawn) in layer.digests() {
                    digest.update(id.to_le_bytes());
                    digest.update(drawn.to_le_bytes());
                    places.push(bounds);
                }
                Content::Areas(layer)
            }
            Origin::Points(set) => {
                let mut tiles = BTreeSet::new();
                let see = |row: &PointRow, at: WorldPoint| {
                    digest.update(format!("{row:?}"));
                    tiles.insert(at.tile(PLACES_ZOOM));
                };
                let layer = follow::read_once(db, set, see).await?;
                for (x, y) in tiles {
                    places.push(
                        TileCoord::new_checked(Grid::WebMercatorQuad, PLACES_ZOOM, x, y)?
                            .world_box(0),
                    );
                }
                Content::Points(Box::new(layer))
            }
            Origin::Query(sql) => {
                let snapshot = store::freeze(db).await?;
                let (boxes, rows) = store::basemap(&snapshot.db).await?;
                digest.update(rows);
                places = boxes;
                Content::Query {
                    sql,
                    db: snapshot.db,
                    _holder: snapshot.holder,
                }
            }
        };
        Ok(Self::new(content, places, digest))
    }

    fn new(content: Content, places: Vec<WorldBox>, digest: Sha256) -> Self {
        let bounds = places.iter().copied().reduce(|all, one| all.joined(&one));
        let entry = |bounds| Entry {
            bounds,
            changed: 1,
            what: (),
        };
        Self {
            content,
            places: BoxTree::new(places.into_iter().map(entry).collect()),
            bounds,
            digest: hex::encode(digest.finalize()),
        }
    }

    /// Of everything the tiles are made from.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// Around everything; `None`: nothing is there.
    pub(super) fn bounds(&self) -> Option<WorldBox> {
        self.bounds
    }

    /// Whether a tile may have something in it.
    pub(super) fn may_fill(&self, tile: TileCoord) -> bool {
        self.places.newest(&tile.world_box(MARGIN)) > 0
    }

    /// The tiles, compressed; empty where nothing is.
    pub(super) async fn make(&self, tiles: &[TileCoord]) -> anyhow::Result<Vec<Vec<u8>>> {
        let all = tiles.par_iter();
        match &self.content {
            Content::Areas(layer) => tokio::task::block_in_place(|| {
                all.map_init(areas::Scratch::default, |scratch, tile| {
                    pack(layer.tile(*tile, scratch))
                })
                .collect()
            }),
            Content::Points(layer) => tokio::task::block_in_place(|| {
                all.map_init(points::Scratch::default, |scratch, tile| {
                    let everything = View {
                        full: false,
                        admits: None,
                    };
                    pack(layer.tile(*tile, everything, scratch))
                })
                .collect()
            }),
            Content::Query { sql, db, .. } => {
                let make = |tile: &TileCoord| {
                    let tile = *tile;
                    async move {
                        let rows = crate::tiles::store::list(db, sql, tile).await?;
                        tokio::task::spawn_blocking(move || pack(encode::encode(&rows)?)).await?
                    }
                };
                let at_once = db.options().get_max_connections() as usize;
                let made = futures::stream::iter(tiles.iter().map(make).collect::<Vec<_>>());
                made.buffered(at_once).try_collect().await
            }
        }
    }
}

fn pack(tile: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    if tile.is_empty() {
        return Ok(tile);
    }
    Coding::Gzip.encode(tile, Effort::Thorough)
}
