//! What a reporter asks about their case with.

use std::fmt;

use rand::Rng as _;
use sha2::{Digest as _, Sha256};

/// Without those that are mistaken for each other: Crockford's base 32.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 80 bits.
const LETTERS: usize = 16;

/// A random code that is shown once and kept only as a digest: `7K2F-…`. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct QueryCode(String);

impl QueryCode {
    pub(super) fn new() -> Self {
        let mut rng = rand::rng();
        let letter = |_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]);
        Self((0..LETTERS).map(letter).collect())
    }

    /// As somebody types it: small letters and dashes are no difference, O is 0, I and L are 1.
    pub(super) fn from_request(text: &str) -> Option<Self> {
        let letter = |c: char| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        };
        let letters = text.chars().filter(|c| !matches!(c, '-' | ' ')).map(letter);
        let code: String = letters.take(LETTERS + 1).collect();
        let known = code.bytes().all(|letter| ALPHABET.contains(&letter));
        (known && code.len() == LETTERS).then_some(Self(code))
    }

    /// What the database keeps; 80 random bits need no slow hash.
    pub(super) fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// To be shown to the reporter, once: four groups of four.
    pub fn reveal(&self) -> String {
        let groups: Vec<&str> = (0..4)
            .map(|group| &self.0[group * 4..group * 4 + 4])
            .collect();
        groups.join("-")
    }
}

impl fmt::Debug for QueryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueryCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_again_however_it_is_typed() {
        let code = QueryCode::new();
        let shown = code.reveal();
        assert_eq!(shown.len(), 19);
        assert_eq!(
            QueryCode::from_request(&shown).unwrap().sha256(),
            code.sha256()
        );
        let typed = format!(
            " {} ",
            shown.to_lowercase().replace('0', "o").replace('1', "l")
        );
        assert_eq!(
            QueryCode::from_request(&typed).unwrap().sha256(),
            code.sha256()
        );
        for wrong in [
            "",
            "0123-4567-89AB-CDE",
            "0123-4567-89AB-CDEFG",
            "0123-4567-89AB-CDEU",
            "井井井井",
        ] {
            assert!(QueryCode::from_request(wrong).is_none(), "{wrong}");
        }
    }
}
