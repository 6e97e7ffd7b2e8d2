//! The ground of a city, divided.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::arc_index::ArcIndex;
use crate::chains::Chain;
use crate::ids::{ArcId, FaceId, NextIds, NodeId, UnitId};
use crate::line::Line;
use crate::outline::outline;
use crate::point::Point;
use crate::ring::{Polygon, doubled_area_of, m2, polygons};
use crate::subject::Subject;

/// A border from node to node. It meets others in its nodes only, and has one face, or the
/// outside of the scope, on either side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arc {
    pub from: NodeId,
    pub to: NodeId,
    pub left: Option<FaceId>,
    pub right: Option<FaceId>,
    /// Both nodes and what lies between.
    pub line: Line,
}

impl Arc {
    pub fn sides(&self) -> [Option<FaceId>; 2] {
        [self.left, self.right]
    }
}

/// What is known of a face besides where it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Face {
    pub ground: Ground,
    /// What it is called from now on; none: as it was called, which a partition does not know.
    pub name: Option<String>,
    pub owner: Option<UnitId>,
    /// Who answers for single subjects, whoever the owner is.
    pub duties: BTreeMap<Subject, UnitId>,
    /// Nothing of a locked face may change but the lock.
    pub is_locked: bool,
}

/// Whose ground a face is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// A cell's own.
    #[default]
    Cell,
    /// Nobody's although it lies inside: a person has to say whose it is.
    Unclaimed,
    /// Claimed by several cells: a person has to say whose it is.
    Contested(Vec<FaceId>),
}

/// Faces that cover a scope without gap and overlap, because they are what borders leave.
///
/// Polygons are derived ([`Partition::polygons`]). Everything is in ascending order of ids, so
/// that the same partition is always the same bytes.
#[derive(Debug, Clone, Default)]
pub struct Partition {
    pub(crate) nodes: BTreeMap<NodeId, Point>,
    pub(crate) arcs: BTreeMap<ArcId, Arc>,
    pub(crate) faces: BTreeMap<FaceId, Face>,
    pub(crate) next: NextIds,
    // what follows from the arcs
    arcs_of_node: FxHashMap<NodeId, Vec<ArcId>>,
    arcs_of_face: FxHashMap<FaceId, Vec<ArcId>>,
    pub(crate) index: ArcIndex,
}

impl PartialEq for Partition {
    fn eq(&self, other: &Self) -> bool {
        self.nodes == other.nodes
            && self.arcs == other.arcs
            && self.faces == other.faces
            && self.next == other.next
    }
}

impl Partition {
    /// A partition of borders; nodes and arcs are numbered in the order of their places.
    pub(crate) fn of(chains: Vec<Chain>, faces: BTreeMap<FaceId, Face>, next_face: FaceId) -> Self {
        let mut ends: Vec<Point> = chains
            .iter()
            .flat_map(|chain| [chain.line[0], chain.line[chain.line.len() - 1]])
            .collect();
        ends.sort_unstable();
        ends.dedup();
        let mut next = NextIds {
            face: next_face,
            ..NextIds::default()
        };
        let numbers: FxHashMap<Point, NodeId> =
            ends.into_iter().map(|point| (point, next.node())).collect();
        let mut arcs = BTreeMap::new();
        for Chain { line, left, right } in chains {
            let (from, to) = (numbers[&line[0]], numbers[&line[line.len() - 1]]);
            let line = Line(line);
            arcs.insert(
                next.arc(),
                Arc {
                    from,
                    to,
                    left,
                    right,
                    line,
                },
            );
        }
        let nodes = numbers
            .into_iter()
            .map(|(point, node)| (node, point))
            .collect();
        Self::with_parts(nodes, arcs, faces, next)
    }

    pub(crate) fn with_parts(
        nodes: BTreeMap<NodeId, Point>,
        arcs: BTreeMap<ArcId, Arc>,
        faces: BTreeMap<FaceId, Face>,
        next: NextIds,
    ) -> Self {
        let mut partition = Self {
            index: ArcIndex::for_lines(arcs.values().map(|arc| &arc.line)),
            nodes,
            faces,
            next,
            ..Self::default()
        };
        for (id, arc) in arcs {
            partition.insert_arc(id, arc);
        }
        partition
    }

    pub fn nodes(&self) -> &BTreeMap<NodeId, Point> {
        &self.nodes
    }

    pub fn arcs(&self) -> &BTreeMap<ArcId, Arc> {
        &self.arcs
    }

    pub fn faces(&self) -> &BTreeMap<FaceId, Face> {
        &self.faces
    }

    pub fn next_ids(&self) -> NextIds {
        self.next
    }

    /// The arcs around a face, in ascending order.
    pub fn arcs_of_face(&self, face: FaceId) -> &[ArcId] {
        self.arcs_of_face.get(&face).map_or(&[], Vec::as_slice)
    }

    /// The arcs that end in a node, in ascending order; one that begins there too is there once.
    pub fn arcs_of_node(&self, node: NodeId) -> &[ArcId] {
        self.arcs_of_node.get(&node).map_or(&[], Vec::as_slice)
    }

    /// The ground of a face; several polygons where it does not hang together.
    pub fn polygons(&self, face: FaceId) -> Vec<Polygon> {
        polygons(self.rings(face))
    }

    pub fn area_m2(&self, face: FaceId) -> f64 {
        m2(self
            .rings(face)
            .iter()
            .map(|ring| doubled_area_of(ring))
            .sum())
    }

    fn rings(&self, face: FaceId) -> Vec<Vec<Point>> {
        outline(
            face,
            self.arcs_of_face(face).iter().map(|arc| &self.arcs[arc]),
        )
    }

    pub(crate) fn insert_arc(&mut self, id: ArcId, arc: Arc) {
        self.index.insert(id, &arc.line);
        for node in [arc.from, arc.to] {
            insert_sorted(self.arcs_of_node.entry(node).or_default(), id);
        }
        for face in arc.sides().into_iter().flatten() {
            insert_sorted(self.arcs_of_face.entry(face).or_default(), id);
        }
        self.arcs.insert(id, arc);
    }

    pub(crate) fn remove_arc(&mut self, id: ArcId) {
        let Some(arc) = self.arcs.remove(&id) else {
            return;
        };
        self.index.remove(id, &arc.line);
        for node in [arc.from, arc.to] {
            remove_sorted(&mut self.arcs_of_node, node, id);
        }
        for face in arc.sides().into_iter().flatten() {
            remove_sorted(&mut self.arcs_of_face, face, id);
        }
    }
}

fn insert_sorted(ids: &mut Vec<ArcId>, id: ArcId) {
    if let Err(place) = ids.binary_search(&id) {
        ids.insert(place, id);
    }
}

fn remove_sorted<K: std::hash::Hash + Eq>(of: &mut FxHashMap<K, Vec<ArcId>>, key: K, id: ArcId) {
    if let Some(ids) = of.get_mut(&key) {
        ids.retain(|other| *other != id);
        if ids.is_empty() {
            of.remove(&key);
        }
    }
}
