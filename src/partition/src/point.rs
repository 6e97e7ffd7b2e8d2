//! Places on the integer grid, and the questions about them that must have one answer.

use std::cmp::Ordering;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// A place in whole millimetres east (`x`) and north (`y`) of the origin of a
/// [`Frame`](crate::Frame).
///
/// Coordinates stay within ±[`Point::MAX_MM`], a thousand kilometres: differences then stay below
/// 2^31, their products below 2^62 and the difference of two products below 2^63, so that the
/// side of a line is exact in `i64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(into = "(i32, i32)")]
pub struct Point {
    pub x: i32,
    pub y: i32,
}

impl Point {
    pub const MAX_MM: i32 = (1 << 30) - 1;

    pub fn new(x: i32, y: i32) -> Self {
        Self { x, y }
    }

    /// Whether both coordinates are within [`Point::MAX_MM`].
    pub fn is_in_range(self) -> bool {
        self.x.unsigned_abs().max(self.y.unsigned_abs()) <= Self::MAX_MM.unsigned_abs()
    }

    pub fn distance_mm(self, other: Self) -> f64 {
        let (dx, dy) = self.to(other);
        (dx as f64).hypot(dy as f64)
    }

    /// The vector to another point.
    #[inline]
    pub(crate) fn to(self, other: Self) -> (i64, i64) {
        (
            i64::from(other.x) - i64::from(self.x),
            i64::from(other.y) - i64::from(self.y),
        )
    }

    /// Orders as the point itself does: by x, then y.
    #[inline]
    pub(crate) fn key(self) -> u64 {
        let flip = |value: i32| u64::from(value.cast_unsigned() ^ (1 << 31));
        flip(self.x) << 32 | flip(self.y)
    }
}

impl From<(i32, i32)> for Point {
    fn from((x, y): (i32, i32)) -> Self {
        Self { x, y }
    }
}

/// What is read may come from anywhere.
impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let point = Self::from(<(i32, i32)>::deserialize(deserializer)?);
        if point.is_in_range() {
            Ok(point)
        } else {
            Err(D::Error::custom("a point is out of range"))
        }
    }
}

impl From<Point> for (i32, i32) {
    fn from(point: Point) -> Self {
        (point.x, point.y)
    }
}

/// Twice the signed area of the triangle `a b c` in mm²: positive where `c` lies left of `a → b`.
#[inline]
pub(crate) fn orientation(a: Point, b: Point, c: Point) -> i64 {
    let ((ux, uy), (vx, vy)) = (a.to(b), a.to(c));
    ux * vy - uy * vx
}

/// Whether `p` lies in the smallest box around the segment `a b`, border included.
#[inline]
pub(crate) fn is_in_box(a: Point, b: Point, p: Point) -> bool {
    (a.x.min(b.x)..=a.x.max(b.x)).contains(&p.x) && (a.y.min(b.y)..=a.y.max(b.y)).contains(&p.y)
}

/// Whether `p` lies on the segment `a b`, ends included.
#[inline]
pub(crate) fn is_on_segment(a: Point, b: Point, p: Point) -> bool {
    is_in_box(a, b, p) && orientation(a, b, p) == 0
}

/// Whether the segment `a b` passes through the square of one millimetre around `p`; touching it
/// from outside is not enough.
#[inline]
pub(crate) fn passes_through_pixel(a: Point, b: Point, p: Point) -> bool {
    let (dx, dy) = a.to(b);
    is_in_box(a, b, p) && orientation(a, b, p).unsigned_abs() < (dx.abs() + dy.abs() + 1) as u64 / 2
}

/// Whether the segments cross in a point inside both.
#[inline]
pub(crate) fn cross_properly(a: Point, b: Point, c: Point, d: Point) -> bool {
    let opposite = |one: i64, other: i64| (one > 0 && other < 0) || (one < 0 && other > 0);
    opposite(orientation(a, b, c), orientation(a, b, d))
        && opposite(orientation(c, d, a), orientation(c, d, b))
}

/// The grid point nearest to where two segments that cross properly do so.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the crossing lies on a segment between two coordinates that fit"
)]
pub(crate) fn crossing(a: Point, b: Point, c: Point, d: Point) -> Point {
    let from = i128::from(orientation(c, d, a));
    let whole = from - i128::from(orientation(c, d, b));
    let (dx, dy) = a.to(b);
    let along = |start: i32, delta: i64| {
        let moved = i128::from(delta) * from;
        start + (2 * moved + whole).div_euclid(2 * whole) as i32
    };
    if whole > 0 {
        Point::new(along(a.x, dx), along(a.y, dy))
    } else {
        crossing(b, a, c, d)
    }
}

/// Distance from `p` to the segment `a b` in mm.
pub(crate) fn distance_to_segment_mm(a: Point, b: Point, p: Point) -> f64 {
    let ((dx, dy), (px, py)) = (a.to(b), a.to(p));
    let (dx, dy, px, py) = (dx as f64, dy as f64, px as f64, py as f64);
    let squared = dx * dx + dy * dy;
    if squared == 0.0 {
        return px.hypot(py);
    }
    let share = ((px * dx + py * dy) / squared).clamp(0.0, 1.0);
    (px - share * dx).hypot(py - share * dy)
}

