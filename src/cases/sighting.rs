//! What a camera saw, where that is, and whose.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::camera::{CameraId, FrameId, Mask};
use crate::catalogue::{ClassCode, SightingRule};
use crate::ground::Fix;
use crate::space::PixelBox;
use crate::territory::Placement;
use crate::vision::{About, ModelRef};

/// The picture something was seen in.
#[derive(Debug, Clone)]
pub struct Picture {
    /// As it was pushed.
    pub jpeg: Bytes,
    /// What nobody may see of it.
    pub masks: Arc<[Mask]>,
    pub width_px: u32,
    pub height_px: u32,
}

/// One thing seen in one frame, on the ground and inside the city.
#[derive(Debug, Clone)]
pub struct Sighting {
    pub class: ClassCode,
    /// How sightings of this class become cases.
    pub rule: Arc<SightingRule>,
    pub frame_id: FrameId,
    pub camera_id: CameraId,
    pub captured_at: DateTime<Utc>,
    pub picture: Picture,
    pub pixel_box: PixelBox,
    /// 0 to 1.
    pub confidence: f32,
    pub model: Arc<ModelRef>,
    pub calibration_id: i32,
    pub fix: Fix,
    pub placement: Placement,
}

impl Sighting {
    /// The component it is pinned to.
    pub fn component_id(&self) -> Option<i64> {
        self.placement.component.as_ref().map(|c| c.id)
    }

    /// Whether both are of one thing: pinned to the same component or, where not both are, near.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.class == other.class
            && match (self.component_id(), other.component_id()) {
                (Some(one), Some(another)) => one == another,
                _ => self.fix.point.distance_m(other.fix.point) <= self.join_radius_m(),
            }
    }

    /// What its picture is of. What has to stay to be an event is a vehicle, and has plates.
    pub(super) fn about(&self) -> About {
        match self.rule.stay {
            Some(_) => About::Place(self.pixel_box),
            None => About::Thing(self.pixel_box),
        }
    }

    /// How far from it another sighting of its class may be and still be the same thing: the
    /// class's join radius, or how unsure this place is when that is more.
    pub fn join_radius_m(&self) -> f64 {
        self.rule.join_radius_m.max(self.fix.ellipse.semi_major_m)
    }
}
