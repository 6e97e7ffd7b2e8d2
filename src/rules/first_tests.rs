use super::*;
use crate::catalogue::{Catalogue, Class};
use crate::rules::RuleSet;
use crate::rules::set::STAGES;

fn set() -> RuleSet {
    RuleSet::example()
}

fn class(code: &str) -> ClassCode {
    code.parse().unwrap()
}

#[test]
fn every_class_of_the_2026_edition_has_a_condition() {
    let set = set();
    let without: Vec<&Class> = Catalogue::shipped()
        .classes()
        .filter(|class| class.numbers.contains_key("2026"))
        .filter(|class| set.conditions_of(class.code).is_empty())
        .collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn every_condition_is_whole_and_of_a_known_class() {
    let set = set();
    assert_eq!(set.conditions().len(), 925);
    for condition in set.conditions() {
        let known = Catalogue::shipped().class(condition.class);
        assert!(known.is_some(), "{condition:?}");
        assert!(!condition.text_zh.is_empty() && !condition.text_en.is_empty());
        assert!(condition.limit > TimeDelta::zero(), "{condition:?}");
        assert!(!condition.closing.is_empty());
        for closing in &condition.closing {
            assert!(
                !closing.zh.is_empty() && !closing.en.is_empty(),
                "{condition:?}"
            );
        }
    }
    for of_class in set
        .conditions()
        .chunk_by(|one, next| one.class == next.class)
    {
        let numbers: Vec<i16> = of_class.iter().map(|condition| condition.number).collect();
        let expected: Vec<i16> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, expected, "{}", of_class[0].class);
    }
}

/// R13.3: the article's list, and nothing else.
#[test]
fn the_emergencies_are_those_of_article_13() {
    let set = set();
    let emergencies: Vec<_> = set
        .conditions()
        .iter()
        .filter(|condition| condition.emergency)
        .collect();
    assert_eq!(emergencies.len(), 32);
    for condition in &emergencies {
        assert_eq!(condition.source, "regulation Art. 13");
        assert_eq!(condition.calendar, CalendarKind::Continuous);
        assert_eq!(condition.limit, TimeDelta::hours(24));
        assert_eq!(condition.closing.len(), 2, "guarded, then repaired");
    }
    for named in ["C01002", "E0505", "M10002", "C01030"] {
        assert!(
            emergencies
                .iter()
                .any(|condition| condition.class == class(named)),
            "{named}"
        );
    }
}

#[test]
fn a_working_day_is_eight_hours_and_another_day_twenty_four() {
    let set = set();
    let grate = &set.conditions_of(class("C01004"));
    let blocked = grate.iter().find(|row| row.text_zh.starts_with("堵塞"));
    let blocked = blocked.unwrap();
    assert_eq!(blocked.limit, TimeDelta::hours(8));
    assert_eq!(blocked.calendar, CalendarKind::Working);
    let illegal = &set.conditions_of(class("M06001"))[0];
    assert_eq!(illegal.limit, TimeDelta::days(2));
    assert_eq!(illegal.calendar, CalendarKind::Continuous);
}

#[test]
fn a_components_fault_is_filed_under_the_components_conditions() {
    let set = set();
    assert_eq!(
        set.conditions_of(class("M01001")),
        set.conditions_of(class("C01001"))
    );
}

#[test]
fn the_policy_makes_sense_and_every_stage_has_a_limit() {
    let set = set();
    assert_eq!(set.policy().problem(), None);
    for stage in STAGES {
        assert!(set.stage_limit(stage).limit > TimeDelta::zero());
    }
    assert_eq!(set.calendar(), &WorkCalendar::china_2026());
}

/// R7.2: the most precise rule applies.
#[test]
fn the_collection_rule_of_a_class_goes_before_that_of_its_group() {
    let set = set();
    assert_eq!(set.collection(class("M09006")).report_photos_min, 0);
    assert_eq!(set.collection(class("C01002")).report_photos_min, 2);
    assert!(set.collection(class("M06001")).text_required);
    assert!(!set.collection(class("M06010")).text_required);
}
