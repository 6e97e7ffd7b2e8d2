//! The same layers in the grid of longitude and latitude (CGCS2000, 天地图 `_c`).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else a geometry is, it is wrong here"
)]

use std::collections::BTreeMap;

use cityward::config::TileChanges;
use cityward::space::GroundPoint;
use geo_types::Geometry;
use mvt_reader::Reader;
use reqwest::StatusCode;
use reqwest::header::ETAG;

use crate::city::{CELL_M, ORIGIN, TestCity, place};
use crate::service::{TestClient, TestService, problem};

const Z: i32 = 16;

/// The tile of degrees that holds a place.
fn tile_at(at: GroundPoint) -> (i32, i32) {
    let side = 360.0 / f64::from(1 << Z);
    (
        ((at.lon + 180.0) / side) as i32,
        ((90.0 - at.lat) / side) as i32,
    )
}

async fn read(city: &TestCity, client: &TestClient, layer: &str) -> Reader {
    let lsn: String = sqlx::query_scalar("select pg_current_wal_insert_lsn()::text")
        .fetch_one(&city.db)
        .await
        .unwrap();
    let (x, y) = tile_at(ORIGIN);
    let path = format!("/tiles/{layer}/{Z}/{x}/{y}?grid=CGCS2000Quad&min_lsn={lsn}");
    let answer = client.get(&path).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    Reader::new(answer.bytes().await.unwrap().to_vec()).unwrap()
}

/// Components by id as PostGIS puts them into the tile.
async fn postgis(city: &TestCity) -> BTreeMap<u64, (i32, i32)> {
    let (x, y) = tile_at(ORIGIN);
    let rows: Vec<(i64, f64, f64)> = sqlx::query_as(
        "with tile as (select st_makeenvelope(-180 + $2 * s, 90 - ($3 + 1) * s,
                 -180 + ($2 + 1) * s, 90 - $3 * s, 4326) as envelope
             from (select 360 / 2.0 ^ $1 as s) as side)
         select component_id, st_x(geom), st_y(geom) from (
             select component_id, st_asmvtgeom(anchor, envelope, 4096, 64, true) as geom
             from component, tile where state <> 'removed') as inside
         where geom is not null",
    )
    .bind(Z)
    .bind(x)
    .bind(y)
    .fetch_all(&city.db)
    .await
    .unwrap();
    rows.into_iter()
        .map(|(id, x, y)| (id as u64, (x as i32, y as i32)))
        .collect()
}

async fn ours(city: &TestCity, client: &TestClient) -> BTreeMap<u64, (i32, i32)> {
    let reader = read(city, client, "components").await;
    let features = reader.get_features(0).unwrap();
    let points = features.into_iter().map(|feature| {
        let at = match feature.geometry {
            Geometry::MultiPoint(points) => points.0[0],
            Geometry::Point(point) => point,
            other => panic!("{other:?}"),
        };
        (feature.id.unwrap(), (at.x() as i32, at.y() as i32))
    });
    points.collect()
}

#[tokio::test]
async fn components_stand_where_postgis_puts_them_and_follow() {
    for tile_changes in [TileChanges::CommitLog, TileChanges::Written] {
        let city = TestCity::new().await;
        for step in 0..40 {
            let step = f64::from(step);
            let at = place(step * 17.0 % 500.0, step * 31.0 % 400.0);
            city.component("C03005", at, None).await;
        }
        let service =
            TestService::start_with(&city, |config| config.tiles.tile_changes = tile_changes).await;
        let client = service.sign_in(&city).await;
        let theirs = postgis(&city).await;
        assert!(theirs.len() > 5, "{}", theirs.len());
        assert_eq!(ours(&city, &client).await, theirs);
        sqlx::raw_sql(
            "update component set geom = st_translate(geom, 0.0003, -0.0002) where component_id % 3 = 0;
             delete from component where component_id % 5 = 0;",
        )
        .execute(&city.db)
        .await
        .unwrap();
        let theirs = postgis(&city).await;
        assert_eq!(ours(&city, &client).await, theirs, "{tile_changes:?}");
    }
}

