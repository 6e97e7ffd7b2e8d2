//! An impact as a table that spreadsheets open: a line for each unit, then one for each open case.

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};

use super::{Impact, ImpactCase, UnitLoad};
use crate::export::{BYTE_ORDER_MARK, harmless};

const UNIT_COLUMNS: [&str; 12] = [
    "unit",
    "name_zh",
    "cells_before",
    "cells_after",
    "area_m2_before",
    "area_m2_after",
    "components_before",
    "components_after",
    "open_cases_before",
    "open_cases_after",
    "recent_cases_before",
    "recent_cases_after",
];
const CASE_COLUMNS: [&str; 9] = [
    "case",
    "class",
    "state",
    "due_at",
    "at_risk",
    "from_cell",
    "to_cell",
    "from_unit",
    "to_unit",
];

/// CSV (RFC 4180).
pub(in crate::plan) fn write(impact: &Impact) -> anyhow::Result<Vec<u8>> {
    let mut sheet = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
    sheet.write_record(UNIT_COLUMNS)?;
    for unit in &impact.units {
        sheet.write_record(of_unit(unit))?;
    }
    sheet.write_record(CASE_COLUMNS)?;
    for case in &impact.open_cases {
        sheet.write_record(of_case(case)?)?;
    }
    sheet.into_inner().context("cannot finish the table")
}

fn of_unit(
    UnitLoad {
        unit,
        before,
        after,
    }: &UnitLoad,
) -> [String; UNIT_COLUMNS.len()] {
    [
        unit.id.to_string(),
        harmless(&unit.name_zh),
        before.cells.to_string(),
        after.cells.to_string(),
        format!("{:.1}", before.area_m2),
        format!("{:.1}", after.area_m2),
        before.components.to_string(),
        after.components.to_string(),
        before.open_cases.to_string(),
        after.open_cases.to_string(),
        before.recent_cases.to_string(),
        after.recent_cases.to_string(),
    ]
}

fn of_case(case: &ImpactCase) -> anyhow::Result<[String; CASE_COLUMNS.len()]> {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let number = |unit: Option<i32>| unit.map(|unit| unit.to_string()).unwrap_or_default();
    let state = serde_json::to_value(case.state)?;
    Ok([
        case.id.to_string(),
        case.class.to_string(),
        state.as_str().unwrap_or_default().to_owned(),
        case.due_at.map(time).unwrap_or_default(),
        case.at_risk.to_string(),
        case.from_cell.clone(),
        case.to_cell.clone().unwrap_or_default(),
        number(case.from_unit),
        number(case.to_unit),
    ])
}
