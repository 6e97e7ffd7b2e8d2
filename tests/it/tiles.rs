//! Tiles of our own layers, decoded again and looked at feature by feature.

use cityward::space::GroundPoint;
use mvt_reader::Reader;
use reqwest::StatusCode;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};

use crate::city::{CELL_M, TestCity, place};
use crate::service::{TestClient, TestService, problem};

/// The tile of zoom `z` that holds a place: the slippy-map formula, written apart from ours.
fn tile_at(at: GroundPoint, z: u32) -> (u32, u32) {
    let tiles = f64::from(1_u32 << z);
    let x = (at.lon + 180.0) / 360.0 * tiles;
    let latitude = at.lat.to_radians();
    let y =
        (1.0 - (latitude.tan() + 1.0 / latitude.cos()).ln() / std::f64::consts::PI) / 2.0 * tiles;
    (x as u32, y as u32)
}

async fn tile(client: &TestClient, layer: &str, at: GroundPoint, z: u32) -> Reader {
    let (x, y) = tile_at(at, z);
    read(client, &format!("/tiles/{layer}/{z}/{x}/{y}")).await
}

/// A tile of the components that holds everything committed until now.
async fn tile_after(city: &TestCity, client: &TestClient, at: GroundPoint, z: u32) -> Reader {
    let (x, y) = tile_at(at, z);
    let lsn = lsn(city).await;
    read(
        client,
        &format!("/tiles/components/{z}/{x}/{y}?min_lsn={lsn}"),
    )
    .await
}

async fn lsn(city: &TestCity) -> String {
    sqlx::query_scalar("select pg_current_wal_insert_lsn()::text")
        .fetch_one(&city.db)
        .await
        .unwrap()
}

