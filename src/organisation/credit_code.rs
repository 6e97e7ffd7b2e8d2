//! Unified social credit codes (统一社会信用代码, GB 32100-2015).
//!
//! A code is 1 character of the registering department, 1 of the kind, 6 digits of the division,
//! 9 of the organisation (GB 11714-1997: 8 and a check) and 1 check.

/// The alphabet of GB 32100: no I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Whether `code` is 18 characters of the alphabet with the right check character.
pub(super) fn is_valid(code: &str) -> bool {
    code.len() == 18
        && code
            .char_indices()
            .next_back()
            .is_some_and(|(at, last)| check(&code[..at]) == Some(last))
}

/// The check character of GB 32100 for the 17 before it: weights are powers of 3 modulo 31.
/// `None` for characters outside the alphabet.
pub(crate) fn check(first_17: &str) -> Option<char> {
    let mut weight = 1;
    let mut sum = 0;
    for byte in first_17.bytes() {
        sum += ALPHABET.iter().position(|letter| *letter == byte)? * weight;
        weight = weight * 3 % 31;
    }
    let letter = ALPHABET[(31 - sum % 31) % 31];
    Some(char::from(letter))
}

/// The check character of GB 11714 for the 8 before it: letters count from A = 10, weights
/// 3 7 9 10 5 8 4 2.
pub(crate) fn organisation_check(first_8: &str) -> Option<char> {
    let weights = [3, 7, 9, 10, 5, 8, 4, 2];
    let mut sum = 0;
    for (letter, weight) in first_8.chars().zip(weights) {
        sum += letter.to_digit(36)? * weight;
    }
    match (11 - sum % 11) % 11 {
        10 => Some('X'),
        digit => char::from_digit(digit, 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes that companies print on their pages.
    #[test]
    fn the_checks_agree_with_codes_in_use() {
        for code in [
            "91440300708461136T",
            "91330100799655058B",
            "9144030071526726XG",
        ] {
            assert!(is_valid(code), "{code}");
            assert_eq!(
                organisation_check(&code[8..16]),
                code.chars().nth(16),
                "{code}"
            );
        }
    }

    #[test]
    fn a_mistyped_code_is_refused() {
        for code in [
            "",
            "91440300708461137T",
            "91440300708461136I",
            "91440300708461136",
            "9144030070846113六T",
        ] {
            assert!(!is_valid(code), "{code}");
        }
    }
}
