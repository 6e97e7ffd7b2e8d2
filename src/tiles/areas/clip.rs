//! Rings cut to a square.
//!
//! One side of the square after the other: what is left of all rings between two crossings of its
//! line is joined along the line, from each crossing to the one beside it, as far as the inside
//! reaches. So what falls apart becomes rings of its own, without the seams along the side that
//! Sutherland & Hodgman (1974) leave; where rounding has crossed borders, so that no such order is
//! to be found, it is joined as they do it.

use super::mesh::any_three;

/// In tile units.
pub(super) type Place = (i64, i64);

/// Lists kept for rings to come, and how long the longest of them may be.
const SPARE_MAX: usize = 256;
const SPARE_PLACES_MAX: usize = 4096;

/// One side's line, and which half of the plane stays.
#[derive(Debug, Clone, Copy)]
struct Side {
    vertical: bool,
    at: i64,
    /// What is greater stays.
    above: bool,
}

impl Side {
    fn across(self, (x, y): Place) -> i64 {
        if self.vertical { x } else { y }
    }

    fn along(self, (x, y): Place) -> i64 {
        if self.vertical { y } else { x }
    }

    /// Not what is on the line: an edge along it is drawn where the inside is, not where it was.
    fn keeps(self, place: Place) -> bool {
        if self.above {
            self.across(place) > self.at
        } else {
            self.across(place) < self.at
        }
    }

    /// Where an edge crosses it, rounded; the same from whichever end.
    fn crossing(self, one: Place, other: Place) -> Place {
        let ends = [one, other];
        let [from, to] = if self.across(one) < self.across(other) {
            ends
        } else {
            [other, one]
        };
        let wide = |units: i64| i128::from(units);
        let run = wide(self.across(to)) - wide(self.across(from));
        let rise = wide(self.along(to)) - wide(self.along(from));
        let part = wide(self.at) - wide(self.across(from));
        // rounded to the nearest, half upward
        let along = wide(self.along(from)) + (2 * part * rise + run).div_euclid(2 * run);
        let along = i64::try_from(along).expect("between two that are");
        if self.vertical {
            (self.at, along)
        } else {
            (along, self.at)
        }
    }
}

/// Cuts rings to squares. Lists that are not used any more are kept for the rings that follow: asking
/// for room would take longer than the cutting.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    spare: Vec<Vec<Place>>,
    /// Of the rings and the side at hand.
    chains: Vec<Chain>,
    uncut: Vec<Vec<Place>>,
}

