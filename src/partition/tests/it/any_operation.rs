//! Operations at random that may well make sense.

use std::collections::BTreeSet;

use cityward_partition::{
    Arc, DrawnCell, FaceId, Ground, Limits, Operation, Partition, Point, Polygon, UnitId,
};
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

/// Every kind of operation, by the name that [`name`] gives it.
pub(crate) const NAMES: [&str; 16] = [
    "MoveVertex",
    "InsertVertex",
    "DeleteVertex",
    "Straighten",
    "Follow",
    "Split",
    "Merge",
    "Transfer",
    "RedrawScope",
    "SetOwner",
    "SetDuty",
    "Settle",
    "Lock",
    "Unlock",
    "Redraw",
    "SetName",
];

/// Which of [`NAMES`] an operation is; a kind that is not among them yet does not compile.
pub(crate) fn name(operation: &Operation) -> &'static str {
    match operation {
        Operation::MoveVertex { .. } => NAMES[0],
        Operation::InsertVertex { .. } => NAMES[1],
        Operation::DeleteVertex { .. } => NAMES[2],
        Operation::Straighten { .. } => NAMES[3],
        Operation::Follow { .. } => NAMES[4],
        Operation::Split { .. } => NAMES[5],
        Operation::Merge { .. } => NAMES[6],
        Operation::Transfer { .. } => NAMES[7],
        Operation::RedrawScope { .. } => NAMES[8],
        Operation::SetOwner { .. } => NAMES[9],
        Operation::SetDuty { .. } => NAMES[10],
        Operation::Settle { .. } => NAMES[11],
        Operation::Lock { .. } => NAMES[12],
        Operation::Unlock { .. } => NAMES[13],
        Operation::Redraw { .. } => NAMES[14],
        Operation::SetName { .. } => NAMES[15],
    }
}

/// An operation of any kind.
pub(crate) fn operation(partition: &Partition, random: &mut ChaCha8Rng) -> Operation {
    match random.random_range(0..20) {
        0..=7 => of_border(partition, random),
        8..=13 => of_ground(partition, random),
        14 => of_file(partition, random),
        _ => of_faces(partition, random),
    }
}

pub(crate) fn beside(at: Point, reach: i32, random: &mut ChaCha8Rng) -> Point {
    let mut near = |middle: i32| middle + random.random_range(-reach..=reach);
    Point::new(near(at.x), near(at.y))
}

/// The corners of the box around everything: south-west, north-east.
pub(crate) fn extent(partition: &Partition) -> (Point, Point) {
    let lines = partition.arcs().values().map(|arc| &arc.line);
    let points = || lines.clone().flat_map(|line| line.iter());
    let (x, y) = (|| points().map(|at| at.x), || points().map(|at| at.y));
    (
        Point::new(x().min().unwrap(), y().min().unwrap()),
        Point::new(x().max().unwrap(), y().max().unwrap()),
    )
}

/// A border somewhere, and about how far it reaches.
fn border<'p>(partition: &'p Partition, random: &mut ChaCha8Rng) -> (&'p Arc, i32) {
    let arcs: Vec<_> = partition.arcs().values().collect();
    let arc = *arcs.choose(random).unwrap();
    let (first, last) = (arc.line[0], arc.line[arc.line.len() - 1]);
    let reach = (first.distance_mm(last) / 4.0).clamp(1000.0, 1e8) as i32;
    (arc, reach)
}

fn of_border(partition: &Partition, random: &mut ChaCha8Rng) -> Operation {
    let (Arc { line, .. }, reach) = border(partition, random);
    let at = *line.choose(random).unwrap();
    let from = random.random_range(0..line.len() - 1);
    let to = random.random_range(from + 1..line.len());
    match random.random_range(0..8) {
        0..=2 => Operation::MoveVertex {
            at,
            to: beside(at, reach, random),
        },
        3 => Operation::InsertVertex {
            between: [line[from], line[from + 1]],
            at: beside(line[from], reach, random),
        },
        4 => Operation::DeleteVertex { at },
        5 => Operation::Straighten {
            from: line[from],
            to: line[to],
        },
        _ => Operation::Follow {
            line: vec![line[from], beside(at, reach, random), line[to]],
        },
    }
}

