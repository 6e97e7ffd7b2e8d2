use std::path::Path;

use proptest::prelude::*;

use super::*;

fn read(examples: &Path, kind: &str, ending: &str) -> Vec<(String, String)> {
    let folder = examples.join(kind);
    let mut files: Vec<(String, String)> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|is| is == ending))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() > 100, "{}", files.len());
    files
}

#[test]
fn every_example_of_the_standard_is_read_and_text_means_what_json_means() {
    let Some(data) = std::env::var_os("CITYWARD_DATA") else {
        println!("CITYWARD_DATA is not set: the standard's examples are not read");
        return;
    };
    let examples = Path::new(&data).join("fixtures/cql2/examples");
    let json: std::collections::BTreeMap<String, Expr> = read(&examples, "json", "json")
        .into_iter()
        .map(|(name, text)| {
            let filter = Expr::from_json(&text);
            (
                name.clone(),
                filter.unwrap_or_else(|error| panic!("{name}: {error}")),
            )
        })
        .collect();
    let mut compared = 0;
    for (name, text) in read(&examples, "text", "txt") {
        let filter = Expr::from_text(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some(same) = json.get(&name) {
            assert_eq!(&filter, same, "{name}: {text}");
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, at) in [
        ("class = ", 8),
        ("class = 'M06042", 8),
        ("(class = 'a'", 12),
        ("class not 'a'", 10),
        ("a = DATE('soon')", 9),
        ("S_INTERSECTS(geometry, POINT(1))", 23),
        ("a = 1 b", 6),
        ("é = ;", 4),
    ] {
        let error = Expr::from_text(text).unwrap_err();
        let InvalidFilter::Text { at: place, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*place, at, "{text}: {error}");
    }
    let wrong = r#"{"op":"and","args":[true,{"op":"="}]}"#;
    let error = Expr::from_json(wrong).unwrap_err();
    assert_eq!(error.to_string(), "at /args/1/: expected args");
}

#[test]
fn nobody_needs_so_many_brackets() {
    let deep = |times: usize| format!("{}a = 1{}", "(".repeat(times), ")".repeat(times));
    assert!(Expr::from_text(&deep(28)).is_ok());
    assert!(Expr::from_text(&deep(10_000)).is_err());
    let nested = |times: usize| {
        let not = r#"{"op":"not","args":["#.repeat(times);
        format!("{not}true{}", "]}".repeat(times))
    };
    assert!(Expr::from_json(&nested(30)).is_ok());
    assert!(Expr::from_json(&nested(5_000)).is_err());
}

// that nothing panics is all there is to see
proptest! {
    #[test]
    fn whatever_somebody_writes_is_answered(text in "\\PC{0,80}") {
        drop((Expr::from_text(&text), Expr::from_json(&text)));
    }

    #[test]
    fn so_is_what_looks_like_a_filter(
        words in proptest::collection::vec(
            prop_oneof![
                Just("a"), Just("'t'"), Just("1.5"), Just("("), Just(")"), Just(","), Just("and"),
                Just("not"), Just("="), Just("-"), Just("in"), Just("between"), Just("like"),
                Just("POINT"), Just("Z"), Just("interval"), Just("'..'"), Just("bbox"), Just("is"),
                Just("null"), Just("date"), Just("^"), Just("\"q\""), Just("empty")],
            0..24)
    ) {
        drop(Expr::from_text(&words.join(" ")));
    }
}

#[test]
fn what_would_go_too_deep_is_refused() {
    for deep in [
        format!("a = {}1", "1-".repeat(20_000)),
        format!("a = {}1", "2*".repeat(20_000)),
        format!("{}a", "(".repeat(30_000)),
        format!("a = {}1", "-(".repeat(20_000)),
        "INTERVAL(".repeat(7_000),
        format!("S_INTERSECTS(g, {})", "GEOMETRYCOLLECTION(".repeat(3_000)),
        format!(
            "S_INTERSECTS(g, {}POINT(1 1){})",
            "GEOMETRYCOLLECTION(".repeat(2_000),
            ")".repeat(2_000)
        ),
        format!("{}a=1", "casei(".repeat(10_000)),
    ] {
        let refused = Expr::from_text(&deep);
        assert!(refused.is_err(), "{}", &deep[..40]);
    }
    let deep = format!(
        "{}1{}",
        r#"{"op":"not","args":["#.repeat(3_000),
        "]}".repeat(3_000)
    );
    assert!(Expr::from_json(&deep).is_err());
    let much = format!("a = {}1", "1+".repeat(60));
    assert!(Expr::from_text(&much).is_ok());
    let many = vec!["a = 1"; 2_000].join(" or ");
    assert!(Expr::from_text(&many).is_ok());
}
