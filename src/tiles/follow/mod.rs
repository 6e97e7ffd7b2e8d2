//! The points' tiles follow the database: read once, then change by change.
//!
//! By its log of commits where it gives that (`slot`), else by what is written down in it of every
//! change (`change_log`). Either way a transaction is seen whole, and what cannot be followed is
//! read anew under another epoch, never guessed.

mod change_log;
mod current;
mod looks;
mod pgoutput;
mod prune;
mod reading;
mod rows;
mod slot;

use std::collections::HashMap;
use std::future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::FutureExt as _;
use metrics::gauge;
use sqlx::PgPool;
use tokio::runtime;
use tokio::sync::{RwLock, oneshot};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::change_log::ChangeLog;
use self::current::Current;
use self::reading::All;
pub(super) use self::reading::read_once;
use self::slot::SlotStream;
use super::cache::push_hex;
use super::grids::{Grids, NotHeld};
use super::points::{Filter, Scratch, Version};
use super::reached::{NotReached, RETRY, Reached};
use super::source::PointSet;
use super::store::{Lsn, SetChanges};
use super::{Grid, TileCoord, TileNews};
use crate::access::Scope;
use crate::database::Replication;
use crate::telemetry;

/// What a transaction wrote down is kept for so long after it has certainly ended, however long it
/// took; who was away for half of it reads anew.
const KEPT_FOR: Duration = Duration::from_secs(10 * 60);
pub(super) const AWAY_MAX: Duration = Duration::from_secs(5 * 60);
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// One that reads or listens, one that looks where the log ends.
const CONNECTIONS_MAX: u32 = 2;
/// Who follows what is written down looks so often whether the log of commits can be had again.
const LOG_AGAIN_EVERY: Duration = Duration::from_secs(10 * 60);

/// The way to the server's log of commits.
#[derive(Debug, Clone)]
pub struct CommitLog {
    pub replication: Replication,
    /// What the server may have to keep for us.
    pub kept_bytes_max: u64,
}

/// Components, cases, cameras and collectors as tiles, never older than the last change by more than it takes
/// to follow. Cheap to clone; stops with its last clone.
#[derive(Debug, Clone)]
pub struct PointTiles {
    shared: Arc<Shared>,
    _follower: Arc<AbortOnDropHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// By layer and grid; of a grid that is not held it is empty.
    current: HashMap<(PointSet, Grid), RwLock<Current>>,
    grids: Grids,
    /// How far `current` has come.
    reached: Reached,
    news: Arc<TileNews>,
}

/// What distinguishes a tile from every other tile at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TileVersion {
    epoch: u32,
    version: Version,
}

impl TileVersion {
    pub(super) fn new(epoch: u32, version: u64) -> Self {
        Self {
            epoch,
            version: Version(version),
        }
    }

    pub(super) fn write_to(self, text: &mut String) {
        push_hex(text, self.epoch.into());
        text.push('-');
        push_hex(text, self.version.0);
    }
}

/// Which points of a tile somebody wants and may have, and how much of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Wanted {
    pub(super) full: bool,
    pub(super) filter: Option<Arc<Filter>>,
    /// `None`: all of it, because everybody sees the layer or this person sees every case.
    pub(super) scope: Option<Arc<Scope>>,
}

impl Wanted {
    /// About how many bytes it holds.
    pub(super) fn bytes(&self) -> usize {
        let scope = self.scope.as_ref().map_or(0, |scope| {
            let lists = [
                &scope.districts,
                &scope.work_districts,
                &scope.cells,
                &scope.units,
                &scope.sector_units,
            ];
            size_of::<Scope>() + lists.map(|list| size_of_val(&**list)).iter().sum::<usize>()
        });
        scope + self.filter.as_ref().map_or(0, |filter| filter.bytes())
    }
}

