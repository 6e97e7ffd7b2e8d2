use std::sync::Arc;

use bytes::Bytes;
use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::camera::Camera;
use crate::space::GroundPoint;

const LIMITS: IntakeConfig = IntakeConfig {
    frame_bytes_max: 1000,
    frame_pixels_max: 1000,
    camera_queue_max: 2,
    queue_max: 5,
    queue_bytes_max: 100,
    queue_wait_max_ms: u32::MAX,
    clock_skew_s_max: 5,
    camera_offline_s: 120,
};

/// Its report is the second it was taken in.
fn intake() -> Intake<i64> {
    Intake::new(&LIMITS, |frame| frame.captured_at.timestamp())
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn camera(name: &str) -> CameraId {
    CameraId::try_from(name.to_owned()).unwrap()
}

/// A frame that came in when it was taken.
fn frame(name: &str, second: i64, bytes: usize) -> Frame {
    let camera = Camera {
        id: camera(name),
        platform_id: None,
        name_zh: String::new(),
        name_en: String::new(),
        location: GroundPoint { lon: 0.0, lat: 0.0 },
        height_m: None,
        models: None,
        zones: Vec::new(),
        pulled_every: None,
        masks: Arc::default(),
        calibration: None,
    };
    Frame {
        id: Uuid::now_v7(),
        camera: Arc::new(camera),
        captured_at: at(second),
        received_at: at(second),
        jpeg: Bytes::from(vec![0; bytes]),
    }
}

fn offer(intake: &Intake<i64>, name: &str, second: i64) -> Result<(), NotTaken> {
    intake.offer(frame(name, second, 1), None)
}

/// Takes all there is; camera and second of each.
fn drain(intake: &Intake<i64>) -> Vec<(String, i64)> {
    intake.close();
    std::iter::from_fn(|| intake.take())
        .map(|Waiting { frame, .. }| (frame.camera.id.to_string(), frame.captured_at.timestamp()))
        .collect()
}

#[test]
fn where_the_head_has_waited_too_long_only_cameras_that_have_places_are_served() {
    let limits = IntakeConfig {
        queue_wait_max_ms: 1500,
        ..LIMITS
    };
    let intake: Intake<i64> = Intake::new(&limits, |frame| frame.captured_at.timestamp());
    offer(&intake, "a", 0).unwrap();
    offer(&intake, "b", 1).unwrap();
    let late = offer(&intake, "c", 2);
    assert_eq!(late, Err(NotTaken::QueueFull { retry_after_s: 2 }));
    assert_eq!(intake.tally(&camera("c")).refused, 1);
    // its second place would be one more to wait for; then a newer frame takes an older one's
    assert!(offer(&intake, "a", 2).is_err());
    assert_eq!(intake.take().unwrap().frame.captured_at, at(0));
    offer(&intake, "c", 2).unwrap();
    assert_eq!(intake.depth(), 2);
}

#[test]
fn the_newest_frames_of_a_camera_win() {
    let intake = intake();
    for second in [1, 2, 3, 4] {
        offer(&intake, "a", second).unwrap();
    }
    // late, but older than those that wait
    offer(&intake, "a", 0).unwrap();
    let expected = Tally {
        offered: 5,
        taken: 0,
        superseded: 3,
        refused: 0,
        last_frame_at: Some(at(4)),
    };
    assert_eq!(intake.tally(&camera("a")), expected);
    assert_eq!(drain(&intake), [("a".to_owned(), 3), ("a".to_owned(), 4)]);
}

#[test]
fn one_who_waits_for_a_superseded_frame_is_told() {
    let intake = intake();
    let (reply, mut report) = oneshot::channel();
    intake.offer(frame("a", 1, 1), Some(reply)).unwrap();
    offer(&intake, "a", 2).unwrap();
    assert!(report.try_recv().is_err());
    offer(&intake, "a", 3).unwrap();
    assert_eq!(report.try_recv(), Ok(1));
}

#[test]
fn cameras_take_turns() {
    let intake = intake();
    for (name, second) in [("busy", 1), ("busy", 2), ("calm", 3), ("rare", 4)] {
        offer(&intake, name, second).unwrap();
    }
    let order: Vec<_> = drain(&intake).into_iter().map(|(name, _)| name).collect();
    assert_eq!(order, ["busy", "calm", "rare", "busy"]);
}

#[test]
fn too_many_frames_are_refused_until_some_are_taken() {
    let intake = intake();
    for (name, second) in [("a", 1), ("a", 2), ("b", 3), ("b", 4), ("c", 5)] {
        offer(&intake, name, second).unwrap();
    }
    let full = NotTaken::QueueFull { retry_after_s: 8 };
    assert_eq!(offer(&intake, "d", 9), Err(full));
    // one that takes the place of an older one needs no room
    offer(&intake, "a", 9).unwrap();
    intake.take().unwrap();
    offer(&intake, "d", 9).unwrap();
    assert_eq!(intake.tally(&camera("d")).refused, 1);
    assert_eq!(intake.depth(), 5);
}

#[test]
fn too_many_bytes_are_refused() {
    let intake = intake();
    intake.offer(frame("a", 1, 60), None).unwrap();
    let full = NotTaken::QueueFull { retry_after_s: 1 };
    assert_eq!(intake.offer(frame("b", 2, 41), None), Err(full));
    intake.offer(frame("b", 2, 40), None).unwrap();
    assert_eq!(drain(&intake).len(), 2);
}

#[test]
fn frames_offered_together_are_let_in_together_or_not_at_all() {
    let intake = intake();
    let together = |name: &str, bytes| {
        let waiting = [1, 2, 3].map(|second| Waiting {
            frame: frame(name, second, bytes),
            reply: None,
        });
        intake.offer_all(waiting.into())
    };
    // three for two places: the oldest is superseded at once
    together("a", 10).unwrap();
    assert_eq!(intake.tally(&camera("a")).superseded, 1);
    assert!(together("b", 45).is_err());
    assert_eq!(intake.tally(&camera("b")).refused, 3);
    assert_eq!(intake.depth(), 2);
}

#[test]
fn after_closing_nothing_comes_in_and_what_waits_goes_out() {
    let intake = intake();
    offer(&intake, "a", 1).unwrap();
    intake.close();
    assert_eq!(offer(&intake, "a", 2), Err(NotTaken::Closed));
    assert!(intake.take().is_some());
    assert!(intake.take().is_none());
}

#[test]
fn a_detector_waits_for_a_frame_and_for_the_end() {
    let intake = Arc::new(intake());
    let detector = std::thread::spawn({
        let intake = intake.clone();
        move || std::iter::from_fn(|| intake.take()).count()
    });
    for second in 0..20 {
        offer(&intake, "a", second).unwrap();
    }
    intake.close();
    let taken = detector.join().unwrap();
    let tally = intake.tally(&camera("a"));
    assert_eq!(tally.offered, tally.superseded + taken as u64);
}

proptest! {
    /// Nothing disappears: offered = taken + superseded + refused + waiting, per camera, and
    /// everyone who waits for a report gets one or still has a frame in line.
    #[test]
    fn every_frame_is_accounted_for(
        steps in proptest::collection::vec((0_usize..5, 0_i64..50, 0_usize..60), 1..200),
    ) {
        let intake = intake();
        let names = ["a", "b", "c", "d"];
        let mut reports = Vec::new();
        let mut refused = 0;
        for (which, second, bytes) in steps {
            if let Some(name) = names.get(which) {
                let (reply, report) = oneshot::channel();
                match intake.offer(frame(name, second, bytes), Some(reply)) {
                    Ok(()) => reports.push(report),
                    Err(_) => refused += 1,
                }
            } else if intake.depth() > 0
                && let Some(taken) = intake.take()
            {
                taken.reply.unwrap().send(-1).unwrap();
            }
            prop_assert!(intake.depth() <= LIMITS.queue_max);
        }
        let waiting = intake.depth() as u64;
        let tallies = names.map(|name| intake.tally(&camera(name)));
        let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
        prop_assert_eq!(
            sum(|t| t.offered),
            sum(|t| t.taken) + sum(|t| t.superseded) + sum(|t| t.refused) + waiting
        );
        prop_assert_eq!(sum(|t| t.refused), refused);
        let unanswered = reports.iter_mut().filter_map(|report| report.try_recv().err()).count();
        prop_assert_eq!(unanswered as u64, waiting);
        let bytes: usize = {
            intake.close();
            std::iter::from_fn(|| intake.take()).map(|w| w.frame.jpeg.len()).sum()
        };
        prop_assert!(bytes <= LIMITS.queue_bytes_max);
        prop_assert_eq!(intake.depth(), 0);
    }
}
