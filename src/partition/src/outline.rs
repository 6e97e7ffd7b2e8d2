//! The rings around a face.

use std::collections::BTreeMap;

use crate::ids::{FaceId, NodeId};
use crate::partition::Arc;
use crate::point::{Point, by_angle};
use crate::ring::simple_rings;

/// An arc in the direction in which the face lies on its left.
struct Side<'a> {
    from: NodeId,
    to: NodeId,
    line: &'a [Point],
    is_reversed: bool,
}

impl Side<'_> {
    fn point(&self, index: usize) -> Point {
        let last = self.line.len() - 1;
        self.line[if self.is_reversed {
            last - index
        } else {
            index
        }]
    }

    fn points(&self) -> impl Iterator<Item = Point> + '_ {
        (0..self.line.len() - 1).map(|index| self.point(index))
    }

    fn leaves(&self) -> (i64, i64) {
        self.point(0).to(self.point(1))
    }

    /// Back along the way it arrives.
    fn back(&self) -> (i64, i64) {
        let last = self.line.len() - 1;
        self.point(last).to(self.point(last - 1))
    }
}

/// The rings around a face from all arcs that bound it: counter-clockwise around its parts,
/// clockwise around holes. What does not close is left out.
pub(crate) fn outline<'a>(
    face: FaceId,
    arcs: impl IntoIterator<Item = &'a Arc>,
) -> Vec<Vec<Point>> {
    rings_around(|side| side == Some(face), arcs)
}

/// The same around all that `is_inside` says of the sides of arcs; of the arcs given those count
/// that have it on one side.
pub(crate) fn rings_around<'a>(
    is_inside: impl Fn(Option<FaceId>) -> bool,
    arcs: impl IntoIterator<Item = &'a Arc>,
) -> Vec<Vec<Point>> {
    let mut sides: Vec<Side<'a>> = Vec::new();
    for arc in arcs {
        let line = arc.line.as_slice();
        let [left, right] = arc.sides().map(&is_inside);
        if left && !right {
            let (from, to) = (arc.from, arc.to);
            sides.push(Side {
                from,
                to,
                line,
                is_reversed: false,
            });
        }
        if right && !left {
            let (from, to) = (arc.to, arc.from);
            sides.push(Side {
                from,
                to,
                line,
                is_reversed: true,
            });
        }
    }
    let mut leaving: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
    for (index, side) in sides.iter().enumerate() {
        leaving.entry(side.from).or_default().push(index);
    }
    let mut is_done = vec![false; sides.len()];
    let mut rings = Vec::new();
    for start in 0..sides.len() {
        if is_done[start] {
            continue;
        }
        let mut walk: Vec<Point> = Vec::new();
        let mut at = start;
        loop {
            is_done[at] = true;
            walk.extend(sides[at].points());
            let there = leaving.get(&sides[at].to).map_or(&[][..], Vec::as_slice);
            match next_clockwise(&sides, sides[at].back(), there) {
                Some(next) if next == start => {
                    rings.extend(simple_rings(walk));
                    break;
                }
                Some(next) if !is_done[next] => at = next,
                _ => break,
            }
        }
    }
    rings
}

/// Of the sides that leave a node, the first one clockwise from a direction.
fn next_clockwise(sides: &[Side<'_>], from: (i64, i64), leaving: &[usize]) -> Option<usize> {
    if let [only] = leaving {
        return Some(*only);
    }
    // counter-clockwise from `from`, the last one
    let turn = |index: &usize| {
        let direction = sides[*index].leaves();
        (by_angle(direction, from).is_gt(), direction)
    };
    leaving.iter().copied().max_by(|one, other| {
        let ((one_after, one), (other_after, other)) = (turn(one), turn(other));
        // those after `from` come before those that follow past east
        other_after
            .cmp(&one_after)
            .then_with(|| by_angle(one, other))
    })
}
