//! Along which stretches of a line no border runs.

use crate::partition::Partition;
use crate::point::{Point, between};

/// A border that is near for less than so many times the reach only crosses.
const CROSSING: f64 = 4.0;

/// What rounding leaves between two stretches that touch, in mm.
const ROUNDING_MM: f64 = 1.0;

/// The stretches of a line, longer than `reach_mm`, from which every border of a partition stays
/// farther away than that. A border that crosses does not interrupt them.
pub(crate) fn unfollowed(line: &[Point], partition: &Partition, reach_mm: u32) -> Vec<Vec<Point>> {
    let reach = f64::from(reach_mm);
    let whole: f64 = line
        .windows(2)
        .map(|ends| ends[0].distance_mm(ends[1]))
        .sum();
    let mut followed = followed(line, partition, reach_mm);
    followed.retain(|[from, to]| {
        let is_at_an_end = *from <= ROUNDING_MM || *to >= whole - ROUNDING_MM;
        is_at_an_end || to - from >= CROSSING * reach
    });
    let starts = std::iter::once(0.0).chain(followed.iter().map(|run| run[1]));
    let ends = followed.iter().map(|run| run[0]).chain([whole]);
    starts
        .zip(ends)
        .filter(|(from, to)| to - from > reach)
        .map(|(from, to)| cut(line, from, to))
        .collect()
}

/// Where along a line borders are within reach, in mm from its beginning; in order and apart.
fn followed(line: &[Point], partition: &Partition, reach_mm: u32) -> Vec<[f64; 2]> {
    let mut near: Vec<[f64; 2]> = Vec::new();
    let mut at = 0.0;
    for ends in line.windows(2) {
        let (low, high) = box_around(ends[0], ends[1], reach_mm);
        for arc in partition.index.in_box(low, high) {
            for (c, d) in partition.arcs()[&arc].line.segments() {
                let is_apart = c.x.max(d.x) < low.x
                    || c.x.min(d.x) > high.x
                    || c.y.max(d.y) < low.y
                    || c.y.min(d.y) > high.y;
                if !is_apart && let Some([from, to]) = within([ends[0], ends[1]], [c, d], reach_mm)
                {
                    near.push([at + from, at + to]);
                }
            }
        }
        at += ends[0].distance_mm(ends[1]);
    }
    near.sort_by(|one, other| one[0].total_cmp(&other[0]));
    let mut runs: Vec<[f64; 2]> = Vec::new();
    for [from, to] in near {
        match runs.last_mut() {
            Some(run) if from <= run[1] + ROUNDING_MM => run[1] = run[1].max(to),
            _ => runs.push([from, to]),
        }
    }
    runs
}

fn box_around(a: Point, b: Point, reach_mm: u32) -> (Point, Point) {
    let reach = i32::try_from(reach_mm).unwrap_or(i32::MAX);
    let low = |one: i32, other: i32| one.min(other).saturating_sub(reach);
    let high = |one: i32, other: i32| one.max(other).saturating_add(reach);
    (
        Point::new(low(a.x, b.x), low(a.y, b.y)),
        Point::new(high(a.x, b.x), high(a.y, b.y)),
    )
}