/// The corners in the south-west and the north-east of the box around points; there is one at
/// least.
pub(crate) fn bounds(points: &[Point]) -> (Point, Point) {
    let mut corners = (points[0], points[0]);
    for point in points {
        corners.0 = Point::new(corners.0.x.min(point.x), corners.0.y.min(point.y));
        corners.1 = Point::new(corners.1.x.max(point.x), corners.1.y.max(point.y));
    }
    corners
}

/// The grid point nearest to the place that lies a share (from 0 to 1) of the way from `a` to `b`.
pub(crate) fn between(a: Point, b: Point, share: f64) -> Point {
    let between =
        |from: i32, to: i32| whole(f64::from(from) + share * (f64::from(to) - f64::from(from)));
    Point::new(between(a.x, b.x), between(a.y, b.y))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "between two coordinates that fit"
)]
pub(crate) fn whole(coordinate: f64) -> i32 {
    coordinate.round() as i32
}

/// How far along `a → b` the foot of `p` lies, in mm² (the dot product).
pub(crate) fn along(a: Point, b: Point, p: Point) -> i128 {
    let ((dx, dy), (px, py)) = (a.to(b), a.to(p));
    i128::from(dx) * i128::from(px) + i128::from(dy) * i128::from(py)
}

/// The order of directions counter-clockwise, beginning with east.
pub(crate) fn by_angle(u: (i64, i64), v: (i64, i64)) -> Ordering {
    let is_lower = |(x, y): (i64, i64)| y < 0 || (y == 0 && x < 0);
    is_lower(u)
        .cmp(&is_lower(v))
        .then_with(|| 0.cmp(&(u.0 * v.1 - u.1 * v.0)))
}

/// Twice the signed area of a ring in mm²; positive counter-clockwise. The last point may repeat
/// the first.
pub(crate) fn doubled_area(ring: impl IntoIterator<Item = Point>) -> i128 {
    let mut points = ring.into_iter();
    let Some(first) = points.next() else {
        return 0;
    };
    let mut before = first;
    let mut sum = 0;
    for point in points {
        sum += i128::from(orientation(first, before, point));
        before = point;
    }
    sum
}

/// Where a point is seen from a ring by counting crossings to the east: `None` on the ring.
pub(crate) fn is_inside(ring: &[Point], p: Point) -> Option<bool> {
    let mut inside = false;
    for (index, &a) in ring.iter().enumerate() {
        let b = ring[(index + 1) % ring.len()];
        if is_on_segment(a, b, p) {
            return None;
        }
        if (a.y > p.y) != (b.y > p.y) && (orientation(a, b, p) > 0) == (b.y > a.y) {
            inside = !inside;
        }
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn anywhere() -> impl Strategy<Value = Point> {
        let wide = -Point::MAX_MM..=Point::MAX_MM;
        (wide.clone(), wide).prop_map(Point::from)
    }

    proptest! {
        #[test]
        fn the_side_of_a_line_is_exact(a in anywhere(), b in anywhere(), c in anywhere()) {
            let to = |p: Point| (i128::from(p.x) - i128::from(a.x), i128::from(p.y) - i128::from(a.y));
            let (u, v) = (to(b), to(c));
            prop_assert_eq!(i128::from(orientation(a, b, c)), u.0 * v.1 - u.1 * v.0);
            prop_assert_eq!(orientation(a, b, c), orientation(b, c, a));
        }

        #[test]
        fn a_crossing_lies_in_the_pixel_of_both(
            a in anywhere(), b in anywhere(), c in anywhere(), d in anywhere()
        ) {
            prop_assume!(cross_properly(a, b, c, d));
            let place = crossing(a, b, c, d);
            for (from, to) in [(a, b), (c, d)] {
                let (dx, dy) = from.to(to);
                let beside = i128::from(orientation(from, to, place)).abs();
                prop_assert!(is_in_box(from, to, place));
                prop_assert!(2 * beside <= i128::from(dx.abs() + dy.abs()));
            }
            prop_assert_eq!(place, crossing(b, a, c, d));
        }

        #[test]
        fn keys_order_as_points_do(a in anywhere(), b in anywhere()) {
            prop_assert_eq!(a.cmp(&b), a.key().cmp(&b.key()));
        }
    }

    #[test]
    fn directions_go_round_counter_clockwise() {
        let round = [
            (1, 0),
            (2, 1),
            (0, 3),
            (-1, 1),
            (-1, 0),
            (-1, -1),
            (0, -1),
            (5, -1),
        ];
        assert!(round.is_sorted_by(|u, v| by_angle(*u, *v) == Ordering::Less));
        assert_eq!(by_angle((1, 1), (7, 7)), Ordering::Equal);
    }

    #[test]
    fn a_point_on_the_ring_is_neither_in_nor_out() {
        let square = [(0, 0), (4, 0), (4, 4), (0, 4)].map(Point::from);
        assert_eq!(is_inside(&square, Point::new(1, 1)), Some(true));
        assert_eq!(is_inside(&square, Point::new(5, 4)), Some(false));
        assert_eq!(is_inside(&square, Point::new(4, 2)), None);
        assert_eq!(doubled_area(square), 32);
    }
}
