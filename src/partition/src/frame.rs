//! Degrees to millimetres and back.

use serde::{Deserialize, Serialize};

use crate::point::Point;

/// Longitude and latitude in degrees, WGS 84 (EPSG:4326); CGCS2000 counts as the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Degrees {
    pub lon: f64,
    pub lat: f64,
}

/// A transverse Mercator plane with its origin in the middle of a city and scale 1 on the
/// meridian there, on the WGS 84 ellipsoid.
///
/// Computed with Krüger's series to the fourth order of the third flattening (Karney,
/// *Transverse Mercator with an accuracy of a few nanometers*, 2011, eq. 35 and 36): what is left
/// out stays below a micrometre within 1,000 km of the meridian, so that the millimetre grid is
/// the whole error. Lengths grow with the distance `x` from the meridian by `x² / 2R²`: 3e-5 at
/// 50 km. EPSG:4549 is the same projection with its meridian at 120° E.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    origin: Degrees,
    /// Distance of the origin from the equator along the meridian.
    north_m: f64,
}

const SEMI_MAJOR_M: f64 = 6_378_137.0;
const FLATTENING: f64 = 1.0 / 298.257_223_563;
/// The third flattening, `(a - b) / (a + b)`.
const N: f64 = FLATTENING / (2.0 - FLATTENING);
/// Radius of the circle whose circumference is four quarter meridians.
const RADIUS_M: f64 = SEMI_MAJOR_M / (1.0 + N) * (1.0 + N * N / 4.0 + N * N * N * N / 64.0);

const ALPHA: [f64; 4] = [
    N / 2.0 - 2.0 / 3.0 * N * N + 5.0 / 16.0 * N * N * N + 41.0 / 180.0 * N * N * N * N,
    13.0 / 48.0 * N * N - 3.0 / 5.0 * N * N * N + 557.0 / 1440.0 * N * N * N * N,
    61.0 / 240.0 * N * N * N - 103.0 / 140.0 * N * N * N * N,
    49561.0 / 161_280.0 * N * N * N * N,
];
const BETA: [f64; 4] = [
    N / 2.0 - 2.0 / 3.0 * N * N + 37.0 / 96.0 * N * N * N - 1.0 / 360.0 * N * N * N * N,
    1.0 / 48.0 * N * N + 1.0 / 15.0 * N * N * N - 437.0 / 1440.0 * N * N * N * N,
    17.0 / 480.0 * N * N * N - 37.0 / 840.0 * N * N * N * N,
    4397.0 / 161_280.0 * N * N * N * N,
];

impl Frame {
    /// A frame around a place; `None` unless it is a place on the ground short of the poles.
    pub fn at(origin: Degrees) -> Option<Self> {
        const LAT_MAX: f64 = 85.0;
        let valid = (-180.0..=180.0).contains(&origin.lon) && origin.lat.abs() <= LAT_MAX;
        valid.then(|| {
            let (_, north_m) = plane_from_degrees(origin, origin.lon);
            Self { origin, north_m }
        })
    }

    /// The nearest grid point; `None` where the place is not finite or farther than
    /// [`Point::MAX_MM`].
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    pub fn point(&self, place: Degrees) -> Option<Point> {
        let (east_m, north_m) = plane_from_degrees(place, self.origin.lon);
        let (x, y) = (
            (east_m * 1000.0).round(),
            ((north_m - self.north_m) * 1000.0).round(),
        );
        let limit = f64::from(Point::MAX_MM);
        // the projection folds the far side of the earth over the near one
        let near = (place.lon - self.origin.lon).abs() < 60.0 && place.lat.abs() < 90.0;
        (near && x.abs() <= limit && y.abs() <= limit).then(|| Point::new(x as i32, y as i32))
    }

    pub fn degrees(&self, point: Point) -> Degrees {
        let east = f64::from(point.x) / 1000.0 / RADIUS_M;
        let north = (f64::from(point.y) / 1000.0 + self.north_m) / RADIUS_M;
        let (mut xi, mut eta) = (north, east);
        for (order, beta) in (1..).zip(BETA) {
            let twice = 2.0 * f64::from(order);
            xi -= beta * (twice * north).sin() * (twice * east).cosh();
            eta -= beta * (twice * north).cos() * (twice * east).sinh();
        }
        let lon = eta.sinh().atan2(xi.cos());
        let conformal = xi.sin() / eta.sinh().hypot(xi.cos());
        Degrees {
            lon: self.origin.lon + lon.to_degrees(),
            lat: tangent_from_conformal(conformal).atan().to_degrees(),
        }
    }
}

