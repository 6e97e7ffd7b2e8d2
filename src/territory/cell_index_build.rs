//! Laying cells out over the buckets. Done once per reload, so clear before fast.

use geo_types::{LineString, MultiPolygon};

use super::cell_index::{CellIndex, Entry, Head, MIXED, OUTSIDE, crack_m};
use super::edge::Edge;
use super::fixed::{FixedFrame, FixedPoint};
use super::raster::Raster;
use crate::space::GroundPoint;

/// Buckets per cell: enough that most points of a cell lie in buckets no border touches.
const BUCKETS_PER_CELL: usize = 2048;
/// At most so many buckets, 4 bytes each.
const BUCKETS_MAX: usize = 1 << 22;

/// An edge of a cell that passes through, or within a crack of, a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Touch {
    bucket: u32,
    cell: u32,
    edge: u32,
}

/// A cell that holds the south-west corner of a mixed bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct CornerInside {
    bucket: u32,
    cell: u32,
}

impl CellIndex {
    /// `None` without cells.
    pub(super) fn build(cells: &[MultiPolygon<f64>]) -> Option<Self> {
        let vertices = cells.iter().flat_map(rings).flat_map(|ring| &ring.0);
        let frame = FixedFrame::around(vertices.map(|at| GroundPoint {
            lon: at.x,
            lat: at.y,
        }))?;
        let raster = Raster::over(&frame, (cells.len() * BUCKETS_PER_CELL).min(BUCKETS_MAX));
        let cells: Vec<Vec<Edge>> = cells.iter().map(|cell| edges(cell, &frame)).collect();
        let mut index = Self {
            frame,
            raster,
            buckets: vec![OUTSIDE; raster.len()],
            tape: Vec::new(),
        };
        let touches = index.touches(&cells);
        for touch in &touches {
            index.buckets[touch.bucket as usize] = MIXED;
        }
        let corners = index.fill(&cells);
        index.write_tape(&cells, &touches, &corners);
        Some(index)
    }

    /// Which edges touch which buckets, in order of bucket, then cell.
    fn touches(&self, cells: &[Vec<Edge>]) -> Vec<Touch> {
        let mut touches = Vec::new();
        for (cell, edges) in (0..).zip(cells) {
            for (number, edge) in (0..).zip(edges) {
                self.visit_touched(*edge, |bucket| {
                    touches.push(Touch {
                        bucket,
                        cell,
                        edge: number,
                    });
                });
            }
        }
        touches.sort_unstable();
        touches
    }

    /// Visits each bucket an edge comes near to. A bucket too many costs a little time later,
    /// one too few would be a wrong answer: two units of margin outweigh the rounding here.
    fn visit_touched(&self, edge: Edge, mut visit: impl FnMut(u32)) {
        let from = self.frame.vantage(self.frame.ground(edge.a));
        let margin = 2.0 + crack_m(from) / from.m_per_x.min(from.m_per_y);
        let (ax, ay) = (f64::from(edge.a.x), f64::from(edge.a.y));
        let (bx, by) = (f64::from(edge.b.x), f64::from(edge.b.y));
        let low = (ax.min(bx) - margin, ay.min(by) - margin);
        let high = (ax.max(bx) + margin, ay.max(by) + margin);
        let Some(rows) = self.raster.window(low, high) else {
            return;
        };
        for row in rows.south..=rows.north {
            let south = f64::from(row) * self.raster.height() - margin;
            let north = f64::from(row + 1) * self.raster.height() + margin;
            // the part of the edge in this row
            let x_at = |y: f64| ax + (bx - ax) * ((y - ay) / (by - ay)).clamp(0.0, 1.0);
            let (x0, x1) = if edge.a.y == edge.b.y {
                (ax, bx)
            } else {
                (x_at(south), x_at(north))
            };
            let columns = self
                .raster
                .window((x0.min(x1) - margin, low.1), (x0.max(x1) + margin, high.1));
            if let Some(columns) = columns {
                for column in columns.west..=columns.east {
                    visit(self.number(column, row));
                }
            }
        }
    }

    /// Gives every bucket whose corner lies in a cell to that cell; of mixed buckets, tells who
    /// has the corner.
    fn fill(&mut self, cells: &[Vec<Edge>]) -> Vec<CornerInside> {
        let mut corners = Vec::new();
        for (cell, edges) in (0..).zip(cells) {
            for (row, first, end) in self.corner_spans(edges) {
                for column in first..end {
                    let bucket = self.number(column, row);
                    let value = &mut self.buckets[bucket as usize];
                    if *value == MIXED {
                        corners.push(CornerInside { bucket, cell });
                    } else if *value == OUTSIDE {
                        *value = cell + 1;
                    }
                }
            }
        }
        corners.sort_unstable();
        corners
    }

