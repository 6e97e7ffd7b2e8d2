//! What moved as a table that spreadsheets open (CSV, RFC 4180).

use anyhow::Context as _;

use super::Moved;
use crate::export::BYTE_ORDER_MARK;

const COLUMNS: [&str; 7] = [
    "id",
    "class",
    "from_cell",
    "to_cell",
    "from_unit",
    "to_unit",
    "area_m2",
];

/// The line that names the columns.
pub(super) fn head() -> anyhow::Result<Vec<u8>> {
    let mut sheet = csv::Writer::from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
    sheet.write_record(COLUMNS)?;
    sheet.into_inner().context("cannot write the head")
}

/// A line for each. Nothing in them is anybody's text.
pub(super) fn lines(moved: &[Moved]) -> anyhow::Result<Vec<u8>> {
    let mut sheet = csv::Writer::from_writer(Vec::new());
    for one in moved {
        let number = |number: Option<i64>| number.map(|it| it.to_string()).unwrap_or_default();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let area = one.area_m2.map(|area_m2| format!("{area_m2:.1}"));
        sheet.write_record([
            number(one.id),
            text(&one.class),
            text(&one.from_cell),
            text(&one.to_cell),
            number(one.from_unit.map(i64::from)),
            number(one.to_unit.map(i64::from)),
            area.unwrap_or_default(),
        ])?;
    }
    sheet.into_inner().context("cannot write the lines")
}
