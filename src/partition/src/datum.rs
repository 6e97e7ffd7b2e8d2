//! GCJ-02 and BD-09, the shifted coordinates of Chinese map services.
//!
//! Constants: the algorithm published with the `eviltransform` and `coordtransform` projects
//! (Krasovsky 1940 ellipsoid, polynomial and sines around 105° E 35° N; BD-09 adds a wobble and
//! 0.0065°/0.0060°). It is not official, and agrees with the services to about a metre. The way
//! back has no closed form and is iterated until it is better than a millimetre.

use std::f64::consts::PI;

use crate::frame::Degrees;

/// Krasovsky 1940: semi-major axis in metres and squared eccentricity.
const SEMI_MAJOR_M: f64 = 6_378_245.0;
const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_943;

/// Frequency of the wobble that BD-09 adds.
const BD09_FREQUENCY: f64 = PI * 3000.0 / 180.0;

/// 1e-10 degrees is a hundredth of a millimetre.
const TOLERANCE_DEG: f64 = 1e-10;
const ITERATIONS_MAX: usize = 30;

/// Outside this box the services do not shift.
fn is_shifted(point: Degrees) -> bool {
    (72.004..=137.8347).contains(&point.lon) && (0.8293..=55.8271).contains(&point.lat)
}

/// WGS 84 → GCJ-02; unchanged outside China.
pub fn gcj02_from_wgs84(point: Degrees) -> Degrees {
    if !is_shifted(point) {
        return point;
    }
    let x = point.lon - 105.0;
    let y = point.lat - 35.0;
    let ripple = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let north_m = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + ripple
        + waves(y, 160.0, 320.0);
    let east_m = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + ripple
        + waves(x, 150.0, 300.0);

    let (sin, cos) = point.lat.to_radians().sin_cos();
    let w_squared = 1.0 - ECCENTRICITY_SQUARED * sin * sin;
    let prime_vertical_m = SEMI_MAJOR_M / w_squared.sqrt();
    let meridian_m = prime_vertical_m * (1.0 - ECCENTRICITY_SQUARED) / w_squared;
    Degrees {
        lon: point.lon + (east_m / (prime_vertical_m * cos)).to_degrees(),
        lat: point.lat + (north_m / meridian_m).to_degrees(),
    }
}

/// Sines with periods of 2, 6, 24 and 60 degrees, in metres.
fn waves(degrees: f64, twelfth_m: f64, thirtieth_m: f64) -> f64 {
    let angle = degrees * PI;
    (20.0 * angle.sin()
        + 40.0 * (angle / 3.0).sin()
        + twelfth_m * (angle / 12.0).sin()
        + thirtieth_m * (angle / 30.0).sin())
        * 2.0
        / 3.0
}

/// GCJ-02 → WGS 84.
pub fn wgs84_from_gcj02(point: Degrees) -> Degrees {
    inverse(gcj02_from_wgs84, point)
}

/// GCJ-02 → BD-09.
pub fn bd09_from_gcj02(point: Degrees) -> Degrees {
    let Degrees { lon, lat } = point;
    let radius = lon.hypot(lat) + 2e-5 * (lat * BD09_FREQUENCY).sin();
    let angle = lat.atan2(lon) + 3e-6 * (lon * BD09_FREQUENCY).cos();
    Degrees {
        lon: radius * angle.cos() + 0.0065,
        lat: radius * angle.sin() + 0.006,
    }
}

/// BD-09 → GCJ-02.
pub fn gcj02_from_bd09(point: Degrees) -> Degrees {
    inverse(bd09_from_gcj02, point)
}

/// The point that `forward` takes to `target`: both shifts change slowly with place, so walking
/// back by the remaining error converges in a handful of steps.
fn inverse(forward: fn(Degrees) -> Degrees, target: Degrees) -> Degrees {
    let mut guess = target;
    for _ in 0..ITERATIONS_MAX {
        let image = forward(guess);
        let (lon_error, lat_error) = (target.lon - image.lon, target.lat - image.lat);
        guess.lon += lon_error;
        guess.lat += lat_error;
        if lon_error.abs().max(lat_error.abs()) < TOLERANCE_DEG {
            break;
        }
    }
    guess
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point(lon: f64, lat: f64) -> Degrees {
        Degrees { lon, lat }
    }

    #[track_caller]
    fn check_within(actual: Degrees, expected: Degrees, metres: f64) {
        let distance_m = distance_m(actual, expected);
        assert!(
            distance_m < metres,
            "{actual:?} is {distance_m} m from {expected:?}"
        );
    }

    fn distance_m(one: Degrees, other: Degrees) -> f64 {
        const DEGREE_M: f64 = 111_320.0;
        let east = (one.lon - other.lon) * one.lat.to_radians().cos();
        east.hypot(one.lat - other.lat) * DEGREE_M
    }

    #[test]
    fn known_points_agree_with_the_published_algorithm() {
        for (wgs84, gcj02) in [
            (
                point(121.527_210_6, 31.177_427_6),
                point(121.531_541_859_215, 31.175_303_983_646),
            ),
            (
                point(113.912_316, 22.543_847),
                point(113.917_176_480_836, 22.540_796_131_695),
            ),
            (
                point(116.377_817, 39.911_954),
                point(116.384_047_224_557, 39.913_345_455_361),
            ),
        ] {
            check_within(gcj02_from_wgs84(wgs84), gcj02, 0.001);
            check_within(wgs84_from_gcj02(gcj02), wgs84, 0.001);
        }
    }

    #[test]
    fn the_known_bd09_point_of_beijing_agrees() {
        let bd09 = bd09_from_gcj02(point(116.404, 39.915));
        check_within(bd09, point(116.410_369_493_71, 39.921_336_993_51), 0.001);
    }

    #[test]
    fn taizhou_is_shifted_by_hundreds_of_metres() {
        let centre = point(119.92, 32.45);
        let shift_m = distance_m(centre, gcj02_from_wgs84(centre));
        assert!((300.0..700.0).contains(&shift_m), "{shift_m}");
    }

    #[test]
    fn outside_china_nothing_is_shifted() {
        let helsinki = point(24.94, 60.17);
        assert_eq!(gcj02_from_wgs84(helsinki), helsinki);
        assert_eq!(wgs84_from_gcj02(helsinki), helsinki);
    }

    proptest! {
        #[test]
        fn there_and_back_is_better_than_a_millimetre(lon in 73.0..135.0, lat in 4.0..53.0) {
            let wgs84 = point(lon, lat);
            let gcj02 = gcj02_from_wgs84(wgs84);
            check_within(wgs84_from_gcj02(gcj02), wgs84, 0.001);
            check_within(gcj02_from_bd09(bd09_from_gcj02(gcj02)), gcj02, 0.001);
        }
    }
}
