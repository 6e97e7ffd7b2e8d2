//! Which arcs pass where, kept up to date arc by arc.

use rustc_hash::FxHashMap;

use crate::ids::ArcId;
use crate::line::Line;
use crate::point::Point;
use crate::squares::Squares;

/// The arcs in every square of a grid.
#[derive(Debug, Clone, Default)]
pub(crate) struct ArcIndex {
    squares: Squares,
    arcs: FxHashMap<u64, Vec<ArcId>>,
    /// West of it there has never been an arc.
    west_mm: i64,
}

impl ArcIndex {
    /// An empty index whose squares suit lines as these.
    pub(crate) fn for_lines<'a>(lines: impl Iterator<Item = &'a Line>) -> Self {
        let (mut count, mut length) = (1, 0);
        for line in lines {
            count += 1;
            let (dx, dy) = line[0].to(line[line.len() / 2]);
            length += dx.unsigned_abs().max(dy.unsigned_abs());
        }
        Self {
            squares: Squares::with_side(length / count, 1),
            arcs: FxHashMap::default(),
            west_mm: i64::MAX,
        }
    }

    pub(crate) fn insert(&mut self, id: ArcId, line: &Line) {
        for (a, b) in line.segments() {
            self.squares.of_segment(a, b, |square| {
                let arcs = self.arcs.entry(square).or_default();
                if arcs.last() != Some(&id)
                    && let Err(place) = arcs.binary_search(&id)
                {
                    arcs.insert(place, id);
                }
            });
            self.west_mm = self.west_mm.min(i64::from(a.x.min(b.x)));
        }
    }

    pub(crate) fn remove(&mut self, id: ArcId, line: &Line) {
        for (a, b) in line.segments() {
            self.squares.of_segment(a, b, |square| {
                if let Some(arcs) = self.arcs.get_mut(&square)
                    && let Ok(place) = arcs.binary_search(&id)
                {
                    arcs.remove(place);
                    if arcs.is_empty() {
                        self.arcs.remove(&square);
                    }
                }
            });
        }
    }

    /// The arcs in the square of a point.
    pub(crate) fn around(&self, at: Point) -> &[ArcId] {
        self.arcs
            .get(&self.squares.of_point(at))
            .map_or(&[], Vec::as_slice)
    }

    /// The arcs in the squares of a box, in ascending order.
    pub(crate) fn in_box(&self, low: Point, high: Point) -> Vec<ArcId> {
        let squares = self.squares.of_box(low, high);
        let mut arcs: Vec<ArcId> = squares
            .filter_map(|square| self.arcs.get(&square))
            .flatten()
            .copied()
            .collect();
        arcs.sort_unstable();
        arcs.dedup();
        arcs
    }

    /// From the square of a point to the west: where each square begins, and its arcs.
    pub(crate) fn to_the_west(&self, at: Point) -> impl Iterator<Item = (i64, &[ArcId])> + '_ {
        let start = self.squares.of_point(at);
        (0..)
            .map(move |step| start - step)
            .take_while(|square| self.squares.west_mm(square + 1) > self.west_mm)
            .map(|square| {
                let arcs = self.arcs.get(&square).map_or(&[][..], Vec::as_slice);
                (self.squares.west_mm(square), arcs)
            })
    }
}