#[tokio::test]
async fn cells_and_the_base_map_lie_where_their_degrees_are() {
    let city = TestCity::new().await;
    let edition = city.edition().await;
    city.cells(edition, 1, 1).await;
    let far = place(CELL_M, CELL_M);
    sqlx::query(
        "insert into basemap (kind, rank, geom, source)
         values ('street', 'major', st_setsrid(st_makeline(st_makepoint($1, $2), st_makepoint($3, $4)), 4326), 'x')",
    )
    .bind(ORIGIN.lon)
    .bind(ORIGIN.lat)
    .bind(far.lon)
    .bind(far.lat)
    .execute(&city.db)
    .await
    .unwrap();
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let side = 360.0 / f64::from(1 << Z);
    let (x, y) = tile_at(ORIGIN);
    let units = |at: GroundPoint| {
        (
            ((at.lon + 180.0) / side - f64::from(x)) * 4096.0,
            ((90.0 - at.lat) / side - f64::from(y)) * 4096.0,
        )
    };
    let (south_west, north_east) = (units(ORIGIN), units(far));
    let near = |a: f64, b: f64| (a - b).abs() <= 1.0;
    let cells = read(&city, &client, "cells").await;
    let cell = cells.get_features(0).unwrap().remove(0);
    let corners: Vec<_> = match cell.geometry {
        Geometry::MultiPolygon(cell) => cell.0[0].exterior().0.clone(),
        Geometry::Polygon(cell) => cell.exterior().0.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(corners.len(), 5);
    for corner in corners {
        let (x, y) = (f64::from(corner.x), f64::from(corner.y));
        assert!(near(x, south_west.0) || near(x, north_east.0), "{x}");
        assert!(near(y, south_west.1) || near(y, north_east.1), "{y}");
    }
    let basemap = read(&city, &client, "basemap").await;
    let street = basemap.get_features(0).unwrap().remove(0);
    let line = match street.geometry {
        Geometry::LineString(line) => line,
        Geometry::MultiLineString(mut lines) => lines.0.remove(0),
        other => panic!("{other:?}"),
    };
    assert!(near(f64::from(line.0[0].x), south_west.0));
    assert!(near(f64::from(line.0[0].y), south_west.1));
}

#[tokio::test]
async fn the_grid_is_described_and_its_limits_hold() {
    let city = TestCity::new().await;
    city.component("C03005", place(50.0, 50.0), None).await;
    let service = TestService::start(&city).await;
    let client = service.sign_in(&city).await;
    let grid = client.json("/ogc/tileMatrixSets/CGCS2000Quad").await;
    assert_eq!(grid["crs"], "http://www.opengis.net/def/crs/EPSG/0/4490");
    let first = &grid["tileMatrices"][0];
    assert_eq!(first["id"], "1");
    assert_eq!(
        (&first["matrixWidth"], &first["matrixHeight"]),
        (&2.into(), &1.into())
    );
    assert_eq!(first["cellSize"], 180.0 / 256.0);
    let tile_json = client.json("/tiles/components?grid=CGCS2000Quad").await;
    assert_eq!(tile_json["minzoom"], 1);
    let template = tile_json["tiles"][0].as_str().unwrap();
    assert!(template.ends_with("?grid=CGCS2000Quad"), "{template}");

    let (x, y) = tile_at(ORIGIN);
    let ogc = format!("/ogc/collections/components/tiles/CGCS2000Quad/{Z}/{y}/{x}");
    let by_ogc = client.get(&ogc).send().await.unwrap();
    assert_eq!(by_ogc.status(), StatusCode::OK);
    let plain = format!("/tiles/components/{Z}/{x}/{y}");
    let by_query = client.get(&format!("{plain}?grid=CGCS2000Quad"));
    let by_query = by_query.send().await.unwrap();
    assert_eq!(by_ogc.headers()[ETAG], by_query.headers()[ETAG]);
    assert_eq!(
        by_ogc.bytes().await.unwrap(),
        by_query.bytes().await.unwrap()
    );
    // elsewhere in the map's grid
    let elsewhere = client.get(&plain).send().await.unwrap();
    assert_eq!(elsewhere.status(), StatusCode::NO_CONTENT);

    for (outside, field) in [("0/0/0", "z"), ("3/0/4", "y"), ("3/8/0", "x")] {
        let path = format!("/tiles/components/{outside}?grid=CGCS2000Quad");
        let answer = client.get(&path).send().await.unwrap();
        let body = problem(answer, StatusCode::BAD_REQUEST, "invalid-field").await;
        assert_eq!(body["errors"][0]["field"], field);
    }
    let unknown = client
        .get(&format!("{plain}?grid=Gauss"))
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), StatusCode::BAD_REQUEST);
}
