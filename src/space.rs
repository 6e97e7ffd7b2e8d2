//! Coordinate spaces, one type each, so that no signature holds a bare pair of numbers.
//!
//! At the edges a place is longitude, latitude in degrees, WGS 84 (EPSG:4326); CGCS2000
//! (EPSG:4490) differs from it by less than the accuracy of any camera and is treated as equal.
//! Inside, distances are metres in a [`LocalFrame`]. Transforms are named `ground_from_pixel`,
//! never `pixel_to_ground`, so that composed names read without a gap.

use serde::{Deserialize, Serialize};

/// A pixel position; origin at the top left corner of the image, x right, y down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PixelPoint {
    pub x: f64,
    pub y: f64,
}

/// An axis-aligned box in pixels of the full frame; `left < right`, `top < bottom`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PixelBox {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl PixelBox {
    /// Where the thing in the box touches the ground: the middle of the lower edge.
    pub fn foot(&self) -> PixelPoint {
        PixelPoint {
            x: f64::from(self.left + self.right) / 2.0,
            y: f64::from(self.bottom),
        }
    }

    /// The same box in a picture so many times as wide and high.
    pub fn scaled(&self, x: f32, y: f32) -> Self {
        Self {
            left: self.left * x,
            top: self.top * y,
            right: self.right * x,
            bottom: self.bottom * y,
        }
    }

    pub fn area(&self) -> f32 {
        (self.right - self.left).max(0.0) * (self.bottom - self.top).max(0.0)
    }

    /// Intersection over union, 0 to 1.
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = self.shared(other);
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }

    /// The share of this box that the other takes, 0 to 1.
    pub fn covered_by(&self, other: &Self) -> f32 {
        let area = self.area();
        if area > 0.0 {
            self.shared(other) / area
        } else {
            0.0
        }
    }

    fn shared(&self, other: &Self) -> f32 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.max(0.0) * height.max(0.0)
    }
}

/// A place on the ground: degrees, WGS 84, longitude first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GroundPoint {
    pub lon: f64,
    pub lat: f64,
}

impl GroundPoint {
    /// `None` unless both are finite and within ±180 / ±90 degrees.
    pub fn new_checked(lon: f64, lat: f64) -> Option<Self> {
        let valid = (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat);
        valid.then_some(Self { lon, lat })
    }

    /// Distance in metres on the ellipsoid's tangent plane; good to 1e-5 of itself over a few
    /// kilometres.
    pub fn distance_m(self, other: Self) -> f64 {
        let frame = LocalFrame::at(self);
        let there = frame.local_from_ground(other);
        there.east_m.hypot(there.north_m)
    }
}

/// Metres east and north of the origin of a [`LocalFrame`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LocalPoint {
    pub east_m: f64,
    pub north_m: f64,
}

/// A plane in metres that touches the WGS 84 ellipsoid at its origin: degrees scaled by the
/// ellipsoid's radii of curvature there. Within 2 km of the origin it is true to a centimetre
/// or two, which is far below what a pixel covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalFrame {
    origin: GroundPoint,
    m_per_deg_lon: f64,
    m_per_deg_lat: f64,
}

impl LocalFrame {
    const SEMI_MAJOR_M: f64 = 6_378_137.0;
    const ECCENTRICITY_SQUARED: f64 = 6.694_379_990_141_317e-3;

    pub fn at(origin: GroundPoint) -> Self {
        let (sin, cos) = origin.lat.to_radians().sin_cos();
        let w_squared = 1.0 - Self::ECCENTRICITY_SQUARED * sin * sin;
        let prime_vertical_m = Self::SEMI_MAJOR_M / w_squared.sqrt();
        let meridian_m = prime_vertical_m * (1.0 - Self::ECCENTRICITY_SQUARED) / w_squared;
        Self {
            origin,
            m_per_deg_lon: (prime_vertical_m * cos).to_radians(),
            m_per_deg_lat: meridian_m.to_radians(),
        }
    }

    pub fn origin(&self) -> GroundPoint {
        self.origin
    }

    pub fn local_from_ground(&self, point: GroundPoint) -> LocalPoint {
        LocalPoint {
            east_m: (point.lon - self.origin.lon) * self.m_per_deg_lon,
            north_m: (point.lat - self.origin.lat) * self.m_per_deg_lat,
        }
    }

    pub fn ground_from_local(&self, point: LocalPoint) -> GroundPoint {
        GroundPoint {
            lon: self.origin.lon + point.east_m / self.m_per_deg_lon,
            lat: self.origin.lat + point.north_m / self.m_per_deg_lat,
        }
    }
}

/// Where a located thing is with 95 % probability: an ellipse around its point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorEllipse {
    pub semi_major_m: f64,
    pub semi_minor_m: f64,
    /// Direction of the major axis, degrees clockwise from north, 0 to 180.
    pub bearing_deg: f64,
}

mod postgis {
    use super::GroundPoint;
    use geo_types::{Geometry, Point};
    use geozero::{ToGeo as _, wkb};
    use sqlx::encode::IsNull;
    use sqlx::error::BoxDynError;
    use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef};
    use sqlx::{Decode, Encode, Postgres, Type};

    /// A `GroundPoint` travels as `geometry(Point, 4326)`.
    impl Type<Postgres> for GroundPoint {
        fn type_info() -> PgTypeInfo {
            PgTypeInfo::with_name("geometry")
        }
    }

    impl Encode<'_, Postgres> for GroundPoint {
        fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
            let point = Geometry::Point(Point::new(self.lon, self.lat));
            let ewkb = geozero::ToWkb::to_ewkb(&point, geozero::CoordDimensions::xy(), Some(4326))?;
            buf.extend_from_slice(&ewkb);
            Ok(IsNull::No)
        }
    }

    impl Decode<'_, Postgres> for GroundPoint {
        fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
            let decoded: wkb::Decode<Geometry<f64>> = Decode::<Postgres>::decode(value)?;
            let point = decoded.geometry.and_then(GroundPoint::of_geometry);
            point.ok_or_else(|| "expected a point".into())
        }
    }

    impl GroundPoint {
        /// From PostGIS' bytes of a point; `None` where they are something else.
        pub(crate) fn from_ewkb(bytes: &[u8]) -> Option<Self> {
            // little-endian, a point: a reader of anything else would believe the counts in it
            let is_point = matches!(bytes, [1, 1, 0, 0, _, ..]);
            let geometry = is_point.then(|| wkb::Ewkb(bytes).to_geo())?;
            Self::of_geometry(geometry.ok()?)
        }

        fn of_geometry(geometry: Geometry<f64>) -> Option<Self> {
            let point = Point::try_from(geometry).ok()?;
            Some(Self {
                lon: point.x(),
                lat: point.y(),
            })
        }
    }
}
