//! The points' tiles follow the database: read once, then change by change.
//!
//! Every change is written down in `tile_change` by the transaction that makes it. The follower
//! reads what was written since, in one snapshot with the rows themselves, so that a transaction
//! is seen whole; a bell (`NOTIFY tiles`, and `city_case` for cases) tells it when, and should a
//! bell get lost it looks every second. What cannot be followed (a truncated table, an absence
//! longer than changes are kept) is read anew under another epoch, never guessed.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures::TryStreamExt as _;
use metrics::gauge;
use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool};
use tokio::sync::RwLock;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::points::{Filter, PointLayer, Scratch, Version, View};
use super::reached::{LOOK_EVERY, NotReached, RETRY, Reached};
use super::source::{PointRow, PointSet, feature_id};
use super::store::{self, Lsn, SetChanges};
use super::world::WorldPoint;
use super::{Layer, TileCoord, TileNews};
use crate::access::Scope;
use crate::live::Audience;
use crate::telemetry;

/// What a transaction wrote down is kept for so long after it has certainly ended, however long it
/// took; who was away for half of it reads anew.
const KEPT_FOR: Duration = Duration::from_secs(10 * 60);
pub(super) const AWAY_MAX: Duration = Duration::from_secs(5 * 60);
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// Of the tiles that news is told of.
const NEWS_ZOOM: u8 = 16;

/// Components, cases and cameras as tiles, never older than the last change by more than it takes
/// to follow. Cheap to clone; stops with its last clone.
#[derive(Debug, Clone)]
pub struct PointTiles {
    shared: Arc<Shared>,
    _follower: Arc<AbortOnDropHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    current: HashMap<PointSet, RwLock<Current>>,
    /// How far `current` has come.
    reached: Reached,
    news: Arc<TileNews>,
}

/// A layer as it is now.
#[derive(Debug)]
struct Current {
    /// New with every full reading: versions count from it.
    epoch: u32,
    layer: PointLayer,
    /// Who sees a point, where not everybody does.
    audiences: HashMap<u64, Audience>,
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
}

impl std::fmt::Display for TileVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}-{}", self.epoch, self.version.0)
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
    /// Reads all points and follows them from there.
    ///
    /// # Errors
    /// The database does not answer, or a policy that is shipped is none.
    pub async fn open(db: PgPool, news: Arc<TileNews>) -> anyhow::Result<Self> {
        // listen first, so that no change falls between reading and listening
        let mut bell = PgListener::connect_with(&db).await?;
        bell.listen_all(["tiles", "city_case"]).await?;
        let began_at = Instant::now();
        let (all, place) = read(&db, &PointSet::ALL)
            .await
            .context("read the points for tiles")?;
        let all = all
            .into_iter()
            .map(|(set, current)| (set, RwLock::new(current)));
        let shared = Arc::new(Shared {
            current: all.collect(),
            reached: Reached::new(began_at, place.lsn),
            news,
        });
        let follower = Follower {
            db,
            shared: Arc::clone(&shared),
            place,
            reached_at: began_at,
            pruned_at: began_at,
            ended: VecDeque::new(),
        };
        let task = tokio::spawn(follower.follow(bell));
        Ok(Self {
            shared,
            _follower: Arc::new(AbortOnDropHandle::new(task)),
        })
    }

    /// Waits until everything up to this commit is in the tiles.
    pub(super) async fn reach(&self, lsn: Lsn) -> Result<(), NotReached> {
        self.shared.reached.wait_for(lsn).await
    }

    /// For how long nobody has known whether something changed.
    pub fn age(&self) -> Duration {
        self.shared.reached.age()
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
        self.shared.current[&set].read().await.version(tile)
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
        let current = self.shared.current[&set].blocking_read();
        (current.version(tile), current.tile(tile, wanted, scratch))
    }
}

impl Shared {
    /// Takes in all of a snapshot's changes at once, so that no tile shows half a transaction.
    fn take_in(&self, set: PointSet, changes: &SetChanges) {
        let mut current = self.current[&set].blocking_write();
        let mut points = Vec::with_capacity(changes.ids.len());
        for &id in &changes.ids {
            let row = changes.rows.get(&id);
            let id = feature_id(id);
            let audience = row.and_then(|row| row.audience()).cloned();
            let was = match audience.clone() {
                Some(audience) => current.audiences.insert(id, audience),
                None => current.audiences.remove(&id),
            };
            if was != audience {
                // somebody else sees it now, should it even look as before
                current.layer.touch(id);
            }
            let now = row.map(|row| row.point(&mut current.layer));
            points.push((id, now));
        }
        let places = current.layer.apply(points);
        current.measure(set.layer());
        drop(current);
        if set.is_told() {
            let places = places.iter().map(|at| at.tile(NEWS_ZOOM));
            self.news.changed(set.layer(), places);
        }
    }
}

impl Current {
    fn version(&self, tile: TileCoord) -> TileVersion {
        TileVersion {
            epoch: self.epoch,
            version: self.layer.version(tile),
        }
    }

