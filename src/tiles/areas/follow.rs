//! Areas in memory follow the database.
//!
//! Whoever changes what they are made from writes it down in `tile_change` in the same transaction.
//! Once a second, and at once when a bell rings (`NOTIFY tiles`), a look tells whether there is
//! anything new; what is in force also changes by the time. Then all areas are read in one snapshot
//! and compared with those before: only tiles with an area that is drawn otherwise change their
//! version.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use metrics::gauge;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::layer::{AreaLayer, NewArea};
use super::shape::Net;
use super::store::{self, Ground, Look};
use super::{AreaSet, Scratch};
use crate::telemetry;
use crate::tiles::follow::{AWAY_MAX, TileVersion};
use crate::tiles::grids::{Grids, NotHeld};
use crate::tiles::reached::{LOOK_EVERY, NotReached, RETRY, Reached, answered};
use crate::tiles::store::Lsn;
use crate::tiles::wire::{string_value, uint_value};
use crate::tiles::{Grid, Layer, TileCoord, TileNews};

/// The cells and responsibility areas of the city as tiles, and how often the base map changed.
/// Cheap to clone; stops with its last clone.
#[derive(Debug, Clone)]
pub struct AreaTiles {
    shared: Arc<Shared>,
    _follower: Arc<AbortOnDropHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    current: ArcSwap<Current>,
    grids: Grids,
    reached: Reached,
    news: Arc<TileNews>,
}

#[derive(Debug)]
struct Current {
    /// New with every start: versions count from it.
    epoch: u32,
    /// In the grids that are held.
    layers: HashMap<Grid, Layers>,
    basemap_changes: u64,
}

/// What is drawn in a grid.
#[derive(Debug, Clone)]
struct Layers {
    cells: Arc<AreaLayer>,
    areas: Arc<AreaLayer>,
}

impl AreaTiles {
    /// Reads all areas and follows them from there.
    pub async fn open(db: PgPool, news: Arc<TileNews>) -> anyhow::Result<Self> {
        // listen first, so that no change falls between reading and listening
        let mut bell = PgListener::connect_with(&db).await?;
        bell.listen("tiles").await?;
        let began_at = Instant::now();
        let ground = store::read(&db).await?;
        let (look, changes_in) = (ground.look.clone(), ground.changes_in);
        let grids = Grids::new();
        let held = grids.held();
        let draw = move || draw(&ground, &held, &HashMap::new());
        let layers = tokio::task::spawn_blocking(draw).await?;
        let shared = Arc::new(Shared {
            current: ArcSwap::from_pointee(Current {
                epoch: rand::random(),
                layers,
                basemap_changes: 0,
            }),
            grids,
            reached: Reached::new(began_at, look.lsn),
            news,
        });
        let follower = Follower {
            db,
            shared: Arc::clone(&shared),
            look,
            changes_at: changes_in.map(|wait| began_at + wait),
        };
        Ok(Self {
            shared,
            _follower: Arc::new(AbortOnDropHandle::new(tokio::spawn(follower.follow(bell)))),
        })
    }

    /// Waits until everything up to this commit is in the tiles.
    pub(in crate::tiles) async fn reach(&self, lsn: Lsn) -> Result<(), NotReached> {
        self.shared.reached.wait_for(lsn).await
    }

    /// Waits until the tiles of a grid are held.
    pub(in crate::tiles) async fn want(&self, grid: Grid) -> Result<(), NotHeld> {
        self.shared.grids.want(grid).await
    }

    pub(in crate::tiles) fn version(&self, set: AreaSet, tile: TileCoord) -> TileVersion {
        self.shared.current.load().version(set, tile)
    }

    /// The tile's bytes with the version they are of.
    pub(in crate::tiles) fn tile(
        &self,
        set: AreaSet,
        tile: TileCoord,
        scratch: &mut Scratch,
    ) -> (TileVersion, Vec<u8>) {
        let current = self.shared.current.load();
        let layer = current.layer(set, tile.grid());
        let bytes = layer.map(|layer| layer.tile(tile, scratch));
        (current.version(set, tile), bytes.unwrap_or_default())
    }

