//! Cells must not lie on each other: every place has one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::report::Report;
use super::{staged, store};

/// More than a sliver: borders digitised twice overlap by less.
const SLIVER_M2: f64 = 1.0;

/// Less is rounding.
const NOISE_M2: f64 = 0.001;

/// Refuses staged cells that lie on an earlier row that was taken or on a cell that is in force at or
/// after the moment from which they stand `beside` it; notes slivers. `None`: they take the place of all
/// of them.
pub(super) async fn refuse(
    tx: &mut PgConnection,
    report: &mut Report,
    beside: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    let usable: Vec<i32> = (0..report.rows.len())
        .filter(|index| !report.is_refused(*index))
        .map(staged::row)
        .collect();
    let in_force = match beside {
        Some(from) => store::overlaps_with_cells(tx, &usable, from).await?,
        None => Vec::new(),
    };
    for (row, code, area_m2) in in_force {
        let with = format!("cell {code}");
        judge(report, staged::index(row), &with, area_m2);
    }
    let mut by_later: BTreeMap<i32, Vec<(i32, f64)>> = BTreeMap::new();
    for (earlier, later, area_m2) in store::overlaps_in_stage(tx, &usable).await? {
        by_later.entry(later).or_default().push((earlier, area_m2));
    }
    for (later, overlaps) in by_later {
        for (earlier, area_m2) in overlaps {
            if !report.is_refused(staged::index(earlier)) {
                let number = report.rows[staged::index(earlier)].number;
                judge(
                    report,
                    staged::index(later),
                    &format!("row {number}"),
                    area_m2,
                );
            }
        }
    }
    Ok(())
}

fn judge(report: &mut Report, index: usize, with: &str, area_m2: f64) {
    if area_m2 > SLIVER_M2 {
        report.refuse(index, format!("overlap: {area_m2:.1} m² with {with}"));
    } else if area_m2 > NOISE_M2 && !report.is_refused(index) {
        report.note(index, format!("sliver: {area_m2:.3} m² with {with}"));
    }
}