    /// The buckets whose corners lie in a cell, as row, first column and column after the last.
    fn corner_spans(&self, edges: &[Edge]) -> Vec<(i32, i32, i32)> {
        let mut turns: Vec<(i32, i32)> = Vec::new();
        for edge in edges {
            let (low, high) = (edge.a.y.min(edge.b.y), edge.a.y.max(edge.b.y));
            let rows = self
                .raster
                .window((0.0, f64::from(low)), (0.0, f64::from(high)));
            let Some(rows) = rows else { continue };
            for row in rows.south..=rows.north {
                if edge.spans_level(self.raster.corner(0, row).y) {
                    turns.push((row, self.first_corner_east(*edge, row)));
                }
            }
        }
        turns.sort_unstable();
        turns
            .chunks_exact(2)
            .map(|pair| (pair[0].0, pair[0].1, pair[1].1))
            .collect()
    }

    /// The first column whose corner lies east of an edge that spans the row's level.
    fn first_corner_east(&self, edge: Edge, row: i32) -> i32 {
        let east = |column| edge.has_left(self.raster.corner(column, row)) == (edge.b.y < edge.a.y);
        let (mut first, mut end) = (0, self.raster.columns);
        while first < end {
            let middle = first + (end - first) / 2;
            if east(middle) {
                end = middle;
            } else {
                first = middle + 1;
            }
        }
        first
    }

    /// Writes for each mixed bucket its candidates, and their place into the bucket.
    fn write_tape(&mut self, cells: &[Vec<Edge>], touches: &[Touch], corners: &[CornerInside]) {
        let mut corners = corners;
        for of_bucket in touches.chunk_by(|a, b| a.bucket == b.bucket) {
            let bucket = of_bucket[0].bucket;
            let place = u32::try_from(self.tape.len())
                .ok()
                .filter(|place| place & MIXED == 0)
                .expect("a tape of 2^31 entries would not fit in memory");
            self.buckets[bucket as usize] = MIXED | place;

            let skipped = corners.partition_point(|corner| corner.bucket < bucket);
            let (inside, rest) = corners[skipped..]
                .split_at(corners[skipped..].partition_point(|corner| corner.bucket == bucket));
            corners = rest;
            let mut candidates: Vec<u32> = of_bucket
                .iter()
                .map(|touch| touch.cell)
                .chain(inside.iter().map(|corner| corner.cell))
                .collect();
            candidates.sort_unstable();
            candidates.dedup();

            let last = candidates.last().copied();
            for cell in candidates {
                let edges: Vec<Entry> = of_bucket
                    .iter()
                    .filter(|touch| touch.cell == cell)
                    .map(|touch| cells[cell as usize][touch.edge as usize].write())
                    .collect();
                let head = Head {
                    cell,
                    holds_corner: inside.iter().any(|corner| corner.cell == cell),
                    edges: u32::try_from(edges.len()).expect("fewer edges than touches"),
                    last: Some(cell) == last,
                };
                self.tape.push(head.write());
                self.tape.extend(edges);
            }
        }
        self.tape.shrink_to_fit();
    }

    fn number(&self, column: i32, row: i32) -> u32 {
        u32::try_from(self.raster.bucket(column, row)).expect("buckets are at most 2^22 or so")
    }
}

fn rings(cell: &MultiPolygon<f64>) -> impl Iterator<Item = &LineString<f64>> {
    cell.0
        .iter()
        .flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
}

/// The borders of a cell, holes and parts alike: inside is what an odd number of them encloses.
pub(super) fn edges(cell: &MultiPolygon<f64>, frame: &FixedFrame) -> Vec<Edge> {
    rings(cell)
        .flat_map(|ring| {
            let fixed: Vec<FixedPoint> = ring
                .0
                .iter()
                .filter_map(|at| {
                    frame.fix(GroundPoint {
                        lon: at.x,
                        lat: at.y,
                    })
                })
                .collect();
            (0..fixed.len())
                .map(|i| Edge {
                    a: fixed[i],
                    b: fixed[(i + 1) % fixed.len()],
                })
                .filter(|edge| edge.a != edge.b)
                .collect::<Vec<_>>()
        })
        .collect()
}
