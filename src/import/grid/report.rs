//! What was found and done, as GeoJSON for a map.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use cityward_partition::{Defect, DefectKind, FaceId, Place, Point, Polygon, Repaired, RingFault};
use serde_json::{Map, Value, json};

use super::ground::Read;
use super::{done_of, kind_of};

/// Writes a collection of features: all of it, or nothing under this name.
pub(super) fn write(path: &Path, features: Vec<Value>) -> anyhow::Result<()> {
    let collection = json!({ "type": "FeatureCollection", "features": features });
    let text = serde_json::to_string(&collection)?;
    // under another name until it is whole
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    fs::write(&part, text)
        .and_then(|()| fs::rename(&part, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

pub(super) fn defects(ground: &Read, defects: &[Defect]) -> Vec<Value> {
    defects
        .iter()
        .map(|defect| of_defect(ground, defect))
        .collect()
}

/// The cells as they are now, each with the properties it came with.
pub(super) fn cells(ground: &Read, repaired: &Repaired) -> Vec<Value> {
    let rows = (0..).zip(&ground.rows);
    let features = rows.map(|(index, row)| {
        let polygons = repaired.partition.polygons(FaceId(index));
        feature(multi_polygon(ground, &polygons), row.properties.clone())
    });
    features.collect()
}

/// What was done, then what is left to decide.
pub(super) fn repairs(ground: &Read, repaired: &Repaired) -> Vec<Value> {
    let done = repaired.repairs.iter().map(|repair| {
        let mut properties = Map::new();
        properties.insert("repair".to_owned(), json!(done_of(repair.kind)));
        properties.insert("from_rows".to_owned(), rows(ground, &repair.from));
        let to = repair.to.map(|cell| row(ground, cell));
        properties.insert("to_row".to_owned(), json!(to));
        measures(&mut properties, repair.area_m2, repair.width_mm);
        feature(place(ground, &repair.place), properties)
    });
    let left = repaired
        .conflicts
        .iter()
        .map(|conflict| of_defect(ground, &conflict.defect));
    done.chain(left).collect()
}

fn of_defect(ground: &Read, defect: &Defect) -> Value {
    let mut properties = Map::new();
    properties.insert("defect".to_owned(), json!(kind_of(defect.kind)));
    if let DefectKind::InvalidRing(fault) = defect.kind {
        properties.insert("fault".to_owned(), json!(fault_of(fault)));
    }
    properties.insert("rows".to_owned(), rows(ground, &defect.cells));
    measures(&mut properties, defect.area_m2, defect.width_mm);
    feature(place(ground, &defect.place), properties)
}

fn fault_of(fault: RingFault) -> &'static str {
    match fault {
        RingFault::TooShort => "fewer than three points",
        RingFault::RepeatedPoint => "a point is there twice in a row",
        RingFault::Spike => "turns back on itself",
        RingFault::SelfCrossing => "crosses itself",
        RingFault::SelfTouch => "touches itself",
        RingFault::HoleOutside => "a hole lies outside",
    }
}

fn measures(properties: &mut Map<String, Value>, area_m2: f64, width_mm: f64) {
    properties.insert("area_m2".to_owned(), json!(area_m2));
    properties.insert("width_m".to_owned(), json!(width_mm / 1000.0));
}

/// Places in the file, from 1.
fn rows(ground: &Read, cells: &[u32]) -> Value {
    cells.iter().map(|cell| row(ground, *cell)).collect()
}

fn row(ground: &Read, cell: u32) -> usize {
    ground.rows[cell as usize].number
}

fn feature(geometry: Value, properties: Map<String, Value>) -> Value {
    json!({ "type": "Feature", "geometry": geometry, "properties": properties })
}

fn place(ground: &Read, place: &Place) -> Value {
    match place {
        Place::Points(points) => json!({
            "type": "MultiPoint",
            "coordinates": points.iter().map(|point| at(ground, *point)).collect::<Value>(),
        }),
        Place::Area(polygons) => multi_polygon(ground, polygons),
    }
}

fn multi_polygon(ground: &Read, polygons: &[Polygon]) -> Value {
    // RFC 7946: rings end where they begin
    let ring = |ring: &Vec<Point>| -> Value {
        let points = ring.iter().chain(ring.first());
        points.map(|point| at(ground, *point)).collect()
    };
    let polygon = |polygon: &Polygon| -> Value { polygon.rings().map(ring).collect() };
    json!({
        "type": "MultiPolygon",
        "coordinates": polygons.iter().map(polygon).collect::<Value>(),
    })
}

/// Degrees to eight places: a millimetre.
fn at(ground: &Read, point: Point) -> Value {
    let place = ground.frame.degrees(point);
    let rounded = |degrees: f64| (degrees * 1e8).round() / 1e8;
    json!([rounded(place.lon), rounded(place.lat)])
}
