//! The city's cells as files: what is written is read back, by ourselves and by GDAL.

use std::path::Path;
use std::process::Command;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::city::CELL_M;
use crate::drawing::Town;
use crate::grid::grid;
use crate::people::colleague;
use crate::service::{TestClient, problem};

const FORMATS: [&str; 4] = ["gpkg", "geojson", "fgb", "shp"];

/// Saves what the service answers; a Shapefile's archive is unpacked. The path of the file to open.
async fn saved(client: &TestClient, url: &str, folder: &Path, format: &str) -> std::path::PathBuf {
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{url}");
    let disposition = answer.headers()["content-disposition"].to_str().unwrap();
    let ending = if format == "shp" { "zip" } else { format };
    assert!(
        disposition.ends_with(&format!(".{ending}\"")),
        "{disposition}"
    );
    let bytes = answer.bytes().await.unwrap();
    let path = folder.join(format!("cells.{format}"));
    if format == "shp" {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 5);
        for index in 0..archive.len() {
            let mut part = archive.by_index(index).unwrap();
            let ending = part.name().rsplit('.').next().unwrap().to_owned();
            let mut file = std::fs::File::create(folder.join(format!("cells.{ending}"))).unwrap();
            std::io::copy(&mut part, &mut file).unwrap();
        }
    } else {
        std::fs::write(&path, bytes).unwrap();
    }
    path
}

/// What GDAL reads of it: the EPSG number, and the attributes of each cell in the order of codes.
fn by_gdal(path: &Path) -> (u64, Vec<Value>) {
    let head = Command::new("ogrinfo")
        .args(["-so", "-al"])
        .arg(path)
        .output()
        .expect("scripts/setup --tests installs ogrinfo");
    let head = String::from_utf8_lossy(&head.stdout).into_owned();
    // the last number is the system's own, those before are of its parts
    let (_, last) = head
        .rsplit_once("ID[\"EPSG\",")
        .unwrap_or_else(|| panic!("{path:?}: {head}"));
    let epsg = last.split(']').next().unwrap().parse().unwrap();
    let collection = Command::new("ogr2ogr")
        .args(["-f", "GeoJSON", "/vsistdout/"])
        .arg(path)
        .output()
        .unwrap();
    let collection: Value = serde_json::from_slice(&collection.stdout).unwrap();
    let mut cells: Vec<Value> = collection["features"].as_array().unwrap().clone();
    cells.sort_by_key(|cell| {
        cell["properties"]["code"]
            .as_str()
            .unwrap_or("~")
            .to_owned()
    });
    (epsg, cells)
}

#[tokio::test]
async fn cells_of_today_are_read_back_from_every_format() {
    let town = Town::new().await;
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("/api/v1/partition/cells?format={format}");
        let path = saved(&town.planner.client, &url, folder.path(), format).await;
        let (code, text) = grid(&["check", path.to_str().unwrap()]);
        assert_eq!(code, 0, "{format}: {text}");
        assert!(text.contains('4'), "{format}: {text}");
        let (epsg, cells) = by_gdal(&path);
        assert_eq!((epsg, cells.len()), (4326, 4), "{format}");
        for (number, cell) in cells.iter().enumerate() {
            let properties = &cell["properties"];
            let code = format!("32120200100100{}", number + 1);
            assert_eq!(properties["code"], code, "{format}");
            assert_eq!(properties["street"], "321202001", "{format}");
            assert_eq!(properties["community"], "321202001001", "{format}");
            assert_eq!(properties["unit_id"], town.units[number % 2], "{format}");
            assert_eq!(properties["unit"], format!("责任单位{}", number % 2 + 1));
            assert_eq!(properties["edition"], town.edition, "{format}");
            let area = properties["area_m2"].as_f64().unwrap();
            assert!((area - CELL_M * CELL_M).abs() < 50.0, "{format}: {area}");
        }
    }
}

#[tokio::test]
async fn other_moments_plans_and_cgcs2000_come_as_files_too() {
    let town = Town::new().await;
    let client = &town.planner.client;
    let folder = tempfile::tempdir().unwrap();
    let url = "/api/v1/partition/cells?format=gpkg&crs=EPSG:4490";
    let (epsg, _) = by_gdal(&saved(client, url, folder.path(), "gpkg").await);
    assert_eq!(epsg, 4490);

    let plan = town.begin().await;
    town.stepped(plan, &town.split(50.0).await).await;
    let url = format!("/api/v1/plans/{plan}/cells?format=fgb");
    let path = saved(client, &url, folder.path(), "fgb").await;
    let (_, cells) = by_gdal(&path);
    assert_eq!(cells.len(), 5);
    // of what the plan draws neither code nor edition is known
    let editions = cells.iter().map(|cell| &cell["properties"]["edition"]);
    let known = editions.filter(|edition| **edition == town.edition).count();
    assert_eq!(known, 3);
    town.approved(plan, json!({})).await;
    for (at, count) in [("", 5), ("&at=2021-01-01T00:00:00Z", 4)] {
        let url = format!("/api/v1/partition/cells?format=geojson{at}");
        let path = saved(client, &url, folder.path(), "geojson").await;
        assert_eq!(by_gdal(&path).1.len(), count);
    }

    let before = client.get("/api/v1/partition/cells?format=shp&at=1999-01-01T00:00:00Z");
    problem(
        before.send().await.unwrap(),
        StatusCode::NOT_FOUND,
        "not-found",
    )
    .await;
    for wrong in [
        "format=dxf",
        "format=geojson&crs=EPSG:4490",
        "format=gpkg&crs=EPSG:3857",
    ] {
        let answer = client.get(&format!("/api/v1/partition/cells?{wrong}"));
        let answer = answer.send().await.unwrap();
        problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
    }
    let worker = colleague(&town.city, &town.service, "dispatcher", None, None).await;
    let refused = worker
        .client
        .get(&format!("/api/v1/plans/{plan}/cells?format=gpkg"));
    problem(
        refused.send().await.unwrap(),
        StatusCode::FORBIDDEN,
        "forbidden",
    )
    .await;
}
