//! The plan of the city: a bent net of streets, the cells between them, a river through it.
//!
//! The net is a lattice whose lines stand nearer in the middle, bent by a smooth field that
//! turns its outer squares into rings. Streets are runs of lattice edges, cells are its faces,
//! so cell borders follow street centre lines and neighbours share their vertices.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::plane::{at, distance_m};
use crate::space::LocalPoint;

/// Faces from west to east and from south to north.
pub(super) const COLUMNS: usize = 20;
pub(super) const ROWS: usize = 19;
/// Vertices a lattice edge is drawn with beyond its start.
const EDGE_STEPS: usize = 4;
/// The lattice line (from the south) that the river follows.
pub(super) const RIVER_ROW: usize = 7;
pub(super) const RIVER_HALF_M: f64 = 19.0;
/// Lattice lines that form the ring road: west, east, south, north.
const RING: [usize; 4] = [3, 17, 3, 16];
/// The avenue that cuts through blocks starts at this node and runs north-east.
const DIAGONAL_FROM: (usize, usize) = (5, 8);
const DIAGONAL_BLOCKS: usize = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Rank {
    Major,
    Minor,
    Lane,
}

impl Rank {
    /// The word of column `basemap.rank`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Lane => "service",
        }
    }

    /// Half of the carriageway, pavement on one side, metres; lanes in one direction.
    pub(super) fn profile(self) -> (f32, f32, u8) {
        match self {
            Self::Major => (10.4, 5.5, 3),
            Self::Minor => (6.8, 4.2, 2),
            Self::Lane => (3.6, 2.8, 1),
        }
    }

    /// From the centre line to the house fronts, metres.
    pub(super) fn front_m(self) -> f64 {
        let (road, pavement, _) = self.profile();
        f64::from(road + pavement)
    }
}

/// One piece of street between two nodes of the net.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Street {
    pub(super) line: Vec<LocalPoint>,
    pub(super) rank: Rank,
    /// Which street of the city it is part of: an index into the street names.
    pub(super) name: usize,
    /// Crosses the river.
    pub(super) bridge: bool,
}

/// A face of the net.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Face {
    pub(super) column: usize,
    pub(super) row: usize,
    /// Counter-clockwise, not closed.
    pub(super) ring: Vec<LocalPoint>,
}

/// Streets, faces and the river's centre line.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Plan {
    pub(super) streets: Vec<Street>,
    pub(super) faces: Vec<Face>,
    pub(super) river: Vec<LocalPoint>,
}

pub(super) fn plan(rng: &mut ChaCha8Rng) -> Plan {
    let net = Net::new(rng);
    Plan {
        streets: net.streets(rng),
        faces: net.faces(),
        river: (0..COLUMNS)
            .flat_map(|column| net.edge((column, RIVER_ROW), (column + 1, RIVER_ROW), true))
            .collect(),
    }
}

struct Net {
    columns: Vec<f64>,
    rows: Vec<f64>,
    phases: [f64; 6],
}

