use super::*;
use crate::camera::health::{Feature, SMALL};
use crate::ground::{Calibration, ControlPair};
use crate::space::GroundPoint;

fn at(s: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(s)
}

fn id() -> CameraId {
    CameraId::try_from("cam".to_owned()).unwrap()
}

/// A camera with this calibration; 0: without one.
fn camera(calibration: i32) -> Arc<Camera> {
    let pair = |x: f64, y: f64| ControlPair {
        x,
        y,
        lon: 119.92 + x * 1e-6,
        lat: 32.45 - y * 1e-6,
    };
    let pairs = vec![
        pair(0.0, 0.0),
        pair(1280.0, 0.0),
        pair(1280.0, 720.0),
        pair(0.0, 720.0),
    ];
    let fitted = || Calibration::fit(pairs, 1280, 720, None).unwrap();
    let calibrated = (calibration != 0).then(|| Arc::new(fitted().stored(calibration, 1)));
    Arc::new(Camera {
        id: id(),
        platform_id: None,
        name_zh: String::new(),
        name_en: String::new(),
        location: GroundPoint {
            lon: 119.92,
            lat: 32.45,
        },
        height_m: None,
        models: None,
        zones: Vec::new(),
        pulled_every: None,
        masks: Arc::default(),
        calibration: calibrated,
    })
}

/// A sharp picture of its own.
fn glance(number: u8) -> Glance {
    let pixel = |n: usize| {
        u8::try_from(n * 7919 % 251)
            .unwrap()
            .wrapping_add(number.wrapping_mul(37))
    };
    Glance {
        small: (0..SMALL.area()).map(pixel).collect(),
        bright: 200,
        flat: 0.1,
        sharpness: 0.8,
        detail: 20.0,
    }
}

fn view(seed: u64) -> View {
    let mixed = |n: u64| {
        let mut x = n
            .wrapping_add(seed << 32)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x ^ (x >> 32)
    };
    let feature = |n: u64| Feature {
        x: (mixed(8 * n) % 640) as f32,
        y: (mixed(8 * n + 1) % 360) as f32,
        bits: [2, 3, 4, 5].map(|word| mixed(8 * n + word)),
    };
    View {
        features: (0..300).map(feature).collect(),
    }
}

fn shifted(view: &View, by: f32) -> View {
    let features = view.features.iter().map(|feature| Feature {
        x: feature.x + by,
        ..*feature
    });
    View {
        features: features.collect(),
    }
}

fn conditions(health: &Health) -> Vec<Condition> {
    health
        .of(&id())
        .iter()
        .map(|state| state.condition)
        .collect()
}

/// One frame a minute that shows this, with a check whenever one is due.
fn show(health: &Health, camera: &Camera, minute: i64, view: &View) {
    let now = at(60 * minute);
    health.heard(&camera.id, now);
    let checked = health.due(camera, now).map(|due| due.check(view.clone()));
    let number = u8::try_from(minute % 250).unwrap();
    let seen = Seen {
        glance: glance(number),
        checked,
    };
    health.look(camera, now, now, &seen);
}

#[test]
fn a_silent_camera_is_offline_since_it_was_heard_last() {
    let health = Health::default();
    let cameras = [camera(0)];
    let after = TimeDelta::seconds(120);
    health.pass(&cameras, at(0), after);
    health.heard(&id(), at(60));
    health.pass(&cameras, at(179), after);
    assert_eq!(conditions(&health), []);
    health.pass(&cameras, at(180), after);
    let offline = ConditionState {
        condition: Condition::Offline,
        since: at(60),
    };
    assert_eq!(health.of(&id()), [offline]);
    health.pass(&cameras, at(500), after);
    assert_eq!(health.of(&id()), [offline], "it began when it began");
    health.heard(&id(), at(501));
    assert_eq!(conditions(&health), []);
}

#[test]
fn a_camera_that_is_pushed_seldom_is_offline_when_three_pictures_fail_to_come() {
    let health = Health::default();
    let cameras = [camera(0)];
    let after = TimeDelta::seconds(120);
    for n in 0..4 {
        health.heard(&id(), at(300 * n));
    }
    health.pass(&cameras, at(900 + 1049), after);
    assert_eq!(conditions(&health), []);
    health.pass(&cameras, at(900 + 1050), after);
    assert_eq!(conditions(&health), [Condition::Offline]);
}

fn elsewhere(s: i64, usual_s: Option<i64>) -> Heard {
    Heard {
        camera: id(),
        at: at(s),
        usual: usual_s.map(TimeDelta::seconds),
    }
}

#[test]
fn a_slow_camera_is_known_to_be_slow_after_a_restart() {
    let before = Health::default();
    for n in 0..4 {
        before.heard(&id(), at(600 * n));
    }
    let after = TimeDelta::seconds(120);
    let health = Health::default();
    health.heard_elsewhere(before.all_heard());
    health.pass(&[camera(0)], at(9000), after);
    health.pass(&[camera(0)], at(9000 + 2099), after);
    assert_eq!(conditions(&health), []);
    health.pass(&[camera(0)], at(9000 + 2100), after);
    assert_eq!(conditions(&health), [Condition::Offline]);
}