fn of_ground(partition: &Partition, random: &mut ChaCha8Rng) -> Operation {
    let (arc, reach) = border(partition, random);
    let [from, to] = arc.sides();
    let face = from.or(to).unwrap();
    match random.random_range(0..10) {
        0..=2 => {
            let exterior = &partition.polygons(face)[0].exterior;
            let mut end = || beside(*exterior.choose(random).unwrap(), 3000, random);
            let line = vec![end(), end()];
            Operation::Split { face, line }
        }
        3 | 4 => Operation::Merge {
            faces: from.into_iter().chain(to).collect(),
        },
        5..=8 => {
            let at = *arc.line.choose(random).unwrap();
            let reach = random.random_range(1..=reach);
            let low = Point::new(at.x - reach, at.y - reach);
            let polygon = rectangle(low, Point::new(at.x + reach, at.y + reach));
            Operation::Transfer { polygon, from, to }
        }
        _ => redraw_scope(partition, random),
    }
}

/// The box around everything, each side moved a little; what comes in is unclaimed as a rule.
fn redraw_scope(partition: &Partition, random: &mut ChaCha8Rng) -> Operation {
    let (low, high) = extent(partition);
    let reach = ((high.x - low.x).min(high.y - low.y) / 50).max(1000);
    let scope = vec![rectangle(
        beside(low, reach, random),
        beside(high, reach, random),
    )];
    let is_given = random.random_ratio(1, 4);
    let to = is_given.then(|| any_face(partition, random));
    Operation::RedrawScope { scope, to }
}

/// What others made of the ground, as their file would have it: most cells are known again.
fn of_file(partition: &Partition, random: &mut ChaCha8Rng) -> Operation {
    let mut theirs = partition.clone();
    for _ in 0..random.random_range(0..4) {
        let done = if random.random() {
            of_border(&theirs, random)
        } else {
            of_ground(&theirs, random)
        };
        if let Ok(planned) = done.plan(&theirs, &Limits::default()) {
            theirs.apply(&planned.change).unwrap();
        }
    }
    let cells = theirs.faces().iter();
    let cells = cells.filter(|(_, face)| face.ground == Ground::Cell);
    let drawn = cells.map(|(&face, _)| {
        let is_known = partition.faces().contains_key(&face) && random.random_ratio(9, 10);
        DrawnCell {
            face: is_known.then_some(face),
            name: random.random_ratio(1, 5).then(|| "南片".to_owned()),
            owner: random.random_ratio(1, 5).then_some(UnitId(1)),
            polygons: theirs.polygons(face),
        }
    });
    Operation::Redraw {
        cells: drawn.collect(),
    }
}

fn of_faces(partition: &Partition, random: &mut ChaCha8Rng) -> Operation {
    let some = [(); 3].map(|()| any_face(partition, random));
    let faces: Vec<FaceId> = BTreeSet::from(some).into_iter().collect();
    let all = partition.faces().iter();
    let owner = (0..4).map(UnitId).nth(random.random_range(0..5));
    match random.random_range(0..8) {
        7 => Operation::SetName {
            face: some[0],
            name: ["", "东片"].choose(random).unwrap().to_string(),
        },
        0 | 1 => Operation::SetOwner { faces, owner },
        2 | 3 => Operation::SetDuty {
            faces,
            subject: ["C03", "C03005", "M06042"]
                .choose(random)
                .unwrap()
                .parse()
                .unwrap(),
            owner,
        },
        4 => {
            let undecided: Vec<FaceId> = all
                .filter(|(_, face)| face.ground != Ground::Cell)
                .map(|(face, _)| *face)
                .collect();
            let face = undecided.choose(random).copied().unwrap_or(some[0]);
            Operation::Settle { face }
        }
        5 => Operation::Lock { faces },
        // most of them, so that locks do not bring everything to a stop
        _ => Operation::Unlock {
            faces: all
                .filter(|(_, face)| face.is_locked)
                .map(|(face, _)| *face)
                .filter(|_| random.random_ratio(3, 4))
                .collect(),
        },
    }
}

fn any_face(partition: &Partition, random: &mut ChaCha8Rng) -> FaceId {
    let faces: Vec<FaceId> = partition.faces().keys().copied().collect();
    *faces.choose(random).unwrap()
}

fn rectangle(low: Point, high: Point) -> Polygon {
    let corners = [
        low,
        Point::new(high.x, low.y),
        high,
        Point::new(low.x, high.y),
    ];
    Polygon {
        exterior: corners.to_vec(),
        holes: vec![],
    }
}