impl Net {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        let mut lines = |count: usize| -> Vec<f64> {
            let half = count as f64 / 2.0;
            let mut sum = 0.0;
            let mut places = vec![0.0];
            for index in 0..count {
                let off_middle = ((index as f64 + 0.5 - half) / half).abs();
                sum += (84.0 + 95.0 * off_middle.powf(1.6)) * rng.random_range(0.82..1.2);
                places.push(sum);
            }
            places.iter().map(|place| place - sum / 2.0).collect()
        };
        Self {
            columns: lines(COLUMNS),
            rows: lines(ROWS),
            phases: std::array::from_fn(|_| rng.random_range(0.0..std::f64::consts::TAU)),
        }
    }

    /// A place of the straight lattice, bent.
    fn bent(&self, x: f64, y: f64) -> LocalPoint {
        let half = (self.columns[COLUMNS], self.rows[ROWS]);
        let (u, v) = (x / half.0, y / half.1);
        // square to disc, part of the way: outer squares become rings
        let round = 0.36;
        let squeeze = |across: f64| (1.0 - round * across * across).sqrt();
        let (mut e, mut n) = (x * squeeze(v), y * squeeze(u));
        // the old town stands askew
        let turn = 0.24 * (-(u * u + v * v) * 3.2).exp();
        (e, n) = (
            e * turn.cos() - n * turn.sin(),
            e * turn.sin() + n * turn.cos(),
        );
        let p = &self.phases;
        let wave = |a: f64, b: f64, phase: f64| (a * 3.1 + b * 1.7 + phase).sin();
        e += 46.0 * wave(v, u, p[0]) + 15.0 * wave(2.3 * v, -u, p[1]);
        n += 40.0 * wave(u, v, p[2]) + 14.0 * wave(2.1 * u, v, p[3]);
        // the river swings, and the streets beside it follow
        let river = self.rows[RIVER_ROW];
        let near = (-((y - river) / 260.0).powi(2)).exp();
        n += near * 62.0 * (u * 5.2 + p[4]).sin();
        at(e, n)
    }

    /// The bent line between two neighbouring nodes; with the first vertex unless `open`.
    fn edge(&self, from: (usize, usize), to: (usize, usize), open: bool) -> Vec<LocalPoint> {
        let last = if open { EDGE_STEPS - 1 } else { EDGE_STEPS };
        (0..=last)
            .map(|step| {
                // always counted from the lower node: both directions give the same vertices
                if from <= to {
                    self.vertex(from, to, step)
                } else {
                    self.vertex(to, from, EDGE_STEPS - step)
                }
            })
            .collect()
    }

    fn vertex(&self, low: (usize, usize), high: (usize, usize), step: usize) -> LocalPoint {
        let place = |lines: &[f64], from: usize, to: usize| {
            if step == EDGE_STEPS {
                lines[to]
            } else {
                lines[from] + (lines[to] - lines[from]) * step as f64 / EDGE_STEPS as f64
            }
        };
        self.bent(
            place(&self.columns, low.0, high.0),
            place(&self.rows, low.1, high.1),
        )
    }

    fn is_cut(column: usize, row: usize) -> bool {
        column
            .checked_sub(DIAGONAL_FROM.0)
            .zip(row.checked_sub(DIAGONAL_FROM.1))
            .is_some_and(|(a, b)| a == b && a < DIAGONAL_BLOCKS)
    }

    fn faces(&self) -> Vec<Face> {
        let mut faces = Vec::new();
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let (sw, se) = ((column, row), (column + 1, row));
                let (ne, nw) = ((column + 1, row + 1), (column, row + 1));
                let outlines: Vec<Vec<(usize, usize)>> = if Self::is_cut(column, row) {
                    vec![vec![sw, se, ne], vec![sw, ne, nw]]
                } else {
                    vec![vec![sw, se, ne, nw]]
                };
                for corners in outlines {
                    let ring = (0..corners.len())
                        .flat_map(|n| self.edge(corners[n], corners[(n + 1) % corners.len()], true))
                        .collect();
                    faces.push(Face { column, row, ring });
                }
            }
        }
        faces
    }

    fn streets(&self, rng: &mut ChaCha8Rng) -> Vec<Street> {
        let mut streets = Vec::new();
        for column in 0..=COLUMNS {
            let rank = rank_of(column, COLUMNS, RING[0], RING[1]);
            for row in 0..ROWS {
                let at_river = row + 1 == RIVER_ROW || row == RIVER_ROW;
                let bridge = at_river && (rank == Rank::Major || column % 4 == 1);
                let built = if at_river {
                    bridge
                } else {
                    is_built(rng, rank)
                };
                if built {
                    streets.push(Street {
                        line: self.edge((column, row), (column, row + 1), false),
                        rank: if bridge && rank == Rank::Lane {
                            Rank::Minor
                        } else {
                            rank
                        },
                        name: column,
                        bridge,
                    });
                }
            }
        }
        for row in (0..=ROWS).filter(|&row| row != RIVER_ROW) {
            let rank = if row + 1 == RIVER_ROW || row == RIVER_ROW + 1 {
                Rank::Minor
            } else {
                rank_of(row, ROWS, RING[2], RING[3])
            };
            for column in 0..COLUMNS {
                if is_built(rng, rank) {
                    streets.push(Street {
                        line: self.edge((column, row), (column + 1, row), false),
                        rank,
                        name: COLUMNS + 1 + row,
                        bridge: false,
                    });
                }
            }
        }
        for step in 0..DIAGONAL_BLOCKS {
            let from = (DIAGONAL_FROM.0 + step, DIAGONAL_FROM.1 + step);
            streets.push(Street {
                line: self.edge(from, (from.0 + 1, from.1 + 1), false),
                rank: Rank::Major,
                name: COLUMNS + ROWS + 2,
                bridge: false,
            });
        }
        streets.retain(|street| distance_m(street.line[0], street.line[EDGE_STEPS]) > 30.0);
        streets
    }
}

fn rank_of(line: usize, count: usize, ring_low: usize, ring_high: usize) -> Rank {
    if line == ring_low || line == ring_high || line == count / 2 {
        Rank::Major
    } else if line % 3 == 1 || line == 0 || line == count {
        Rank::Minor
    } else {
        Rank::Lane
    }
}

fn is_built(rng: &mut ChaCha8Rng, rank: Rank) -> bool {
    let chance = match rank {
        Rank::Major => 1.0,
        Rank::Minor => 0.93,
        Rank::Lane => 0.62,
    };
    rng.random_bool(chance)
}
