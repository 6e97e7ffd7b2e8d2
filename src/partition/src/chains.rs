//! Borders from node to node out of labelled regions.

use crate::arrangement::Arrangement;
use crate::edges::id;
use crate::ids::FaceId;
use crate::point::Point;

/// A border between two faces with nothing else meeting it on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    pub line: Vec<Point>,
    pub left: Option<FaceId>,
    pub right: Option<FaceId>,
}

/// The borders of an arrangement whose halves are labelled with the face on their left: edges
/// with the same face on both sides are none. Where `is_node` says so, or where not exactly two
/// borders meet, chains end; a ring without such a place begins in its smallest point. In a fixed
/// order.
pub(crate) fn chains(
    arrangement: &Arrangement,
    label: impl Fn(u32) -> Option<FaceId>,
    is_node: impl Fn(Point) -> bool,
) -> Vec<Chain> {
    let edges = &arrangement.edges;
    // the point a half leaves, and the half
    let mut leaving: Vec<(u32, u32)> = Vec::new();
    for edge in 0..id(edges.len()) {
        if label(2 * edge) != label(2 * edge + 1) {
            let [a, b] = edges.ends[edge as usize];
            leaving.extend([(a, 2 * edge), (b, 2 * edge + 1)]);
        }
    }
    leaving.sort_unstable();
    let mut first_leaving = vec![0; edges.points.len() + 1];
    for &(point, _) in &leaving {
        first_leaving[point as usize + 1] += 1;
    }
    for point in 0..edges.points.len() {
        first_leaving[point + 1] += first_leaving[point];
    }
    let from =
        |point: u32| &leaving[first_leaving[point as usize]..first_leaving[point as usize + 1]];
    let is_end: Vec<bool> = (0..)
        .zip(&edges.points)
        .map(|(point, at)| from(point).len() != 2 || is_node(*at))
        .collect();

    let follow = |start: u32, is_done: &mut [bool]| {
        let first = arrangement.ends(start)[0];
        let mut line = vec![edges.points[first as usize]];
        let mut half = start;
        loop {
            is_done[half as usize / 2] = true;
            let point = arrangement.ends(half)[1];
            line.push(edges.points[point as usize]);
            if is_end[point as usize] || point == first {
                let (left, right) = (label(start), label(start ^ 1));
                return Chain { line, left, right };
            }
            let there = from(point);
            half = if there[0].1 == half ^ 1 {
                there[1].1
            } else {
                there[0].1
            };
        }
    };
    let mut is_done = vec![false; edges.len()];
    let mut chains = Vec::new();
    // first from the nodes; what is left then are rings
    for from_nodes in [true, false] {
        for &(point, half) in &leaving {
            if is_end[point as usize] == from_nodes && !is_done[half as usize / 2] {
                chains.push(follow(half, &mut is_done));
            }
        }
    }
    chains
}
