//! From areas and their labels straight to the bytes of a layer.

use super::clip::Place;
use crate::tiles::wire::{
    self, CLOSE_PATH, FEATURE_GEOMETRY, FEATURE_ID, FEATURE_TAGS, FEATURE_TYPE, LAYER_FEATURE,
    LAYER_VALUE, LINE_TO, MOVE_TO_ONE, TYPE_POINT, TYPE_POLYGON, put_bytes, put_varint, varint_len,
    zigzag,
};

/// Which index a value has in the layer at hand. Kept from tile to tile: an entry counts only if
/// it bears the layer's mark.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    mark: u32,
    indexes: Vec<(u32, u32)>,
    tags: Vec<u8>,
    geometry: Vec<u8>,
}

/// A value under a key, both by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Tag {
    pub(super) key: u8,
    pub(super) value: u32,
}

/// One layer of a tile in the making.
pub(super) struct LayerWriter<'a> {
    scratch: &'a mut Scratch,
    /// Messages of values by number.
    dictionary: &'a [Box<[u8]>],
    body: Vec<u8>,
    values: Vec<u8>,
    value_count: u32,
    features: usize,
}

impl<'a> LayerWriter<'a> {
    pub(super) fn new(name: &str, scratch: &'a mut Scratch, dictionary: &'a [Box<[u8]>]) -> Self {
        scratch.mark = scratch.mark.checked_add(1).unwrap_or_else(|| {
            scratch.indexes.clear();
            1
        });
        if scratch.indexes.len() < dictionary.len() {
            scratch.indexes.resize(dictionary.len(), (0, 0));
        }
        Self {
            scratch,
            dictionary,
            body: wire::begin_layer(name),
            values: Vec::new(),
            value_count: 0,
            features: 0,
        }
    }

    /// Rings in tile units: each exterior before its holes.
    pub(super) fn polygon<'t>(
        &mut self,
        id: u64,
        rings: &[Vec<Place>],
        tags: impl IntoIterator<Item = &'t Tag>,
    ) {
        let geometry = &mut self.scratch.geometry;
        geometry.clear();
        let mut pen = (0, 0);
        for ring in rings {
            let (first, rest) = ring.split_first().expect("a ring has three places");
            geometry.push(MOVE_TO_ONE);
            put_step(geometry, &mut pen, *first);
            put_varint(geometry, (rest.len() as u64) << 3 | LINE_TO);
            for place in rest {
                put_step(geometry, &mut pen, *place);
            }
            geometry.push(CLOSE_PATH);
        }
        self.feature(id, TYPE_POLYGON, tags);
    }

    pub(super) fn point(&mut self, id: u64, at: Place, tags: &[Tag]) {
        let geometry = &mut self.scratch.geometry;
        geometry.clear();
        geometry.push(MOVE_TO_ONE);
        put_step(geometry, &mut (0, 0), at);
        self.feature(id, TYPE_POINT, tags);
    }

    fn feature<'t>(&mut self, id: u64, kind: u8, tags: impl IntoIterator<Item = &'t Tag>) {
        let Scratch {
            mark,
            indexes,
            tags: tag_bytes,
            geometry,
        } = &mut *self.scratch;
        tag_bytes.clear();
        for tag in tags {
            let (marked, index) = &mut indexes[tag.value as usize];
            if *marked != *mark {
                (*marked, *index) = (*mark, self.value_count);
                self.value_count += 1;
                let value = &self.dictionary[tag.value as usize];
                put_bytes(&mut self.values, LAYER_VALUE, value);
            }
            put_varint(tag_bytes, tag.key.into());
            put_varint(tag_bytes, (*index).into());
        }
        let sized = |bytes: &[u8]| 1 + varint_len(bytes.len() as u64) + bytes.len();
        let len = 1 + varint_len(id) + sized(tag_bytes) + 2 + sized(geometry);
        let body = &mut self.body;
        body.push(LAYER_FEATURE);
        put_varint(body, len as u64);
        body.push(FEATURE_ID);
        put_varint(body, id);
        put_bytes(body, FEATURE_TAGS, tag_bytes);
        body.extend([FEATURE_TYPE, kind]);
        put_bytes(body, FEATURE_GEOMETRY, geometry);
        self.features += 1;
    }

    /// The tile's layer; nothing where there are no features.
    pub(super) fn finish(self, keys: &[&str]) -> Vec<u8> {
        if self.features == 0 {
            return Vec::new();
        }
        wire::end_layer(self.body, keys.iter().copied(), &self.values)
    }
}

/// From where the pen is to a place.
fn put_step(geometry: &mut Vec<u8>, pen: &mut Place, to: Place) {
    let step = |from: i64, to: i64| i32::try_from(to - from).expect("a place near the tile");
    put_varint(geometry, zigzag(step(pen.0, to.0)));
    put_varint(geometry, zigzag(step(pen.1, to.1)));
    *pen = to;
}
