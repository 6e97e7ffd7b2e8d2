//! The ground on real files, judged point by point: by PostGIS, and by the formula of GCJ-02.

use std::f64::consts::PI;
use std::fs;
use std::path::PathBuf;

use cityward_partition::{
    Cell, Degrees, FaceId, Frame, Limits, Operation, Partition, Planned, Point, Polygon, repair,
};
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::city::TestCity;
use crate::grid::grid;
use crate::real_data::real_data;

const POINTS: usize = 1_000_000;
/// Borders closer than this to each other are one.
const TOLERANCE_MM: u32 = 1000;

/// The rings of every polygon of every feature.
fn polygons_of(file: &PathBuf) -> Vec<Vec<Vec<Vec<Degrees>>>> {
    let file: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let degrees = |at: &Value| Degrees {
        lon: at[0].as_f64().unwrap(),
        lat: at[1].as_f64().unwrap(),
    };
    let ring = |ring: &Value| ring.as_array().unwrap().iter().map(degrees).collect();
    let polygon = |rings: &Value| rings.as_array().unwrap().iter().map(ring).collect();
    let features = file["features"].as_array().unwrap().iter();
    let of_feature = features.map(|feature| {
        let coordinates = &feature["geometry"]["coordinates"];
        match feature["geometry"]["type"].as_str().unwrap() {
            "Polygon" => vec![polygon(coordinates)],
            _ => coordinates
                .as_array()
                .unwrap()
                .iter()
                .map(polygon)
                .collect(),
        }
    });
    of_feature.collect()
}

fn ground_of(file: &PathBuf) -> Partition {
    let features = polygons_of(file);
    let frame = Frame::at(features[0][0][0][0]).unwrap();
    let ring = |ring: &Vec<Degrees>| {
        let points = ring.iter().map(|at| frame.point(*at).unwrap());
        let mut points: Vec<Point> = points.collect();
        // a ring of a file says its first point twice
        points.pop();
        points
    };
    let cells: Vec<Cell> = features
        .iter()
        .map(|polygons| Cell {
            polygons: polygons
                .iter()
                .map(|rings| Polygon {
                    exterior: ring(&rings[0]),
                    holes: rings[1..].iter().map(ring).collect(),
                })
                .collect(),
        })
        .collect();
    repair(&cells, TOLERANCE_MM).partition
}

/// Moves corners and merges neighbours; how many of these were possible.
fn redraw(partition: &mut Partition, random: &mut ChaCha8Rng) -> usize {
    let mut done = 0;
    for _ in 0..60 {
        let arcs: Vec<_> = partition.arcs().values().collect();
        let arc = *arcs.choose(random).unwrap();
        let at = *arc.line.choose(random).unwrap();
        let mut near = |middle: i32| middle + random.random_range(-20_000..=20_000);
        let operation = match arc.sides() {
            [Some(one), Some(other)] if done % 6 == 5 => Operation::Merge {
                faces: vec![one, other],
            },
            _ => Operation::MoveVertex {
                at,
                to: Point::new(near(at.x), near(at.y)),
            },
        };
        if let Ok(Planned { change, .. }) = operation.plan(partition, &Limits::default()) {
            partition.apply(&change).unwrap();
            done += 1;
        }
    }
    done
}

fn written(ring: &[Point]) -> String {
    let closed = ring.iter().chain(ring.first());
    let corners: Vec<String> = closed.map(|at| format!("{} {}", at.x, at.y)).collect();
    format!("({})", corners.join(","))
}

fn well_known_text(polygons: &[Polygon]) -> String {
    let each: Vec<String> = polygons
        .iter()
        .map(|polygon| {
            let rings = std::iter::once(&polygon.exterior).chain(&polygon.holes);
            let rings: Vec<String> = rings.map(|ring| written(ring)).collect();
            format!("({})", rings.join(","))
        })
        .collect();
    format!("multipolygon({})", each.join(","))
}

async fn lay_out(city: &TestCity, partition: &Partition) {
    sqlx::query("create unlogged table ground (face bigint, geom geometry)")
        .execute(&city.db)
        .await
        .unwrap();
    for face in partition.faces().keys() {
        sqlx::query("insert into ground values ($1, st_geomfromtext($2))")
            .bind(i64::from(face.0))
            .bind(well_known_text(&partition.polygons(*face)))
            .execute(&city.db)
            .await
            .unwrap();
    }
    sqlx::query("create index on ground using gist (geom)")
        .execute(&city.db)
        .await
        .unwrap();
}

/// Anywhere on the ground and a little around it, and some where it is hardest.
fn points_around(partition: &Partition, random: &mut ChaCha8Rng) -> Vec<Point> {
    let corners: Vec<Point> = partition
        .arcs()
        .values()
        .flat_map(|arc| arc.line.iter().copied())
        .collect();
    let range = |side: fn(&Point) -> i32| {
        let (least, most) = (
            corners.iter().map(side).min(),
            corners.iter().map(side).max(),
        );
        least.unwrap() - 100_000..=most.unwrap() + 100_000
    };
    let (east, north) = (range(|at| at.x), range(|at| at.y));
    let mut points: Vec<Point> = (0..POINTS - 1000)
        .map(|_| {
            Point::new(
                random.random_range(east.clone()),
                random.random_range(north.clone()),
            )
        })
        .collect();
    // where it is hardest: on corners, and a millimetre beside them
    for _ in 0..1000 {
        let at = corners.choose(random).unwrap();
        let mut beside = |side: i32| side + random.random_range(-1..=1);
        points.push(Point::new(beside(at.x), beside(at.y)));
    }
    points
}