    /// The same of a tile that is made in no time, where it is asked for; `None`: it takes longer.
    pub(in crate::tiles) fn small_tile(
        &self,
        set: AreaSet,
        tile: TileCoord,
        scratch: &mut Scratch,
    ) -> Option<(TileVersion, Vec<u8>)> {
        let current = self.shared.current.load();
        let bytes = match current.layer(set, tile.grid()) {
            Some(layer) => layer.small_tile(tile, scratch)?,
            None => Vec::new(),
        };
        Some((current.version(set, tile), bytes))
    }

    /// For how long nobody has known whether something changed.
    pub fn age(&self) -> Duration {
        self.shared.reached.age()
    }

    /// Says how old the areas are; not for the follower, which may hang.
    pub fn measure_age(&self) {
        gauge!(telemetry::TILE_AGE_SECONDS, "layer" => "areas").set(self.age().as_secs_f64());
    }

    /// Of every tile of the base map, which is a query: another after each of its changes.
    pub(in crate::tiles) fn basemap_version(&self) -> TileVersion {
        let current = self.shared.current.load();
        TileVersion::new(current.epoch, current.basemap_changes)
    }
}

/// A layer as the database has it now, for good.
pub(in crate::tiles) async fn read_once(
    db: &PgPool,
    set: AreaSet,
) -> anyhow::Result<Arc<AreaLayer>> {
    let ground = store::read(db).await?;
    let draw = move || draw_grid(&ground, Grid::WebMercatorQuad, None);
    let Layers { cells, areas } = tokio::task::spawn_blocking(draw).await?;
    Ok(match set {
        AreaSet::Cells => cells,
        AreaSet::Areas => areas,
    })
}

impl Current {
    /// `None`: its grid is not held.
    fn layer(&self, set: AreaSet, grid: Grid) -> Option<&AreaLayer> {
        let layers = self.layers.get(&grid)?;
        Some(match set {
            AreaSet::Cells => &layers.cells,
            AreaSet::Areas => &layers.areas,
        })
    }

    fn version(&self, set: AreaSet, tile: TileCoord) -> TileVersion {
        let layer = self.layer(set, tile.grid());
        TileVersion::new(self.epoch, layer.map_or(0, |layer| layer.version(tile)))
    }
}

struct Follower {
    db: PgPool,
    shared: Arc<Shared>,
    look: Look,
    /// When something begins or ends to be in force.
    changes_at: Option<Instant>,
}

impl Follower {
    async fn follow(mut self, mut bell: PgListener) {
        let mut next_look = Instant::now() + LOOK_EVERY;
        loop {
            let due = self
                .changes_at
                .map_or(next_look, |change| change.min(next_look));
            tokio::select! {
                // a broken connection is made anew by the listener; until then the clock wakes us
                rung = bell.recv() => match rung {
                    Ok(rung) if ["areas", "basemap"].contains(&rung.payload()) => {
                        // changed, even should what was written down be forgotten already
                        self.look.changes.insert(rung.payload().to_owned(), String::new());
                    }
                    // about points; however often it rings, the next look comes
                    Ok(_) => continue,
                    Err(_) => sleep(RETRY).await,
                },
                () = self.shared.reached.wanted() => {}
                () = self.shared.grids.more_wanted() => {}
                () = tokio::time::sleep_until(due) => {}
            }
            next_look = Instant::now() + LOOK_EVERY;
            if let Err(error) = self.catch_up().await {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the areas' tiles stay as they are"
                );
                sleep(RETRY).await;
            }
        }
    }

    async fn catch_up(&mut self) -> anyhow::Result<()> {
        let began_at = Instant::now();
        let look = answered(store::look(&self.db)).await?;
        let is_new = |layer: &str| look.changes.get(layer) != self.look.changes.get(layer);
        let away = self.shared.reached.age() > AWAY_MAX;
        let due = self.changes_at.is_some_and(|change| change <= began_at);
        let more_grids = self.shared.grids.wanted() != self.shared.grids.held();
        if is_new("areas") || due || away || more_grids {
            let ground = store::read(&self.db).await?;
            let changes_at = ground.changes_in.map(|wait| Instant::now() + wait);
            self.take_in(ground).await?;
            self.changes_at = changes_at;
        }
        if is_new("basemap") || away {
            let current = self.shared.current.load();
            self.shared.current.store(Arc::new(Current {
                basemap_changes: current.basemap_changes + 1,
                layers: current.layers.clone(),
                ..**current
            }));
            self.shared.news.changed_anywhere(Layer::Basemap);
        }
        let lsn = look.lsn;
        self.look = look;
        self.shared.reached.looked(began_at, lsn);
        Ok(())
    }

    async fn take_in(&self, ground: Ground) -> anyhow::Result<()> {
        let started = Instant::now();
        let before = self.shared.current.load_full();
        let grids = self.shared.grids.wanted();
        let drawn = grids.clone();
        let build = move || Current {
            layers: draw(&ground, &drawn, &before.layers),
            ..*before
        };
        let current = tokio::task::spawn_blocking(build)
            .await
            .context("make areas ready for tiles")?;
        let count = |set| {
            let layer = current.layer(set, Grid::default());
            layer.map_or(0, AreaLayer::len)
        };
        let (cells, areas) = (count(AreaSet::Cells), count(AreaSet::Areas));
        tracing::info!(cells, areas, took = ?started.elapsed(), "areas are ready for tiles");
        self.shared.current.store(Arc::new(current));
        self.shared.grids.hold(grids);
        let current = self.shared.current.load();
        for (layer, set) in [
            (Layer::Cells, AreaSet::Cells),
            (Layer::Areas, AreaSet::Areas),
        ] {
            // news is of places in the map's grid
            let drawn = current.layer(set, Grid::default());
            let places = drawn.into_iter().flat_map(AreaLayer::changed_last);
            let places = places.map(|bounds| (bounds, None)).collect();
            self.shared.news.changed(layer, places);
        }
        Ok(())
    }
}

