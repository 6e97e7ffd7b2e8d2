//! The plane as noded edges divide it: regions, and who claims each.

use rustc_hash::FxHashMap;

use crate::edges::{Edges, id};
use crate::noding::Grid;
use crate::point::{Point, by_angle, orientation};

/// Regions of the plane bounded by edges that meet in their ends only.
///
/// Every edge has two halves: `2 * edge` runs from its smaller to its larger end,
/// `2 * edge + 1` back. A half bounds the region on its left.
pub(crate) struct Arrangement {
    pub edges: Edges,
    /// The half that follows each half around its region.
    next: Vec<u32>,
    region_of_half: Vec<u32>,
    pub regions: Vec<Region>,
    covers: Vec<Box<[u32]>>,
}

/// A connected piece of the plane without an edge inside that bounds a claim.
#[derive(Debug, Clone, Default)]
pub(crate) struct Region {
    /// One half of each line around it and of each line around a hole in it.
    pub starts: Vec<u32>,
    /// Twice its area in mm²; meaningless for the region outside everything.
    pub doubled_area: i128,
    cover: u32,
}

/// The region outside everything.
pub(crate) const OUTSIDE: u32 = 0;

const NONE: u32 = u32::MAX;
const PENDING: u32 = NONE - 1;

impl Arrangement {
    /// The arrangement of noded edges and their grid.
    pub(crate) fn of((edges, grid): (Edges, Grid)) -> Self {
        let next = next_halves(&edges);
        let mut arrangement = Self {
            region_of_half: vec![NONE; next.len()],
            next,
            regions: Vec::new(),
            covers: Vec::new(),
            edges,
        };
        arrangement.find_regions(&grid);
        arrangement.find_covers();
        arrangement
    }

    pub(crate) fn region(&self, half: u32) -> u32 {
        self.region_of_half[half as usize]
    }

    /// The claims that hold in a region, in ascending order.
    pub(crate) fn cover(&self, region: u32) -> &[u32] {
        &self.covers[self.regions[region as usize].cover as usize]
    }

    /// Indices of the points from which and to which a half runs.
    pub(crate) fn ends(&self, half: u32) -> [u32; 2] {
        let [a, b] = self.edges.ends[half as usize / 2];
        if half.is_multiple_of(2) {
            [a, b]
        } else {
            [b, a]
        }
    }

    fn from(&self, half: u32) -> Point {
        self.edges.points[self.ends(half)[0] as usize]
    }

    pub(crate) fn length_mm(&self, half: u32) -> f64 {
        let (a, b) = self.edges.segment(half / 2);
        a.distance_mm(b)
    }

