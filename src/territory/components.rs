//! Every component that stands, to be found by class and place.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::component_index::ComponentIndex;
use super::lands::position;
use super::snapshot::Component;
use crate::catalogue::ClassCode;
use crate::space::GroundPoint;

/// A register of a city takes a second to be indexed; what changes is indexed beside it, until that
/// is more than this many and this share of it.
const SINCE_MIN: usize = 1024;
const SINCE_SHARE: usize = 32;

/// Territories of several moments share one: the register says where components stand, not where
/// they stood.
#[derive(Debug, Default)]
pub(super) struct Components {
    /// As all of them were read or put together last.
    base: Arc<Register>,
    /// Of `base`, by position, those that are no longer as they stand there.
    outdated: HashSet<u32>,
    /// What those have become, and new ones.
    since: Register,
}

#[derive(Debug, Default)]
struct Register {
    /// In the order of their ids.
    list: Vec<Component>,
    indexes: HashMap<ClassCode, ComponentIndex>,
}

/// The components of a class.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfClass<'a> {
    components: &'a Components,
    base: Option<&'a ComponentIndex>,
    since: Option<&'a ComponentIndex>,
}

impl Components {
    /// Of a list in the order of ids.
    pub(super) fn build(list: Vec<Component>) -> Self {
        Self {
            base: Arc::new(Register::build(list)),
            outdated: HashSet::new(),
            since: Register::default(),
        }
    }

    /// The same after changes: `ids` have changed, are new or are gone, `now` are those of them that
    /// stand.
    pub(super) fn changed(&self, ids: &HashSet<i64>, now: Vec<Component>) -> Self {
        let since = self.since.list.iter();
        let mut since: Vec<Component> = since
            .filter(|component| !ids.contains(&component.id))
            .cloned()
            .collect();
        since.extend(now);
        since.sort_unstable_by_key(|component| component.id);
        let mut outdated = self.outdated.clone();
        let base = &self.base.list;
        outdated.extend(ids.iter().filter_map(|id| {
            let number = base.binary_search_by_key(id, |component| component.id);
            number.ok().map(position)
        }));
        let changes = since.len().max(outdated.len());
        if changes > SINCE_MIN.max(base.len() / SINCE_SHARE) {
            let standing = (0..).zip(base);
            let standing = standing.filter(|(number, _)| !outdated.contains(number));
            since.extend(standing.map(|(_, component)| component.clone()));
            since.sort_unstable_by_key(|component| component.id);
            return Self::build(since);
        }
        Self {
            base: Arc::clone(&self.base),
            outdated,
            since: Register::build(since),
        }
    }

    /// `None` where none of the class stands.
    #[inline]
    pub(super) fn of_class(&self, class: ClassCode) -> Option<OfClass<'_>> {
        let (base, since) = (self.base.of_class(class), self.since.of_class(class));
        (base.is_some() || since.is_some()).then_some(OfClass {
            components: self,
            base,
            since,
        })
    }
}

impl Register {
    fn build(list: Vec<Component>) -> Self {
        let mut by_class: HashMap<ClassCode, Vec<(u32, GroundPoint)>> = HashMap::new();
        for (number, component) in list.iter().enumerate() {
            by_class
                .entry(component.class)
                .or_default()
                .push((position(number), component.at));
        }
        Self {
            indexes: by_class
                .into_iter()
                .filter_map(|(class, places)| Some((class, ComponentIndex::build(&places)?)))
                .collect(),
            list,
        }
    }

    #[inline]
    fn of_class(&self, class: ClassCode) -> Option<&ComponentIndex> {
        self.indexes.get(&class)
    }
}

impl<'a> OfClass<'a> {
    /// The nearest one within reach and its distance in metres; of equally near ones that with the
    /// lower id.
    #[inline]
    pub(super) fn nearest(
        &self,
        point: GroundPoint,
        within_m: f64,
    ) -> Option<(&'a Component, f64)> {
        let Components {
            base,
            outdated,
            since,
        } = self.components;
        let stands = |number: &u32| outdated.is_empty() || !outdated.contains(number);
        let found = |register: &'a Register, found: Option<(u32, f64)>| {
            found.map(|(number, distance_m)| (&register.list[number as usize], distance_m))
        };
        let old = self.base.and_then(|of| of.nearest(point, within_m, stands));
        let old = found(base, old);
        let Some(of_new) = self.since else { return old };
        let within_m = old.map_or(within_m, |(_, distance_m)| distance_m);
        let new = found(since, of_new.nearest(point, within_m, |_| true));
        nearer(old, new)
    }
}

/// The nearer of two; of equally near ones that with the lower id.
#[inline]
pub(super) fn nearer<'a>(
    one: Option<(&'a Component, f64)>,
    other: Option<(&'a Component, f64)>,
) -> Option<(&'a Component, f64)> {
    let (Some(a), Some(b)) = (one, other) else {
        return one.or(other);
    };
    let other_is = (b.1, b.0.id) < (a.1, a.0.id);
    Some(if other_is { b } else { a })
}

#[cfg(test)]
#[path = "components_tests.rs"]
mod tests;
