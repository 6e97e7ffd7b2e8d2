//! A simulated camera on a pole knows the truth; calibrations are held against it.

use proptest::prelude::*;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::homography::{PIXEL_SIGMA_PX, SURVEY_SIGMA_M};
use super::{Calibration, ControlPair, FitError, OffGround, region};
use crate::space::{GroundPoint, LocalFrame, LocalPoint, PixelPoint};

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;

/// A pinhole camera on a pole over flat ground.
#[derive(Debug, Clone, Copy)]
struct PoleCamera {
    foot: GroundPoint,
    height_m: f64,
    tilt_deg: f64,
    bearing_deg: f64,
    focal_px: f64,
}

const CAMERA: PoleCamera = PoleCamera {
    foot: GroundPoint {
        lon: 119.92,
        lat: 32.45,
    },
    height_m: 8.0,
    tilt_deg: 25.0,
    bearing_deg: 70.0,
    focal_px: 1400.0,
};

impl PoleCamera {
    /// Where the ray through a pixel meets the ground; `None` at or above the horizon.
    fn ground(&self, pixel: PixelPoint) -> Option<GroundPoint> {
        let right = (pixel.x - f64::from(WIDTH) / 2.0) / self.focal_px;
        let down = (pixel.y - f64::from(HEIGHT) / 2.0) / self.focal_px;
        let (sin, cos) = self.tilt_deg.to_radians().sin_cos();
        let falls = sin + down * cos;
        let ahead = cos - down * sin;
        let length = self.height_m / falls;
        let (sin, cos) = self.bearing_deg.to_radians().sin_cos();
        let local = LocalPoint {
            east_m: length * (ahead * sin + right * cos),
            north_m: length * (ahead * cos - right * sin),
        };
        (falls > 0.0).then(|| LocalFrame::at(self.foot).ground_from_local(local))
    }

    fn pair(&self, x: f64, y: f64) -> ControlPair {
        let GroundPoint { lon, lat } = self.ground(PixelPoint { x, y }).unwrap();
        ControlPair { x, y, lon, lat }
    }

    /// Pairs spread over the lower part of the picture, without errors.
    fn pairs(&self, count: usize) -> Vec<ControlPair> {
        let spots = [
            (250., 1000.),
            (1650., 980.),
            (1500., 330.),
            (420., 360.),
            (960., 700.),
            (1000., 420.),
            (200., 640.),
            (1750., 620.),
            (700., 900.),
            (1250., 820.),
            (720., 500.),
            (1300., 540.),
        ];
        let spots = spots.iter().take(count);
        spots.map(|(x, y)| self.pair(*x, *y)).collect()
    }

    fn calibration(&self, count: usize) -> Calibration {
        Calibration::fit(self.pairs(count), WIDTH, HEIGHT, None).unwrap()
    }
}

