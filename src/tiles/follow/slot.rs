//! Following by the database's own log of commits.
//!
//! A logical replication slot of our own gives every committed transaction in the order of the
//! commits, with the rows as they are after it: nothing is asked again, and a transaction is taken
//! in whole or not at all. The points are read first, in the snapshot that the slot begins after.
//! The slot lives as long as its connection; whoever loses it reads everything anew.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures::FutureExt as _;
use metrics::gauge;
use pgwire_replication::{ReplicationClient, ReplicationEvent};
use sqlx::PgPool;
use tokio::time::Instant;

use super::looks::Looks;
use super::pgoutput::{Message, Row, Tables, Values};
use super::reading::read_sets;
use super::{AnotherGrid, Begun, CommitLog, Shared};
use crate::telemetry;
use crate::tiles::Grid;
use crate::tiles::source::PointSet;
use crate::tiles::store::{self, Lsn, SetChanges};

/// What names the tables, and the columns of them that tiles are made from (migration 27).
pub(super) const PUBLICATION: &str = "cityward_tiles";
/// Who answers looks, and has more in its log than we were told, but says nothing at all on its connection
/// for so long has lost us.
const SILENT_MAX: Duration = Duration::from_secs(120);
/// Rows of several transactions that are taken in at once, if they are there already.
const ROWS_AT_ONCE: usize = 4096;

/// Reads the log of commits.
pub(super) struct SlotStream {
    db: PgPool,
    client: ReplicationClient,
    /// The slot's name.
    slot: String,
    kept_bytes_max: u64,
    tables: Tables,
    /// What the transactions changed that have been read and not taken in.
    changes: HashMap<PointSet, SetChanges>,
    /// In the middle of a transaction, `changes` may not be taken in.
    in_transaction: bool,
    /// Up to where `changes` goes.
    lsn: Lsn,
    /// Those of the tables when they were read.
    files: String,
}

impl Drop for SlotStream {
    /// With its connection the slot ends, and nothing is kept for it.
    fn drop(&mut self) {
        gauge!(telemetry::TILE_LOG_KEPT_BYTES).set(0.0);
    }
}

impl SlotStream {
    /// Makes a slot and reads all points as they are when it begins.
    pub(super) async fn open(
        db: &PgPool,
        log: &CommitLog,
        grids: &[Grid],
    ) -> anyhow::Result<(Begun, Self)> {
        let began_at = Instant::now();
        let slot = log.replication.slot(PUBLICATION).await?;
        let name = slot.name.clone();
        let lsn = Lsn::at(slot.begins_at);
        let (mut tx, snapshot) = store::begin(db, Some(&slot.snapshot)).await?;
        let client = slot.start().await?;
        let all = read_sets(&mut tx, grids)
            .await
            .context("read the points for tiles")?;
        match store::spare_changes(db).await {
            Ok(true) => {}
            Ok(false) => tracing::info!("another process follows by written changes: they go on"),
            Err(error) => tracing::info!(%error, "changes are still written down beside the log"),
        }
        let stream = Self {
            db: db.clone(),
            client,
            slot: name,
            kept_bytes_max: log.kept_bytes_max,
            tables: Tables::default(),
            changes: HashMap::new(),
            in_transaction: false,
            lsn,
            files: snapshot.files,
        };
        let begun = Begun { all, began_at, lsn };
        Ok((begun, stream))
    }

    /// Ends when another grid is wanted, or with the reason why the log cannot be read any further.
    pub(super) async fn follow(mut self, shared: &Arc<Shared>) -> anyhow::Result<AnotherGrid> {
        let mut looks = Looks::begin(self.db.clone(), self.slot.clone());
        // where the log ended when somebody looked, and when that was
        let mut end: Option<(Instant, Lsn)> = None;
        let mut told_at = Instant::now();
        loop {
            tokio::select! {
                event = self.client.recv() => {
                    self.read(event?)?;
                    self.read_what_is_there()?;
                    self.take_in(shared).await?;
                    // what took us long to take in is no silence
                    told_at = Instant::now();
                }
                () = shared.grids.more_wanted() => return Ok(AnotherGrid),
                looked = looks.next() => {
                    match looked? {
                        Ok(looked) => {
                            ensure!(looked.end.files == self.files, "a table was rewritten");
                            let is_told = end
                                .is_none_or(|(at, _)| told_at.max(at).elapsed() < SILENT_MAX);
                            ensure!(is_told, "the log is silent");
                            // one that is not reached yet stays: a log that is seconds behind would
                            // else never reach any
                            end.get_or_insert((looked.at, looked.end.lsn));
                            if let Some(kept) = looked.kept {
                                self.ensure_little_is_kept(kept)?;
                            }
                        }
                        // how old the tiles are is said by nobody renewing it
                        Err(error) => tracing::debug!(%error, "cannot ask where the log ends"),
                    }
                    shared.measure().await;
                    ensure!(!shared.has_outgrown().await, "most values are of no point any more");
                }
            }
            // in the middle of a transaction those before it may be read and not taken in
            if let Some((looked_at, lsn)) = end
                && !self.in_transaction
                && self.lsn >= lsn.record_end()
            {
                shared.reached.looked(looked_at, lsn);
                end = None;
            }
        }
    }

