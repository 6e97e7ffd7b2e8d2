//! A list of cases as a table that spreadsheets open.

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};

use crate::cases::CaseRow;
use crate::catalogue::Catalogue;
use crate::territory::Unit;

/// Without it spreadsheets take UTF-8 for something else.
pub(crate) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// No free text: people write names and numbers into it.
const COLUMNS: [&str; 15] = [
    "id",
    "class",
    "class_zh",
    "class_en",
    "state",
    "source",
    "lon",
    "lat",
    "cell",
    "place",
    "unit",
    "opened_at",
    "due_at",
    "overdue",
    "ended_at",
];

/// CSV (RFC 4180) with the watermark as its first line.
pub(super) fn write(watermark: &str, cases: &[CaseRow]) -> anyhow::Result<Vec<u8>> {
    let mut sheet = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
    sheet.write_record([harmless(watermark)])?;
    sheet.write_record(COLUMNS)?;
    for case in cases {
        sheet.write_record(line(case)?)?;
    }
    sheet.into_inner().context("cannot finish the table")
}

fn line(case: &CaseRow) -> anyhow::Result<[String; COLUMNS.len()]> {
    let class = Catalogue::shipped().class(case.class);
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let unit = case.handling_unit.as_ref().or(case.unit.as_ref());
    let name = |unit: &Unit| harmless(&unit.name_zh);
    Ok([
        case.id.to_string(),
        case.class.to_string(),
        class.map(|class| class.name_zh.clone()).unwrap_or_default(),
        class.map(|class| class.name_en.clone()).unwrap_or_default(),
        word(serde_json::to_value(case.state)?),
        word(serde_json::to_value(case.source)?),
        format!("{:.6}", case.lon),
        format!("{:.6}", case.lat),
        case.cell.code.clone(),
        harmless(&case.place_text),
        unit.map(name).unwrap_or_default(),
        time(case.opened_at),
        case.clock
            .as_ref()
            .and_then(|clock| clock.due_at)
            .map(time)
            .unwrap_or_default(),
        case.overdue.to_string(),
        case.ended_at.map(time).unwrap_or_default(),
    ])
}

/// A cell that begins like a formula is one for a spreadsheet; behind an apostrophe it is text.
pub(crate) fn harmless(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watermark_stands_first_and_nothing_is_a_formula() {
        let sheet = String::from_utf8(write("=cmd|' /C calc'!A0, by 张三", &[]).unwrap()).unwrap();
        let mut lines = sheet.trim_start_matches(BYTE_ORDER_MARK).lines();
        assert_eq!(lines.next(), Some("\"'=cmd|' /C calc'!A0, by 张三\""));
        assert!(lines.next().unwrap().starts_with("id,class,"));
    }
}
