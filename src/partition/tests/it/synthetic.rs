//! An invented city: a lattice of crooked streets with a cell in every mesh.

use cityward_partition::{Cell, Point, Polygon};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Side of a mesh: a cell of about 10,000 m².
const SIDE_MM: i32 = 100_000;

/// `columns * rows` cells that fit without gap and overlap; every side of a mesh has `bends`
/// points between its ends.
pub(crate) fn city(columns: usize, rows: usize, bends: usize, seed: u64) -> Vec<Cell> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut shake = |most: i32| random.random_range(-most..=most);
    let coordinate = |index: usize| i32::try_from(index).expect("a small city") * SIDE_MM;
    let nodes: Vec<Vec<Point>> = (0..=rows)
        .map(|row| {
            let mut node = |column| {
                Point::new(
                    coordinate(column) + shake(SIDE_MM / 5),
                    coordinate(row) + shake(SIDE_MM / 5),
                )
            };
            (0..=columns).map(&mut node).collect()
        })
        .collect();
    let mut street = |a: Point, b: Point| -> Vec<Point> {
        let steps = i32::try_from(bends).expect("a small city") + 1;
        let on_the_way = (1..steps).map(|step| {
            let between = |from: i32, to: i32| from + (to - from) / steps * step;
            let most = SIDE_MM / steps / 8;
            Point::new(
                between(a.x, b.x) + shake(most),
                between(a.y, b.y) + shake(most),
            )
        });
        std::iter::once(a).chain(on_the_way).collect()
    };
    let mut streets = |step: (usize, usize), rows: usize, columns: usize| -> Vec<Vec<Vec<Point>>> {
        let mut along = |row: usize, column: usize| {
            street(nodes[row][column], nodes[row + step.0][column + step.1])
        };
        (0..rows)
            .map(|row| (0..columns).map(|column| along(row, column)).collect())
            .collect()
    };
    let east = streets((0, 1), rows + 1, columns);
    let north = streets((1, 0), rows, columns + 1);
    let back = |street: &[Point], end: Point| -> Vec<Point> {
        std::iter::once(end)
            .chain(street[1..].iter().rev().copied())
            .collect()
    };
    let mut cells = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let corners = (nodes[row + 1][column + 1], nodes[row + 1][column]);
            let exterior = [
                east[row][column].clone(),
                north[row][column + 1].clone(),
                back(&east[row + 1][column], corners.0),
                back(&north[row][column], corners.1),
            ];
            let exterior = exterior.concat();
            let holes = Vec::new();
            cells.push(Cell {
                polygons: vec![Polygon { exterior, holes }],
            });
        }
    }
    cells
}

/// A cell of one ring without holes.
pub(crate) fn cell(ring: &[(i32, i32)]) -> Cell {
    let polygon = polygon(ring);
    Cell {
        polygons: vec![polygon],
    }
}

pub(crate) fn polygon(ring: &[(i32, i32)]) -> Polygon {
    Polygon {
        exterior: ring.iter().copied().map(Point::from).collect(),
        holes: Vec::new(),
    }
}

/// A rectangle by its corners in the south-west and north-east, in mm.
pub(crate) fn block(west: i32, south: i32, east: i32, north: i32) -> [(i32, i32); 4] {
    [(west, south), (east, south), (east, north), (west, north)]
}
