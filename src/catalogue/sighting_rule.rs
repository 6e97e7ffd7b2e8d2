//! How machine sightings of a class become a case.

use std::collections::HashMap;

use serde::Deserialize;

use super::{ClassCode, StayRule};

/// Thresholds of one class; each is explained in `sighting_rules.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields)]
pub struct SightingRule {
    /// Component classes a sighting can be pinned to; empty: it stays where it was seen.
    pub snap_classes: Vec<ClassCode>,
    /// A sighting this near to an open case of its class joins it, metres.
    pub join_radius_m: f64,
    /// ... if that case was last seen no longer ago than this, seconds.
    pub join_window_s: i32,
    /// A case opens when so many of the camera's last [`Self::confirm_of`] frames show it.
    pub confirm_frames: i16,
    pub confirm_of: i16,
    /// Weaker detections do not count, 0 to 1.
    pub confidence_min: f32,
    /// Where such a thing must stay to be an event; `None`: being there is enough.
    #[sqlx(skip)]
    pub stay: Option<StayRule>,
}

/// The rules this program ships.
pub(super) fn shipped() -> HashMap<ClassCode, SightingRule> {
    toml::from_str(include_str!("sighting_rules.toml"))
        .expect("the shipped sighting_rules.toml is tested")
}
