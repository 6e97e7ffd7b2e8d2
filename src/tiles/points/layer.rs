//! One layer of points and the tiles it makes.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::bucket::{BUCKET_ZOOM, Bucket, BucketKey};
use super::dictionary::Dictionary;
use super::encode::{LayerWriter, Scratch};
use super::versions::{Version, Versions};
use crate::tiles::TileCoord;
use crate::tiles::world::{EXTENT, WorldPoint};

/// What is drawn beyond a tile's edge, so that a symbol on the edge is whole: tile units.
const MARGIN: u32 = 64;
/// Squares along a tile's edge in which points are counted where there are too many to draw.
const SQUARES: u32 = 64;
const SQUARE_BITS: u8 = 6;

/// A point of the layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tiles) struct Point {
    pub(in crate::tiles) id: u64,
    pub(in crate::tiles) at: WorldPoint,
    /// The number of its word in every column.
    pub(in crate::tiles) words: Box<[u32]>,
}

/// Points by place, with the versions of the tiles they are in.
#[derive(Debug)]
pub(in crate::tiles) struct PointLayer {
    name: &'static str,
    keys: &'static [&'static str],
    /// From this zoom on every point is drawn; below they are counted.
    points_from: u8,
    buckets: BTreeMap<BucketKey, Bucket>,
    /// In which bucket a point is.
    places: HashMap<u64, BucketKey>,
    dictionaries: Vec<Dictionary>,
    versions: Versions,
}

/// What leaves a bucket and what comes into it.
#[derive(Debug, Default)]
struct BucketChange {
    gone: HashSet<u64>,
    come: Vec<Point>,
}