fn eccentricity() -> f64 {
    (FLATTENING * (2.0 - FLATTENING)).sqrt()
}

/// The tangent of the conformal latitude from that of the geographic one.
fn conformal_from_tangent(tangent: f64) -> f64 {
    let e = eccentricity();
    let secant = tangent.hypot(1.0);
    let sigma = (e * (e * tangent / secant).atanh()).sinh();
    tangent * sigma.hypot(1.0) - sigma * secant
}

/// The other way round, by Newton's method (Karney, eq. 19 to 21).
fn tangent_from_conformal(conformal: f64) -> f64 {
    const ROUNDS: usize = 4;
    let rest = 1.0 - eccentricity().powi(2);
    let mut tangent = conformal / rest;
    for _ in 0..ROUNDS {
        let reached = conformal_from_tangent(tangent);
        let slope =
            (1.0 + rest * tangent * tangent) / (rest * tangent.hypot(1.0) * reached.hypot(1.0));
        tangent += (conformal - reached) * slope;
    }
    tangent
}

/// Metres east of the meridian and north of the equator.
fn plane_from_degrees(place: Degrees, meridian: f64) -> (f64, f64) {
    let lon = (place.lon - meridian).to_radians();
    let conformal = conformal_from_tangent(place.lat.to_radians().tan());
    let north = conformal.atan2(lon.cos());
    let east = (lon.sin() / conformal.hypot(lon.cos())).asinh();
    let (mut xi, mut eta) = (north, east);
    for (order, alpha) in (1..).zip(ALPHA) {
        let twice = 2.0 * f64::from(order);
        xi += alpha * (twice * north).sin() * (twice * east).cosh();
        eta += alpha * (twice * north).cos() * (twice * east).sinh();
    }
    (RADIUS_M * eta, RADIUS_M * xi)
}

#[cfg(test)]
mod tests {
    use proj4rs::Proj;
    use proj4rs::transform::transform;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Back and forth moves nothing on the grid, wherever in a city of 200 km.
        #[test]
        fn millimetres_come_back(
            lon in -180.0..180.0, lat in -80.0..80.0,
            x in -100_000_000..100_000_000, y in -100_000_000..100_000_000,
        ) {
            let frame = Frame::at(Degrees { lon, lat }).unwrap();
            let point = Point::new(x, y);
            prop_assert_eq!(frame.point(frame.degrees(point)), Some(point));
        }

        #[test]
        fn another_implementation_agrees_within_the_grid(
            dlon in -1.5..1.5, lat in 18.0..53.0,
        ) {
            let wgs84 = Proj::from_epsg_code(4326).unwrap();
            let plane = Proj::from_proj_string(
                "+proj=tmerc +lat_0=30 +lon_0=120 +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m"
            ).unwrap();
            let mut place = (f64::to_radians(120.0 + dlon), f64::to_radians(lat), 0.0);
            transform(&wgs84, &plane, &mut place).unwrap();
            let frame = Frame::at(Degrees { lon: 120.0, lat: 30.0 }).unwrap();
            prop_assume!(place.1.abs() < 1_000_000.0);
            let point = frame.point(Degrees { lon: 120.0 + dlon, lat }).unwrap();
            prop_assert!((place.0 * 1000.0 - f64::from(point.x)).abs() < 0.6, "{place:?} {point:?}");
            prop_assert!((place.1 * 1000.0 - f64::from(point.y)).abs() < 0.6, "{place:?} {point:?}");
        }
    }

    #[test]
    fn what_is_no_place_nearby_is_refused() {
        let frame = Frame::at(Degrees {
            lon: 120.0,
            lat: 32.0,
        })
        .unwrap();
        for (lon, lat) in [
            (f64::NAN, 0.0),
            (121.0, f64::INFINITY),
            (-60.0, 32.0),
            (132.0, 32.0),
        ] {
            assert_eq!(frame.point(Degrees { lon, lat }), None, "{lon} {lat}");
        }
        assert_eq!(
            Frame::at(Degrees {
                lon: 0.0,
                lat: 89.0
            }),
            None
        );
    }
}
