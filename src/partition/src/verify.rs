//! Proves that a partition is one, from its arcs alone and by other means than those that made it.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::arrangement::Arrangement;
use crate::edges::{Edges, Stroke, id};
use crate::ids::{ArcId, FaceId, NodeId};
use crate::noding::Grid;
use crate::partition::Partition;
use crate::point::Point;

/// How a partition would not be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("arc {0:?} does not run from its first node to its last")]
    Ends(ArcId),
    #[error("arc {0:?} stands still or leaves the plane")]
    Line(ArcId),
    #[error("arc {0:?} has the same on both sides, or a face that is not there")]
    Sides(ArcId),
    #[error("node {0:?} joins two arcs that are one, or none")]
    Node(NodeId),
    #[error("face {0:?} has no border")]
    Borderless(FaceId),
    #[error("an id is given that is still to be given")]
    NextIds,
    #[error("a border is there twice at {0:?}")]
    Twice(Point),
    #[error("borders meet beside a node at {0:?}")]
    Meeting(Point),
    #[error("the ground beside the border at {0:?} is not whose the border says")]
    Owner(Point),
}

impl Partition {
    /// Checks every invariant: arcs end in their nodes and meet nowhere else, each edge is there
    /// once, every region of the plane is of one face or outside, and it is the one that the arcs
    /// around it say.
    ///
    /// # Errors
    /// The first flaw found.
    pub fn verify(&self) -> Result<(), Flaw> {
        self.verify_parts()?;
        let faces: Vec<FaceId> = self.faces.keys().copied().collect();
        let number: FxHashMap<FaceId, u32> =
            (0..).zip(&faces).map(|(at, face)| (*face, at)).collect();
        let mut strokes = Vec::new();
        let mut sides: FxHashMap<(Point, Point), [Option<FaceId>; 2]> = FxHashMap::default();
        for arc in self.arcs.values() {
            for (a, b) in arc.line.segments() {
                let claims = arc.sides().into_iter().flatten().map(|face| number[&face]);
                strokes.extend(claims.map(|claim| Stroke { a, b, claim }));
                let forward = a < b;
                let [left, right] = arc.sides();
                let labels = if forward {
                    [left, right]
                } else {
                    [right, left]
                };
                if sides.insert((a.min(b), a.max(b)), labels).is_some() {
                    return Err(Flaw::Twice(a));
                }
            }
        }
        let edges = Edges::of(strokes, id(faces.len()));
        let grid = Grid::over(&edges, 1);
        if let Some(contact) = grid.contacts(&edges).first() {
            return Err(Flaw::Meeting(contact.at));
        }
        let arrangement = Arrangement::of((edges, grid));
        for edge in 0..id(arrangement.edges.len()) {
            let (a, b) = arrangement.edges.segment(edge);
            let labels = sides[&(a, b)];
            for (half, label) in [2 * edge, 2 * edge + 1].into_iter().zip(labels) {
                let cover = arrangement.cover(arrangement.region(half));
                let is_there = match (cover, label) {
                    ([], None) => true,
                    ([claim], Some(face)) => faces[*claim as usize] == face,
                    _ => false,
                };
                if !is_there {
                    return Err(Flaw::Owner(a));
                }
            }
        }
        Ok(())
    }

    fn verify_parts(&self) -> Result<(), Flaw> {
        let mut degrees: BTreeMap<NodeId, Vec<ArcId>> = BTreeMap::new();
        for (&id, arc) in &self.arcs {
            let ends = (arc.line.first(), arc.line.last());
            if ends != (self.nodes.get(&arc.from), self.nodes.get(&arc.to)) || ends.0.is_none() {
                return Err(Flaw::Ends(id));
            }
            let stands = arc.line.segments().any(|(a, b)| a == b);
            if stands || arc.line.len() < 2 || !arc.line.iter().all(|point| point.is_in_range()) {
                return Err(Flaw::Line(id));
            }
            let is_known = |face: &FaceId| self.faces.contains_key(face);
            if arc.left == arc.right || !arc.sides().iter().flatten().all(is_known) {
                return Err(Flaw::Sides(id));
            }
            for node in [arc.from, arc.to] {
                degrees.entry(node).or_default().push(id);
            }
        }
        for &node in self.nodes.keys() {
            let is_joint = match degrees.get(&node).map(Vec::as_slice) {
                None | Some([] | [_]) => false,
                // a ring of its own begins and ends somewhere
                Some([one, other]) => one == other,
                Some(_) => true,
            };
            if !is_joint {
                return Err(Flaw::Node(node));
            }
        }
        if let Some(face) = self
            .faces
            .keys()
            .find(|face| self.arcs_of_face(**face).is_empty())
        {
            return Err(Flaw::Borderless(*face));
        }
        let is_past = self.nodes.keys().all(|node| *node < self.next.node)
            && self.arcs.keys().all(|arc| *arc < self.next.arc)
            && self.faces.keys().all(|face| *face < self.next.face);
        if is_past { Ok(()) } else { Err(Flaw::NextIds) }
    }
}
