//! Where edges meet, and how to split them so that they meet in their ends only.

use crate::edges::{Edges, Stroke, id};
use crate::point::{
    Point, along, cross_properly, crossing, distance_to_segment_mm, passes_through_pixel,
};
use crate::squares::Squares;

/// A place where an edge meets something inside itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contact {
    pub edge: u32,
    pub with: Met,
    /// On the grid, within a millimetre of the edge.
    pub at: Point,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Met {
    /// It crosses another edge.
    Edge(u32),
    /// It passes through the pixel of a point (an index into `points`) that is not its end.
    Point(u32),
}

/// A point that lies close to an edge without meeting it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Near {
    pub edge: u32,
    pub point: u32,
    pub distance_mm: f64,
}

/// Edges and points by the square of a uniform grid in which they lie.
pub(crate) struct Grid {
    squares: Squares,
    /// What lies in each square, in ascending order.
    items: Vec<(u64, Item)>,
}

/// An edge or, with the lowest bit set, a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Item(u32);

impl Item {
    fn edge(edge: u32) -> Self {
        Self(edge << 1)
    }

    fn point(point: u32) -> Self {
        Self(point << 1 | 1)
    }

    fn is_edge(self) -> bool {
        self.0 & 1 == 0
    }

    fn index(self) -> u32 {
        self.0 >> 1
    }
}

impl Grid {
    /// A grid in which an edge lies in every square it comes within `reach_mm` of.
    pub(crate) fn over(edges: &Edges, reach_mm: u32) -> Self {
        let count = edges.len().max(1) as u64;
        let length: u64 = (0..id(edges.len()))
            .map(|edge| {
                let (a, b) = edges.segment(edge);
                u64::from(a.x.abs_diff(b.x).max(a.y.abs_diff(b.y)))
            })
            .sum();
        // about two mean edges to a side: few edges in a square, few squares to an edge
        let squares = Squares::with_side(2 * length / count, reach_mm);
        let mut items = Vec::with_capacity(edges.len() * 3);
        for edge in 0..id(edges.len()) {
            let (a, b) = edges.segment(edge);
            squares.of_segment(a, b, |square| items.push((square, Item::edge(edge))));
        }
        for (point, at) in (0..).zip(&edges.points) {
            items.push((squares.of_point(*at), Item::point(point)));
        }
        items.sort_unstable();
        Self { squares, items }
    }

    /// Calls for every square with its edges and its points.
    fn for_each_square<'a>(&'a self, mut visit: impl FnMut(u64, &'a [(u64, Item)], &mut Vec<u32>)) {
        let mut crowd = Vec::new();
        for square in self.items.chunk_by(|one, other| one.0 == other.0) {
            crowd.clear();
            crowd.extend(
                square
                    .iter()
                    .filter(|item| item.1.is_edge())
                    .map(|item| item.1.index()),
            );
            visit(square[0].0, square, &mut crowd);
        }
    }

    /// Every place where an edge crosses another or passes through a point's pixel, in a fixed
    /// order.
    pub(crate) fn contacts(&self, edges: &Edges) -> Vec<Contact> {
        let mut contacts = Vec::new();
        self.for_each_square(|square, items, crowd| {
            for (index, &edge) in crowd.iter().enumerate() {
                let (a, b) = edges.segment(edge);
                for &other in &crowd[index + 1..] {
                    let (c, d) = edges.segment(other);
                    let apart = a.x > d.x
                        || c.x > b.x
                        || a.y.min(b.y) > c.y.max(d.y)
                        || c.y.min(d.y) > a.y.max(b.y);
                    if !apart && cross_properly(a, b, c, d) {
                        let at = crossing(a, b, c, d);
                        // the two meet in other squares too; here is where they cross
                        if self.squares.of_point(at) == square {
                            contacts.push(Contact {
                                edge,
                                with: Met::Edge(other),
                                at,
                            });
                        }
                    }
                }
            }
            for point in points_of(items) {
                let at = edges.points[point as usize];
                for &edge in crowd.iter() {
                    let (a, b) = edges.segment(edge);
                    if at != a && at != b && passes_through_pixel(a, b, at) {
                        contacts.push(Contact {
                            edge,
                            with: Met::Point(point),
                            at,
                        });
                    }
                }
            }
        });
        contacts
    }

