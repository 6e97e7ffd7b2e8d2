//! What comes back at a place where it was settled not long ago is a new case, linked to the old one.

mod store;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::CaseId;
use crate::rules::RuleSet;

/// Links a new case to the one of its class that ended last on its component or, where not both
/// are pinned, within `radius_m`; not longer ago than the rules say. Returns that one.
pub(super) async fn link(
    tx: &mut PgConnection,
    case: CaseId,
    radius_m: f64,
    rules: &RuleSet,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<CaseId>> {
    let since = at - rules.policy().recurrence_window;
    store::link(tx, case, radius_m, since).await
}
