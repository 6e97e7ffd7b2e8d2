//! The outline of the whole: where the ground that is divided ends.

use crate::outline::rings_around;
use crate::partition::Partition;
use crate::point::{Point, along, passes_through_pixel};
use crate::ring::{Polygon, polygons};

impl Partition {
    /// All ground that any face has; several polygons where it does not hang together.
    pub fn scope(&self) -> Vec<Polygon> {
        polygons(rings_around(|side| side.is_some(), self.arcs.values()))
    }

    /// The scope with its outline along a line instead of the shorter way between the line's ends,
    /// which lie on one and the same ring; `None` where they do not, or are one place.
    pub fn scope_along(&self, line: &[Point]) -> Option<Vec<Polygon>> {
        let (&from, &to) = line.first().zip(line.last())?;
        let mut scope = self.scope();
        let mut rings = scope
            .iter_mut()
            .flat_map(|polygon| std::iter::once(&mut polygon.exterior).chain(&mut polygon.holes));
        let redrawn = |ring: &mut Vec<Point>| match redrawn(ring, from, to, line) {
            Some(redrawn) => {
                *ring = redrawn;
                true
            }
            None => false,
        };
        rings.any(redrawn).then_some(scope)
    }
}

/// A ring along a line, in its own direction.
fn redrawn(ring: &[Point], from: Point, to: Point, line: &[Point]) -> Option<Vec<Point>> {
    let (start, end) = (foot(ring, from)?, foot(ring, to)?);
    let there = way(ring, (start, from), (end, to));
    let back = way(ring, (end, to), (start, from));
    if from == to {
        return None;
    }
    let mut ring = Vec::new();
    if length_mm(&there) <= length_mm(&back) {
        ring.extend(line);
        ring.extend(back);
    } else {
        ring.extend(line.iter().rev());
        ring.extend(there);
    }
    ring.dedup();
    // closed without being told so
    if ring.first() == ring.last() {
        ring.pop();
    }
    Some(ring)
}

/// The piece of a ring, by the index of the corner it begins with, on which a point lies. A point
/// between two corners was rounded to the grid.
fn foot(ring: &[Point], point: Point) -> Option<usize> {
    let corner = ring.iter().position(|corner| *corner == point);
    corner.or_else(|| {
        let ends = ring.iter().skip(1).chain(ring.first());
        let mut pieces = ring.iter().zip(ends);
        pieces.position(|(a, b)| passes_through_pixel(*a, *b, point))
    })
}

/// From one place on a ring on to another, both included.
fn way(ring: &[Point], (start, from): (usize, Point), (end, to): (usize, Point)) -> Vec<Point> {
    let corners = ring.len();
    let piece = [ring[start], ring[(start + 1) % corners]];
    let place = |point| along(piece[0], piece[1], point);
    let is_ahead = start == end && place(from) <= place(to);
    let passed = if is_ahead {
        0
    } else {
        // all the way round where it lies behind
        (end + corners - start - 1) % corners + 1
    };
    let between = (1..=passed).map(|step| ring[(start + step) % corners]);
    let mut way: Vec<Point> = std::iter::once(from).chain(between).chain([to]).collect();
    way.dedup();
    way
}

fn length_mm(way: &[Point]) -> f64 {
    way.windows(2)
        .map(|pair| pair[0].distance_mm(pair[1]))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(places: &[(i32, i32)]) -> Vec<Point> {
        places.iter().copied().map(Point::from).collect()
    }

    /// Counter-clockwise.
    fn square() -> Vec<Point> {
        points(&[(0, 0), (100, 0), (100, 100), (0, 100)])
    }

    fn along_line(line: &[(i32, i32)]) -> Option<Vec<Point>> {
        let line = points(line);
        redrawn(&square(), line[0], *line.last()?, &line)
    }

    #[test]
    fn the_shorter_way_gives_way_to_the_line_in_either_direction() {
        let bulge = points(&[
            (20, 0),
            (50, -30),
            (80, 0),
            (100, 0),
            (100, 100),
            (0, 100),
            (0, 0),
        ]);
        assert_eq!(along_line(&[(20, 0), (50, -30), (80, 0)]).unwrap(), bulge);
        let turned = along_line(&[(80, 0), (50, -30), (20, 0)]).unwrap();
        assert_eq!(turned, bulge);
    }

    #[test]
    fn a_corner_is_cut_off_and_the_ring_closes_over_its_first_point() {
        let cut = points(&[(0, 30), (30, 0), (100, 0), (100, 100), (0, 100)]);
        assert_eq!(along_line(&[(0, 30), (30, 0)]).unwrap(), cut);
        assert_eq!(along_line(&[(30, 0), (0, 30)]).unwrap(), cut);
        let from_corner = points(&[(0, 0), (50, 20), (100, 0), (100, 100), (0, 100)]);
        let bent = along_line(&[(0, 0), (50, 20), (100, 0)]);
        assert_eq!(bent.unwrap(), from_corner);
    }

    #[test]
    fn a_line_that_does_not_begin_and_end_on_the_ring_is_none_along_it() {
        assert_eq!(along_line(&[(50, 50), (50, 100)]), None);
        assert_eq!(along_line(&[(50, 0), (50, -20), (50, 0)]), None);
    }
}
