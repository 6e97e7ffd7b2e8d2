//! Several processes on one database: each hears what the others committed.
//!
//! A process rings a bell after it has published changes of its own; the bell only says "look".
//! What there is to see is read from `case_event` by transaction, also without a bell, so that a
//! bell that is lost costs a second and no change.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{LiveFeed, store};
use crate::cases::{self, CaseChange};

/// Rung after a commit, never in one: a commit that notifies makes all others wait for it.
const BELL: &str = "city_case";
/// Least time between two rings.
const RING_EVERY: Duration = Duration::from_millis(50);
/// Looked at least so often, whether it rang or not.
const LOOK_EVERY: Duration = Duration::from_millis(900);
/// Between attempts to hear the bell again.
const RETRY: Duration = Duration::from_secs(1);
/// Cases read at a time.
const ROWS_AT_A_TIME: usize = 1_000;
/// Open cases of which is remembered who sees them.
const AUDIENCES_MAX: u32 = 500_000;

/// Rings for the others what this process publishes, until `stop`.
pub async fn ring(feed: Arc<LiveFeed>, db: PgPool, stop: CancellationToken) {
    while stop.run_until_cancelled(feed.own_changes()).await.is_some() {
        // the others look by themselves within a second
        if let Err(error) = store::ring(&db, BELL, feed.epoch()).await {
            tracing::debug!(%error, "cannot ring for other processes");
        }
        tokio::time::sleep(RING_EVERY).await;
    }
}

/// Puts what other processes commit on `feed`, until `stop`. `now`: tells the time.
pub async fn follow(
    feed: Arc<LiveFeed>,
    db: PgPool,
    now: impl Fn() -> DateTime<Utc>,
    stop: CancellationToken,
) {
    let mut bell = None;
    let mut next_attempt = Instant::now();
    let mut snapshot = None;
    while !stop.is_cancelled() {
        match look(&feed, &db, snapshot.as_deref(), now()).await {
            Ok(seen) => snapshot = Some(seen),
            Err(_) if db.is_closed() => return,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "cannot read others' changes");
            }
        }
        if bell.is_none() && next_attempt <= Instant::now() {
            next_attempt = Instant::now() + RETRY;
            bell = listen(&db).await.ok();
        }
        stop.run_until_cancelled(until_next_look(&feed, &mut bell))
            .await;
    }
}

/// Relays what came since `snapshot`; returns what can be seen now. The first time it learns who
/// sees what is open.
async fn look(
    feed: &LiveFeed,
    db: &PgPool,
    snapshot: Option<&str>,
    at: DateTime<Utc>,
) -> sqlx::Result<String> {
    let Some(snapshot) = snapshot else {
        let snapshot = store::snapshot(db).await?;
        feed.learn(store::audiences(db, AUDIENCES_MAX).await?);
        return Ok(snapshot);
    };
    let since = store::since(db, snapshot).await?;
    let opened: HashSet<_> = since.opened.iter().collect();
    let mut changes = Vec::with_capacity(since.changed.len());
    for ids in since.changed.chunks(ROWS_AT_A_TIME) {
        let rows = cases::rows(db, ids).await?;
        changes.extend(rows.into_iter().map(|row| {
            if opened.contains(&row.id) {
                CaseChange::Opened(row)
            } else {
                CaseChange::Changed(row)
            }
        }));
    }
    feed.relay(&changes, at);
    Ok(since.snapshot)
}

async fn listen(db: &PgPool) -> sqlx::Result<PgListener> {
    let mut bell = PgListener::connect_with(db).await?;
    bell.listen(BELL).await?;
    Ok(bell)
}

/// Until another process rings or it is time anyway. A bell that broke is thrown away.
async fn until_next_look(feed: &LiveFeed, bell: &mut Option<PgListener>) {
    let end = Instant::now() + LOOK_EVERY;
    while let Some(listening) = bell {
        match timeout_at(end, listening.try_recv()).await {
            Ok(Ok(Some(rung))) if rung.payload() != feed.epoch() => return,
            Ok(Ok(Some(_))) => {}
            Ok(Ok(None) | Err(_)) => *bell = None,
            Err(_elapsed) => return,
        }
    }
    tokio::time::sleep_until(end).await;
}
