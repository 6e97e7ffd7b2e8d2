//! How machine sightings of a class become a case.

use std::collections::HashMap;

use serde::Deserialize;

use super::{ClassCode, StandingRule, StayRule};

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
    /// How it is told from what stands in the background; `None`: by models alone.
    #[sqlx(skip)]
    pub standing: Option<StandingRule>,
    /// A component is looked for within this of a sighting, metres, and within what its place is unsure
    /// by.
    #[serde(default = "reach_m")]
    pub reach_m: f64,
    /// Whether a sighting with no such component in reach is held back.
    #[serde(default)]
    pub only_at_component: bool,
    /// The frames that confirm it are spread over at least this long, seconds; 0: one after the
    /// other.
    #[serde(default)]
    pub over_s: i32,
    /// Such a thing does not move: where the camera's background shows something else, the model
    /// saw what passed.
    #[serde(default)]
    pub is_static: bool,
    /// Widths on the ground that such a thing can have, metres; `None`: any.
    #[serde(default)]
    pub width_min_m: Option<f64>,
    #[serde(default)]
    pub width_max_m: Option<f64>,
}

impl SightingRule {
    /// Whether something so wide can be one.
    pub fn can_be_wide(&self, width_m: f64) -> bool {
        self.width_min_m.is_none_or(|least| width_m >= least)
            && self.width_max_m.is_none_or(|most| width_m <= most)
    }
}

/// A box ends a few pixels off, and a thing's foot is off its middle by half its width, however
/// good the calibration is.
fn reach_m() -> f64 {
    3.0
}

/// The rules this program ships.
pub(super) fn shipped() -> HashMap<ClassCode, SightingRule> {
    toml::from_str(include_str!("sighting_rules.toml"))
        .expect("the shipped sighting_rules.toml is tested")
}
