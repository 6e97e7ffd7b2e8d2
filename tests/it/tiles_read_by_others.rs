//! Tiles in the hands of others: the decoder of these tests against the fixtures of the format, and
//! our tiles against GDAL's driver and PostGIS.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::PI;
use std::path::Path;
use std::process::Command;

use cityward::space::GroundPoint;
use geo_types::{Coord, Geometry, LineString, Polygon};
use mvt_reader::Reader;
use mvt_reader::feature::Value;
use serde_json::Value as Json;

use crate::city::{TestCity, place};
use crate::real_data::real_data;
use crate::service::TestService;

/// One of a million times a million moves: what a decoder does with it is not said.
const GIGANTIC: &str = "057";
/// Lines that leave the range of 32 bits: where that leads is not said either.
const OVERFLOWING: [&str; 2] = ["049", "050"];

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

/// Each point, line or ring of a geometry, in order.
type Parts = Vec<Vec<(i64, i64)>>;

/// The parts that a fixture's commands draw, by the text of the format, 4.3.
fn drawn(commands: &Json) -> Parts {
    let numbers = commands.as_array().into_iter().flatten();
    let mut numbers = numbers.map(|number| number.as_u64().unwrap());
    let (mut parts, mut at) = (Parts::new(), (0, 0));
    while let Some(command) = numbers.next() {
        let (id, count) = (command & 7, command >> 3);
        if id == 7 {
            let ring = parts.last_mut().unwrap();
            ring.push(ring[0]);
            continue;
        }
        for _ in 0..count {
            let mut delta = || {
                let number = numbers.next().unwrap();
                (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
            };
            at = (at.0 + delta(), at.1 + delta());
            if id == 1 {
                parts.push(Vec::new());
            }
            parts.last_mut().unwrap().push(at);
        }
    }
    parts
}

/// The parts that the decoder shows.
fn decoded(geometry: &Geometry<f32>) -> Parts {
    let at = |at: &Coord<f32>| (at.x as i64, at.y as i64);
    let line = |line: &LineString<f32>| line.0.iter().map(at).collect();
    let rings = |polygon: &Polygon<f32>| -> Parts {
        let holes = polygon.interiors().iter().map(line);
        [line(polygon.exterior())]
            .into_iter()
            .chain(holes)
            .collect()
    };
    match geometry {
        Geometry::Point(point) => vec![vec![at(&point.0)]],
        Geometry::MultiPoint(points) => points.iter().map(|point| vec![at(&point.0)]).collect(),
        Geometry::LineString(one) => vec![line(one)],
        Geometry::MultiLineString(lines) => lines.iter().map(line).collect(),
        Geometry::Polygon(polygon) => rings(polygon),
        Geometry::MultiPolygon(polygons) => polygons.iter().flat_map(rings).collect(),
        other @ (Geometry::Line(_)
        | Geometry::GeometryCollection(_)
        | Geometry::Rect(_)
        | Geometry::Triangle(_)) => panic!("{other:?}"),
    }
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
        if !OVERFLOWING.contains(&fixture) {
            let expected = drawn(&said["geometry"]);
            assert_eq!(decoded(&feature.geometry), expected, "{fixture}");
        }
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
    let Some(fixtures) = real_data("fixtures/mvt-fixtures/fixtures") else {
        return;
    };
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

/// Features of a tile: id, place, and every attribute as text.
type Features = BTreeMap<u64, (Parts, BTreeMap<String, String>)>;

fn features(bytes: Vec<u8>) -> Features {
    if bytes.is_empty() {
        return Features::new();
    }
    let text = |value: Value| match value {
        Value::String(text) => text,
        Value::Int(number) | Value::SInt(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        other @ (Value::Float(_) | Value::Double(_) | Value::Bool(_) | Value::Null) => {
            panic!("{other:?}")
        }
    };
    let all = Reader::new(bytes).unwrap().get_features(0).unwrap();
    let count = all.len();
    let features = all.into_iter().map(|feature| {
        let tags = feature.properties.unwrap_or_default().into_iter();
        let tags = tags.map(|(key, value)| (key, text(value))).collect();
        (feature.id.unwrap(), (decoded(&feature.geometry), tags))
    });
    let features: Features = features.collect();
    assert_eq!(features.len(), count, "each once");
    features
}

/// Around the place where four tiles of zoom 12 meet, with every attribute there is.
async fn scatter(city: &TestCity) -> GroundPoint {
    let unit = city.unit(7).await;
    let (x, y) = (3413.0, 1657.0); // of zoom 12
    let at = GroundPoint {
        lon: x / 4096.0 * 360.0 - 180.0,
        lat: (PI * (1.0 - 2.0 * y / 4096.0)).sinh().atan().to_degrees(),
    };
    sqlx::query(
        "insert into component (class_code, code, name, state, owner_unit_id, maintenance_unit_id,
            surveyed_on, geom, source)
         select (array['C03005', 'C01002', 'C01037'])[1 + n % 3],
             case when n % 2 = 0 then lpad(n::text, 16, '0') end,
             (array['', '东门', 'a \"quoted\" name', '路灯🛈'])[1 + n % 4],
             (array['good', 'damaged', 'missing', 'removed'])[1 + n % 4]::component_state,
             case when n % 5 > 0 then $1 end, case when n % 7 > 0 then $1 end,
             case when n % 3 > 0 then date '2019-12-31' + n end,
             st_setsrid(st_makepoint($2 + sin(n * 12.9898) * 0.02 / (1 + n % 40),
                 $3 + sin(n * 78.233) * 0.02 / (1 + n % 40)), 4326),
             'scatter'
         from generate_series(1, 4000) as n",
    )
    .bind(unit)
    .bind(at.lon)
    .bind(at.lat)
    .execute(&city.db)
    .await
    .unwrap();
    at
}

/// The same attributes, and places to a tile's unit: ours are cut off to 9 mm first. What only one
/// of them has lies on the margin's own edge, where one rounds before it looks and the other after.
fn assert_same(ours: &Features, theirs: &Features, path: &str) {
    let ids: BTreeSet<&u64> = ours.keys().chain(theirs.keys()).collect();
    for id in ids {
        match (ours.get(id), theirs.get(id)) {
            (Some((at, tags)), Some((their_at, their_tags))) => {
                assert_eq!(tags, their_tags, "{path} {id}");
                let (at, their_at) = (at[0][0], their_at[0][0]);
                let apart = (at.0 - their_at.0).abs().max((at.1 - their_at.1).abs());
                assert!(apart <= 1, "{path} {id}: {at:?} {their_at:?}");
            }
            (Some((at, _)), None) | (None, Some((at, _))) => {
                let on_edge =
                    |units: i64| (-65..=-63).contains(&units) || (4159..=4161).contains(&units);
                let (x, y) = at[0][0];
                assert!(on_edge(x) || on_edge(y), "{path} {id}: {x} {y}");
            }
            (None, None) => unreachable!("it is of one of them"),
        }
    }
}

#[tokio::test]
async fn st_asmvt_makes_the_same_features_at_every_zoom() {
    let city = TestCity::new().await;
    let at = scatter(&city).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let mut compared = 0;
    for z in 0..=20_u8 {
        let side = f64::from(1 << z);
        let x = ((at.lon + 180.0) / 360.0 * side + 0.5) as i64;
        let y = ((1.0 - at.lat.to_radians().tan().asinh() / PI) / 2.0 * side + 0.5) as i64;
        // the four around the place, as far as the zoom has them
        let last = (1 << z) - 1;
        for (x, y) in [(x - 1, y - 1), (x, y - 1), (x - 1, y), (x, y)] {
            let (x, y) = (x.clamp(0, last), y.clamp(0, last));
            let path = format!("/tiles/components/{z}/{x}/{y}?full=1");
            let answer = client.get(&path).send().await.unwrap();
            assert!(answer.status().is_success(), "{answer:?}");
            let ours = features(answer.bytes().await.unwrap().to_vec());
            let theirs: Vec<u8> = sqlx::query_scalar(
                "select coalesce(st_asmvt(row, 'components', 4096, 'geom', 'id'), '') from (
                     select component_id as id, class_code as class, state::text,
                         owner_unit_id as owner, maintenance_unit_id as maintenance,
                         nullif(name, '') as name, code,
                         to_char(surveyed_on, 'YYYYMMDD')::integer as surveyed,
                         st_asmvtgeom(st_transform(anchor, 3857), st_tileenvelope($1, $2, $3),
                             4096, 64, true) as geom
                     from component where state <> 'removed') as row where geom is not null",
            )
            .bind(i32::from(z))
            .bind(x as i32)
            .bind(y as i32)
            .fetch_one(&city.db)
            .await
            .unwrap();
            let theirs = features(theirs);
            compared += theirs.len();
            assert_same(&ours, &theirs, &path);
        }
    }
    assert!(compared > 50_000, "{compared}");
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
