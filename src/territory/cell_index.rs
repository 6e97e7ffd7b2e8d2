//! Point → cell, exactly and fast.
//!
//! A [`Raster`] covers the city. A bucket that no border touches holds its answer. The others
//! point into `tape`, where per cell that may hold the point stand a head and the borders that
//! pass through the bucket: a cell holds a point when it holds the bucket's south-west corner
//! and the way from there to the point crosses its borders an even number of times, or the
//! other way round. All of a bucket lies in one stretch of memory.

use super::edge::Edge;
use super::fixed::{FixedFrame, FixedPoint};
use super::raster::{Raster, Vantage};
use crate::space::GroundPoint;

/// Bucket values: [`OUTSIDE`], cell + 1, or [`MIXED`] and the place on the tape.
pub(super) const OUTSIDE: u32 = 0;
pub(super) const MIXED: u32 = 1 << 31;

/// The city is closed, and borders that should coincide can miss each other by the rounding of
/// the file they come from: a point in no cell but this near to one belongs to it, metres.
const CRACK_M: f64 = 0.001;

/// One entry of the tape: a head, or an edge as `ax, ay, bx, by`.
pub(super) type Entry = [i32; 4];

/// A cell that may hold a point of the bucket; `edges` entries follow it on the tape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub cell: u32,
    pub holds_corner: bool,
    pub edges: u32,
    pub last: bool,
}

impl Head {
    #[inline]
    fn read(entry: Entry) -> Self {
        Self {
            cell: entry[0].cast_unsigned(),
            holds_corner: entry[1] != 0,
            edges: entry[2].cast_unsigned(),
            last: entry[3] != 0,
        }
    }

    pub(super) fn write(self) -> Entry {
        [
            self.cell.cast_signed(),
            i32::from(self.holds_corner),
            self.edges.cast_signed(),
            i32::from(self.last),
        ]
    }
}

impl Edge {
    #[inline]
    fn read([ax, ay, bx, by]: Entry) -> Self {
        Self {
            a: FixedPoint { x: ax, y: ay },
            b: FixedPoint { x: bx, y: by },
        }
    }

    pub(super) fn write(self) -> Entry {
        [self.a.x, self.a.y, self.b.x, self.b.y]
    }
}

/// Answers by the position of cells in the list it was built from. Where cells overlap, the
/// first of them has the point.
#[derive(Debug)]
pub(super) struct CellIndex {
    pub(super) frame: FixedFrame,
    pub(super) raster: Raster,
    pub(super) buckets: Vec<u32>,
    pub(super) tape: Vec<Entry>,
}

impl CellIndex {
    #[inline]
    pub(super) fn cell_at(&self, point: GroundPoint) -> Option<u32> {
        let p = self.frame.fix(point)?;
        let bucket = self.buckets[self.raster.bucket_of(p)];
        if bucket & MIXED == 0 {
            return bucket.checked_sub(1);
        }
        self.among_borders(bucket & !MIXED, p, |_| true)
            .or_else(|| self.beside_crack(bucket & !MIXED, p, |_| true))
    }

    /// The first cell of those that count that holds a point.
    pub(super) fn holder(&self, point: GroundPoint, counts: impl Fn(u32) -> bool) -> Option<u32> {
        let p = self.frame.fix(point)?;
        let bucket = self.buckets[self.raster.bucket_of(p)];
        if bucket & MIXED == 0 {
            return bucket.checked_sub(1).filter(|cell| counts(*cell));
        }
        self.among_borders(bucket & !MIXED, p, counts)
    }

    /// The first cell of those that count that a point is beside, within [`CRACK_M`].
    pub(super) fn beside(&self, point: GroundPoint, counts: impl Fn(u32) -> bool) -> Option<u32> {
        let p = self.frame.fix(point)?;
        let bucket = self.buckets[self.raster.bucket_of(p)];
        if bucket & MIXED == 0 {
            return None;
        }
        self.beside_crack(bucket & !MIXED, p, counts)
    }

    #[inline]
    fn among_borders(
        &self,
        place: u32,
        p: FixedPoint,
        counts: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let corner = self.raster.corner_of(p);
        let mut candidates = self.candidates(place).filter(|(head, _)| counts(head.cell));
        candidates.find_map(|(head, edges)| {
            let crossings = edges
                .iter()
                .filter(|entry| Edge::read(**entry).crosses(corner, p))
                .count();
            (head.holds_corner == (crossings % 2 == 0)).then_some(head.cell)
        })
    }

    /// The first cell of those that count whose border is within [`CRACK_M`].
    #[cold]
    fn beside_crack(&self, place: u32, p: FixedPoint, counts: impl Fn(u32) -> bool) -> Option<u32> {
        let from = self.frame.vantage(self.frame.ground(p));
        let crack_squared_m2 = crack_m(from).powi(2);
        let mut candidates = self.candidates(place).filter(|(head, _)| counts(head.cell));
        candidates.find_map(|(head, edges)| {
            edges
                .iter()
                .any(|entry| Edge::read(*entry).distance_squared_m2(from) <= crack_squared_m2)
                .then_some(head.cell)
        })
    }

    /// From a point to the nearest border of the cells that count, metres, if within reach.
    pub(super) fn border_m(
        &self,
        point: GroundPoint,
        within_m: f64,
        counts: impl Fn(u32) -> bool,
    ) -> Option<f64> {
        let from = self.frame.vantage(point);
        let mut best_squared_m2 = within_m * within_m;
        let mut found = false;
        self.raster.visit_rings(from, within_m, |row, first, last| {
            let buckets = self.raster.bucket(first, row)..=self.raster.bucket(last, row);
            for bucket in self.buckets[buckets].iter().filter(|b| **b & MIXED != 0) {
                let others = self
                    .candidates(bucket & !MIXED)
                    .filter(|(head, _)| counts(head.cell));
                for entry in others.flat_map(|(_, edges)| edges) {
                    let squared_m2 = Edge::read(*entry).distance_squared_m2(from);
                    if squared_m2 <= best_squared_m2 {
                        best_squared_m2 = squared_m2;
                        found = true;
                    }
                }
            }
            best_squared_m2.sqrt()
        });
        found.then(|| best_squared_m2.sqrt())
    }

    #[inline]
    fn candidates(&self, place: u32) -> impl Iterator<Item = (Head, &[Entry])> {
        let mut rest = Some(&self.tape[place as usize..]);
        std::iter::from_fn(move || {
            let (head, after) = rest?.split_first()?;
            let head = Head::read(*head);
            let (edges, after) = after.split_at(head.edges as usize);
            rest = (!head.last).then_some(after);
            Some((head, edges))
        })
    }
}

/// [`CRACK_M`], but no less than what rounding to units can open.
pub(super) fn crack_m(from: Vantage) -> f64 {
    CRACK_M.max(2.0 * from.m_per_x.max(from.m_per_y))
}

#[cfg(test)]
#[path = "cell_index_tests.rs"]
mod tests;
