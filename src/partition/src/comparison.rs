//! What differs from a base, kept up change by change.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::change::Change;
use crate::difference::{Difference, Overlay, differing, reshaped};
use crate::ids::{ArcId, FaceId};
use crate::partition::{Arc, Partition};

/// Whose ground it is; `None` is the outside of the scope.
type Hand = Option<FaceId>;

/// A partition as it was, compared with what becomes of it.
///
/// Hands on the sides of arcs that differ form groups. Ground only goes from hand to hand of a
/// group: around whatever changed hands run arcs that differ, and the outside is a hand like any
/// other. So each group is compared by itself, and only those that a change touches are compared
/// anew: the time of an edit grows with the group that it touches, neither with the partition nor
/// with everything that was edited.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    groups: BTreeMap<u32, Group>,
    group_of: FxHashMap<Hand, u32>,
    next: u32,
}

#[derive(Debug, Clone, Default)]
struct Group {
    hands: Vec<Hand>,
    /// The arcs that may differ.
    arcs: BTreeSet<ArcId>,
    /// None since something changed.
    difference: Option<Difference>,
}

impl Comparison {
    /// Of two partitions of the same frame, whatever led from one to the other; looks at every
    /// arc of both.
    pub fn between(before: &Partition, after: &Partition) -> Self {
        let mut comparison = Self::default();
        for id in differing(before, after) {
            let arcs = [before.arcs().get(&id), after.arcs().get(&id)];
            let sides = arcs.into_iter().flatten().flat_map(Arc::sides);
            comparison.join(sides.collect(), [id]);
        }
        comparison
    }

    /// Takes note of a change that was made to the second partition.
    pub fn note(&mut self, change: &Change) {
        let arcs = change
            .arcs
            .iter()
            .flat_map(|edit| [&edit.before, &edit.after]);
        let hands: BTreeSet<Hand> = arcs.flatten().flat_map(Arc::sides).collect();
        if !hands.is_empty() {
            self.join(hands, change.arcs.iter().map(|edit| edit.id));
        }
    }

    /// Makes one group of everything that hands belong to.
    fn join(&mut self, hands: BTreeSet<Hand>, arcs: impl IntoIterator<Item = ArcId>) {
        let known: BTreeSet<u32> = hands
            .iter()
            .filter_map(|hand| self.group_of.get(hand))
            .copied()
            .collect();
        let mut joined = Group::default();
        for id in &known {
            let group = self.groups.remove(id).expect("hands belong to groups");
            joined.hands.extend(group.hands);
            joined.arcs.extend(group.arcs);
        }
        let new = hands.into_iter();
        joined
            .hands
            .extend(new.filter(|hand| !self.group_of.contains_key(hand)));
        joined.arcs.extend(arcs);
        let id = self.next;
        self.next += 1;
        for hand in &joined.hands {
            self.group_of.insert(*hand, id);
        }
        self.groups.insert(id, joined);
    }

    /// What differs: [`difference`](crate::difference) of the two, where each group's ground is
    /// rounded by itself. `after` has come from `before` by the changes that were noted.
    pub fn difference(&mut self, before: &Partition, after: &Partition) -> Difference {
        let group_of = &mut self.group_of;
        self.groups.retain(|_, group| {
            let is_apart = group.is_apart(before, after);
            if !is_apart {
                for hand in &group.hands {
                    group_of.remove(hand);
                }
            }
            is_apart
        });
        let groups = self
            .groups
            .values()
            .filter_map(|group| group.difference.as_ref());
        let mut whole = Difference {
            reshaped: Vec::new(),
            moved: Vec::new(),
        };
        for difference in groups {
            whole.reshaped.extend(&difference.reshaped);
            whole.moved.extend(difference.moved.iter().cloned());
        }
        whole.reshaped.sort_unstable();
        whole.moved.sort_by_key(|moved| (moved.from, moved.to));
        whole
    }
}

impl Group {
    /// Compares what is not compared yet; `false` where everything is as it was.
    fn is_apart(&mut self, before: &Partition, after: &Partition) -> bool {
        if self.difference.is_none() {
            let differs = |id: &ArcId| before.arcs().get(id) != after.arcs().get(id);
            self.arcs.retain(differs);
            let reshaped = reshaped(before, after, &self.arcs);
            let moved = Overlay::of(before, after, &reshaped).moved();
            self.difference = Some(Difference { reshaped, moved });
        }
        !self.arcs.is_empty()
    }
}
