//! What can be asked for.

use serde::{Deserialize, Serialize};

/// A tile layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    Basemap,
    Cells,
    Components,
}

/// One layer inside the tiles, as TileJSON 3 describes it: name and fields.
pub(super) struct VectorLayer {
    pub(super) id: &'static str,
    pub(super) fields: &'static [(&'static str, &'static str)],
}

impl Layer {
    pub const ALL: [Self; 3] = [Self::Basemap, Self::Cells, Self::Components];

    pub fn name(self) -> &'static str {
        match self {
            Self::Basemap => "basemap",
            Self::Cells => "cells",
            Self::Components => "components",
        }
    }

    /// The query that selects and clips it; `None`: it stands in memory.
    pub(super) fn sql(self) -> Option<&'static str> {
        match self {
            Self::Basemap => Some(include_str!("../../tiles/basemap.sql")),
            Self::Cells => Some(include_str!("../../tiles/cells.sql")),
            Self::Components => None,
        }
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Basemap => "streets, buildings, water and green",
            Self::Cells => "unit grid cells (单元网格) and who answers for them by default",
            Self::Components => "managed components (部件); below zoom 15 how many there are",
        }
    }

    /// Deeper zooms are drawn from this one by the map.
    pub(super) fn zoom_max(self) -> u8 {
        16
    }

    pub(super) fn vector_layers(self) -> &'static [VectorLayer] {
        const NAME: (&str, &str) = ("name", "Chinese or local name");
        const NAME_EN: (&str, &str) = ("name_en", "English name");
        const CODE: (&str, &str) = ("code", "15-digit cell code");
        match self {
            Self::Basemap => &[
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
            ],
            Self::Cells => &[
                VectorLayer {
                    id: "cells",
                    fields: &[CODE, ("unit", "id of the responsible unit")],
                },
                VectorLayer {
                    id: "cell_labels",
                    fields: &[
                        CODE,
                        ("unit_zh", "responsible unit"),
                        ("unit_en", "responsible unit, English"),
                    ],
                },
            ],
            Self::Components => &[
                VectorLayer {
                    id: "components",
                    fields: &[("class", "class code"), ("state", "state")],
                },
                VectorLayer {
                    id: "component_density",
                    fields: &[("count", "components in this square")],
                },
            ],
        }
    }
}

impl std::str::FromStr for Layer {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|layer| layer.name() == name)
            .ok_or(())
    }
}
