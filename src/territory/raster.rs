//! A grid of equal buckets over a frame.

use super::fixed::{FixedFrame, FixedPoint};

/// Buckets whose sides are powers of two in fixed-point units, numbered row by row from the
/// south-west.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raster {
    shift_x: u32,
    shift_y: u32,
    pub columns: i32,
    pub rows: i32,
}

/// Buckets from west to east and south to north, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub west: i32,
    pub east: i32,
    pub south: i32,
    pub north: i32,
}

/// A place in units of a frame, not rounded, and the metres per unit there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vantage {
    pub x: f64,
    pub y: f64,
    pub m_per_x: f64,
    pub m_per_y: f64,
}

impl Raster {
    /// About as many buckets as asked for, about square on the ground.
    pub(super) fn over(frame: &FixedFrame, buckets: usize) -> Self {
        let middle = frame.ground(FixedPoint {
            x: frame.span.x / 2,
            y: frame.span.y / 2,
        });
        let (m_per_x, m_per_y) = frame.m_per_unit(middle);
        let mut raster = Self::with_shifts(frame, 31, 31);
        while raster.len() < buckets && (raster.shift_x, raster.shift_y) != (0, 0) {
            let wider = raster.width() * m_per_x > raster.height() * m_per_y;
            let (shift_x, shift_y) = if raster.shift_y == 0 || (wider && raster.shift_x > 0) {
                (raster.shift_x - 1, raster.shift_y)
            } else {
                (raster.shift_x, raster.shift_y - 1)
            };
            raster = Self::with_shifts(frame, shift_x, shift_y);
        }
        raster
    }

    fn with_shifts(frame: &FixedFrame, shift_x: u32, shift_y: u32) -> Self {
        Self {
            shift_x,
            shift_y,
            columns: (frame.span.x >> shift_x) + 1,
            rows: (frame.span.y >> shift_y) + 1,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.columns as usize * self.rows as usize
    }

    /// Units from a bucket's west to its east side.
    pub(super) fn width(&self) -> f64 {
        f64::from(self.shift_x).exp2()
    }

    /// Units from a bucket's south to its north side.
    pub(super) fn height(&self) -> f64 {
        f64::from(self.shift_y).exp2()
    }

    #[inline]
    pub(super) fn bucket(&self, column: i32, row: i32) -> usize {
        row as usize * self.columns as usize + column as usize
    }

    #[inline]
    pub(super) fn bucket_of(&self, p: FixedPoint) -> usize {
        self.bucket(p.x >> self.shift_x, p.y >> self.shift_y)
    }

    /// The south-west corner of a bucket.
    #[inline]
    pub(super) fn corner(&self, column: i32, row: i32) -> FixedPoint {
        FixedPoint {
            x: column << self.shift_x,
            y: row << self.shift_y,
        }
    }

    /// The south-west corner of the bucket that holds `p`.
    #[inline]
    pub(super) fn corner_of(&self, p: FixedPoint) -> FixedPoint {
        self.corner(p.x >> self.shift_x, p.y >> self.shift_y)
    }

    /// The buckets over a rectangle given in units; `None` when it lies outside.
    pub(super) fn window(&self, low: (f64, f64), high: (f64, f64)) -> Option<Window> {
        let (west, east) = indices(low.0, high.0, self.width(), self.columns)?;
        let (south, north) = indices(low.1, high.1, self.height(), self.rows)?;
        Some(Window {
            west,
            east,
            south,
            north,
        })
    }

    /// Visits the buckets within metres of a vantage in rings of growing size around it, as
    /// `(row, first column, last column)`. `visit` answers how far the best find so far is;
    /// the rings end when nothing nearer can come.
    #[inline]
    pub(super) fn visit_rings(
        &self,
        from: Vantage,
        within_m: f64,
        mut visit: impl FnMut(i32, i32, i32) -> f64,
    ) {
        let (reach_x, reach_y) = (within_m / from.m_per_x, within_m / from.m_per_y);
        let Some(window) = self.window(
            (from.x - reach_x, from.y - reach_y),
            (from.x + reach_x, from.y + reach_y),
        ) else {
            return;
        };
        // a vantage outside the raster starts at the nearest bucket inside
        let column = index(from.x, self.width()).clamp(window.west, window.east);
        let row = index(from.y, self.height()).clamp(window.south, window.north);
        let mut best_m = within_m;
        for ring in 0.. {
            let (west, east) = (column - ring, column + ring);
            let (south, north) = (row - ring, row + ring);
            for at in south.max(window.south)..=north.min(window.north) {
                if at == south || at == north {
                    best_m = visit(at, west.max(window.west), east.min(window.east));
                    continue;
                }
                if west >= window.west {
                    best_m = visit(at, west, west);
                }
                if east <= window.east {
                    best_m = visit(at, east, east);
                }
            }
            // how near something not seen yet can be; a side at the window's end holds nothing
            let mut unseen_m = f64::INFINITY;
            if west > window.west {
                unseen_m = unseen_m.min((from.x - f64::from(west) * self.width()) * from.m_per_x);
            }
            if east < window.east {
                unseen_m =
                    unseen_m.min((f64::from(east + 1) * self.width() - from.x) * from.m_per_x);
            }
            if south > window.south {
                unseen_m = unseen_m.min((from.y - f64::from(south) * self.height()) * from.m_per_y);
            }
            if north < window.north {
                unseen_m =
                    unseen_m.min((f64::from(north + 1) * self.height() - from.y) * from.m_per_y);
            }
            if best_m < unseen_m || unseen_m == f64::INFINITY {
                return;
            }
        }
    }
}

/// The index of the interval of this size that holds a coordinate.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast saturates, and callers clamp to the raster"
)]
fn index(coordinate: f64, size: f64) -> i32 {
    (coordinate / size).floor() as i32
}

/// The indices of the intervals that hold coordinates from `low` to `high`, of `count`.
#[inline]
fn indices(low: f64, high: f64, size: f64, count: i32) -> Option<(i32, i32)> {
    let first = index(low, size).max(0);
    let last = index(high, size).min(count - 1);
    (first <= last).then_some((first, last))
}
