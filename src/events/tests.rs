#![expect(
    clippy::cast_possible_truncation,
    reason = "the numbers in tests are small"
)]

use proptest::prelude::*;

use super::*;
use crate::catalogue::{ClassCode, ZoneKind};
use crate::space::PixelBox;

fn rule() -> StayRule {
    StayRule {
        zone: ZoneKind::NoParking,
        after_s: 60,
        gone_s: 30,
    }
}

fn at(s: f64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds((s * 1e3) as i64)
}

fn camera() -> CameraId {
    CameraId::try_from("cam".to_owned()).unwrap()
}

/// A car of 200 x 100 pixels around (`x`, `y`).
fn car(x: f32, y: f32) -> Thing {
    let class: ClassCode = "M09009".parse().unwrap();
    Thing {
        glimpse: Glimpse {
            class,
            confidence: 0.8,
            pixel_box: PixelBox {
                left: x - 100.0,
                top: y - 50.0,
                right: x + 100.0,
                bottom: y + 50.0,
            },
        },
        inside: true,
        rule: rule(),
    }
}

/// How often something began to stay, and how often it was gone, over frames of these things.
fn events(frames: impl IntoIterator<Item = (f64, Vec<Thing>)>) -> (usize, usize) {
    let mut stays = Stays::in_frames();
    let (mut entered, mut left) = (0, 0);
    for (s, things) in frames {
        let look = stays.look(&camera(), at(s), &things);
        assert_eq!(look.presences.len(), things.len());
        let new =
            |presence: &&Presence| matches!(presence, Presence::Staying { entered: true, .. });
        entered += look.presences.iter().filter(new).count();
        left += look.left;
    }
    (entered, left)
}

#[test]
fn what_stays_for_long_enough_is_an_event_from_its_beginning() {
    let mut stays = Stays::in_frames();
    let mut look = |s: f64| stays.look(&camera(), at(s), &[car(500.0, 500.0)]).presences[0];
    for s in [0.0, 20.0, 40.0, 59.0] {
        assert_eq!(look(s), Presence::Passing, "at {s} s");
    }
    let staying = |frames, entered| Presence::Staying {
        since: at(0.0),
        frames,
        entered,
    };
    assert_eq!(look(60.0), staying(5, true));
    assert_eq!(look(80.0), staying(6, false));
    // out of sight for a little less than it takes to be gone
    assert_eq!(look(109.0), staying(7, false));
    // overtaken by a newer frame
    assert_eq!(look(100.0), Presence::Passing);
    assert_eq!(look(120.0), staying(8, false));
    // gone; what stands there now is another
    assert_eq!(look(151.0), Presence::Passing);
}

#[test]
fn few_frames_are_enough_for_what_stays_and_too_few_for_what_does_not() {
    for every_s in [60.0, 300.0] {
        let frame = |n: u32, parked: bool| {
            // frames do not come to the second
            let s = f64::from(n) * every_s + f64::from(n % 4);
            (
                s,
                if parked {
                    vec![car(500.0, 500.0)]
                } else {
                    Vec::new()
                },
            )
        };
        let empty = |from: u32, to: u32| (from..to).map(move |n| frame(n, false));
        let parked = |from: u32, to: u32| (from..to).map(move |n| frame(n, true));
        assert_eq!(
            events(empty(0, 5).chain(parked(5, 8))),
            (0, 0),
            "three frames"
        );
        assert_eq!(events(empty(0, 5).chain(parked(5, 9))), (1, 0));
        // hidden for two frames in a row, now and then
        let hidden = (0..40).map(|n| frame(n, n % 6 < 4));
        assert_eq!(events(hidden), (1, 0));
        // gone with the fourth frame without it
        let leaves = |until| parked(0, 9).chain(empty(9, until));
        assert_eq!((events(leaves(12)), events(leaves(13))), ((1, 0), (1, 1)));
        // each time another car, half a length off, waits for the light
        let others = (0..60_u16).map(|n| {
            let car = car(500.0 + 80.0 * f32::from(n * 7 % 5), 500.0);
            (f64::from(n) * every_s, vec![car])
        });
        assert_eq!(events(others), (0, 0));
    }
}

#[test]
fn a_camera_that_sends_much_is_judged_by_what_its_rule_says() {
    // frames are lost for half a minute and more, time and again
    let mut shown: Vec<(f64, Vec<Thing>)> = Vec::new();
    for round in 0..6 {
        let from = f64::from(round) * 91.0;
        shown.extend((0..30).map(|n| (from + f64::from(n) * 2.0, vec![car(500.0, 500.0)])));
    }
    assert_eq!(events(shown), (0, 0), "never for a minute without a break");
}

#[test]
fn what_moves_on_stays_nowhere() {
    // a traffic jam: an eighth of a car a frame, and never out of the zone
    let jam = (0..200_u8).map(|n| (f64::from(n) * 2.0, vec![car(25.0 * f32::from(n), 500.0)]));
    assert_eq!(events(jam), (0, 0));
}

#[test]
fn a_thing_beside_its_zone_is_no_event_and_one_that_leaves_it_ends_one() {
    let outside = |x| Thing {
        inside: false,
        ..car(x, 500.0)
    };
    let beside = (0..100).map(|n| (f64::from(n), vec![outside(500.0)]));
    assert_eq!(events(beside), (0, 0));
    let inside = (0..100).map(|n| (f64::from(n), vec![car(500.0, 500.0)]));
    let leaves = (100..200).map(|n| (f64::from(n), vec![outside(500.0)]));
    assert_eq!(events(inside.chain(leaves)), (1, 1));
}

