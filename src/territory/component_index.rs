//! Point → nearest component of one class.
//!
//! Places lie sorted by bucket in one stretch of memory, so that buckets beside each other in a
//! row are read in one go.

use super::fixed::{FixedFrame, FixedPoint};
use super::raster::Raster;
use crate::space::GroundPoint;

/// Few enough that a search reads little, enough that it visits few buckets.
const PLACES_PER_BUCKET: usize = 2;

/// A place and the position of its component in the list the index was built from.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: FixedPoint,
    component: u32,
}

#[derive(Debug)]
pub(super) struct ComponentIndex {
    frame: FixedFrame,
    raster: Raster,
    /// Per bucket where its places begin; one more for the end.
    first: Vec<u32>,
    places: Vec<Place>,
    /// What lies further away than a city is wide, a mistake of the register mostly: in one frame
    /// with the others it would make all of them coarse.
    beyond: Option<Box<ComponentIndex>>,
}

/// From the middle of a city to its end, degrees of longitude and latitude.
const REACH_DEG: f64 = 1.0;

/// Of indexes beyond another; the last one takes all that is left, however coarse.
const BEYOND_MAX: usize = 8;

impl ComponentIndex {
    /// `None` without components.
    pub(super) fn build(components: &[(u32, GroundPoint)]) -> Option<Self> {
        Self::build_within(components, BEYOND_MAX)
    }

    fn build_within(components: &[(u32, GroundPoint)], beyond_max: usize) -> Option<Self> {
        let frame = FixedFrame::around(components.iter().map(|(_, at)| *at))?;
        if beyond_max > 0 && !frame.is_finest() {
            let middle = middle(components)?;
            let is_near = |at: GroundPoint| {
                (at.lon - middle.lon).abs() <= REACH_DEG && (at.lat - middle.lat).abs() <= REACH_DEG
            };
            let (near, far): (Vec<_>, Vec<_>) =
                components.iter().copied().partition(|(_, at)| is_near(*at));
            let mut index = Self::build_within(&near, 0)?;
            index.beyond = Self::build_within(&far, beyond_max - 1).map(Box::new);
            return Some(index);
        }
        let raster = Raster::over(&frame, components.len() / PLACES_PER_BUCKET);
        let mut places: Vec<Place> = components
            .iter()
            .filter_map(|(component, at)| {
                Some(Place {
                    at: frame.fix(*at)?,
                    component: *component,
                })
            })
            .collect();
        places.sort_unstable_by_key(|place| (raster.bucket_of(place.at), place.component));
        let mut first = vec![0_u32; raster.len() + 1];
        for place in &places {
            first[raster.bucket_of(place.at) + 1] += 1;
        }
        for bucket in 0..raster.len() {
            first[bucket + 1] += first[bucket];
        }
        Some(Self {
            frame,
            raster,
            first,
            places,
            beyond: None,
        })
    }

    /// The nearest component within reach that `stands` and its distance in metres; of equally near
    /// ones the first in the list.
    #[inline]
    pub(super) fn nearest(
        &self,
        point: GroundPoint,
        within_m: f64,
        stands: impl Fn(&u32) -> bool + Copy,
    ) -> Option<(u32, f64)> {
        let from = self.frame.vantage(point);
        let mut best_squared_m2 = within_m * within_m;
        let mut best = None;
        self.raster.visit_rings(from, within_m, |row, west, east| {
            let first = self.first[self.raster.bucket(west, row)];
            let end = self.first[self.raster.bucket(east, row) + 1];
            for place in &self.places[first as usize..end as usize] {
                let east_m = (f64::from(place.at.x) - from.x) * from.m_per_x;
                let north_m = (f64::from(place.at.y) - from.y) * from.m_per_y;
                let squared_m2 = east_m * east_m + north_m * north_m;
                let nearer = squared_m2 < best_squared_m2
                    || squared_m2 == best_squared_m2
                        && best.is_none_or(|best| place.component < best);
                if nearer && stands(&place.component) {
                    best_squared_m2 = squared_m2;
                    best = Some(place.component);
                }
            }
            best_squared_m2.sqrt()
        });
        let best = best.map(|component| (component, best_squared_m2.sqrt()));
        let Some(beyond) = &self.beyond else {
            return best;
        };
        let within_m = best.map_or(within_m, |(_, distance_m)| distance_m);
        let other = beyond.nearest(point, within_m, stands);
        match (best, other) {
            (Some(one), Some(other)) if (one.1, one.0) <= (other.1, other.0) => Some(one),
            (one, other) => other.or(one),
        }
    }
}

/// The one in the middle from west to east: most are in the city.
fn middle(components: &[(u32, GroundPoint)]) -> Option<GroundPoint> {
    let mut places: Vec<GroundPoint> = components.iter().map(|(_, at)| *at).collect();
    let half = places.len() / 2;
    if places.is_empty() {
        return None;
    }
    let (_, middle, _) = places.select_nth_unstable_by(half, |a, b| a.lon.total_cmp(&b.lon));
    Some(*middle)
}

#[cfg(test)]
#[path = "component_index_tests.rs"]
mod tests;
