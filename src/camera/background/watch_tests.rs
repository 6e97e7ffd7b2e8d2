use chrono::TimeDelta;
use geo_types::{LineString, Polygon};

use super::*;
use crate::camera::Zone;
use crate::camera::background::SIDE;
use crate::ground::{Calibration, ControlPair};
use crate::space::GroundPoint;

fn at(s: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(s)
}

fn camera(id: &str, calibration_id: i32, kind: Option<ZoneKind>) -> Camera {
    let pair = |x: f64, y: f64| ControlPair {
        x,
        y,
        lon: 119.92 + x * 1e-6,
        lat: 32.45 - y * 1e-6,
    };
    let pairs = vec![
        pair(0., 0.),
        pair(1280., 0.),
        pair(1280., 720.),
        pair(0., 720.),
    ];
    let fitted = Calibration::fit(pairs, 1280, 720, None).unwrap();
    let zone = |kind| Zone {
        kind,
        ground: Polygon::new(LineString::from(Vec::<(f64, f64)>::new()), Vec::new()),
        classes: None,
        hours: None,
    };
    Camera {
        id: CameraId::try_from(id.to_owned()).unwrap(),
        platform_id: None,
        name_zh: String::new(),
        name_en: String::new(),
        location: GroundPoint {
            lon: 119.92,
            lat: 32.45,
        },
        height_m: None,
        models: None,
        zones: kind.into_iter().map(zone).collect(),
        pulled_every: None,
        masks: Arc::default(),
        calibration: Some(Arc::new(fitted.stored(calibration_id, calibration_id))),
    }
}

fn backgrounds(slots_max: usize, needs: Needs) -> Backgrounds {
    let backgrounds = Backgrounds {
        slots_max,
        needs: OnceLock::new(),
        inner: Mutex::default(),
    };
    backgrounds.serve(needs);
    backgrounds
}

fn on_pavements() -> Needs {
    Needs {
        zones: vec![ZoneKind::Pavement],
        of_classes: Vec::new(),
    }
}

/// A grey street, with an orange crate on it.
fn street(crate_there: bool) -> Still {
    let mut bytes = vec![120; SIDE.area()];
    bytes.resize(Still::BYTES, 128);
    if crate_there {
        for y in 100..140 {
            bytes[y * SIDE.width + 100..y * SIDE.width + 160].fill(150);
        }
        let (width, area) = (SIDE.width / 2, SIDE.area() / 4);
        for y in 50..70 {
            let row = SIDE.area() + y * width;
            bytes[row + 50..row + 80].fill(90);
            bytes[row + area + 50..row + area + 80].fill(170);
        }
    }
    Still::new(bytes).unwrap()
}

/// Shows the street for so many pictures; the last background they made.
fn show(
    backgrounds: &Backgrounds,
    camera: &Camera,
    from: &mut i64,
    n: usize,
    full: bool,
) -> Option<Renewed> {
    let mut renewed = None;
    for _ in 0..n {
        assert!(backgrounds.wants(camera, at(*from)));
        renewed = backgrounds
            .take(camera, at(*from), street(full))
            .or(renewed);
        *from += 10;
    }
    renewed
}

#[test]
fn what_is_put_there_stands_until_it_is_taken_away() {
    let (backgrounds, camera) = (
        backgrounds(9, on_pavements()),
        camera("c", 1, Some(ZoneKind::Pavement)),
    );
    let mut s = 0;
    assert_eq!(backgrounds.phase(&camera), Phase::Filling);
    assert!(
        show(&backgrounds, &camera, &mut s, 35, false)
            .unwrap()
            .standing
            .is_empty()
    );
    assert_eq!(backgrounds.phase(&camera), Phase::Ready);
    let reference = backgrounds
        .of(&camera.id)
        .unwrap()
        .reference
        .clone()
        .unwrap();
    assert_eq!(
        (reference.origin, reference.set_at),
        (Origin::First, at(340))
    );
    assert!(
        show(&backgrounds, &camera, &mut s, 14, true)
            .unwrap()
            .standing
            .is_empty()
    );
    let stands = show(&backgrounds, &camera, &mut s, 14, true)
        .unwrap()
        .standing;
    assert_eq!(stands.len(), 1, "{stands:?}");
    let since = stands[0].since;
    // it is not taken for the street, however long it stands
    let later = show(&backgrounds, &camera, &mut s, 140, true)
        .unwrap()
        .standing;
    assert_eq!((later.len(), later[0].since), (1, since));
    assert!(
        show(&backgrounds, &camera, &mut s, 28, false)
            .unwrap()
            .standing
            .is_empty()
    );
}

#[test]
fn few_pictures_make_a_background_as_well() {
    for every in [60, 300] {
        let (backgrounds, camera) = (
            backgrounds(9, on_pavements()),
            camera("c", 1, Some(ZoneKind::Pavement)),
        );
        let mut s = 0;
        let mut show = |n: usize, full: bool| {
            let mut standing = Vec::new();
            for _ in 0..n {
                assert!(backgrounds.wants(&camera, at(s)));
                let renewed = backgrounds.take(&camera, at(s), street(full));
                standing.push(renewed.map(|renewed| renewed.standing.len()));
                s += every;
            }
            standing
        };
        assert_eq!(show(9, false), [vec![None; 8], vec![Some(0)]].concat());
        assert_eq!(show(6, false), [Some(0); 6]);
        let stands = show(20, true);
        assert_eq!(stands[..6], [Some(0); 6]);
        assert_eq!(stands[6..], [Some(1); 14], "in seven of thirteen");
        let known = backgrounds.of(&camera.id).unwrap();
        let made_at = known.median.as_ref().unwrap().1;
        assert!(known.is_of(made_at + TimeDelta::seconds(2 * every)));
        assert!(!known.is_of(made_at + TimeDelta::minutes(31)));
        let gone = show(13, false);
        assert_eq!(gone[5..8], [Some(1), Some(0), Some(0)]);
        // and a platform that pushes more again
        let before = backgrounds.of(&camera.id).unwrap().reference.clone();
        for _ in 0..70 {
            assert!(backgrounds.wants(&camera, at(s)));
            backgrounds.take(&camera, at(s), street(false));
            s += 10;
        }
        let now = backgrounds.of(&camera.id).unwrap();
        assert_eq!((now.pace, now.taken), (Pace::Fast, 35));
        let set_at = |it: Option<Arc<Reference>>| it.map(|it| it.set_at);
        assert_eq!(set_at(now.reference.clone()), set_at(before));
    }
}