#[test]
fn what_happened_before_the_start_makes_nobody_offline_at_once() {
    let health = Health::default();
    health.heard_elsewhere(vec![elsewhere(0, None)]);
    let after = TimeDelta::seconds(120);
    health.pass(&[camera(0)], at(9000), after);
    assert_eq!(conditions(&health), []);
    health.pass(&[camera(0)], at(9120), after);
    let since = health.of(&id()).first().map(|state| state.since);
    assert_eq!(since, Some(at(0)), "it was silent all the time");
    // another process hears it
    health.heard_elsewhere(vec![elsewhere(9130, None)]);
    assert_eq!(conditions(&health), []);
}

#[test]
fn a_picture_that_does_not_change_is_frozen() {
    let health = Health::default();
    let camera = camera(0);
    let look = |s: i64, number: u8| {
        let seen = Seen {
            glance: glance(number),
            checked: None,
        };
        health.look(&camera, at(s), at(s), &seen);
    };
    for s in 0..30 {
        look(s * 10, u8::try_from(s).unwrap());
    }
    assert_eq!(conditions(&health), []);
    for s in 30..61 {
        look(s * 10, 29);
    }
    assert_eq!(conditions(&health), [Condition::Frozen]);
    // one that was overtaken says nothing
    look(100, 3);
    look(101, 4);
    assert_eq!(conditions(&health), [Condition::Frozen]);
    look(620, 60);
    look(630, 61);
    assert_eq!(conditions(&health), []);
}

#[test]
fn frames_that_are_old_when_they_come_in_say_that_a_clock_is_wrong() {
    let health = Health::default();
    let camera = camera(0);
    let look = |s: i64, lag_s: i64| {
        let seen = Seen {
            glance: glance(u8::try_from(s / 10 % 250).unwrap()),
            checked: None,
        };
        health.look(&camera, at(s), at(s - lag_s), &seen);
    };
    for s in (0..=290).step_by(10) {
        look(s, 3600);
    }
    assert_eq!(conditions(&health), []);
    look(300, 3600);
    assert_eq!(conditions(&health), [Condition::WrongTime]);
    // what a platform kept while it was cut off comes with fresh frames in between
    let health = Health::default();
    for s in (0..900).step_by(10) {
        let seen = Seen {
            glance: glance(u8::try_from(s / 10 % 250).unwrap()),
            checked: None,
        };
        let lag_s = if s % 100 == 0 { 1 } else { 600 };
        health.look(&camera, at(s), at(s - lag_s), &seen);
    }
    assert_eq!(conditions(&health), []);
}

#[test]
fn frames_from_the_future_say_it_too_and_are_no_silence() {
    let health = Health::default();
    for s in (0..=300).step_by(10) {
        health.came_from_the_future(&id(), at(s));
    }
    health.pass(&[camera(0)], at(300), TimeDelta::seconds(120));
    assert_eq!(conditions(&health), [Condition::WrongTime]);
}

#[test]
fn a_moved_camera_is_held_back_until_it_is_calibrated_again() {
    let health = Health::default();
    let (before, first) = (camera(1), view(1));
    show(&health, &before, 0, &first);
    for minute in 1..10 {
        show(&health, &before, minute, &shifted(&first, 0.5));
    }
    assert_eq!(conditions(&health), []);
    // somebody wipes it
    show(&health, &before, 10, &view(7));
    show(&health, &before, 11, &view(8));
    show(&health, &before, 12, &first);
    assert!(!health.is_moved(&before));
    for minute in 13..16 {
        show(&health, &before, minute, &shifted(&first, 8.0));
    }
    assert_eq!(conditions(&health), [Condition::Moved]);
    assert!(health.is_moved(&before));

    let after = camera(2);
    assert!(!health.is_moved(&after), "calibrated again");
    health.pass(&[Arc::clone(&after)], at(60 * 16), TimeDelta::seconds(120));
    assert_eq!(conditions(&health), []);
    for minute in 17..30 {
        show(&health, &after, minute, &shifted(&first, 8.0));
    }
    assert_eq!(conditions(&health), []);
}

#[test]
fn a_camera_that_is_turned_back_has_not_moved() {
    let health = Health::default();
    let (camera, first) = (camera(1), view(1));
    show(&health, &camera, 0, &first);
    for minute in 1..4 {
        show(&health, &camera, minute, &view(2));
    }
    assert!(health.is_moved(&camera), "it sees another street");
    for minute in 4..7 {
        show(&health, &camera, minute, &first);
    }
    assert!(!health.is_moved(&camera));
}

#[test]
fn another_light_is_no_movement_while_it_comes_slowly() {
    let health = Health::default();
    let camera = camera(1);
    // every minute a tenth of what can be recognised is other things
    let at_minute = |minute: usize| {
        let (mut seen, other) = (view(1), view(2));
        let others = (30 * minute).min(300);
        seen.features[..others].copy_from_slice(&other.features[..others]);
        seen
    };
    for minute in 0..20 {
        show(
            &health,
            &camera,
            i64::try_from(minute).unwrap(),
            &at_minute(minute),
        );
        assert!(!health.is_moved(&camera), "after {minute} minutes");
    }
}

#[test]
fn what_could_not_be_written_is_written_later() {
    let health = Health::default();
    health.pass(&[camera(0)], at(0), TimeDelta::seconds(120));
    health.pass(&[camera(0)], at(200), TimeDelta::seconds(120));
    let (unwritten, rows) = health.take_unwritten();
    assert_eq!(rows.len(), 1);
    health.heard(&id(), at(201));
    health.put_back(unwritten);
    let (_, rows) = health.take_unwritten();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].since, None, "as it is now");
    assert_eq!(health.take_unwritten().1.len(), 0);
}
