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

/// Something that stands where nothing stood, whatever it is: found in the background of a camera and
/// not by a model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingRule {
    pub zone: ZoneKind,
    /// How long backgrounds must show it, seconds.
    pub after_s: i32,
    /// It is gone when no background showed it for this long, seconds.
    pub gone_s: i32,
    /// Labels of models that make it likelier beside it: an umbrella, a table.
    pub support: Vec<String>,
    /// Labels that explain it as something else: a vehicle.
    pub unless: Vec<String>,
    /// What its score must be at least: [`ALONE`](Self::ALONE) and something for each kind of
    /// support.
    pub score_min: f32,
}

impl StandingRule {
    /// The score of what stands there and nothing is known of.
    pub const ALONE: f32 = 0.5;
    /// What each kind of support adds.
    pub const SUPPORTED: f32 = 0.15;

    /// When it stays and when it is gone.
    pub fn stay(&self) -> StayRule {
        StayRule {
            zone: self.zone,
            after_s: self.after_s,
            gone_s: self.gone_s,
        }
    }

    /// How likely a case is with so many kinds of support.
    pub fn score(&self, supports: usize) -> f32 {
        (Self::ALONE + Self::SUPPORTED * supports as f32).min(0.95)
    }
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
