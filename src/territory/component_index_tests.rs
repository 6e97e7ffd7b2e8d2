use proptest::prelude::*;

use super::ComponentIndex;
use crate::space::GroundPoint;

fn place() -> impl Strategy<Value = GroundPoint> {
    // mostly a few hundred metres, sometimes kilometres away
    prop_oneof![
        (119.9..119.905, 32.4..32.404),
        (119.85..119.95, 32.35..32.45),
    ]
    .prop_map(|(lon, lat)| GroundPoint { lon, lat })
}

proptest! {
    #[test]
    fn the_nearest_is_the_one_found_by_asking_all(
        places in prop::collection::vec(place(), 1..200),
        points in prop::collection::vec(place(), 20),
        within_m in prop_oneof![Just(5.0), Just(50.0), Just(800.0), Just(f64::INFINITY)],
    ) {
        let places: Vec<(u32, GroundPoint)> = (0..).zip(places).collect();
        let index = ComponentIndex::build(&places).unwrap();
        for point in points {
            let expected_m = places
                .iter()
                .map(|(_, at)| point.distance_m(*at))
                .filter(|distance_m| *distance_m <= within_m)
                .min_by(f64::total_cmp);
            let found = index.nearest(point, within_m, |_| true);
            prop_assert_eq!(found.is_some(), expected_m.is_some());
            if let (Some((component, distance_m)), Some(expected_m)) = (found, expected_m) {
                prop_assert!((distance_m - expected_m).abs() < 1e-3);
                let at = places[component as usize].1;
                prop_assert!((point.distance_m(at) - distance_m).abs() < 1e-3);
            }
        }
    }
}

#[test]
fn what_is_mistaken_to_be_far_away_makes_the_others_no_coarser() {
    let at = |lon, lat| GroundPoint { lon, lat };
    // a centimetre apart, and two that somebody left without a place or with the sides exchanged
    let places = [
        (0, at(119.9, 32.4)),
        (1, at(119.900_000_1, 32.4)),
        (2, at(0.0, 0.0)),
        (3, at(32.4, 89.9)),
        (4, at(119.95, 32.45)),
    ];
    let index = ComponentIndex::build(&places).unwrap();
    for (component, place) in places {
        let (found, distance_m) = index.nearest(place, 100.0, |_| true).unwrap();
        assert_eq!(found, component);
        assert!(distance_m < 1e-3, "{component}: {distance_m}");
    }
    assert_eq!(index.nearest(at(50.0, 50.0), 100.0, |_| true), None);
    let near = index
        .nearest(at(0.1, 0.0), f64::INFINITY, |_| true)
        .unwrap();
    assert_eq!(near.0, 2);
}

#[test]
fn of_two_equally_near_the_first_is_taken() {
    let here = GroundPoint {
        lon: 119.9,
        lat: 32.4,
    };
    let index = ComponentIndex::build(&[(4, here), (7, here)]).unwrap();
    let found = index.nearest(
        GroundPoint {
            lon: 119.9,
            lat: 32.4001,
        },
        50.0,
        |_| true,
    );
    assert_eq!(found.map(|(component, _)| component), Some(4));
}

#[test]
fn beyond_reach_there_is_nothing() {
    let index = ComponentIndex::build(&[(
        0,
        GroundPoint {
            lon: 119.9,
            lat: 32.4,
        },
    )])
    .unwrap();
    let eleven_m_north = GroundPoint {
        lon: 119.9,
        lat: 32.4001,
    };
    assert_eq!(index.nearest(eleven_m_north, 11.0, |_| true), None);
    let (_, distance_m) = index.nearest(eleven_m_north, 11.2, |_| true).unwrap();
    assert!((distance_m - 11.09).abs() < 0.01, "{distance_m}");
}
