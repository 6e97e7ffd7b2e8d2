//! Credit codes of our own for units that nobody gave one.
//!
//! They say: another department (Y), kind 1, no division (000000), organisation LCL and a number;
//! no office issues such a code, and both checks hold.

use crate::organisation::credit_code::{check, organisation_check};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_codes_are_told_by_their_beginning_and_end_after_99999() {
        let code = local(42).unwrap();
        assert!(
            code.starts_with("Y1000000LCL00042") && code.len() == 18,
            "{code}"
        );
        assert_eq!(check(&code[..17]), code.chars().last(), "{code}");
        assert_eq!(local(100_000), None);
    }
}