/// Everything in each of the grids.
fn draw(ground: &Ground, grids: &[Grid], before: &HashMap<Grid, Layers>) -> HashMap<Grid, Layers> {
    let one = |grid: &Grid| (*grid, draw_grid(ground, *grid, before.get(grid)));
    grids.iter().map(one).collect()
}

/// The cells and the responsibility areas, which are cells without the borders between them.
fn draw_grid(ground: &Ground, grid: Grid, before: Option<&Layers>) -> Layers {
    let borders: Vec<_> = ground.cells.iter().map(|cell| &cell.geom.0).collect();
    // most changes are of who answers for a cell
    let net = match before {
        Some(Layers { cells, .. }) if cells.net().is_of(&borders) => Arc::clone(cells.net()),
        _ => Arc::new(Net::new(grid, &borders)),
    };
    let text = |text: &str| (!text.is_empty()).then(|| string_value(text));
    let known = |known: &Option<String>| known.as_deref().and_then(text);
    let number = |id: Option<i32>| id.map(|id| uint_value(feature_id(id)));
    let cells = ground.cells.iter().zip(&net.shapes);
    let cells = cells
        .filter_map(|(cell, shape)| {
            Some(NewArea {
                id: feature_id(cell.cell_id),
                shape: shape.clone()?,
                values: vec![
                    text(&cell.code),
                    text(&cell.name),
                    number(cell.unit_id),
                    known(&cell.unit_zh),
                    known(&cell.unit_en),
                ],
            })
        })
        .collect();
    let shape_of = |cell_id: &i32| {
        let index = ground
            .cells
            .binary_search_by_key(cell_id, |cell| cell.cell_id);
        index.ok().and_then(|index| net.shapes[index].as_ref())
    };
    let areas = ground
        .areas
        .iter()
        .filter_map(|area| {
            Some(NewArea {
                id: feature_id(area.area_id),
                shape: net.union(area.cells.iter().filter_map(shape_of))?,
                values: vec![
                    text(&area.name_zh),
                    text(&area.name_en),
                    number(area.owner_id),
                    known(&area.owner_zh),
                    known(&area.owner_en),
                ],
            })
        })
        .collect();
    let layer = |set: AreaSet, areas, before| {
        AreaLayer::new((set.spec(), set.policy().clone()), &net, areas, before)
    };
    let cells = layer(AreaSet::Cells, cells, before.map(|before| &*before.cells));
    let areas = layer(AreaSet::Areas, areas, before.map(|before| &*before.areas));
    if grid == Grid::default() {
        gauge!(telemetry::TILE_BYTES, "layer" => "cells").set(cells.bytes() as f64);
    }
    Layers {
        cells: Arc::new(cells),
        areas: Arc::new(areas),
    }
}

fn feature_id(id: i32) -> u64 {
    u64::try_from(id).expect("identities count from 1")
}
