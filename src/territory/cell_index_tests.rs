use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use proptest::prelude::*;

use super::CellIndex;
use crate::space::GroundPoint;
use crate::territory::cell_index_build::edges;

const WEST: f64 = 119.9;
const SOUTH: f64 = 32.4;

/// A multiple of 1e-9 degrees from the corner of the test city.
fn at(x: i64, y: i64) -> Coord<f64> {
    // f64 holds any such sum to far better than half a unit
    Coord {
        x: WEST + x as f64 / 1e9,
        y: SOUTH + y as f64 / 1e9,
    }
}

fn ground(at: Coord<f64>) -> GroundPoint {
    GroundPoint {
        lon: at.x,
        lat: at.y,
    }
}

fn polygon(ring: &[(i64, i64)]) -> Polygon<f64> {
    Polygon::new(
        LineString(ring.iter().map(|(x, y)| at(*x, *y)).collect()),
        Vec::new(),
    )
}

fn cell(ring: &[(i64, i64)]) -> MultiPolygon<f64> {
    MultiPolygon(vec![polygon(ring)])
}

/// A partition of a square into quadrangles with moved corners, dealt out to a few cells, and
/// the corners of the quadrangles. Sides are `STEP` long before the corners move.
#[derive(Debug)]
struct Partition {
    cells: Vec<MultiPolygon<f64>>,
    corners: Vec<(i64, i64)>,
}

const SIDE: i64 = 6;
const COLUMNS: usize = 6;
const QUADRANGLES: usize = COLUMNS * COLUMNS;
const CORNERS: usize = (COLUMNS + 1) * (COLUMNS + 1);
const STEP: i64 = 1_000_000;

fn partition() -> impl Strategy<Value = Partition> {
    let moves = prop::collection::vec((-300_000..300_000_i64, -300_000..300_000_i64), CORNERS);
    let owners = prop::collection::vec(0..9_usize, QUADRANGLES);
    // sometimes corners stay on the lattice, where they meet bucket sides and each other's levels
    (moves, owners, prop::bool::weighted(0.7)).prop_map(|(moves, owners, moved)| {
        let corners: Vec<(i64, i64)> = (0_i64..)
            .zip(moves)
            .map(|(i, (dx, dy))| {
                let (column, row) = (i % (SIDE + 1), i / (SIDE + 1));
                let inner = |k: i64| moved && k > 0 && k < SIDE;
                (
                    column * STEP + if inner(column) { dx } else { 0 },
                    row * STEP + if inner(row) { dy } else { 0 },
                )
            })
            .collect();
        let mut parts = vec![Vec::new(); 9];
        for (i, owner) in (0..).zip(owners) {
            let first = i / COLUMNS * (COLUMNS + 1) + i % COLUMNS;
            let ring = [first, first + 1, first + COLUMNS + 2, first + COLUMNS + 1];
            parts[owner].push(polygon(&ring.map(|corner| corners[corner])));
        }
        Partition {
            cells: parts.into_iter().map(MultiPolygon).collect(),
            corners,
        }
    })
}

/// Whether a cell holds a point, by counting all its borders to the west of it.
fn holds(index: &CellIndex, cell: &MultiPolygon<f64>, point: GroundPoint) -> bool {
    let p = index.frame.fix(point).unwrap();
    let west = edges(cell, &index.frame)
        .into_iter()
        .filter(|edge| edge.spans_level(p.y) && edge.has_left(p) == (edge.b.y < edge.a.y))
        .count();
    west % 2 == 1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_point_of_a_partition_has_exactly_one_owner(
        partition in partition(),
        inside in prop::collection::vec((0..SIDE * STEP, 0..SIDE * STEP), 200),
        along in prop::collection::vec((0..4_usize, 0..1000_i64), 200),
    ) {
        let index = CellIndex::build(&partition.cells).unwrap();
        let rings: Vec<_> = partition.cells.iter().flat_map(|cell| &cell.0).collect();
        // anywhere; corners; points on borders
        let points = inside.iter().map(|(x, y)| at(*x, *y))
            .chain(partition.corners.iter().map(|(x, y)| at(*x, *y)))
            .chain(along.iter().zip(rings.iter().cycle()).map(|((side, share), ring)| {
                let (a, b) = (ring.exterior().0[*side], ring.exterior().0[side + 1]);
                a + (b - a) * (*share as f64 / 1000.0)
            }));
        for point in points.map(ground) {
            let owners: Vec<u32> = (0..)
                .zip(&partition.cells)
                .filter(|(_, cell)| holds(&index, cell, point))
                .map(|(number, _)| number)
                .collect();
            let found = index.cell_at(point);
            let p = index.frame.fix(point).unwrap();
            // the moved point of the north and east side lies outside; the city is closed
            if p.x == index.frame.span.x || p.y == index.frame.span.y {
                prop_assert!(found.is_some(), "{point:?} on the outer border");
            } else {
                prop_assert_eq!(owners.len(), 1, "{:?} has owners {:?}", point, owners);
                prop_assert_eq!(found, Some(owners[0]));
            }
        }
    }

    #[test]
    fn the_nearest_other_cell_is_as_far_as_its_nearest_border(
        partition in partition(),
        points in prop::collection::vec((0..SIDE * STEP, 0..SIDE * STEP), 20),
    ) {
        let index = CellIndex::build(&partition.cells).unwrap();
        for point in points.into_iter().map(|(x, y)| ground(at(x, y))) {
            let own = index.cell_at(point).unwrap();
            let from = index.frame.vantage(point);
            let expected = (0..)
                .zip(&partition.cells)
                .filter(|(number, _)| *number != own)
                .flat_map(|(_, cell)| edges(cell, &index.frame))
                .map(|edge| edge.distance_squared_m2(from).sqrt())
                .min_by(f64::total_cmp);
            let found = index.border_m(point, 5000.0, |other| other != own);
            prop_assert!(
                (found.unwrap() - expected.unwrap()).abs() < 1e-9,
                "{:?}: {:?}, not {:?}", point, found, expected
            );
        }
    }
}

