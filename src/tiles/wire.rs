//! The bytes of a Mapbox Vector Tile 2.1, as its protobuf schema has them.

use super::world::EXTENT;

/// Fields of the messages: number and wire type.
const TILE_LAYER: u8 = 3 << 3 | 2;
const LAYER_NAME: u8 = 1 << 3 | 2;
pub(super) const LAYER_FEATURE: u8 = 2 << 3 | 2;
const LAYER_KEY: u8 = 3 << 3 | 2;
pub(super) const LAYER_VALUE: u8 = 4 << 3 | 2;
const LAYER_EXTENT: u8 = 5 << 3;
const LAYER_VERSION: u8 = 15 << 3;
pub(super) const FEATURE_ID: u8 = 1 << 3;
pub(super) const FEATURE_TAGS: u8 = 2 << 3 | 2;
pub(super) const FEATURE_TYPE: u8 = 3 << 3;
pub(super) const FEATURE_GEOMETRY: u8 = 4 << 3 | 2;
pub(super) const TYPE_POINT: u8 = 1;
pub(super) const TYPE_POLYGON: u8 = 3;
/// MoveTo, once.
pub(super) const MOVE_TO_ONE: u8 = 1 << 3 | 1;
/// LineTo; how often stands in the bits above.
pub(super) const LINE_TO: u64 = 2;
pub(super) const CLOSE_PATH: u8 = 1 << 3 | 7;
/// Kinds of values.
pub(super) const STRING_VALUE: u8 = 1 << 3 | 2;
pub(super) const UINT_VALUE: u8 = 5 << 3;

#[expect(
    clippy::cast_possible_truncation,
    reason = "seven bits at a time are cut off"
)]
#[inline]
fn varint(mut number: u64, mut put: impl FnMut(u8)) {
    while number >= 0x80 {
        put((number & 0x7f | 0x80) as u8);
        number >>= 7;
    }
    put(number as u8);
}

#[inline]
pub(super) fn put_varint(bytes: &mut Vec<u8>, number: u64) {
    varint(number, |byte| bytes.push(byte));
}

/// The beginning of a feature is three names of fields and three numbers of at most ten bytes each, its
/// end is shorter.
const SHORT_BYTES_MAX: usize = 3 + 3 * 10;

/// A few bytes in the making: written without asking for room each time.
pub(super) struct Short {
    bytes: [u8; SHORT_BYTES_MAX],
    len: usize,
}

impl Short {
    pub(super) fn new() -> Self {
        Self {
            bytes: [0; SHORT_BYTES_MAX],
            len: 0,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    #[inline]
    pub(super) fn put_varint(&mut self, number: u64) {
        varint(number, |byte| self.push(byte));
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A number and what stands after it. Of bytes that were put there by [`put_varint`].
pub(super) fn take_varint(bytes: &[u8]) -> (u64, &[u8]) {
    let mut number = 0;
    for (index, byte) in bytes.iter().enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return (number, &bytes[index + 1..]);
        }
    }
    (number, &[])
}

pub(super) fn varint_len(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

pub(super) fn zigzag(number: i32) -> u64 {
    u64::from(((number << 1) ^ (number >> 31)).cast_unsigned())
}

pub(super) fn put_bytes(to: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    to.push(field);
    put_varint(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// The message of a text value.
pub(super) fn string_value(text: &str) -> Box<[u8]> {
    let mut value = Vec::with_capacity(text.len() + 3);
    put_bytes(&mut value, STRING_VALUE, text.as_bytes());
    value.into()
}

/// The message of a whole number.
pub(super) fn uint_value(number: u64) -> Box<[u8]> {
    let mut value = vec![UINT_VALUE];
    put_varint(&mut value, number);
    value.into()
}

/// Bytes of the length of a layer from 16 kB to 2 MB.
const USUAL_LEN_BYTES: usize = 3;

/// The beginning of a layer: what comes before its features, with room for its length.
pub(super) fn begin_layer(name: &str) -> Vec<u8> {
    let mut layer = Vec::with_capacity(4096);
    layer.push(TILE_LAYER);
    layer.extend([0; USUAL_LEN_BYTES]);
    layer.extend([LAYER_VERSION, 2]);
    put_bytes(&mut layer, LAYER_NAME, name.as_bytes());
    layer
}

/// A layer of a tile from its beginning with features, its keys, and its values, each a whole
/// `LAYER_VALUE`.
pub(super) fn end_layer<'k>(
    mut layer: Vec<u8>,
    keys: impl IntoIterator<Item = &'k str>,
    values: &[u8],
) -> Vec<u8> {
    for key in keys {
        put_bytes(&mut layer, LAYER_KEY, key.as_bytes());
    }
    layer.push(LAYER_EXTENT);
    put_varint(&mut layer, u64::from(EXTENT));
    layer.extend_from_slice(values);
    let room = 1..1 + USUAL_LEN_BYTES;
    let mut len = Vec::with_capacity(10);
    put_varint(&mut len, (layer.len() - room.end) as u64);
    // where it is as long as its room nothing moves
    layer.splice(room, len);
    layer
}