#[test]
fn what_is_gone_is_over_in_its_time() {
    let parked = (0..100).map(|n| (f64::from(n), vec![car(500.0, 500.0)]));
    let empty = |until| (100..until).map(|n| (f64::from(n), Vec::new()));
    assert_eq!(events(parked.clone().chain(empty(129))), (1, 0));
    assert_eq!(events(parked.chain(empty(135))), (1, 1));
}

#[test]
fn more_things_than_are_remembered_do_no_harm() {
    let row = |from: i16| (from..from + 256).map(|n| car(f32::from(n) * 300.0, 50.0).glimpse);
    let mut tracker = Tracker::default();
    let patience = TimeDelta::seconds(60);
    let known = tracker.step(at(0.0), &row(0).collect::<Vec<_>>(), patience);
    // a new one is surest, and all the others are seen again: the oldest among them
    let next: Vec<Glimpse> = { row(500).take(1) }.chain(row(0)).collect();
    let ids = tracker.step(at(1.0), &next, patience);
    assert_eq!(ids[1..], known);
    assert!(ids[0].is_some_and(|new| !known.contains(&Some(new))));
}

#[test]
fn an_unsure_box_continues_a_thing_and_begins_none() {
    let unsure = |x| {
        let mut car = car(x, 500.0);
        car.glimpse.confidence = 0.3;
        car
    };
    let never_sure = (0..100).map(|n| (f64::from(n), vec![unsure(500.0)]));
    assert_eq!(events(never_sure), (0, 0));
    let once_sure = (0..100).map(|n| {
        let car = if n == 0 {
            car(500.0, 500.0)
        } else {
            unsure(500.0)
        };
        (f64::from(n), vec![car])
    });
    assert_eq!(events(once_sure), (1, 0));
}

/// Seconds between frames, whether the thing is seen in each, and by how much its box trembles.
fn shaky(frames: usize) -> impl Strategy<Value = Vec<(f64, bool, f32, f32)>> {
    let frame = (
        0.1..4.0_f64,
        prop::bool::weighted(0.8),
        -6.0..6.0_f32,
        -6.0..6.0_f32,
    );
    prop::collection::vec(frame, frames)
}

proptest! {
    /// Parked for minutes, hidden now and then, its box trembling: one event, at any pace.
    #[test]
    fn what_stays_is_one_event(frames in shaky(300)) {
        let mut s = 0.0;
        let (mut hidden_s, mut first, mut longest) = (0.0_f64, None, 0.0_f64);
        let mut shown = Vec::new();
        for (pause, seen, dx, dy) in frames {
            s += pause;
            hidden_s += pause;
            if seen {
                if first.is_some() {
                    longest = longest.max(hidden_s);
                }
                hidden_s = 0.0;
                first.get_or_insert(s);
            }
            shown.push((s, if seen { vec![car(500.0 + dx, 500.0 + dy)] } else { Vec::new() }));
        }
        let last = s - hidden_s;
        prop_assume!(longest < 29.0);
        let lasted = last - first.unwrap_or(last) >= 61.0;
        prop_assume!(lasted);
        prop_assert_eq!(events(shown).0, 1);
    }

    /// Cars that drive through, one behind another, are none, however close together; unless the
    /// next one is always just where the last one was, which no box can tell.
    #[test]
    fn traffic_is_no_event(
        pause_s in 0.1..5.0_f64,
        speed_px_per_s in 60.0..2000.0_f32,
        gap_px in 220.0..900.0_f32,
    ) {
        let step_px = (pause_s as f32 * speed_px_per_s).rem_euclid(gap_px);
        prop_assume!(step_px.min(gap_px - step_px) > 25.0);
        let frames = (0..400_u16).map(|n| {
            let s = f64::from(n) * pause_s;
            let run = speed_px_per_s * s as f32;
            let cars = (0..12_u8).map(|k| (run - gap_px * f32::from(k)).rem_euclid(12.0 * gap_px));
            let seen = cars.filter(|x| (0.0..1900.0).contains(x));
            (s, seen.map(|x| car(x, 500.0)).collect::<Vec<_>>())
        });
        prop_assert_eq!(events(frames).0, 0);
    }

    /// Nothing ends that did not begin, and the order of boxes within a frame means nothing.
    #[test]
    fn beginnings_and_ends_are_in_step(frames in prop::collection::vec(
        (0.5..20.0_f64, prop::collection::vec((0.0..2000.0_f32, 0.0..1000.0_f32), 0..6)), 0..80,
    )) {
        let mut s = 0.0;
        let frames: Vec<(f64, Vec<Thing>)> = frames
            .into_iter()
            .map(|(pause, at)| {
                s += pause;
                (s, at.into_iter().map(|(x, y)| car(x, y)).collect())
            })
            .collect();
        let (entered, left) = events(frames.clone());
        prop_assert!(left <= entered);
        let turned = frames.into_iter().map(|(s, things)| (s, things.into_iter().rev().collect()));
        prop_assert_eq!(events(turned), (entered, left));
    }
}
