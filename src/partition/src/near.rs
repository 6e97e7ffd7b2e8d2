//! What of the borders lies near a place: where a pointer snaps to, and which ground a loop takes.

use std::collections::BTreeSet;

use crate::ids::{ArcId, FaceId};
use crate::partition::Partition;
use crate::point::{Point, along, between, distance_to_segment_mm, is_inside, whole};
use crate::ring::Polygon;

/// A piece of border, and the place on it that is nearest to where it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seam {
    /// The vertices at its ends.
    pub between: [Point; 2],
    pub at: Point,
}

impl Partition {
    /// The vertex nearest to a place, of equally near ones the first in order.
    pub fn nearest_vertex(&self, place: Point, within_mm: u32) -> Option<Point> {
        let near = self
            .arcs_around(place, within_mm)
            .into_iter()
            .flat_map(|arc| self.arcs()[&arc].line.iter().copied())
            .map(|vertex| (place.distance_mm(vertex), vertex))
            .filter(|(distance_mm, _)| *distance_mm <= f64::from(within_mm));
        near.min_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)))
            .map(|(_, vertex)| vertex)
    }

    /// The border nearest to a place, of equally near ones the first in order of arcs.
    pub fn nearest_border(&self, place: Point, within_mm: u32) -> Option<Seam> {
        let near = self
            .arcs_around(place, within_mm)
            .into_iter()
            .flat_map(|arc| self.arcs()[&arc].line.segments())
            .map(|(a, b)| (distance_to_segment_mm(a, b, place), [a, b]))
            .filter(|(distance_mm, _)| *distance_mm <= f64::from(within_mm));
        let (_, between) = near.min_by(|one, other| one.0.total_cmp(&other.0))?;
        let at = foot(between, place);
        Some(Seam { between, at })
    }

    /// The vertices in a box given by its corners, in order, and at most `most` of them.
    pub fn vertices_in(&self, low: Point, high: Point, most: usize) -> BTreeSet<Point> {
        let is_in = |point: &Point| {
            (low.x..=high.x).contains(&point.x) && (low.y..=high.y).contains(&point.y)
        };
        let arcs = self.index.in_box(low, high);
        let lines = arcs.iter().map(|arc| &self.arcs()[arc].line);
        let mut found = BTreeSet::new();
        for &vertex in lines.flat_map(|line| line.iter()).filter(|at| is_in(at)) {
            if found.len() == most {
                break;
            }
            found.insert(vertex);
        }
        found
    }

    /// The faces with their inner point in a polygon, in ascending order.
    pub fn faces_within(&self, polygon: &Polygon) -> Vec<FaceId> {
        let is_within = |point: Point| {
            let rings = polygon.rings().map(|ring| is_inside(ring, point));
            rings.filter(|inside| *inside != Some(false)).count() == 1
        };
        let faces = self.faces().keys().copied();
        faces
            .filter(|face| self.inner_point(*face).is_some_and(is_within))
            .collect()
    }

    /// A point well inside the largest polygon of a face: where its name is written.
    pub fn inner_point(&self, face: FaceId) -> Option<Point> {
        let polygons = self.polygons(face);
        let largest = polygons
            .iter()
            .max_by(|one, other| one.area_m2().total_cmp(&other.area_m2()))?;
        largest.inner_point()
    }

    fn arcs_around(&self, place: Point, within_mm: u32) -> Vec<ArcId> {
        let reach = i32::try_from(within_mm).unwrap_or(i32::MAX);
        let corner = |by: fn(i32, i32) -> i32| Point::new(by(place.x, reach), by(place.y, reach));
        self.index
            .in_box(corner(i32::saturating_sub), corner(i32::saturating_add))
    }
}

impl Polygon {
    /// The middle of the longest stretch that runs inside from west to east at half height.
    pub fn inner_point(&self) -> Option<Point> {
        let south = self.exterior.iter().map(|point| point.y).min()?;
        let north = self.exterior.iter().map(|point| point.y).max()?;
        let y = i32::midpoint(south, north);
        let mut crossings: Vec<f64> = Vec::new();
        for ring in self.rings() {
            let ends = ring.iter().skip(1).chain(ring.first());
            for (a, b) in ring.iter().zip(ends) {
                if (a.y <= y) != (b.y <= y) {
                    let share = (f64::from(y) - f64::from(a.y)) / (f64::from(b.y) - f64::from(a.y));
                    crossings.push(f64::from(a.x) + share * (f64::from(b.x) - f64::from(a.x)));
                }
            }
        }
        crossings.sort_by(f64::total_cmp);
        let stretches = crossings.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
        let [west, east] = stretches.max_by(|one, other| {
            let length = |[west, east]: &[f64; 2]| east - west;
            length(one).total_cmp(&length(other))
        })?;
        Some(Point::new(whole(f64::midpoint(west, east)), y))
    }
}

/// The grid point nearest to the foot of a place on a segment.
fn foot([a, b]: [Point; 2], place: Point) -> Point {
    let whole_length = along(a, b, b);
    if whole_length == 0 {
        return a;
    }
    let share = (along(a, b, place) as f64 / whole_length as f64).clamp(0.0, 1.0);
    between(a, b, share)
}
