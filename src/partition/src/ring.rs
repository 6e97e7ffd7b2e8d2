//! Closed lines, and polygons made of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::point::{Point, doubled_area, is_inside};

/// A polygon on the grid: rings whose last point does not repeat the first. Derived ones run
/// counter-clockwise outside and clockwise around holes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Polygon {
    pub exterior: Vec<Point>,
    pub holes: Vec<Vec<Point>>,
}

impl Polygon {
    pub fn rings(&self) -> impl Iterator<Item = &Vec<Point>> {
        std::iter::once(&self.exterior).chain(&self.holes)
    }

    pub fn area_m2(&self) -> f64 {
        let doubled: i128 = self.rings().map(|ring| doubled_area_of(ring)).sum();
        m2(doubled)
    }
}

/// Square metres from twice the area in mm².
pub(crate) fn m2(doubled_area: i128) -> f64 {
    doubled_area as f64 / 2e6
}

/// Twice the signed area of an open ring.
pub(crate) fn doubled_area_of(ring: &[Point]) -> i128 {
    doubled_area(ring.iter().copied().chain(ring.first().copied()))
}

/// Cuts closed walks into rings that visit no point twice. What a walk goes there and back falls
/// out.
pub(crate) fn simple_rings(walk: impl IntoIterator<Item = Point>) -> Vec<Vec<Point>> {
    let mut rings = Vec::new();
    let mut line: Vec<Point> = Vec::new();
    let mut place: BTreeMap<Point, usize> = BTreeMap::new();
    for point in walk {
        if let Some(&start) = place.get(&point) {
            for passed in &line[start + 1..] {
                place.remove(passed);
            }
            let ring = line.split_off(start);
            if ring.len() > 2 {
                rings.push(ring);
            }
        }
        place.insert(point, line.len());
        line.push(point);
    }
    if line.len() > 2 {
        rings.push(line);
    }
    rings
}

/// Polygons of rings that do not cross: counter-clockwise ones are exteriors, each clockwise one
/// a hole of the smallest around it.
pub(crate) fn polygons(rings: Vec<Vec<Point>>) -> Vec<Polygon> {
    let (exteriors, holes): (Vec<_>, Vec<_>) = rings
        .into_iter()
        .partition(|ring| doubled_area_of(ring) > 0);
    let mut polygons: Vec<(i128, Polygon)> = exteriors
        .into_iter()
        .map(|exterior| {
            let holes = Vec::new();
            (doubled_area_of(&exterior), Polygon { exterior, holes })
        })
        .collect();
    polygons.sort_by_key(|(area, _)| *area);
    for hole in holes {
        // a hole may touch its exterior, so not every point decides
        let holds = |exterior: &[Point]| {
            hole.iter()
                .find_map(|point| is_inside(exterior, *point))
                .unwrap_or_else(|| midpoint_is_inside(exterior, &hole))
        };
        let around = match polygons.len() {
            1 => polygons.first_mut(),
            _ => polygons
                .iter_mut()
                .find(|(_, polygon)| holds(&polygon.exterior)),
        };
        if let Some((_, polygon)) = around {
            polygon.holes.push(hole);
        }
    }
    polygons.sort_by(|(_, one), (_, other)| one.exterior.cmp(&other.exterior));
    polygons.into_iter().map(|(_, polygon)| polygon).collect()
}

/// For a hole with every corner on the ring: the middle of an edge decides, on a grid twice as
/// fine.
fn midpoint_is_inside(exterior: &[Point], hole: &[Point]) -> bool {
    let near = |point: Point| {
        let (dx, dy) = hole[0].to(point);
        i32::try_from(2 * dx)
            .ok()
            .zip(i32::try_from(2 * dy).ok())
            .map(Point::from)
    };
    let Some(fine) = exterior
        .iter()
        .map(|point| near(*point))
        .collect::<Option<Vec<_>>>()
    else {
        return false;
    };
    (0..hole.len()).any(|index| {
        let ((ax, ay), (bx, by)) = (
            hole[0].to(hole[index]),
            hole[0].to(hole[(index + 1) % hole.len()]),
        );
        let middle = i32::try_from(ax + bx).ok().zip(i32::try_from(ay + by).ok());
        middle.is_some_and(|middle| is_inside(&fine, middle.into()) == Some(true))
    })
}

/// About how wide something narrow is, in mm: a strip of width `w` and a much greater length `l`
/// has an area of `w l` and a border of `2 l`.
pub(crate) fn width_mm(doubled_area: i128, border_mm: f64) -> f64 {
    if border_mm > 0.0 {
        doubled_area as f64 / border_mm
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(i32, i32)]) -> Vec<Point> {
        points.iter().copied().map(Point::from).collect()
    }

    #[test]
    fn a_walk_that_touches_itself_becomes_rings() {
        let walk = line(&[
            (0, 0),
            (9, 0),
            (9, 9),
            (5, 5),
            (7, 3),
            (5, 3),
            (5, 5),
            (0, 9),
        ]);
        let rings = simple_rings(walk);
        assert_eq!(rings[0], line(&[(5, 5), (7, 3), (5, 3)]));
        assert_eq!(rings[1], line(&[(0, 0), (9, 0), (9, 9), (5, 5), (0, 9)]));
        let polygons = polygons(rings);
        assert_eq!((polygons.len(), polygons[0].holes.len()), (1, 1));
    }

    #[test]
    fn there_and_back_is_no_ring() {
        assert!(simple_rings(line(&[(0, 0), (4, 0), (8, 0), (4, 0)])).is_empty());
    }

    #[test]
    fn holes_go_into_the_smallest_exterior_around_them() {
        let square = |west, side| {
            line(&[
                (west, west),
                (west + side, west),
                (west + side, west + side),
                (west, west + side),
            ])
        };
        let turned = |mut ring: Vec<Point>| {
            ring.reverse();
            ring
        };
        let rings = vec![
            square(0, 100),
            turned(square(10, 50)),
            square(20, 30),
            turned(square(30, 10)),
        ];
        let found = polygons(rings);
        let areas: Vec<f64> = found
            .iter()
            .map(|polygon| polygon.area_m2() * 1e6)
            .collect();
        assert_eq!(areas, [7500.0, 800.0]);
    }
}
