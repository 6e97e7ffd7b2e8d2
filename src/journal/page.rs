//! The record as an auditor reads it, page by page.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::FromRow;
use utoipa::ToSchema;

/// One line of the record: an entry, or an event of a case.
#[derive(Debug, Serialize, FromRow, ToSchema)]
pub(super) struct AuditRow {
    /// `entry` or `event`.
    pub(super) source: String,
    /// Of its source.
    pub(super) id: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) actor: String,
    pub(super) person_id: Option<i32>,
    pub(super) person_name: Option<String>,
    /// What was changed: `person:3`, `case:7`.
    pub(super) subject: String,
    pub(super) action: String,
    /// The role in which it was done; of cases only.
    pub(super) role: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
    /// Hexadecimal; [`super::hash`] says of what.
    pub(super) hash: String,
}

/// Where a page begins: after this line. Written `<microseconds>-<source>-<id>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageStart {
    pub(super) at: DateTime<Utc>,
    pub(super) source: String,
    pub(super) id: i64,
}

impl PageStart {
    pub(super) fn after(row: &AuditRow) -> String {
        format!("{}-{}-{}", row.at.timestamp_micros(), row.source, row.id)
    }
}

/// What `next` of the page before would look like.
#[derive(Debug, thiserror::Error)]
#[error("must be `next` of the page before")]
pub(super) struct NotAPage;

impl FromStr for PageStart {
    type Err = NotAPage;

    fn from_str(text: &str) -> Result<Self, NotAPage> {
        let mut parts = text.splitn(3, '-');
        let mut part = || parts.next().ok_or(NotAPage);
        let (at, source, id) = (part()?, part()?, part()?);
        let at = at.parse().ok().and_then(DateTime::from_timestamp_micros);
        Ok(Self {
            at: at.ok_or(NotAPage)?,
            source: source.to_owned(),
            id: id.parse().ok().ok_or(NotAPage)?,
        })
    }
}
