//! Credit codes of our own for units that nobody gave one (统一社会信用代码, GB 32100-2015).
//!
//! A code is 1 character of the registering department, 1 of the kind, 6 digits of the division,
//! 9 of the organisation (GB 11714-1997: 8 and a check) and 1 check. Ours say: another
//! department (Y), kind 1, no division (000000), organisation LCL and a number; no office issues
//! such a code, and both checks hold.

/// The alphabet of GB 32100: no I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// What all codes of our own begin with.
pub(super) const LOCAL_PREFIX: &str = "Y1000000LCL";

/// The `number`th code of our own, from 1; `None` beyond 99,999.
pub(super) fn local(number: u32) -> Option<String> {
    let mut code = format!("{LOCAL_PREFIX}{number:05}");
    if code.len() != LOCAL_PREFIX.len() + 5 {
        return None;
    }
    code.push(organisation_check(&code[8..])?);
    code.push(check(&code)?);
    Some(code)
}

/// The check character of GB 32100: weights are powers of 3 modulo 31.
fn check(first_17: &str) -> Option<char> {
    let mut weight = 1;
    let mut sum = 0;
    for byte in first_17.bytes() {
        sum += ALPHABET.iter().position(|letter| *letter == byte)? * weight;
        weight = weight * 3 % 31;
    }
    let letter = ALPHABET[(31 - sum % 31) % 31];
    Some(char::from(letter))
}

/// The check character of GB 11714: letters count from A = 10, weights 3 7 9 10 5 8 4 2.
fn organisation_check(first_8: &str) -> Option<char> {
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
            assert_eq!(check(&code[..17]), code.chars().last(), "{code}");
            assert_eq!(
                organisation_check(&code[8..16]),
                code.chars().nth(16),
                "{code}"
            );
        }
    }

    #[test]
    fn our_own_codes_are_told_by_their_beginning_and_end_after_99999() {
        let code = local(42).unwrap();
        assert!(
            code.starts_with("Y1000000LCL00042") && code.len() == 18,
            "{code}"
        );
        assert!(code.bytes().all(|byte| ALPHABET.contains(&byte)), "{code}");
        assert_eq!(local(100_000), None);
    }
}
