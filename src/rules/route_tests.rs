use proptest::prelude::*;

use super::*;

fn class(code: &str) -> ClassCode {
    code.parse().unwrap()
}

const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;
const CELL: &str = "321202001001001";

fn any_classes() -> impl Strategy<Value = ClassScope> {
    prop::sample::select(vec!["", "M06", "M09", "C01", "M06042", "M06010", "C01002"])
        .prop_map(|text| ClassScope::try_from(text.to_owned()).unwrap())
}

fn any_place() -> impl Strategy<Value = PlaceScope> {
    let cells = prop::sample::select(vec![CELL, "321202001001002", "321202002001001"]);
    let digits = prop::sample::select(vec![0, 6, 9, 12, 15]);
    (cells, digits)
        .prop_map(|(cell, digits)| PlaceScope::try_from(cell[..digits].to_owned()).unwrap())
}

prop_compose! {
    fn any_rule()(
        classes in any_classes(),
        place in any_place(),
        unit in 1..9_i32,
        from in prop::option::of(-2..3_i64),
        to in prop::option::of(-2..3_i64),
    ) -> RouteRule {
        let hour = |hours| AT + chrono::TimeDelta::hours(hours);
        RouteRule {
            id: 0,
            classes,
            place,
            to: RouteTo::Unit(unit),
            valid_from: from.map(hour),
            valid_to: to.map(hour),
        }
    }
}

/// Slow and obvious: how well a rule fits, or not at all.
fn fit(
    rule: &RouteRule,
    class: ClassCode,
    cell: &str,
    at: DateTime<Utc>,
) -> Option<(usize, usize)> {
    let scope = rule.classes.to_string();
    let place = String::from(rule.place.clone());
    let not_yet = rule.valid_from.is_some_and(|from| at < from);
    let over = rule.valid_to.is_some_and(|to| at >= to);
    let fits = class.as_str().starts_with(&scope) && cell.starts_with(&place) && !not_yet && !over;
    fits.then_some((scope.len(), place.len()))
}

proptest! {
    #[test]
    fn what_fits_is_found_and_the_most_specific_comes_first(
        mut rules in prop::collection::vec(any_rule(), 0..30),
        asked in prop::sample::select(vec!["M06042", "M06010", "M09006", "C01002", "E0506"]),
    ) {
        for (id, rule) in (1..).zip(&mut rules) {
            rule.id = id;
        }
        let asked = class(asked);
        let mut expected: Vec<_> = rules
            .iter()
            .filter_map(|rule| Some((fit(rule, asked, CELL, AT)?, rule.id)))
            .collect();
        expected.sort_by_key(|(fit, id)| (std::cmp::Reverse(*fit), *id));
        let routes = Routes::new(rules.clone());
        let found: Vec<i64> = routes.fitting(asked, CELL, AT).map(|(_, rule)| rule.id).collect();
        let expected: Vec<i64> = expected.into_iter().map(|(_, id)| id).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_matter_of_the_component_groups_has_a_component_twin_and_others_none() {
    assert_eq!(component_twin(class("M01002")), Some(class("C01002")));
    assert_eq!(component_twin(class("M05009")), Some(class("C05009")));
    assert_eq!(component_twin(class("M06042")), None);
    assert_eq!(component_twin(class("C01002")), None);
    assert_eq!(component_twin(class("E0506")), None);
}

#[test]
fn a_place_is_the_city_a_part_of_it_or_a_cell() {
    for text in ["", "321202", "321202001", "321202001001", CELL] {
        assert!(PlaceScope::try_from(text.to_owned()).is_ok(), "{text}");
    }
    for text in ["3", "32120200100100a", "3212020010010010"] {
        assert!(PlaceScope::try_from(text.to_owned()).is_err(), "{text}");
    }
}
