//! The components' tiles follow the database: read once, then change by change.
//!
//! Every change is written down in `tile_change` by the transaction that makes it. The follower
//! reads what was written since, in one snapshot with the rows themselves, so that a transaction
//! is seen whole; a bell (`NOTIFY tiles`) tells it when, and should a bell get lost it looks every
//! second. What cannot be followed (a truncated table, an absence longer than changes are kept) is
//! read anew under another epoch, never guessed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use metrics::gauge;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::{Notify, RwLock, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::TileCoord;
use super::points::{PointLayer, Scratch, Version};
use super::store::{self, ComponentPoint, Lsn};
use super::world::WorldPoint;
use crate::telemetry;

/// Attributes a component has in a tile.
const KEYS: &[&str] = &["class", "state"];
/// Below this zoom components are counted instead of drawn.
const DRAWN_FROM: u8 = 15;
/// How often changes are looked for without a bell.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after the database did not answer.
const RETRY: Duration = Duration::from_secs(1);
/// Changes are kept for an hour; who was away for half of it reads anew.
const AWAY_MAX: Duration = Duration::from_secs(30 * 60);
const PRUNE_EVERY: Duration = Duration::from_secs(600);
/// How long a request waits for a commit it asks for.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// The components of the city as tiles, never older than the last change by more than it takes to
/// follow. Cheap to clone; stops with its last clone.
#[derive(Debug, Clone)]
pub struct ComponentTiles {
    shared: Arc<Shared>,
    _follower: Arc<AbortOnDropHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    current: RwLock<Current>,
    /// How far `current` has come.
    reached: watch::Sender<Reached>,
    /// Somebody waits for a commit.
    wanted: Notify,
}

#[derive(Debug)]
struct Current {
    /// New with every full reading: versions count from it.
    epoch: u32,
    layer: PointLayer,
}

/// The last look at the database that succeeded.
#[derive(Debug, Clone, Copy)]
struct Reached {
    began_at: Instant,
    lsn: Lsn,
}

/// What distinguishes a tile from every other tile at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TileVersion {
    epoch: u32,
    version: Version,
}

impl std::fmt::Display for TileVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}-{}", self.epoch, self.version.0)
    }
}

/// The database has not told of that commit in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tiles have not reached that commit within {} s", WAIT_MAX.as_secs())]
pub(super) struct NotReached;

impl ComponentTiles {
    /// Reads all components and follows them from there.
    pub async fn open(db: PgPool) -> anyhow::Result<Self> {
        // listen first, so that no change falls between reading and listening
        let mut bell = PgListener::connect_with(&db).await?;
        bell.listen("tiles").await?;
        let began_at = Instant::now();
        let (current, place) = read_all(&db)
            .await
            .context("read the components for tiles")?;
        let shared = Arc::new(Shared {
            current: RwLock::new(current),
            reached: watch::Sender::new(Reached {
                began_at,
                lsn: place.lsn,
            }),
            wanted: Notify::new(),
        });
        let follower = Follower {
            db,
            shared: Arc::clone(&shared),
            place,
            reached_at: began_at,
            pruned_at: began_at,
        };
        let task = tokio::spawn(follower.follow(bell));
        Ok(Self {
            shared,
            _follower: Arc::new(AbortOnDropHandle::new(task)),
        })
    }

    /// Waits until everything up to this commit is in the tiles.
    pub(super) async fn reach(&self, lsn: Lsn) -> Result<(), NotReached> {
        // A commit is in the log a moment before others can see it, so the place in the log alone
        // proves nothing; who asks was told of the commit, so a look that begins now sees it.
        let asked_at = Instant::now();
        let mut reached = self.shared.reached.subscribe();
        self.shared.wanted.notify_one();
        let wait = reached.wait_for(|last| last.began_at >= asked_at && last.lsn >= lsn);
        match timeout(WAIT_MAX, wait).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotReached),
        }
    }

    pub(super) async fn version(&self, tile: TileCoord) -> TileVersion {
        self.shared.current.read().await.version(tile)
    }

    /// The tile's bytes with the version they are of. Off the async threads: a full tile takes a
    /// millisecond.
    pub(super) fn tile(&self, tile: TileCoord, scratch: &mut Scratch) -> (TileVersion, Vec<u8>) {
        let current = self.shared.current.blocking_read();
        (current.version(tile), current.layer.tile(tile, scratch))
    }
}

