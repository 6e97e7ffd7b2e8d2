//! OGC API - Features as programs of others see it: GDAL, and with `CITYWARD_OGC=python` (which
//! `make test-ogc` installs) the conformance suite `ogctests` and OWSLib.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::city::place;
use crate::drawing::Town;
use crate::features::BIN;
use crate::people::colleague;

const LAMP: &str = "C01013";

/// A town with something in every collection; the cookie of who keeps its register.
async fn town() -> (Town, String) {
    let town = Town::new().await;
    for step in 0..23 {
        let class = if step % 3 == 0 { LAMP } else { BIN };
        let at = place(f64::from(step) * 4.0, 50.0);
        town.city.component(class, at, None).await;
    }
    let (platform, _) = town.city.platform("video").await;
    town.city.camera("cam-1", platform).await;
    for east_m in [20.0, 40.0] {
        town.case(town.cells[0], place(east_m, 30.0), None).await;
    }
    let officer = colleague(&town.city, &town.service, "data_officer", None, None).await;
    let cookie = officer.client.cookie.unwrap();
    (town, cookie)
}

/// What GDAL reads of the components.
fn by_gdal(url: &str, cookie: &str, arguments: &[&str]) -> Vec<Value> {
    let output = Command::new("ogr2ogr")
        .args(["-f", "GeoJSON", "/vsistdout/"])
        .args(["--config", "GDAL_HTTP_HEADERS"])
        .arg(format!("Cookie: {cookie}"))
        // so that there is more than one page
        .args(["-oo", "PAGE_SIZE=7", "-oo", "INITIAL_REQUEST_PAGE_SIZE=7"])
        .args(arguments)
        .arg(format!("OAPIF:{url}"))
        .arg("components")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    let said: Value = serde_json::from_str(&said).unwrap();
    said["features"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn gdal_reads_pages_and_filters() {
    let (town, cookie) = town().await;
    let url = town.service.url("/ogc");
    let all = by_gdal(&url, &cookie, &[]);
    assert_eq!(all.len(), 23);
    let lamps = by_gdal(&url, &cookie, &["-where", "class = 'C01013'"]);
    assert_eq!(lamps.len(), 8);
    for lamp in &lamps {
        assert_eq!(lamp["properties"]["class"], LAMP);
    }
    let (low, high) = (place(-1.0, 49.0), place(5.0, 51.0));
    let corners = [low.lon, low.lat, high.lon, high.lat].map(|side| side.to_string());
    let [west, south, east, north] = &corners;
    let near = by_gdal(&url, &cookie, &["-spat", west, south, east, north]);
    assert_eq!(near.len(), 2);
    town.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conformance_suite_and_owslib_find_nothing_wrong() {
    let Some(python) = std::env::var_os("CITYWARD_OGC") else {
        println!("CITYWARD_OGC is not set: not judged by others");
        return;
    };
    let (town, cookie) = town().await;
    let url = town.service.url("/ogc");
    let judging = tokio::task::spawn_blocking(move || {
        Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ogc.py"))
            .arg(url)
            .env("CITYWARD_COOKIE", cookie)
            .output()
            .unwrap()
    });
    let output = judging.await.unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complained}");
    let outcomes: BTreeMap<String, String> = serde_json::from_slice(&output.stdout).unwrap();
    let wrong: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| *outcome != "passed" && !outcome.starts_with("skipped"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("{} tests of others: {outcomes:?}", outcomes.len());
    assert!(outcomes.len() > 28);
    town.service.stop().await;
}
