//! The figures of the partition, on one core: `make bench-grid`.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[expect(dead_code, reason = "the tests invent more than the bench measures")]
#[path = "../tests/it/synthetic.rs"]
mod synthetic;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use cityward_partition::{
    Cell, Comparison, DrawnCell, Limits, Operation, Partition, Planned, Point, check, check_within,
    difference, repair,
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const COLUMNS: usize = 200;
const ROWS: usize = 100;
/// Plans one after the other, each on what became of the one before, and the edits tried in each.
const PLANS: usize = 20;
const EDITS: usize = 100;
/// Vertices dragged one after the other, and the places each is dragged over.
const DRAGS: usize = 100;
const MOVES: usize = 40;
const PLACES: usize = 1_000_000;

const CHECK_GOAL: Duration = Duration::from_secs(1);
const EDIT_GOAL: Duration = Duration::from_millis(10);
const DRAG_GOAL: Duration = Duration::from_millis(16);

fn main() {
    let cells = synthetic::city(COLUMNS, ROWS, 12, 1);
    let points: usize = cells
        .iter()
        .map(|cell| cell.polygons[0].exterior.len())
        .sum();
    println!("{} cells, {points} vertices", cells.len());
    for _ in 0..3 {
        let (defects, took) = timed(|| check(black_box(&cells), 100));
        let met = met(took, CHECK_GOAL);
        println!("check: {took:?}, {} defects; {met}", defects.len());
    }
    let areas = communities(&cells);
    let (defects, took) = timed(|| check_within(&cells, &areas, 100));
    let (count, defects) = (areas.len(), defects.len());
    println!("check within {count} areas: {took:?}, {defects} defects");
    let (repaired, took) = timed(|| repair(&cells, 100));
    println!("repair: {took:?}, {} repairs", repaired.repairs.len());
    let partition = repaired.partition;
    let (verified, took) = timed(|| partition.verify());
    println!("verify: {took:?}, {verified:?}");
    let (bytes, took) = timed(|| partition.to_bytes());
    println!("write: {took:?}, {} bytes", bytes.len());
    let (_, took) = timed(|| Partition::from_bytes(&bytes));
    println!("read and verify: {took:?}");
    redraws(&partition);
    let city = [Point::new(0, 0), Point::new(20_000_000, 10_000_000)];
    edits("all over the city", partition.clone(), city);
    let quarter = [
        Point::new(5_000_000, 5_000_000),
        Point::new(6_500_000, 6_500_000),
    ];
    edits("in a quarter of 225 cells", partition.clone(), quarter);
    drags(partition.clone());
    locate(&partition);
}

/// A level above the cells: squares of ten by ten of them.
fn communities(cells: &[Cell]) -> Vec<Cell> {
    let mut areas: BTreeMap<(usize, usize), Cell> = BTreeMap::new();
    for (index, cell) in cells.iter().enumerate() {
        let (row, column) = (index / COLUMNS, index % COLUMNS);
        let area = areas.entry((row / 10, column / 10)).or_default();
        area.polygons.extend(cell.polygons.iter().cloned());
    }
    areas.into_values().collect()
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn met(took: Duration, goal: Duration) -> String {
    let met = if took < goal { "met" } else { "missed" };
    format!("goal {goal:?}: {met}")
}

/// Median, p95, p99 and the worst, and what a goal says of that of `judged` of a hundred.
fn told(name: &str, mut took: Vec<Duration>, judged: usize, goal: Duration) {
    took.sort();
    let at = |per_cent: usize| took[(took.len() * per_cent).div_ceil(100) - 1];
    let [p50, p95, p99, worst] = [50, 95, 99, 100].map(at);
    let (count, met) = (took.len(), met(at(judged), goal));
    println!("{name} ({count}): median {p50:?}, p95 {p95:?}, p99 {p99:?}, worst {worst:?}; {met}");
}

/// A file of every cell, each corner a centimetre off: the most that a file can change.
fn redraws(partition: &Partition) {
    let drawn = |shift: i32| {
        let moved = |at: &mut Point| *at = Point::new(at.x + shift, at.y);
        let cells = partition.faces().keys().map(|face| {
            let mut polygons = partition.polygons(*face);
            for polygon in &mut polygons {
                let rings = polygon.holes.iter_mut().chain([&mut polygon.exterior]);
                rings.flatten().for_each(moved);
            }
            DrawnCell {
                face: Some(*face),
                name: None,
                owner: None,
                polygons,
            }
        });
        Operation::Redraw {
            cells: cells.collect(),
        }
    };
    let operation = drawn(10);
    let (planned, took) = timed(|| operation.plan(partition, &Limits::default()));
    let Planned { change, .. } = planned.expect("the same cells a centimetre off");
    println!(
        "a file of all cells: {took:?}, {} arcs anew",
        change.arcs.len()
    );
    let mut after = partition.clone();
    let (_, took) = timed(|| after.apply(&change));
    println!("  made: {took:?}");
    let (differs, took) = timed(|| difference(partition, &after));
    println!("  its difference: {took:?}, {} parts", differs.moved.len());
}

/// Edits as service and page make them: planned, which validates what the edit touches, made, and
/// the whole plan's difference from its base told anew. Those refused are timed apart.
fn edits(where_to: &str, mut partition: Partition, within: [Point; 2]) {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let limits = Limits::default();
    let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    let mut whole = Vec::new();
    for _ in 0..PLANS {
        let base = partition.clone();
        let mut comparison = Comparison::default();
        for step in 0..EDITS {
            let (name, operation) = edit(&partition, &mut random, step % 4, within);
            let (is_done, took) = timed(|| match operation.plan(&partition, &limits) {
                Ok(Planned { change, .. }) => {
                    partition.apply(&change).expect("nothing came between");
                    comparison.note(&change);
                    black_box(comparison.difference(&base, &partition));
                    true
                }
                Err(_) => false,
            });
            times
                .entry(if is_done { name } else { "refused" })
                .or_default()
                .push(took);
        }
        let (difference, took) = timed(|| difference(&base, &partition));
        assert_eq!(difference, comparison.difference(&base, &partition));
        whole.push(took);
    }
    let refused = times.remove("refused");
    let all = times.values().flatten().copied().collect();
    let name = format!("an edit with validation and difference, {where_to}");
    told(&name, all, 99, EDIT_GOAL);
    for (name, took) in times {
        told(&format!("  {name}"), took, 99, EDIT_GOAL);
    }
    if let Some(took) = refused {
        told("  refused", took, 99, EDIT_GOAL);
    }
    whole.sort();
    let median = whole[whole.len() / 2];
    println!("  a plan's difference from a look at everything instead: median {median:?}");
}

/// What the page does whenever the pointer moves while a vertex is held: the move is planned, the
/// cells it touches are drawn as it would leave them, and it is taken back.
fn drags(mut partition: Partition) {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let (limits, mut took, mut refused) = (Limits::default(), Vec::new(), 0);
    let arcs: Vec<_> = partition
        .arcs()
        .values()
        .map(|arc| arc.line.clone())
        .collect();
    for _ in 0..DRAGS {
        let line = &arcs[random.random_range(0..arcs.len())];
        let at = line[random.random_range(0..line.len())];
        let (mut dx, mut dy) = (0, 0);
        for _ in 0..MOVES {
            dx += random.random_range(-500..=500);
            dy += random.random_range(-500..=500);
            let to = Point::new(at.x + dx, at.y + dy);
            let (is_done, time) = timed(|| {
                let planned = Operation::MoveVertex { at, to }.plan(&partition, &limits);
                let Ok(Planned { change, .. }) = planned else {
                    return false;
                };
                partition.apply(&change).expect("nothing came between");
                for face in change.faces_touched() {
                    black_box(partition.polygons(face));
                }
                let back = change.inverse();
                partition.apply(&back).expect("nothing came between");
                true
            });
            refused += usize::from(!is_done);
            took.push(time);
        }
    }
    told("a move of the pointer in a drag", took, 95, DRAG_GOAL);
    println!("  of which {refused} refused");
}

fn edit(
    partition: &Partition,
    random: &mut ChaCha8Rng,
    kind: usize,
    [low, high]: [Point; 2],
) -> (&'static str, Operation) {
    let face = std::iter::repeat_with(|| {
        let x = random.random_range(low.x..high.x);
        partition.face_at(Point::new(x, random.random_range(low.y..high.y)))
    });
    let face = face.flatten().next().expect("the box is in the city");
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
