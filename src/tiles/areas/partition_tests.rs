//! Invented cities for the tests of areas.

use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use proptest::prelude::*;

use crate::space::GroundPoint;
use crate::tiles::Grid;
use crate::tiles::world::WorldPoint;

const SIDE: usize = 5;
pub(super) const PARTS: usize = SIDE * SIDE;
const WEST: f64 = 119.9;
const SOUTH: f64 = 32.4;
const STEP: f64 = 0.01;
/// Vertices between two corners.
const BETWEEN: usize = 6;
/// How far a vertex is off its border's line at most, by how far it is from the nearer corner: each
/// border stays on its side of the corner's diagonals, so that no two cross, which no city's do.
const CROOKED: f64 = 0.19;

/// A square city of quadrangles with crooked borders. Borders are given as each side has them:
/// some vertices only one of the two neighbours knows.
#[derive(Debug, Clone)]
pub(super) struct Partition {
    pub(super) borders: Vec<MultiPolygon<f64>>,
    /// North-west and south-east.
    pub(super) corners: [WorldPoint; 2],
    /// Longitude and latitude.
    pub(super) middle: (f64, f64),
}

/// What makes a border crooked: for each side of a quadrangle, each vertex in shares of what is allowed.
#[derive(Debug, Clone)]
struct Wiggle {
    off: Vec<f64>,
    /// A vertex on the first part of the border that only one side knows.
    extra: bool,
}

fn wiggle() -> impl Strategy<Value = Wiggle> {
    let off = prop::collection::vec(-1.0..1.0, BETWEEN);
    (off, any::<bool>()).prop_map(|(off, extra)| Wiggle { off, extra })
}

pub(super) fn partition() -> impl Strategy<Value = Partition> {
    let corners = (SIDE + 1) * (SIDE + 1);
    let moves = prop::collection::vec((-0.2..0.2, -0.2..0.2), corners);
    let wiggles = prop::collection::vec(wiggle(), 2 * corners);
    (moves, wiggles).prop_map(|(moves, wiggles)| build(&moves, &wiggles))
}

fn build(moves: &[(f64, f64)], wiggles: &[Wiggle]) -> Partition {
    let corner = |column: usize, row: usize| {
        let (mut x, mut y) = (column as f64, row as f64);
        let (dx, dy) = moves[row * (SIDE + 1) + column];
        if !column.is_multiple_of(SIDE) {
            x += dx;
        }
        if !row.is_multiple_of(SIDE) {
            y += dy;
        }
        Coord {
            x: WEST + x * STEP,
            y: SOUTH + y * STEP,
        }
    };
    // from a corner eastward or northward; `knows`: as the neighbour with the extra vertex has it
    let border = |column: usize, row: usize, east: bool, knows: bool| {
        let from = corner(column, row);
        let to = if east {
            corner(column + 1, row)
        } else {
            corner(column, row + 1)
        };
        let wiggle = &wiggles[2 * (row * (SIDE + 1) + column) + usize::from(east)];
        let frame = if east { row } else { column }.is_multiple_of(SIDE);
        let mut line = vec![from];
        for (index, off) in wiggle.off.iter().enumerate() {
            let share = (index + 1) as f64 / (BETWEEN + 1) as f64;
            let most = CROOKED * share.min(1.0 - share) * STEP;
            let off = if frame { 0.0 } else { off * most };
            line.push(Coord {
                x: from.x + (to.x - from.x) * share + if east { 0.0 } else { off },
                y: from.y + (to.y - from.y) * share + if east { off } else { 0.0 },
            });
        }
        line.push(to);
        if wiggle.extra && knows {
            let half = Coord {
                x: f64::midpoint(line[0].x, line[1].x),
                y: f64::midpoint(line[0].y, line[1].y),
            };
            line.insert(1, half);
        }
        line
    };
    let part = |index: usize| {
        let (column, row) = (index % SIDE, index / SIDE);
        let reversed = |mut line: Vec<Coord<f64>>| {
            line.reverse();
            line
        };
        let ring: Vec<Coord<f64>> = [
            border(column, row, true, true),
            border(column + 1, row, false, true),
            reversed(border(column, row + 1, true, false)),
            reversed(border(column, row, false, false)),
        ]
        .concat();
        MultiPolygon(vec![Polygon::new(LineString(ring), Vec::new())])
    };
    let end = SIDE as f64 * STEP;
    let at = |lon, lat| WorldPoint::of(Grid::WebMercatorQuad, GroundPoint { lon, lat });
    Partition {
        borders: (0..PARTS).map(part).collect(),
        corners: [at(WEST, SOUTH + end), at(WEST + end, SOUTH)],
        middle: (WEST + end / 2.0, SOUTH + end / 2.0),
    }
}

/// The same city after one part has lost the triangle at its first corner.
pub(super) fn edited(partition: &Partition, part: usize) -> Vec<MultiPolygon<f64>> {
    let mut borders = partition.borders.clone();
    borders[part].0[0].exterior_mut(|ring| {
        ring.0.remove(0);
        ring.close();
    });
    borders
}
