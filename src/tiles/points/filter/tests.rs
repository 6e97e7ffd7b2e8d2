use proptest::prelude::*;

use super::*;
use crate::tiles::Grid;
use crate::tiles::points::{Names, Policy};
use crate::tiles::world::WorldPoint;

const COLUMNS: &[Column] = &[
    Column {
        key: "class",
        kind: Kind::Shared,
    },
    Column {
        key: "code",
        kind: Kind::Own,
    },
    Column {
        key: "due",
        kind: Kind::Number,
    },
];

fn layer() -> PointLayer {
    let names = Names {
        points: "a",
        summary: "b",
        thinned: "c",
    };
    let policy = "bytes_max = 1000\n[[zoom]]\nfrom = 0\nshow = \"points\"\nattributes = []";
    PointLayer::new(
        Grid::WebMercatorQuad,
        names,
        COLUMNS,
        Policy::parse(policy, COLUMNS).unwrap(),
    )
}

type Row = (Option<&'static str>, Option<&'static str>, Option<u64>);

const ROWS: [Row; 4] = [
    (Some("C03005"), Some("a'1"), Some(100)),
    (Some("C01037"), None, Some(1_796_083_200)),
    (None, Some("井盖-2"), None),
    (Some("P01"), Some("100%"), Some(20_261_128)),
];

/// The rows that a filter lets through.
fn through(filter: &str) -> Vec<usize> {
    let mut layer = layer();
    let points: Vec<Vec<u32>> = ROWS
        .iter()
        .map(|(class, code, due)| {
            let values = [
                class.map(Value::Text),
                code.map(Value::Text),
                due.map(Value::Number),
            ];
            let at = WorldPoint { x: 1, y: 1 };
            layer.point(1, at, &values).words.into()
        })
        .collect();
    let filter = Filter::parse(filter, COLUMNS).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let prepared = layer.prepare(&filter);
    (0..ROWS.len())
        .filter(|row| prepared.holds(&points[*row]))
        .collect()
}

#[test]
fn a_filter_lets_through_what_sql_would() {
    for (filter, expected) in [
        ("class = 'C03005'", &[0][..]),
        ("class <> 'C03005'", &[1, 3]),
        ("NOT class = 'C03005'", &[1, 3]),
        ("class in ('C03005','P01')", &[0, 3]),
        ("class NOT IN ('C03005', 'P01')", &[1]),
        ("class is null", &[2]),
        ("class IS NOT NULL and due > 100", &[1, 3]),
        ("due >= 100", &[0, 1, 3]),
        ("due < 101 or code is null", &[0, 1]),
        ("due <= 99", &[]),
        ("due between 100 and 20261128", &[0, 3]),
        ("due not between 100 and 20261128", &[1]),
        ("due = DATE('2026-11-28')", &[3]),
        ("due = TIMESTAMP('2026-12-01T08:00:00+08:00')", &[1]),
        ("code like 'a_1'", &[0]),
        ("code = 'a''1'", &[0]),
        ("code LIKE '井%'", &[2]),
        ("code not like '%1%'", &[2]),
        ("\"class\" like 'C%' and (due = 100 or due = 5)", &[0]),
        ("class > 'C02'", &[0, 3]),
        ("due = '100'", &[]),
        // neither true nor false: what is unknown is not let through either way
        ("due > 0 or code is null", &[0, 1, 3]),
        ("not (due > 0)", &[]),
        ("not (due > 0 and code like 'z%')", &[0, 2, 3]),
    ] {
        assert_eq!(through(filter), expected, "{filter}");
    }
}

#[test]
fn what_is_no_filter_is_refused_with_its_place() {
    for (filter, message) in [
        ("", "at character 0: expected one of class, code, due"),
        (
            "owner = 1",
            "at character 0: expected one of class, code, due",
        ),
        (
            "class = ",
            "at character 8: expected a text in quotes, a whole number, timestamp or date",
        ),
        ("class = 'a", "at character 8: expected a closing '"),
        (
            "class = 'a' due = 1",
            "at character 12: expected and, or, or the end",
        ),
        ("(class = 'a'", "at character 12: expected )"),
        (
            "class ~ 'a'",
            "at character 6: expected a name, a value or a sign",
        ),
        (
            "class",
            "at character 5: expected a comparison, like, between, in or is null",
        ),
        ("井 = 1", "at character 0: expected one of class, code, due"),
        (
            "due = 99999999999999999999",
            "at character 6: expected a smaller number",
        ),
        (
            "due = DATE('28.11.')",
            "at character 11: expected a day as '2026-12-01'",
        ),
        (
            "code like 5",
            "at character 10: expected a pattern in quotes",
        ),
    ] {
        let error = Filter::parse(filter, COLUMNS).unwrap_err().to_string();
        assert_eq!(error, message, "{filter}");
    }
    let deep = format!("{}due = 1{}", "(".repeat(5000), ")".repeat(5000));
    assert!(Filter::parse(&deep, COLUMNS).is_err());
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in "[a-z'\"()<>=,%_ 0-9井]{0,60}") {
        // an answer, whichever
        drop(Filter::parse(&text, COLUMNS));
    }

    #[test]
    fn like_is_as_the_obvious_way_says(pattern in "[ab%_]{0,8}", text in "[ab]{0,8}") {
        fn obvious(pattern: &[u8], text: &[u8]) -> bool {
            match (pattern.split_first(), text.split_first()) {
                (None, None) => true,
                (Some((b'%', rest)), _) => obvious(rest, text)
                    || text.split_first().is_some_and(|(_, after)| obvious(pattern, after)),
                (Some((one, rest)), Some((first, after))) => {
                    (*one == b'_' || one == first) && obvious(rest, after)
                }
                _ => false,
            }
        }
        prop_assert_eq!(like(&pattern, &text), obvious(pattern.as_bytes(), text.as_bytes()));
    }
}
