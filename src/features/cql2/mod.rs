//! CQL2 (OGC 21-065r2): filters as text and as JSON become the same expression.

mod json;
mod text;
mod token;

use chrono::{DateTime, NaiveDate, Utc};
use geo_types::Geometry;

/// A filter, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// An operator or a function; operators are spelled as in JSON.
    Call {
        op: String,
        args: Vec<Expr>,
    },
    Property(String),
    Text(String),
    Number(f64),
    Bool(bool),
    Date(NaiveDate),
    Timestamp(DateTime<Utc>),
    /// From and to, both of it.
    Interval(Box<[Bound; 2]>),
    List(Vec<Expr>),
    /// Without heights; in the CRS the filter is said to be in.
    Geometry(Geometry<f64>),
    /// The lower corner, then the upper one, in the order of the CRS.
    BBox([f64; 4]),
}

/// An end of an interval.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    /// `..`
    Open,
    At(Expr),
}

/// Not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidFilter {
    #[error("at character {at}: expected {expected}")]
    Text { at: usize, expected: String },
    #[error("at {at}: expected {expected}")]
    Json { at: String, expected: String },
}

/// Longer ones are nobody's filter.
const CHARS_MAX: usize = 64 * 1024;
/// Deeper ones neither; what reads and writes them goes as deep on the stack.
const DEPTH_MAX: usize = 32;

/// Every operator, as JSON spells it; text does not mind the case.
const OPERATORS: [&str; 50] = [
    "and",
    "or",
    "not",
    "=",
    "<>",
    "<",
    ">",
    "<=",
    ">=",
    "like",
    "between",
    "in",
    "isNull",
    "casei",
    "accenti",
    "+",
    "-",
    "*",
    "/",
    "%",
    "div",
    "^",
    "s_intersects",
    "s_equals",
    "s_disjoint",
    "s_touches",
    "s_within",
    "s_overlaps",
    "s_crosses",
    "s_contains",
    "t_after",
    "t_before",
    "t_contains",
    "t_disjoint",
    "t_during",
    "t_equals",
    "t_finishedBy",
    "t_finishes",
    "t_intersects",
    "t_meets",
    "t_metBy",
    "t_overlappedBy",
    "t_overlaps",
    "t_startedBy",
    "t_starts",
    "a_equals",
    "a_contains",
    "a_containedBy",
    "a_overlaps",
    "bbox",
];

impl Expr {
    /// Reads CQL2 text.
    ///
    /// # Errors
    /// Where it ends to be a filter, and what would be right there.
    pub(super) fn from_text(text: &str) -> Result<Self, InvalidFilter> {
        text::parse(text)
    }

    /// Reads CQL2 JSON.
    ///
    /// # Errors
    /// As of text.
    pub(super) fn from_json(text: &str) -> Result<Self, InvalidFilter> {
        json::parse(text)
    }

    fn call<const N: usize>(op: &str, args: [Self; N]) -> Self {
        Self::Call {
            op: op.to_owned(),
            args: args.into(),
        }
    }
}

/// An operator as JSON spells it; a function as it is.
fn spelled(name: &str) -> String {
    let operator = OPERATORS
        .into_iter()
        .find(|operator| operator.eq_ignore_ascii_case(name));
    operator.unwrap_or(name).to_owned()
}

/// RFC 3339; CQL2 has no other zone than `Z`, but who writes one means it.
pub(super) fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?;
    Some(moment.with_timezone(&Utc))
}

/// RFC 3339's full-date: years have four digits.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    day.filter(|_| text.len() == 10)
}

/// What a quoted end of an interval means.
fn bound(text: &str) -> Option<Bound> {
    if text == ".." {
        return Some(Bound::Open);
    }
    let moment = timestamp(text).map(Expr::Timestamp);
    moment.or_else(|| date(text).map(Expr::Date)).map(Bound::At)
}

/// Lower and upper corner of four numbers, or of six with heights.
fn corners(numbers: &[f64]) -> Option<[f64; 4]> {
    match *numbers {
        [west, south, east, north] | [west, south, _, east, north, _] => {
            Some([west, south, east, north])
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
