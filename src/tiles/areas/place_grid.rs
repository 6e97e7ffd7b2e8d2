//! Vertices by place.

use crate::tiles::world::WorldPoint;

/// Finds the vertices in a box: sorted in rows of equal height, by `x` within a row.
#[derive(Debug)]
pub(super) struct PlaceGrid {
    north: u32,
    row_bits: u32,
    /// Where each row begins in `entries`, and where the last ends.
    rows: Vec<u32>,
    /// `x`, `y`, number of the vertex.
    entries: Vec<(u32, u32, u32)>,
}

/// From (`x`, `y`) to (`x`, `y`); edges belong to it.
pub(super) type Span = (WorldPoint, WorldPoint);

/// What two or three places span.
pub(super) fn span(places: &[WorldPoint]) -> Span {
    let (mut from, mut to) = (places[0], places[0]);
    for at in places {
        from = WorldPoint {
            x: from.x.min(at.x),
            y: from.y.min(at.y),
        };
        to = WorldPoint {
            x: to.x.max(at.x),
            y: to.y.max(at.y),
        };
    }
    (from, to)
}

impl PlaceGrid {
    /// Numbers are the places' indexes.
    pub(super) fn new(places: &[WorldPoint]) -> Self {
        let (north, height) = match places {
            [] => (0, 0),
            places => {
                let (from, to) = span(places);
                (from.y, to.y - from.y)
            }
        };
        // as many rows as a row has vertices
        let count = u32::try_from(places.len().isqrt().max(1)).unwrap_or(u32::MAX);
        let row_bits = (height / count).max(1).ilog2();
        let row = |at: &WorldPoint| (at.y - north) >> row_bits;
        let mut sorted: Vec<(u32, u32, u32, u32)> = (0..)
            .zip(places)
            .map(|(number, at)| (row(at), at.x, at.y, number))
            .collect();
        sorted.sort_unstable();
        let first_of = |row: u32| sorted.partition_point(|entry| entry.0 < row);
        let rows = (0..=(height >> row_bits) + 1)
            .map(|row| u32::try_from(first_of(row)).expect("fewer than 2^32 vertices"))
            .collect();
        Self {
            north,
            row_bits,
            rows,
            entries: sorted
                .into_iter()
                .map(|(_, x, y, number)| (x, y, number))
                .collect(),
        }
    }

    /// Numbers of the vertices in a box.
    pub(super) fn within(&self, (from, to): Span) -> impl Iterator<Item = u32> {
        let row = |y: u32| (y.saturating_sub(self.north) >> self.row_bits) as usize;
        let rows = row(from.y)..(row(to.y) + 1).min(self.rows.len() - 1);
        rows.flat_map(move |row| {
            let row = &self.entries[self.rows[row] as usize..self.rows[row + 1] as usize];
            let first = row.partition_point(|entry| entry.0 < from.x);
            row[first..]
                .iter()
                .take_while(move |entry| entry.0 <= to.x)
                .filter(move |entry| (from.y..=to.y).contains(&entry.1))
                .map(|entry| entry.2)
        })
    }
}