fn gaussian(rng: &mut impl rand::Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random_range(f64::MIN_POSITIVE..1.0), rng.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// Clicks and survey with errors `factor` times those assumed.
fn blur(pairs: &mut [ControlPair], factor: f64, rng: &mut impl rand::Rng) {
    let frame = LocalFrame::at(CAMERA.foot);
    for pair in pairs {
        pair.x += factor * PIXEL_SIGMA_PX * gaussian(rng);
        pair.y += factor * PIXEL_SIGMA_PX * gaussian(rng);
        let mut local = frame.local_from_ground(GroundPoint {
            lon: pair.lon,
            lat: pair.lat,
        });
        local.east_m += factor * SURVEY_SIGMA_M * gaussian(rng);
        local.north_m += factor * SURVEY_SIGMA_M * gaussian(rng);
        let place = frame.ground_from_local(local);
        (pair.lon, pair.lat) = (place.lon, place.lat);
    }
}

#[test]
fn exact_pairs_locate_exactly() {
    for count in 4..=12 {
        let calibration = CAMERA.calibration(count);
        for (x, y) in [(960.0, 800.0), (500.0, 500.0), (1600.0, 900.0)] {
            let pixel = PixelPoint { x, y };
            let fix = calibration.locate(pixel).unwrap();
            let off_m = fix.point.distance_m(CAMERA.ground(pixel).unwrap());
            assert!(off_m < 0.01, "{count} pairs: {off_m} m off at {x}, {y}");
            assert!(fix.ellipse.semi_minor_m > 0.0);
            assert!(fix.ellipse.semi_major_m >= fix.ellipse.semi_minor_m);
        }
    }
}

#[test]
fn the_ellipse_points_away_from_the_camera() {
    let calibration = CAMERA.calibration(12);
    let far = PixelPoint { x: 960.0, y: 330.0 };
    let ellipse = calibration.locate(far).unwrap().ellipse;
    assert!(
        ellipse.semi_major_m > 1.2 * ellipse.semi_minor_m,
        "{ellipse:?}"
    );
    assert!(
        (ellipse.bearing_deg - CAMERA.bearing_deg).abs() < 8.0,
        "{ellipse:?}"
    );
}

/// How often the 95 % ellipse held the truth, over many noisy calibrations and pixels.
fn coverage(count: usize, factor: f64, seed: u64) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut held, mut tried) = (0, 0);
    let ground = CAMERA.calibration(count).ground().clone();
    for _ in 0..150 {
        let mut pairs = CAMERA.pairs(count);
        blur(&mut pairs, factor, &mut rng);
        let calibration = Calibration::fit(pairs, WIDTH, HEIGHT, Some(ground.clone())).unwrap();
        for _ in 0..20 {
            let seen = PixelPoint {
                x: rng.random_range(100.0..1820.0),
                y: rng.random_range(300.0..1050.0),
            };
            let truth = CAMERA.ground(seen).unwrap();
            let foot = PixelPoint {
                x: seen.x + factor * PIXEL_SIGMA_PX * gaussian(&mut rng),
                y: seen.y + factor * PIXEL_SIGMA_PX * gaussian(&mut rng),
            };
            let Ok(fix) = calibration.locate(foot) else {
                continue;
            };
            let off = LocalFrame::at(fix.point).local_from_ground(truth);
            let (sin, cos) = fix.ellipse.bearing_deg.to_radians().sin_cos();
            let along = (off.east_m * sin + off.north_m * cos) / fix.ellipse.semi_major_m;
            let across = (off.east_m * cos - off.north_m * sin) / fix.ellipse.semi_minor_m;
            tried += 1;
            held += usize::from(along.hypot(across) <= 1.0);
        }
    }
    assert!(
        tried > 2_000,
        "{count} pairs: only {tried} pixels could be located"
    );
    held as f64 / f64::from(tried)
}

#[test]
fn the_ellipse_holds_what_it_promises() {
    for count in 6..=12 {
        let share = coverage(count, 1.0, count as u64);
        println!("{count} pairs, errors as assumed: {share:.3}");
        assert!((0.92..=0.98).contains(&share), "{count} pairs: {share}");
    }
    // Larger errors than assumed are learnt from the residuals, smaller ones only in part.
    for (count, factor) in [(8, 2.0), (12, 2.0), (8, 0.5), (12, 0.5)] {
        let share = coverage(count, factor, 99);
        println!("{count} pairs, errors {factor} times as assumed: {share:.3}");
        assert!(
            (0.88..=1.0).contains(&share),
            "{count} pairs, {factor}: {share}"
        );
    }
}

#[test]
fn leave_one_out_is_honest_and_needs_five_pairs() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut pairs = CAMERA.pairs(8);
    blur(&mut pairs, 1.0, &mut rng);
    let calibration = Calibration::fit(pairs, WIDTH, HEIGHT, None).unwrap();
    for error in calibration.pair_errors() {
        assert!(error.leave_one_out_m.unwrap() > error.residual_m);
    }
    assert!((0.1..2.0).contains(&calibration.error_loo_m().unwrap()));

    let four = CAMERA.calibration(4);
    assert_eq!(four.error_loo_m(), None);
    assert!(
        four.pair_errors()
            .iter()
            .all(|e| e.leave_one_out_m.is_none())
    );
}

#[test]
fn a_wrong_pair_stands_out() {
    let mut pairs = CAMERA.pairs(8);
    pairs[4].lon += 0.00008;
    let calibration = Calibration::fit(pairs, WIDTH, HEIGHT, None).unwrap();
    let errors = calibration.pair_errors();
    let worst = (0..8).max_by(|a, b| errors[*a].residual_m.total_cmp(&errors[*b].residual_m));
    assert_eq!(worst, Some(4));
}

