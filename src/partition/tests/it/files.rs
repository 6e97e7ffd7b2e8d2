//! Real files of cells, with their real mess.

use std::fs;
use std::path::PathBuf;

use cityward_partition::{Cell, Degrees, Frame, Point, Polygon};
use serde_json::Value;

pub(crate) const FILES: [&str; 10] = [
    "Chennai_Wards-2008",
    "Chennai_Wards",
    "Chennai_Zones",
    "Delhi_Delhi_Wards",
    "Lucknow_Lucknow_ward_boundary",
    "NMMC_NMC_ElectoralWards",
    "plymouth_neighbourhoods",
    "seoul",
    "taizhou_counties_gcj02",
    "taizhou_townships_voronoi",
];

/// The folder of real files, if there is one.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("CITYWARD_DATA").map(|data| PathBuf::from(data).join("cells"));
    if folder.is_none() {
        println!("CITYWARD_DATA is not set: not checked on real files");
    }
    folder
}

/// The cells of a file, on the grid of a frame around its first point.
pub(crate) fn cells(name: &str) -> Option<Vec<Cell>> {
    on(&mut None, name)
}

/// The cells of two files, on the grid of one frame.
pub(crate) fn cells_together(names: [&str; 2]) -> Option<[Vec<Cell>; 2]> {
    let mut frame = None;
    let [one, other] = names.map(|name| on(&mut frame, name));
    Some([one?, other?])
}

fn on(frame: &mut Option<Frame>, name: &str) -> Option<Vec<Cell>> {
    let text = fs::read_to_string(folder()?.join(format!("{name}.geojson"))).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let features = file["features"].as_array().unwrap();
    Some(
        features
            .iter()
            .map(|feature| cell(&feature["geometry"], frame))
            .collect(),
    )
}

fn cell(geometry: &Value, frame: &mut Option<Frame>) -> Cell {
    let coordinates = geometry["coordinates"].as_array().unwrap();
    let mut polygon = |rings: &Value| {
        let mut rings = rings.as_array().unwrap().iter().map(|ring| {
            let mut ring: Vec<Point> = ring
                .as_array()
                .unwrap()
                .iter()
                .map(|at| {
                    let at = Degrees {
                        lon: at[0].as_f64().unwrap(),
                        lat: at[1].as_f64().unwrap(),
                    };
                    let frame = frame.get_or_insert_with(|| Frame::at(at).unwrap());
                    frame.point(at).unwrap()
                })
                .collect();
            // GeoJSON closes rings
            assert_eq!(ring.first(), ring.last());
            ring.pop();
            ring
        });
        Polygon {
            exterior: rings.next().unwrap(),
            holes: rings.collect(),
        }
    };
    let polygons = match geometry["type"].as_str().unwrap() {
        "Polygon" => vec![polygon(&geometry["coordinates"])],
        _ => coordinates.iter().map(polygon).collect(),
    };
    Cell { polygons }
}
