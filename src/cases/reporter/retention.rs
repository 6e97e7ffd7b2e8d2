//! Personal data does not stay longer than it is needed.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::store;
use crate::rules::Policy;

/// What a round of erasing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    pub reporters: u64,
    /// Their cases were over before this.
    pub ended_before: DateTime<Utc>,
}

/// Erases the personal data of reporters whose cases have been over for longer than the policy
/// keeps it. A tombstone stays for each, so that counts do not change.
pub async fn erase_expired(
    db: impl PgExecutor<'_>,
    policy: &Policy,
    at: DateTime<Utc>,
) -> sqlx::Result<Erased> {
    let ended_before = at - policy.reporter_retention();
    let reporters = store::erase(db, ended_before, at).await?;
    Ok(Erased {
        reporters,
        ended_before,
    })
}
