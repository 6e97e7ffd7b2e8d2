use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use uuid::Uuid;

use super::super::Picture;
use super::*;
use crate::ground::Fix;
use crate::space::{ErrorEllipse, LocalFrame, LocalPoint, PixelBox};
use crate::territory::{Because, Edition, PlacedCell, PlacedComponent, Placement, Rule};
use crate::vision::ModelRef;

const BIN_FULL: &str = "M06042";

fn rule(confirm_frames: i16, confirm_of: i16) -> Arc<SightingRule> {
    Arc::new(SightingRule {
        snap_classes: Vec::new(),
        join_radius_m: 10.0,
        join_window_s: 600,
        confirm_frames,
        confirm_of,
        confidence_min: 0.5,
        stay: None,
        standing: None,
        reach_m: 3.0,
        only_at_component: false,
        over_s: 0,
        is_static: false,
        width_min_m: None,
        width_max_m: None,
    })
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn camera(name: &str) -> CameraId {
    name.to_owned().try_into().unwrap()
}

/// A full bin `east_m` east of a fixed spot, seen at `second`.
fn seen(rule: &Arc<SightingRule>, second: i64, east_m: f64) -> Sighting {
    let class: ClassCode = BIN_FULL.parse().unwrap();
    let spot = GroundPoint {
        lon: 119.92,
        lat: 32.45,
    };
    let point = LocalFrame::at(spot).ground_from_local(LocalPoint {
        east_m,
        north_m: 0.0,
    });
    Sighting {
        class,
        rule: Arc::clone(rule),
        frame_id: Uuid::nil(),
        camera_id: camera("a"),
        captured_at: at(second),
        picture: Picture {
            jpeg: Bytes::new(),
            masks: Arc::default(),
            width_px: 1280,
            height_px: 720,
        },
        pixel_box: PixelBox {
            left: 0.0,
            top: 0.0,
            right: 10.0,
            bottom: 10.0,
        },
        confidence: 0.9,
        model: Arc::new(ModelRef {
            name: "test".to_owned(),
            version: "1".to_owned(),
        }),
        calibration_id: 1,
        fix: Fix {
            point,
            ellipse: ErrorEllipse {
                semi_major_m: 1.0,
                semi_minor_m: 1.0,
                bearing_deg: 0.0,
            },
        },
        placement: Placement {
            cell: PlacedCell {
                id: 1,
                code: "321202001001001".to_owned(),
                name: String::new(),
            },
            component: None,
            unit: None,
            because: Because {
                rule: Rule::Nobody,
                edition: Edition {
                    id: 1,
                    note: String::new(),
                    published_at: at(0),
                },
                responsibility_id: None,
                component_id: None,
                distance_m: None,
                cell_code: "321202001001001".to_owned(),
                class,
                border_m: None,
            },
        },
    }
}

/// What of `sightings` is confirmed.
fn confirm(
    confirmer: &mut Confirmer,
    camera: &CameraId,
    captured_at: DateTime<Utc>,
    sightings: Vec<Sighting>,
) -> Vec<Confirmed> {
    let asked = sightings.len();
    let answers = confirmer.confirm(camera, captured_at, sightings);
    assert_eq!(answers.len(), asked);
    answers.into_iter().flatten().collect()
}

fn pinned(mut sighting: Sighting, component: i64) -> Sighting {
    sighting.placement.component = Some(PlacedComponent {
        id: component,
        class: "C03005".parse().unwrap(),
        code: None,
        name: String::new(),
        distance_m: 1.0,
    });
    sighting
}

proptest! {
    /// Of any run of frames, exactly those are confirmed in which, and in at least k of the n
    /// frames up to which, the thing is seen. The reference counts over the whole history.
    #[test]
    fn k_of_the_last_n(
        history in prop::collection::vec(any::<bool>(), 1..80),
        (k, n) in (1_i16..6).prop_flat_map(|k| (Just(k), k..8)),
    ) {
        let rule = rule(k, n);
        let mut confirmer = Confirmer::default();
        for (index, &there) in history.iter().enumerate() {
            let second = index as i64;
            let sightings = if there { vec![seen(&rule, second, 0.0)] } else { Vec::new() };
            let confirmed = confirm(&mut confirmer, &camera("a"), at(second), sightings);
            let window = &history[(index + 1).saturating_sub(n as usize)..=index];
            let seen_in = window.iter().filter(|&&there| there).count();
            let expected = there && seen_in >= k as usize;
            prop_assert_eq!(confirmed.len(), usize::from(expected), "frame {}", index);
            if let Some(confirmed) = confirmed.first() {
                let oldest = index + 1 - window.len() + window.iter().position(|&there| there).unwrap();
                prop_assert_eq!(confirmed.seen_in as usize, seen_in);
                prop_assert_eq!(confirmed.first_seen_at, at(oldest as i64));
            }
        }
    }

    /// Frames that come out of order confirm what they would have confirmed in order, once all
    /// are there.
    #[test]
    fn order_of_arrival_does_not_matter(order in Just((0..5_i64).collect::<Vec<_>>()).prop_shuffle()) {
        let rule = rule(5, 5);
        let mut confirmer = Confirmer::default();
        let mut last = Vec::new();
        for second in order {
            last = confirm(&mut confirmer, &camera("a"), at(second), vec![seen(&rule, second, 0.0)]);
            prop_assert!(last.is_empty() || second == 4);
        }
        let again = confirm(&mut confirmer, &camera("a"), at(5), vec![seen(&rule, 5, 0.0)]);
        prop_assert_eq!(again.len(), 1);
        prop_assert!(last.len() <= 1);
    }
}

#[test]
fn another_camera_does_not_confirm() {
    let rule = rule(2, 3);
    let mut confirmer = Confirmer::default();
    for name in ["a", "b", "c"] {
        let confirmed = confirm(
            &mut confirmer,
            &camera(name),
            at(0),
            vec![seen(&rule, 0, 0.0)],
        );
        assert!(confirmed.is_empty(), "camera {name}");
    }
}

#[test]
fn another_place_or_component_does_not_confirm() {
    let rule = rule(2, 3);
    let confirmed_by = |first: Sighting, second: Sighting| {
        let mut confirmer = Confirmer::default();
        confirm(&mut confirmer, &camera("a"), at(0), vec![first]);
        confirm(&mut confirmer, &camera("a"), at(1), vec![second]).len()
    };
    let look = |second, east_m| seen(&rule, second, east_m);
    assert_eq!(confirmed_by(look(0, 0.0), look(1, 9.9)), 1);
    assert_eq!(confirmed_by(look(0, 0.0), look(1, 10.1)), 0);
    let pinned_look = |second, component| pinned(look(second, 0.0), component);
    assert_eq!(confirmed_by(pinned_look(0, 7), pinned_look(1, 7)), 1);
    assert_eq!(confirmed_by(pinned_look(0, 7), pinned_look(1, 8)), 0);
    assert_eq!(confirmed_by(pinned_look(0, 7), look(1, 1.0)), 1);
}

#[test]
fn what_was_seen_before_the_join_window_does_not_count() {
    let rule = rule(2, 3);
    let mut confirmer = Confirmer::default();
    confirm(
        &mut confirmer,
        &camera("a"),
        at(0),
        vec![seen(&rule, 0, 0.0)],
    );
    let late = confirm(
        &mut confirmer,
        &camera("a"),
        at(601),
        vec![seen(&rule, 601, 0.0)],
    );
    assert!(late.is_empty());
}

#[test]
fn memory_is_bounded() {
    let rule = rule(1, 1);
    let mut confirmer = Confirmer::default();
    for second in 0..1_000 {
        let crowd = (0..500).map(|n| seen(&rule, second, f64::from(n) * 20.0));
        confirm(&mut confirmer, &camera("a"), at(second), crowd.collect());
    }
    let looks = &confirmer.cameras[&camera("a")];
    assert_eq!(looks.all.len(), FRAMES_MAX);
    assert!(looks.paced.len() <= PACED_MAX);
    let mut all = looks.all.iter().chain(&looks.paced);
    assert!(all.all(|look| look.seen.len() <= SIGHTINGS_PER_FRAME_MAX));
}

#[test]
fn what_is_to_be_seen_over_some_time_is_not_confirmed_at_once() {
    let over = |over_s: i32| {
        Arc::new(SightingRule {
            over_s,
            ..SightingRule::clone(&rule(3, 5))
        })
    };
    // a frame a second; a glint of some seconds is nothing, a bin that overflows is
    let confirmed_at = |rule: &Arc<SightingRule>, sees: fn(i64) -> bool| {
        let mut confirmer = Confirmer::default();
        (0..600).find(|second| {
            let sightings = if sees(*second) {
                vec![seen(rule, *second, 0.0)]
            } else {
                Vec::new()
            };
            !confirm(&mut confirmer, &camera("a"), at(*second), sightings).is_empty()
        })
    };
    assert_eq!(confirmed_at(&over(0), |_| true), Some(2));
    assert_eq!(confirmed_at(&over(240), |_| true), Some(120));
    assert_eq!(confirmed_at(&over(240), |second| second > 30), Some(160));
    assert_eq!(confirmed_at(&over(240), |second| second % 200 < 20), None);
    // a frame a minute is as good
    let rule = over(240);
    let mut confirmer = Confirmer::default();
    let confirmed = (0..5).map(|n| {
        let sightings = vec![seen(&rule, n * 60, 0.0)];
        confirm(&mut confirmer, &camera("a"), at(n * 60), sightings).len()
    });
    assert_eq!(confirmed.collect::<Vec<_>>(), [0, 0, 1, 1, 1]);
}
