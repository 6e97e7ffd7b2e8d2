//! The classes a city distinguishes, under the numbers each edition of the standard gives them.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ClassCode, SightingRule, sighting_rule};

/// Component (部件) or matter (管理事项, in the 2013 edition 事件).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "class_kind", rename_all = "snake_case")]
pub enum ClassKind {
    Component,
    Matter,
}

/// A class of components or matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Class {
    pub code: ClassCode,
    pub kind: ClassKind,
    pub name_zh: String,
    pub name_en: String,
    /// Edition ("2013", "2026") → the number that edition gives it.
    pub numbers: BTreeMap<String, String>,
}

/// What one edition says of one class: a line of `classes.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EditionEntry {
    /// "2013": GB/T 30428.2-2013; "2026": GB/T 47678.5-2026.
    pub edition: String,
    pub kind: ClassKind,
    pub number: String,
    pub class: ClassCode,
    pub name_zh: String,
    pub name_en: String,
    /// How well it is attested: `seen` at a source, `inferred`, or `unknown name`.
    pub mark: String,
}

/// All classes, in memory. One value per process: [`Catalogue::shipped`].
#[derive(Debug)]
pub struct Catalogue {
    classes: BTreeMap<ClassCode, Class>,
    entries: Vec<EditionEntry>,
    sighting_rules: HashMap<ClassCode, SightingRule>,
}

impl Catalogue {
    /// The catalogue this program ships: both editions, parsed at the first call.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Catalogue> = LazyLock::new(|| {
            let entries = csv::Reader::from_reader(&include_bytes!("classes.csv")[..])
                .deserialize()
                .collect::<Result<Vec<EditionEntry>, _>>()
                .expect("the shipped classes.csv is tested");
            Catalogue::from_entries(entries, sighting_rule::shipped())
        });
        &SHIPPED
    }

    /// A class that several editions know carries the newest edition's name.
    fn from_entries(
        entries: Vec<EditionEntry>,
        sighting_rules: HashMap<ClassCode, SightingRule>,
    ) -> Self {
        let mut in_order: Vec<&EditionEntry> = entries.iter().collect();
        in_order.sort_by_key(|entry| (&entry.edition, entry.class, &entry.number));
        let mut classes = BTreeMap::new();
        for entry in in_order {
            let class = classes.entry(entry.class).or_insert_with(|| Class {
                code: entry.class,
                kind: entry.kind,
                name_zh: String::new(),
                name_en: String::new(),
                numbers: BTreeMap::new(),
            });
            class.name_zh.clone_from(&entry.name_zh);
            class.name_en.clone_from(&entry.name_en);
            class
                .numbers
                .insert(entry.edition.clone(), entry.number.clone());
        }
        Self {
            classes,
            entries,
            sighting_rules,
        }
    }

    pub fn class(&self, code: ClassCode) -> Option<&Class> {
        self.classes.get(&code)
    }

    /// All classes in the order of their codes.
    pub fn classes(&self) -> impl Iterator<Item = &Class> {
        self.classes.values()
    }

    /// The class that an edition ("2013" or "2026") gives this number.
    pub fn class_by_number(&self, edition: &str, kind: ClassKind, number: &str) -> Option<&Class> {
        let entry = self.entries.iter().find(|entry| {
            entry.number == number && entry.kind == kind && entry.edition == edition
        })?;
        self.class(entry.class)
    }

    /// What the editions say, line by line.
    pub fn entries(&self) -> &[EditionEntry] {
        &self.entries
    }

    /// How sightings become cases as shipped; a running city reads its own values with
    /// [`super::sighting_rules`].
    pub fn sighting_rules(&self) -> &HashMap<ClassCode, SightingRule> {
        &self.sighting_rules
    }
}

#[cfg(test)]
#[path = "classes_tests.rs"]
mod tests;
