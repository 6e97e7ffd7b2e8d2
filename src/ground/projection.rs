//! Pixel → place with its uncertainty.

use super::homography::{Covariance, Homography};
use crate::space::{ErrorEllipse, GroundPoint, LocalFrame, PixelPoint};

/// Where a pixel is on the ground, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    pub point: GroundPoint,
    pub ellipse: ErrorEllipse,
}

/// The assumed errors count as much as this many residuals do: with few pairs, or pairs that fit
/// too well by chance, they keep the ellipse from shrinking to nothing.
const ASSUMED_RESIDUALS: f64 = 4.0;
const OUTSIDE_ELLIPSE: f64 = 0.05;

/// A fitted map, in degrees, with the size its errors turned out to have.
#[derive(Debug, Clone)]
pub(super) struct Projection {
    pub(super) frame: LocalFrame,
    homography: Homography,
    /// Semi-axes are this times the standard deviation under the assumed errors.
    reach: f64,
}

impl Projection {
    pub(super) fn new(frame: LocalFrame, homography: Homography, pairs: usize) -> Self {
        Self {
            reach: reach(&homography, pairs),
            frame,
            homography,
        }
    }

    /// Place and ellipse of a pixel below the horizon.
    pub(super) fn fix(&self, pixel: PixelPoint) -> Option<Fix> {
        if !self.homography.sees_ground(pixel) {
            return None;
        }
        let local = self.homography.ground_from_pixel(pixel);
        Some(Fix {
            point: self.frame.ground_from_local(local),
            ellipse: ellipse(self.homography.covariance_m2(pixel), self.reach),
        })
    }

    /// `None` behind the camera.
    pub(super) fn pixel_from_ground(&self, point: GroundPoint) -> Option<PixelPoint> {
        let local = self.frame.local_from_ground(point);
        self.homography.pixel_from_ground(local)
    }
}

/// How many standard deviations hold 95 %, when how large these are is itself learnt from the
/// residuals. The assumed errors are the prior (scaled inverse chi-square), the residuals the
/// data; the place is then a bivariate t, whose quantile for two dimensions has this closed form.
fn reach(homography: &Homography, pairs: usize) -> f64 {
    let residuals = 2.0 * pairs as f64 - 8.0;
    let freedom = ASSUMED_RESIDUALS + residuals;
    let variance_factor = (ASSUMED_RESIDUALS + homography.chi_squared) / freedom;
    let quantile = freedom * (OUTSIDE_ELLIPSE.powf(-2.0 / freedom) - 1.0);
    (variance_factor * quantile).sqrt()
}

fn ellipse(covariance: Covariance, reach: f64) -> ErrorEllipse {
    let middle = (covariance.east + covariance.north) / 2.0;
    let half_difference = (covariance.north - covariance.east) / 2.0;
    let radius = half_difference.hypot(covariance.both);
    let bearing = 0.5 * covariance.both.atan2(half_difference).to_degrees();
    ErrorEllipse {
        semi_major_m: reach * (middle + radius).sqrt(),
        semi_minor_m: reach * (middle - radius).max(0.0).sqrt(),
        bearing_deg: bearing.rem_euclid(180.0),
    }
}