#[test]
fn a_hole_belongs_to_whoever_fills_it() {
    let outer = [
        (0, 0),
        (9_000_000, 0),
        (9_000_000, 9_000_000),
        (0, 9_000_000),
    ];
    let hole = [
        (3_000_000, 3_000_000),
        (6_000_000, 3_000_000),
        (6_000_000, 6_000_000),
        (3_000_000, 6_000_000),
    ];
    let mut around = polygon(&outer);
    around.interiors_push(polygon(&hole).exterior().clone());
    let around = MultiPolygon(vec![around]);
    let in_hole = ground(at(4_000_000, 4_000_000));
    let beside = ground(at(1_000_000, 4_000_000));

    let index = CellIndex::build(std::slice::from_ref(&around)).unwrap();
    assert_eq!(index.cell_at(in_hole), None);
    assert_eq!(index.cell_at(beside), Some(0));

    let index = CellIndex::build(&[around, cell(&hole)]).unwrap();
    assert_eq!(index.cell_at(in_hole), Some(1));
    assert_eq!(index.cell_at(beside), Some(0));
    // the border between them, all the way around
    for i in 0..=3_000_000_i64 / 1000 {
        let i = 3_000_000 + i * 1000;
        for (x, y) in [
            (i, 3_000_000),
            (i, 6_000_000),
            (3_000_000, i),
            (6_000_000, i),
        ] {
            assert!(index.cell_at(ground(at(x, y))).is_some(), "{x}, {y}");
        }
    }
}

#[test]
fn where_cells_overlap_the_first_has_the_point() {
    let wide = cell(&[
        (0, 0),
        (4_000_000, 0),
        (4_000_000, 2_000_000),
        (0, 2_000_000),
    ]);
    let high = cell(&[
        (0, 0),
        (2_000_000, 0),
        (2_000_000, 4_000_000),
        (0, 4_000_000),
    ]);
    let shared = ground(at(1_000_000, 1_000_000));
    let only_high = ground(at(1_000_000, 3_000_000));
    let index = CellIndex::build(&[wide.clone(), high.clone()]).unwrap();
    assert_eq!(index.cell_at(shared), Some(0));
    assert_eq!(index.cell_at(only_high), Some(1));
    let index = CellIndex::build(&[high, wide]).unwrap();
    assert_eq!(index.cell_at(shared), Some(0));
    assert_eq!(index.cell_at(only_high), Some(0));
}

#[test]
fn no_point_falls_into_a_crack_between_cells() {
    // the middle corner of the upper cells lies a ten-thousandth of a millimetre off the long
    // slanted side of the lower one
    let slanted = |x: i64| 1_000_001 + x / 7;
    let lower = cell(&[
        (0, 0),
        (7_000_000, 0),
        (7_000_000, slanted(7_000_000)),
        (0, slanted(0)),
    ]);
    let middle = 3_333_337;
    let left = cell(&[
        (0, slanted(0)),
        (middle, slanted(middle) + 1),
        (middle, 5_000_000),
        (0, 5_000_000),
    ]);
    let right = cell(&[
        (middle, slanted(middle) + 1),
        (7_000_000, slanted(7_000_000)),
        (7_000_000, 5_000_000),
        (middle, 5_000_000),
    ]);
    let index = CellIndex::build(&[lower, left, right]).unwrap();
    for x in (0..7_000_000).step_by(997) {
        for off in -2..=2 {
            let point = ground(at(x, slanted(x) + off));
            assert!(index.cell_at(point).is_some(), "{x} {off}");
        }
    }
}

#[test]
fn outside_the_city_is_nobodys() {
    let index = CellIndex::build(&[cell(&[(0, 0), (1_000_000, 0), (500_000, 1_000_000)])]).unwrap();
    for (x, y) in [
        (-1_000, 0),
        (1_000, 900_000),
        (999_000, 900_000),
        (0, 1_001_000),
    ] {
        assert_eq!(index.cell_at(ground(at(x, y))), None, "{x}, {y}");
    }
    for point in [(0.0, 0.0), (-180.0, -90.0), (180.0, 90.0)] {
        let (lon, lat) = point;
        assert_eq!(index.cell_at(GroundPoint { lon, lat }), None);
    }
}

#[test]
fn a_territory_as_large_as_a_country_gets_a_coarser_unit() {
    let box_of = |west: f64, east: f64| {
        let ring = [(west, 20.0), (east, 20.0), (east, 50.0), (west, 50.0)];
        MultiPolygon(vec![Polygon::new(
            LineString::from(ring.to_vec()),
            Vec::new(),
        )])
    };
    let index = CellIndex::build(&[box_of(75.0, 105.0), box_of(105.0, 135.0)]).unwrap();
    let number = |lon| index.cell_at(GroundPoint { lon, lat: 35.0 });
    assert_eq!(number(104.999_999), Some(0));
    assert_eq!(number(105.000_001), Some(1));
    assert!(number(105.0).is_some());
    assert_eq!(number(136.0), None);
}
