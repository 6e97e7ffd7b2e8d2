//! Lines of a bill: exact, without floating point once read.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// Longest bill.
const ITEMS_MAX: usize = 100;
/// Longest name of an item, characters.
const ITEM_CHARS_MAX: usize = 100;
/// Thousandths in one.
const MILLI: i64 = 1000;
/// Nothing a crew uses comes in larger quantities.
const QUANTITY_MAX: f64 = 1e6;
/// 10 million yuan.
const PRICE_MAX_FEN: i64 = 1_000_000_000;

/// One line of a bill: so many of something at so much each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What was used or done.
    pub item: String,
    /// More than 0, to the thousandth.
    #[schema(value_type = f64)]
    pub quantity: Quantity,
    /// Of one of it, fen (1/100 yuan).
    pub unit_price_fen: i64,
}

/// How many, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity(i64);

/// What is wrong with a bill.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {right}")]
pub struct ItemProblem {
    /// `items`, or `items/<n>/<field>` counted from 0.
    pub field: String,
    /// What would be right.
    pub right: String,
}

impl Serialize for Quantity {
    #[expect(
        clippy::cast_precision_loss,
        reason = "at most a thousand million thousandths"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / MILLI as f64)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    #[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let quantity = f64::deserialize(deserializer)?;
        let thousandths = quantity * 1000.0;
        let exact = (thousandths - thousandths.round()).abs() < 1e-6;
        if !(quantity > 0.0 && quantity <= QUANTITY_MAX && exact) {
            return Err(serde::de::Error::custom(
                "a quantity is more than 0, at most a million, and exact to the thousandth",
            ));
        }
        Ok(Self(thousandths.round() as i64))
    }
}

impl Item {
    /// Half a fen is rounded up, as on a bill.
    fn amount_fen(&self) -> i64 {
        (self.quantity.0 * self.unit_price_fen + MILLI / 2) / MILLI
    }
}

/// What a bill comes to, fen.
///
/// # Errors
/// Names the line and field that is wrong.
pub fn total_fen(items: &[Item]) -> Result<i64, ItemProblem> {
    let wrong = |field: String, right: String| Err(ItemProblem { field, right });
    if items.is_empty() || items.len() > ITEMS_MAX {
        return wrong("items".to_owned(), format!("1 to {ITEMS_MAX} lines"));
    }
    for (number, item) in items.iter().enumerate() {
        let chars = item.item.trim().chars().count();
        if !(1..=ITEM_CHARS_MAX).contains(&chars) {
            let right = format!("1 to {ITEM_CHARS_MAX} characters");
            return wrong(format!("items/{number}/item"), right);
        }
        if !(1..=PRICE_MAX_FEN).contains(&item.unit_price_fen) {
            let right = format!("1 to {PRICE_MAX_FEN} fen");
            return wrong(format!("items/{number}/unit_price_fen"), right);
        }
    }
    // a hundred lines of 10^9 thousandths at 10^9 fen fit: each line is at most 10^15 fen
    let total = items.iter().map(Item::amount_fen).sum();
    if total == 0 {
        return wrong("items".to_owned(), "at least one fen in all".to_owned());
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bill(lines: &[(f64, i64)]) -> Result<i64, ItemProblem> {
        let lines: Vec<_> = lines
            .iter()
            .map(|(quantity, price)| {
                json!({ "item": "sand", "quantity": quantity, "unit_price_fen": price })
            })
            .collect();
        total_fen(&serde_json::from_value::<Vec<Item>>(lines.into()).unwrap())
    }

    #[test]
    fn bills_are_exact() {
        assert_eq!(bill(&[(2.0, 1999), (0.1, 10)]), Ok(3999));
        assert_eq!(bill(&[(2.5, 333)]), Ok(833), "832.5 fen");
        assert_eq!(bill(&[(0.001, 400)]).unwrap_err().field, "items");
        assert_eq!(bill(&[(1e6, PRICE_MAX_FEN)]), Ok(1_000_000_000_000_000));
    }

    #[test]
    fn what_is_no_bill_is_refused_by_name() {
        assert_eq!(bill(&[]).unwrap_err().field, "items");
        assert_eq!(
            bill(&[(1.0, 1), (1.0, 0)]).unwrap_err().field,
            "items/1/unit_price_fen"
        );
        for quantity in [0.0, -1.0, 0.0005, 1e7] {
            let line = json!({ "item": "sand", "quantity": quantity, "unit_price_fen": 1 });
            assert!(serde_json::from_value::<Item>(line).is_err(), "{quantity}");
        }
    }
}
