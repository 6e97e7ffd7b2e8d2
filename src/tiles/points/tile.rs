//! From a layer to the bytes of one of its tiles.

use super::bucket::{BUCKET_ZOOM, Bucket};
use super::column::{ABSENT, Kind};
use super::encode::{Expected, LayerWriter, Scratch};
use super::layer::{MARGIN, PointLayer, own_buckets};
use super::policy::{Show, Summary};
use super::squares::Squares;
use crate::tiles::TileCoord;
use crate::tiles::world::{EXTENT, WorldPoint};

/// Whether a point may be in a tile, by its id and its words.
type Admits<'a> = dyn Fn(u64, &[u32]) -> bool + 'a;

/// A tile that is asked for in full is thinned from here on: a city's every point in the tile of the
/// world would be carried by nobody's line.
const FULL_BYTES_MAX: usize = 32 << 20;

/// What is wanted of a tile beside its place.
#[derive(Clone, Copy, Default)]
pub(in crate::tiles) struct View<'a> {
    /// Every point with every attribute, whatever the policy says, up to a bound.
    pub(in crate::tiles) full: bool,
    /// Points that are left out are not even counted.
    pub(in crate::tiles) admits: Option<&'a Admits<'a>>,
}

/// What a tile may weigh, and what it would with every point.
#[derive(Clone, Copy)]
struct Budget {
    bytes: usize,
    all: usize,
}

impl View<'_> {
    #[inline]
    fn admits(&self, id: u64, words: &[u32]) -> bool {
        self.admits.is_none_or(|admits| admits(id, words))
    }
}

impl PointLayer {
    /// The tile: the points of its place and margin, or how many there are in squares, as the
    /// layer's policy says.
    pub(in crate::tiles) fn tile(
        &self,
        tile: TileCoord,
        view: View<'_>,
        scratch: &mut Scratch,
    ) -> Vec<u8> {
        if view.full {
            let all: Vec<usize> = (0..self.columns.len()).collect();
            return self.within(FULL_BYTES_MAX, tile, view, &all, scratch);
        }
        match self.policy.at(tile.z()) {
            Show::Points(columns) => {
                self.within(self.policy.bytes_max, tile, view, columns, scratch)
            }
            Show::Summary(summary) => self.summary(tile, view, *summary, scratch),
        }
    }

    /// Every point, or as many as a budget has room for.
    fn within(
        &self,
        budget: usize,
        tile: TileCoord,
        view: View<'_>,
        columns: &[usize],
        scratch: &mut Scratch,
    ) -> Vec<u8> {
        let bytes = self.points(tile, view, columns, scratch);
        if bytes.len() <= budget {
            return bytes;
        }
        let all = bytes.len();
        drop(bytes);
        self.thinned(tile, view, columns, scratch, Budget { bytes: budget, all })
    }

    fn points(
        &self,
        tile: TileCoord,
        view: View<'_>,
        columns: &[usize],
        scratch: &mut Scratch,
    ) -> Vec<u8> {
        let around = tile.world_box(MARGIN);
        let mut layer = LayerWriter::new(self.names.points, scratch);
        let own = self.buckets.range(own_buckets(tile));
        let is_own = |column: &&usize| matches!(self.columns[**column].kind, Kind::Own);
        let expected = Expected {
            points: own.map(|(_, bucket)| bucket.len()).sum(),
            attributes: columns.len(),
            own: columns.iter().filter(is_own).count(),
        };
        layer.prepare(self.columns, &self.dictionaries, expected);
        for bucket in self.buckets_around(tile) {
            for (at, id, words) in bucket.points() {
                if around.holds(at) && view.admits(id, words) {
                    self.put(&mut layer, columns, words);
                    layer.point(id, tile.tile_units(at));
                }
            }
        }
        layer.finish(columns.iter().map(|column| self.columns[*column].key))
    }

    #[inline]
    fn put(&self, layer: &mut LayerWriter<'_>, columns: &[usize], words: &[u32]) {
        for (key, &column) in columns.iter().enumerate() {
            let word = words[column];
            if word == ABSENT {
                continue;
            }
            let dictionary = &self.dictionaries[column];
            match self.columns[column].kind {
                Kind::Shared => layer.shared(key, column, word, dictionary),
                Kind::Own => layer.own(key, dictionary.bytes_of(word)),
                Kind::Number => layer.number(key, u64::from(word)),
            }
        }
    }

