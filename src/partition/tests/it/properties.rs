//! Whatever is done to a partition, it stays one, and can be taken back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cityward_partition::{
    Comparison, Difference, FaceId, Limits, Operation, Partition, Planned, Point, Polygon,
    difference, repair,
};
use geo::{Contains as _, Intersects as _};
use proptest::prelude::*;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::any_operation::{NAMES, beside, extent, name, operation};
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
    let (low, high) = extent(partition);
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

/// Every edge around a face is there once, and so is the way back: around another face, or on the
/// hull, of which each edge is one of an arc that has nobody on its other side.
fn edges_match(partition: &Partition) {
    let mut around: HashMap<(Point, Point), FaceId> = HashMap::new();
    for &face in partition.faces().keys() {
        let polygons = partition.polygons(face);
        for ring in polygons.iter().flat_map(Polygon::rings) {
            let ends = ring.iter().skip(1).chain(ring.first());
            for edge in ring.iter().copied().zip(ends.copied()) {
                let twice = around.insert(edge, face);
                assert_eq!(twice, None, "{edge:?} of {face:?}");
            }
        }
    }
    let hull = hull(partition);
    for (&(a, b), face) in &around {
        let beyond = around.get(&(b, a));
        assert_ne!(beyond, Some(face), "{a:?} {b:?}");
        assert_eq!(beyond.is_none(), hull.contains(&(a.min(b), a.max(b))));
    }
    let outer = around
        .keys()
        .filter(|(a, b)| !around.contains_key(&(*b, *a)));
    assert_eq!(outer.count(), hull.len());
}

/// The edges with nobody on one side, each from its smaller end.
fn hull(partition: &Partition) -> BTreeSet<(Point, Point)> {
    let arcs = partition.arcs().values();
    let outer = arcs.filter(|arc| arc.sides().contains(&None));
    let edges = outer.flat_map(|arc| arc.line.segments());
    edges.map(|(a, b)| (a.min(b), a.max(b))).collect()
}

/// Whether an operation is about the outer border; any other leaves it where it is.
fn is_about_the_hull(operation: &Operation, old: &Partition) -> bool {
    let outer: BTreeSet<Point> = hull(old).into_iter().flat_map(|(a, b)| [a, b]).collect();
    let is_outer = |at: &Point| outer.contains(at);
    match operation {
        Operation::MoveVertex { at, .. } | Operation::DeleteVertex { at } => is_outer(at),
        Operation::InsertVertex { between, .. } => between.iter().all(is_outer),
        Operation::Straighten { from, to } => is_outer(from) && is_outer(to),
        Operation::Follow { line } => line.first().into_iter().chain(line.last()).all(is_outer),
        Operation::Transfer { from, to, .. } => from.is_none() || to.is_none(),
        Operation::RedrawScope { .. } | Operation::Redraw { .. } => true,
        Operation::Split { .. }
        | Operation::Merge { .. }
        | Operation::SetName { .. }
        | Operation::SetOwner { .. }
        | Operation::SetDuty { .. }
        | Operation::Settle { .. }
        | Operation::Lock { .. }
        | Operation::Unlock { .. } => false,
    }
}

/// What one operation must leave as it is: the hull, unless it is about it, where a new corner on
/// it is rounded to the grid; and ground and owner of what is locked.
fn keeps_what_it_must(operation: &Operation, old: &Partition, new: &Partition) -> Difference {
    let differs = difference(old, new);
    let moved = |matters: &dyn Fn(Option<FaceId>) -> bool| -> f64 {
        let moved = differs.moved.iter();
        let that = moved.filter(|moved| matters(moved.from) || matters(moved.to));
        that.map(|moved| moved.area_m2).sum()
    };
    if !is_about_the_hull(operation, old) {
        let differs_m2 = moved(&|hand| hand.is_none());
        assert!(differs_m2 <= ROUNDING_M2, "{differs_m2} {operation:?}");
    }
    for (&face, was) in old.faces().iter().filter(|(_, face)| face.is_locked) {
        let differs_m2 = moved(&|hand| hand == Some(face));
        assert!(differs_m2 <= ROUNDING_M2, "{face:?} {operation:?}");
        let is = new.faces().get(&face);
        let is_unlocked = matches!(operation, Operation::Unlock { .. });
        let is_kept = is.is_some_and(|is| {
            is.name == was.name
                && is.owner == was.owner
                && is.duties == was.duties
                && is.ground == was.ground
        });
        assert!(
            is_kept && (is == Some(was) || is_unlocked),
            "{face:?} {operation:?}"
        );
    }
    differs
}

