//! Classes of things that are an event only where, and if, they stay.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a piece of ground is, or must be kept free of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "zone_kind", rename_all = "snake_case")]
pub enum ZoneKind {
    /// 禁停区
    NoParking,
    /// 人行道
    Pavement,
    /// 店前
    ShopFront,
    /// 须保持畅通: in front of exits and hydrants.
    KeepClear,
}

/// Where a thing must stay, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StayRule {
    pub zone: ZoneKind,
    /// Seconds.
    pub after_s: i32,
    /// It is gone when it was not seen there for this long, seconds.
    pub gone_s: i32,
}