    /// As many of the most important points as the budget has room for, and, in a layer of its
    /// own, how many that is of how many.
    fn thinned(
        &self,
        tile: TileCoord,
        view: View<'_>,
        columns: &[usize],
        scratch: &mut Scratch,
        budget: Budget,
    ) -> Vec<u8> {
        let around = tile.world_box(MARGIN);
        let ranks = self.policy.ranks(&self.dictionaries);
        let importance = |id: u64, words: &[u32]| {
            let rank = ranks.as_ref().map_or(0, |(column, ranks)| {
                let rank = ranks.get(words[*column] as usize);
                rank.copied().unwrap_or(u32::MAX)
            });
            (rank, scattered(id), id)
        };
        let mut all: Vec<_> = self
            .buckets_around(tile)
            .flat_map(Bucket::points)
            .filter(|(at, id, words)| around.holds(*at) && view.admits(*id, words))
            .map(|(_, id, words)| importance(id, words))
            .collect();
        let total = all.len();
        let mut keep = (total * budget.bytes / budget.all).max(1);
        loop {
            let last = *all.select_nth_unstable(keep - 1).1;
            let kept =
                |id: u64, words: &[u32]| view.admits(id, words) && importance(id, words) <= last;
            let view = View {
                full: false,
                admits: Some(&kept),
            };
            let mut bytes = self.points(tile, view, columns, scratch);
            let mut note = LayerWriter::new(self.names.thinned, scratch);
            note.number(0, keep as u64);
            note.number(1, total as u64);
            let middle = (EXTENT / 2).cast_signed();
            note.point(1, (middle, middle));
            bytes.extend(note.finish(["shown", "total"]));
            if bytes.len() <= budget.bytes || keep == 1 {
                return bytes;
            }
            keep = (keep * budget.bytes / bytes.len()).clamp(1, keep - 1);
        }
    }

    fn summary(
        &self,
        tile: TileCoord,
        view: View<'_>,
        summary: Summary,
        scratch: &mut Scratch,
    ) -> Vec<u8> {
        let counted = self.policy.counted();
        let side = 1_u32 << summary.square_bits;
        let mut squares = std::mem::take(&mut scratch.squares);
        let words = counted.iter();
        squares.begin(side, words.map(|column| self.dictionaries[*column].len()));
        let square_zoom = tile.z() + summary.square_bits;
        let square_of = |at: WorldPoint| {
            let (x, y) = at.tile(square_zoom);
            (y % side) * side + x % side
        };
        for (_, bucket) in self.buckets.range(own_buckets(tile)) {
            if square_zoom <= BUCKET_ZOOM && view.admits.is_none() {
                // a bucket lies in one square
                let mut square = squares.at(square_of(bucket.places()[0]));
                square.all(bucket.len());
                for count in bucket.counts() {
                    square.of(count.column, count.word, count.points);
                }
                continue;
            }
            for (at, id, words) in bucket.points() {
                if at.tile(tile.z()) == (tile.x(), tile.y()) && view.admits(id, words) {
                    let mut square = squares.at(square_of(at));
                    square.all(1);
                    for (position, column) in (0..).zip(counted) {
                        square.of(position, words[*column], 1);
                    }
                }
            }
        }
        let bytes = self.write_squares(&squares, summary, scratch);
        scratch.squares = squares;
        bytes
    }

    fn write_squares(&self, squares: &Squares, summary: Summary, scratch: &mut Scratch) -> Vec<u8> {
        const COUNT: usize = 0;
        let side = 1 << summary.square_bits;
        let units = EXTENT / side;
        let counted = self.policy.counted();
        let dictionary = |position: u8| &self.dictionaries[counted[usize::from(position)]];
        let mut keys = vec!["count"];
        let states = summary.count_by.map(|position| {
            let words = dictionary(position);
            let first = keys.len();
            let count = u32::try_from(words.len()).expect("fewer than 2^32 words");
            keys.extend((0..count).map(|word| words.text(word)));
            (position, first)
        });
        let most = summary.most_of.map(|position| {
            let key = keys.len();
            keys.push(self.columns[counted[usize::from(position)]].key);
            (position, key)
        });
        let mut layer = LayerWriter::new(self.names.summary, scratch);
        layer.prepare(self.columns, &self.dictionaries, Expected::default());
        for (square, counts) in squares.iter() {
            layer.number(COUNT, u64::from(counts.total()));
            if let Some((position, first)) = states {
                for (word, count) in counts.words(position).iter().enumerate() {
                    if *count > 0 {
                        layer.number(first + word, u64::from(*count));
                    }
                }
            }
            if let Some((position, key)) = most
                && let Some(word) = counts.most(position)
            {
                let column = counted[usize::from(position)];
                layer.shared(key, column, word, dictionary(position));
            }
            let (x, y) = (square % side, square / side);
            let middle = |square: u32| (square * units + units / 2).cast_signed();
            layer.point(u64::from(square) + 1, (middle(x), middle(y)));
        }
        layer.finish(keys)
    }
}

/// Spreads ids, so that those left out are spread over the tile, and the same at every zoom.
/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
fn scattered(id: u64) -> u64 {
    let id = (id ^ id >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let id = (id ^ id >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    id ^ id >> 31
}
