//! The ground a camera is believed in.

use geo_types::{Coord, LineString, Polygon};

use super::pairs::FitError;
use super::projection::{Fix, Projection};
use crate::space::{GroundPoint, LocalPoint, PixelPoint};

/// Ground is believed in while the 95 % ellipse is smaller than this.
const SEMI_MAJOR_M_MAX: f64 = 5.0;
/// And this near to the nearest ground in the picture.
const REACH_M: f64 = 120.0;
/// The picture is tried at this many places along each side.
const SAMPLES: u32 = 32;

/// The convex hull of the ground the picture shows well enough.
pub(super) fn visible(
    projection: &Projection,
    image_width_px: u32,
    image_height_px: u32,
) -> Result<Polygon<f64>, FitError> {
    let too_uncertain = FitError::TooUncertain {
        limit_m: SEMI_MAJOR_M_MAX,
    };
    let sharp: Vec<_> = samples(image_width_px, image_height_px)
        .filter_map(|pixel| projection.fix(pixel))
        .filter(|fix: &Fix| fix.ellipse.semi_major_m <= SEMI_MAJOR_M_MAX)
        .map(|fix| projection.frame.local_from_ground(fix.point))
        .collect();
    // Samples come from the bottom of the picture upwards, from its middle outwards: the first is
    // the nearest ground.
    let Some(nearest) = sharp.first().copied() else {
        return Err(too_uncertain);
    };
    let apart_m =
        |point: &LocalPoint| (point.east_m - nearest.east_m).hypot(point.north_m - nearest.north_m);
    let hull = convex_hull(
        sharp
            .into_iter()
            .filter(|p| apart_m(p) <= REACH_M)
            .collect(),
    );
    if hull.len() < 3 {
        return Err(too_uncertain);
    }
    let corners = hull.into_iter().map(|corner| {
        let GroundPoint { lon, lat } = projection.frame.ground_from_local(corner);
        Coord { x: lon, y: lat }
    });
    Ok(Polygon::new(LineString::from_iter(corners), Vec::new()))
}

/// Whether a polygon, EPSG:4326, holds a place. Even-odd rule; a point on the border may fall on either side.
pub fn contains(polygon: &Polygon<f64>, point: GroundPoint) -> bool {
    let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
    let crossed = rings.flat_map(LineString::lines).filter(|edge| {
        let (a, b) = (edge.start, edge.end);
        (a.y > point.lat) != (b.y > point.lat)
            && point.lon < a.x + (b.x - a.x) * (point.lat - a.y) / (b.y - a.y)
    });
    crossed.count() % 2 == 1
}

/// A polygon given from outside, when it can be one.
pub(super) fn checked(polygon: Polygon<f64>) -> Result<Polygon<f64>, FitError> {
    let on_earth = |c: &Coord<f64>| GroundPoint::new_checked(c.x, c.y).is_some();
    let mut rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
    let sound = rings.all(|ring| {
        let mut corners: Vec<_> = ring
            .coords()
            .map(|c| (c.x.to_bits(), c.y.to_bits()))
            .collect();
        corners.sort_unstable();
        corners.dedup();
        corners.len() >= 3 && ring.coords().all(on_earth)
    });
    if sound {
        Ok(polygon)
    } else {
        Err(FitError::BadGround)
    }
}

fn samples(width_px: u32, height_px: u32) -> impl Iterator<Item = PixelPoint> {
    let (width, height) = (f64::from(width_px), f64::from(height_px));
    let outwards = (0..=SAMPLES).map(|i| {
        let side = if i % 2 == 0 { 1.0 } else { -1.0 };
        0.5 + side * f64::from(i.div_ceil(2)) / f64::from(SAMPLES)
    });
    (0..=SAMPLES).rev().flat_map(move |row| {
        let y = height * f64::from(row) / f64::from(SAMPLES);
        outwards
            .clone()
            .map(move |x| PixelPoint { x: x * width, y })
    })
}

/// Counter-clockwise; Andrew's monotone chain.
fn convex_hull(mut points: Vec<LocalPoint>) -> Vec<LocalPoint> {
    points.sort_by(|a, b| {
        let east = a.east_m.total_cmp(&b.east_m);
        east.then(a.north_m.total_cmp(&b.north_m))
    });
    let mut lower = half_hull(points.iter());
    let mut upper = half_hull(points.iter().rev());
    lower.pop();
    upper.pop();
    lower.extend(upper);
    lower
}

fn half_hull<'a>(points: impl Iterator<Item = &'a LocalPoint>) -> Vec<LocalPoint> {
    let mut hull: Vec<LocalPoint> = Vec::new();
    for point in points {
        while let [.., a, b] = hull[..] {
            let turn = (b.east_m - a.east_m) * (point.north_m - a.north_m)
                - (b.north_m - a.north_m) * (point.east_m - a.east_m);
            if turn > 1e-9 {
                break;
            }
            hull.pop();
        }
        hull.push(*point);
    }
    hull
}
