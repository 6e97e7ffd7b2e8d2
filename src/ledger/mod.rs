//! What quick disposal costs the city: a yearly budget, what each case took of it, and what owners
//! who were found later paid back. Article 16.
//!
//! Money is whole fen (1/100 yuan). Entries are append-only; the sums of a year stand in one row,
//! which is also the lock that keeps two spends from taking the same money.

mod http;
mod item;
mod store;

use chrono::{DateTime, Datelike as _, Utc};
use sqlx::PgConnection;

pub use http::routes;
pub use item::{Item, ItemProblem, total_fen};

use crate::cases::CaseId;
use crate::time::beijing;

/// What a case costs, by whom and when.
#[derive(Debug, Clone, Copy)]
pub struct Spend<'a> {
    pub case_id: CaseId,
    pub items: &'a [Item],
    pub person_id: i32,
    pub at: DateTime<Utc>,
}

/// What was written into the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    pub entry_id: i64,
    pub amount_fen: i64,
    /// Of the year, after it.
    pub balance_fen: i64,
}

/// Why nothing was spent; the transaction can go on.
#[derive(Debug, thiserror::Error)]
pub enum SpendError {
    #[error(transparent)]
    Item(#[from] ItemProblem),
    /// What is missing has to be approved for this case by a duty chief or leader first.
    #[error(
        "it costs {amount_fen} fen and the year has {balance_fen} left; {missing_fen} fen beyond the \
         balance need the approval of a duty chief or leader"
    )]
    BeyondBalance {
        amount_fen: i64,
        balance_fen: i64,
        missing_fen: i64,
    },
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The sums of one year, fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
struct Sums {
    budget_fen: i64,
    spent_fen: i64,
    recovered_fen: i64,
}

impl Sums {
    fn balance_fen(self) -> i64 {
        self.budget_fen + self.recovered_fen - self.spent_fen
    }
}

/// Budgets are of calendar years in Beijing time.
fn year_of(at: DateTime<Utc>) -> i16 {
    i16::try_from(at.with_timezone(&beijing()).year()).expect("times have years of four digits")
}

/// Takes what a case costs from the balance of its year, in the transaction that settles it.
/// Whoever spends at the same time waits for the end of the transaction, so spend late in it.
///
/// # Errors
/// [`SpendError::BeyondBalance`] unless what is missing was approved for this case and not used.
pub async fn spend(tx: &mut PgConnection, spend: &Spend<'_>) -> Result<Spent, SpendError> {
    let amount_fen = total_fen(spend.items)?;
    let year = year_of(spend.at);
    let balance_fen = store::lock_year(tx, year).await?.balance_fen();
    let missing_fen = amount_fen - balance_fen.max(0);
    let approval_id = if missing_fen > 0 {
        let approval = store::unused_approval(&mut *tx, spend.case_id, missing_fen).await?;
        Some(approval.ok_or(SpendError::BeyondBalance {
            amount_fen,
            balance_fen,
            missing_fen,
        })?)
    } else {
        None
    };
    let entry_id = store::insert_spend(tx, year, spend, amount_fen, approval_id).await?;
    Ok(Spent {
        entry_id,
        amount_fen,
        balance_fen: balance_fen - amount_fen,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_ends_at_midnight_in_beijing() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(year_of(at("2026-12-31T15:59:59Z")), 2026);
        assert_eq!(year_of(at("2026-12-31T16:00:00Z")), 2027);
    }
}