    fn tile(&self, tile: TileCoord, wanted: &Wanted, scratch: &mut Scratch) -> Vec<u8> {
        let filter = wanted
            .filter
            .as_ref()
            .map(|filter| self.layer.prepare(filter));
        let scope = wanted.scope.as_deref();
        let admits = |id: u64, words: &[u32]| {
            filter.as_ref().is_none_or(|filter| filter.holds(words))
                && scope.is_none_or(|scope| {
                    let audience = self.audiences.get(&id);
                    audience.is_some_and(|audience| scope.sees(audience))
                })
        };
        let everything = filter.is_none() && scope.is_none();
        let view = View {
            full: wanted.full,
            admits: if everything { None } else { Some(&admits) },
        };
        self.layer.tile(tile, view, scratch)
    }

    fn measure(&self, layer: Layer) {
        gauge!(telemetry::TILE_POINTS, "layer" => layer.name()).set(self.layer.len() as f64);
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

/// A layer as it is now, for good; `see` gets every row of it with its place, in the order of their
/// ids.
pub(super) async fn read_once(
    db: &PgPool,
    set: PointSet,
    mut see: impl FnMut(&PointRow, WorldPoint),
) -> anyhow::Result<PointLayer> {
    let (mut tx, _) = store::begin(db).await?;
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

/// Layers as they are in one snapshot.
async fn read(db: &PgPool, sets: &[PointSet]) -> anyhow::Result<(Vec<(PointSet, Current)>, Place)> {
    let (mut tx, snapshot) = store::begin(db).await?;
    let mut all = Vec::with_capacity(sets.len());
    for set in sets {
        all.push((*set, read_set(&mut tx, *set).await?));
    }
    let place = Place {
        lsn: snapshot.lsn,
        horizon: snapshot.horizon,
        seen: Vec::new(),
    };
    Ok((all, place))
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

struct Follower {
    db: PgPool,
    shared: Arc<Shared>,
    place: Place,
    reached_at: Instant,
    pruned_at: Instant,
    /// When every transaction before a horizon had ended, the oldest first.
    ended: VecDeque<(Instant, String)>,
}

impl Follower {
    async fn follow(mut self, mut bell: PgListener) {
        loop {
            tokio::select! {
                // a broken connection is made anew by the listener; until then the clock wakes us
                rung = bell.recv() => if rung.is_err() { sleep(RETRY).await },
                () = self.shared.reached.wanted() => {}
                () = sleep(LOOK_EVERY) => {}
            }
            if let Err(error) = self.catch_up().await {
                tracing::warn!(error = format!("{error:#}"), "the tiles stay as they are");
                sleep(RETRY).await;
            }
            for set in PointSet::ALL {
                gauge!(telemetry::TILE_AGE_SECONDS, "layer" => set.layer().name())
                    .set(self.reached_at.elapsed().as_secs_f64());
            }
        }
    }

    async fn catch_up(&mut self) -> anyhow::Result<()> {
        let looked_at = Instant::now();
        if self.reached_at.elapsed() > AWAY_MAX {
            return self.start_over(looked_at).await;
        }
        let Place { horizon, seen, .. } = &self.place;
        let changes = store::changes_since(&self.db, horizon, seen).await?;
        if changes.sets.values().any(|changes| changes.everything) {
            return self.start_over(looked_at).await;
        }
        for (set, changes) in changes.sets {
            let shared = Arc::clone(&self.shared);
            tokio::task::spawn_blocking(move || shared.take_in(set, &changes)).await?;
        }
        // only now: what could not be taken in is read once more
        self.place = Place {
            lsn: changes.snapshot.lsn,
            horizon: changes.snapshot.horizon,
            seen: changes.seen,
        };
        self.reached(looked_at);
        if self.pruned_at.elapsed() > PRUNE_EVERY {
            self.prune().await?;
        }
        Ok(())
    }

    async fn prune(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        self.pruned_at = now;
        self.ended.push_back((now, self.place.horizon.clone()));
        let is_old = |(ended_at, _): &mut (Instant, String)| now - *ended_at >= KEPT_FOR;
        let mut last = None;
        while let Some(old) = self.ended.pop_front_if(is_old) {
            last = Some(old);
        }
        if let Some((_, horizon)) = last {
            store::prune_changes(&self.db, &horizon).await?;
        }
        Ok(())
    }

    async fn start_over(&mut self, looked_at: Instant) -> anyhow::Result<()> {
        let (all, place) = read(&self.db, &PointSet::ALL).await?;
        for (set, current) in all {
            *self.shared.current[&set].write().await = current;
            self.shared.news.changed_anywhere(set.layer());
        }
        self.place = place;
        self.reached(looked_at);
        Ok(())
    }

    fn reached(&mut self, looked_at: Instant) {
        self.reached_at = looked_at;
        self.shared.reached.record(looked_at, self.place.lsn);
    }
}
