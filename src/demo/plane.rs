//! Small geometry in the metres of the city.

use crate::space::LocalPoint;

pub(super) const fn at(east_m: f64, north_m: f64) -> LocalPoint {
    LocalPoint { east_m, north_m }
}

pub(super) fn between(a: LocalPoint, b: LocalPoint, share: f64) -> LocalPoint {
    at(
        a.east_m + (b.east_m - a.east_m) * share,
        a.north_m + (b.north_m - a.north_m) * share,
    )
}

pub(super) fn distance_m(a: LocalPoint, b: LocalPoint) -> f64 {
    (a.east_m - b.east_m).hypot(a.north_m - b.north_m)
}

/// Direction from `a` to `b`, radians counter-clockwise from east.
pub(super) fn heading(a: LocalPoint, b: LocalPoint) -> f64 {
    (b.north_m - a.north_m).atan2(b.east_m - a.east_m)
}

/// `ahead` metres along a heading and `left` metres to its left.
pub(super) fn moved(from: LocalPoint, heading: f64, ahead: f64, left: f64) -> LocalPoint {
    let (sin, cos) = heading.sin_cos();
    at(
        from.east_m + ahead * cos - left * sin,
        from.north_m + ahead * sin + left * cos,
    )
}

pub(super) fn middle(ring: &[LocalPoint]) -> LocalPoint {
    let count = ring.len() as f64;
    at(
        ring.iter().map(|p| p.east_m).sum::<f64>() / count,
        ring.iter().map(|p| p.north_m).sum::<f64>() / count,
    )
}

pub(super) fn length_m(line: &[LocalPoint]) -> f64 {
    line.windows(2)
        .map(|pair| distance_m(pair[0], pair[1]))
        .sum()
}

/// The place `along` metres from the start of a line, and the heading there.
pub(super) fn along(line: &[LocalPoint], along_m: f64) -> (LocalPoint, f64) {
    let mut left_m = along_m;
    for pair in line.windows(2) {
        let step_m = distance_m(pair[0], pair[1]);
        if left_m <= step_m && step_m > 0.0 {
            let place = between(pair[0], pair[1], left_m / step_m);
            return (place, heading(pair[0], pair[1]));
        }
        left_m -= step_m;
    }
    let last = line.len() - 1;
    (line[last], heading(line[last - 1], line[last]))
}

/// Whether a point is inside a ring (not closed), by counting crossings to the east.
pub(super) fn inside(ring: &[LocalPoint], point: LocalPoint) -> bool {
    let mut within = false;
    for (index, &a) in ring.iter().enumerate() {
        let b = ring[(index + 1) % ring.len()];
        if (a.north_m > point.north_m) != (b.north_m > point.north_m) {
            let share = (point.north_m - a.north_m) / (b.north_m - a.north_m);
            if point.east_m < a.east_m + share * (b.east_m - a.east_m) {
                within = !within;
            }
        }
    }
    within
}

/// Distance to the nearest place of a line.
pub(super) fn distance_to_line_m(line: &[LocalPoint], point: LocalPoint) -> f64 {
    line.windows(2)
        .map(|pair| {
            let (a, b) = (pair[0], pair[1]);
            let (de, dn) = (b.east_m - a.east_m, b.north_m - a.north_m);
            let square = (de * de + dn * dn).max(1e-9);
            let share =
                ((point.east_m - a.east_m) * de + (point.north_m - a.north_m) * dn) / square;
            distance_m(between(a, b, share.clamp(0.0, 1.0)), point)
        })
        .fold(f64::MAX, f64::min)
}
