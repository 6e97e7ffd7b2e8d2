//! One layer of points.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::{Bound, RangeInclusive};

use rayon::iter::Either;

use super::bucket::{BUCKET_ZOOM, Bucket, BucketKey};
use super::column::{ABSENT, Column, Kind, Value};
use super::dictionary::Dictionary;
use super::places::Places;
use super::policy::Policy;
use super::versions::{Version, Versions};
use crate::space::GroundPoint;
use crate::tiles::world::WorldPoint;
use crate::tiles::{Grid, TileCoord};

/// What is drawn beyond a tile's edge, so that a symbol on the edge is whole: tile units.
pub(in crate::tiles) const MARGIN: u32 = 64;

/// A point of the layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tiles) struct Point {
    pub(in crate::tiles) id: u64,
    pub(in crate::tiles) at: WorldPoint,
    /// The number of its word in every column.
    pub(in crate::tiles) words: Box<[u32]>,
}

/// What the layers inside its tiles are called.
#[derive(Debug, Clone, Copy)]
pub(in crate::tiles) struct Names {
    pub(in crate::tiles) points: &'static str,
    /// How many there are in squares.
    pub(in crate::tiles) summary: &'static str,
    /// How many are left out.
    pub(in crate::tiles) thinned: &'static str,
}

/// Points by place, with the versions of the tiles they are in.
#[derive(Debug)]
pub(in crate::tiles) struct PointLayer {
    /// Whose tiles it makes; places are in its projection.
    grid: Grid,
    pub(super) names: Names,
    pub(super) columns: &'static [Column],
    pub(super) policy: Policy,
    pub(super) buckets: BTreeMap<BucketKey, Bucket>,
    places: Places,
    /// One a column; those of numbers stay empty.
    pub(super) dictionaries: Vec<Dictionary>,
    versions: Versions,
}

/// What leaves a bucket and what comes into it.
#[derive(Debug, Default)]
struct BucketChange {
    gone: HashSet<u64>,
    come: Vec<Point>,
}

/// Values of points that are gone that are not worth reading a layer anew.
const WORDS_SPARED: usize = 100_000;

impl PointLayer {
    pub(in crate::tiles) fn new(
        grid: Grid,
        names: Names,
        columns: &'static [Column],
        policy: Policy,
    ) -> Self {
        Self {
            grid,
            names,
            columns,
            policy,
            buckets: BTreeMap::new(),
            places: Places::default(),
            dictionaries: columns.iter().map(|_| Dictionary::default()).collect(),
            versions: Versions::default(),
        }
    }

    /// Where something is in the layer's tiles.
    pub(in crate::tiles) fn place(&self, at: GroundPoint) -> WorldPoint {
        WorldPoint::of(self.grid, at)
    }

