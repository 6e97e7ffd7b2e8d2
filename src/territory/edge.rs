//! Exact sides and crossings.
//!
//! Every point is taken as if it were moved by (ε, ε²), an infinitely small step east and a
//! still smaller one north. Then no point lies on an edge, no two points on one level, and a
//! partition gives each point to exactly one part: the half-open rule in its strictest form.
//! Edges that two cells share give both cells the same, opposite answer.

use super::fixed::FixedPoint;
use super::raster::Vantage;

/// A straight piece of a border, from `a` to `b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub a: FixedPoint,
    pub b: FixedPoint,
}

/// Twice the area of the triangle, positive when it turns left. Exact: see
/// [`super::fixed::FixedFrame`] for why nothing overflows.
#[inline]
fn turn(a: FixedPoint, b: FixedPoint, p: FixedPoint) -> i64 {
    let diff = |to: i32, from: i32| i64::from(to) - i64::from(from);
    diff(b.x, a.x) * diff(p.y, a.y) - diff(b.y, a.y) * diff(p.x, a.x)
}

impl Edge {
    /// Whether `p`, moved by (ε, ε²), is left of the edge.
    #[inline]
    pub(super) fn has_left(self, p: FixedPoint) -> bool {
        let turn = turn(self.a, self.b, p);
        if turn != 0 {
            return turn > 0;
        }
        // of the edge's own line: the step east decides, or for a level edge the step north
        let (dx, dy) = (self.b.x - self.a.x, self.b.y - self.a.y);
        if dy == 0 { dx > 0 } else { dy < 0 }
    }

    /// Whether the way from `from` to `to`, both moved by (ε, ε²), crosses the edge.
    #[inline]
    pub(super) fn crosses(self, from: FixedPoint, to: FixedPoint) -> bool {
        if self.has_left(from) == self.has_left(to) {
            return false;
        }
        // the way is moved, the edge's ends are not: an end on the way's line is moved back
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let left_of_way = |end: FixedPoint| {
            let turn = turn(from, to, end);
            if turn != 0 {
                return turn > 0;
            }
            if dy == 0 { dx < 0 } else { dy > 0 }
        };
        left_of_way(self.a) != left_of_way(self.b)
    }

    /// Whether the level line at `y`, moved by ε² north, crosses the edge.
    #[inline]
    pub(super) fn spans_level(self, y: i32) -> bool {
        (self.a.y > y) != (self.b.y > y)
    }

    /// Squared distance from a vantage, square metres.
    pub(super) fn distance_squared_m2(self, from: Vantage) -> f64 {
        let local = |q: FixedPoint| {
            (
                (f64::from(q.x) - from.x) * from.m_per_x,
                (f64::from(q.y) - from.y) * from.m_per_y,
            )
        };
        let (a, b) = (local(self.a), local(self.b));
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        // edges have two different ends, so their length is not zero
        let along = (-(a.0 * dx + a.1 * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        let (x, y) = (a.0 + along * dx, a.1 + along * dy);
        x * x + y * y
    }
}