    /// The server keeps its log from where the oldest transaction began that had not ended when we
    /// read it: one that stays open for hours must not fill the disk for our sake.
    fn ensure_little_is_kept(&self, kept: Option<i64>) -> anyhow::Result<()> {
        let kept = u64::try_from(kept.context("the slot is gone")?).unwrap_or(0);
        gauge!(telemetry::TILE_LOG_KEPT_BYTES).set(kept as f64);
        ensure!(
            kept <= self.kept_bytes_max,
            "{kept} bytes of the log are kept for the tiles"
        );
        Ok(())
    }

    fn read_what_is_there(&mut self) -> anyhow::Result<()> {
        let count = |changes: &HashMap<_, SetChanges>| -> usize {
            changes.values().map(|set| set.ids.len()).sum()
        };
        while self.in_transaction || count(&self.changes) < ROWS_AT_ONCE {
            match self.client.recv().now_or_never() {
                Some(event) => self.read(event?)?,
                None => break,
            }
        }
        Ok(())
    }

    fn read(&mut self, event: Option<ReplicationEvent>) -> anyhow::Result<()> {
        match event.context("the server has ended the log")? {
            ReplicationEvent::Begin { .. } => self.in_transaction = true,
            ReplicationEvent::XLogData { data, .. } => self.read_message(&data)?,
            ReplicationEvent::Commit { end_lsn, .. } => {
                self.in_transaction = false;
                self.lsn = Lsn::at(end_lsn.as_u64());
            }
            ReplicationEvent::KeepAlive { wal_end, .. } => {
                if !self.in_transaction {
                    self.lsn = self.lsn.max(Lsn::at(wal_end.as_u64()));
                }
            }
            ReplicationEvent::Message { .. } => {}
            ReplicationEvent::StoppedAt { .. } => bail!("the server has ended the log"),
        }
        Ok(())
    }

    fn read_message(&mut self, data: &[u8]) -> anyhow::Result<()> {
        match Message::read(data)? {
            Message::Table(id, table) => self.tables.announce(id, table)?,
            Message::Insert(table, new) => self.put(table, &new)?,
            Message::Update { table, old, new } => {
                if let Some(old) = old {
                    self.remove(table, &old)?;
                }
                self.put(table, &new)?;
            }
            Message::Delete(table, old) => self.remove(table, &old)?,
            Message::Truncate(_) => bail!("a table was truncated"),
            Message::Other => {}
        }
        Ok(())
    }

    fn put(&mut self, table: u32, values: &Values<'_>) -> anyhow::Result<()> {
        let table = self.tables.get(table)?;
        let Some(set) = PointSet::of_table(&table.name) else {
            return Ok(());
        };
        let row = Row { table, values };
        let id = set.key(row)?;
        let point = set.point_row(row)?;
        self.changes.entry(set).or_default().put(id, point);
        Ok(())
    }

    fn remove(&mut self, table: u32, key: &Values<'_>) -> anyhow::Result<()> {
        let table = self.tables.get(table)?;
        let Some(set) = PointSet::of_table(&table.name) else {
            return Ok(());
        };
        let id = set.key(Row { table, values: key })?;
        self.changes.entry(set).or_default().put(id, None);
        Ok(())
    }

    async fn take_in(&mut self, shared: &Arc<Shared>) -> anyhow::Result<()> {
        if self.in_transaction {
            return Ok(());
        }
        if !self.changes.is_empty() {
            shared.take_in(std::mem::take(&mut self.changes)).await?;
        }
        shared.reached.read_up_to(self.lsn);
        let applied = pgwire_replication::Lsn::from(self.lsn.as_u64());
        self.client.update_applied_lsn(applied);
        Ok(())
    }
}
