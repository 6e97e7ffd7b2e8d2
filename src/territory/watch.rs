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
/// When components change by the thousand the register is read as a whole: after a reload that took
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
#[derive(Debug, Default)]
struct Change {
    /// Cells, responsibilities, units: what lies still while components come and go.
    lands: bool,
    /// The register of components as a whole.
    register: bool,
    /// No components but these.
    components: HashSet<i64>,
}

impl Change {
    fn everything() -> Self {
        Self {
            lands: true,
            register: true,
            components: HashSet::new(),
        }
    }

    fn is_any(&self) -> bool {
        self.lands || self.register || !self.components.is_empty()
    }
}

/// What a bell tells of.
enum Bell {
    /// What is not part of the territory.
    Other,
    Components(HashSet<i64>),
    /// So many components that they are not named.
    ManyComponents,
    Lands,
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
            _ => Self::Lands,
        }
    }
}

struct Follower {
    db: PgPool,
    listener: PgListener,
    current: Arc<ArcSwap<Moments>>,
    /// The register is not read again for many components' sake before.
    rested_at: Instant,
    /// When it has to be read again for their sake.
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
            if change.register {
                self.reload_at = None;
                self.rested_at = Instant::now() + began.elapsed() * REST_FACTOR;
            }
        }
    }

    /// Reads what changed and no more: a city has fifty components for each of its cells.
    async fn take_in(&self, change: &Change) -> anyhow::Result<()> {
        let mut moments = self.current.load_full();
        if change.register {
            moments = Arc::new(load(&self.db).await?);
        } else if change.lands {
            let at = store::now(&self.db).await?;
            let now = moments.now.load_anew(&self.db, at).await;
            moments = Arc::new(Moments::around(now.context("load the lands")?));
        }
        if change.lands || change.register {
            let cells = moments.now.cells().count();
            tracing::info!(
                cells,
                register = change.register,
                "the territory was reloaded"
            );
        }
        if !change.register && !change.components.is_empty() {
            let ids = change.components.clone();
            let list: Vec<i64> = ids.iter().copied().collect();
            let standing = store::components_of(&self.db, &list);
            let standing = standing.await.context("read components that changed")?;
            let take_in = move || {
                let components = moments.now.components().changed(&ids, standing);
                moments.with_components(&Arc::new(components))
            };
            moments = Arc::new(tokio::task::spawn_blocking(take_in).await?);
        }
        self.current.store(moments);
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
        let mut heard = Change::default();
        // when what was heard is taken in
        let mut gathered_at = None;
        let mut patience = None;
        while !self.db.is_closed() {
            let ends = [Some(look_again_at), self.reload_at, gathered_at];
            let until = ends.into_iter().flatten().min().unwrap_or(look_again_at);
            // however many bells ring meanwhile
            if until <= Instant::now() {
                heard.lands |= look_again_at <= until;
                heard.register |= self.reload_at.is_some_and(|at| at <= until);
                return Some(heard);
            }
            match timeout_at(until, self.listener.try_recv()).await {
                Ok(Ok(Some(bell))) => {
                    self.hear(Bell::parse(bell.payload()), &mut heard);
                    if heard.is_any() {
                        let now = Instant::now();
                        let patience = *patience.get_or_insert(now + BURST_MAX);
                        // an import rings once per statement: the last of a burst rings first
                        gathered_at = if heard.lands || heard.register {
                            Some(patience.min(now + DEBOUNCE))
                        } else {
                            gathered_at.or(Some(now + GATHERING))
                        };
                    }
                }
                // the connection was lost, and bells with it; it has been made anew
                Ok(Ok(None)) => return Some(Change::everything()),
                Ok(Err(_)) if self.db.is_closed() => return None,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "not listening for changes of the territory");
                    // a listener that failed can stay broken for good: make another
                    self.listener = listen_again(&self.db).await?;
                    return Some(Change::everything());
                }
                Err(_elapsed) => {}
            }
        }
        None
    }

    fn hear(&mut self, bell: Bell, heard: &mut Change) {
        match bell {
            Bell::Other => {}
            Bell::Lands => heard.lands = true,
            Bell::ManyComponents if Instant::now() < self.rested_at => {
                self.reload_at = Some(self.rested_at);
            }
            Bell::ManyComponents => heard.register = true,
            Bell::Components(ids) => {
                heard.components.extend(ids);
                heard.register |= heard.components.len() > CHANGED_MAX;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_names_components_or_says_that_they_are_many() {
        let ids = |payload: &str| match Bell::parse(payload) {
            Bell::Components(ids) => Some(ids),
            Bell::Other | Bell::ManyComponents | Bell::Lands => None,
        };
        assert_eq!(ids("component:7,-3"), Some(HashSet::from([7, -3])));
        assert_eq!(ids("component:1"), Some(HashSet::from([1])));
        assert!(matches!(Bell::parse("component"), Bell::ManyComponents));
        assert!(matches!(Bell::parse("component:x"), Bell::ManyComponents));
        assert!(matches!(Bell::parse("basemap"), Bell::Other));
        assert!(matches!(Bell::parse("cell"), Bell::Lands));
    }
}
