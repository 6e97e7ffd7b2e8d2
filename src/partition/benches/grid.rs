//! The figures of the partition, on one core: `make bench-grid`.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[expect(dead_code, reason = "the tests invent more than the bench measures")]
#[path = "../tests/it/synthetic.rs"]
mod synthetic;

use std::hint::black_box;
use std::time::{Duration, Instant};

use cityward_partition::{Limits, Operation, Partition, Planned, Point, check, difference, repair};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const COLUMNS: usize = 200;
const ROWS: usize = 100;
const EDITS: usize = 2000;
const PLACES: usize = 1_000_000;

fn main() {
    let cells = synthetic::city(COLUMNS, ROWS, 12, 1);
    let points: usize = cells
        .iter()
        .map(|cell| cell.polygons[0].exterior.len())
        .sum();
    println!("{} cells, {points} vertices", cells.len());
    for _ in 0..3 {
        let start = Instant::now();
        let defects = check(black_box(&cells), 100);
        println!("check: {:?}, {} defects", start.elapsed(), defects.len());
    }
    let (repaired, took) = timed(|| repair(&cells, 100));
    println!("repair: {took:?}, {} repairs", repaired.repairs.len());
    let partition = repaired.partition;
    let (verified, took) = timed(|| partition.verify());
    println!("verify: {took:?}, {verified:?}");
    let (bytes, took) = timed(|| partition.to_bytes());
    println!("write: {took:?}, {} bytes", bytes.len());
    let (_, took) = timed(|| Partition::from_bytes(&bytes));
    println!("read and verify: {took:?}");
    edits(partition.clone());
    locate(&partition);
    let (changed, took) = timed(|| difference(&partition, &partition).reshaped.len());
    println!("difference of all: {took:?}, {changed} faces");
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// Each edit planned, validated and made; refused ones count with the time of their refusal.
fn edits(mut partition: Partition) {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut times: Vec<(&str, Duration)> = Vec::new();
    let limits = Limits::default();
    let mut refused = 0;
    for step in 0..EDITS {
        let (name, operation) = edit(&partition, &mut random, step % 4);
        let start = Instant::now();
        match operation.plan(&partition, &limits) {
            Ok(Planned { change, .. }) => partition.apply(&change).expect("nothing came between"),
            Err(_) => refused += 1,
        }
        times.push((name, start.elapsed()));
    }
    for name in ["move", "split", "merge", "transfer"] {
        let mut of: Vec<Duration> = times
            .iter()
            .filter(|time| time.0 == name)
            .map(|time| time.1)
            .collect();
        of.sort();
        let (median, p95, most) = (of[of.len() / 2], of[of.len() * 95 / 100], of[of.len() - 1]);
        println!("{name}: median {median:?}, p95 {p95:?}, most {most:?}");
    }
    println!("{refused} of {EDITS} refused");
}

fn edit(partition: &Partition, random: &mut ChaCha8Rng, kind: usize) -> (&'static str, Operation) {
    let faces: Vec<_> = partition.faces().keys().copied().collect();
    let face = faces[random.random_range(0..faces.len())];
    let exterior = &partition.polygons(face)[0].exterior;
    let corner = |share: usize| exterior[exterior.len() * share / 4];
    let arcs = partition.arcs_of_face(face);
    let arc = &partition.arcs()[&arcs[random.random_range(0..arcs.len())]];
    let neighbour = arc.sides().into_iter().flatten().find(|side| *side != face);
    let at = arc.line[0];
    let mut near = |at: Point| {
        let mut beside = |middle: i32| middle + random.random_range(-3000..=3000);
        Point::new(beside(at.x), beside(at.y))
    };
    match kind {
        0 => ("move", Operation::MoveVertex { at, to: near(at) }),
        1 => (
            "split",
            Operation::Split {
                face,
                line: vec![near(corner(0)), near(corner(2))],
            },
        ),
        2 => (
            "merge",
            Operation::Merge {
                faces: std::iter::once(face).chain(neighbour).collect(),
            },
        ),
        _ => {
            let exterior = [near(at), near(corner(1)), near(corner(2))].to_vec();
            let polygon = cityward_partition::Polygon {
                exterior,
                holes: Vec::new(),
            };
            (
                "transfer",
                Operation::Transfer {
                    polygon,
                    from: Some(face),
                    to: neighbour,
                },
            )
        }
    }
}

fn locate(partition: &Partition) {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let places: Vec<Point> = (0..PLACES)
        .map(|_| {
            Point::new(
                random.random_range(0..20_000_000),
                random.random_range(0..10_000_000),
            )
        })
        .collect();
    let (found, took) = timed(|| {
        places
            .iter()
            .filter(|place| partition.face_at(**place).is_some())
            .count()
    });
    println!(
        "locate: {:?} a point, {found} of {PLACES} inside",
        took / 1_000_000
    );
}
