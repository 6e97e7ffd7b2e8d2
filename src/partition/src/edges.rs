//! Borders as a set of straight edges, each there once, with what has been drawn along it.

use crate::point::Point;

/// A straight piece of a border as somebody drew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stroke {
    pub a: Point,
    pub b: Point,
    pub claim: u32,
}

/// Unique edges between unique points.
///
/// Claims below `toggles` bound an area: crossing the edge enters or leaves it, so that drawing
/// one twice is not drawing it at all. Those from `toggles` on only mark where an edge comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edges {
    /// In ascending order.
    pub points: Vec<Point>,
    /// Indices of points, the smaller first; in ascending order.
    pub ends: Vec<[u32; 2]>,
    pub toggles: u32,
    claims_from: Vec<u32>,
    claims: Vec<u32>,
    /// What was drawn an even number of times and cancelled itself.
    pub cancelled: Vec<Stroke>,
}

/// An index as it is stored: half the size of a `usize`.
pub(crate) fn id(index: usize) -> u32 {
    u32::try_from(index).expect("there is no room for four thousand million of anything here")
}

impl Edges {
    pub(crate) fn of(strokes: impl IntoIterator<Item = Stroke>, toggles: u32) -> Self {
        let mut keyed: Vec<(u64, u64, u32)> = strokes
            .into_iter()
            .filter(|stroke| stroke.a != stroke.b)
            .map(|Stroke { a, b, claim }| (a.min(b).key(), a.max(b).key(), claim))
            .collect();
        keyed.sort_unstable();
        let mut edges = Self {
            toggles,
            claims_from: vec![0],
            ..Self::default()
        };
        let mut keys: Vec<[u64; 2]> = Vec::with_capacity(keyed.len() / 2 + 1);
        for same_place in keyed.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            let (a, b, _) = same_place[0];
            let before = edges.claims.len();
            for same_claim in same_place.chunk_by(|one, other| one.2 == other.2) {
                let claim = same_claim[0].2;
                if claim < toggles && same_claim.len() > 1 {
                    let (a, b) = (point_of(a), point_of(b));
                    edges.cancelled.push(Stroke { a, b, claim });
                }
                if claim >= toggles || same_claim.len() % 2 == 1 {
                    edges.claims.push(claim);
                }
            }
            if edges.claims.len() > before {
                keys.push([a, b]);
                edges.claims_from.push(id(edges.claims.len()));
            }
        }
        edges.number_points(&keys);
        edges
    }

    /// Points by merging: the first ends come sorted, the second ends are sorted here.
    fn number_points(&mut self, keys: &[[u64; 2]]) {
        let mut seconds: Vec<(u64, u32)> = (0..).zip(keys).map(|(at, key)| (key[1], at)).collect();
        seconds.sort_unstable();
        self.ends = vec![[0; 2]; keys.len()];
        let mut last = None;
        let mut number = |points: &mut Vec<Point>, key: u64| {
            if last != Some(key) {
                last = Some(key);
                points.push(point_of(key));
            }
            id(points.len() - 1)
        };
        let (mut first, mut second) = (0, 0);
        while second < seconds.len() {
            if first < keys.len() && keys[first][0] <= seconds[second].0 {
                self.ends[first][0] = number(&mut self.points, keys[first][0]);
                first += 1;
            } else {
                let (key, edge) = seconds[second];
                self.ends[edge as usize][1] = number(&mut self.points, key);
                second += 1;
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The two ends, the smaller first.
    #[inline]
    pub(crate) fn segment(&self, edge: u32) -> (Point, Point) {
        let [a, b] = self.ends[edge as usize];
        (self.points[a as usize], self.points[b as usize])
    }

    /// What is drawn along an edge, in ascending order.
    #[inline]
    pub(crate) fn claims(&self, edge: u32) -> &[u32] {
        let edge = edge as usize;
        &self.claims[self.claims_from[edge] as usize..self.claims_from[edge + 1] as usize]
    }
}

/// The point of a [`Point::key`].
fn point_of(key: u64) -> Point {
    #[expect(clippy::cast_possible_truncation, reason = "the halves of the key")]
    let half = |bits: u64| (bits as u32 ^ (1 << 31)).cast_signed();
    Point::new(half(key >> 32), half(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(a: (i32, i32), b: (i32, i32), claim: u32) -> Stroke {
        Stroke {
            a: a.into(),
            b: b.into(),
            claim,
        }
    }

    #[test]
    fn an_edge_is_there_once_however_it_was_drawn() {
        let strokes = [
            stroke((0, 0), (5, -1), 0),
            stroke((5, -1), (0, 0), 1),
            stroke((5, -1), (-2, 7), 1),
            stroke((3, 3), (3, 3), 1),
        ];
        let edges = Edges::of(strokes, 2);
        assert_eq!(edges.points, [(-2, 7), (0, 0), (5, -1)].map(Point::from));
        assert_eq!(edges.ends, [[0, 2], [1, 2]]);
        assert_eq!((edges.claims(0), edges.claims(1)), (&[1][..], &[0, 1][..]));
    }

    #[test]
    fn drawn_twice_is_not_drawn_but_a_mark_stays() {
        let (there, back) = (stroke((0, 0), (1, 0), 0), stroke((1, 0), (0, 0), 0));
        let edges = Edges::of([there, back], 1);
        assert_eq!((edges.len(), edges.cancelled.as_slice()), (0, &[there][..]));
        assert_eq!(Edges::of([there, back], 0).claims(0), [0]);
    }
}
