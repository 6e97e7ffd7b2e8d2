//! The territory in memory follows the one in the database.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::moments::Moments;
use super::{Territory, store};

/// Bells that follow each other within this are answered by one reload ...
const DEBOUNCE: Duration = Duration::from_millis(200);
/// ... but a reload waits no longer than this.
const BURST_MAX: Duration = Duration::from_secs(2);
/// Components that change within this are taken in together.
const GATHERING: Duration = Duration::from_millis(200);
/// Components that change by the thousand are read with everything else: after a reload that took
/// so long, the next one for their sake waits this many times as long.
const REST_FACTOR: u32 = 4;
/// How long to wait after a failed reload.
const RETRY: Duration = Duration::from_secs(2);
/// The next change of validity is looked for at least this often.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);

/// More changed components than this are not read one by one.
const CHANGED_MAX: usize = 20_000;

/// Always the newest [`Territory`]: reloaded when the database rings, when a validity range
/// begins or ends, and after the connection was lost. Cheap to clone; stops with its last clone.
#[derive(Debug, Clone)]
pub struct TerritoryWatch {
    db: PgPool,
    current: Arc<ArcSwap<Moments>>,
    _follower: Arc<AbortOnDropHandle<()>>,
}

impl TerritoryWatch {
    /// Loads the territory of now and follows it from there.
    pub async fn open(db: PgPool) -> anyhow::Result<Self> {
        // listen first, so that no change falls between reading and listening
        let listener = listen(&db)
            .await
            .context("listen for changes of the territory")?;
        let current = Arc::new(ArcSwap::from_pointee(load(&db).await?));
        let follower = Follower {
            db: db.clone(),
            listener,
            current: Arc::clone(&current),
            rested_at: Instant::now(),
            reload_at: None,
        };
        let follower: JoinHandle<()> = tokio::spawn(follower.run());
        Ok(Self {
            db,
            current,
            _follower: Arc::new(AbortOnDropHandle::new(follower)),
        })
    }

    /// The territory as of now. Waits for nothing.
    #[inline]
    pub fn now(&self) -> Arc<Territory> {
        Arc::clone(&self.current.load().now)
    }

    /// The territory of a moment, past or to come: cells and responsibilities as they were or are
    /// to be, components as they stand now. Waits for the database the first time; then, until
    /// something changes, for nothing.
    pub async fn at(&self, at: DateTime<Utc>) -> anyhow::Result<Arc<Territory>> {
        let moments = self.current.load_full();
        moments
            .at(&self.db, at)
            .await
            .with_context(|| format!("load the territory of {at}"))
    }
}

async fn listen(db: &PgPool) -> sqlx::Result<PgListener> {
    let mut listener = PgListener::connect_with(db).await?;
    listener.listen("territory").await?;
    Ok(listener)
}

/// Tries until it listens; `None` when the pool was closed.
async fn listen_again(db: &PgPool) -> Option<PgListener> {
    while !db.is_closed() {
        sleep(RETRY).await;
        if let Ok(listener) = listen(db).await {
            return Some(listener);
        }
    }
    None
}

async fn load(db: &PgPool) -> anyhow::Result<Moments> {
    let at = store::now(db).await?;
    let territory = Territory::load(db, at).await;
    territory.map(Moments::around).context("load the territory")
}

/// How the territory differs from the one in memory.
enum Change {
    Anything,
    /// Nothing but these components.
    Components(HashSet<i64>),
}

/// What a bell tells of.
enum Bell {
    /// What is not part of the territory.
    Other,
    Components(HashSet<i64>),
    /// So many components that they are not named.
    ManyComponents,
    Anything,
}

impl Bell {
    /// A bell names a table, and of `component` maybe ids after a colon.
    fn parse(payload: &str) -> Self {
        match payload.split_once(':') {
            None if payload == "basemap" => Self::Other,
            None if payload == "component" => Self::ManyComponents,
            Some(("component", ids)) => match ids.split(',').map(str::parse).collect() {
                Ok(ids) => Self::Components(ids),
                Err(_) => Self::ManyComponents,
            },
            _ => Self::Anything,
        }
    }
}

struct Follower {
    db: PgPool,
    listener: PgListener,
    current: Arc<ArcSwap<Moments>>,
    /// Everything is not read again for many components' sake before.
    rested_at: Instant,
    /// When everything has to be read again for their sake.
    reload_at: Option<Instant>,
}

