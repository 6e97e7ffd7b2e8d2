//! Boxes by place, each with the number of the change it came with.

use crate::tiles::world::WorldBox;

/// Boxes under one node.
const FAN: usize = 16;

/// What stands in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry<T> {
    pub(super) bounds: WorldBox,
    pub(super) changed: u64,
    pub(super) what: T,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    bounds: WorldBox,
    /// The newest below.
    changed: u64,
}

/// A packed R-tree (sort-tile-recursive: Leutenegger, Lopez & Edgington, 1997), never changed.
#[derive(Debug)]
pub(super) struct BoxTree<T> {
    entries: Vec<Entry<T>>,
    /// From the one above the entries to the root's; a node's children are the `FAN` that follow
    /// each other at its place in the level below.
    levels: Vec<Vec<Node>>,
}

impl<T: Copy> BoxTree<T> {
    pub(super) fn new(mut entries: Vec<Entry<T>>) -> Self {
        let leaves = entries.len().div_ceil(FAN);
        let slice = leaves.isqrt().max(1) * FAN;
        entries.sort_by_key(|entry| entry.bounds.west + entry.bounds.east);
        for slice in entries.chunks_mut(slice) {
            slice.sort_by_key(|entry| entry.bounds.north + entry.bounds.south);
        }
        let mut levels = Vec::new();
        let mut below: Vec<Node> = entries
            .iter()
            .map(|entry| Node {
                bounds: entry.bounds,
                changed: entry.changed,
            })
            .collect();
        while below.len() > 1 || (levels.is_empty() && !below.is_empty()) {
            below = below.chunks(FAN).filter_map(joined).collect();
            levels.push(below.clone());
        }
        Self { entries, levels }
    }

    /// Calls `found` with every entry that meets a box.
    pub(super) fn meeting(&self, one: &WorldBox, mut found: impl FnMut(T)) {
        self.walk(one, |entry| found(entry.what), |_| false);
    }

    /// The entries that meet a box; `None`: more than `most`.
    pub(super) fn few_meeting(&self, one: &WorldBox, most: usize) -> Option<Vec<T>> {
        let found = std::cell::RefCell::new(Vec::new());
        let is_full = || found.borrow().len() > most;
        self.walk(
            one,
            |entry| found.borrow_mut().push(entry.what),
            |_| is_full(),
        );
        let found = found.into_inner();
        (found.len() <= most).then_some(found)
    }

    /// The newest change of a box that meets this one; 0: none does.
    pub(super) fn newest(&self, one: &WorldBox) -> u64 {
        let newest = std::cell::Cell::new(0);
        let take = |changed: u64| newest.set(newest.get().max(changed));
        self.walk(
            one,
            |entry| take(entry.changed),
            |node| {
                // all below meets it, or nothing below is news
                let all = one.contains(&node.bounds);
                if all {
                    take(node.changed);
                }
                all || node.changed <= newest.get()
            },
        );
        newest.get()
    }

    /// Calls `found` with entries that meet a box, without those below a node that is `done`.
    fn walk(&self, one: &WorldBox, mut found: impl FnMut(&Entry<T>), done: impl Fn(&Node) -> bool) {
        if let Some(top) = self.levels.len().checked_sub(1) {
            self.walk_below(top, 0, one, &mut found, &done);
        }
    }

    /// The same below one node. As deep as the tree: a level for every sixteenfold of entries.
    fn walk_below(
        &self,
        level: usize,
        index: usize,
        one: &WorldBox,
        found: &mut impl FnMut(&Entry<T>),
        done: &impl Fn(&Node) -> bool,
    ) {
        let node = &self.levels[level][index];
        if !node.bounds.meets(one) || done(node) {
            return;
        }
        let below = index * FAN..(index + 1) * FAN;
        match level.checked_sub(1) {
            Some(level) => {
                let end = below.end.min(self.levels[level].len());
                for index in below.start..end {
                    self.walk_below(level, index, one, found, done);
                }
            }
            None => {
                let end = below.end.min(self.entries.len());
                let entries = self.entries[below.start..end].iter();
                entries
                    .filter(|entry| entry.bounds.meets(one))
                    .for_each(found);
            }
        }
    }
}

fn joined(nodes: &[Node]) -> Option<Node> {
    nodes.iter().copied().reduce(|all, one| Node {
        bounds: all.bounds.joined(&one.bounds),
        changed: all.changed.max(one.changed),
    })
}
