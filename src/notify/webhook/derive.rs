//! From what happened to what is to be delivered.

use std::collections::HashMap;

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::store::{self, Due};
use crate::cases::{self, CaseId, CaseRow};
use crate::notify::follower;

const FOLLOWER: &str = "webhook";
/// Deliveries written by one statement.
const DELIVERIES_AT_A_TIME: usize = 500;

/// Fields of a case's row that name people.
const PERSONAL: [&str; 2] = ["assignee_id", "worker_id"];

/// Writes the deliveries of everything that was committed since the last time; not if another
/// process is doing so.
pub(super) async fn derive(db: &PgPool, at: DateTime<Utc>) -> anyhow::Result<()> {
    let mut tx = db
        .begin()
        .await
        .context("cannot begin to write deliveries")?;
    let Some(span) = follower::follow(&mut tx, FOLLOWER).await? else {
        return Ok(());
    };
    let due = store::due(&mut *tx, &span).await?;
    for due in due.chunks(DELIVERIES_AT_A_TIME) {
        let ids: Vec<CaseId> = due.iter().map(|due| CaseId(due.case_id)).collect();
        let rows = cases::rows(&mut *tx, &ids).await?;
        let rows: HashMap<CaseId, CaseRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        let bodies = due
            .iter()
            .map(|due| body(due, rows.get(&CaseId(due.case_id))));
        let bodies: Vec<String> = bodies.collect::<Result<_, _>>()?;
        store::insert_deliveries(&mut *tx, due, &bodies, at).await?;
    }
    follower::proceed(&mut tx, FOLLOWER, &span, !due.is_empty()).await?;
    tx.commit().await.context("cannot commit deliveries")
}

/// A CloudEvent 1.0.
fn body(due: &Due, row: Option<&CaseRow>) -> serde_json::Result<String> {
    let mut data = match row.filter(|_| due.theirs) {
        Some(row) => serde_json::to_value(row)?,
        None => json!({ "id": due.case_id }),
    };
    if let Value::Object(fields) = &mut data {
        fields.retain(|name, _| !PERSONAL.contains(&name.as_str()));
    }
    serde_json::to_string(&json!({
        "specversion": "1.0",
        "id": due.event_id.to_string(),
        "source": "/cityward",
        "type": format!("cityward.case.{}", due.action),
        "subject": due.case_id.to_string(),
        "time": due.at.to_rfc3339_opts(SecondsFormat::Micros, true),
        "datacontenttype": "application/json",
        "data": data,
    }))
}
