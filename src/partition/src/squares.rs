//! The squares of a uniform grid that a point or a segment lies in.

use crate::point::Point;

/// A grid of squares; what comes within its reach of a square counts as lying in it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Squares {
    /// Logarithm of the side of a square in mm.
    shift: u32,
    pub reach_mm: i32,
}

/// Rows and columns are counted from far in the south-west, so that none is negative.
const MIDDLE: i32 = 1 << 25;

impl Squares {
    /// Squares of at least a given side, which must not be too small for the plane.
    pub(crate) fn with_side(side_mm: u64, reach_mm: u32) -> Self {
        const SHIFT_MIN: u32 = 6;
        const SHIFT_MAX: u32 = 26;
        // a crossing is rounded to a point that may lie a millimetre beside both edges
        let reach_mm = reach_mm.clamp(1, 1 << 20).cast_signed();
        let side = side_mm.max(4 * u64::from(reach_mm.unsigned_abs()));
        Self {
            shift: (side.ilog2() + 1).clamp(SHIFT_MIN, SHIFT_MAX),
            reach_mm,
        }
    }

    #[inline]
    fn line(self, coordinate: i32) -> u32 {
        ((coordinate >> self.shift) + MIDDLE).cast_unsigned()
    }

    /// Row, then column.
    #[inline]
    pub(crate) fn of_point(self, at: Point) -> u64 {
        square(self.line(at.y), self.line(at.x))
    }

    /// The coordinate in mm at which a square begins in the west.
    pub(crate) fn west_mm(self, square: u64) -> i64 {
        ((square & u64::from(u32::MAX)).cast_signed() - i64::from(MIDDLE)) << self.shift
    }

    pub(crate) fn of_box(self, low: Point, high: Point) -> impl Iterator<Item = u64> {
        let (first, last) = (self.line(low.x), self.line(high.x));
        (self.line(low.y)..=self.line(high.y))
            .flat_map(move |row| (first..=last).map(move |column| square(row, column)))
    }

    #[inline]
    pub(crate) fn of_segment(self, a: Point, b: Point, mut visit: impl FnMut(u64)) {
        let reach = self.reach_mm;
        let (south, north) = (a.y.min(b.y) - reach, a.y.max(b.y) + reach);
        let (west, east) = (a.x.min(b.x) - reach, a.x.max(b.x) + reach);
        let (first, last) = (self.line(west), self.line(east));
        let is_small = last - first <= 1 || self.line(north) - self.line(south) <= 1;
        for row in self.line(south)..=self.line(north) {
            let (from, to) = if is_small {
                (first, last)
            } else {
                self.columns(row, a, b)
            };
            for column in from.max(first)..=to.min(last) {
                visit(square(row, column));
            }
        }
    }

    /// The columns in which a segment passes a row, or a little more.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "between the ends of the segment"
    )]
    fn columns(self, row: u32, a: Point, b: Point) -> (u32, u32) {
        let reach = f64::from(self.reach_mm + 1);
        let south = f64::from((row.cast_signed() - MIDDLE) << self.shift);
        let north = south + f64::from(1 << self.shift);
        let (low, high) = if a.y <= b.y { (a, b) } else { (b, a) };
        let slope = (f64::from(high.x) - f64::from(low.x)) / (f64::from(high.y) - f64::from(low.y));
        let x_at = |y: f64| {
            let y = y.clamp(f64::from(low.y), f64::from(high.y));
            f64::from(low.x) + (y - f64::from(low.y)) * slope
        };
        let (one, other) = (x_at(south - reach), x_at(north + reach));
        (
            self.line((one.min(other) - reach).floor() as i32),
            self.line((one.max(other) + reach).ceil() as i32),
        )
    }
}

fn square(row: u32, column: u32) -> u64 {
    u64::from(row) << 32 | u64::from(column)
}