impl Cutter {
    /// An empty ring.
    pub(super) fn ring(&mut self) -> Vec<Place> {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes a ring back that is not used any more.
    pub(super) fn give_back(&mut self, mut ring: Vec<Place>) {
        if self.spare.len() < SPARE_MAX && ring.capacity() <= SPARE_PLACES_MAX {
            ring.clear();
            self.spare.push(ring);
        }
    }

    /// Cuts rings, exteriors clockwise as drawn and holes the other way, to the square from `low` to
    /// `high` on both axes.
    pub(super) fn clip(&mut self, rings: &mut Vec<Vec<Place>>, low: i64, high: i64) {
        let mut any = false;
        for vertical in [true, false] {
            for (at, above) in [(low, true), (high, false)] {
                let side = Side {
                    vertical,
                    at,
                    above,
                };
                if rings.iter().flatten().any(|place| !side.keeps(*place)) {
                    self.cut(rings, side);
                    any = true;
                }
            }
        }
        if any {
            let turns_back = |a: Place, b: Place, c: Place| {
                let along = |line: [i64; 3], [a, b, c]: [i64; 3]| {
                    line == [line[0]; 3] && [low, high].contains(&line[0]) && (b - a) * (c - b) < 0
                };
                let (x, y) = ([a.0, b.0, c.0], [a.1, b.1, c.1]);
                along(x, y) || along(y, x)
            };
            for ring in &mut *rings {
                drop_where(ring, |a, b, c| a == b || turns_back(a, b, c));
            }
            rings.retain(|ring| ring.len() > 2);
        }
    }

    fn cut(&mut self, rings: &mut Vec<Vec<Place>>, side: Side) {
        self.chains.clear();
        let mut uncut = std::mem::take(&mut self.uncut);
        uncut.append(rings);
        for ring in uncut.drain(..) {
            if ring.iter().all(|place| side.keeps(*place)) {
                rings.push(ring);
            } else {
                self.chains_of(&ring, side);
                self.give_back(ring);
            }
        }
        self.uncut = uncut;
        if self.chains.len() == 1 {
            // closed along the line by itself
            rings.extend(self.chains.drain(..).map(|chain| chain.places));
            return;
        }
        let next = links(&self.chains, side)
            .unwrap_or_else(|| self.chains.iter().map(|chain| chain.following).collect());
        for first in 0..self.chains.len() {
            let mut ring = self.ring();
            let mut at = first;
            while !self.chains[at].places.is_empty() {
                ring.append(&mut self.chains[at].places);
                at = next[at];
            }
            if ring.is_empty() {
                self.give_back(ring);
            } else {
                rings.push(ring);
            }
        }
        while let Some(used) = self.chains.pop() {
            self.give_back(used.places);
        }
    }

    fn chains_of(&mut self, ring: &[Place], side: Side) {
        let first_chain = self.chains.len();
        let Some(outside) = ring.iter().position(|place| !side.keeps(*place)) else {
            return;
        };
        let mut places = self.ring();
        let mut from = ring[outside];
        for &to in ring[outside + 1..].iter().chain(&ring[..=outside]) {
            match (side.keeps(from), side.keeps(to)) {
                (false, true) => places.extend([side.crossing(from, to), to]),
                (true, true) => places.push(to),
                (true, false) => {
                    places.push(side.crossing(from, to));
                    let following = self.chains.len() + 1;
                    let places = std::mem::replace(&mut places, self.ring());
                    self.chains.push(Chain { places, following });
                }
                (false, false) => {}
            }
            from = to;
        }
        self.give_back(places);
        if self.chains.len() > first_chain
            && let Some(last) = self.chains.last_mut()
        {
            last.following = first_chain;
        }
    }
}

/// Drops places that, seen from the ones beside them, are to go: rounding to a corner makes lines
/// that go along a side and straight back.
fn drop_where(ring: &mut Vec<Place>, drop: impl Fn(Place, Place, Place) -> bool) {
    if !any_three(ring, &drop) {
        return;
    }
    let (mut index, mut looked_at) = (0, 0);
    while ring.len() > 2 && looked_at < ring.len() {
        let count = ring.len();
        index %= count;
        let (before, after) = (ring[(index + count - 1) % count], ring[(index + 1) % count]);
        if drop(before, ring[index], after) {
            ring.remove(index);
            // the one before has another beside it now
            index = (index + count - 2) % (count - 1);
            looked_at = 0;
        } else {
            index += 1;
            looked_at += 1;
        }
    }
}

/// What is left of a ring between coming in over the line and going out.
#[derive(Debug)]
struct Chain {
    places: Vec<Place>,
    /// The chain that comes in next on the same ring.
    following: usize,
}

/// A chain's end on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    along: i64,
    leaves: bool,
    chain: usize,
}

