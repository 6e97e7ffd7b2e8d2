//! Seals: about once a second what was written since is closed.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::hash::Seal;
use super::store;
use crate::http::App;

const SEAL_EVERY: Duration = Duration::from_secs(1);
/// Rows of cases in a seal; one transaction may bring more.
const ROWS_MAX: u32 = 100_000;

/// Seals until `stop`. Of several processes on one database one does it at a time.
pub async fn keep_sealed(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match seal(&app.machine, app.now()).await {
            // there may be more than a seal holds
            Ok(true) => continue,
            Ok(false) => {}
            Err(_) if app.machine.is_closed() => return,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "cannot seal the record");
            }
        }
        stop.run_until_cancelled(tokio::time::sleep(SEAL_EVERY))
            .await;
    }
}

/// Writes the next seal, if there is anything to close; whether it is full.
///
/// Only transactions that have ended are closed: a row can never come into a span that is sealed.
pub async fn seal(db: &PgPool, at: DateTime<Utc>) -> anyhow::Result<bool> {
    let mut tx = db.begin().await.context("cannot begin to seal")?;
    if !store::try_lock_sealing(&mut *tx).await? {
        return Ok(false);
    }
    let last = store::last_seal(&mut *tx).await?;
    let from_xact = last.as_ref().map_or("0", |seal| &seal.to_xact).to_owned();
    let rows = store::unsealed(&mut *tx, &from_xact, ROWS_MAX).await?;
    if rows.case_events == 0 && rows.audit_entries == 0 {
        return Ok(false);
    }
    let mut seal = Seal {
        number: last.as_ref().map_or(1, |seal| seal.number + 1),
        at,
        from_xact,
        to_xact: rows.to_xact,
        event_ids: rows.event_ids,
        entry_ids: rows.entry_ids,
        case_events: rows.case_events,
        audit_entries: rows.audit_entries,
        rows_hash: rows.rows_hash,
        prev_hash: last.map(|seal| seal.hash),
        hash: Vec::new(),
    };
    seal.hash = seal.computed().to_vec();
    store::insert_seal(&mut *tx, &seal).await?;
    tx.commit().await.context("cannot commit a seal")?;
    Ok(seal.case_events >= i64::from(ROWS_MAX))
}
