//! Following by what is written down in the database, where its log of commits cannot be read.
//!
//! Every change is written down in `tile_change` by the transaction that makes it. The follower
//! reads what was written since, in one snapshot with the rows themselves, so that a transaction
//! is seen whole; a bell (`NOTIFY tiles`, and `city_case` for cases) tells it when, and should a
//! bell get lost it looks every second. What cannot be followed (a table truncated or
//! rewritten, an absence longer than changes are kept) is read anew under another epoch, never guessed.

use std::sync::Arc;

use anyhow::Context as _;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::time::{Instant, sleep};

use super::prune::Pruning;
use super::reading::{All, read_sets};
use super::{AWAY_MAX, Begun, Shared};
use crate::tiles::Grid;
use crate::tiles::reached::{LOOK_EVERY, RETRY};
use crate::tiles::store::{self, Lsn};

/// Up to where the changes have been followed.
#[derive(Debug)]
struct Place {
    lsn: Lsn,
    /// Transactions that had all ended: their changes need not be asked for again.
    horizon: String,
    /// Those from the horizon on that were seen already.
    seen: Vec<String>,
    /// Those of the tables, `tile_change` among them.
    files: String,
}

/// Looks at `tile_change` whenever the bell rings.
#[derive(Debug)]
pub(super) struct ChangeLog {
    db: PgPool,
    bell: PgListener,
    place: Place,
    pruning: Pruning,
}

impl ChangeLog {
    /// Sees to it that changes are written down, and reads all points.
    pub(super) async fn open(db: &PgPool, grids: &[Grid]) -> anyhow::Result<(Begun, Self)> {
        // listen first, so that no change falls between reading and listening
        let mut bell = PgListener::connect_with(db).await?;
        bell.listen_all(["tiles", "city_case"]).await?;
        let writing = store::write_changes_down(&mut bell).await;
        writing.context("have changes written down for tiles")?;
        let began_at = Instant::now();
        let (all, place) = read(db, grids).await.context("read the points for tiles")?;
        let begun = Begun {
            all,
            began_at,
            lsn: place.lsn,
        };
        let log = Self {
            db: db.clone(),
            bell,
            place,
            pruning: Pruning::new(),
        };
        Ok((begun, log))
    }

    /// Never ends.
    pub(super) async fn follow(mut self, shared: &Arc<Shared>) {
        loop {
            tokio::select! {
                // a broken connection is made anew by the listener; until then the clock wakes us
                rung = self.bell.recv() => if rung.is_err() { sleep(RETRY).await },
                () = shared.reached.wanted() => {}
                () = shared.grids.more_wanted() => {}
                () = sleep(LOOK_EVERY) => {}
            }
            if let Err(error) = self.catch_up(shared).await {
                tracing::warn!(error = format!("{error:#}"), "the tiles stay as they are");
                sleep(RETRY).await;
            }
            shared.measure().await;
        }
    }

    async fn catch_up(&mut self, shared: &Arc<Shared>) -> anyhow::Result<()> {
        let looked_at = Instant::now();
        let more_grids = shared.grids.wanted() != shared.grids.held();
        if more_grids || shared.reached.age() > AWAY_MAX {
            return self.start_over(shared, looked_at).await;
        }
        let Place {
            horizon,
            seen,
            files,
            ..
        } = &self.place;
        let changes = store::changes_since(&self.db, horizon, seen).await?;
        let incomplete = changes.incomplete || changes.snapshot.files != *files;
        if incomplete
            || shared.has_outgrown().await
            || changes.sets.values().any(|changes| changes.everything)
        {
            return self.start_over(shared, looked_at).await;
        }
        shared.take_in(changes.sets).await?;
        // only now: what could not be taken in is read once more
        self.place = Place {
            lsn: changes.snapshot.lsn,
            horizon: changes.snapshot.horizon,
            seen: changes.seen,
            files: changes.snapshot.files,
        };
        shared.reached.looked(looked_at, self.place.lsn);
        self.pruning.prune(&self.db, &self.place.horizon).await
    }

    async fn start_over(&mut self, shared: &Arc<Shared>, looked_at: Instant) -> anyhow::Result<()> {
        // the bell's connection says that changes are to be written down, and may be another
        store::write_changes_down(&mut self.bell).await?;
        let (all, place) = read(&self.db, &shared.grids.wanted()).await?;
        shared.replace(all).await;
        self.place = place;
        shared.reached.looked(looked_at, self.place.lsn);
        Ok(())
    }
}

async fn read(db: &PgPool, grids: &[Grid]) -> anyhow::Result<(All, Place)> {
    let (mut tx, snapshot) = store::begin(db, None).await?;
    let all = read_sets(&mut tx, grids).await?;
    let place = Place {
        lsn: snapshot.lsn,
        horizon: snapshot.horizon,
        seen: Vec::new(),
        files: snapshot.files,
    };
    Ok((all, place))
}
