//! What ground changes hands between two partitions.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::arrangement::Arrangement;
use crate::check::region_polygons;
use crate::edges::{Edges, Stroke, id};
use crate::ids::{ArcId, FaceId};
use crate::noding::noded;
use crate::partition::{Arc, Partition};
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

/// What differs between two partitions of the same frame; looks at every arc of both.
///
/// Who follows what becomes of a partition keeps a [`Comparison`](crate::Comparison) instead.
pub fn difference(before: &Partition, after: &Partition) -> Difference {
    let arcs = differing(before, after);
    let reshaped = reshaped(before, after, &arcs);
    let moved = Overlay::of(before, after, &reshaped).moved();
    Difference { reshaped, moved }
}

/// The ground that faces of two partitions of the same frame have in common, in square metres, by the
/// one's face and the other's. The two need not have anything to do with each other.
pub fn common_ground(one: &Partition, other: &Partition) -> BTreeMap<(FaceId, FaceId), f64> {
    let [then, now] = [one, other].map(|partition| partition.faces().keys().copied().collect());
    let (then, now): (Vec<FaceId>, Vec<FaceId>) = (then, now);
    let overlay = Overlay::between((one, &then), (other, &now));
    let mut doubled: BTreeMap<(FaceId, FaceId), i128> = BTreeMap::new();
    for (region, hands) in overlay.hands() {
        if let [Some(then), Some(now)] = hands {
            *doubled.entry((then, now)).or_default() +=
                overlay.arrangement.regions[region as usize].doubled_area;
        }
    }
    { doubled.into_iter() }
        .map(|(faces, doubled)| (faces, m2(doubled)))
        .collect()
}

/// The arcs that are not the same in both.
pub(crate) fn differing(before: &Partition, after: &Partition) -> BTreeSet<ArcId> {
    let arcs = before.arcs().keys().chain(after.arcs().keys());
    let differs = |id: &&ArcId| before.arcs().get(id) != after.arcs().get(id);
    arcs.filter(differs).copied().collect()
}

/// Faces of which a border runs elsewhere, in ascending order, where at most `arcs` differ.
pub(crate) fn reshaped(
    before: &Partition,
    after: &Partition,
    arcs: &BTreeSet<ArcId>,
) -> Vec<FaceId> {
    let gone = only_in(before, after, arcs);
    let new = only_in(after, before, arcs);
    gone.union(&new).copied().collect()
}

/// Faces as they were and as they are, laid over each other.
pub(crate) struct Overlay<'a> {
    then: &'a [FaceId],
    now: &'a [FaceId],
    arrangement: Arrangement,
}

impl<'a> Overlay<'a> {
    pub(crate) fn of(before: &Partition, after: &Partition, faces: &'a [FaceId]) -> Self {
        Self::between((before, faces), (after, faces))
    }

    fn between(
        (before, then): (&Partition, &'a [FaceId]),
        (after, now): (&Partition, &'a [FaceId]),
    ) -> Self {
        let (first, count) = (id(then.len()), id(then.len() + now.len()));
        let strokes = borders(before, then, 0).chain(borders(after, now, first));
        let arrangement = Arrangement::of(noded(Edges::of(strokes, count)));
        Self {
            then,
            now,
            arrangement,
        }
    }

    /// Who had and who has each piece of ground.
    fn hands(&self) -> impl Iterator<Item = (u32, [Option<FaceId>; 2])> + '_ {
        let first = id(self.then.len());
        let regions = 1..id(self.arrangement.regions.len());
        regions.map(move |region| {
            let cover = self.arrangement.cover(region);
            let then = cover.iter().find(|claim| **claim < first);
            let now = cover.iter().find(|claim| **claim >= first);
            let then = then.map(|claim| self.then[*claim as usize]);
            let now = now.map(|claim| self.now[(*claim - first) as usize]);
            (region, [then, now])
        })
    }

    /// The ground that is of another face afterwards, in ascending order of who had it and who
    /// gets it.
    pub(crate) fn moved(&self) -> Vec<Moved> {
        let mut moved: BTreeMap<[Option<FaceId>; 2], (i128, Vec<Polygon>)> = BTreeMap::new();
        for (region, hands) in self.hands().filter(|(_, [then, now])| then != now) {
            let (area, polygons) = moved.entry(hands).or_default();
            *area += self.arrangement.regions[region as usize].doubled_area;
            polygons.extend(region_polygons(&self.arrangement, region));
        }
        let moved = moved
            .into_iter()
            .map(|([from, to], (area, polygons))| Moved {
                from,
                to,
                area_m2: m2(area),
                polygons,
            });
        moved.collect()
    }
}

/// Faces with a piece of border that is not theirs in the other partition; at most `arcs` differ.
fn only_in(one: &Partition, other: &Partition, arcs: &BTreeSet<ArcId>) -> BTreeSet<FaceId> {
    // an arc may only have been cut in two, or have another number
    let beside: BTreeSet<FaceId> = arcs
        .iter()
        .filter_map(|arc| one.arcs().get(arc))
        .flat_map(Arc::sides)
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

/// The borders of faces, each a claim of its own from `first_claim` on.
pub(crate) fn borders<'a>(
    partition: &'a Partition,
    faces: &'a [FaceId],
    first_claim: u32,
) -> impl Iterator<Item = Stroke> + 'a {
    let faces = (first_claim..).zip(faces);
    faces.flat_map(move |(claim, &face)| {
        directed(partition, face).map(move |(_, a, b)| Stroke { a, b, claim })
    })
}
