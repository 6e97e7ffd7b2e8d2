//! An impact as GeoJSON: the cells with their borders, and what stands and happens on them.

use cityward_partition::geojson::Features;
use cityward_partition::{Degrees, Partition, Polygon};
use serde::Serialize;

use super::{Impact, ImpactCell};
use crate::plan::ground::Ground;
use crate::space::GroundPoint;

/// What a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    CellAdded,
    CellChanged,
    CellGone,
    CellHandedOver,
    Component,
    Case,
    Camera,
}

#[derive(Serialize)]
struct Of<'a, T> {
    kind: Kind,
    #[serde(flatten)]
    of: &'a T,
}

/// A cell and its ground: as it will be, or of one that ends as it was.
#[derive(Debug)]
pub(in crate::plan) struct Area {
    kind: Kind,
    cell: ImpactCell,
    polygons: Vec<Polygon>,
}

/// The ground of every cell that begins, changes, ends or is handed over.
pub(in crate::plan) fn areas(base: &Ground, after: &Partition, impact: &Impact) -> Vec<Area> {
    let cells = &impact.cells;
    let groups = [
        (Kind::CellAdded, &cells.added, after),
        (Kind::CellChanged, &cells.changed, after),
        (Kind::CellGone, &cells.gone, &base.partition),
        (Kind::CellHandedOver, &cells.handed_over, after),
    ];
    let area = |(kind, cell, of): (Kind, &ImpactCell, &Partition)| Area {
        kind,
        cell: cell.clone(),
        polygons: of.polygons(cell.face),
    };
    let each = groups
        .into_iter()
        .flat_map(|(kind, cells, of)| cells.iter().map(move |cell| (kind, cell, of)));
    each.map(area).collect()
}

/// One collection of everything, told apart by `kind`.
pub(in crate::plan) fn features(base: &Ground, areas: &[Area], impact: &Impact) -> String {
    let mut features = Features::of(&base.frame);
    for Area {
        kind,
        cell,
        polygons,
    } in areas
    {
        let of = Of {
            kind: *kind,
            of: cell,
        };
        features.push_area(None, polygons, &of);
    }
    for component in &impact.moved {
        push(&mut features, Kind::Component, component.place, component);
    }
    for case in &impact.open_cases {
        push(&mut features, Kind::Case, case.place, case);
    }
    for camera in &impact.cameras {
        push(&mut features, Kind::Camera, camera.place, camera);
    }
    features.finish()
}

fn push(features: &mut Features<'_>, kind: Kind, at: GroundPoint, of: &impl Serialize) {
    let degrees = Degrees {
        lon: at.lon,
        lat: at.lat,
    };
    features.push_point(degrees, &Of { kind, of });
}
