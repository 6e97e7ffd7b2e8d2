//! What ground changes hands between two partitions.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::arrangement::Arrangement;
use crate::check::region_polygons;
use crate::edges::{Edges, Stroke, id};
use crate::ids::FaceId;
use crate::noding::noded;
use crate::partition::Partition;
use crate::point::Point;
use crate::ring::{Polygon, m2};

/// Ground that is of another face afterwards; `None` is outside the scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    pub from: Option<FaceId>,
    pub to: Option<FaceId>,
    pub area_m2: f64,
    pub polygons: Vec<Polygon>,
}

/// Two partitions side by side, whatever led from one to the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Faces of which a border runs elsewhere, in ascending order, new and gone ones included.
    pub reshaped: Vec<FaceId>,
    /// By who had it and who gets it. Borders that cross are rounded to the grid: each area is
    /// good to a millimetre times the length of its border.
    pub moved: Vec<Moved>,
}

/// What differs between two partitions of the same frame.
pub fn difference(before: &Partition, after: &Partition) -> Difference {
    let gone = only_in(before, after);
    let new = only_in(after, before);
    let reshaped: BTreeSet<FaceId> = gone.union(&new).copied().collect();
    let faces: Vec<FaceId> = reshaped.iter().copied().collect();
    let count = id(faces.len());
    let strokes = borders(before, &faces, 0).chain(borders(after, &faces, count));
    let arrangement = Arrangement::of(noded(Edges::of(strokes, 2 * count)));
    let mut moved: BTreeMap<[Option<FaceId>; 2], (i128, Vec<Polygon>)> = BTreeMap::new();
    for region in 1..id(arrangement.regions.len()) {
        let cover = arrangement.cover(region);
        let then = cover
            .iter()
            .find(|claim| **claim < count)
            .map(|claim| faces[*claim as usize]);
        let now = cover.iter().find(|claim| **claim >= count);
        let now = now.map(|claim| faces[(*claim - count) as usize]);
        if then != now {
            let (area, polygons) = moved.entry([then, now]).or_default();
            *area += arrangement.regions[region as usize].doubled_area;
            polygons.extend(region_polygons(&arrangement, region));
        }
    }
    let moved = moved
        .into_iter()
        .map(|([from, to], (area, polygons))| Moved {
            from,
            to,
            area_m2: m2(area),
            polygons,
        });
    Difference {
        reshaped: faces,
        moved: moved.collect(),
    }
}

/// Faces with a piece of border that is not theirs in the other partition.
fn only_in(one: &Partition, other: &Partition) -> BTreeSet<FaceId> {
    let differing = |id, arc| other.arcs().get(id) != Some(arc);
    let arcs: Vec<_> = one
        .arcs()
        .iter()
        .filter(|(id, arc)| differing(id, arc))
        .collect();
    // an arc may only have been cut in two, or have another number
    let beside: BTreeSet<FaceId> = arcs
        .iter()
        .flat_map(|(_, arc)| arc.sides())
        .flatten()
        .collect();
    let there: FxHashSet<(FaceId, Point, Point)> = beside
        .iter()
        .flat_map(|face| directed(other, *face))
        .collect();
    let faces = beside
        .iter()
        .copied()
        .filter(|face| directed(one, *face).any(|piece| !there.contains(&piece)));
    faces.collect()
}

/// The pieces of border around a face, which lies on their left.
fn directed(
    partition: &Partition,
    face: FaceId,
) -> impl Iterator<Item = (FaceId, Point, Point)> + '_ {
    let arcs = partition
        .arcs_of_face(face)
        .iter()
        .map(|arc| &partition.arcs()[arc]);
    arcs.flat_map(move |arc| {
        let is_left = arc.left == Some(face);
        let turn = move |(a, b)| if is_left { (face, a, b) } else { (face, b, a) };
        arc.line.segments().map(turn)
    })
}

fn borders<'a>(
    partition: &'a Partition,
    faces: &'a [FaceId],
    first_claim: u32,
) -> impl Iterator<Item = Stroke> + 'a {
    let faces = (first_claim..).zip(faces);
    faces.flat_map(move |(claim, &face)| {
        directed(partition, face).map(move |(_, a, b)| Stroke { a, b, claim })
    })
}
