use super::{Catalogue, Class, ClassKind};

fn class(code: &str) -> &'static Class {
    Catalogue::shipped().class(code.parse().unwrap()).unwrap()
}

#[test]
fn both_editions_are_complete() {
    let count = |edition: &str, kind| {
        Catalogue::shipped()
            .entries()
            .iter()
            .filter(|entry| entry.edition == edition && entry.kind == kind)
            .count()
    };
    assert_eq!(count("2013", ClassKind::Component), 121);
    assert_eq!(count("2013", ClassKind::Matter), 83);
    assert_eq!(count("2026", ClassKind::Component), 153);
    assert_eq!(count("2026", ClassKind::Matter), 250);
}

#[test]
fn a_class_of_both_editions_has_one_code_and_the_newer_name() {
    let snow = class("M10001");
    assert_eq!(snow.name_zh, "道路积雪、结冰");
    assert_eq!(snow.numbers["2013"], "0507");
    assert_eq!(snow.numbers["2026"], "10001");
}

#[test]
fn a_class_only_the_older_edition_has_keeps_its_number() {
    let flooded = class("E0506");
    assert_eq!(flooded.name_en, "Flooded road");
    assert_eq!(flooded.kind, ClassKind::Matter);
    assert_eq!(flooded.numbers.len(), 1);
}

#[test]
fn numbers_lead_to_classes() {
    let bin = Catalogue::shipped()
        .class_by_number("2013", ClassKind::Component, "0305")
        .unwrap();
    assert_eq!(bin.code.as_str(), "C03005");
    let unknown = Catalogue::shipped().class_by_number("2007", ClassKind::Component, "0305");
    assert_eq!(unknown, None);
}

#[test]
fn codes_say_what_kind_a_class_is() {
    for class in Catalogue::shipped().classes() {
        assert_eq!(
            class.code.is_component(),
            class.kind == ClassKind::Component,
            "{}",
            class.code
        );
        assert!(!class.name_zh.is_empty() && !class.name_en.is_empty());
    }
}

#[test]
fn sighting_rules_name_classes_that_exist() {
    let catalogue = Catalogue::shipped();
    assert_eq!(catalogue.sighting_rules().len(), 7);
    for (code, rule) in catalogue.sighting_rules() {
        assert_eq!(catalogue.class(*code).unwrap().kind, ClassKind::Matter);
        for snap in &rule.snap_classes {
            assert_eq!(catalogue.class(*snap).unwrap().kind, ClassKind::Component);
        }
    }
}