impl PointTiles {
    /// Reads all points and follows them from there: by the log of commits if there is a way to it.
    ///
    /// # Errors
    /// The database does not answer, or a policy that is shipped is none.
    pub async fn open(
        db: PgPool,
        log: Option<CommitLog>,
        news: Arc<TileNews>,
    ) -> anyhow::Result<Self> {
        let (ready, read) = oneshot::channel();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        // A thread and a runtime of its own: a change does not queue behind the requests for tiles.
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("make the runtime of the tiles' follower")?;
        thread::Builder::new()
            .name("tile-follower".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let source = Source::of_its_own(&db, log);
                    stopped.run_until_cancelled(source.run(news, ready)).await
                });
            })
            .context("start the thread of the tiles' follower")?;
        let stop = stop.drop_guard();
        // the thread ends with the last of us, and with the runtime that it works for
        let held = tokio::spawn(async move {
            let _stop = stop;
            future::pending().await
        });
        let held = AbortOnDropHandle::new(held);
        let shared = read.await.context("the tiles' follower has ended")??;
        Ok(Self {
            shared,
            _follower: Arc::new(held),
        })
    }

    /// Waits until everything up to this commit is in the tiles.
    pub(super) async fn reach(&self, lsn: Lsn) -> Result<(), NotReached> {
        self.shared.reached.wait_for(lsn).await
    }

    /// Waits until the tiles of a grid are held.
    pub(super) async fn want(&self, grid: Grid) -> Result<(), NotHeld> {
        self.shared.grids.want(grid).await
    }

    /// For how long nobody has known whether something changed.
    pub fn age(&self) -> Duration {
        self.shared.reached.age()
    }

    /// Says how old the points are; not for the follower, which may hang.
    pub fn measure_age(&self) {
        for set in PointSet::ALL {
            gauge!(telemetry::TILE_AGE_SECONDS, "layer" => set.layer().name())
                .set(self.age().as_secs_f64());
        }
    }

    /// Bytes held for all layers.
    pub async fn bytes_held(&self) -> usize {
        let mut bytes = 0;
        for current in self.shared.current.values() {
            bytes += current.read().await.layer.bytes();
        }
        bytes
    }

    pub(super) async fn version(&self, set: PointSet, tile: TileCoord) -> TileVersion {
        self.shared.current[&(set, tile.grid())]
            .read()
            .await
            .version(tile)
    }

    /// `None` while changes are being taken in.
    pub(super) fn version_at_once(&self, set: PointSet, tile: TileCoord) -> Option<TileVersion> {
        let current = self.shared.current[&(set, tile.grid())].try_read().ok()?;
        Some(current.version(tile))
    }

    /// The same of a tile that is made in no time, where it is asked for; `None`: it takes longer, or
    /// changes are being taken in.
    pub(super) fn small_tile(
        &self,
        set: PointSet,
        tile: TileCoord,
        wanted: &Wanted,
        scratch: &mut Scratch,
    ) -> Option<(TileVersion, Vec<u8>)> {
        let current = self.shared.current[&(set, tile.grid())].try_read().ok()?;
        // a filter is put to every value there is, before it is to a point
        let is_small = wanted.filter.is_none() && current.layer.is_small(tile);
        is_small.then(|| (current.version(tile), current.tile(tile, wanted, scratch)))
    }

    /// The tile's bytes with the version they are of. Off the async threads: a full tile takes a
    /// millisecond.
    pub(super) fn tile(
        &self,
        set: PointSet,
        tile: TileCoord,
        wanted: &Wanted,
        scratch: &mut Scratch,
    ) -> (TileVersion, Vec<u8>) {
        let current = self.shared.current[&(set, tile.grid())].blocking_read();
        (current.version(tile), current.tile(tile, wanted, scratch))
    }
}

impl Shared {
    /// On the follower's own thread, where nobody else waits for the milliseconds that it takes.
    async fn take_in(&self, mut changes: HashMap<PointSet, SetChanges>) -> anyhow::Result<()> {
        for changes in changes.values_mut() {
            // what changed several times is taken in once, as it is now
            changes.ids.sort_unstable();
            changes.ids.dedup();
        }
        for (set, changes) in &changes {
            for grid in self.grids.held() {
                self.take_in_set(*set, grid, changes).await?;
            }
        }
        Ok(())
    }

    /// Everything was read anew.
    async fn replace(&self, all: All) {
        let mut grids = Vec::new();
        for ((set, grid), current) in all {
            if !grids.contains(&grid) {
                grids.push(grid);
            }
            *self.current[&(set, grid)].write().await = current;
            self.news.changed_anywhere(set.layer());
        }
        self.grids.hold(grids);
    }

    /// Says how many points are held.
    async fn measure(&self) {
        for set in PointSet::ALL {
            let name = set.layer().name();
            let current = self.current[&(set, Grid::default())].read().await;
            gauge!(telemetry::TILE_POINTS, "layer" => name).set(current.layer.len() as f64);
        }
    }

    /// Whether reading everything anew is worth the room that it gives back.
    async fn has_outgrown(&self) -> bool {
        for current in self.current.values() {
            if current.read().await.layer.has_outgrown() {
                return true;
            }
        }
        false
    }

    /// Takes in all of a layer's changes at once, so that no tile shows half a transaction.
    ///
    /// # Errors
    /// It panicked: the layer is to be read anew.
    async fn take_in_set(
        &self,
        set: PointSet,
        grid: Grid,
        changes: &SetChanges,
    ) -> anyhow::Result<()> {
        let mut current = self.current[&(set, grid)].write().await;
        let told = catch_unwind(AssertUnwindSafe(|| current.take_in(set, changes)));
        drop(current);
        let Ok(told) = told else {
            bail!("taking in changes of {} panicked", set.layer().name());
        };
        // news is of places in the map's grid
        if grid == Grid::default() {
            self.news.changed(set.layer(), told);
        }
        Ok(())
    }
}

