//! The words of one attribute, each once.

use std::collections::HashMap;

/// Words by number; a number never changes its word. Kept as the bytes of an MVT `Value`.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    numbers: HashMap<Box<str>, u32>,
    values: Vec<Box<[u8]>>,
}

/// Field 1 (`string_value`), length-delimited.
const STRING_VALUE: u8 = 1 << 3 | 2;

impl Dictionary {
    pub(super) fn number(&mut self, word: &str) -> u32 {
        if let Some(&number) = self.numbers.get(word) {
            return number;
        }
        let number = u32::try_from(self.values.len()).expect("fewer than 2^32 words");
        let mut value = vec![STRING_VALUE];
        super::encode::put_varint(&mut value, word.len() as u64);
        value.extend_from_slice(word.as_bytes());
        self.values.push(value.into());
        self.numbers.insert(word.into(), number);
        number
    }

    pub(super) fn value(&self, number: u32) -> &[u8] {
        &self.values[number as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Bytes held, for the gauge of memory.
    pub(super) fn bytes(&self) -> usize {
        let words: usize = self.numbers.keys().map(|word| word.len() + 40).sum();
        words
            + self
                .values
                .iter()
                .map(|value| value.len() + 16)
                .sum::<usize>()
    }
}
