//! A newer file of cells takes the place of those in force; and no code is given twice.

mod store;

use anyhow::ensure;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::options::CellOptions;
use super::report::Report;
use super::staged;
use super::store::{NewCell, insert_cells};
use crate::rules;
pub(crate) use store::{end_duties, lock_ground};

/// From when the cells of a file are in force.
///
/// # Errors
/// The moment is in the future, or something about the ground of others changed at it or after it; or the
/// file is to replace cells, and there are none.
pub(super) async fn beginning(
    tx: &mut PgConnection,
    options: &CellOptions,
) -> anyhow::Result<DateTime<Utc>> {
    if options.replace {
        lock_ground(tx).await?;
    }
    let now = store::now(tx).await?;
    let from = options.from.unwrap_or(now);
    ensure!(from <= now, "--from {from} lies in the future: make a plan");
    if options.replace {
        ensure!(
            store::are_cells_at(tx, from).await?,
            "no cell is in force at {from}: there is nothing to replace"
        );
    }
    // the ground of a span of time is read once: nothing begins within one that is over
    if (options.replace || options.from.is_some())
        && let Some(changed) = store::last_change(tx).await?
    {
        ensure!(
            changed < from,
            "cells or who is responsible changed at {changed}: what comes to them must begin later"
        );
    }
    Ok(from)
}

/// Refuses codes that were given: to a cell in force unless it is to be replaced, and to one that
/// has ended. GB/T 30428.1: a code names one cell.
pub(super) async fn refuse_known_codes(
    tx: &mut PgConnection,
    cells: &[NewCell],
    replace: bool,
    report: &mut Report,
) -> sqlx::Result<()> {
    let coded: Vec<&NewCell> = cells.iter().filter(|cell| !cell.code.is_empty()).collect();
    let codes: Vec<&str> = coded.iter().map(|cell| cell.code.as_str()).collect();
    let known = store::known_codes(tx, &codes).await?;
    for cell in coded {
        let code = &cell.code;
        let index = staged::index(cell.row);
        match known.get(code) {
            None => {}
            Some(None) if replace => {}
            Some(None) => report.refuse(index, format!("duplicate code: {code} is a cell already")),
            Some(Some(until)) => {
                report.refuse(index, format!("used code: {code} was a cell until {until}"));
            }
        }
    }
    Ok(())
}

/// Refuses a code that goes on without any of the ground it had: that would be another cell.
pub(super) async fn refuse_codes_elsewhere(
    tx: &mut PgConnection,
    cells: &[NewCell],
    report: &mut Report,
) -> sqlx::Result<()> {
    for row in store::codes_elsewhere(tx, cells).await? {
        report.refuse(
            staged::index(row),
            "moved code: the cell with this code lies elsewhere",
        );
    }
    Ok(())
}

/// Ends every cell in force at a moment with what hangs on it, and has these begin.
pub(super) async fn replace(
    tx: &mut PgConnection,
    edition: i32,
    from: DateTime<Utc>,
    cells: &[NewCell],
) -> sqlx::Result<()> {
    let ended = store::end_all(tx, edition, from).await?;
    insert_cells(tx, edition, from, cells).await?;
    store::insert_lineage(tx, edition, &ended).await?;
    store::insert_outside(tx, edition, &ended).await?;
    store::hand_down(tx, edition, from).await?;
    // the parents' duties were needed until here
    end_duties(tx, edition, from, &ended).await?;
    rules::pass_on_precedents(tx, edition, from).await
}
