//! The points of one tile of zoom 16.

use super::Point;
use crate::tiles::world::WorldPoint;

/// Zoom of the tiles that buckets are.
pub(super) const BUCKET_ZOOM: u8 = 16;

/// A bucket's place on the Morton curve: the bits of its column and row, interleaved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BucketKey(pub(super) u32);

impl BucketKey {
    pub(super) fn at(column: u32, row: u32) -> Self {
        Self(spread(column) | spread(row) << 1)
    }

    pub(super) fn column_row(self) -> (u32, u32) {
        (gather(self.0), gather(self.0 >> 1))
    }

    pub(super) fn of(at: WorldPoint) -> Self {
        let (column, row) = at.tile(BUCKET_ZOOM);
        Self::at(column, row)
    }
}

/// Puts a zero before each of the lower 16 bits.
fn spread(bits: u32) -> u32 {
    let bits = (bits | bits << 8) & 0x00ff_00ff;
    let bits = (bits | bits << 4) & 0x0f0f_0f0f;
    let bits = (bits | bits << 2) & 0x3333_3333;
    (bits | bits << 1) & 0x5555_5555
}

/// Every other bit, side by side: what `spread` spread.
fn gather(bits: u32) -> u32 {
    let bits = bits & 0x5555_5555;
    let bits = (bits | bits >> 1) & 0x3333_3333;
    let bits = (bits | bits >> 2) & 0x0f0f_0f0f;
    let bits = (bits | bits >> 4) & 0x00ff_00ff;
    (bits | bits >> 8) & 0xffff
}

/// Packed, and made anew when one of its few points changes. Columns stand side by side, the same
/// number of words for each point.
#[derive(Debug)]
pub(super) struct Bucket {
    places: Box<[WorldPoint]>,
    ids: Box<[u64]>,
    words: Box<[u32]>,
    counts: Box<[Count]>,
}

/// How many points of a bucket have a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// A position among the columns that are counted.
    pub(super) column: u8,
    pub(super) word: u32,
    pub(super) points: u32,
}

impl Bucket {
    /// In the order of their ids, so that the same data makes the same bytes. How often each word
    /// occurs in the columns `counted` is worked out once, for tiles that only count.
    pub(super) fn new(mut points: Vec<Point>, counted: &[usize]) -> Self {
        points.sort_unstable_by_key(|point| point.id);
        Self {
            counts: count(&points, counted).into(),
            places: points.iter().map(|point| point.at).collect(),
            ids: points.iter().map(|point| point.id).collect(),
            words: points
                .iter()
                .flat_map(|point| point.words.iter().copied())
                .collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn places(&self) -> &[WorldPoint] {
        &self.places
    }

    pub(super) fn counts(&self) -> &[Count] {
        &self.counts
    }

    /// Each point with its words.
    pub(super) fn points(&self) -> impl Iterator<Item = (WorldPoint, u64, &[u32])> {
        let width = self.words.len() / self.ids.len().max(1);
        let words = self.words.chunks_exact(width.max(1));
        let places = self.places.iter().copied().zip(self.ids.iter().copied());
        places.zip(words).map(|((at, id), words)| (at, id, words))
    }

    /// What it is made from.
    pub(super) fn to_points(&self) -> Vec<Point> {
        let point = |(at, id, words): (WorldPoint, u64, &[u32])| Point {
            id,
            at,
            words: words.into(),
        };
        self.points().map(point).collect()
    }

    pub(super) fn find(&self, id: u64) -> Option<(WorldPoint, &[u32])> {
        let index = self.ids.binary_search(&id).ok()?;
        let width = self.words.len() / self.ids.len();
        Some((
            self.places[index],
            &self.words[index * width..(index + 1) * width],
        ))
    }

    /// Bytes held, with what the map of buckets holds for it.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + 40
            + size_of_val(&*self.places)
            + size_of_val(&*self.ids)
            + size_of_val(&*self.words)
            + size_of_val(&*self.counts)
    }
}

fn count(points: &[Point], counted: &[usize]) -> Vec<Count> {
    let mut counts: Vec<Count> = Vec::new();
    for (position, column) in (0_u8..).zip(counted) {
        let first = counts.len();
        for point in points {
            let word = point.words[*column];
            match counts[first..].iter_mut().find(|count| count.word == word) {
                Some(count) => count.points += 1,
                None => counts.push(Count {
                    column: position,
                    word,
                    points: 1,
                }),
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_runs_through_a_tile_before_it_leaves_it() {
        // the 4 x 4 buckets of a tile of zoom 14 are 16 neighbours on the curve
        let (column, row) = (4 * 853, 4 * 415);
        let first = BucketKey::at(column, row);
        let mut keys: Vec<BucketKey> = (0..4)
            .flat_map(|y| (0..4).map(move |x| BucketKey::at(column + x, row + y)))
            .collect();
        keys.sort();
        let expected: Vec<BucketKey> = (0..16).map(|n| BucketKey(first.0 + n)).collect();
        assert_eq!(keys, expected);
        assert!(keys.iter().all(|key| {
            let (column, row) = key.column_row();
            BucketKey::at(column, row) == *key
        }));
        assert_eq!(
            BucketKey::at(u32::from(u16::MAX), u32::from(u16::MAX)).0,
            u32::MAX
        );
    }
}
