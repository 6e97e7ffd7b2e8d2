//! Whose ground a point is.

use crate::arrangement::{lies_east, x_at};
use crate::ids::{ArcId, FaceId};
use crate::partition::{Arc, Partition};
use crate::point::{Point, is_on_segment, orientation};

impl Partition {
    /// The face at a point: exactly one inside the scope, and always the same.
    ///
    /// A point on a border belongs to the face that lies a hair to the north-east of it; on the
    /// outer border, where that is nobody's, to the face of the smallest id that touches it.
    pub fn face_at(&self, at: Point) -> Option<FaceId> {
        self.face_beyond_the_west(at).or_else(|| {
            let touching = self.index.around(at).iter().map(|arc| &self.arcs[arc]);
            touching
                .filter(|arc| arc.line.segments().any(|(a, b)| is_on_segment(a, b, at)))
                .flat_map(Arc::sides)
                .flatten()
                .min()
        })
    }

    /// The face east of the nearest border to the west, for a point moved a hair to the east and
    /// less than a hair to the north.
    fn face_beyond_the_west(&self, at: Point) -> Option<FaceId> {
        let mut nearest: Option<(Point, Point)> = None;
        let mut face = None;
        let mut seen: Vec<ArcId> = Vec::new();
        for (west_mm, arcs) in self.index.to_the_west(at) {
            for &id in arcs {
                if seen.contains(&id) {
                    continue;
                }
                seen.push(id);
                let arc = &self.arcs[&id];
                for (a, b) in arc.line.segments() {
                    if (a.y <= at.y) == (b.y <= at.y) {
                        continue;
                    }
                    let upward = if a.y < b.y { (a, b) } else { (b, a) };
                    if orientation(upward.0, upward.1, at) <= 0
                        && nearest.is_none_or(|other| lies_east(upward, other, at.y))
                    {
                        nearest = Some(upward);
                        face = if a.y < b.y { arc.right } else { arc.left };
                    }
                }
            }
            if nearest.is_some_and(|upward| x_at(upward, at.y) > west_mm as f64 + 1.0) {
                break;
            }
        }
        face
    }
}
