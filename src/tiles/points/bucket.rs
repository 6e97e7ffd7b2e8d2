//! The points of one tile of zoom 16.

use std::collections::HashSet;

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
#[derive(Debug, Default)]
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
    pub(super) fn new(points: Vec<Point>, counted: &[usize]) -> Self {
        Self::default().changed(&HashSet::new(), points, counted)
    }

    /// Without the points that are `gone`, with those that come.
    pub(super) fn changed(
        &self,
        gone: &HashSet<u64>,
        mut come: Vec<Point>,
        counted: &[usize],
    ) -> Self {
        come.sort_unstable_by_key(|point| point.id);
        let most = self.len() + come.len();
        let width = come.first().map_or(self.width(), |point| point.words.len());
        let mut places = Vec::with_capacity(most);
        let mut ids = Vec::with_capacity(most);
        let mut all_words = Vec::with_capacity(most * width);
        let mut put = |at, id, words: &[u32]| {
            places.push(at);
            ids.push(id);
            all_words.extend_from_slice(words);
        };
        let mut come = come.into_iter().peekable();
        for (at, id, words) in self.points().filter(|(_, id, _)| !gone.contains(id)) {
            while let Some(new) = come.next_if(|new| new.id < id) {
                put(new.at, new.id, &new.words);
            }
            put(at, id, words);
        }
        for new in come {
            put(new.at, new.id, &new.words);
        }
        Self {
            counts: count(&all_words, width, counted).into(),
            places: places.into(),
            ids: ids.into(),
            words: all_words.into(),
        }
    }

    /// Words a point.
    fn width(&self) -> usize {
        self.words.len() / self.ids.len().max(1)
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
        let words = self.words.chunks_exact(self.width().max(1));
        let places = self.places.iter().copied().zip(self.ids.iter().copied());
        places.zip(words).map(|((at, id), words)| (at, id, words))
    }

    pub(super) fn find(&self, id: u64) -> Option<(WorldPoint, &[u32])> {
        let index = self.ids.binary_search(&id).ok()?;
        let width = self.width();
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

/// `words`: of each point `width`.
fn count(words: &[u32], width: usize, counted: &[usize]) -> Vec<Count> {
    let mut counts: Vec<Count> = Vec::new();
    for (position, column) in (0_u8..).zip(counted) {
        let first = counts.len();
        for &word in words.iter().skip(*column).step_by(width.max(1)) {
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
