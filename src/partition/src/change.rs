//! What an operation does to a partition, in a form that can be taken back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{ArcId, FaceId, NextIds, NodeId};
use crate::partition::{Arc, Face, Partition};
use crate::point::Point;

/// One thing before and after; `None` where it is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit<K, V> {
    pub id: K,
    pub before: Option<V>,
    pub after: Option<V>,
}

/// A face that came from another by splitting or merging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Descent {
    pub parent: FaceId,
    pub child: FaceId,
}

/// Everything that differs, in ascending order of ids.
///
/// An id that an undone change had given is given again, to the same thing if the change is
/// repeated: only a partition that was published has ids that stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub nodes: Vec<Edit<NodeId, Point>>,
    pub arcs: Vec<Edit<ArcId, Arc>>,
    pub faces: Vec<Edit<FaceId, Face>>,
    /// The ids given next, before and after.
    pub next: [NextIds; 2],
    pub descent: Vec<Descent>,
}

/// A change was made for another partition than this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the change is for another state of the partition")]
pub struct Stale;

impl Change {
    /// The change that takes this one back.
    #[must_use]
    pub fn inverse(self) -> Self {
        let [before, after] = self.next;
        let back = |Descent { parent, child }| Descent {
            parent: child,
            child: parent,
        };
        Self {
            nodes: turned(self.nodes),
            arcs: turned(self.arcs),
            faces: turned(self.faces),
            next: [after, before],
            descent: self.descent.into_iter().map(back).collect(),
        }
    }

    pub fn is_nothing(&self) -> bool {
        self.nodes.is_empty() && self.arcs.is_empty() && self.faces.is_empty()
    }

    /// The faces that are new, gone, or differ in anything, borders included.
    pub fn faces_touched(&self) -> BTreeSet<FaceId> {
        let arcs = self
            .arcs
            .iter()
            .flat_map(|edit| [&edit.before, &edit.after]);
        let beside = arcs.flatten().flat_map(Arc::sides).flatten();
        beside
            .chain(self.faces.iter().map(|edit| edit.id))
            .collect()
    }
}

fn turned<K, V>(edits: Vec<Edit<K, V>>) -> Vec<Edit<K, V>> {
    let turn = |Edit { id, before, after }| Edit {
        id,
        before: after,
        after: before,
    };
    edits.into_iter().map(turn).collect()
}

impl Partition {
    /// Makes a change.
    ///
    /// # Errors
    /// Without changing anything where something is not as it was before the change.
    pub fn apply(&mut self, change: &Change) -> Result<(), Stale> {
        let fits = are_as_before(&self.nodes, &change.nodes)
            && are_as_before(&self.arcs, &change.arcs)
            && are_as_before(&self.faces, &change.faces)
            && self.next == change.next[0];
        if !fits {
            return Err(Stale);
        }
        for edit in &change.arcs {
            self.remove_arc(edit.id);
        }
        for edit in &change.arcs {
            if let Some(arc) = &edit.after {
                self.insert_arc(edit.id, arc.clone());
            }
        }
        put(&mut self.nodes, &change.nodes);
        put(&mut self.faces, &change.faces);
        self.next = change.next[1];
        Ok(())
    }
}

fn are_as_before<K: Ord, V: PartialEq>(map: &BTreeMap<K, V>, edits: &[Edit<K, V>]) -> bool {
    edits
        .iter()
        .all(|edit| map.get(&edit.id) == edit.before.as_ref())
}

fn put<K: Ord + Copy, V: Clone>(map: &mut BTreeMap<K, V>, edits: &[Edit<K, V>]) {
    for Edit { id, after, .. } in edits {
        match after {
            Some(value) => map.insert(*id, value.clone()),
            None => map.remove(id),
        };
    }
}
