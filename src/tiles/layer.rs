//! What can be asked for.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::areas::AreaSet;
use super::source::PointSet;
use crate::access::Scope;

/// A tile layer.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    Basemap,
    Cells,
    Areas,
    Components,
    Cases,
    Cameras,
    Collectors,
}

/// Where a layer's tiles come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin {
    /// The query that selects and clips it.
    Query(&'static str),
    /// It stands in memory.
    Points(PointSet),
    Areas(AreaSet),
}

/// One layer inside the tiles, as TileJSON 3 describes it: name and fields.
pub(super) struct VectorLayer {
    pub(super) id: &'static str,
    pub(super) fields: &'static [(&'static str, &'static str)],
}

impl Layer {
    pub const ALL: [Self; 7] = [
        Self::Basemap,
        Self::Cells,
        Self::Areas,
        Self::Components,
        Self::Cases,
        Self::Cameras,
        Self::Collectors,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Basemap => "basemap",
            Self::Cells => "cells",
            Self::Areas => "areas",
            Self::Components => "components",
            Self::Cases => "cases",
            Self::Cameras => "cameras",
            Self::Collectors => "collectors",
        }
    }

    /// Where it comes from.
    pub(super) fn origin(self) -> Origin {
        match self {
            Self::Basemap => Origin::Query(include_str!("../../tiles/basemap.sql")),
            Self::Cells => Origin::Areas(AreaSet::Cells),
            Self::Areas => Origin::Areas(AreaSet::Areas),
            Self::Components => Origin::Points(PointSet::Components),
            Self::Cases => Origin::Points(PointSet::Cases),
            Self::Cameras => Origin::Points(PointSet::Cameras),
            Self::Collectors => Origin::Points(PointSet::Collectors),
        }
    }

    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Basemap => "streets, buildings, water and green",
            Self::Cells => "unit grid cells (单元网格) and who answers for them by default",
            Self::Areas => "responsibility areas (责任网格) and whose they are",
            Self::Components => "managed components (部件); below zoom 15 how many there are",
            Self::Cases => "open cases (案件) within the person's reach",
            Self::Cameras => "cameras",
            Self::Collectors => "collectors and checkers on duty whom the person may send",
        }
    }

    /// Whether people see different features of it.
    pub(super) fn is_scoped(self) -> bool {
        match self.origin() {
            Origin::Query(_) | Origin::Areas(_) => false,
            Origin::Points(set) => match set {
                PointSet::Components | PointSet::Cameras => false,
                PointSet::Cases | PointSet::Collectors => true,
            },
        }
    }

    /// Whether somebody with this scope sees all features of it.
    pub(super) fn is_whole_for(self, scope: &Scope) -> bool {
        match self.origin() {
            Origin::Query(_) | Origin::Areas(_) => true,
            Origin::Points(set) => match set {
                PointSet::Components | PointSet::Cameras => true,
                PointSet::Cases => scope.sees_all,
                // not those of districts that send them by themselves
                PointSet::Collectors => false,
            },
        }
    }

    /// Deeper zooms are drawn from this one by the map.
    pub(super) fn zoom_max(self) -> u8 {
        16
    }

    /// Its `vector_layers`, as TileJSON 3, MBTiles 1.3 and PMTiles 3 have them.
    pub(super) fn vector_layers_json(self) -> Vec<Value> {
        let layers = self.vector_layers().iter().map(|inner| {
            let fields = inner.fields.iter();
            let fields: serde_json::Map<String, Value> = fields
                .map(|(name, meaning)| ((*name).to_owned(), json!(meaning)))
                .collect();
            json!({ "id": inner.id, "fields": fields })
        });
        layers.collect()
    }

    pub(super) fn vector_layers(self) -> &'static [VectorLayer] {
        match self {
            Self::Basemap => BASEMAP,
            Self::Cells => CELLS,
            Self::Areas => AREAS,
            Self::Components => COMPONENTS,
            Self::Cases => CASES,
            Self::Cameras => CAMERAS,
            Self::Collectors => COLLECTORS,
        }
    }
}

