//! `cityward tiles export`: what is in the file, read by others than who wrote it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cityward::config::Config;
use cityward::import::Progress;
use cityward::tiles::{Exported, TilesArgs, TilesCommand, export};
use clap::Parser;
use pmtiles::{AsyncPmTilesReader, TileCoord};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT_ENCODING, ETAG, IF_NONE_MATCH};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;

use crate::city::{TestCity, place};
use crate::service::{TestClient, TestService};

#[derive(Parser)]
#[command(name = "tiles")]
struct Cli {
    #[command(flatten)]
    tiles: TilesArgs,
}

async fn run(city: &TestCity, options: &str, file: &Path) -> anyhow::Result<Exported> {
    let words = ["tiles", "export"]
        .into_iter()
        .chain(options.split_whitespace());
    let words = words.chain([file.to_str().unwrap()]);
    let TilesCommand::Export { options, .. } = Cli::try_parse_from(words)?.tiles.command;
    export(&city.db, &options, Progress::Silent).await
}

/// Twelve by twelve cells, two areas, two thousand components and a bit of a base map.
async fn full_city() -> TestCity {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let cells = city.cells(edition, 12, 12).await;
    let unit = city.unit(1).await;
    city.responsible(edition, cells[5], None, unit).await;
    for sql in [
        "with new as (insert into area (kind, name_zh, name_en)
             values ('responsibility', '甲', 'A'), ('responsibility', '乙', 'B') returning area_id)
         insert into area_cell (area_id, kind, cell_id)
         select area_id, 'responsibility', cell_id from cell
         join (select area_id, row_number() over (order by area_id) - 1 as half from new) as halves
             on half = cell_id % 2",
        "insert into component (class_code, geom, source)
         select 'C03005', st_setsrid(st_makepoint(119.918 + (n * 7919 % 500) * 1e-5, 32.447 + (n * 104729 % 497) * 1e-5), 4326), 'scatter'
         from generate_series(1, 2000) as n",
        "insert into basemap (kind, rank, name, geom, source) values
         ('street', 'major', '海陵路', 'srid=4326;linestring(119.90 32.44, 119.94 32.46)', 'test'),
         ('water', '', '', 'srid=4326;polygon((119.921 32.451, 119.925 32.451, 119.925 32.455, 119.921 32.451))', 'test'),
         ('building', '', '', 'srid=4326;polygon((119.9201 32.4501, 119.9205 32.4501, 119.9205 32.4504, 119.9201 32.4501))', 'test')",
    ] {
        sqlx::query(sql).execute(&city.db).await.unwrap();
    }
    city
}

type Tiles = BTreeMap<(u8, u32, u32), Vec<u8>>;

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let (_, len) = bytes.split_last_chunk::<4>().unwrap();
    let mut raw = vec![0; u32::from_le_bytes(*len) as usize];
    let wrote = libdeflater::Decompressor::new().gzip_decompress(bytes, &mut raw);
    assert_eq!(wrote, Ok(raw.len()));
    raw
}

/// Every tile around the test city.
fn around(zooms: std::ops::RangeInclusive<u8>) -> impl Iterator<Item = (u8, u32, u32)> {
    zooms.flat_map(|z| {
        let tile = |east_m, north_m| {
            let at = place(east_m, north_m);
            let tiles = f64::from(1_u32 << z);
            let latitude = at.lat.to_radians();
            let y =
                (1.0 - (latitude.tan() + 1.0 / latitude.cos()).ln() / std::f64::consts::PI) / 2.0;
            (
                ((at.lon + 180.0) / 360.0 * tiles) as u32,
                (y * tiles) as u32,
            )
        };
        let ((west, south), (east, north)) = (tile(-2_500.0, -1_500.0), tile(2_500.0, 1_500.0));
        (west..=east).flat_map(move |x| (north..=south).map(move |y| (z, x, y)))
    })
}

async fn served(client: &TestClient, layer: &str, zooms: std::ops::RangeInclusive<u8>) -> Tiles {
    let mut tiles = Tiles::new();
    for (z, x, y) in around(zooms) {
        let request = client.get(&format!("/tiles/{layer}/{z}/{x}/{y}"));
        let answer = request
            .header(ACCEPT_ENCODING, "identity")
            .send()
            .await
            .unwrap();
        if answer.status() == StatusCode::OK {
            tiles.insert((z, x, y), answer.bytes().await.unwrap().to_vec());
        }
    }
    tiles
}

