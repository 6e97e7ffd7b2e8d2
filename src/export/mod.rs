//! Lists of cases leave the system only with the approval of a data officer, for a purpose, and
//! every download is written down. Article 5.

mod http;
mod sheet;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;

use crate::cases::CaseState;
use crate::catalogue::ClassCode;

pub use http::routes;
pub(crate) use sheet::{BYTE_ORDER_MARK, harmless};

/// How long an approval can be used.
const VALID: TimeDelta = TimeDelta::days(7);

/// Which cases; what is left out does not restrict. What the downloader may not see is left out
/// in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct ExportFilter {
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<Vec<CaseState>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    class: Option<ClassCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handling_unit: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    district: Option<i32>,
    /// Opened at or after this.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<DateTime<Utc>>,
    /// Opened before this.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
}

/// Somebody's wish to take a list of cases out.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
struct ExportRequest {
    #[sqlx(rename = "export_id")]
    id: i64,
    #[schema(value_type = ExportFilter)]
    filter: Json<ExportFilter>,
    purpose: String,
    #[serde(skip)]
    requested_by: i32,
    #[sqlx(rename = "requester")]
    by: String,
    requested_at: DateTime<Utc>,
    /// The data officer; null while it waits.
    #[sqlx(rename = "approver")]
    approved_by: Option<String>,
    approved_at: Option<DateTime<Utc>>,
    /// The data officer who refused it.
    #[sqlx(rename = "refuser")]
    refused_by: Option<String>,
    refused_at: Option<DateTime<Utc>>,
    /// Why it was refused.
    refused_for: Option<String>,
}

impl ExportRequest {
    /// Whether a list can be downloaded with it.
    fn is_valid(&self, at: DateTime<Utc>) -> bool {
        self.approved_at
            .is_some_and(|approved| at < approved + VALID)
    }
}