/// Every point has the owner that PostGIS says, or is on a border (to a millimetre).
#[tokio::test(flavor = "multi_thread")]
async fn a_million_points_lie_where_postgis_says() {
    let Some(file) = real_data("cells/Lucknow_Lucknow_ward_boundary.geojson") else {
        return;
    };
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let mut partition = ground_of(&file);
    let done = redraw(&mut partition, &mut random);
    assert!(done > 20, "{done} operations");
    let city = TestCity::new().await;
    lay_out(&city, &partition).await;
    let points = points_around(&partition, &mut random);
    let ours: Vec<i64> = points
        .iter()
        .map(|at| {
            partition
                .face_at(*at)
                .map_or(-1, |FaceId(face)| i64::from(face))
        })
        .collect();
    let inside = ours.iter().filter(|face| **face >= 0).count();
    assert!(inside * 4 > POINTS, "{inside} points are in a cell");
    let (astray, on_border): (i64, i64) = sqlx::query_as(
        "with point as (
             select st_makepoint(x, y) as at, face
             from unnest($1::float8[], $2::float8[], $3::bigint[]) as point (x, y, face)
         ), astray as (
             select at, face from point
             where not case when face < 0
                 then not exists (select from ground where st_covers(geom, at))
                 else exists (select from ground
                     where ground.face = point.face and st_covers(geom, at)) end
         )
         select count(*) filter (where not near), count(*) filter (where near)
         from (select exists (select from ground where st_dwithin(st_boundary(geom), at, 1)) as near
               from astray) as judged",
    )
    .bind(points.iter().map(|at| f64::from(at.x)).collect::<Vec<_>>())
    .bind(points.iter().map(|at| f64::from(at.y)).collect::<Vec<_>>())
    .bind(&ours)
    .fetch_one(&city.db)
    .await
    .unwrap();
    println!(
        "{POINTS} points, {inside} in a cell, {on_border} told otherwise within 1 mm of a border"
    );
    assert_eq!(astray, 0);
}

/// WGS 84 as GCJ-02 has it, by the formula as it is passed on: the shift in metres of the ellipsoid
/// of Krassovsky 1940, by sines of the distance from 105° E, 35° N.
fn encrypted(at: Degrees) -> Degrees {
    let (x, y) = (at.lon - 105.0, at.lat - 35.0);
    let waves = |of: f64, parts: [(f64, f64); 2]| {
        parts
            .iter()
            .map(|(high, long)| high * (of * PI / long).sin())
            .sum::<f64>()
            * 2.0
            / 3.0
    };
    let common = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let root = 0.1 * x.abs().sqrt();
    let north_m = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 2.0 * root
        + common
        + waves(y, [(20.0, 1.0), (40.0, 3.0)])
        + waves(y, [(160.0, 12.0), (320.0, 30.0)]);
    let east_m = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + root
        + common
        + waves(x, [(20.0, 1.0), (40.0, 3.0)])
        + waves(x, [(150.0, 12.0), (300.0, 30.0)]);
    let (axis_m, squared) = (6_378_245.0, 0.006_693_421_622_965_943);
    let latitude = at.lat.to_radians();
    let rest = 1.0 - squared * latitude.sin().powi(2);
    let degree_north_m = axis_m * (1.0 - squared) / rest.powf(1.5) * PI / 180.0;
    let degree_east_m = axis_m / rest.sqrt() * latitude.cos() * PI / 180.0;
    Degrees {
        lon: at.lon + east_m / degree_east_m,
        lat: at.lat + north_m / degree_north_m,
    }
}

#[test]
fn the_counties_of_taizhou_land_within_a_metre_of_their_place() {
    let Some(file) = real_data("cells/taizhou_counties_gcj02.geojson") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("taizhou.geojson");
    let (code, said) = grid(&[
        "repair",
        file.to_str().unwrap(),
        "--crs",
        "gcj02",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(code, 0, "{said}");
    let corners = |file: &PathBuf| -> Vec<Degrees> {
        let rings = polygons_of(file).into_iter().flatten().flatten();
        rings.flatten().collect()
    };
    let (told, ours) = (corners(&file), corners(&out));
    let metres = |a: Degrees, b: Degrees| {
        let north = (a.lat - b.lat) * 110_900.0;
        let east = (a.lon - b.lon) * 111_320.0 * a.lat.to_radians().cos();
        north.hypot(east)
    };
    let nearest = |at: Degrees, among: &[Degrees]| {
        let distances = among.iter().map(|other| metres(at, *other));
        distances.fold(f64::INFINITY, f64::min)
    };
    assert!(ours.len() > 1500, "{} corners", ours.len());
    let mut worst: f64 = 0.0;
    for at in ours {
        let there = encrypted(at);
        worst = worst.max(nearest(there, &told));
        assert!(metres(at, there) > 300.0, "it was not moved");
    }
    println!("the worst corner is {worst:.4} m from its place");
    assert!(worst < 1.0, "{worst} m");
}