    /// The halves around a region and its holes.
    pub(crate) fn halves(&self, region: u32) -> impl Iterator<Item = u32> + '_ {
        let starts = &self.regions[region as usize].starts;
        starts.iter().flat_map(|&start| self.walk(start))
    }

    /// The halves of one line around a region.
    pub(crate) fn walk(&self, start: u32) -> impl Iterator<Item = u32> + '_ {
        let mut half = Some(start);
        std::iter::from_fn(move || {
            let now = half?;
            half = Some(self.next[now as usize]).filter(|&next| next != start);
            Some(now)
        })
    }

    /// Lines that go round counter-clockwise are regions; the others go round what lies together
    /// from outside, and belong to the region in which that lies.
    fn find_regions(&mut self, grid: &Grid) {
        self.regions.push(Region::default());
        let mut around: Vec<(Point, u32)> = Vec::new();
        for start in 0..id(self.next.len()) {
            if self.region(start) != NONE {
                continue;
            }
            let first = self.from(start);
            let (mut area, mut west) = (0, first);
            let region = id(self.regions.len());
            let mut half = start;
            loop {
                let at = self.from(half);
                self.region_of_half[half as usize] = region;
                half = self.next[half as usize];
                area += i128::from(orientation(first, at, self.from(half)));
                west = west.min(at);
                if half == start {
                    break;
                }
            }
            if area > 0 {
                self.regions.push(Region {
                    starts: vec![start],
                    doubled_area: area,
                    cover: 0,
                });
            } else {
                // set again below, when it is known what lies to the west
                self.walk_and_set(start, PENDING);
                around.push((west, start));
            }
        }
        around.sort_unstable();
        for (west, start) in around {
            let region = self.region_to_the_west(grid, west);
            let outer: i128 = self
                .walk(start)
                .map(|half| self.cross_from(west, half))
                .sum();
            self.walk_and_set(start, region);
            let region = &mut self.regions[region as usize];
            region.starts.push(start);
            region.doubled_area += outer;
        }
    }

    fn cross_from(&self, origin: Point, half: u32) -> i128 {
        let [a, b] = self
            .ends(half)
            .map(|point| self.edges.points[point as usize]);
        i128::from(orientation(origin, a, b))
    }

    fn walk_and_set(&mut self, start: u32, region: u32) {
        let mut half = start;
        loop {
            self.region_of_half[half as usize] = region;
            half = self.next[half as usize];
            if half == start {
                break;
            }
        }
    }

    /// The region that a point is in, by the nearest edge to the west of it; what touches the
    /// point does not count.
    fn region_to_the_west(&self, grid: &Grid, at: Point) -> u32 {
        let mut nearest: Option<(f64, u32)> = None;
        for (west, edges) in grid.squares_to_the_west(at) {
            for edge in edges {
                let (a, b) = self.edges.segment(edge);
                if (a.y <= at.y) == (b.y <= at.y) {
                    continue;
                }
                let (low, high) = if a.y <= at.y { (a, b) } else { (b, a) };
                let is_west = orientation(low, high, at) < 0;
                if is_west && nearest.is_none_or(|(_, other)| self.is_east_of(edge, other, at.y)) {
                    nearest = Some((x_at((low, high), at.y), edge));
                }
            }
            if let Some((x, _)) = nearest
                && x > west as f64 + 1.0
            {
                break;
            }
        }
        nearest.map_or(OUTSIDE, |(_, edge)| {
            // the half that runs south has the east on its left
            let (a, b) = self.edges.segment(edge);
            self.region(2 * edge + u32::from(a.y < b.y))
        })
    }

    /// Which of two edges that do not cross lies east of the other, a little above `y`.
    fn is_east_of(&self, edge: u32, other: u32, y: i32) -> bool {
        let upward = |edge| {
            let (a, b) = self.edges.segment(edge);
            if a.y < b.y { (a, b) } else { (b, a) }
        };
        lies_east(upward(edge), upward(other), y)
    }

    /// From the outside inwards: who crosses an edge enters or leaves what is drawn along it.
    fn find_covers(&mut self) {
        let mut known: FxHashMap<Box<[u32]>, u32> = FxHashMap::default();
        known.insert(Box::default(), 0);
        self.covers.push(Box::default());
        let mut seen = vec![false; self.regions.len()];
        seen[OUTSIDE as usize] = true;
        let mut queue = vec![OUTSIDE];
        while let Some(region) = queue.pop() {
            let cover = self.regions[region as usize].cover;
            for start in 0..self.regions[region as usize].starts.len() {
                let start = self.regions[region as usize].starts[start];
                let mut half = start;
                loop {
                    let beyond = self.region(half ^ 1) as usize;
                    if !seen[beyond] {
                        seen[beyond] = true;
                        let claims = self.edges.claims(half / 2);
                        let toggling = claims.partition_point(|claim| *claim < self.edges.toggles);
                        let cover = toggled(&self.covers[cover as usize], &claims[..toggling]);
                        let covers = &mut self.covers;
                        self.regions[beyond].cover =
                            *known.entry(cover).or_insert_with_key(|cover| {
                                covers.push(cover.clone());
                                id(covers.len() - 1)
                            });
                        queue.push(id(beyond));
                    }
                    half = self.next[half as usize];
                    if half == start {
                        break;
                    }
                }
            }
        }
    }
}

/// Where a segment that goes upward past `y` is there.
pub(crate) fn x_at((low, high): (Point, Point), y: i32) -> f64 {
    let share = (f64::from(y) - f64::from(low.y)) / (f64::from(high.y) - f64::from(low.y));
    f64::from(low.x) + share * (f64::from(high.x) - f64::from(low.x))
}

/// Which of two segments that do not cross and go upward past `y` lies east of the other there.
pub(crate) fn lies_east(one: (Point, Point), other: (Point, Point), y: i32) -> bool {
    let x_at = |(low, high): (Point, Point)| {
        let (dx, dy) = low.to(high);
        let up = i128::from(y) - i128::from(low.y);
        (
            i128::from(low.x) * i128::from(dy) + up * i128::from(dx),
            i128::from(dy),
        )
    };
    let slope = |(low, high): (Point, Point)| low.to(high);
    let ((x, scale), (other_x, other_scale)) = (x_at(one), x_at(other));
    let ((dx, dy), (other_dx, other_dy)) = (slope(one), slope(other));
    (x * other_scale)
        .cmp(&(other_x * scale))
        .then((i128::from(dx) * i128::from(other_dy)).cmp(&(i128::from(other_dx) * i128::from(dy))))
        .is_gt()
}

