//! Task orders (布置): the centre tells several units to do something by a time; each feeds back,
//! and the order shows who has not. Article 3.

mod http;
mod store;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::territory::Unit;

pub use http::routes;

/// An order and how far it has come, as far as whoever asks may see: a unit sees itself only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct Order {
    id: i64,
    title: String,
    text: String,
    due_at: DateTime<Utc>,
    issued_by: String,
    issued_at: DateTime<Utc>,
    /// Units that fed back …
    replied: usize,
    /// … of so many.
    of: usize,
    /// Whether it is past due and a unit has not fed back.
    overdue: bool,
    units: Vec<Addressee>,
}

/// A unit an order is addressed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct Addressee {
    unit: Unit,
    /// When somebody of the unit first opened it.
    read_at: Option<DateTime<Utc>>,
    receipt: Option<Receipt>,
    /// Past due without a receipt, or the receipt came late.
    overdue: bool,
}

/// What a unit fed back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct Receipt {
    text: String,
    by: String,
    at: DateTime<Utc>,
}

impl Addressee {
    fn new(
        unit: Unit,
        read_at: Option<DateTime<Utc>>,
        receipt: Option<Receipt>,
        due_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Self {
        let until = receipt.as_ref().map_or(now, |receipt| receipt.at);
        Self {
            unit,
            read_at,
            receipt,
            overdue: until > due_at,
        }
    }
}

impl Order {
    /// Counts the receipts of its units.
    fn with_units(mut self, units: Vec<Addressee>) -> Self {
        let waiting = |unit: &&Addressee| unit.receipt.is_none();
        self.of = units.len();
        self.replied = self.of - units.iter().filter(waiting).count();
        self.overdue = units.iter().filter(waiting).any(|unit| unit.overdue);
        self.units = units;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_receipt_is_late_for_ever_and_a_timely_one_never() {
        let due = DateTime::UNIX_EPOCH;
        let second = chrono::TimeDelta::seconds(1);
        let unit = Unit {
            id: 1,
            name_zh: String::new(),
            name_en: String::new(),
        };
        let overdue = |receipt_at: Option<DateTime<Utc>>, now| {
            let receipt = receipt_at.map(|at| Receipt {
                text: String::new(),
                by: String::new(),
                at,
            });
            Addressee::new(unit.clone(), None, receipt, due, now).overdue
        };
        assert!(!overdue(None, due));
        assert!(overdue(None, due + second));
        assert!(!overdue(Some(due), due + second));
        assert!(overdue(Some(due + second), due + second * 2));
    }
}