const NAME: (&str, &str) = ("name", "Chinese or local name");
const NAME_EN: (&str, &str) = ("name_en", "English name");
const COUNT: (&str, &str) = ("count", "how many there are in this square");
const MOST: (&str, &str) = ("class", "the class most of them are of");
const SHOWN: (&str, &str) = ("shown", "how many of them the tile has room for");
const TOTAL: (&str, &str) = ("total", "how many there are");

const BASEMAP: &[VectorLayer] = &[
    VectorLayer {
        id: "street",
        fields: &[("rank", "major, minor, service or path"), NAME, NAME_EN],
    },
    VectorLayer {
        id: "building",
        fields: &[NAME, NAME_EN],
    },
    VectorLayer {
        id: "water",
        fields: &[NAME, NAME_EN],
    },
    VectorLayer {
        id: "green",
        fields: &[NAME, NAME_EN],
    },
];

const CELLS: &[VectorLayer] = &[
    VectorLayer {
        id: "cells",
        fields: CELL,
    },
    VectorLayer {
        id: "cell_labels",
        fields: CELL,
    },
    VectorLayer {
        id: "cell_thinned",
        fields: &[SHOWN, TOTAL],
    },
];

const CELL: &[(&str, &str)] = &[
    ("code", "15-digit cell code; from zoom 12"),
    ("name", "name, if it has one; from zoom 12"),
    ("unit", "id of the responsible unit"),
    ("unit_zh", "responsible unit"),
    ("unit_en", "responsible unit, English"),
];

const AREAS: &[VectorLayer] = &[
    VectorLayer {
        id: "areas",
        fields: AREA,
    },
    VectorLayer {
        id: "area_labels",
        fields: AREA,
    },
    VectorLayer {
        id: "area_thinned",
        fields: &[SHOWN, TOTAL],
    },
];

const AREA: &[(&str, &str)] = &[
    ("name_zh", "name"),
    ("name_en", "name, English"),
    ("owner", "id of the unit it belongs to"),
    ("owner_zh", "that unit"),
    ("owner_en", "that unit, English"),
];

const COMPONENTS: &[VectorLayer] = &[
    VectorLayer {
        id: "components",
        fields: &[
            ("class", "class code"),
            ("state", "good, damaged, missing or abandoned"),
            ("owner", "id of the owning unit; with ?full=1"),
            ("maintenance", "id of the maintaining unit; with ?full=1"),
            ("name", "name; with ?full=1"),
            ("code", "component code; with ?full=1"),
            ("surveyed", "day of the survey as yyyymmdd; with ?full=1"),
        ],
    },
    VectorLayer {
        id: "component_density",
        fields: &[
            COUNT,
            ("good", "how many of them are good; likewise other states"),
            MOST,
        ],
    },
    VectorLayer {
        id: "component_thinned",
        fields: &[SHOWN, TOTAL],
    },
];

const CASES: &[VectorLayer] = &[
    VectorLayer {
        id: "cases",
        fields: &[
            ("class", "class code"),
            ("state", "state of the case"),
            ("owner", "id of the unit that has it or is to have it"),
            ("due", "deadline, seconds since 1970"),
            ("emergency", "yes, or not there"),
            ("source", "where it came from; with ?full=1"),
            ("opened", "seconds since 1970; with ?full=1"),
        ],
    },
    VectorLayer {
        id: "case_density",
        fields: &[
            COUNT,
            ("filed", "how many of them are filed; likewise other states"),
            MOST,
        ],
    },
    VectorLayer {
        id: "case_thinned",
        fields: &[SHOWN, TOTAL],
    },
];

const CAMERAS: &[VectorLayer] = &[VectorLayer {
    id: "cameras",
    fields: &[
        ("camera", "id of the camera"),
        ("name_zh", "name"),
        ("name_en", "English name"),
        (
            "platform",
            "id of the platform it pushes from; with ?full=1",
        ),
    ],
}];

const COLLECTORS: &[VectorLayer] = &[
    VectorLayer {
        id: "collectors",
        fields: &[
            ("state", "present, or away: not heard of for two minutes"),
            ("since", "on duty since, seconds since 1970"),
        ],
    },
    VectorLayer {
        id: "collector_thinned",
        fields: &[SHOWN, TOTAL],
    },
];

impl std::str::FromStr for Layer {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|layer| layer.name() == name)
            .ok_or(())
    }
}
