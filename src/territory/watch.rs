//! The territory in memory follows the one in the database.

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
/// Components change by the thousand and are read with everything else: after a reload that took so
/// long, the next one for their sake waits this many times as long.
const REST_FACTOR: u32 = 4;
/// How long to wait after a failed reload.
const RETRY: Duration = Duration::from_secs(2);
/// The next change of validity is looked for at least this often.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);

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
        let following = follow(db.clone(), listener, Arc::clone(&current));
        let follower: JoinHandle<()> = tokio::spawn(following);
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

async fn follow(db: PgPool, mut listener: PgListener, current: Arc<ArcSwap<Moments>>) {
    let mut rested_at = Instant::now();
    while !db.is_closed() {
        let change = current.load().now.stretch().until();
        wait_for_change(&db, &mut listener, change, rested_at).await;
        let began = Instant::now();
        while let Err(error) = reload(&db, &current).await {
            if db.is_closed() {
                return; // the listener's connection goes with it, so that closing can end
            }
            tracing::warn!(
                error = format!("{error:#}"),
                "the territory could not be reloaded; the old one stays in use"
            );
            sleep(RETRY).await;
        }
        rested_at = Instant::now() + began.elapsed() * REST_FACTOR;
    }
}

async fn reload(db: &PgPool, current: &ArcSwap<Moments>) -> anyhow::Result<()> {
    let moments = load(db).await?;
    tracing::info!(
        cells = moments.now.cells().len(),
        "the territory was reloaded"
    );
    current.store(Arc::new(moments));
    Ok(())
}

/// Returns when the territory may differ from the one loaded; for components' sake not before
/// `rested_at`.
async fn wait_for_change(
    db: &PgPool,
    listener: &mut PgListener,
    change: Option<DateTime<Utc>>,
    rested_at: Instant,
) {
    let until_change = match (change, store::now(db).await) {
        (Some(change), Ok(now)) => (change - now).to_std().unwrap_or_default().min(LOOK_AGAIN),
        _ => LOOK_AGAIN,
    };
    let mut deadline = Instant::now() + until_change;
    loop {
        match timeout_at(deadline, listener.try_recv()).await {
            // the base map is not part of it
            Ok(Ok(Some(bell))) if bell.payload() == "basemap" => {}
            Ok(Ok(Some(bell))) if bell.payload() == "component" && Instant::now() < rested_at => {
                deadline = deadline.min(rested_at);
            }
            Ok(Ok(Some(_))) => break,
            // the connection was lost, and bells with it; it has been made anew
            Ok(Ok(None)) => break,
            Ok(Err(_)) if db.is_closed() => return,
            Ok(Err(error)) => {
                tracing::warn!(%error, "not listening for changes of the territory");
                // a listener that failed can stay broken for good: make another
                match listen_again(db).await {
                    Some(anew) => *listener = anew,
                    None => return,
                }
                break;
            }
            Err(_deadline) => return,
        }
    }
    // an import rings once per statement: let the last of a burst ring first
    let patience = Instant::now() + BURST_MAX;
    while timeout_at(patience.min(Instant::now() + DEBOUNCE), listener.try_recv())
        .await
        .is_ok_and(|bell| matches!(bell, Ok(Some(_))))
    {}
}
