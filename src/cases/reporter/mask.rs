//! What shows that it is somebody without showing who.

/// 张三 → 张*; 欧阳修文 → 欧***.
pub(super) fn name(clear: &str) -> String {
    let mut chars = clear.chars();
    let first: String = chars.by_ref().take(1).collect();
    let hidden = chars.count().max(1);
    first + &"*".repeat(hidden)
}

/// 13812341234 → 138****1234; short numbers keep their last two digits.
pub(super) fn phone(clear: &str) -> String {
    let digits: Vec<char> = clear.chars().filter(char::is_ascii_digit).collect();
    let (front, back) = if digits.len() >= 11 { (3, 4) } else { (0, 2) };
    let hidden = digits.len() - front - back;
    let shown = |part: &[char]| part.iter().collect::<String>();
    shown(&digits[..front]) + &"*".repeat(hidden) + &shown(&digits[digits.len() - back..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_phones_are_hidden() {
        assert_eq!(name("张三"), "张*");
        assert_eq!(name("张"), "张*");
        assert_eq!(name("欧阳修文"), "欧***");
        assert_eq!(phone("13812341234"), "138****1234");
        assert_eq!(phone("+86 138-1234-1234"), "861******1234");
        assert_eq!(phone("8612345"), "*****45");
    }
}
