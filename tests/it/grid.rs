//! `cityward grid`: files of cells checked and repaired by the program itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::real_data::real_data;

/// Exit code and what was printed.
pub(crate) fn grid(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cityward"))
        .arg("grid")
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// A row of square cells some hundred metres wide, each from `west` to `east` of a degree's
/// thousandth.
fn file(folder: &Path, name: &str, cells: &[(f64, f64)]) -> PathBuf {
    let features: Vec<Value> = cells
        .iter()
        .map(|(west, east)| {
            let (west, east) = (119.9 + west / 1000.0, 119.9 + east / 1000.0);
            let (south, north) = (32.45, 32.451);
            json!({
                "type": "Feature",
                "properties": { "name": format!("from {west:.6}") },
                "geometry": { "type": "Polygon", "coordinates": [[
                    [west, south], [east, south], [east, north], [west, north], [west, south],
                ]] },
            })
        })
        .collect();
    let path = folder.join(name);
    let collection = json!({ "type": "FeatureCollection", "features": features });
    std::fs::write(&path, collection.to_string()).unwrap();
    path
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_file_without_defects_ends_with_0_and_one_with_some_with_3() {
    let folder = tempfile::tempdir().unwrap();
    let clean = file(folder.path(), "clean.geojson", &[(0.0, 1.0), (1.0, 2.0)]);
    let (code, text) = grid(&["check", clean.to_str().unwrap()]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(
        read(&folder.path().join("clean.defects.geojson"))["features"],
        json!([])
    );

    // some 94 m of the first cell are the second's too, and then 94 m are nobody's
    let cells = [(0.0, 2.0), (1.0, 2.0), (3.0, 4.0), (4.0, 5.0)];
    let broken = file(folder.path(), "broken.geojson", &cells);
    let (code, text) = grid(&["check", broken.to_str().unwrap()]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("overlap"), "{text}");
    let report = read(&folder.path().join("broken.defects.geojson"));
    let overlap = report["features"]
        .as_array()
        .unwrap()
        .iter()
        .find(|defect| defect["properties"]["defect"] == "overlap")
        .unwrap();
    assert_eq!(overlap["properties"]["rows"], json!([1, 2]));
    let area = overlap["properties"]["area_m2"].as_f64().unwrap();
    assert!((9_000.0..12_000.0).contains(&area), "{area}");
    let lon = overlap["geometry"]["coordinates"][0][0][0][0]
        .as_f64()
        .unwrap();
    assert!((119.901..=119.902).contains(&lon), "{lon}");
}

#[test]
fn what_is_narrower_than_the_tolerance_is_repaired_and_what_is_wider_left() {
    let folder = tempfile::tempdir().unwrap();
    // the first two overlap by 19 cm, between the next two 28 cm are nobody's
    let cells = [(0.0, 1.002), (1.0, 2.0), (2.003, 3.0)];
    let input = file(folder.path(), "nearly.geojson", &cells);
    let output = folder.path().join("repaired.geojson");
    let arguments = [
        "repair",
        input.to_str().unwrap(),
        "--out",
        output.to_str().unwrap(),
    ];
    let (code, text) = grid(&arguments);
    assert_eq!(code, 0, "{text}");
    let (code, text) = grid(&["check", output.to_str().unwrap()]);
    assert_eq!(code, 0, "{text}");
    let repaired = read(&output);
    assert_eq!(
        repaired["features"][2]["properties"]["name"],
        "from 119.902003"
    );
    let report = read(&folder.path().join("repaired.repairs.geojson"));
    assert!(!report["features"].as_array().unwrap().is_empty());

    let wide = file(folder.path(), "wide.geojson", &[(0.0, 1.5), (1.0, 2.0)]);
    let arguments = [
        "repair",
        wide.to_str().unwrap(),
        "--out",
        output.to_str().unwrap(),
    ];
    let (code, text) = grid(&arguments);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("overlap"), "{text}");
}

#[test]
fn cells_are_checked_within_a_level_above() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name, cells: &[(f64, f64)]| {
        let path = file(folder.path(), name, cells);
        path.to_str().unwrap().to_owned()
    };
    let cells = file("cells.geojson", &[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]);
    let nested = file("nested.geojson", &[(0.0, 2.0), (2.0, 3.0)]);
    let (code, text) = grid(&["check", &cells, "--within", &nested]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("2 areas"), "{text}");

    // the second cell is cut in halves, and half of the third is nowhere
    let crossing = file("crossing.geojson", &[(0.0, 1.5), (1.5, 2.5)]);
    let (code, text) = grid(&["check", &cells, "--within", &crossing]);
    assert_eq!(code, 3, "{text}");
    let report = read(&folder.path().join("cells.defects.geojson"));
    let told: Vec<Value> = report["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| {
            let told = &feature["properties"];
            let place = &feature["geometry"]["type"];
            json!([told["defect"], told["rows"], told["rows_above"], place])
        })
        .collect();
    let expected = [
        json!(["in no area above", [3], [2], "MultiPolygon"]),
        json!(["in several areas above", [2], [1, 2], "MultiPolygon"]),
        json!(["border above not followed", [2], [1, 2], "MultiLineString"]),
        json!(["border above not followed", [3], [2], "MultiLineString"]),
    ];
    assert_eq!(told, expected);

    let (code, text) = grid(&["check", &cells, "--within", &crossing, "--out", &crossing]);
    assert_eq!(code, 1, "{text}");
    let (code, text) = grid(&["check", &cells, "--within-crs", "gcj02"]);
    assert_eq!(code, 2, "{text}");
}

#[test]
fn what_cannot_be_read_ends_with_1_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.geojson");
    let (code, text) = grid(&["check", missing.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(text.contains("there is no file"), "{text}");
    let nonsense = folder.path().join("nonsense.geojson");
    std::fs::write(&nonsense, "{}").unwrap();
    let (code, text) = grid(&["check", nonsense.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(text.contains("not a GeoJSON FeatureCollection"), "{text}");
}

#[test]
fn the_file_that_is_read_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "cells.geojson", &[(0.0, 1.002), (1.0, 2.0)]);
    let before = std::fs::read(&input).unwrap();
    let path = input.to_str().unwrap();
    for arguments in [
        &["repair", path, "--out", path][..],
        &["check", path, "--out", path],
    ] {
        let (code, text) = grid(arguments);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("is the file that is read"), "{text}");
    }
    assert_eq!(std::fs::read(&input).unwrap(), before);
}

#[test]
fn every_real_file_can_be_repaired() {
    let Some(cells) = real_data("cells") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(cells).unwrap() {
        let input = entry.unwrap().path();
        if input
            .extension()
            .is_none_or(|extension| extension != "geojson")
        {
            continue;
        }
        let output = folder.path().join(input.file_name().unwrap());
        let arguments = [
            "repair",
            input.to_str().unwrap(),
            "--out",
            output.to_str().unwrap(),
        ];
        let (code, text) = grid(&arguments);
        assert!([0, 3].contains(&code), "{text}");
        println!("{text}");
        // what the check still finds is what was left to decide: nobody's ground between cells
        let (after, found) = grid(&["check", output.to_str().unwrap()]);
        assert!(after == 0 || code == 3, "{found}");
        assert!(!found.contains("overlap"), "{found}");
        files += 1;
    }
    assert!(files >= 10, "{files}");
}
