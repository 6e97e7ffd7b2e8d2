//! Times of GA/T 1400: yyyyMMddHHmmss in Beijing time.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};

/// Digits of a whole time.
const DIGITS: usize = 14;
/// Beijing time is eight hours ahead, all year since 1992.
const BEIJING: FixedOffset = FixedOffset::east_opt(8 * 3600).expect("eight hours are an offset");

/// A time as devices write it: `20261122183000`, with milliseconds (`20261122183000123`), apart
/// (`2026-11-22 18:30:00`), or with a zone as RFC 3339 has it. Without a zone it is Beijing's.
pub fn read_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(zoned) = DateTime::parse_from_rfc3339(text) {
        return Some(zoned.to_utc());
    }
    let apart = |c: char| c.is_ascii_digit() || "-/: T.".contains(c);
    if !text.chars().all(apart) || text.len() > 32 {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (whole, rest) = digits.split_at_checked(DIGITS)?;
    let millis = match rest.len() {
        0 => 0,
        3 => rest.parse().ok()?,
        _ => return None,
    };
    // without it "123" would be a year
    let spaced = format!(
        "{}-{}-{} {}:{}:{}",
        &whole[..4],
        &whole[4..6],
        &whole[6..8],
        &whole[8..10],
        &whole[10..12],
        &whole[12..]
    );
    let naive = NaiveDateTime::parse_from_str(&spaced, "%Y-%m-%d %H:%M:%S").ok()?;
    let at = naive.and_local_timezone(BEIJING).single()?.to_utc();
    at.checked_add_signed(chrono::TimeDelta::milliseconds(millis))
}

/// A time as the standard has it.
pub fn written_time(at: DateTime<Utc>) -> String {
    at.with_timezone(&BEIJING)
        .format("%Y%m%d%H%M%S")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_time_is_beijings() {
        let expected: DateTime<Utc> = "2026-11-22T10:30:00Z".parse().unwrap();
        for text in [
            "20261122183000",
            " 20261122183000 ",
            "2026-11-22 18:30:00",
            "2026/11/22 18:30:00",
            "2026-11-22T18:30:00",
            "2026-11-22T18:30:00+08:00",
            "2026-11-22T10:30:00Z",
            "20261122183000000",
            "2026-11-22 18:30:00.000",
        ] {
            assert_eq!(read_time(text), Some(expected), "{text}");
        }
        let with_millis = read_time("20261122183000123").unwrap();
        assert_eq!((with_millis - expected).num_milliseconds(), 123);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026",
            "20261322183000",
            "20260230000000",
            "20261122243000",
            "2026112218300",
            "202611221830001",
            "２０２６１１２２１８３０００",
            "20261122183000Z",
            "now",
            "00000000000000",
        ] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0_i64..7_000_000_000) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            prop_assert_eq!(read_time(&written_time(at)), Some(at));
        }

        #[test]
        fn no_text_is_too_strange(text in ".{0,40}") {
            prop_assert!(read_time(&text).is_none_or(|at| at.timestamp() < 1 << 40));
        }

        #[test]
        fn digits_are_a_time_or_none(text in "[0-9 :./T-]{0,24}") {
            if let Some(at) = read_time(&text) {
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                prop_assert_eq!(&written_time(at)[..12], &digits[..12]);
            }
        }
    }
}
