//! Whatever is done to a partition, it stays one, and can be taken back.

use std::collections::BTreeMap;

use cityward_partition::{
    FaceId, Limits, Operation, Partition, Planned, Point, Polygon, difference, repair,
};
use geo::{Contains as _, Intersects as _};
use proptest::prelude::*;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{files, synthetic};

const STEPS: usize = 40;

/// A millimetre along ten kilometres.
const ROUNDING_M2: f64 = 10.0;

fn invented(seed: u64) -> Partition {
    repair(&synthetic::city(5, 4, 2, seed), 100).partition
}

fn any_limits() -> Limits {
    Limits {
        width_min_mm: 50.0,
        ..Limits::default()
    }
}

/// A vertex somewhere, and about how far its arc reaches.
fn vertex(partition: &Partition, random: &mut ChaCha8Rng) -> (Point, i32) {
    let arcs: Vec<_> = partition.arcs().values().collect();
    let line = &arcs.choose(random).unwrap().line;
    let (first, last) = (line[0], line[line.len() - 1]);
    let reach = (first.distance_mm(last) / 4.0).clamp(1000.0, 1e8) as i32;
    (*line.choose(random).unwrap(), reach)
}

fn beside(at: Point, reach: i32, random: &mut ChaCha8Rng) -> Point {
    let mut near = |middle: i32| middle + random.random_range(-reach..=reach);
    Point::new(near(at.x), near(at.y))
}

/// An operation that may well make sense.
fn operation(partition: &Partition, random: &mut ChaCha8Rng) -> Operation {
    let faces: Vec<FaceId> = partition.faces().keys().copied().collect();
    let face = *faces.choose(random).unwrap();
    let neighbour = |random: &mut ChaCha8Rng| {
        let arc = partition.arcs_of_face(face).choose(random).unwrap();
        let sides = partition.arcs()[arc].sides();
        sides.into_iter().find(|side| *side != Some(face)).flatten()
    };
    let (at, reach) = vertex(partition, random);
    let (end, _) = vertex(partition, random);
    let lines: Vec<_> = partition.arcs().values().map(|arc| &arc.line).collect();
    let line = *lines.choose(random).unwrap();
    let square = || {
        let (e, n) = (at.x + reach, at.y + reach);
        let corners = [
            (at.x - reach, at.y - reach),
            (e, at.y - reach),
            (e, n),
            (at.x - reach, n),
        ];
        Polygon {
            exterior: corners.map(Point::from).to_vec(),
            holes: vec![],
        }
    };
    match random.random_range(0..11) {
        0..=2 => Operation::MoveVertex {
            at,
            to: beside(at, reach, random),
        },
        3 => {
            let index = random.random_range(1..line.len());
            Operation::InsertVertex {
                between: [line[index - 1], line[index]],
                at: beside(line[index], reach, random),
            }
        }
        4 => Operation::DeleteVertex { at },
        5 => Operation::Straighten {
            from: line[0],
            to: line[line.len() - 1],
        },
        6 => {
            let corner = partition.polygons(face)[0].exterior.clone();
            let (a, b) = (
                *corner.choose(random).unwrap(),
                *corner.choose(random).unwrap(),
            );
            let line = vec![beside(a, 3000, random), beside(b, 3000, random)];
            Operation::Split { face, line }
        }
        7 => Operation::Merge {
            faces: std::iter::once(face).chain(neighbour(random)).collect(),
        },
        8 => Operation::Transfer {
            polygon: square(),
            from: Some(face),
            to: neighbour(random),
        },
        9 => Operation::Transfer {
            polygon: square(),
            from: None,
            to: Some(face),
        },
        _ => Operation::Follow {
            line: vec![at, beside(at, reach, random), end],
        },
    }
}

fn as_geo(polygon: &Polygon) -> geo::Polygon<f64> {
    let ring = |points: &Vec<Point>| -> geo::LineString<f64> {
        points
            .iter()
            .map(|at| (f64::from(at.x), f64::from(at.y)))
            .collect()
    };
    let holes = polygon.holes.iter().map(ring).collect();
    geo::Polygon::new(ring(&polygon.exterior), holes)
}

