//! Where the points of a layer come from and what they say about themselves.

use anyhow::Context as _;

use super::points::{Column, Kind, Names, Point, PointLayer, Policy, Value};
use super::store::{CameraRow, CaseRow, CollectorRow, ComponentRow};
use super::{Grid, Layer};
use crate::access::Scope;
use crate::live;
use crate::space::GroundPoint;
use crate::whereabouts::Onlookers;

/// A layer of points that is held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PointSet {
    Components,
    Cases,
    Cameras,
    Collectors,
}

impl PointSet {
    pub(super) const ALL: [Self; 4] = [
        Self::Components,
        Self::Cases,
        Self::Cameras,
        Self::Collectors,
    ];

    /// The layer it is; `tile_change` has it under this layer's name.
    pub(super) fn layer(self) -> Layer {
        match self {
            Self::Components => Layer::Components,
            Self::Cases => Layer::Cases,
            Self::Cameras => Layer::Cameras,
            Self::Collectors => Layer::Collectors,
        }
    }

    /// Whether pages are told where something changes, as far as their people see it. Not of cases:
    /// those come as they happen.
    pub(super) fn is_told(self) -> bool {
        match self {
            Self::Components | Self::Cameras | Self::Collectors => true,
            Self::Cases => false,
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.layer().name() == name)
    }

    pub(super) fn columns(self) -> &'static [Column] {
        const fn column(key: &'static str, kind: Kind) -> Column {
            Column { key, kind }
        }
        match self {
            Self::Components => {
                const {
                    &[
                        column("class", Kind::Shared),
                        column("state", Kind::Shared),
                        column("owner", Kind::Shared),
                        column("maintenance", Kind::Shared),
                        column("name", Kind::Shared),
                        column("code", Kind::Own),
                        column("surveyed", Kind::Shared),
                    ]
                }
            }
            Self::Cases => {
                const {
                    &[
                        column("class", Kind::Shared),
                        column("state", Kind::Shared),
                        column("owner", Kind::Shared),
                        column("due", Kind::Number),
                        column("emergency", Kind::Shared),
                        column("source", Kind::Shared),
                        column("opened", Kind::Number),
                    ]
                }
            }
            Self::Cameras => {
                const {
                    &[
                        column("camera", Kind::Own),
                        column("name_zh", Kind::Own),
                        column("name_en", Kind::Own),
                        column("platform", Kind::Shared),
                    ]
                }
            }
            Self::Collectors => {
                const { &[column("state", Kind::Shared), column("since", Kind::Number)] }
            }
        }
    }

    fn names(self) -> Names {
        match self {
            Self::Components => Names {
                points: "components",
                summary: "component_density",
                thinned: "component_thinned",
            },
            Self::Cases => Names {
                points: "cases",
                summary: "case_density",
                thinned: "case_thinned",
            },
            Self::Cameras => Names {
                points: "cameras",
                summary: "camera_density",
                thinned: "camera_thinned",
            },
            Self::Collectors => Names {
                points: "collectors",
                summary: "collector_density",
                thinned: "collector_thinned",
            },
        }
    }

    /// What its tiles hold: `tiles/<layer>.toml`.
    fn policy(self) -> &'static str {
        match self {
            Self::Components => include_str!("../../tiles/components.toml"),
            Self::Cases => include_str!("../../tiles/cases.toml"),
            Self::Cameras => include_str!("../../tiles/cameras.toml"),
            Self::Collectors => include_str!("../../tiles/collectors.toml"),
        }
    }

    /// The layer without any points.
    pub(super) fn empty(self, grid: Grid) -> anyhow::Result<PointLayer> {
        let columns = self.columns();
        let policy = Policy::parse(self.policy(), columns)
            .with_context(|| format!("tiles/{}.toml", self.layer().name()))?;
        Ok(PointLayer::new(grid, self.names(), columns, policy))
    }
}

/// Who sees a point that not everybody sees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Audience {
    OfCase(live::Audience),
    OfCollector(Onlookers),
}

impl Audience {
    pub(super) fn holds(&self, scope: &Scope) -> bool {
        match self {
            Self::OfCase(audience) => scope.sees(audience),
            Self::OfCollector(onlookers) => scope.sees_on_duty(onlookers),
        }
    }
}

/// A row that is a point of its layer's tiles.
#[derive(Debug)]
pub(super) enum PointRow {
    Component(ComponentRow),
    Case(CaseRow),
    Camera(CameraRow),
    Collector(CollectorRow),
}

impl PointRow {
    pub(super) fn id(&self) -> i64 {
        match self {
            Self::Component(row) => row.component_id,
            Self::Case(row) => row.case_id,
            Self::Camera(row) => row.camera_number,
            Self::Collector(row) => row.onlookers.person_id.into(),
        }
    }

    /// Who sees it; `None`: whoever is signed in.
    pub(super) fn audience(&self) -> Option<Audience> {
        match self {
            Self::Component(_) | Self::Camera(_) => None,
            Self::Case(row) => Some(Audience::OfCase(row.audience.clone())),
            Self::Collector(row) => Some(Audience::OfCollector(row.onlookers.clone())),
        }
    }

    fn at(&self) -> GroundPoint {
        match self {
            Self::Component(row) => row.at,
            Self::Case(row) => row.at,
            Self::Camera(row) => row.at,
            Self::Collector(row) => row.at,
        }
    }

    pub(super) fn point(&self, layer: &mut PointLayer) -> Point {
        let id = feature_id(self.id());
        let at = layer.place(self.at());
        let unit = |id: Option<i32>| id.map(|id| Value::Number(u64::from(id.unsigned_abs())));
        match self {
            Self::Component(row) => {
                let class = row.class_code;
                let values = [
                    Some(Value::Text(class.as_str())),
                    Some(Value::Text(&row.state)),
                    unit(row.owner_unit_id),
                    unit(row.maintenance_unit_id),
                    Some(row.name.as_str())
                        .filter(|name| !name.is_empty())
                        .map(Value::Text),
                    row.code.as_deref().map(Value::Text),
                    row.surveyed
                        .map(|day| Value::Number(u64::from(day.unsigned_abs()))),
                ];
                layer.point(id, at, &values)
            }
            Self::Case(row) => {
                let seconds = |moment: i64| Value::Number(moment.unsigned_abs());
                let class = row.class_code;
                let values = [
                    Some(Value::Text(class.as_str())),
                    Some(Value::Text(&row.state)),
                    unit(row.owner_unit_id),
                    row.due.map(seconds),
                    row.emergency.then_some(Value::Text("yes")),
                    Some(Value::Text(&row.source)),
                    Some(seconds(row.opened)),
                ];
                layer.point(id, at, &values)
            }
            Self::Camera(row) => {
                let values = [
                    Some(Value::Text(&row.camera_id)),
                    Some(Value::Text(&row.name_zh)),
                    Some(Value::Text(&row.name_en)),
                    unit(row.platform_id),
                ];
                layer.point(id, at, &values)
            }
            Self::Collector(row) => {
                let since = Value::Number(row.since.unsigned_abs());
                layer.point(id, at, &[Some(Value::Text(&row.state)), Some(since)])
            }
        }
    }
}

pub(super) fn feature_id(id: i64) -> u64 {
    u64::try_from(id).expect("identities count from 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_that_is_shipped_fits_its_layer() {
        for set in PointSet::ALL {
            let layer = set.empty(Grid::WebMercatorQuad).unwrap();
            assert_eq!(layer.len(), 0);
            assert_eq!(PointSet::named(set.layer().name()), Some(set));
        }
    }
}