/// Around each point, the half that leaves next clockwise follows the one that arrives.
fn next_halves(edges: &Edges) -> Vec<u32> {
    let mut leaving_from = vec![0_u32; edges.points.len() + 1];
    for ends in &edges.ends {
        for end in ends {
            leaving_from[*end as usize + 1] += 1;
        }
    }
    for point in 0..edges.points.len() {
        leaving_from[point + 1] += leaving_from[point];
    }
    let mut filled = leaving_from.clone();
    let mut leaving = vec![0_u32; edges.len() * 2];
    for (edge, ends) in (0..).zip(&edges.ends) {
        for (side, end) in (0..).zip(ends) {
            let place = &mut filled[*end as usize];
            leaving[*place as usize] = 2 * edge + side;
            *place += 1;
        }
    }
    let direction = |half: u32| {
        let [a, b] = edges.ends[half as usize / 2];
        let (a, b) = (edges.points[a as usize], edges.points[b as usize]);
        if half.is_multiple_of(2) {
            a.to(b)
        } else {
            b.to(a)
        }
    };
    let mut next = vec![NONE; edges.len() * 2];
    for bounds in leaving_from.windows(2) {
        let around = &mut leaving[bounds[0] as usize..bounds[1] as usize];
        if around.len() > 2 {
            around.sort_unstable_by(|one, other| by_angle(direction(*one), direction(*other)));
        }
        for (index, half) in around.iter().enumerate() {
            let clockwise = around[(index + around.len() - 1) % around.len()];
            next[*half as usize ^ 1] = clockwise;
        }
    }
    next
}

/// What is in one set and not in both; both in ascending order.
fn toggled(cover: &[u32], claims: &[u32]) -> Box<[u32]> {
    let (mut cover, mut claims) = (cover.iter().peekable(), claims.iter().peekable());
    let mut result = Vec::new();
    loop {
        match (cover.peek(), claims.peek()) {
            (Some(one), Some(other)) if one == other => {
                cover.next();
                claims.next();
            }
            (Some(one), Some(other)) if one > other => result.extend(claims.next()),
            (Some(_), _) => result.extend(cover.next()),
            (None, Some(_)) => result.extend(claims.next()),
            (None, None) => return result.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edges::Stroke;
    use crate::noding::noded;

    fn square(claim: u32, west: i32, south: i32, side: i32) -> Vec<Stroke> {
        let (east, north) = (west + side, south + side);
        let ring = [
            (west, south),
            (east, south),
            (east, north),
            (west, north),
            (west, south),
        ];
        let pairs = ring.windows(2);
        pairs
            .map(|pair| Stroke {
                a: pair[0].into(),
                b: pair[1].into(),
                claim,
            })
            .collect()
    }

    fn regions(strokes: Vec<Vec<Stroke>>) -> Vec<(Vec<u32>, i128)> {
        let toggles = id(strokes.len());
        let arrangement = Arrangement::of(noded(Edges::of(strokes.concat(), toggles)));
        let regions = 1..id(arrangement.regions.len());
        let mut regions: Vec<_> = regions
            .map(|region| {
                let area = arrangement.regions[region as usize].doubled_area / 2;
                (arrangement.cover(region).to_vec(), area)
            })
            .collect();
        regions.sort();
        regions
    }

    #[test]
    fn overlapping_squares_make_three_regions() {
        let found = regions(vec![square(0, 0, 0, 10), square(1, 5, 5, 10)]);
        assert_eq!(found, [(vec![0], 75), (vec![0, 1], 25), (vec![1], 75)]);
    }

    #[test]
    fn what_lies_inside_is_found_from_the_outside_in() {
        // an island in a lake in a land, and a second lake beside it
        let found = regions(vec![
            [
                square(0, 0, 0, 1000),
                square(0, 100, 100, 300),
                square(0, 600, 600, 10),
            ]
            .concat(),
            square(1, 200, 200, 100),
            square(2, 2000, 300, 10),
        ]);
        let land = 1_000_000 - 90_000 - 100;
        let expected = [
            (vec![], 100),
            (vec![], 80_000),
            (vec![0], land),
            (vec![1], 10_000),
            (vec![2], 100),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn touching_in_a_corner_is_not_lying_together() {
        let found = regions(vec![square(0, 0, 0, 10), square(1, 10, 10, 10)]);
        assert_eq!(found, [(vec![0], 100), (vec![1], 100)]);
    }
}
