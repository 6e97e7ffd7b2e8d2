//! From buckets straight to the bytes of a Mapbox Vector Tile 2.1 layer.
//!
//! Nothing stands between a point and its bytes: its words are numbers, a table says under which
//! index this tile has each of them, and the words' bytes are copied once. The `mvt` crate, which
//! makes the other layers, is the oracle in the tests.

use super::column::{Column, Kind, Value};
use super::dictionary::{Dictionary, put_value};
use super::squares::Squares;
use crate::tiles::wire::{
    self, FEATURE_GEOMETRY, FEATURE_ID, FEATURE_TAGS, FEATURE_TYPE, LAYER_FEATURE, LAYER_VALUE,
    MOVE_TO_ONE, Short, TYPE_POINT, put_bytes, put_varint, varint_len, zigzag,
};

/// Which index a value has in the tile at hand. Kept from tile to tile, because clearing it would
/// cost more than the tile: an entry counts only if it bears the layer's mark.
#[derive(Debug, Default)]
pub(in crate::tiles) struct Scratch {
    mark: u32,
    /// Per column of shared values, per word.
    indexes: Vec<Vec<Slot>>,
    /// Of small whole numbers.
    numbers: Vec<Slot>,
    pub(super) squares: Squares,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    mark: u32,
    index: u32,
}

/// What a feature without attributes takes, each of its attributes, and a value of its own.
const FEATURE_BYTES: usize = 22;
const TAG_BYTES: usize = 3;
const OWN_VALUE_BYTES: usize = 24;
/// Keys and values of a layer that features share.
const REST_BYTES: usize = 2048;
/// Numbers up to it are written into a layer once.
const SMALL_NUMBERS: usize = 4096;

/// What a layer will hold, about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected {
    pub(super) points: usize,
    pub(super) attributes: usize,
    /// Those of them that no two points share.
    pub(super) own: usize,
}

/// One layer of a tile in the making.
pub(super) struct LayerWriter<'a> {
    scratch: &'a mut Scratch,
    body: Vec<u8>,
    values: Vec<u8>,
    value_count: u32,
    tags: Vec<u8>,
    pub(super) features: usize,
}

impl<'a> LayerWriter<'a> {
    pub(super) fn new(name: &str, scratch: &'a mut Scratch) -> Self {
        scratch.mark = scratch.mark.checked_add(1).unwrap_or_else(|| {
            scratch.indexes.clear();
            scratch.numbers.clear();
            1
        });
        scratch.numbers.resize(SMALL_NUMBERS, Slot::default());
        Self {
            scratch,
            body: wire::begin_layer(name),
            values: Vec::new(),
            value_count: 0,
            tags: Vec::new(),
            features: 0,
        }
    }

    /// The values of these columns will be written, for about so many points with so many attributes,
    /// of which so many are nobody else's.
    pub(super) fn prepare(
        &mut self,
        columns: &[Column],
        dictionaries: &[Dictionary],
        expected: Expected,
    ) {
        let Expected {
            points,
            attributes,
            own,
        } = expected;
        // growing step by step would copy everything once more
        let values = points * own * OWN_VALUE_BYTES;
        self.values.reserve(values);
        self.body
            .reserve(points * (FEATURE_BYTES + attributes * TAG_BYTES) + values + REST_BYTES);
        // they only grow: the next layer is often the one before, and a slot counts by its mark
        let indexes = &mut self.scratch.indexes;
        if indexes.len() < dictionaries.len() {
            indexes.resize_with(dictionaries.len(), Vec::new);
        }
        for ((indexes, words), column) in indexes.iter_mut().zip(dictionaries).zip(columns) {
            if matches!(column.kind, Kind::Shared) && indexes.len() < words.len() {
                indexes.resize(words.len(), Slot::default());
            }
        }
    }

    /// Gives the next feature a word of a column of shared values.
    #[inline]
    pub(super) fn shared(&mut self, key: usize, column: usize, word: u32, words: &Dictionary) {
        let slot = &mut self.scratch.indexes[column][word as usize];
        if slot.mark != self.scratch.mark {
            *slot = Slot {
                mark: self.scratch.mark,
                index: self.value_count,
            };
            self.value_count += 1;
            put_bytes(&mut self.values, LAYER_VALUE, words.bytes_of(word));
        }
        let index = slot.index;
        self.tag(key, index);
    }

    /// Gives the next feature a value that no other has.
    #[inline]
    pub(super) fn own(&mut self, key: usize, value: &[u8]) {
        let index = self.value_count;
        self.value_count += 1;
        put_bytes(&mut self.values, LAYER_VALUE, value);
        self.tag(key, index);
    }

    /// Gives the next feature a whole number.
    pub(super) fn number(&mut self, key: usize, number: u64) {
        let small = usize::try_from(number).ok();
        let slot = small.and_then(|small| self.scratch.numbers.get_mut(small));
        let mark = self.scratch.mark;
        let index = match slot {
            Some(slot) if slot.mark == mark => slot.index,
            slot => {
                let index = self.value_count;
                if let Some(slot) = slot {
                    *slot = Slot { mark, index };
                }
                self.value_count += 1;
                self.values.push(LAYER_VALUE);
                put_varint(&mut self.values, 1 + varint_len(number) as u64);
                put_value(&mut self.values, Value::Number(number));
                index
            }
        };
        self.tag(key, index);
    }

    #[inline]
    fn tag(&mut self, key: usize, index: u32) {
        let mut tag = Short::new();
        tag.put_varint(key as u64);
        tag.put_varint(u64::from(index));
        self.tags.extend_from_slice(tag.bytes());
    }

    /// A point in tile units, with what it was given.
    #[inline]
    pub(super) fn point(&mut self, id: u64, (x, y): (i32, i32)) {
        let (x, y) = (zigzag(x), zigzag(y));
        let geometry = 1 + varint_len(x) + varint_len(y);
        let tags = self.tags.len();
        let len = 1 + varint_len(id) + 1 + varint_len(tags as u64) + tags + 2 + 2 + geometry;
        let mut head = Short::new();
        head.push(LAYER_FEATURE);
        head.put_varint(len as u64);
        head.push(FEATURE_ID);
        head.put_varint(id);
        head.push(FEATURE_TAGS);
        head.put_varint(tags as u64);
        let mut tail = Short::new();
        tail.push(FEATURE_TYPE);
        tail.push(TYPE_POINT);
        tail.push(FEATURE_GEOMETRY);
        // three varints of at most five bytes: one byte tells their length
        tail.put_varint(geometry as u64);
        tail.push(MOVE_TO_ONE);
        tail.put_varint(x);
        tail.put_varint(y);
        self.body.extend_from_slice(head.bytes());
        self.body.extend_from_slice(&self.tags);
        self.body.extend_from_slice(tail.bytes());
        self.tags.clear();
        self.features += 1;
    }

    /// The tile's layer; nothing where there are no features.
    pub(super) fn finish<'k>(self, keys: impl IntoIterator<Item = &'k str>) -> Vec<u8> {
        if self.features == 0 {
            return Vec::new();
        }
        wire::end_layer(self.body, keys, &self.values)
    }
}