/// What has been read to begin with.
struct Begun {
    all: All,
    /// Nothing that was committed before is missing.
    began_at: Instant,
    /// Neither is anything up to here in the log of commits.
    lsn: Lsn,
}

/// Somebody asked for tiles of a grid that is not held.
struct AnotherGrid;

/// How changes are learnt of.
enum Way {
    Slot(SlotStream),
    ChangeLog(ChangeLog),
}

/// Where changes are learnt of.
struct Source {
    db: PgPool,
    /// `None`: not by the log of commits.
    log: Option<CommitLog>,
}

impl Source {
    /// With connections of its own: one belongs to the runtime it was opened in.
    fn of_its_own(db: &PgPool, log: Option<CommitLog>) -> Self {
        let options = db.options().clone().min_connections(0);
        let options = options.max_connections(CONNECTIONS_MAX);
        let db = options.connect_lazy_with(db.connect_options().as_ref().clone());
        Self { db, log }
    }

    /// Reads all points, hands them over, and follows them for as long as it is let.
    async fn run(self, news: Arc<TileNews>, ready: oneshot::Sender<anyhow::Result<Arc<Shared>>>) {
        match self.open(news).await {
            Ok((shared, way)) => {
                // who has gone meanwhile has dropped what would stop us, too
                if ready.send(Ok(Arc::clone(&shared))).is_ok() {
                    self.follow(way, shared).await;
                }
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    }

    async fn open(&self, news: Arc<TileNews>) -> anyhow::Result<(Arc<Shared>, Way)> {
        let grids = Grids::new();
        let (begun, way) = self.begin(&grids.held()).await?;
        let Begun { all, began_at, lsn } = begun;
        let mut current = HashMap::new();
        for set in PointSet::ALL {
            for grid in Grid::ALL {
                let empty = Current::new(set.empty(grid)?, HashMap::new());
                current.insert((set, grid), RwLock::new(empty));
            }
        }
        current.extend(all.into_iter().map(|(key, read)| (key, RwLock::new(read))));
        let shared = Shared {
            current,
            grids,
            reached: Reached::new(began_at, lsn),
            news,
        };
        Ok((Arc::new(shared), way))
    }

    async fn begin(&self, grids: &[Grid]) -> anyhow::Result<(Begun, Way)> {
        if let Some(log) = &self.log {
            match SlotStream::open(&self.db, log, grids).await {
                Ok((begun, stream)) => return Ok((begun, Way::Slot(stream))),
                Err(error) => tracing::info!(
                    why = format!("{error:#}"),
                    "tiles follow what is written down of changes, not the log of commits"
                ),
            }
        }
        let (begun, log) = ChangeLog::open(&self.db, grids).await?;
        Ok((begun, Way::ChangeLog(log)))
    }

    /// Returns when the log of commits, which could not be had, can be.
    async fn log_again(&self) {
        let Some(log) = &self.log else {
            return future::pending().await;
        };
        loop {
            sleep(LOG_AGAIN_EVERY).await;
            if log.replication.slot(slot::PUBLICATION).await.is_ok() {
                return;
            }
        }
    }

    async fn follow(self, mut way: Way, shared: Arc<Shared>) {
        loop {
            match way {
                Way::ChangeLog(log) => {
                    let follow = AssertUnwindSafe(log.follow(&shared)).catch_unwind();
                    tokio::select! {
                        followed = follow => match followed {
                            Ok(()) => return,
                            Err(_panic) => tracing::error!(
                                "following changes panicked: all points are read anew"
                            ),
                        },
                        () = self.log_again() => tracing::info!(
                            "the log of commits can be had again: all points are read anew"
                        ),
                    }
                }
                Way::Slot(stream) => {
                    match AssertUnwindSafe(stream.follow(&shared))
                        .catch_unwind()
                        .await
                    {
                        Ok(Ok(AnotherGrid)) => {
                            tracing::info!("another grid is asked for: all points are read anew");
                        }
                        Ok(Err(error)) => tracing::warn!(
                            error = format!("{error:#}"),
                            "the log of commits is lost: all points are read anew"
                        ),
                        Err(_panic) => tracing::error!(
                            "following the log of commits panicked: all points are read anew"
                        ),
                    }
                }
            }
            way = loop {
                match self.begin(&shared.grids.wanted()).await {
                    Ok((begun, way)) => {
                        shared.replace(begun.all).await;
                        shared.reached.looked(begun.began_at, begun.lsn);
                        break way;
                    }
                    Err(error) => {
                        tracing::warn!(error = format!("{error:#}"), "the tiles stay as they are");
                        shared.measure().await;
                        sleep(RETRY).await;
                    }
                }
            };
        }
    }
}
