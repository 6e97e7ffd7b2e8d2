use std::sync::Arc;

use geo_types::{LineString, MultiPolygon, Polygon};

use super::{Cell, Component, Components, Parts, Responsibility, Territory};
use crate::catalogue::ClassCode;
use crate::space::GroundPoint;
use crate::territory::{Edition, Rule, Unit};

const POINT: GroundPoint = GroundPoint {
    lon: 119.9,
    lat: 32.4,
};
const OWNER: i32 = 1;
const MAINTAINER: i32 = 2;
const FOR_THE_CLASS: i32 = 3;
const FOR_THE_REST: i32 = 4;
const FOR_THE_GROUP: i32 = 5;

fn class(code: &str) -> ClassCode {
    code.parse().unwrap()
}

fn cell() -> (Cell, MultiPolygon<f64>) {
    let square = [
        (119.89, 32.39),
        (119.91, 32.39),
        (119.91, 32.41),
        (119.89, 32.41),
    ];
    let border = Polygon::new(LineString::from(square.to_vec()), Vec::new());
    let cell = Cell {
        id: 7,
        code: "321202001001001".to_owned(),
        name: "Market".to_owned(),
        edition_id: 1,
    };
    (cell, MultiPolygon(vec![border]))
}

fn bin() -> Component {
    Component {
        id: 70,
        class: class("C03005"),
        code: None,
        name: "Bin".to_owned(),
        at: GroundPoint {
            lon: 119.900_053_2,
            lat: 32.4,
        },
        owner_unit_id: None,
        maintenance_unit_id: None,
    }
}

/// One cell around [`POINT`] and a bin five metres east of it.
fn territory(
    owner_unit_id: Option<i32>,
    maintenance_unit_id: Option<i32>,
    rules: &[(&str, i32)],
) -> Territory {
    territory_without(&[], owner_unit_id, maintenance_unit_id, rules)
}

/// The same after some units have ended.
fn territory_without(
    ended: &[i32],
    owner_unit_id: Option<i32>,
    maintenance_unit_id: Option<i32>,
    rules: &[(&str, i32)],
) -> Territory {
    let edition = |id| {
        let published_at = "2026-11-01T00:00:00Z".parse().unwrap();
        (
            id,
            Edition {
                id,
                note: format!("edition {id}"),
                published_at,
            },
        )
    };
    let bin = Component {
        owner_unit_id,
        maintenance_unit_id,
        ..bin()
    };
    let parts = Parts {
        cells: vec![cell()],
        responsibilities: (100..)
            .zip(rules)
            .map(|(id, (classes, unit_id))| {
                (
                    7,
                    classes.parse().unwrap(),
                    Responsibility {
                        id: Some(id),
                        unit_id: *unit_id,
                        edition_id: 2,
                    },
                )
            })
            .collect(),
        units: (1..=5)
            .map(|id| {
                (
                    id,
                    Unit {
                        id,
                        name_zh: format!("单位{id}"),
                        name_en: format!("Unit {id}"),
                    },
                )
            })
            .collect(),
        ended_units: ended.iter().copied().collect(),
        editions: [edition(1), edition(2)].into(),
        ..Parts::default()
    };
    Territory::build(parts, Arc::new(Components::build(vec![bin])))
}

/// R3.5: the most specific rule wins; where there is none, the gap shows.
#[track_caller]
fn check(territory: &Territory, rule: Rule, unit_id: Option<i32>, edition_id: i32) {
    let placement = territory
        .locate(POINT, class("M06042"), &[class("C03005")], 10.0)
        .unwrap();
    assert_eq!(placement.because.rule, rule);
    assert_eq!(placement.unit.map(|unit| unit.id), unit_id);
    assert_eq!(placement.because.edition.id, edition_id);
    let by_component = matches!(rule, Rule::ComponentMaintenance | Rule::ComponentOwner);
    assert_eq!(placement.because.component_id, by_component.then_some(70));
    assert_eq!(
        placement.because.responsibility_id.is_some(),
        edition_id == 2
    );
    assert_eq!(placement.component.unwrap().id, 70);
}

#[test]
fn r3_5_the_most_specific_rule_names_the_unit() {
    let rules = [
        ("M06042", FOR_THE_CLASS),
        ("M06", FOR_THE_GROUP),
        ("", FOR_THE_REST),
    ];
    check(
        &territory(Some(OWNER), Some(MAINTAINER), &rules),
        Rule::ComponentMaintenance,
        Some(MAINTAINER),
        1,
    );
    check(
        &territory(Some(OWNER), None, &rules),
        Rule::ComponentOwner,
        Some(OWNER),
        1,
    );
    check(
        &territory(None, None, &rules),
        Rule::CellClass,
        Some(FOR_THE_CLASS),
        2,
    );
    check(
        &territory(None, None, &rules[1..]),
        Rule::CellGroup,
        Some(FOR_THE_GROUP),
        2,
    );
    check(
        &territory(None, None, &rules[2..]),
        Rule::CellDefault,
        Some(FOR_THE_REST),
        2,
    );
}

#[test]
fn r3_5_a_unit_that_has_ended_is_passed_over() {
    let rules = [
        ("M06042", FOR_THE_CLASS),
        ("M06", FOR_THE_GROUP),
        ("", FOR_THE_REST),
    ];
    let mut ended = Vec::new();
    for (next, rule, unit, edition) in [
        (MAINTAINER, Rule::ComponentOwner, Some(OWNER), 1),
        (OWNER, Rule::CellClass, Some(FOR_THE_CLASS), 2),
        (FOR_THE_CLASS, Rule::CellGroup, Some(FOR_THE_GROUP), 2),
        (FOR_THE_GROUP, Rule::CellDefault, Some(FOR_THE_REST), 2),
        (FOR_THE_REST, Rule::Nobody, None, 1),
    ] {
        ended.push(next);
        let territory = territory_without(&ended, Some(OWNER), Some(MAINTAINER), &rules);
        check(&territory, rule, unit, edition);
        assert!(!territory.is_standing(next) && territory.unit(next).is_some());
    }
}

#[test]
fn r3_5_where_no_rule_is_the_gap_shows() {
    check(&territory(None, None, &[]), Rule::Nobody, None, 1);
    for others in ["M09006", "M09"] {
        let rules = [(others, FOR_THE_CLASS)];
        check(&territory(None, None, &rules), Rule::Nobody, None, 1);
    }
}

#[test]
fn a_component_out_of_reach_decides_nothing() {
    let territory = territory(Some(OWNER), None, &[("", FOR_THE_REST)]);
    let placement = territory
        .locate(POINT, class("M06042"), &[class("C03005")], 4.9)
        .unwrap();
    assert_eq!(placement.component, None);
    assert_eq!(placement.because.rule, Rule::CellDefault);
    assert_eq!(placement.because.distance_m, None);
}

#[test]
fn the_reasons_say_how_far() {
    let placement = territory(Some(OWNER), None, &[])
        .locate(POINT, class("M06042"), &[class("C03005")], 10.0)
        .unwrap();
    let distance_m = placement.because.distance_m.unwrap();
    assert!((distance_m - 5.0).abs() < 0.01, "{distance_m}");
    assert_eq!(placement.because.border_m, None, "there is no other cell");
    assert_eq!(placement.because.cell_code, "321202001001001");
}

#[test]
fn an_empty_territory_places_nothing() {
    let territory = Territory::build(Parts::default(), Arc::default());
    assert_eq!(territory.cell_at(POINT), None);
    assert_eq!(territory.nearest(class("C03005"), POINT, 100.0), None);
    assert_eq!(territory.locate(POINT, class("M06042"), &[], 0.0), None);
}