#[test]
fn above_the_horizon_there_is_no_ground() {
    let calibration = CAMERA.calibration(8);
    let horizon_y = 540.0 - CAMERA.focal_px * CAMERA.tilt_deg.to_radians().tan();
    for y in [horizon_y - 1.0, horizon_y - 200.0, -5_000.0] {
        let located = calibration.locate(PixelPoint { x: 960.0, y });
        assert_eq!(located, Err(OffGround::BehindHorizon), "y {y}");
    }
    let located = calibration.locate(PixelPoint {
        x: 960.0,
        y: horizon_y + 2.0,
    });
    assert_eq!(located, Err(OffGround::OutsideGround));
}

#[test]
fn a_given_ground_is_believed() {
    let (near, far) = (
        PixelPoint {
            x: 960.0,
            y: 1000.0,
        },
        PixelPoint { x: 960.0, y: 400.0 },
    );
    let corners = [(300., 1060.), (1600., 1060.), (1600., 800.), (300., 800.)];
    let ring = corners.map(|(x, y)| {
        let place = CAMERA.ground(PixelPoint { x, y }).unwrap();
        (place.lon, place.lat)
    });
    let ground = geo_types::Polygon::new(ring.to_vec().into(), Vec::new());
    let fit = Calibration::fit(CAMERA.pairs(8), WIDTH, HEIGHT, Some(ground.clone())).unwrap();
    assert_eq!(fit.ground(), &ground);
    assert!(fit.locate(near).is_ok());
    assert_eq!(fit.locate(far), Err(OffGround::OutsideGround));
}

#[test]
fn ground_that_is_no_polygon_is_refused() {
    for ring in [
        vec![],
        vec![(119.9, 32.4); 4],
        vec![(500., 32.), (120., 33.), (121., 33.)],
    ] {
        let ground = geo_types::Polygon::new(ring.into(), Vec::new());
        let fit = Calibration::fit(CAMERA.pairs(8), WIDTH, HEIGHT, Some(ground));
        assert_eq!(fit.unwrap_err(), FitError::BadGround);
    }
}

#[test]
fn the_view_is_a_convex_cone_before_the_camera() {
    let calibration = CAMERA.calibration(8);
    let frame = LocalFrame::at(CAMERA.foot);
    let ring: Vec<_> = calibration
        .ground()
        .exterior()
        .coords()
        .map(|c| frame.local_from_ground(GroundPoint { lon: c.x, lat: c.y }))
        .collect();
    assert!(ring.len() >= 5);
    for corners in ring.windows(3) {
        let (a, b, c) = (corners[0], corners[1], corners[2]);
        let turn = (b.east_m - a.east_m) * (c.north_m - b.north_m)
            - (b.north_m - a.north_m) * (c.east_m - b.east_m);
        assert!(turn > 0.0, "a dent at {b:?}");
    }
    let (sin, cos) = CAMERA.bearing_deg.to_radians().sin_cos();
    for corner in &ring {
        let ahead = corner.east_m * sin + corner.north_m * cos;
        assert!((1.0..135.0).contains(&ahead), "{ahead} m ahead");
    }
    assert!(!region::contains(calibration.ground(), CAMERA.foot));
    for pair in &calibration.pairs {
        let at = PixelPoint {
            x: pair.x,
            y: pair.y,
        };
        assert!(
            calibration.locate(at).is_ok(),
            "pair at {at:?} is outside the view"
        );
    }
}

#[test]
fn a_frame_of_another_size_is_scaled_and_of_another_shape_is_not() {
    let calibration = CAMERA.calibration(8);
    let scaled = calibration.pixel_from_image(PixelPoint { x: 320.0, y: 240.0 }, 640, 360);
    assert_eq!(scaled, Some(PixelPoint { x: 960.0, y: 720.0 }));
    assert_eq!(
        calibration.pixel_from_image(PixelPoint { x: 1.0, y: 1.0 }, 640, 480),
        None
    );
}

fn check_refused(change: impl Fn(&mut Vec<ControlPair>), expected: &FitError) {
    let mut pairs = CAMERA.pairs(6);
    change(&mut pairs);
    let refused = Calibration::fit(pairs, WIDTH, HEIGHT, None).unwrap_err();
    assert_eq!(&refused, expected);
}