/// The tiles of an archive, read by the address of each.
async fn in_pmtiles(file: &Path, zooms: std::ops::RangeInclusive<u8>) -> Tiles {
    let reader = AsyncPmTilesReader::new_with_path(file).await.unwrap();
    let mut tiles = Tiles::new();
    for (z, x, y) in around(zooms) {
        let coord = TileCoord::new(z, x, y).unwrap();
        if let Some(bytes) = reader.get_tile(coord).await.unwrap() {
            tiles.insert((z, x, y), gunzip(&bytes));
        }
    }
    tiles
}

async fn in_mbtiles(file: &Path) -> (Tiles, BTreeMap<String, String>) {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut db = options.connect().await.unwrap();
    let rows: Vec<(u8, u32, u32, Vec<u8>)> =
        sqlx::query_as("select zoom_level, tile_column, tile_row, tile_data from tiles")
            .fetch_all(&mut db)
            .await
            .unwrap();
    let metadata: Vec<(String, String)> = sqlx::query_as("select name, value from metadata")
        .fetch_all(&mut db)
        .await
        .unwrap();
    db.close().await.unwrap();
    let north = |z: u8, row: u32| (1 << z) - 1 - row;
    let tiles = rows
        .into_iter()
        .map(|(z, x, row, bytes)| ((z, x, north(z, row)), gunzip(&bytes)));
    (tiles.collect(), metadata.into_iter().collect())
}

