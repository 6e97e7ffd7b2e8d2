//! Tiles in the hands of others: the decoder of these tests against the fixtures of the format, and
//! our tiles against GDAL's driver.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use mvt_reader::Reader;
use mvt_reader::feature::Value;
use serde_json::Value as Json;

use crate::city::{TestCity, place};
use crate::service::TestService;

/// One of a million times a million moves: what a decoder does with it is not said.
const GIGANTIC: &str = "057";

/// A fixture's value as the decoder would show it.
fn expected(value: &Json) -> Option<Value> {
    let (kind, value) = value.as_object()?.iter().next()?;
    let number = || value.as_f64();
    Some(match kind.as_str() {
        // some fixtures say a text that is digits as a number
        "string_value" => Value::String(
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
        ),
        "float_value" => Value::Float(number()? as f32),
        "double_value" => Value::Double(number()?),
        "int_value" => Value::Int(value.as_i64()?),
        "uint_value" => Value::UInt(value.as_u64()?),
        "sint_value" => Value::SInt(value.as_i64()?),
        "bool_value" => Value::Bool(value.as_bool()?),
        _ => return None,
    })
}

/// What the decoder shows of a layer's features against what the fixture says of them.
fn check_layer(fixture: &str, reader: &Reader, index: usize, layer: &Json) {
    let said = layer["features"].as_array().unwrap();
    let features = reader.get_features(index);
    if said.iter().any(|feature| feature["type"] == 0) {
        return; // what to make of an unknown kind of geometry is the decoder's choice
    }
    let features = features.unwrap_or_else(|error| panic!("{fixture}: {error}"));
    assert_eq!(features.len(), said.len(), "{fixture}");
    for (feature, said) in features.iter().zip(said) {
        assert_eq!(feature.id, said["id"].as_u64(), "{fixture}");
        let tags = said["tags"].as_array().cloned().unwrap_or_default();
        for pair in tags.chunks_exact(2) {
            let at = |index: &Json| index.as_u64().unwrap() as usize;
            let key = layer["keys"][at(&pair[0])].as_str().unwrap();
            let value = expected(&layer["values"][at(&pair[1])]);
            let found = feature.properties.as_ref().and_then(|tags| tags.get(key));
            assert_eq!(found, value.as_ref(), "{fixture} {key}");
        }
    }
}

#[test]
fn the_decoder_of_these_tests_reads_every_valid_fixture() {
    let Ok(data) = std::env::var("CITYWARD_DATA") else {
        println!("CITYWARD_DATA is not set: not checked on the fixtures of the format");
        return;
    };
    let fixtures = Path::new(&data).join("fixtures/mvt-fixtures/fixtures");
    let mut read = 0;
    for folder in std::fs::read_dir(fixtures).unwrap() {
        let folder = folder.unwrap().path();
        let fixture = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let json = |name: &str| -> Json {
            serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
        };
        if json("info.json")["validity"]["v2"] != true || fixture == GIGANTIC {
            continue;
        }
        let reader = Reader::new(std::fs::read(folder.join("tile.mvt")).unwrap()).unwrap();
        let layers = json("tile.json")["layers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let names: Vec<&str> = layers
            .iter()
            .map(|layer| layer["name"].as_str().unwrap())
            .collect();
        assert_eq!(reader.get_layer_names().unwrap(), names, "{fixture}");
        for (index, layer) in layers.iter().enumerate() {
            check_layer(&fixture, &reader, index, layer);
        }
        read += 1;
    }
    assert!(read > 30, "{read} fixtures");
}

/// Feature ids by layer, as GDAL reads them off a file.
fn by_gdal(file: &Path, layer: &str) -> BTreeSet<u64> {
    let output = Command::new("ogrinfo")
        .arg("-al")
        .arg(format!("MVT:{}", file.display()))
        .arg(layer)
        .output()
        .expect("scripts/setup --tests installs ogrinfo");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let ids = text.lines().filter_map(|line| {
        let (key, value) = line
            .trim()
            .split_once(" (Integer) = ")
            .or_else(|| line.trim().split_once(" (Integer64) = "))?;
        (key == "mvt_id").then(|| value.parse().unwrap())
    });
    ids.collect()
}

#[tokio::test]
async fn gdal_reads_what_is_in_a_tile() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let cells = city.cells(edition, 3, 2).await;
    let mut components = BTreeSet::new();
    for step in 0..40 {
        let at = place(f64::from(step) * 2.0, f64::from(step % 7));
        let id = city.component("C03005", at, None).await;
        components.insert(id.unsigned_abs());
    }
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let folder = tempfile::tempdir().unwrap();
    for (names, query) in [("components,cells", ""), ("components,cells", "?full=1")] {
        let path = format!("/tiles/{names}/16/54598/26516{query}");
        let bytes = client
            .get(&path)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        let file = folder.path().join("tile.pbf");
        std::fs::write(&file, &bytes).unwrap();
        let reader = Reader::new(bytes.to_vec()).unwrap();
        let in_tile: BTreeSet<u64> = reader
            .get_features(0)
            .unwrap()
            .iter()
            .filter_map(|one| one.id)
            .collect();
        assert!(!in_tile.is_empty() && in_tile.is_subset(&components));
        assert_eq!(by_gdal(&file, "components"), in_tile);
        let cells: BTreeSet<u64> = cells
            .iter()
            .map(|id| u64::from(id.unsigned_abs()))
            .collect();
        let drawn = by_gdal(&file, "cells");
        assert!(!drawn.is_empty() && drawn.is_subset(&cells), "{drawn:?}");
    }
}
