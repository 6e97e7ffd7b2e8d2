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
}

impl ComponentIndex {
    /// `None` without components.
    pub(super) fn build(components: &[(u32, GroundPoint)]) -> Option<Self> {
        let frame = FixedFrame::around(components.iter().map(|(_, at)| *at))?;
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
        })
    }

    /// The nearest component within reach that `stands` and its distance in metres; of equally near
    /// ones the first in the list.
    #[inline]
    pub(super) fn nearest(
        &self,
        point: GroundPoint,
        within_m: f64,
        stands: impl Fn(&u32) -> bool,
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
        best.map(|component| (component, best_squared_m2.sqrt()))
    }
}

#[cfg(test)]
#[path = "component_index_tests.rs"]
mod tests;