    /// Every point within the grid's reach of an edge of which it is no end, where both pass.
    pub(crate) fn near(
        &self,
        edges: &Edges,
        matters: impl Fn(u32) -> bool,
        may_meet: impl Fn(u32, u32) -> bool,
    ) -> Vec<Near> {
        let mut near = Vec::new();
        self.for_each_square(|_, items, crowd| {
            crowd.retain(|&edge| matters(edge));
            if crowd.is_empty() {
                return;
            }
            for point in points_of(items) {
                for &edge in crowd.iter() {
                    if edges.ends[edge as usize].contains(&point) || !may_meet(point, edge) {
                        continue;
                    }
                    let (a, b) = edges.segment(edge);
                    let distance_mm = distance_to_segment_mm(a, b, edges.points[point as usize]);
                    if distance_mm <= f64::from(self.squares.reach_mm) {
                        near.push(Near {
                            edge,
                            point,
                            distance_mm,
                        });
                    }
                }
            }
        });
        near
    }

    /// The edges that lie in the square of a point.
    pub(crate) fn edges_around(&self, at: Point) -> impl Iterator<Item = u32> + '_ {
        let square = self.squares.of_point(at);
        let from = self.items.partition_point(|item| item.0 < square);
        self.items[from..]
            .iter()
            .take_while(move |item| item.0 == square)
            .filter(|item| item.1.is_edge())
            .map(|item| item.1.index())
    }

    /// The edges in the row of a point from its square to the west, square by square: where a
    /// square ends in the west, and what lies in it.
    pub(crate) fn squares_to_the_west(
        &self,
        at: Point,
    ) -> impl Iterator<Item = (i64, impl Iterator<Item = u32> + '_)> + '_ {
        let square = self.squares.of_point(at);
        let row = square >> 32;
        let to = self.items.partition_point(|item| item.0 <= square);
        self.items[..to]
            .chunk_by(|one, other| one.0 == other.0)
            .rev()
            .take_while(move |items| items[0].0 >> 32 == row)
            .map(|items| {
                let edges = items.iter().filter(|item| item.1.is_edge());
                (
                    self.squares.west_mm(items[0].0),
                    edges.map(|item| item.1.index()),
                )
            })
    }
}

fn points_of(items: &[(u64, Item)]) -> impl Iterator<Item = u32> + '_ {
    items
        .iter()
        .filter(|item| !item.1.is_edge())
        .map(|item| item.1.index())
}

/// Splits edges until they meet in their ends only, and moves none by more than a millimetre.
///
/// Snap rounding: crossings move to the nearest grid point, and an edge that passes through the
/// pixel of a point goes through the point (Hobby, *Practical segment intersection with finite
/// precision output*, 1999). What bends may come into a further pixel, so this is repeated; it
/// ends because the box around a piece is smaller than that around the edge it was split from.
pub(crate) fn split_at_contacts(
    mut edges: Edges,
    mut grid: Grid,
    mut contacts: Vec<Contact>,
) -> (Edges, Grid) {
    while !contacts.is_empty() {
        let toggles = edges.toggles;
        let cancelled = std::mem::take(&mut edges.cancelled);
        edges = Edges::of(split(&edges, &grid, &contacts), toggles);
        edges.cancelled.splice(0..0, cancelled);
        grid = Grid::over(&edges, 1);
        contacts = grid.contacts(&edges);
    }
    (edges, grid)
}

/// Edges that meet in their ends only.
pub(crate) fn noded(edges: Edges) -> (Edges, Grid) {
    let grid = Grid::over(&edges, 1);
    let contacts = grid.contacts(&edges);
    split_at_contacts(edges, grid, contacts)
}

