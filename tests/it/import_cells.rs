//! Cells, OpenStreetMap extracts, whole files of others, and the command itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use sqlx::ConnectOptions;
use tempfile::TempDir;

use crate::city::TestCity;
use crate::import::{count, fixture, import, outcome, whys, write};
use crate::real_data::real_data;

/// A polygon from metres east and north of a corner of the city.
fn polygon(points: &[(f64, f64)]) -> String {
    let degrees = points.iter().map(|(east, north)| {
        let there = crate::city::place(*east, *north);
        format!("[{},{}]", there.lon, there.lat)
    });
    let degrees: Vec<String> = degrees.collect();
    format!(
        r#"{{"type":"Polygon","coordinates":[[{}]]}}"#,
        degrees.join(",")
    )
}

fn square(east: f64, north: f64, side: f64) -> String {
    let (far_east, far_north) = (east + side, north + side);
    polygon(&[
        (east, north),
        (far_east, north),
        (far_east, far_north),
        (east, far_north),
        (east, north),
    ])
}

/// Cells from (code, unit, geometry).
fn cell_file(folder: &TempDir, cells: &[(&str, &str, String)]) -> PathBuf {
    let features = cells.iter().map(|(code, unit, geometry)| {
        format!(r#"{{"type":"Feature","properties":{{"code":"{code}","unit":"{unit}"}},"geometry":{geometry}}}"#)
    });
    let features: Vec<String> = features.collect();
    write(
        folder,
        "cells.geojson",
        &format!(
            r#"{{"type":"FeatureCollection","features":[{}]}}"#,
            features.join(",")
        ),
    )
}

async fn cells(city: &TestCity) -> Vec<String> {
    sqlx::query_scalar(
        "select concat_ws(' ', code, round(area_m2 / 10) * 10, u.name_zh)
         from cell c
         left join responsibility r using (cell_id)
         left join unit u using (unit_id)
         order by code",
    )
    .fetch_all(&city.db)
    .await
    .unwrap()
}

#[tokio::test]
async fn cells_must_not_lie_on_each_other_nor_on_those_in_force() {
    let city = TestCity::new().await;
    let folder = TempDir::new().unwrap();
    let first = cell_file(&folder, &[("321202001001001", "", square(0.0, 0.0, 100.0))]);
    import(&city, "cells", &first, "--code-field code")
        .await
        .unwrap();

    let bow_tie = polygon(&[
        (500.0, 0.0),
        (600.0, 100.0),
        (600.0, 0.0),
        (500.0, 100.0),
        (500.0, 0.0),
    ]);
    let file = cell_file(
        &folder,
        &[
            ("321202001001001", "", square(1000.0, 0.0, 100.0)),
            ("321202001001002", "", square(99.0, 0.0, 100.0)),
            ("321202001001003", "", square(200.0, 0.0, 100.0)),
            ("321202001001004", "", square(299.995, 0.0, 100.0)),
            ("321202001001005", "", square(350.0, 50.0, 100.0)),
            ("321202001001006", "", bow_tie),
            ("3212020010010", "", square(700.0, 0.0, 100.0)),
            ("", "", square(800.0, 0.0, 100.0)),
            ("321202001001003", "", square(900.0, 0.0, 100.0)),
            (
                "321202001001010",
                "",
                r#"{"type":"Point","coordinates":[119.92,32.45]}"#.to_owned(),
            ),
        ],
    );
    let report = import(&city, "cells", &file, "--code-field code --partial")
        .await
        .unwrap();
    let whys = whys(&report);
    let expected = [
        (1, "duplicate code: 321202001001001 is a cell already"),
        (2, "overlap: 100.0 m² with cell 321202001001001"),
        (4, "sliver: 0.500 m² with row 3"),
        (5, "overlap: 2499.7 m² with row 4"),
        (6, "invalid polygon: Self-intersection["),
        (7, "not a cell code of 15 digits: 3212020010010"),
        (8, "no code in `code`"),
        (9, "duplicate code: 321202001001003, as in row 3"),
        (10, "wrong geometry type: point"),
    ];
    assert_eq!(whys.len(), expected.len(), "{whys:?}");
    for (row, why) in expected {
        assert!(
            whys[&row].starts_with(why),
            "row {row}: {} instead of {why}",
            whys[&row]
        );
    }
    assert_eq!(
        cells(&city).await,
        [
            "321202001001001 10000",
            "321202001001003 10000",
            "321202001001004 10000"
        ]
    );
    assert_eq!(count(&city, "edition").await, 2);

    let report = import(&city, "cells", &file, "--code-field code")
        .await
        .unwrap();
    assert_eq!(report.imported(), 0);
    assert_eq!(count(&city, "cell").await, 3);
    assert_eq!(count(&city, "edition").await, 2);
}

#[tokio::test]
async fn cells_without_codes_are_numbered_and_units_created() {
    let city = TestCity::new().await;
    city.unit(1).await;
    let folder = TempDir::new().unwrap();
    let file = cell_file(
        &folder,
        &[
            ("", "责任单位1", square(100.0, 0.0, 100.0)),
            ("", "城东城管中队", square(100.0, 101.0, 50.0)),
            ("", "城东城管中队", square(0.0, 103.0, 100.0)),
            ("", "", square(0.0, 0.0, 100.0)),
        ],
    );
    let options = "--community 321202001001 --unit-field unit";
    let report = import(&city, "cells", &file, options).await.unwrap();
    assert_eq!(outcome(&report), "imported 0 of 4; refused unknown unit 2");

    let options = format!("{options} --create-units");
    let report = import(&city, "cells", &file, &options).await.unwrap();
    assert_eq!(outcome(&report), "imported 4 of 4");
    assert_eq!(
        cells(&city).await,
        [
            "321202001001001 10000 城东城管中队",
            "321202001001002 2500 城东城管中队",
            "321202001001003 10000",
            "321202001001004 10000 责任单位1",
        ]
    );
    let code: String =
        sqlx::query_scalar("select credit_code from unit where name_zh = '城东城管中队'")
            .fetch_one(&city.db)
            .await
            .unwrap();
    assert!(code.starts_with("Y1000000LCL00001"), "{code}");

    // the next file goes on counting
    let more = cell_file(&folder, &[("", "", square(0.0, 500.0, 100.0))]);
    let report = import(
        &city,
        "cells",
        &more,
        "--community 321202001001 --unit 城东城管中队",
    )
    .await;
    assert_eq!(outcome(&report.unwrap()), "imported 1 of 1");
    assert_eq!(cells(&city).await[4], "321202001001005 10000 城东城管中队");
}

#[tokio::test]
async fn an_invalid_cell_is_repaired_when_that_is_asked_for() {
    let city = TestCity::new().await;
    let folder = TempDir::new().unwrap();
    let bow_tie = polygon(&[
        (0.0, 0.0),
        (100.0, 100.0),
        (100.0, 0.0),
        (0.0, 100.0),
        (0.0, 0.0),
    ]);
    let file = cell_file(&folder, &[("321202001001001", "", bow_tie)]);
    let report = import(&city, "cells", &file, "--code-field code --repair")
        .await
        .unwrap();
    assert_eq!(outcome(&report), "imported 1 of 1; repaired 1");
    assert!(
        report.rows[0]
            .why
            .starts_with("repaired: Self-intersection["),
        "{}",
        report.rows[0].why
    );
    assert_eq!(cells(&city).await, ["321202001001001 5000"]);
}

#[tokio::test]
async fn an_osm_extract_becomes_components_cameras_and_the_base_map() {
    let city = TestCity::new().await;
    let file = fixture("quarter.osm.pbf");
    let report = import(&city, "osm", &file, "").await.unwrap();
    assert_eq!(
        outcome(&report),
        "imported 0 of 17; refused an area whose way is not closed 1, incomplete 2"
    );
    for _ in 0..2 {
        let report = import(&city, "osm", &file, "--partial").await.unwrap();
        assert_eq!(
            outcome(&report),
            "imported 14 of 17; noted 1; repaired 1; refused an area whose way is not closed 1, incomplete 2"
        );
    }
    let classes: Vec<String> = sqlx::query_scalar(
        "select source_id || ' ' || class_code from component order by source_id",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    assert_eq!(
        classes,
        [
            "node/1 C01037",
            "node/2 C01037",
            "node/3 C03005",
            "node/4 C04007",
            "node/5 C04002",
            "node/6 C01013",
            "node/7 C01050",
            "node/8 C01002",
        ]
    );
    let cameras: Vec<String> = sqlx::query_scalar(
        "select concat_ws(' ', camera_id, name_zh, height_m, source, st_astext(location, 4)) from camera",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    assert_eq!(cameras, ["osm-node-7 东门监控 6 osm POINT(119.9202 32.45)"]);
    let basemap: Vec<String> = sqlx::query_scalar(
        "select concat_ws(' ', kind, nullif(rank, ''), nullif(name, ''), nullif(name_en, ''),
                          geometrytype(geom), nullif(st_numinteriorrings(st_geometryn(geom, 1)), 0))
         from basemap order by kind, rank, name, geometrytype(geom)",
    )
    .fetch_all(&city.db)
    .await
    .unwrap();
    assert_eq!(
        basemap,
        [
            "street major 海陵路 Hailing Road LINESTRING",
            "street path LINESTRING",
            "building MULTIPOLYGON",
            "building POLYGON",
            "water 小池 POLYGON",
            "green MULTIPOLYGON 1",
        ]
    );
}

#[tokio::test]
async fn the_command_writes_the_report_and_says_by_its_exit_code_how_it_went() {
    let city = TestCity::new().await;
    let folder = TempDir::new().unwrap();
    let file = write(&folder, "lamps.csv", "id,lon,lat\n1,119.92,32.45\n2,,\n");
    let run = |options: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cityward"))
            .args(["import", "components"])
            .arg(&file)
            .args(["--class", "路灯", "--data-dir"])
            .arg(folder.path())
            .args(options)
            .env("DATABASE_URL", city.options.to_url_lossy().as_str())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (code, terminal) = run(&[]);
    assert_eq!(code, Some(1), "{terminal}");
    assert!(
        terminal.contains("Nothing imported: 1 of 2 rows refused.")
            && terminal.contains("--partial"),
        "{terminal}"
    );
    let report =
        std::fs::read_to_string(folder.path().join("imports/lamps.csv.import.csv")).unwrap();
    assert_eq!(
        report,
        "row,id,outcome,why\n1,1,withheld,\n2,2,refused,no geometry\n"
    );

    let named = folder.path().join("report.csv");
    let (code, terminal) = run(&["--partial", "--report", named.to_str().unwrap()]);
    assert_eq!(code, Some(3), "{terminal}");
    let report = std::fs::read_to_string(named).unwrap();
    assert_eq!(
        report,
        "row,id,outcome,why\n1,1,taken,\n2,2,refused,no geometry\n"
    );

    std::fs::write(&file, "id,lon,lat\n1,119.92,32.45\n").unwrap();
    assert_eq!(run(&[]).0, Some(0));
    assert_eq!(count(&city, "component").await, 1);
}

/// Every line of `real_files.txt`: what becomes of public files of real cities.
#[tokio::test]
async fn real_files_are_taken_and_refused_as_counted() {
    let Some(cells) = real_data("cells") else {
        return;
    };
    let data = cells.parent().unwrap();
    let table = std::fs::read_to_string(fixture("real_files.txt")).unwrap();
    let mut cities: BTreeMap<String, TestCity> = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in table.lines() {
        let [name, kind, file, options, expected] = line
            .splitn(5, '|')
            .map(str::trim)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        if !cities.contains_key(name) {
            cities.insert(name.to_owned(), TestCity::new().await);
        }
        let result = import(&cities[name], kind, &data.join(file), options).await;
        let actual = match result {
            Ok(report) => outcome(&report),
            Err(error) => format!("error: {error:#}"),
        };
        if actual != expected {
            wrong.push(format!("{name} | {kind} | {file} | {options} | {actual}"));
        }
    }
    assert!(wrong.is_empty(), "became otherwise:\n{}", wrong.join("\n"));
}
