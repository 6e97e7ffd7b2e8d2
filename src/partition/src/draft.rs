//! A partition with changes that are not made yet.

use std::collections::BTreeMap;

use crate::change::{Change, Descent, Edit};
use crate::ids::{ArcId, FaceId, NextIds, NodeId};
use crate::line::Line;
use crate::outline::outline;
use crate::partition::{Arc, Face, Partition};
use crate::point::Point;

/// What shall be different from a partition; `None` is what shall be gone.
pub(crate) struct Draft<'p> {
    pub base: &'p Partition,
    nodes: BTreeMap<NodeId, Option<Point>>,
    arcs: BTreeMap<ArcId, Option<Arc>>,
    faces: BTreeMap<FaceId, Option<Face>>,
    pub next: NextIds,
    pub descent: Vec<Descent>,
}

impl<'p> Draft<'p> {
    pub(crate) fn of(base: &'p Partition) -> Self {
        Self {
            base,
            nodes: BTreeMap::new(),
            arcs: BTreeMap::new(),
            faces: BTreeMap::new(),
            next: base.next,
            descent: Vec::new(),
        }
    }

    pub(crate) fn arc(&self, id: ArcId) -> Option<&Arc> {
        self.arcs
            .get(&id)
            .map_or_else(|| self.base.arcs.get(&id), Option::as_ref)
    }

    pub(crate) fn face(&self, id: FaceId) -> Option<&Face> {
        self.faces
            .get(&id)
            .map_or_else(|| self.base.faces.get(&id), Option::as_ref)
    }

    pub(crate) fn set_node(&mut self, id: NodeId, node: Option<Point>) {
        self.nodes.insert(id, node);
    }

    pub(crate) fn set_arc(&mut self, id: ArcId, arc: Option<Arc>) {
        self.arcs.insert(id, arc);
    }

    /// Arcs that were laid anew as they had been are not edited.
    pub(crate) fn forget_same_arcs(&mut self) {
        let base = &self.base.arcs;
        self.arcs.retain(|id, arc| base.get(id) != arc.as_ref());
    }

    pub(crate) fn set_face(&mut self, id: FaceId, face: Option<Face>) {
        self.faces.insert(id, face);
    }

    /// The arcs that shall end in a node, in ascending order.
    fn arcs_of_node(&self, node: NodeId) -> Vec<ArcId> {
        let base = self.base.arcs_of_node(node).iter().copied();
        let edited = self.arcs.iter().filter(|(_, arc)| {
            arc.as_ref()
                .is_some_and(|arc| arc.from == node || arc.to == node)
        });
        let kept = base.filter(|id| !self.arcs.contains_key(id));
        let mut arcs: Vec<ArcId> = kept.chain(edited.map(|(id, _)| *id)).collect();
        arcs.sort_unstable();
        arcs
    }

    /// Makes one arc of two if they are all that is left in a node.
    pub(crate) fn join_at(&mut self, node: NodeId) {
        let [one, other] = self.arcs_of_node(node)[..] else {
            return;
        };
        let (Some(first), Some(second)) = (self.arc(one), self.arc(other)) else {
            return;
        };
        let first = if first.to == node {
            first.clone()
        } else {
            turned(first)
        };
        let second = if second.from == node {
            second.clone()
        } else {
            turned(second)
        };
        let line = Line([&first.line[..], &second.line[1..]].concat());
        let joined = Arc {
            to: second.to,
            line,
            ..first
        };
        self.set_arc(one, None);
        self.set_arc(other, None);
        self.set_node(node, None);
        let id = self.next.arc();
        self.set_arc(id, Some(joined));
    }

    /// The arcs that are changed, gone or new.
    pub(crate) fn edited_arcs(&self) -> &BTreeMap<ArcId, Option<Arc>> {
        &self.arcs
    }

    /// The faces beside arcs that are changed, gone or new, as far as they are there afterwards, each
    /// with the rings around it as they shall be.
    pub(crate) fn reshaped(&self) -> impl Iterator<Item = (FaceId, Vec<Vec<Point>>)> + '_ {
        let mut edited: BTreeMap<FaceId, Vec<&Arc>> = BTreeMap::new();
        let gone = self.arcs.keys().filter_map(|id| self.base.arcs.get(id));
        for face in gone.flat_map(Arc::sides).flatten() {
            edited.entry(face).or_default();
        }
        for arc in self.arcs.values().flatten() {
            for face in arc.sides().into_iter().flatten() {
                edited.entry(face).or_default().push(arc);
            }
        }
        let there = edited
            .into_iter()
            .filter(|(face, _)| self.face(*face).is_some());
        there.map(|(face, edited)| {
            let kept = self.base.arcs_of_face(face).iter();
            let kept = kept.filter(|id| !self.arcs.contains_key(id));
            let kept = kept.map(|id| &self.base.arcs[id]);
            (face, outline(face, kept.chain(edited)))
        })
    }

    pub(crate) fn into_change(self) -> Change {
        let mut descent = self.descent;
        descent.sort_unstable();
        Change {
            nodes: edits(&self.base.nodes, self.nodes),
            arcs: edits(&self.base.arcs, self.arcs),
            faces: edits(&self.base.faces, self.faces),
            next: [self.base.next, self.next],
            descent,
        }
    }
}

/// The same arc, run through from its end.
fn turned(arc: &Arc) -> Arc {
    Arc {
        from: arc.to,
        to: arc.from,
        left: arc.right,
        right: arc.left,
        line: Line(arc.line.iter().rev().copied().collect()),
    }
}

fn edits<K: Ord, V: Clone + PartialEq>(
    base: &BTreeMap<K, V>,
    drafted: BTreeMap<K, Option<V>>,
) -> Vec<Edit<K, V>> {
    let edits = drafted.into_iter().map(|(id, after)| {
        let before = base.get(&id).cloned();
        Edit { id, before, after }
    });
    edits.filter(|edit| edit.before != edit.after).collect()
}