fn split(edges: &Edges, grid: &Grid, contacts: &[Contact]) -> Vec<Stroke> {
    let mut splits: Vec<(u32, Point)> = Vec::new();
    for contact in contacts {
        splits.push((contact.edge, contact.at));
        if let Met::Edge(other) = contact.with {
            splits.push((other, contact.at));
            let through = grid.edges_around(contact.at).filter(|&edge| {
                let (a, b) = edges.segment(edge);
                passes_through_pixel(a, b, contact.at)
            });
            splits.extend(through.map(|edge| (edge, contact.at)));
        }
    }
    splits.sort_unstable();
    splits.dedup();
    let mut splits = splits.chunk_by(|one, other| one.0 == other.0).peekable();
    let mut strokes = Vec::with_capacity(edges.len() * 2);
    for edge in 0..id(edges.len()) {
        let (a, b) = edges.segment(edge);
        let mut line = vec![a];
        if let Some(points) = splits.next_if(|points| points[0].0 == edge) {
            line.extend(points.iter().map(|(_, at)| *at));
            line.sort_by_key(|at| (along(a, b, *at), *at));
        }
        line.push(b);
        for piece in line.windows(2) {
            let (a, b) = (piece[0], piece[1]);
            strokes.extend(
                edges
                    .claims(edge)
                    .iter()
                    .map(|&claim| Stroke { a, b, claim }),
            );
        }
    }
    strokes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::point::is_on_segment;

    fn drawn(ends: &[[i32; 4]]) -> Edges {
        let strokes = (0..).zip(ends).map(|(claim, [ax, ay, bx, by])| Stroke {
            a: Point::new(*ax, *ay),
            b: Point::new(*bx, *by),
            claim,
        });
        Edges::of(strokes, 0)
    }

    proptest! {
        /// However thick the tangle, afterwards no edge meets another but in their ends.
        #[test]
        fn noded_edges_meet_in_their_ends_only(
            tangle in prop::collection::vec(prop::array::uniform4(-40..40), 1..40)
        ) {
            let (edges, _) = noded(drawn(&tangle));
            for edge in 0..id(edges.len()) {
                let (a, b) = edges.segment(edge);
                for other in 0..edge {
                    let (c, d) = edges.segment(other);
                    prop_assert!(!cross_properly(a, b, c, d), "{a:?} {b:?} {c:?} {d:?}");
                }
                for &p in &edges.points {
                    prop_assert!(p == a || p == b || !is_on_segment(a, b, p), "{a:?} {b:?} {p:?}");
                }
            }
        }

        /// The grid finds what comparing everything with everything finds, over any distance.
        #[test]
        fn the_grid_misses_no_contact(
            tangle in prop::collection::vec(prop::array::uniform4(-90_000_000..90_000_000), 1..30),
            fine in prop::collection::vec(prop::array::uniform4(-3000..3000), 1..30),
        ) {
            let edges = drawn(&[tangle, fine].concat());
            let found = Grid::over(&edges, 1).contacts(&edges);
            let mut crossings = 0;
            for edge in 0..id(edges.len()) {
                let (a, b) = edges.segment(edge);
                for other in 0..edge {
                    let (c, d) = edges.segment(other);
                    crossings += usize::from(cross_properly(a, b, c, d));
                }
            }
            let met = found.iter().filter(|contact| matches!(contact.with, Met::Edge(_)));
            prop_assert_eq!(met.count(), crossings);
        }
    }

    #[test]
    fn a_crossing_that_rounds_beside_a_third_edge_splits_it_too() {
        let (edges, _) = noded(drawn(&[[0, 0, 10, 3], [5, -5, 5, 5], [0, 4, 10, -1]]));
        let middle = edges
            .points
            .iter()
            .position(|at| *at == Point::new(5, 2))
            .map(id);
        let met = edges
            .ends
            .iter()
            .filter(|ends| middle.is_some_and(|m| ends.contains(&m)));
        assert_eq!(met.count(), 6);
    }
}