impl Shared {
    /// Takes in all of a snapshot's changes at once, so that no tile shows half a transaction.
    fn take_in(&self, ids: &[i64], rows: &HashMap<i64, ComponentPoint>) {
        let mut current = self.current.blocking_write();
        let changes = ids
            .iter()
            .map(|id| {
                let now = rows.get(id).map(|row| point(&mut current.layer, row));
                (feature_id(*id), now)
            })
            .collect();
        current.layer.apply(changes);
    }
}

impl Current {
    fn version(&self, tile: TileCoord) -> TileVersion {
        TileVersion {
            epoch: self.epoch,
            version: self.layer.version(tile),
        }
    }
}

/// Up to where the changes have been followed.
#[derive(Debug)]
struct Place {
    lsn: Lsn,
    /// Transactions that had all ended: their changes need not be asked for again.
    horizon: String,
    /// Those from the horizon on that were seen already.
    seen: Vec<String>,
}

async fn read_all(db: &PgPool) -> anyhow::Result<(Current, Place)> {
    let started = Instant::now();
    let (snapshot, rows) = store::read_components(db).await?;
    let (current, count) = tokio::task::spawn_blocking(move || {
        let mut layer = PointLayer::new("components", KEYS, DRAWN_FROM);
        let points = rows.iter().map(|row| point(&mut layer, row)).collect();
        layer.fill(points);
        let count = layer.len();
        gauge!(telemetry::TILE_POINTS, "layer" => "components").set(count as f64);
        gauge!(telemetry::TILE_BYTES, "layer" => "components").set(layer.bytes() as f64);
        let epoch = rand::random();
        (Current { epoch, layer }, count)
    })
    .await?;
    tracing::info!(components = count, took = ?started.elapsed(), "components are ready for tiles");
    let place = Place {
        lsn: snapshot.lsn,
        horizon: snapshot.horizon,
        seen: Vec::new(),
    };
    Ok((current, place))
}

fn point(layer: &mut PointLayer, row: &ComponentPoint) -> super::points::Point {
    layer.point(
        feature_id(row.component_id),
        WorldPoint::of(row.at),
        &[row.class_code.as_str(), &row.state],
    )
}

fn feature_id(component_id: i64) -> u64 {
    u64::try_from(component_id).expect("identities count from 1")
}

struct Follower {
    db: PgPool,
    shared: Arc<Shared>,
    place: Place,
    reached_at: Instant,
    pruned_at: Instant,
}

impl Follower {
    async fn follow(mut self, mut bell: PgListener) {
        loop {
            tokio::select! {
                // a broken connection is made anew by the listener; until then the clock wakes us
                rung = bell.recv() => if rung.is_err() { sleep(RETRY).await },
                () = self.shared.wanted.notified() => {}
                () = sleep(LOOK_EVERY) => {}
            }
            if let Err(error) = self.catch_up().await {
                tracing::warn!(error = format!("{error:#}"), "the tiles stay as they are");
                sleep(RETRY).await;
            }
            gauge!(telemetry::TILE_AGE_SECONDS, "layer" => "components")
                .set(self.reached_at.elapsed().as_secs_f64());
        }
    }

    async fn catch_up(&mut self) -> anyhow::Result<()> {
        let looked_at = Instant::now();
        if self.reached_at.elapsed() > AWAY_MAX {
            return self.start_over(looked_at).await;
        }
        let Place { horizon, seen, .. } = &self.place;
        let changes = store::changes_since(&self.db, horizon, seen).await?;
        if changes.everything {
            return self.start_over(looked_at).await;
        }
        self.place = Place {
            lsn: changes.snapshot.lsn,
            horizon: changes.snapshot.horizon,
            seen: changes.seen,
        };
        let (ids, rows) = (changes.ids, changes.rows);
        if !ids.is_empty() {
            let shared = Arc::clone(&self.shared);
            tokio::task::spawn_blocking(move || shared.take_in(&ids, &rows)).await?;
        }
        self.reached(looked_at);
        if self.pruned_at.elapsed() > PRUNE_EVERY {
            store::prune_changes(&self.db).await?;
            self.pruned_at = Instant::now();
        }
        Ok(())
    }

    async fn start_over(&mut self, looked_at: Instant) -> anyhow::Result<()> {
        let (current, place) = read_all(&self.db).await?;
        *self.shared.current.write().await = current;
        self.place = place;
        self.reached(looked_at);
        Ok(())
    }

    fn reached(&mut self, looked_at: Instant) {
        self.reached_at = looked_at;
        self.shared.reached.send_replace(Reached {
            began_at: looked_at,
            lsn: self.place.lsn,
        });
    }
}