#[test]
fn degenerate_pairs_are_refused_in_words() {
    check_refused(|p| p.truncate(3), &FitError::TooFewPairs { count: 3 });
    let many = |p: &mut Vec<ControlPair>| *p = p.iter().copied().cycle().take(201).collect();
    check_refused(many, &FitError::TooManyPairs { count: 201 });
    check_refused(|p| p[2].x = -1.0, &FitError::PixelOutsideImage { pair: 3 });
    check_refused(
        |p| p[2].x = f64::NAN,
        &FitError::PixelOutsideImage { pair: 3 },
    );
    check_refused(|p| p[1].lat = 95.0, &FitError::NoSuchPlace { pair: 2 });
    check_refused(|p| p[1].lon = 60.0, &FitError::TooFar { pair: 2 });
    let (first, second) = (1, 4);
    check_refused(
        |p| (p[3].x, p[3].y) = (p[0].x, p[0].y),
        &FitError::RepeatedPixel { first, second },
    );
    check_refused(
        |p| (p[3].lon, p[3].lat) = (p[0].lon, p[0].lat),
        &FitError::RepeatedPlace { first, second },
    );
    let line = |p: &mut Vec<ControlPair>| {
        *p = (0..6)
            .map(|i| CAMERA.pair(300.0 + 200.0 * f64::from(i), 900.0))
            .collect();
    };
    check_refused(line, &FitError::OnOneLine);
    let all_but_one = |p: &mut Vec<ControlPair>| {
        line(p);
        p[1] = CAMERA.pair(960.0, 500.0);
    };
    check_refused(all_but_one, &FitError::OnOneLine);
    check_refused(
        |p| {
            for pair in p.iter_mut() {
                pair.x = 1920.0 - pair.x;
            }
        },
        &FitError::Mirrored,
    );
}

#[test]
fn a_pair_in_the_sky_is_refused() {
    let mut pairs = CAMERA.pairs(4);
    // The ground behind the camera appears above the horizon when the sums are done blindly.
    let behind = LocalFrame::at(CAMERA.foot).ground_from_local(LocalPoint {
        east_m: -25.0,
        north_m: -9.0,
    });
    (pairs[3].x, pairs[3].y) = (940.0, 5.0);
    (pairs[3].lon, pairs[3].lat) = (behind.lon, behind.lat);
    let refused = Calibration::fit(pairs, WIDTH, HEIGHT, None).unwrap_err();
    assert!(
        matches!(refused, FitError::AboveHorizon { .. }),
        "{refused}"
    );
}

#[test]
fn pairs_too_close_together_are_refused() {
    let spots = [(950., 700.), (958., 700.), (950., 708.), (958., 709.)];
    let pairs = spots.map(|(x, y)| CAMERA.pair(x, y)).to_vec();
    let refused = Calibration::fit(pairs, WIDTH, HEIGHT, None).unwrap_err();
    assert!(
        matches!(refused, FitError::TooUncertain { .. }),
        "{refused}"
    );
}

proptest! {
    #[test]
    fn pixel_and_ground_are_inverse(
        height_m in 4.0..20.0,
        tilt_deg in 20.0..60.0,
        bearing_deg in 0.0..360.0,
        focal_px in 900.0..2_500.0,
        lat in -60.0..60.0,
        x in 0.0..1920.0,
        y in 400.0..1080.0,
        count in 4_usize..=12,
    ) {
        let camera = PoleCamera {
            foot: GroundPoint { lon: 12.0, lat },
            height_m, tilt_deg, bearing_deg, focal_px,
        };
        let spots = camera.pairs(count).into_iter();
        let pairs = spots.map(|p| camera.pair(p.x, 400.0 + 0.6 * p.y)).collect();
        let calibration = Calibration::fit(pairs, WIDTH, HEIGHT, None).unwrap();
        let pixel = PixelPoint { x, y };
        let fix = calibration.projection.fix(pixel).unwrap();
        prop_assert!(fix.point.distance_m(camera.ground(pixel).unwrap()) < 0.01);
        let back = calibration.pixel_from_ground(fix.point).unwrap();
        prop_assert!((back.x - x).hypot(back.y - y) < 1e-6, "{back:?}");
    }

    #[test]
    fn no_input_panics(
        values in proptest::collection::vec(
            (-100.0..2_100.0, -100.0..1_200.0, 119.9..119.93, 32.44..32.46), 0..9),
        at in (-1e4..1e4, -1e4..1e4),
    ) {
        let pairs = values.into_iter().map(|(x, y, lon, lat)| ControlPair { x, y, lon, lat });
        if let Ok(calibration) = Calibration::fit(pairs.collect(), WIDTH, HEIGHT, None)
            && let Ok(fix) = calibration.locate(PixelPoint { x: at.0, y: at.1 })
        {
            prop_assert!(fix.ellipse.semi_major_m.is_finite());
            prop_assert!(fix.point.lon.is_finite() && fix.point.lat.is_finite());
        }
    }
}