fn only_file(folder: &TempDir) -> PathBuf {
    let mut files = std::fs::read_dir(folder.path()).unwrap();
    let only = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none(), "something is left beside the file");
    only
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tile_is_what_the_service_sends() {
    let city = full_city().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    for layer in ["basemap", "cells", "areas", "components"] {
        let expected = served(&client, layer, 0..=16).await;
        assert!(expected.len() > 16, "{layer}: {}", expected.len());
        let options = format!("--layer {layer} --zoom 0-16");
        let folder = TempDir::new().unwrap();
        let archive = folder.path().join("out.pmtiles");
        let exported = run(&city, &options, &archive).await.unwrap();
        assert_eq!(only_file(&folder), archive);
        assert_eq!(exported.tiles, expected.len() as u64, "{layer}");
        assert!(in_pmtiles(&archive, 0..=16).await == expected, "{layer}");

        let folder = TempDir::new().unwrap();
        let archive = folder.path().join("out.mbtiles");
        run(&city, &options, &archive).await.unwrap();
        assert_eq!(only_file(&folder), archive);
        let (tiles, metadata) = in_mbtiles(&archive).await;
        assert!(tiles == expected, "{layer}");
        assert_eq!((&*metadata["format"], &*metadata["maxzoom"]), ("pbf", "16"));
        assert!(metadata["json"].contains("vector_layers"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_says_what_it_is_of() {
    let city = full_city().await;
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("out.pmtiles");
    run(&city, "--layer cells --zoom 10-15", &archive)
        .await
        .unwrap();
    let reader = AsyncPmTilesReader::new_with_path(&archive).await.unwrap();
    let header = reader.get_header();
    assert!(header.clustered());
    assert_eq!((header.min_zoom, header.max_zoom), (10, 15));
    assert!((header.min_longitude - 119.92).abs() < 1e-5, "{header:?}");
    assert!((header.min_latitude - 32.45).abs() < 1e-5, "{header:?}");
    let metadata: serde_json::Value =
        serde_json::from_str(&reader.get_metadata().await.unwrap()).unwrap();
    assert_eq!(metadata["vector_layers"][0]["id"], "cells");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_data_makes_the_same_bytes_however_often_it_was_cut_off() {
    let city = full_city().await;
    for (layer, ending) in [
        ("cells", "pmtiles"),
        ("basemap", "pmtiles"),
        ("components", "mbtiles"),
    ] {
        let folder = TempDir::new().unwrap();
        let archive = |name: &str| folder.path().join(format!("{name}.{ending}"));
        let options = format!("--layer {layer} --zoom 0-16");
        run(&city, &options, &archive("one")).await.unwrap();
        let whole = std::fs::read(archive("one")).unwrap();
        run(&city, &options, &archive("two")).await.unwrap();
        assert!(
            std::fs::read(archive("two")).unwrap() == whole,
            "{layer}: another run"
        );

        // the notes of an export that was killed when it had made a part
        let (parts, notes) = half_noted(&city, &options, &archive("three")).await;
        std::fs::write(&parts, notes).unwrap();
        let exported = run(&city, &options, &archive("three")).await.unwrap();
        assert!(exported.taken_over > 0, "{layer}");
        assert!(
            std::fs::read(archive("three")).unwrap() == whole,
            "{layer}: taken over"
        );
        assert!(!parts.exists());

        // notes of other data are not taken over
        let (parts, notes) = half_noted(&city, &options, &archive("four")).await;
        std::fs::write(&parts, notes).unwrap();
        sqlx::query(match layer {
            "cells" => "update cell set name = 'other' where cell_id % 2 = 0",
            "basemap" => "update basemap set name = 'other'",
            _ => "update component set state = 'damaged'",
        })
        .execute(&city.db)
        .await
        .unwrap();
        let exported = run(&city, &options, &archive("four")).await.unwrap();
        assert_eq!(exported.taken_over, 0, "{layer}");
        assert!(
            std::fs::read(archive("four")).unwrap() != whole,
            "{layer}: other data"
        );
    }
}

/// What stands in the notes of an export half way: made by one whose archive cannot be written.
async fn half_noted(city: &TestCity, options: &str, archive: &Path) -> (PathBuf, Vec<u8>) {
    let named = |ending: &str| PathBuf::from(format!("{}.{ending}", archive.display()));
    let blocked = named("unfinished");
    std::fs::create_dir(&blocked).unwrap();
    run(city, options, archive).await.unwrap_err();
    std::fs::remove_dir(&blocked).unwrap();
    assert!(!archive.exists(), "half a file has its name");
    let parts = named("parts");
    let mut notes = std::fs::read(&parts).unwrap();
    notes.truncate(notes.len() * 2 / 3);
    (parts, notes)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_exported_is_said() {
    let city = TestCity::new().await;
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("there.pmtiles"), "something else").unwrap();
    for (options, name, reason) in [
        ("--layer cases", "a.pmtiles", "is up to each person's role"),
        (
            "--layer moon",
            "a.pmtiles",
            "there is no layer moon; there are basemap, cells",
        ),
        (
            "--layer cells --zoom 9-3",
            "a.pmtiles",
            "deeper than the last",
        ),
        (
            "--layer cells --zoom 0-17",
            "a.pmtiles",
            "cells has tiles to zoom 16",
        ),
        (
            "--layer cells",
            "a.tiles",
            "ends neither in .pmtiles nor in .mbtiles",
        ),
        (
            "--layer cells",
            "there.pmtiles",
            "is there already; --force replaces it",
        ),
        ("--layer cells", "no/folder.pmtiles", "cannot write"),
    ] {
        let error = run(&city, options, &file(name)).await.unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains(reason), "{options} {name}: {text}");
    }
    assert_eq!(
        std::fs::read_to_string(file("there.pmtiles")).unwrap(),
        "something else"
    );
    // a city without cells is an archive without tiles
    let exported = run(&city, "--layer cells --force", &file("there.pmtiles"))
        .await
        .unwrap();
    assert_eq!(exported.tiles, 0);
    let reader = AsyncPmTilesReader::new_with_path(file("there.pmtiles"))
        .await
        .unwrap();
    assert_eq!(reader.get_header().n_addressed_tiles(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_map_that_lies_in_a_file_is_served_from_it() {
    let city = full_city().await;
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("basemap.pmtiles");
    let options = "--layer basemap --zoom 0-14";
    run(&city, options, &archive).await.unwrap();
    let database = TestService::start(&city).await;
    let expected = served(&database.sign_in(&city).await, "basemap", 0..=14).await;
    sqlx::query("delete from basemap")
        .execute(&city.db)
        .await
        .unwrap();
    let with_file = |config: &mut Config| config.tiles.basemap_file = archive.clone();
    let service = TestService::start_with(&city, with_file).await;
    let client = service.sign_in(&city).await;
    assert!(served(&client, "basemap", 0..=14).await == expected);
    assert_eq!(client.json("/tiles/basemap").await["maxzoom"], 14);
    let path = "/tiles/basemap/14/13649/6629";
    let first = client.get(path).send().await.unwrap();
    let known = client
        .get(path)
        .header(IF_NONE_MATCH, &first.headers()[ETAG]);
    let known = known.send().await.unwrap();
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
}