#[test]
fn two_lost_pictures_make_no_camera_slow() {
    let (backgrounds, camera) = (
        backgrounds(9, on_pavements()),
        camera("c", 1, Some(ZoneKind::Pavement)),
    );
    let mut s = 0;
    for n in 0..60 {
        backgrounds.wants(&camera, at(s));
        backgrounds.take(&camera, at(s), street(false));
        s += if n % 5 < 3 { 10 } else { 120 };
        assert_eq!(backgrounds.of(&camera.id).unwrap().pace, Pace::Fast);
    }
}

#[test]
fn what_was_there_from_the_beginning_and_goes_is_no_thing() {
    let (backgrounds, camera) = (
        backgrounds(9, on_pavements()),
        camera("c", 1, Some(ZoneKind::Pavement)),
    );
    let mut s = 0;
    show(&backgrounds, &camera, &mut s, 35, true);
    assert!(
        show(&backgrounds, &camera, &mut s, 70, false)
            .unwrap()
            .standing
            .is_empty()
    );
    // and what comes back then is one
    assert_eq!(
        show(&backgrounds, &camera, &mut s, 49, true)
            .unwrap()
            .standing
            .len(),
        1
    );
}

#[test]
fn pictures_are_taken_in_at_their_pace() {
    let (backgrounds, camera) = (
        backgrounds(9, on_pavements()),
        camera("c", 1, Some(ZoneKind::Pavement)),
    );
    let wanted = (0..100)
        .filter(|s| backgrounds.wants(&camera, at(*s)))
        .count();
    assert_eq!(wanted, 10);
    assert!(!backgrounds.wants(&camera, at(50)), "overtaken");
    let mut s = 1000;
    show(&backgrounds, &camera, &mut s, 35, false);
    assert_eq!(backgrounds.phase(&camera), Phase::Ready);
    // after the night, or where the camera was pushed, it begins anew with the same reference
    s += 3600;
    show(&backgrounds, &camera, &mut s, 1, false);
    assert_eq!(backgrounds.phase(&camera), Phase::Filling);
    show(&backgrounds, &camera, &mut s, 34, false);
    let before = backgrounds.of(&camera.id).unwrap().reference.clone();
    backgrounds.moved(&camera.id);
    let now = backgrounds.of(&camera.id).unwrap();
    assert_eq!((now.taken, now.reference.clone()), (0, before));
    // a clock that was an hour ahead does not hold it up
    assert!(backgrounds.wants(&camera, at(s - 4000)));
}

#[test]
fn another_calibration_needs_another_reference() {
    let backgrounds = backgrounds(9, on_pavements());
    let mut s = 0;
    show(
        &backgrounds,
        &camera("c", 1, Some(ZoneKind::Pavement)),
        &mut s,
        35,
        false,
    );
    let again = camera("c", 2, Some(ZoneKind::Pavement));
    show(&backgrounds, &again, &mut s, 1, false);
    let now = backgrounds.of(&again.id).unwrap();
    assert_eq!((now.taken, now.reference.clone()), (1, None));
}

#[test]
fn memory_is_bounded_and_zones_come_first() {
    let needs = Needs {
        of_classes: vec!["M06042".parse().unwrap()],
        ..on_pavements()
    };
    let backgrounds = backgrounds(2, needs);
    let plain = ["a", "b", "c"].map(|id| camera(id, 1, Some(ZoneKind::NoParking)));
    let wanted: Vec<bool> = (0..)
        .zip(&plain)
        .map(|(s, it)| backgrounds.wants(it, at(s)))
        .collect();
    assert_eq!(wanted, [true, true, false]);
    assert_eq!(backgrounds.phase(&plain[2]), Phase::NoRoom);
    let zoned = ["d", "e", "f"].map(|id| camera(id, 1, Some(ZoneKind::Pavement)));
    let wanted: Vec<bool> = zoned
        .iter()
        .map(|it| backgrounds.wants(it, at(9)))
        .collect();
    assert_eq!(wanted, [true, true, false]);
    assert_eq!(backgrounds.phase(&plain[0]), Phase::NoRoom);
    // who is gone makes room
    let left = [Arc::new(zoned[0].clone()), Arc::new(zoned[2].clone())];
    backgrounds.tidy(&left);
    assert!(backgrounds.wants(&zoned[2], at(20)));
    assert_eq!(backgrounds.slots().len(), 2);
}

#[test]
fn a_camera_that_needs_none_has_none() {
    let backgrounds = backgrounds(9, on_pavements());
    let others = [
        camera("a", 1, Some(ZoneKind::NoParking)),
        camera("b", 1, None),
    ];
    for camera in &others {
        assert!(!backgrounds.wants(camera, at(0)));
        assert_eq!(backgrounds.phase(camera), Phase::NotNeeded);
    }
    assert!(backgrounds.slots().is_empty());
}
