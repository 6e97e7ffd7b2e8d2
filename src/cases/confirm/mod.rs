//! One look is not a case: a thing must be seen in `k` of the last `n` frames of its camera.
//!
//! A detector errs now and then in a single frame, rarely twice at the same spot. The memory is
//! small and bounded: a few recent frames per camera, of each only class and place.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::Sighting;
use crate::camera::CameraId;
use crate::catalogue::{ClassCode, SightingRule};
use crate::space::GroundPoint;

/// Frames remembered per camera; `confirm_of` of a rule is at most this.
const FRAMES_MAX: usize = 64;
/// Frames remembered besides, each so long after the one before: what is to be seen over some time.
const PACED_MAX: usize = 128;
const PACE: TimeDelta = TimeDelta::seconds(10);
/// Sightings remembered per frame; a street scene has a handful.
const SIGHTINGS_PER_FRAME_MAX: usize = 128;

/// A sighting that was seen often enough to be filed.
#[derive(Debug, Clone)]
pub struct Confirmed {
    pub sighting: Sighting,
    /// When the oldest of the frames that confirm it was taken.
    pub first_seen_at: DateTime<Utc>,
    /// In how many of the last frames it was seen, this one included.
    pub seen_in: i16,
}

/// What the cameras saw in their last frames.
#[derive(Debug, Default)]
pub struct Confirmer {
    cameras: HashMap<CameraId, Looks>,
}

/// The last frames of one camera, in the order in which they were taken.
#[derive(Debug, Default)]
struct Looks {
    all: VecDeque<Look>,
    /// One in a while, and for longer.
    paced: VecDeque<Look>,
}

/// What one frame showed.
#[derive(Debug, Clone)]
struct Look {
    captured_at: DateTime<Utc>,
    seen: Vec<Glimpse>,
}

#[derive(Debug, Clone, Copy)]
struct Glimpse {
    class: ClassCode,
    point: GroundPoint,
    component_id: Option<i64>,
}

impl Glimpse {
    fn of(sighting: &Sighting) -> Self {
        Self {
            class: sighting.class,
            point: sighting.fix.point,
            component_id: sighting.component_id(),
        }
    }

    /// Whether both are one thing: pinned to the same component, or near each other while not
    /// pinned to different ones.
    fn is_same(&self, other: &Self, radius_m: f64) -> bool {
        if self.class != other.class {
            return false;
        }
        match (self.component_id, other.component_id) {
            (Some(one), Some(another)) => one == another,
            _ => self.point.distance_m(other.point) <= radius_m,
        }
    }
}

impl Confirmer {
    /// Remembers one frame of a camera, also when nothing was seen in it. Answers for each of its
    /// sightings, in order, whether it is confirmed. Frames may come out of order; each is judged
    /// by the frames taken before it.
    pub fn confirm(
        &mut self,
        camera: &CameraId,
        captured_at: DateTime<Utc>,
        sightings: Vec<Sighting>,
    ) -> Vec<Option<Confirmed>> {
        let looks = self.cameras.entry(camera.clone()).or_default();
        let before = |look: &Look| look.captured_at <= captured_at;
        let earlier = looks.all.partition_point(before);
        let paced = looks.paced.partition_point(before);
        let glimpses: Vec<Glimpse> = sightings
            .iter()
            .take(SIGHTINGS_PER_FRAME_MAX)
            .map(Glimpse::of)
            .collect();
        let confirmed = sightings
            .into_iter()
            .map(|sighting| match sighting.rule.over_s {
                0 => judge(looks.all.range(..earlier).rev(), sighting),
                over_s => {
                    let others = (sighting.rule.confirm_of - 1).max(1);
                    let apart = TimeDelta::seconds(over_s.into()) / others.into();
                    let looks = looks.paced.range(..paced).rev();
                    judge(spread(looks, captured_at, apart), sighting)
                }
            })
            .collect();
        let look = Look {
            captured_at,
            seen: glimpses,
        };
        let newest = looks.paced.back().map(|newest| newest.captured_at);
        if newest.is_none_or(|newest| captured_at - newest >= PACE) {
            looks.paced.push_back(look.clone());
            if looks.paced.len() > PACED_MAX {
                looks.paced.pop_front();
            }
        }
        looks.all.insert(earlier, look);
        if looks.all.len() > FRAMES_MAX {
            looks.all.pop_front();
        }
        confirmed
    }
}

/// Of `looks`, newest first, those that are at least so long apart, and before `from`.
fn spread<'a>(
    looks: impl Iterator<Item = &'a Look>,
    from: DateTime<Utc>,
    apart: TimeDelta,
) -> impl Iterator<Item = &'a Look> {
    let mut last = from;
    looks.filter(move |look| {
        let taken = last - look.captured_at >= apart;
        if taken {
            last = look.captured_at;
        }
        taken
    })
}

/// `before`: the camera's earlier frames, newest first.
fn judge<'a>(before: impl Iterator<Item = &'a Look>, sighting: Sighting) -> Option<Confirmed> {
    let rule: &SightingRule = &sighting.rule;
    let glimpse = Glimpse::of(&sighting);
    let radius_m = sighting.join_radius_m();
    let since = sighting.captured_at - TimeDelta::seconds(i64::from(rule.join_window_s));
    let mut seen_in = 1;
    let mut first_seen_at = sighting.captured_at;
    let counted = before
        .take(usize::from(rule.confirm_of.unsigned_abs()).saturating_sub(1))
        .take_while(|look| look.captured_at >= since);
    for look in counted {
        if look
            .seen
            .iter()
            .any(|other| glimpse.is_same(other, radius_m))
        {
            seen_in += 1;
            first_seen_at = look.captured_at;
        }
    }
    (seen_in >= rule.confirm_frames).then_some(Confirmed {
        sighting,
        first_seen_at,
        seen_in,
    })
}

#[cfg(test)]
mod tests;
