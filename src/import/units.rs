//! Which unit a name or credit code means.

use std::collections::HashMap;

use super::store::KnownUnit;

/// The units in office, by every way to name them.
#[derive(Debug, Default)]
pub(super) struct Units {
    by_name: HashMap<String, i32>,
}

impl Units {
    /// Where two units bear one name, the older keeps it; their credit codes tell them apart.
    pub(super) fn from_known(known: Vec<KnownUnit>) -> Self {
        let mut by_name = HashMap::new();
        for unit in known {
            for name in [unit.credit_code, unit.name_zh, unit.name_en] {
                by_name.entry(name).or_insert(unit.unit_id);
            }
        }
        Self { by_name }
    }

    pub(super) fn insert(&mut self, name: String, unit_id: i32) {
        self.by_name.insert(name, unit_id);
    }

    pub(super) fn id(&self, name: &str) -> Option<i32> {
        self.by_name.get(name.trim()).copied()
    }
}