/// A comparison kept up with changes tells what a look at everything tells.
fn compare_alike(comparison: &mut Comparison, base: &Partition, now: &Partition) {
    let (kept_up, whole) = (comparison.difference(base, now), difference(base, now));
    assert_eq!(kept_up, whole);
}

/// Does operations one after the other and takes all of them back. How many were done.
fn live_through(mut partition: Partition, seed: u64, steps: usize) -> BTreeMap<String, usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let base = partition.clone();
    let mut comparison = Comparison::default();
    let mut history = Vec::new();
    let mut done = BTreeMap::new();
    for step in 0..steps {
        let operation = operation(&partition, &mut random);
        let name = name(&operation);
        let before = partition.to_bytes();
        let Ok(Planned { change, .. }) = operation.plan(&partition, &any_limits()) else {
            *done.entry(format!("{name} refused")).or_default() += 1;
            continue;
        };
        *done.entry(name.to_owned()).or_default() += 1;
        let old = partition.clone();
        partition.apply(&change).unwrap();
        partition
            .verify()
            .unwrap_or_else(|flaw| panic!("{flaw}: {operation:?}"));
        edges_match(&partition);
        let differs = keeps_what_it_must(&operation, &old, &partition);
        let touched = change.faces_touched();
        assert!(differs.reshaped.iter().all(|face| touched.contains(face)));
        comparison.note(&change);
        compare_alike(&mut comparison, &base, &partition);
        if step % 16 == 15 {
            // as a page begins that is opened again
            comparison = Comparison::between(&base, &partition);
            compare_alike(&mut comparison, &base, &partition);
        }
        history.push((before, change));
    }
    agree_on_points(&partition, &mut random, 200);
    let written = partition.to_bytes();
    assert_eq!(Partition::from_bytes(&written).unwrap().to_bytes(), written);
    for (before, change) in history.into_iter().rev() {
        let back = change.inverse();
        partition.apply(&back).unwrap();
        assert_eq!(partition.to_bytes(), before);
        comparison.note(&back);
        compare_alike(&mut comparison, &base, &partition);
    }
    done
}

/// Of every kind, some were done.
fn all_were_done(done: &BTreeMap<String, usize>) {
    let missing: Vec<&str> = NAMES
        .into_iter()
        .filter(|name| !done.contains_key(*name))
        .collect();
    assert_eq!(missing, [""; 0], "{done:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_invented_city_lives_through_anything(seed in any::<u64>()) {
        live_through(invented(seed), seed, STEPS);
    }
}

#[test]
fn every_operation_is_done_to_invented_cities() {
    let mut done = BTreeMap::new();
    for seed in 0..16 {
        for (name, count) in live_through(invented(seed), seed, STEPS) {
            *done.entry(name).or_default() += count;
        }
    }
    all_were_done(&done);
}

#[test]
fn real_cities_live_through_anything() {
    let mut all = BTreeMap::new();
    for (seed, name) in (0..).zip(files::FILES) {
        let Some(cells) = files::cells(name) else {
            return;
        };
        let partition = repair(&cells, 1000).partition;
        let done = live_through(partition, seed, 60);
        println!("{name}: {done:?}");
        for (name, count) in done {
            *all.entry(name).or_default() += count;
        }
    }
    all_were_done(&all);
}