async fn read(client: &TestClient, path: &str) -> Reader {
    let answer = client.get(path).send().await.unwrap();
    assert_eq!(answer.headers()[CACHE_CONTROL], "private, no-cache");
    assert_eq!(answer.headers()[VARY], "accept-encoding");
    let has_content = answer.headers().contains_key(CONTENT_TYPE);
    if has_content {
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(
            answer.headers()[CONTENT_TYPE],
            "application/vnd.mapbox-vector-tile"
        );
    } else {
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    Reader::new(answer.bytes().await.unwrap().to_vec()).unwrap()
}

fn tags(reader: &Reader, layer: &str) -> Vec<String> {
    let names = reader.get_layer_names().unwrap();
    let Some(index) = names.iter().position(|name| name == layer) else {
        return Vec::new();
    };
    let mut found: Vec<String> = reader
        .get_features(index)
        .unwrap()
        .iter()
        .map(|feature| {
            let mut tags: Vec<String> = feature
                .properties
                .iter()
                .flatten()
                .map(|(key, value)| format!("{key}={value:?}"))
                .collect();
            tags.sort();
            format!("{:?} {}", feature.id, tags.join(" "))
        })
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn components_stand_in_the_tile_as_they_are_in_the_database() {
    let city = TestCity::new().await;
    let bin = city.component("C03005", place(50.0, 50.0), None).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;

    let near = tile(&client, "components", place(50.0, 50.0), 16).await;
    assert_eq!(
        tags(&near, "components"),
        [format!(
            "Some({bin}) class=String(\"C03005\") state=String(\"good\")"
        )]
    );
    // a change is in the next tile, whoever made it
    sqlx::query("update component set state = 'damaged'")
        .execute(&city.db)
        .await
        .unwrap();
    let changed = tile_after(&city, &client, place(50.0, 50.0), 16).await;
    assert!(tags(&changed, "components")[0].contains("damaged"));
    // far away there is nothing
    let elsewhere = tile(&client, "components", place(5_000.0, 50.0), 16).await;
    assert_eq!(tags(&elsewhere, "components"), Vec::<String>::new());
}

#[tokio::test]
async fn below_zoom_15_components_are_counted_not_drawn() {
    let city = TestCity::new().await;
    for step in 0..10 {
        city.component("C01037", place(f64::from(step), 0.0), None)
            .await;
    }
    city.component("C01037", place(0.0, 900.0), None).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let far = tile(&client, "components", place(0.0, 0.0), 10).await;
    assert_eq!(tags(&far, "components"), Vec::<String>::new());
    let squares = tags(&far, "component_density");
    assert_eq!(squares.len(), 2, "{squares:?}");
    assert!(
        squares[0].contains("count=UInt(10)") || squares[1].contains("count=UInt(10)"),
        "{squares:?}"
    );
}

#[tokio::test]
async fn cells_carry_their_code_and_who_answers_for_them() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    let cells = city.cells(edition, 2, 1).await;
    let unit = city.unit(1).await;
    city.responsible(edition, cells[0], None, unit).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let middle = place(CELL_M, CELL_M / 2.0);
    let found = tags(&tile(&client, "cells", middle, 14).await, "cells");
    assert_eq!(found.len(), 2);
    assert!(
        found[0].contains("321202001001001") && found[0].contains("责任单位1"),
        "{found:?}"
    );
    assert!(
        found[1].contains("321202001001002") && !found[1].contains("unit"),
        "{found:?}"
    );
    let labels = tags(&tile(&client, "cells", middle, 14).await, "cell_labels");
    assert_eq!(labels.len(), 2);
}

#[tokio::test]
async fn the_base_map_shows_more_with_every_zoom() {
    let city = TestCity::new().await;
    sqlx::query(
        "insert into basemap (kind, rank, name, name_en, geom, source) values
         ('street', 'major', '海陵路', 'Hailing Road', 'srid=4326;linestring(119.92 32.45, 119.93 32.46)', 'test'),
         ('street', 'service', '', '', 'srid=4326;linestring(119.92 32.45, 119.921 32.45)', 'test'),
         ('building', '', '', '', 'srid=4326;polygon((119.9201 32.4501, 119.9205 32.4501, 119.9205 32.4504, 119.9201 32.4504, 119.9201 32.4501),(119.9202 32.4502, 119.9202 32.4503, 119.9203 32.4503, 119.9203 32.4502, 119.9202 32.4502))', 'test'),
         ('water', '', '凤城河', 'Fengcheng River', 'srid=4326;multipolygon(((119.921 32.451, 119.925 32.451, 119.925 32.455, 119.921 32.451)),((119.926 32.451, 119.928 32.451, 119.928 32.455, 119.926 32.451)))', 'test')",
    )
    .execute(&city.db)
    .await
    .unwrap();
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let at = place(20.0, 20.0);
    let far = tile(&client, "basemap", at, 10).await;
    assert_eq!(tags(&far, "street").len(), 1);
    assert_eq!(tags(&far, "building").len(), 0);
    let near = tile(&client, "basemap", at, 14).await;
    assert_eq!(tags(&near, "street").len(), 2);
    assert!(
        tags(&near, "street")
            .iter()
            .any(|street| street.contains("海陵路") && street.contains("Hailing Road"))
    );
    assert_eq!(tags(&near, "building").len(), 1);
    assert_eq!(tags(&near, "water").len(), 1);
}

#[tokio::test]
async fn an_unchanged_tile_is_not_sent_again() {
    let city = TestCity::new().await;
    city.component("C03005", place(50.0, 50.0), None).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let (x, y) = tile_at(place(50.0, 50.0), 16);
    let path = format!("/tiles/components/16/{x}/{y}");
    let first = client.get(&path).send().await.unwrap();
    let etag = first.headers()[ETAG].clone();
    let again = client
        .get(&path)
        .header(IF_NONE_MATCH, &etag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    sqlx::query("update component set state = 'missing'")
        .execute(&city.db)
        .await
        .unwrap();
    let changed = client
        .get(&format!("{path}?min_lsn={}", lsn(&city).await))
        .header(IF_NONE_MATCH, &etag)
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
}

#[tokio::test]
async fn wrong_coordinates_and_layers_are_named() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    for (path, field) in [
        ("/tiles/cells/23/0/0", "z"),
        ("/tiles/cells/3/8/0", "x"),
        ("/tiles/cells/3/0/9", "y"),
    ] {
        let body = problem(
            client.get(path).send().await.unwrap(),
            StatusCode::BAD_REQUEST,
            "invalid-field",
        )
        .await;
        assert_eq!(body["errors"][0]["field"], field, "{path}");
    }
    let text = client.get("/tiles/cells/a/0/0").send().await.unwrap();
    problem(text, StatusCode::BAD_REQUEST, "invalid-field").await;
    problem(
        client.get("/tiles/moon/0/0/0").send().await.unwrap(),
        StatusCode::NOT_FOUND,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn tilejson_says_where_the_tiles_are_and_what_is_in_them() {
    let city = TestCity::new().await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let tilejson = client.json("/tiles/cells").await;
    assert_eq!(tilejson["tilejson"], "3.0.0");
    assert_eq!(
        tilejson["tiles"][0],
        service.url("/tiles/cells/{z}/{x}/{y}")
    );
    assert_eq!(tilejson["vector_layers"][0]["id"], "cells");
    assert!(tilejson["vector_layers"][0]["fields"]["code"].is_string());
    let catalogue = client.json("/tiles").await;
    for entry in catalogue["layers"].as_array().unwrap() {
        let tilejson = client.json(entry["tilejson"].as_str().unwrap()).await;
        assert_eq!(tilejson["name"], entry["name"]);
    }
}