impl Follower {
    async fn run(mut self) {
        while let Some(change) = self.next_change().await {
            let began = Instant::now();
            while let Err(error) = self.take_in(&change).await {
                if self.db.is_closed() {
                    return; // the listener's connection goes with it, so that closing can end
                }
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the territory could not be reloaded; the old one stays in use"
                );
                sleep(RETRY).await;
            }
            if matches!(change, Change::Anything) {
                self.reload_at = None;
                self.rested_at = Instant::now() + began.elapsed() * REST_FACTOR;
            }
        }
    }

    async fn take_in(&self, change: &Change) -> anyhow::Result<()> {
        let moments = match change {
            Change::Anything => {
                let moments = load(&self.db).await?;
                let cells = moments.now.cells().len();
                tracing::info!(cells, "the territory was reloaded");
                moments
            }
            Change::Components(ids) => {
                let ids = ids.clone();
                let list: Vec<i64> = ids.iter().copied().collect();
                let standing = store::components_of(&self.db, &list);
                let standing = standing.await.context("read components that changed")?;
                let was = self.current.load_full();
                let change = move || {
                    let components = was.now.components().changed(&ids, standing);
                    was.with_components(&Arc::new(components))
                };
                tokio::task::spawn_blocking(change).await?
            }
        };
        self.current.store(Arc::new(moments));
        Ok(())
    }

    /// Waits until the territory may differ from the one loaded; `None` when the pool was closed.
    async fn next_change(&mut self) -> Option<Change> {
        let valid_until = self.current.load().now.stretch().until();
        let valid_for = match (valid_until, store::now(&self.db).await) {
            (Some(until), Ok(now)) => (until - now).to_std().unwrap_or_default().min(LOOK_AGAIN),
            _ => LOOK_AGAIN,
        };
        let look_again_at = Instant::now() + valid_for;
        while !self.db.is_closed() {
            let until = self
                .reload_at
                .map_or(look_again_at, |at| at.min(look_again_at));
            // however many bells ring meanwhile
            if until <= Instant::now() {
                return Some(Change::Anything);
            }
            match timeout_at(until, self.listener.try_recv()).await {
                Ok(Ok(Some(bell))) => match Bell::parse(bell.payload()) {
                    Bell::Other => {}
                    Bell::ManyComponents if Instant::now() < self.rested_at => {
                        self.reload_at = Some(self.rested_at);
                    }
                    Bell::Components(ids) => return Some(self.gather(ids).await),
                    Bell::ManyComponents | Bell::Anything => {
                        self.let_burst_pass().await;
                        return Some(Change::Anything);
                    }
                },
                // the connection was lost, and bells with it; it has been made anew
                Ok(Ok(None)) => return Some(Change::Anything),
                Ok(Err(_)) if self.db.is_closed() => return None,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "not listening for changes of the territory");
                    // a listener that failed can stay broken for good: make another
                    self.listener = listen_again(&self.db).await?;
                    return Some(Change::Anything);
                }
                Err(_elapsed) => return Some(Change::Anything),
            }
        }
        None
    }

    /// Components that change soon after these come with them.
    async fn gather(&mut self, mut ids: HashSet<i64>) -> Change {
        let until = Instant::now() + GATHERING;
        while let Ok(heard) = timeout_at(until, self.listener.try_recv()).await {
            // a connection was lost, and bells with it
            let Ok(Some(bell)) = heard else {
                return Change::Anything;
            };
            match Bell::parse(bell.payload()) {
                Bell::Other => {}
                Bell::Components(more) => ids.extend(more),
                Bell::ManyComponents if Instant::now() < self.rested_at => {
                    self.reload_at = Some(self.rested_at);
                }
                Bell::ManyComponents | Bell::Anything => {
                    self.let_burst_pass().await;
                    return Change::Anything;
                }
            }
            if ids.len() > CHANGED_MAX {
                return Change::Anything;
            }
        }
        Change::Components(ids)
    }

    /// An import rings once per statement: the last of a burst rings first.
    async fn let_burst_pass(&mut self) {
        let patience = Instant::now() + BURST_MAX;
        while timeout_at(
            patience.min(Instant::now() + DEBOUNCE),
            self.listener.try_recv(),
        )
        .await
        .is_ok_and(|bell| matches!(bell, Ok(Some(_))))
        {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_names_components_or_says_that_they_are_many() {
        let ids = |payload: &str| match Bell::parse(payload) {
            Bell::Components(ids) => Some(ids),
            Bell::Other | Bell::ManyComponents | Bell::Anything => None,
        };
        assert_eq!(ids("component:7,-3"), Some(HashSet::from([7, -3])));
        assert_eq!(ids("component:1"), Some(HashSet::from([1])));
        assert!(matches!(Bell::parse("component"), Bell::ManyComponents));
        assert!(matches!(Bell::parse("component:x"), Bell::ManyComponents));
        assert!(matches!(Bell::parse("basemap"), Bell::Other));
        assert!(matches!(Bell::parse("cell"), Bell::Anything));
    }
}
