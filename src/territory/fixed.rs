//! Whole numbers instead of degrees, so that "which side of this line?" has one answer.

use super::raster::Vantage;
use crate::space::{GroundPoint, LocalFrame};

/// A place in whole units east and north of the south-west corner of a [`FixedFrame`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FixedPoint {
    pub x: i32,
    pub y: i32,
}

/// The corner and the unit of fixed-point places: the smallest power of ten of a degree, from
/// 1e-9 (a tenth of a millimetre), with which the whole extent stays below [`Self::SPAN_MAX`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FixedFrame {
    west: f64,
    south: f64,
    units_per_deg: f64,
    /// Largest x and y that occur.
    pub span: FixedPoint,
}

impl FixedFrame {
    /// Differences of coordinates stay below 2^31, their products below 2^62, and the
    /// difference of two products below 2^63: orientation in `i64` cannot overflow.
    const SPAN_MAX: f64 = 2_147_483_000.0;

    const FINEST_PER_DEG: f64 = 1e9;

    /// Whether a unit is as small as it can be.
    pub(super) fn is_finest(&self) -> bool {
        self.units_per_deg >= Self::FINEST_PER_DEG
    }

    /// A frame around points; `None` without points, or where one is not on earth.
    pub(super) fn around(points: impl Iterator<Item = GroundPoint>) -> Option<Self> {
        let (mut west, mut south) = (f64::INFINITY, f64::INFINITY);
        let (mut east, mut north) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for point in points {
            west = west.min(point.lon);
            east = east.max(point.lon);
            south = south.min(point.lat);
            north = north.max(point.lat);
        }
        let extent = (east - west).max(north - south);
        if !extent.is_finite() {
            return None;
        }
        let units_per_deg = [Self::FINEST_PER_DEG, 1e8, 1e7, 1e6]
            .into_iter()
            .find(|units| extent * units < Self::SPAN_MAX)?;
        let mut frame = Self {
            west,
            south,
            units_per_deg,
            span: FixedPoint {
                x: i32::MAX,
                y: i32::MAX,
            },
        };
        frame.span = frame.fix(GroundPoint {
            lon: east,
            lat: north,
        })?;
        Some(frame)
    }

    /// The nearest fixed-point place; `None` outside the frame.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "both are checked to lie within the span, which is an i32"
    )]
    pub(super) fn fix(&self, point: GroundPoint) -> Option<FixedPoint> {
        let x = (point.lon - self.west) * self.units_per_deg + 0.5;
        let y = (point.lat - self.south) * self.units_per_deg + 0.5;
        let inside = x >= 0.0
            && y >= 0.0
            && x < f64::from(self.span.x) + 1.0
            && y < f64::from(self.span.y) + 1.0;
        inside.then_some(FixedPoint {
            x: x as i32,
            y: y as i32,
        })
    }

    /// A place to look around from; it may lie outside the frame.
    #[inline]
    pub(super) fn vantage(&self, point: GroundPoint) -> Vantage {
        let (m_per_x, m_per_y) = self.m_per_unit(point);
        Vantage {
            x: (point.lon - self.west) * self.units_per_deg,
            y: (point.lat - self.south) * self.units_per_deg,
            m_per_x,
            m_per_y,
        }
    }

    pub(super) fn ground(&self, point: FixedPoint) -> GroundPoint {
        GroundPoint {
            lon: self.west + f64::from(point.x) / self.units_per_deg,
            lat: self.south + f64::from(point.y) / self.units_per_deg,
        }
    }

    /// Metres per unit east and north, at a point's latitude.
    #[inline]
    pub(super) fn m_per_unit(&self, at: GroundPoint) -> (f64, f64) {
        let one_deg = LocalFrame::at(at).local_from_ground(GroundPoint {
            lon: at.lon + 1.0,
            lat: at.lat + 1.0,
        });
        (
            one_deg.east_m / self.units_per_deg,
            one_deg.north_m / self.units_per_deg,
        )
    }
}
