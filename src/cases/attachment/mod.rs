//! Pictures people take: uploaded first, then named by the action that needs them.
//!
//! The file goes to the same store as camera evidence, upright, with faces and plates unrecognisable and
//! without its metadata; its original is kept nowhere; where and when it was
//! taken is what the uploader says. What no action named within a day is swept.

mod http;
mod store;
mod sweep;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use http::routes;
pub use store::{bind, of_case};
pub use sweep::sweep;

/// How long a picture waits for the action it was taken for.
pub const UNUSED_MAX: TimeDelta = TimeDelta::days(1);

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "attachment_kind", rename_all = "snake_case")]
pub enum AttachmentKind {
    /// 上报
    Report,
    /// 核实
    Verification,
    /// 到场
    Arrival,
    /// 设防排险
    Guard,
    /// 处置反馈
    Feedback,
    /// 核查
    Check,
    /// 责任异议
    Dispute,
    /// 快速处置
    Quick,
}

/// A picture that belongs to a case.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Attachment {
    pub id: i64,
    pub kind: AttachmentKind,
    pub url: String,
    /// Pixels.
    pub width: i32,
    /// Pixels.
    pub height: i32,
    /// As the uploader says.
    pub taken_at: Option<DateTime<Utc>>,
    /// Degrees, WGS 84, as the uploader says.
    pub lon: Option<f64>,
    /// Degrees, WGS 84.
    pub lat: Option<f64>,
    /// Who uploaded it.
    pub by: String,
    pub at: DateTime<Utc>,
}

/// Why pictures cannot be named by an action.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Unknown, somebody else's, named before or named twice.
    #[error("picture {0} is not one you uploaded and have not used yet")]
    NotYours(i64),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
