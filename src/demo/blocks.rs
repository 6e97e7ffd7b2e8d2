//! What fills the blocks: houses, parks, water.

use std::collections::HashMap;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::plan::{COLUMNS, Plan, RIVER_HALF_M, RIVER_ROW, ROWS, Street};
use super::plane::{
    along, at, between, distance_m, distance_to_line_m, heading, inside, length_m, middle, moved,
};
use crate::space::LocalPoint;

/// Buildings, parks and water of the base map; rings are not closed.
#[derive(Debug, Serialize)]
pub(super) struct Blocks {
    pub(super) buildings: Vec<[LocalPoint; 4]>,
    pub(super) parks: Vec<Vec<LocalPoint>>,
    pub(super) pond: Vec<LocalPoint>,
    pub(super) river: Vec<LocalPoint>,
}

/// Faces that are parks: column and row.
const PARK_FACES: [(usize, usize); 6] = [
    (COLUMNS / 2 + 2, ROWS / 2 + 3),
    (4, 4),
    (COLUMNS - 4, 3),
    (COLUMNS - 5, RIVER_ROW + 1),
    (2, ROWS - 4),
    (COLUMNS / 2 - 3, ROWS / 2 + 1),
];

pub(super) fn is_park(column: usize, row: usize) -> bool {
    PARK_FACES.contains(&(column, row))
}

pub(super) fn blocks(rng: &mut ChaCha8Rng, plan: &Plan) -> Blocks {
    let parks: Vec<Vec<LocalPoint>> = PARK_FACES
        .iter()
        .filter_map(|&place| {
            let face = plan.faces.iter().find(|f| (f.column, f.row) == place)?;
            let heart = middle(&face.ring);
            Some(face.ring.iter().map(|&p| between(heart, p, 0.80)).collect())
        })
        .collect();
    let pond = pond(rng, middle(&parks[0]));
    let mut ground = Ground::new(plan, &parks);
    for street in &plan.streets {
        if !street.bridge {
            ground.line_with_houses(rng, street);
        }
    }
    for face in &plan.faces {
        if !is_park(face.column, face.row) {
            ground.fill_court(rng, &face.ring);
        }
    }
    Blocks {
        buildings: ground.buildings,
        parks,
        pond,
        river: banks(&plan.river),
    }
}

fn pond(rng: &mut ChaCha8Rng, heart: LocalPoint) -> Vec<LocalPoint> {
    let phase: f64 = rng.random_range(0.0..6.0);
    (0..24)
        .map(|n| {
            let angle = f64::from(n) * std::f64::consts::TAU / 24.0;
            let out = 22.0 + 5.0 * (2.0 * angle + phase).sin() + 2.5 * (5.0 * angle).cos();
            at(
                heart.east_m + out * angle.cos(),
                heart.north_m + 0.75 * out * angle.sin(),
            )
        })
        .collect()
}

/// The river's outline from its centre line, a little wider here and there.
fn banks(centre: &[LocalPoint]) -> Vec<LocalPoint> {
    let total_m = length_m(centre);
    let steps = 120;
    let bank = |side: f64| {
        (0..=steps).map(move |n| {
            let share = f64::from(n) / f64::from(steps);
            let (place, course) = along(centre, share * (total_m - 0.1));
            let wide = RIVER_HALF_M + 3.5 * (share * 37.0 + side).sin();
            moved(place, course, 0.0, side * wide)
        })
    };
    let mut ring: Vec<LocalPoint> = bank(-1.0).collect();
    let north: Vec<LocalPoint> = bank(1.0).collect();
    ring.extend(north.into_iter().rev());
    ring
}

/// Side of the squares in which neighbours are looked up, metres.
const SQUARE_M: f64 = 120.0;

fn square(place: LocalPoint) -> (i64, i64) {
    let index = |value: f64| super::color::step(super::color::narrow(value / SQUARE_M)).into();
    (index(place.east_m), index(place.north_m))
}

fn around((x, y): (i64, i64)) -> impl Iterator<Item = (i64, i64)> {
    (-1..=1).flat_map(move |dx| (-1..=1).map(move |dy| (x + dx, y + dy)))
}

/// The ground that is still free.
struct Ground<'a> {
    plan: &'a Plan,
    parks: &'a [Vec<LocalPoint>],
    streets: HashMap<(i64, i64), Vec<usize>>,
    taken: HashMap<(i64, i64), Vec<usize>>,
    buildings: Vec<[LocalPoint; 4]>,
}