impl PointLayer {
    pub(in crate::tiles) fn new(
        name: &'static str,
        keys: &'static [&'static str],
        points_from: u8,
    ) -> Self {
        Self {
            name,
            keys,
            points_from,
            buckets: BTreeMap::new(),
            places: HashMap::new(),
            dictionaries: keys.iter().map(|_| Dictionary::default()).collect(),
            versions: Versions::default(),
        }
    }

    /// A point with its words, one for each key.
    pub(in crate::tiles) fn point(&mut self, id: u64, at: WorldPoint, words: &[&str]) -> Point {
        let columns = self.dictionaries.iter_mut().zip(words);
        Point {
            id,
            at,
            words: columns.map(|(column, word)| column.number(word)).collect(),
        }
    }

    /// Takes in all points of an empty layer.
    pub(in crate::tiles) fn fill(&mut self, points: Vec<Point>) {
        let mut keyed: Vec<(BucketKey, Point)> = points
            .into_iter()
            .map(|point| (BucketKey::of(point.at), point))
            .collect();
        keyed.sort_unstable_by_key(|(key, point)| (*key, point.id));
        self.places = keyed.iter().map(|(key, point)| (point.id, *key)).collect();
        let mut keyed = keyed.into_iter().peekable();
        while let Some((key, first)) = keyed.next() {
            let mut points = vec![first];
            while let Some((_, point)) = keyed.next_if(|(next, _)| *next == key) {
                points.push(point);
            }
            self.buckets.insert(key, Bucket::new(points));
        }
    }

    /// Puts points where they are now, `None`: takes them away; one entry an id. Each bucket is
    /// made anew once, however many of its points change. Returns how many did.
    pub(in crate::tiles) fn apply(&mut self, changes: Vec<(u64, Option<Point>)>) -> usize {
        let mut buckets: HashMap<BucketKey, BucketChange> = HashMap::new();
        let mut changed = 0;
        for (id, now) in changes {
            let old_key = self.places.get(&id).copied();
            let old = old_key.and_then(|key| self.buckets[&key].find(id));
            let unchanged = match (&old, &now) {
                (Some((at, words)), Some(now)) => *at == now.at && **words == *now.words,
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            if unchanged {
                continue;
            }
            changed += 1;
            let touched = [old.map(|(at, _)| at), now.as_ref().map(|now| now.at)];
            self.versions.touch(touched.into_iter().flatten(), MARGIN);
            if let Some(key) = old_key {
                self.places.remove(&id);
                buckets.entry(key).or_default().gone.insert(id);
            }
            if let Some(now) = now {
                let key = BucketKey::of(now.at);
                self.places.insert(id, key);
                buckets.entry(key).or_default().come.push(now);
            }
        }
        for (key, change) in buckets {
            self.change(key, change);
        }
        changed
    }

    fn change(&mut self, key: BucketKey, change: BucketChange) {
        let mut points = self
            .buckets
            .get(&key)
            .map(Bucket::to_points)
            .unwrap_or_default();
        points.retain(|point| !change.gone.contains(&point.id));
        points.extend(change.come);
        if points.is_empty() {
            self.buckets.remove(&key);
        } else {
            self.buckets.insert(key, Bucket::new(points));
        }
    }

    pub(in crate::tiles) fn version(&self, tile: TileCoord) -> Version {
        self.versions.of(tile)
    }

    pub(in crate::tiles) fn len(&self) -> usize {
        self.places.len()
    }

    /// Bytes held.
    pub(in crate::tiles) fn bytes(&self) -> usize {
        let buckets: usize = self.buckets.values().map(Bucket::bytes).sum();
        let words: usize = self.dictionaries.iter().map(Dictionary::bytes).sum();
        // a slot of the table of places: id, key, control byte
        buckets + words + self.places.capacity() * 17
    }

    /// The tile: each point from the layer's zoom on, below it how many there are in squares of a
    /// 64th of its edge, as `<layer>_density`.
    pub(in crate::tiles) fn tile(&self, tile: TileCoord, scratch: &mut Scratch) -> Vec<u8> {
        if tile.z() >= self.points_from {
            self.points_tile(tile, scratch)
        } else {
            self.density_tile(tile, scratch)
        }
    }

    fn points_tile(&self, tile: TileCoord, scratch: &mut Scratch) -> Vec<u8> {
        let around = tile.world_box(MARGIN);
        let mut layer = LayerWriter::new(self.name, scratch, &self.dictionaries);
        for bucket in self.buckets_around(tile) {
            for (at, id, words) in bucket.points() {
                if around.holds(at) {
                    layer.point(id, tile.tile_units(at), words);
                }
            }
        }
        layer.finish(self.keys)
    }

    /// The tile's own buckets, then those its margin reaches into.
    fn buckets_around(&self, tile: TileCoord) -> impl Iterator<Item = &Bucket> {
        let (own, edge) = self.reach(tile);
        let margin = edge.into_iter().filter_map(|key| self.buckets.get(&key));
        self.buckets
            .range(own)
            .map(|(_, bucket)| bucket)
            .chain(margin)
    }

    /// The run of buckets a tile is, and the keys of the buckets around it that its margin touches.
    fn reach(&self, tile: TileCoord) -> (std::ops::RangeInclusive<BucketKey>, Vec<BucketKey>) {
        let own = own_buckets(tile);
        let around = tile.world_box(MARGIN);
        let last = (1_i64 << BUCKET_ZOOM) - 1;
        let column = |units: i64| (units >> (32 - BUCKET_ZOOM)).clamp(0, last);
        let narrow = |column: i64| u32::try_from(column).expect("at most 2^16 columns");
        let (west, east) = (column(around.west), column(around.east));
        let (north, south) = (column(around.north), column(around.south));
        let inner = tile.world_box(0);
        let columns = column(inner.west)..=column(inner.east - 1);
        let rows = column(inner.north)..=column(inner.south - 1);
        let mut edge = Vec::new();
        for y in north..=south {
            // inside the tile's rows only what is left and right of it
            let beside = rows.contains(&y);
            let mut x = west;
            while x <= east {
                if beside && columns.contains(&x) {
                    x = *columns.end() + 1;
                    continue;
                }
                edge.push(BucketKey::at(narrow(x), narrow(y)));
                x += 1;
            }
        }
        (own, edge)
    }

    fn density_tile(&self, tile: TileCoord, scratch: &mut Scratch) -> Vec<u8> {
        let mut counts = vec![0_u64; (SQUARES * SQUARES) as usize];
        let square_zoom = tile.z() + SQUARE_BITS;
        let square = |at: WorldPoint| {
            let (x, y) = at.tile(square_zoom);
            ((y % SQUARES) * SQUARES + x % SQUARES) as usize
        };
        for (_, bucket) in self.buckets.range(own_buckets(tile)) {
            if square_zoom <= BUCKET_ZOOM {
                // a bucket lies in one square
                counts[square(bucket.places()[0])] += bucket.len() as u64;
            } else {
                for at in bucket.places() {
                    counts[square(*at)] += 1;
                }
            }
        }
        let name = format!("{}_density", self.name.trim_end_matches('s'));
        let mut layer = LayerWriter::new(&name, scratch, &[]);
        let side = (EXTENT / SQUARES).cast_signed();
        for (number, count) in (0_i32..).zip(counts) {
            if count > 0 {
                let squares = SQUARES.cast_signed();
                let (x, y) = (number % squares, number / squares);
                let middle = (x * side + side / 2, y * side + side / 2);
                layer.counted(u64::from(number.cast_unsigned()) + 1, middle, count);
            }
        }
        layer.finish(&["count"])
    }
}

/// The run of buckets that a tile is; below zoom 16 the one bucket it lies in.
fn own_buckets(tile: TileCoord) -> std::ops::RangeInclusive<BucketKey> {
    if tile.z() >= BUCKET_ZOOM {
        let up = tile.z() - BUCKET_ZOOM;
        let key = BucketKey::at(tile.x() >> up, tile.y() >> up);
        return key..=key;
    }
    let down = BUCKET_ZOOM - tile.z();
    let first = BucketKey::at(tile.x() << down, tile.y() << down);
    // the lower bits run through the tile
    let rest = u32::try_from((1_u64 << (2 * down)) - 1).expect("at most 2^32 buckets");
    first..=BucketKey(first.0 | rest)
}

#[cfg(test)]
#[path = "layer_tests.rs"]
mod tests;