/// Every point has the owner that an independent test on the derived polygons finds.
fn agree_on_points(partition: &Partition, random: &mut ChaCha8Rng, count: usize) {
    let polygons: BTreeMap<FaceId, Vec<geo::Polygon<f64>>> = partition
        .faces()
        .keys()
        .map(|face| {
            (
                *face,
                partition.polygons(*face).iter().map(as_geo).collect(),
            )
        })
        .collect();
    let corners: Vec<Point> = partition
        .arcs()
        .values()
        .flat_map(|arc| arc.line.iter().copied())
        .collect();
    let (low, high) = corners
        .iter()
        .fold((corners[0], corners[0]), |(low, high), at| {
            (
                Point::new(low.x.min(at.x), low.y.min(at.y)),
                Point::new(high.x.max(at.x), high.y.max(at.y)),
            )
        });
    for step in 0..count {
        // the corners themselves and places beside them are the hard ones
        let at = match step % 4 {
            0 => *corners.choose(random).unwrap(),
            1 => beside(*corners.choose(random).unwrap(), 3, random),
            _ => Point::new(
                random.random_range(low.x - 9..=high.x + 9),
                random.random_range(low.y - 9..=high.y + 9),
            ),
        };
        let place = geo::Point::new(f64::from(at.x), f64::from(at.y));
        let owner = partition.face_at(at);
        let holds = |face: FaceId| {
            polygons[&face]
                .iter()
                .any(|polygon| polygon.contains(&place))
        };
        let touches = |face: FaceId| {
            polygons[&face]
                .iter()
                .any(|polygon| polygon.intersects(&place))
        };
        match owner {
            Some(face) => assert!(touches(face), "{at:?} is not in {face:?}"),
            None => assert!(
                !partition.faces().keys().any(|face| touches(*face)),
                "{at:?} has no owner"
            ),
        }
        let within: Vec<FaceId> = partition
            .faces()
            .keys()
            .copied()
            .filter(|face| holds(*face))
            .collect();
        assert!(within.len() <= 1, "{at:?} lies in {within:?}");
        assert!(
            within.iter().all(|face| owner == Some(*face)),
            "{at:?}: {owner:?} {within:?}"
        );
    }
}

/// Whether an operation leaves the outer border as it is.
fn is_inner(operation: &Operation) -> bool {
    matches!(operation, Operation::Split { .. } | Operation::Merge { .. })
        || matches!(
            operation,
            Operation::Transfer {
                from: Some(_),
                to: Some(_),
                ..
            }
        )
}

/// Ground that comes in or goes out; a new corner on the outer border is rounded to the grid.
fn hull_differs_m2(old: &Partition, new: &Partition) -> f64 {
    let moved = difference(old, new).moved;
    let across = moved
        .iter()
        .filter(|moved| moved.from.is_none() || moved.to.is_none());
    across.map(|moved| moved.area_m2).sum()
}

/// Does operations one after the other and takes all of them back. How many were done.
fn live_through(mut partition: Partition, seed: u64, steps: usize) -> BTreeMap<String, usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut history = Vec::new();
    let mut done = BTreeMap::new();
    for _ in 0..steps {
        let operation = operation(&partition, &mut random);
        let name = format!("{operation:?}")
            .split(' ')
            .next()
            .unwrap()
            .to_owned();
        let before = partition.to_bytes();
        let Ok(Planned { change, .. }) = operation.plan(&partition, &any_limits()) else {
            *done.entry(format!("{name} refused")).or_default() += 1;
            continue;
        };
        *done.entry(name).or_default() += 1;
        let old = partition.clone();
        partition.apply(&change).unwrap();
        partition
            .verify()
            .unwrap_or_else(|flaw| panic!("{flaw}: {operation:?}"));
        if is_inner(&operation) {
            let differs_m2 = hull_differs_m2(&old, &partition);
            assert!(differs_m2 <= ROUNDING_M2, "{differs_m2} {operation:?}");
        }
        let moved = difference(&old, &partition);
        assert!(
            moved
                .reshaped
                .iter()
                .all(|face| change.faces_touched().contains(face))
        );
        history.push((before, change));
    }
    agree_on_points(&partition, &mut random, 200);
    let written = partition.to_bytes();
    assert_eq!(Partition::from_bytes(&written).unwrap().to_bytes(), written);
    for (before, change) in history.into_iter().rev() {
        partition.apply(&change.inverse()).unwrap();
        assert_eq!(partition.to_bytes(), before);
    }
    done
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_invented_city_lives_through_anything(seed in any::<u64>()) {
        live_through(invented(seed), seed, STEPS);
    }
}

#[test]
fn real_cities_live_through_anything() {
    for (seed, name) in (0..).zip(files::FILES) {
        let Some(cells) = files::cells(name) else {
            return;
        };
        let partition = repair(&cells, 1000).partition;
        let done = live_through(partition, seed, 60);
        println!("{name}: {done:?}");
    }
}
