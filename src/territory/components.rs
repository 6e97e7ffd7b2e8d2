//! Every component that stands, to be found by class and place.

use std::collections::HashMap;

use super::component_index::ComponentIndex;
use super::snapshot::{Component, position};
use crate::catalogue::ClassCode;
use crate::space::GroundPoint;

/// Territories of several moments share one: the register says where components stand, not where
/// they stood.
#[derive(Debug, Default)]
pub(super) struct Components {
    list: Vec<Component>,
    indexes: HashMap<ClassCode, ComponentIndex>,
}

impl Components {
    /// Of a list in the order of ids.
    pub(super) fn build(list: Vec<Component>) -> Self {
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
    pub(super) fn index(&self, class: ClassCode) -> Option<&ComponentIndex> {
        self.indexes.get(&class)
    }

    /// The component that an index found.
    #[inline]
    pub(super) fn at(&self, number: u32) -> &Component {
        &self.list[number as usize]
    }
}