/// Which chain is joined to each. `None`: ends along the line do not belong together two by two.
fn links(chains: &[Chain], side: Side) -> Option<Vec<usize>> {
    let mut ends: Vec<End> = chains
        .iter()
        .enumerate()
        .flat_map(|(chain, it)| {
            let end = |place: &Place, leaves| End {
                along: side.along(*place),
                leaves,
                chain,
            };
            let (first, last) = (it.places.first(), it.places.last());
            first
                .map(|at| end(at, false))
                .into_iter()
                .chain(last.map(|at| end(at, true)))
        })
        .collect();
    ends.sort_unstable();
    // clockwise along the west side is northward, that is downward; and so on around
    let leaves_first = side.vertical != side.above;
    let mut next = vec![0; chains.len()];
    for index in (0..ends.len()).step_by(2) {
        for (place, leaves) in [(index, leaves_first), (index + 1, !leaves_first)] {
            let along = ends.get(place)?.along;
            // of those at one place, the one whose turn it is
            let fitting = (place..ends.len())
                .take_while(|other| ends[*other].along == along)
                .find(|other| ends[*other].leaves == leaves)?;
            ends.swap(place, fitting);
        }
        let (one, other) = (ends[index], ends[index + 1]);
        let (leaving, coming) = if one.leaves {
            (one, other)
        } else {
            (other, one)
        };
        next[leaving.chain] = coming.chain;
    }
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOW: i64 = -10;
    const HIGH: i64 = 40;

    /// A star around a middle, clockwise as drawn; with a hole of half its size if asked.
    fn star() -> impl Strategy<Value = Vec<Vec<Place>>> {
        let far = prop::collection::vec(8.0..60.0, 5..12);
        ((0..30_i64, 0..30_i64), far, any::<bool>()).prop_map(|((x, y), far, holed)| {
            let ring = |size: f64| -> Vec<Place> {
                let angle = |index: usize| index as f64 / far.len() as f64 * std::f64::consts::TAU;
                let place = |(index, far): (usize, &f64)| {
                    let (sin, cos) = angle(index).sin_cos();
                    #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
                    let near = |units: f64| units.round() as i64;
                    (x + near(cos * far * size), y + near(sin * far * size))
                };
                far.iter().enumerate().map(place).collect()
            };
            let mut hole = ring(0.5);
            hole.reverse();
            if holed {
                vec![ring(1.0), hole]
            } else {
                vec![ring(1.0)]
            }
        })
    }

    fn clipped(mut rings: Vec<Vec<Place>>) -> Vec<Vec<Place>> {
        Cutter::default().clip(&mut rings, LOW, HIGH);
        rings
    }

    fn edges(rings: &[Vec<Place>]) -> impl Iterator<Item = (Place, Place)> {
        rings.iter().flat_map(|ring| {
            ring.iter()
                .copied()
                .zip(ring.iter().copied().cycle().skip(1))
        })
    }

    /// How often rings go around a place that is no whole number, and how near they come.
    fn winding((x, y): (f64, f64), rings: &[Vec<Place>]) -> (i32, f64) {
        let (mut times, mut nearest) = (0, f64::INFINITY);
        for ((ax, ay), (bx, by)) in edges(rings) {
            let (ax, ay, bx, by) = (ax as f64, ay as f64, bx as f64, by as f64);
            let (dx, dy) = (bx - ax, by - ay);
            let length = dx.hypot(dy);
            if length == 0.0 {
                continue;
            }
            let share = (((x - ax) * dx + (y - ay) * dy) / length.powi(2)).clamp(0.0, 1.0);
            nearest = nearest.min((ax + share * dx - x).hypot(ay + share * dy - y));
            let left = dx * (y - ay) - (x - ax) * dy;
            if ay <= y && by > y && left > 0.0 {
                times += 1;
            } else if ay > y && by <= y && left < 0.0 {
                times -= 1;
            }
        }
        (times, nearest)
    }

    proptest! {
        #[test]
        fn what_was_inside_is_inside_and_nothing_leaves_the_square(rings in star(), probes in prop::collection::vec((-9.7..39.7, -9.7..39.7), 40)) {
            let cut = clipped(rings.clone());
            for (x, y) in cut.iter().flatten() {
                prop_assert!((LOW..=HIGH).contains(x) && (LOW..=HIGH).contains(y));
            }
            for probe in probes {
                let (times, near) = winding(probe, &rings);
                let (cut_times, cut_near) = winding(probe, &cut);
                // a crossing is rounded by up to half a unit
                if near > 1.0 && cut_near > 1.0 {
                    prop_assert_eq!(times, cut_times, "{:?}: {:?}", probe, &cut);
                }
            }
        }

        #[test]
        fn no_seam_is_left_along_the_sides(rings in star()) {
            let cut = clipped(rings);
            let along: Vec<(Place, Place)> = edges(&cut)
                .filter(|(a, b)| (a.0 == b.0 && (a.0 == LOW || a.0 == HIGH)) || (a.1 == b.1 && (a.1 == LOW || a.1 == HIGH)))
                .collect();
            for (index, one) in along.iter().enumerate() {
                for other in &along[index + 1..] {
                    let vertical = one.0.0 == one.1.0 && other.0.0 == other.1.0 && one.0.0 == other.0.0;
                    let level = one.0.1 == one.1.1 && other.0.1 == other.1.1 && one.0.1 == other.0.1;
                    let span = |(a, b): &(Place, Place)| if vertical { (a.1.min(b.1), a.1.max(b.1)) } else { (a.0.min(b.0), a.0.max(b.0)) };
                    let ((from, to), (begin, end)) = (span(one), span(other));
                    prop_assert!(!(vertical || level) || to.min(end) <= from.max(begin), "{:?} lies upon {:?}", one, other);
                }
            }
        }
    }

    #[test]
    fn what_falls_apart_becomes_two_rings() {
        // a horseshoe open to the west, whose back is cut away
        let horseshoe = vec![
            (0, 0),
            (60, 0),
            (60, 30),
            (0, 30),
            (0, 20),
            (50, 20),
            (50, 10),
            (0, 10),
        ];
        let mut parts = clipped(vec![horseshoe]);
        parts.sort();
        assert_eq!(parts.len(), 2, "{parts:?}");
        for (part, (north, south)) in parts.iter().zip([(0, 10), (20, 30)]) {
            let mut places = part.clone();
            places.sort_unstable();
            places.dedup();
            assert_eq!(places, [(0, north), (0, south), (40, north), (40, south)]);
        }
    }
}