impl<'a> Ground<'a> {
    fn new(plan: &'a Plan, parks: &'a [Vec<LocalPoint>]) -> Self {
        let mut streets: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
        for (index, street) in plan.streets.iter().enumerate() {
            let mut squares: Vec<(i64, i64)> = street.line.iter().map(|&p| square(p)).collect();
            squares.dedup();
            for key in squares {
                streets.entry(key).or_default().push(index);
            }
        }
        Self {
            plan,
            parks,
            streets,
            taken: HashMap::new(),
            buildings: Vec::new(),
        }
    }

    /// Houses along both sides of a street, their fronts where the pavement ends.
    fn line_with_houses(&mut self, rng: &mut ChaCha8Rng, street: &Street) {
        let total_m = length_m(&street.line);
        for side in [-1.0, 1.0] {
            let mut from_m = 14.0;
            while from_m < total_m - 20.0 {
                let wide = rng.random_range(9.0..27.0_f64).min(total_m - 12.0 - from_m);
                let deep = rng.random_range(9.0..13.5);
                let (place, course) = along(&street.line, from_m + wide / 2.0);
                let setback = street.rank.front_m() + 0.8;
                let heart = moved(place, course, 0.0, side * (setback + deep / 2.0));
                self.build(heart, course, wide * 0.97, deep);
                from_m += wide + if rng.random_bool(0.2) { 5.0 } else { 0.3 };
            }
        }
    }

    /// Rows of flats inside a large block.
    fn fill_court(&mut self, rng: &mut ChaCha8Rng, ring: &[LocalPoint]) {
        let heart = middle(ring);
        let course = heading(ring[0], ring[ring.len() / 4]);
        let long = rng.random_range(26.0..44.0);
        for row in -4..=4 {
            for column in -2..=2 {
                let place = moved(
                    heart,
                    course,
                    f64::from(column) * (long + 7.0),
                    f64::from(row) * 24.0,
                );
                if inside(ring, place) && rng.random_bool(0.9) {
                    self.build(place, course, long, 11.5);
                }
            }
        }
    }

    /// Builds a house unless something is in its way.
    fn build(&mut self, heart: LocalPoint, course: f64, wide: f64, deep: f64) {
        let corner = |x: f64, y: f64| moved(heart, course, x * wide / 2.0, y * deep / 2.0);
        let ring = [
            corner(-1.0, -1.0),
            corner(1.0, -1.0),
            corner(1.0, 1.0),
            corner(-1.0, 1.0),
        ];
        let mut outline = ring.to_vec();
        outline.extend((0..4).map(|n| between(ring[n], ring[(n + 1) % 4], 0.5)));
        if wide < 6.0 || !outline.iter().all(|&point| self.is_free(point)) {
            return;
        }
        let key = square(heart);
        let clash = around(key)
            .filter_map(|key| self.taken.get(&key))
            .flatten()
            .any(|&other| overlap(&ring, &self.buildings[other]));
        if !clash {
            self.taken
                .entry(key)
                .or_default()
                .push(self.buildings.len());
            self.buildings.push(ring);
        }
    }

    fn is_free(&self, point: LocalPoint) -> bool {
        let near_street = around(square(point))
            .filter_map(|key| self.streets.get(&key))
            .flatten()
            .any(|&index| {
                let street = &self.plan.streets[index];
                distance_to_line_m(&street.line, point) < street.rank.front_m() + 0.5
            });
        !near_street
            && distance_to_line_m(&self.plan.river, point) > RIVER_HALF_M + 9.0
            && !self.parks.iter().any(|park| inside(park, point))
    }
}

/// Whether two rectangles meet: no side of either separates them.
fn overlap(a: &[LocalPoint; 4], b: &[LocalPoint; 4]) -> bool {
    if distance_m(a[0], b[0]) > 90.0 {
        return false;
    }
    let separated = |ring: &[LocalPoint; 4]| {
        (0..2).any(|n| {
            let course = heading(ring[n], ring[n + 1]);
            let reach = |other: &[LocalPoint; 4]| {
                other.iter().fold((f64::MAX, f64::MIN), |(low, high), p| {
                    let along = p.east_m * course.cos() + p.north_m * course.sin();
                    (low.min(along), high.max(along))
                })
            };
            let ((a0, a1), (b0, b1)) = (reach(a), reach(b));
            a1 <= b0 || b1 <= a0
        })
    };
    !separated(a) && !separated(b)
}
