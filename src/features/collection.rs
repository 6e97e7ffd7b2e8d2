//! What there is to be had, and what can be asked of it.

use crate::access::{Person, Role};

/// A collection of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collection {
    Components,
    /// In force now, or at the moment that is asked for.
    Cells,
    /// As of cells.
    Responsibilities,
    Cameras,
    /// As far as each person reaches.
    Cases,
}

/// What a property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bool,
    Date,
    Instant,
    Geometry,
}

/// A property that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) meaning: &'static str,
}

const fn property(name: &'static str, kind: Kind, meaning: &'static str) -> Property {
    Property {
        name,
        kind,
        meaning,
    }
}

/// What somebody may do to the features of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) create: bool,
    /// And update.
    pub(super) replace: bool,
    pub(super) delete: bool,
}

/// Who keeps the register of components.
const REGISTRARS: &[Role] = &[Role::Planner, Role::DataOfficer, Role::Administrator];

impl Collection {
    pub(super) const ALL: [Self; 5] = [
        Self::Components,
        Self::Cells,
        Self::Responsibilities,
        Self::Cameras,
        Self::Cases,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Components => "components",
            Self::Cells => "cells",
            Self::Responsibilities => "responsibilities",
            Self::Cameras => "cameras",
            Self::Cases => "cases",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Components => "managed components (部件) that stand",
            Self::Cells => {
                "unit grid cells (单元网格) of now or of `datetime`; an edit becomes a step of a plan"
            }
            Self::Responsibilities => {
                "who answers for a class, a group, or all that have no rule of their own, in a cell, now or at `datetime`"
            }
            Self::Cameras => "cameras",
            Self::Cases => "cases (案件) that you may see",
        }
    }

    /// What is selected from, with `id`, `geom` and each property; `{time}` stands for the range of
    /// time that is asked for.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Components => include_str!("source/components.sql"),
            Self::Cells => include_str!("source/cells.sql"),
            Self::Responsibilities => include_str!("source/responsibilities.sql"),
            Self::Cameras => include_str!("source/cameras.sql"),
            Self::Cases => include_str!("source/cases.sql"),
        }
    }

    /// Whether ids are numbers.
    pub(super) fn has_numbers(self) -> bool {
        self != Self::Cameras
    }

    /// What `datetime` is compared with, where the source does not do so itself.
    pub(super) fn time(self) -> Option<&'static str> {
        match self {
            Self::Components => Some("updated_at"),
            Self::Cases => Some("opened_at"),
            Self::Cells | Self::Responsibilities | Self::Cameras => None,
        }
    }

    pub(super) fn geometry_type(self) -> &'static str {
        match self {
            Self::Components => "geometry-any",
            Self::Cells | Self::Responsibilities => "geometry-multipolygon",
            Self::Cameras | Self::Cases => "geometry-point",
        }
    }

    pub(super) fn properties(self) -> &'static [Property] {
        match self {
            Self::Components => COMPONENT,
            Self::Cells => CELL,
            Self::Responsibilities => RESPONSIBILITY,
            Self::Cameras => CAMERA,
            Self::Cases => CASE,
        }
    }

    pub(super) fn rights(self, person: &Person) -> Rights {
        let all = |may| Rights {
            create: may,
            replace: may,
            delete: may,
        };
        match self {
            Self::Components => all(person.require_of_city(REGISTRARS).is_ok()),
            // what a camera saw is evidence of cases: it stays known
            Self::Cameras => Rights {
                delete: false,
                ..all(person.require_administrator().is_ok())
            },
            // cells begin and end by being split and merged
            Self::Cells => Rights {
                replace: person.require_of_city(&[Role::Planner]).is_ok(),
                ..all(false)
            },
            Self::Responsibilities | Self::Cases => all(false),
        }
    }
}

const COMPONENT: &[Property] = &[
    property("class", Kind::Text, "class of the catalogue, as C01013"),
    property("code", Kind::Text, "标识码, 16 or 17 digits"),
    property("name", Kind::Text, "its name"),
    property(
        "state",
        Kind::Text,
        "good, damaged, missing, abandoned; removed ones are left out",
    ),
    property("owner_unit_id", Kind::Number, "权属单位"),
    property("maintenance_unit_id", Kind::Number, "养护单位"),
    property("source", Kind::Text, "which file or program it comes from"),
    property("source_id", Kind::Text, "its id there"),
    property("surveyed_on", Kind::Date, "when somebody was there"),
    property("updated_at", Kind::Instant, "when its row was written"),
];

const CELL: &[Property] = &[
    property("code", Kind::Text, "15 digits, GB/T 30428.1"),
    property("name", Kind::Text, "its name"),
    property("street", Kind::Text, "the first 9 digits of the code"),
    property("community", Kind::Text, "the first 12 digits of the code"),
    property("unit_id", Kind::Number, "who answers for what has no rule"),
    property("edition", Kind::Number, "which publication drew it"),
    property("area_m2", Kind::Number, "square metres on the ellipsoid"),
    property("valid_from", Kind::Instant, "when it began"),
    property("valid_to", Kind::Instant, "when it ended or is to end"),
];

const RESPONSIBILITY: &[Property] = &[
    property("cell", Kind::Text, "the cell's code"),
    property(
        "class",
        Kind::Text,
        "absent: a group, or all without a rule of their own",
    ),
    property(
        "class_group",
        Kind::Text,
        "as C01; absent: a class, or all without a rule of their own",
    ),
    property("unit_id", Kind::Number, "who answers"),
    property("unit", Kind::Text, "their name"),
    property("edition", Kind::Number, "which publication says so"),
    property("valid_from", Kind::Instant, "from when"),
    property("valid_to", Kind::Instant, "until when, if that is known"),
];

const CAMERA: &[Property] = &[
    property("name_zh", Kind::Text, "its name"),
    property("name_en", Kind::Text, "its name in English"),
    property("height_m", Kind::Number, "metres above the ground"),
    property(
        "platform_id",
        Kind::Number,
        "whose token may push its frames",
    ),
];

const CASE: &[Property] = &[
    property("class", Kind::Text, "class of the catalogue"),
    property("state", Kind::Text, "as docs/workflow.md names it"),
    property("source", Kind::Text, "how it became known"),
    property("emergency", Kind::Bool, "whether it cannot wait"),
    property("cell", Kind::Text, "code of the cell it is in"),
    property("component_id", Kind::Number, "what it is about"),
    property("unit_id", Kind::Number, "who has to settle it"),
    property("camera_id", Kind::Text, "which camera saw it first"),
    property("opened_at", Kind::Instant, "when it was opened"),
    property("due_at", Kind::Instant, "when its stage is to be over"),
    property("version", Kind::Number, "counts its changes"),
];
