//! The approved rule sets and the precedents in memory, as the database has them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{Precedent, Route, RouteAsk, RuleSet, RuleSetId, RuleSetState, store};

/// How long to wait after a failed reload.
const RETRY: Duration = Duration::from_secs(2);
/// Looked for changes at least this often, should a bell be lost.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// The rule sets. Cheap to clone; stops following with its last clone.
#[derive(Debug, Clone)]
pub struct Rules {
    db: PgPool,
    held: Arc<ArcSwap<Held>>,
    _follower: Arc<AbortOnDropHandle<()>>,
}

/// What is held of the database at one moment.
#[derive(Debug, Default)]
struct Held {
    approved: BTreeMap<RuleSetId, Arc<RuleSet>>,
    /// By when they are in force; never empty once loaded.
    in_order: Vec<(DateTime<Utc>, Arc<RuleSet>)>,
    precedents: Vec<Precedent>,
}

impl Rules {
    /// Loads what is approved and follows the database from there.
    pub async fn open(db: PgPool) -> anyhow::Result<Self> {
        // listen first, so that no change falls between reading and listening
        let listener = listen(&db)
            .await
            .context("listen for changes of the rules")?;
        let held = Arc::new(ArcSwap::from_pointee(load(&db, &Held::default()).await?));
        let follower = tokio::spawn(follow(db.clone(), listener, Arc::clone(&held)));
        Ok(Self {
            db,
            held,
            _follower: Arc::new(AbortOnDropHandle::new(follower)),
        })
    }

    /// What the city goes by at a moment; before the first set's date that one.
    pub fn in_force(&self, at: DateTime<Utc>) -> Arc<RuleSet> {
        let held = self.held.load();
        let after = held.in_order.partition_point(|(from, _)| *from <= at);
        Arc::clone(&held.in_order[after.saturating_sub(1)].1)
    }

    /// What the city goes by from a moment on: the set in force then, and those to come.
    pub fn from(&self, at: DateTime<Utc>) -> Vec<Arc<RuleSet>> {
        let held = self.held.load();
        let after = held.in_order.partition_point(|(from, _)| *from <= at);
        let sets = held.in_order[after.saturating_sub(1)..].iter();
        sets.map(|(_, set)| Arc::clone(set)).collect()
    }

    /// An approved set, in force or not yet.
    pub fn get(&self, id: RuleSetId) -> Option<Arc<RuleSet>> {
        self.held.load().approved.get(&id).cloned()
    }

    /// Whose a case is: by a precedent, else by the set, else by the territory.
    pub fn route(&self, set: &RuleSet, ask: &RouteAsk<'_>) -> Route {
        match Precedent::find(&self.held.load().precedents, ask) {
            Some(precedent) => precedent.route(),
            None => set.route(ask),
        }
    }

    /// Decided disputes that decide the next case, in the order they were decided.
    pub fn precedents(&self) -> Vec<Precedent> {
        self.held.load().precedents.clone()
    }

    /// Takes over what was just changed, without waiting for the bell.
    pub async fn reload(&self) -> anyhow::Result<()> {
        reload(&self.db, &self.held).await
    }
}

async fn listen(db: &PgPool) -> sqlx::Result<PgListener> {
    let mut listener = PgListener::connect_with(db).await?;
    listener.listen("rules").await?;
    Ok(listener)
}

/// Sets that are held already are kept: an approved one never changes.
async fn load(db: &PgPool, before: &Held) -> anyhow::Result<Held> {
    let mut held = Held::default();
    for head in store::heads(db).await? {
        let (id, Some(from)) = (head.id, head.in_force_from) else {
            continue;
        };
        if head.state != RuleSetState::Approved {
            continue;
        }
        let set = match before.approved.get(&id) {
            Some(set) => Arc::clone(set),
            None => {
                let content = store::content(db, id).await?;
                let set = RuleSet::build(head, content)
                    .with_context(|| format!("build rule set {}", id.0))?;
                Arc::new(set)
            }
        };
        held.in_order.push((from, Arc::clone(&set)));
        held.approved.insert(id, set);
    }
    ensure!(!held.in_order.is_empty(), "no rule set is approved");
    held.in_order.sort_by_key(|(from, _)| *from);
    held.precedents = store::precedents(db).await?;
    Ok(held)
}

async fn reload(db: &PgPool, held: &ArcSwap<Held>) -> anyhow::Result<()> {
    let anew = load(db, &held.load()).await?;
    held.store(Arc::new(anew));
    Ok(())
}

async fn follow(db: PgPool, mut listener: PgListener, held: Arc<ArcSwap<Held>>) {
    while !db.is_closed() {
        // a bell, a lost connection, or long enough: look again
        if let Ok(Err(error)) = timeout(LOOK_AGAIN, listener.try_recv()).await {
            if db.is_closed() {
                return;
            }
            tracing::warn!(%error, "not listening for changes of the rules");
            sleep(RETRY).await;
            // a listener that failed can stay broken for good: make another
            match listen(&db).await {
                Ok(anew) => listener = anew,
                Err(_) => continue,
            }
        }
        while let Err(error) = reload(&db, &held).await {
            if db.is_closed() {
                return; // the listener's connection goes with it, so that closing can end
            }
            tracing::warn!(
                error = format!("{error:#}"),
                "the rules could not be reloaded; the old ones stay in use"
            );
            sleep(RETRY).await;
        }
    }
}