    /// A point with its values, one for each column.
    pub(in crate::tiles) fn point(
        &mut self,
        id: u64,
        at: WorldPoint,
        values: &[Option<Value<'_>>],
    ) -> Point {
        let columns = self.columns.iter().zip(&mut self.dictionaries);
        let word =
            |((column, words), value): ((&Column, &mut Dictionary), &Option<Value<'_>>)| match (
                column.kind,
                *value,
            ) {
                (_, None) | (Kind::Number, Some(Value::Text(_))) => ABSENT,
                (Kind::Number, Some(Value::Number(number))) => {
                    u32::try_from(number).unwrap_or(ABSENT)
                }
                (Kind::Shared | Kind::Own, Some(value)) => words.number(value),
            };
        Point {
            id,
            at,
            words: columns.zip(values).map(word).collect(),
        }
    }

    /// Takes in all points of an empty layer.
    pub(in crate::tiles) fn fill(&mut self, points: Vec<Point>) {
        let mut keyed: Vec<(BucketKey, Point)> = points
            .into_iter()
            .map(|point| (BucketKey::of(point.at), point))
            .collect();
        keyed.sort_unstable_by_key(|(key, point)| (*key, point.id));
        for (key, point) in &keyed {
            self.places.insert(point.id, *key);
        }
        let mut keyed = keyed.into_iter().peekable();
        while let Some((key, first)) = keyed.next() {
            let mut points = vec![first];
            while let Some((_, point)) = keyed.next_if(|(next, _)| *next == key) {
                points.push(point);
            }
            self.buckets
                .insert(key, Bucket::new(points, self.policy.counted()));
        }
    }

    /// Puts points where they are now, `None`: takes them away; one entry an id. Each bucket is
    /// made anew once, however many of its points change. Returns which were or are where.
    pub(in crate::tiles) fn apply(
        &mut self,
        changes: Vec<(u64, Option<Point>)>,
    ) -> Vec<(u64, WorldPoint)> {
        let mut buckets: HashMap<BucketKey, BucketChange> = HashMap::new();
        let mut changed = Vec::new();
        for (id, now) in changes {
            let old_key = self.places.get(id);
            let old = old_key.and_then(|key| self.buckets[&key].find(id));
            let unchanged = match (&old, &now) {
                (Some((at, words)), Some(now)) => *at == now.at && **words == *now.words,
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            if unchanged {
                continue;
            }
            let left = old.map(|(at, _)| at);
            let reached = now.as_ref().map(|now| now.at);
            changed.extend(left.map(|at| (id, at)));
            changed.extend(reached.filter(|_| reached != left).map(|at| (id, at)));
            if let Some(key) = old_key {
                self.places.remove(id);
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
        self.versions
            .touch(changed.iter().map(|(_, at)| *at), MARGIN);
        changed
    }

    /// Moves the versions of the tiles a point is in, as if it had changed. Returns where it is.
    pub(in crate::tiles) fn touch(&mut self, id: u64) -> Option<WorldPoint> {
        let bucket = self.places.get(id).and_then(|key| self.buckets.get(&key));
        let (at, _) = bucket.and_then(|bucket| bucket.find(id))?;
        self.versions.touch(std::iter::once(at), MARGIN);
        Some(at)
    }

    fn change(&mut self, key: BucketKey, change: BucketChange) {
        let counted = self.policy.counted();
        let bucket = self.buckets.entry(key).or_default();
        *bucket = bucket.changed(&change.gone, change.come, counted);
        if bucket.len() == 0 {
            self.buckets.remove(&key);
        }
    }

    pub(in crate::tiles) fn version(&self, tile: TileCoord) -> Version {
        self.versions.of(tile)
    }

    pub(in crate::tiles) fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether the tile has so few points that making it takes no longer than waking a thread for it.
    pub(in crate::tiles) fn is_small(&self, tile: TileCoord) -> bool {
        if tile.z() < WIDE_BELOW {
            return false;
        }
        let mut points = 0;
        self.buckets_around(tile).all(|bucket| {
            points += bucket.len();
            points <= SMALL_POINTS_MAX
        })
    }

    /// Whether most values that were ever seen are of points that are gone or changed. A
    /// number of a dictionary lasts as long as the layer.
    pub(in crate::tiles) fn has_outgrown(&self) -> bool {
        let words: usize = self.dictionaries.iter().map(Dictionary::len).sum();
        words > WORDS_SPARED + 2 * self.len() * self.dictionaries.len()
    }

    /// Bytes held.
    pub(in crate::tiles) fn bytes(&self) -> usize {
        let buckets: usize = self.buckets.values().map(Bucket::bytes).sum();
        let words: usize = self.dictionaries.iter().map(Dictionary::bytes).sum();
        buckets + words + self.places.bytes() + self.versions.bytes()
    }

    /// The tile's own buckets, then those its margin reaches into.
    pub(super) fn buckets_around(&self, tile: TileCoord) -> impl Iterator<Item = &Bucket> {
        let own = own_buckets(tile);
        let around = Reach::of(tile);
        let margin = if tile.z() < WIDE_BELOW {
            // fewer buckets than places for them
            let (before, after) = (
                ..*own.start(),
                (Bound::Excluded(*own.end()), Bound::Unbounded),
            );
            let others = self.buckets.range(before).chain(self.buckets.range(after));
            let near = others.filter(move |(key, _)| around.holds(**key));
            Either::Left(near.map(|(_, bucket)| bucket))
        } else {
            let beside = around.beside(&own);
            Either::Right(beside.into_iter().filter_map(|key| self.buckets.get(&key)))
        };
        let own = self.buckets.range(own).map(|(_, bucket)| bucket);
        own.chain(margin)
    }
}

/// Some tenths of a millisecond, with all attributes.
const SMALL_POINTS_MAX: usize = 2000;
/// Below this zoom a tile's margin is many buckets wide.
const WIDE_BELOW: u8 = 9;

/// Columns and rows of the buckets that a tile with its margin touches.
#[derive(Debug, Clone, Copy)]
struct Reach {
    columns: (u32, u32),
    rows: (u32, u32),
}

impl Reach {
    fn of(tile: TileCoord) -> Self {
        let around = tile.world_box(MARGIN);
        let last = (1_i64 << BUCKET_ZOOM) - 1;
        let column = |units: i64| {
            let column = (units >> (32 - BUCKET_ZOOM)).clamp(0, last);
            u32::try_from(column).expect("at most 2^16 columns")
        };
        Self {
            columns: (column(around.west), column(around.east)),
            rows: (column(around.north), column(around.south)),
        }
    }

    fn holds(&self, key: BucketKey) -> bool {
        let (column, row) = key.column_row();
        (self.columns.0..=self.columns.1).contains(&column)
            && (self.rows.0..=self.rows.1).contains(&row)
    }

    /// Those that are not in `own`, row by row.
    fn beside(&self, own: &RangeInclusive<BucketKey>) -> Vec<BucketKey> {
        let (first, last) = (own.start().column_row(), own.end().column_row());
        let mut keys = Vec::new();
        for row in self.rows.0..=self.rows.1 {
            let mut column = self.columns.0;
            while column <= self.columns.1 {
                if (first.1..=last.1).contains(&row) && column == first.0 {
                    column = last.0 + 1;
                    continue;
                }
                keys.push(BucketKey::at(column, row));
                column += 1;
            }
        }
        keys
    }
}

/// The run of buckets that a tile is; below zoom 16 the one bucket it lies in.
pub(super) fn own_buckets(tile: TileCoord) -> RangeInclusive<BucketKey> {
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
