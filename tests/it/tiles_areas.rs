//! Cells, responsibility areas and the base map as tiles, against the database they follow.

use std::collections::BTreeMap;
use std::time::Duration;

use geo_types::MultiPolygon;
use mvt_reader::Reader;
use reqwest::StatusCode;
use reqwest::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use sqlx::Connection as _;

use crate::city::TestCity;
use crate::service::{TestClient, TestService};

/// The tile of zoom 14 in which the test city's corner lies.
const NEAR: &str = "14/13649/6629";
/// The tile of zoom 16 with the corner, and one a kilometre east of it.
const CORNER: &str = "16/54598/26516";
const EAST: &str = "16/54601/26516";

async fn lsn(city: &TestCity) -> String {
    sqlx::query_scalar("select pg_current_wal_insert_lsn()::text")
        .fetch_one(&city.db)
        .await
        .unwrap()
}

struct Answer {
    status: StatusCode,
    tag: HeaderValue,
    bytes: Vec<u8>,
}

/// A tile that holds everything committed until now.
async fn ask(
    city: &TestCity,
    client: &TestClient,
    path: &str,
    known: Option<&HeaderValue>,
) -> Answer {
    let mut request = client.get(&format!("/tiles/{path}?min_lsn={}", lsn(city).await));
    if let Some(known) = known {
        request = request.header(IF_NONE_MATCH, known);
    }
    let answer = request.send().await.unwrap();
    Answer {
        status: answer.status(),
        tag: answer.headers()[ETAG].clone(),
        bytes: answer.bytes().await.unwrap().to_vec(),
    }
}

/// Features of one layer of a tile: tags and twice the area in square tile units, by id.
fn features(bytes: Vec<u8>, layer: &str) -> BTreeMap<u64, (String, f64)> {
    if bytes.is_empty() {
        return BTreeMap::new();
    }
    let reader = Reader::new(bytes).unwrap();
    let names = reader.get_layer_names().unwrap();
    let Some(index) = names.iter().position(|name| name == layer) else {
        return BTreeMap::new();
    };
    let features = reader.get_features(index).unwrap();
    features
        .into_iter()
        .map(|feature| {
            let mut tags: Vec<String> = feature
                .properties
                .iter()
                .flatten()
                .map(|(key, value)| format!("{key}={value:?}"))
                .collect();
            tags.sort();
            let polygons = MultiPolygon::try_from(feature.geometry).ok();
            let polygons = polygons.iter().flat_map(|polygons| &polygons.0);
            let rings = polygons
                .flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()));
            let area = rings.map(twice_area).sum();
            (feature.id.unwrap(), (tags.join(" "), area))
        })
        .collect()
}

fn twice_area(ring: &geo_types::LineString<f32>) -> f64 {
    let edges = ring.0.windows(2);
    edges
        .map(|edge| {
            let at = |index: usize| (f64::from(edge[index].x), f64::from(edge[index].y));
            let ((ax, ay), (bx, by)) = (at(0), at(1));
            ax * by - bx * ay
        })
        .sum()
}

/// The areas of cells in a tile, as PostGIS clips them.
async fn postgis(city: &TestCity, z: i32, x: i32, y: i32) -> BTreeMap<u64, f64> {
    let rows: Vec<(i64, f64)> = sqlx::query_as(
        "select cell_id::bigint, 2 * st_area(shape)
         from cell, st_asmvtgeom(st_transform(geom, 3857), st_tileenvelope($1, $2, $3), 4096, 128, true) as shape
         where shape is not null and valid @> now()",
    )
    .bind(z)
    .bind(x)
    .bind(y)
    .fetch_all(&city.db)
    .await
    .unwrap();
    let positive = |id: i64| u64::try_from(id).unwrap();
    rows.into_iter()
        .map(|(id, area)| (positive(id), area))
        .collect()
}

#[tokio::test]
async fn cells_are_what_postgis_would_draw() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    city.cells(edition, 12, 8).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    for (z, x, y) in [
        (12, 3412, 1657),
        (14, 13649, 6629),
        (16, 54598, 26516),
        (16, 54599, 26515),
    ] {
        let path = format!("cells/{z}/{x}/{y}");
        let ours = features(ask(&city, &client, &path, None).await.bytes, "cells");
        let theirs = postgis(&city, z, x, y).await;
        assert!(!theirs.is_empty(), "{path}");
        assert_eq!(
            ours.keys().collect::<Vec<_>>(),
            theirs.keys().collect::<Vec<_>>(),
            "{path}"
        );
        for (id, (_, area)) in ours {
            // each vertex may be rounded the other way
            let (theirs, side) = (theirs[&id], theirs[&id].sqrt());
            assert!(
                (area - theirs).abs() <= 4.0 * side + 8.0,
                "{path}: cell {id}: {area}, {theirs}"
            );
        }
    }
}

