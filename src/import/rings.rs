//! Closed rings out of the ways of a multipolygon.

use geo_types::{Coord, LineString, MultiPolygon, Polygon};

/// Joins the outer and inner ways to rings, and puts every inner ring into the outer that holds
/// it.
///
/// # Errors
/// A sentence: the ways leave a gap, there is no outer ring, or an inner lies in none.
pub(super) fn assemble(
    outers: Vec<Vec<Coord>>,
    inners: Vec<Vec<Coord>>,
) -> Result<MultiPolygon, String> {
    let outers = closed_rings(outers)?;
    if outers.is_empty() {
        return Err("incomplete: no outer ring".to_owned());
    }
    let mut holes: Vec<Vec<LineString>> = outers.iter().map(|_| Vec::new()).collect();
    for inner in closed_rings(inners)? {
        // rings may touch, so one point does not decide; most of them do
        let votes = |outer: &[Coord]| {
            inner
                .iter()
                .filter(|point| contains(outer, **point))
                .count()
        };
        let best = (0..outers.len()).max_by_key(|index| votes(&outers[*index]));
        match best.filter(|index| votes(&outers[*index]) > 0) {
            Some(index) => holes[index].push(LineString(inner)),
            None => return Err("an inner ring lies in no outer ring".to_owned()),
        }
    }
    let polygons = outers.into_iter().zip(holes);
    Ok(MultiPolygon(
        polygons
            .map(|(outer, holes)| Polygon::new(LineString(outer), holes))
            .collect(),
    ))
}

/// Joins ways end to end, turning them where needed, until every ring is closed.
fn closed_rings(mut ways: Vec<Vec<Coord>>) -> Result<Vec<Vec<Coord>>, String> {
    const POINTS_MIN: usize = 4;
    let mut rings = Vec::new();
    while let Some(mut ring) = ways.pop() {
        while ring.first() != ring.last() {
            let end = ring.last().copied();
            let next = ways
                .iter()
                .position(|way| way.first().copied() == end || way.last().copied() == end);
            let Some(next) = next else {
                return Err("incomplete: the ways leave a gap in a ring".to_owned());
            };
            let mut way = ways.swap_remove(next);
            if way.first().copied() != end {
                way.reverse();
            }
            ring.extend(way.into_iter().skip(1));
        }
        if ring.len() < POINTS_MIN {
            return Err(format!("too few points: a ring of {}", ring.len()));
        }
        rings.push(ring);
    }
    Ok(rings)
}

/// Whether a ray to the east crosses the ring an odd number of times.
fn contains(ring: &[Coord], point: Coord) -> bool {
    let crossings = ring.windows(2).filter(|edge| {
        let (a, b) = (edge[0], edge[1]);
        (a.y > point.y) != (b.y > point.y)
            && point.x < a.x + (point.y - a.y) / (b.y - a.y) * (b.x - a.x)
    });
    crossings.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(points: &[(f64, f64)]) -> Vec<Coord> {
        points.iter().map(|(x, y)| Coord { x: *x, y: *y }).collect()
    }

    fn square(west: f64, south: f64, side: f64) -> Vec<Coord> {
        let (east, north) = (west + side, south + side);
        way(&[
            (west, south),
            (east, south),
            (east, north),
            (west, north),
            (west, south),
        ])
    }

    #[test]
    fn ways_in_any_order_and_direction_become_a_ring() {
        let halves = vec![
            way(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0)]),
            way(&[(0.0, 0.0), (0.0, 4.0), (4.0, 4.0)]),
        ];
        let area = assemble(halves, Vec::new()).unwrap();
        assert_eq!(area.0[0].exterior().0.len(), 5);
        assert!(area.0[0].exterior().is_closed());
    }

    #[test]
    fn an_inner_ring_goes_into_the_outer_around_it() {
        let outers = vec![square(0.0, 0.0, 4.0), square(10.0, 0.0, 4.0)];
        let area = assemble(outers, vec![square(11.0, 1.0, 1.0)]).unwrap();
        let holes = area
            .0
            .iter()
            .map(|p| (p.exterior().0[0].x, p.interiors().len()));
        let mut holes: Vec<_> = holes.collect();
        holes.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(holes, [(0.0, 0), (10.0, 1)]);
    }

    #[test]
    fn gaps_and_lost_inners_are_told() {
        let open = vec![way(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0)])];
        assert_eq!(
            assemble(open, Vec::new()).unwrap_err(),
            "incomplete: the ways leave a gap in a ring"
        );
        assert!(assemble(Vec::new(), Vec::new()).is_err());
        let lost = assemble(vec![square(0.0, 0.0, 1.0)], vec![square(5.0, 5.0, 1.0)]);
        assert_eq!(lost.unwrap_err(), "an inner ring lies in no outer ring");
    }
}
