//! After any changes components are found as if all had been indexed anew.

use proptest::prelude::*;

use super::*;

fn component(id: i64, class: &str, (x, y): (u8, u8)) -> Component {
    Component {
        id,
        class: class.parse().unwrap(),
        code: None,
        name: String::new(),
        at: GroundPoint {
            lon: 119.9 + f64::from(x) * 1e-5,
            lat: 32.4 + f64::from(y) * 1e-5,
        },
        owner_unit_id: None,
        maintenance_unit_id: None,
    }
}

fn class() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("C03005"), Just("C01001")]
}

/// A component, and what becomes of it: nothing is left of it, or it stands there.
type Change = (i64, Option<(&'static str, (u8, u8))>);

fn change() -> impl Strategy<Value = Change> {
    (0..40_i64, prop::option::of((class(), any::<(u8, u8)>())))
}

proptest! {
    #[test]
    fn changes_beside_a_register_are_a_register(
        batches in prop::collection::vec(prop::collection::vec(change(), 0..12), 1..6),
        points in prop::collection::vec(any::<(u8, u8)>(), 8),
        class in class(),
        within_m in 0.0..300.0_f64,
    ) {
        let mut all: std::collections::BTreeMap<i64, Component> = (0..20_u8)
            .map(|number| (number.into(), component(number.into(), "C03005", (number * 11, number * 7))))
            .collect();
        let mut components = Components::build(all.values().cloned().collect());
        for batch in batches {
            for (id, becomes) in &batch {
                match becomes {
                    Some((class, at)) => all.insert(*id, component(*id, class, *at)),
                    None => all.remove(id),
                };
            }
            let ids: HashSet<i64> = batch.iter().map(|(id, _)| *id).collect();
            let now = ids.iter().filter_map(|id| all.get(id)).cloned().collect();
            components = components.changed(&ids, now);
            let anew = Components::build(all.values().cloned().collect());
            let class: ClassCode = class.parse().unwrap();
            for at in &points {
                let point = component(0, "C03005", *at).at;
                let nearest = |of: &Components| {
                    let (component, distance_m) = of.of_class(class)?.nearest(point, within_m)?;
                    Some((component.clone(), distance_m))
                };
                let (found, expected) = (nearest(&components), nearest(&anew));
                prop_assert_eq!(found.is_some(), expected.is_some());
                if let (Some((component, distance_m)), Some((_, expected_m))) = (found, expected) {
                    // of equally near ones, rounding may prefer either
                    prop_assert!((distance_m - expected_m).abs() < 1e-3);
                    prop_assert_eq!(all.get(&component.id), Some(&component));
                    prop_assert_eq!(component.class, class);
                }
            }
        }
    }
}

#[test]
fn many_changes_become_part_of_the_register() {
    let stand = |id: i64| component(id, "C03005", (u8::try_from(id % 200).unwrap(), 7));
    let few = Components::build((0..100).map(stand).collect());
    let ids: HashSet<i64> = (50..50 + SINCE_MIN as i64 + 1).collect();
    let now = ids.iter().map(|id| stand(*id)).collect();
    let many = few.changed(&ids, now);
    assert!(many.outdated.is_empty() && many.since.list.is_empty());
    assert_eq!(many.base.list.len(), 50 + SINCE_MIN + 1);
    assert!(many.base.list.is_sorted_by_key(|component| component.id));
}