#[tokio::test]
async fn a_change_is_in_its_tiles_and_leaves_the_others_as_they_are() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let cells = city.cells(edition, 16, 1).await;
    let unit = city.unit(1).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let corner = ask(&city, &client, &format!("cells/{CORNER}"), None).await;
    let east = ask(&city, &client, &format!("cells/{EAST}"), None).await;
    assert_eq!(
        (corner.status, east.status),
        (StatusCode::OK, StatusCode::OK)
    );

    city.responsible(edition, cells[0], None, unit).await;
    let changed = ask(
        &city,
        &client,
        &format!("cells/{CORNER}"),
        Some(&corner.tag),
    )
    .await;
    assert_eq!(changed.status, StatusCode::OK);
    let first = u64::try_from(cells[0]).unwrap();
    assert!(
        features(changed.bytes, "cells")[&first]
            .0
            .contains("责任单位1")
    );
    let unchanged = ask(&city, &client, &format!("cells/{EAST}"), Some(&east.tag)).await;
    assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);

    // a rule for one class is not drawn: nothing changed
    city.responsible(edition, cells[0], Some("C03005"), unit)
        .await;
    let same = ask(
        &city,
        &client,
        &format!("cells/{CORNER}"),
        Some(&changed.tag),
    )
    .await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);

    // what is gone is gone from its tiles too
    sqlx::query("delete from responsibility")
        .execute(&city.db)
        .await
        .unwrap();
    sqlx::query("delete from cell where cell_id = $1")
        .bind(cells[0])
        .execute(&city.db)
        .await
        .unwrap();
    let gone = ask(
        &city,
        &client,
        &format!("cells/{CORNER}"),
        Some(&changed.tag),
    )
    .await;
    assert_eq!(gone.status, StatusCode::OK);
    assert!(!features(gone.bytes, "cells").contains_key(&first));
}

#[tokio::test]
async fn what_begins_and_ends_by_the_time_does_so_in_tiles() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let cells = city.cells(edition, 2, 1).await;
    // both at the same moment, which is to come after the service has started
    sqlx::query(
        "update cell set valid = case cell_id
             when $1 then tstzrange('2020-01-01', now() + interval '4 s')
             else tstzrange(now() + interval '4 s', null) end",
    )
    .bind(cells[0])
    .execute(&city.db)
    .await
    .unwrap();
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let path = format!("cells/{NEAR}");
    let mut seen = Vec::new();
    for _ in 0..400 {
        let now: Vec<u64> = features(ask(&city, &client, &path, None).await.bytes, "cells")
            .into_keys()
            .collect();
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        if seen.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let ids = [cells[0], cells[1]].map(|id| vec![u64::try_from(id).unwrap()]);
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn responsibility_areas_are_their_cells_without_the_borders_between() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let cells = city.cells(edition, 4, 2).await;
    let unit = city.unit(7).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let path = format!("areas/{NEAR}");
    assert_eq!(
        ask(&city, &client, &path, None).await.status,
        StatusCode::NO_CONTENT
    );
    let area: i32 = sqlx::query_scalar(
        "insert into area (kind, name_zh, name_en, unit_id)
         values ('responsibility', '第一责任网格', 'Area one', $1) returning area_id",
    )
    .bind(unit)
    .fetch_one(&city.db)
    .await
    .unwrap();
    sqlx::query(
        "insert into area_cell (area_id, kind, cell_id)
         select $1, 'responsibility', unnest($2::integer[])",
    )
    .bind(area)
    .bind(&cells[..6])
    .execute(&city.db)
    .await
    .unwrap();
    let drawn = ask(&city, &client, &path, None).await.bytes;
    let (tags, size) = features(drawn.clone(), "areas")[&u64::try_from(area).unwrap()].clone();
    assert!(
        tags.contains("责任单位7") && tags.contains("Area one"),
        "{tags}"
    );
    assert_eq!(features(drawn, "area_labels").len(), 1);
    let cells_tile = ask(&city, &client, &format!("cells/{NEAR}"), None)
        .await
        .bytes;
    let parts = features(cells_tile, "cells");
    let ids = cells[..6].iter().map(|id| u64::try_from(*id).unwrap());
    assert_eq!(size, ids.map(|id| parts[&id].1).sum::<f64>());
}

#[tokio::test]
async fn an_unchanged_base_map_is_not_asked_of_the_database() {
    let city = TestCity::new().await;
    let street = "insert into basemap (kind, rank, geom, source)
        values ('street', 'major', 'srid=4326;linestring(119.92 32.45, 119.93 32.46)', 'test')";
    sqlx::query(street).execute(&city.db).await.unwrap();
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let path = format!("basemap/{NEAR}");
    let first = ask(&city, &client, &path, None).await;
    assert_eq!(first.status, StatusCode::OK);
    let rename = |from: &str, to: &str| format!("alter table {from} rename to {to}");
    sqlx::query(&rename("basemap", "away"))
        .execute(&city.db)
        .await
        .unwrap();
    let known = ask(&city, &client, &path, Some(&first.tag)).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    assert_eq!(ask(&city, &client, &path, None).await.bytes, first.bytes);
    sqlx::query(&rename("away", "basemap"))
        .execute(&city.db)
        .await
        .unwrap();
    sqlx::query(street).execute(&city.db).await.unwrap();
    let changed = ask(&city, &client, &path, Some(&first.tag)).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(changed.bytes, first.bytes);
}

#[tokio::test]
async fn a_lost_bell_leaves_no_stale_cell() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    city.cells(edition, 2, 1).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    // the change is written down without a bell
    let mut writer = sqlx::PgConnection::connect_with(&city.options)
        .await
        .unwrap();
    sqlx::raw_sql(
        "set session_replication_role = replica;
         update cell set name = 'quiet';
         insert into tile_change (layer) values ('areas');",
    )
    .execute(&mut writer)
    .await
    .unwrap();
    for _ in 0..100 {
        let answer = client
            .get(&format!("/tiles/cells/{NEAR}"))
            .send()
            .await
            .unwrap();
        let bytes = answer.bytes().await.unwrap().to_vec();
        if features(bytes, "cells")
            .values()
            .all(|(tags, _)| tags.contains("quiet"))
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("still stale after five seconds");
}
