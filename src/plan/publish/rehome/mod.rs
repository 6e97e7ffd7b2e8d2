//! Open cases follow the ground.

mod store;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::cases::CaseId;

/// A case that another cell has, or another unit.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub(super) struct Rehomed {
    case_id: CaseId,
    /// Who was and is responsible for the place.
    pub(super) from_unit: Option<i32>,
    pub(super) to_unit: Option<i32>,
    version: i32,
    before: Value,
    after: Value,
}

/// Gives open cases the cell they lie in by an edition, and those that nobody was sent to the unit
/// that answers for it.
///
/// The regulation says nothing of cases under way when the ground is divided anew. Whoever was sent
/// to a case finishes it (Article 13: the unit that was notified handles it and is measured by it,
/// Article 15: who is not responsible disputes), so a dispatched case keeps its unit, and the
/// edition and the reasons by which it came there. A case nobody was sent to yet goes by the ground
/// as it is (Article 3, R3.5), unless a component's own unit or somebody's decision named its unit.
///
/// Returns what changed; doing it twice changes nothing more.
pub(super) async fn rehome(
    tx: &mut PgConnection,
    edition_id: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<Vec<Rehomed>> {
    let rehomed = store::rehome(tx, edition_id).await?;
    store::insert_events(tx, edition_id, &rehomed, at).await?;
    Ok(rehomed)
}
