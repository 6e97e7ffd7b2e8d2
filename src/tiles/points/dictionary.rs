//! The values of one attribute, each once.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::column::Value;
use crate::tiles::wire::{STRING_VALUE, UINT_VALUE, put_bytes, put_varint, take_varint};

/// Values by number; a number never changes its value. Kept as the bytes of an MVT `Value`, one
/// after another.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    bytes: Vec<u8>,
    /// Where each value ends.
    ends: Vec<u32>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Dictionary {
    pub(super) fn number(&mut self, value: Value<'_>) -> u32 {
        let start = self.bytes.len();
        put_value(&mut self.bytes, value);
        let Self {
            bytes,
            ends,
            numbers,
            hasher,
        } = self;
        let (known, new) = bytes.split_at(start);
        let hash = hasher.hash_one(new);
        if let Some(&number) = numbers.find(hash, |&number| slice(known, ends, number) == new) {
            self.bytes.truncate(start);
            return number;
        }
        let number = u32::try_from(ends.len()).expect("fewer than 2^32 values");
        let end = u32::try_from(bytes.len()).expect("less than 4 GiB of values");
        ends.push(end);
        numbers.insert_unique(hash, number, |&number| {
            hasher.hash_one(slice(bytes, ends, number))
        });
        number
    }

    /// The number of a value that is there.
    pub(super) fn find(&self, value: Value<'_>) -> Option<u32> {
        let mut wanted = Vec::new();
        put_value(&mut wanted, value);
        let same = |number: &u32| self.bytes_of(*number) == wanted;
        self.numbers
            .find(self.hasher.hash_one(&wanted[..]), same)
            .copied()
    }

    /// The bytes of an MVT `Value`.
    pub(super) fn bytes_of(&self, number: u32) -> &[u8] {
        slice(&self.bytes, &self.ends, number)
    }

    pub(super) fn value(&self, number: u32) -> Value<'_> {
        let bytes = self.bytes_of(number);
        let (content, rest) = take_varint(&bytes[1..]);
        if bytes[0] == UINT_VALUE {
            Value::Number(content)
        } else {
            Value::Text(std::str::from_utf8(rest).expect("was put in as text"))
        }
    }

    /// A value that is a text; empty for a number.
    pub(super) fn text(&self, number: u32) -> &str {
        match self.value(number) {
            Value::Text(text) => text,
            Value::Number(_) => "",
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes held, for the gauge of memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 4 + self.numbers.capacity() * 5
    }
}

fn slice<'a>(bytes: &'a [u8], ends: &[u32], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    &bytes[start as usize..ends[number] as usize]
}

/// Appends the bytes of an MVT `Value`.
pub(super) fn put_value(bytes: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Text(text) => put_bytes(bytes, STRING_VALUE, text.as_bytes()),
        Value::Number(number) => {
            bytes.push(UINT_VALUE);
            put_varint(bytes, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_comes_back_and_has_one_number(texts in prop::collection::vec("\\PC{0,200}", 1..40), number: u64) {
            let mut dictionary = Dictionary::default();
            let numbers: Vec<u32> = texts.iter()
                .map(|text| dictionary.number(Value::Text(text))).collect();
            let of_number = dictionary.number(Value::Number(number));
            prop_assert_eq!(dictionary.value(of_number), Value::Number(number));
            for (text, number) in texts.iter().zip(numbers) {
                prop_assert_eq!(dictionary.value(number), Value::Text(text.as_str()));
                prop_assert_eq!(dictionary.number(Value::Text(text)), number);
            }
        }
    }
}