/// From where to where, in mm from its beginning, a segment is within reach of another. The
/// distance is a convex function along it, so this is one interval: that of the circles around
/// the other's ends and of the strip between them, taken together.
fn within([a, b]: [Point; 2], other: [Point; 2], reach_mm: u32) -> Option<[f64; 2]> {
    let (reach, length) = (f64::from(reach_mm), a.distance_mm(b));
    let (dx, dy) = a.to(b);
    let (ux, uy) = (dx as f64 / length, dy as f64 / length);
    // along the segment, and to the left of it
    let seen = other.map(|point| {
        let (px, py) = a.to(point);
        let (px, py) = (px as f64, py as f64);
        (px * ux + py * uy, py * ux - px * uy)
    });
    let mut reached: Option<[f64; 2]> = None;
    let mut take = |[from, to]: [f64; 2]| {
        let [low, high] = reached.unwrap_or([from, to]);
        reached = Some([low.min(from), high.max(to)]);
    };
    for (x, y) in seen {
        if y.abs() <= reach {
            let half = (reach * reach - y * y).sqrt();
            take([x - half, x + half]);
        }
    }
    let [(cx, cy), (ex, ey)] = seen;
    let side = (ex - cx).hypot(ey - cy);
    let (vx, vy) = ((ex - cx) / side, (ey - cy) / side);
    // where the foot of a point of the segment lies on the other, and how far it is away
    let foot = bounded([f64::MIN, f64::MAX], vx, -cx * vx - cy * vy, [0.0, side]);
    let strip = foot.and_then(|foot| bounded(foot, vy, cy * vx - cx * vy, [-reach, reach]));
    if let Some(strip) = strip {
        take(strip);
    }
    let [from, to] = reached?;
    let (from, to) = (from.max(0.0), to.min(length));
    (from < to).then_some([from, to])
}

/// The part of an interval in which `slope * t + offset` stays in a range.
fn bounded([low, high]: [f64; 2], slope: f64, offset: f64, range: [f64; 2]) -> Option<[f64; 2]> {
    if slope == 0.0 {
        return (range[0]..=range[1])
            .contains(&offset)
            .then_some([low, high]);
    }
    let [one, other] = range.map(|bound| (bound - offset) / slope);
    let (low, high) = (low.max(one.min(other)), high.min(one.max(other)));
    (low <= high).then_some([low, high])
}

/// The part of a line between two distances from its beginning, in mm.
fn cut(line: &[Point], from: f64, to: f64) -> Vec<Point> {
    let mut part = Vec::new();
    let mut at = 0.0;
    for ends in line.windows(2) {
        let length = ends[0].distance_mm(ends[1]);
        for mark in [from, to] {
            if (at..=at + length).contains(&mark) {
                part.push(between(ends[0], ends[1], (mark - at) / length));
            }
        }
        at += length;
        if from < at && at < to {
            part.push(ends[1]);
        }
    }
    part.dedup();
    part
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::point::distance_to_segment_mm;

    fn point() -> impl Strategy<Value = Point> {
        (-1000..1000, -1000..1000).prop_map(Point::from)
    }

    proptest! {
        /// Every millimetre of a segment is in the interval if, and only if, it is within reach.
        #[test]
        fn what_is_within_reach_is_found(
            a in point(), b in point(), c in point(), d in point(), reach_mm in 1_u32..400,
        ) {
            prop_assume!(a != b && c != d);
            let found = within([a, b], [c, d], reach_mm);
            let length = a.distance_mm(b);
            for step in 0..=50 {
                let along = length * f64::from(step) / 50.0;
                let distance_mm = distance_to_segment_mm(c, d, between(a, b, along / length));
                let beyond = distance_mm - f64::from(reach_mm);
                // the place looked at is on the grid
                if beyond.abs() > 1.0 {
                    let is_found = found.is_some_and(|[from, to]| (from - 0.01..=to + 0.01).contains(&along));
                    prop_assert_eq!(is_found, beyond < 0.0, "{} of {}: {:?}", along, length, found);
                }
            }
        }
    }

    #[test]
    fn a_part_begins_and_ends_where_it_is_cut() {
        let line = [(0, 0), (10, 0), (10, 10)].map(Point::from);
        let cut_at = |from, to| cut(&line, from, to);
        assert_eq!(cut_at(4.0, 6.0), [(4, 0), (6, 0)].map(Point::from));
        assert_eq!(cut_at(0.0, 10.0), [(0, 0), (10, 0)].map(Point::from));
        assert_eq!(
            cut_at(4.0, 15.0),
            [(4, 0), (10, 0), (10, 5)].map(Point::from)
        );
        assert_eq!(cut_at(0.0, 20.0), line);
    }
}
