//! A camera's calibration: pixel/ground pairs and what follows from them.

use geo_types::Polygon;
use serde::{Deserialize, Serialize};

use super::homography::Homography;
use super::pairs::{self, FitError};
use super::projection::{Fix, Projection};
use super::region;
use crate::space::{GroundPoint, LocalPoint, PixelBox, PixelPoint};

/// A pixel and the place on the ground it shows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ControlPair {
    pub x: f64,
    pub y: f64,
    pub lon: f64,
    pub lat: f64,
}

/// Why a pixel has no place on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OffGround {
    #[error("at or above the horizon")]
    BehindHorizon,
    #[error("outside the ground this camera is believed in")]
    OutsideGround,
}

/// How well one pair agrees with the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairError {
    /// Distance on the ground from the pair's place to where the fit puts its pixel.
    pub residual_m: f64,
    /// The same with a fit that has not seen this pair: the honest number. `None` where the
    /// others alone determine nothing, as with four pairs.
    pub leave_one_out_m: Option<f64>,
}

/// A fitted calibration of one camera.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// Row of table `calibration`; 0 before it is stored.
    pub id: i32,
    pub version: i32,
    pub image_width_px: u32,
    pub image_height_px: u32,
    pub pairs: Vec<ControlPair>,
    pub(super) projection: Projection,
    pair_errors: Vec<PairError>,
    ground: Polygon<f64>,
}

impl Calibration {
    /// Fits at least four pairs in a picture of the given size.
    ///
    /// `ground` is the area the camera is believed in, EPSG:4326; `None`: where the picture shows
    /// ground within some tens of metres and the 95 % ellipse is smaller than a few metres.
    pub fn fit(
        pairs: Vec<ControlPair>,
        image_width_px: u32,
        image_height_px: u32,
        ground: Option<Polygon<f64>>,
    ) -> Result<Self, FitError> {
        let checked = pairs::check(&pairs, image_width_px, image_height_px)?;
        let homography =
            Homography::fit(&checked.points).map_err(|_undetermined| FitError::OnOneLine)?;
        for (pair, (pixel, _)) in (1..).zip(&checked.points) {
            if !homography.sees_ground(*pixel) {
                return Err(FitError::AboveHorizon { pair });
            }
        }
        if homography.determinant() >= 0.0 {
            return Err(FitError::Mirrored);
        }
        let pair_errors = pair_errors(&homography, &checked.points);
        let projection = Projection::new(checked.frame, homography, pairs.len());
        let ground = match ground {
            Some(given) => region::checked(given)?,
            None => region::visible(&projection, image_width_px, image_height_px)?,
        };
        Ok(Self {
            id: 0,
            version: 0,
            image_width_px,
            image_height_px,
            pairs,
            projection,
            pair_errors,
            ground,
        })
    }

    /// The same, as the row and version it was stored as.
    pub fn stored(self, id: i32, version: i32) -> Self {
        Self {
            id,
            version,
            ..self
        }
    }

    /// Where a thing is whose foot is at `pixel`, and the ellipse it is in with 95 % probability.
    pub fn locate(&self, pixel: PixelPoint) -> Result<Fix, OffGround> {
        let fix = self.projection.fix(pixel).ok_or(OffGround::BehindHorizon)?;
        if region::contains(&self.ground, fix.point) {
            Ok(fix)
        } else {
            Err(OffGround::OutsideGround)
        }
    }

    /// How wide a thing is that stands upright on the ground and fills a box in a picture of this
    /// size, metres: between the lower corners of the box. `None` where they are no ground.
    pub fn width_m(
        &self,
        pixel_box: &PixelBox,
        image_width_px: u32,
        image_height_px: u32,
    ) -> Option<f64> {
        let corner = |x: f32| {
            let pixel = PixelPoint {
                x: x.into(),
                y: pixel_box.bottom.into(),
            };
            let pixel = self.pixel_from_image(pixel, image_width_px, image_height_px)?;
            Some(self.projection.fix(pixel)?.point)
        };
        Some(corner(pixel_box.left)?.distance_m(corner(pixel_box.right)?))
    }

    /// The pixel of the calibration's picture that shows what `pixel` shows in one of another
    /// resolution. `None` when its sides are not in the same proportion, for then it is another
    /// kind of picture and this calibration says nothing about it.
    pub fn pixel_from_image(
        &self,
        pixel: PixelPoint,
        image_width_px: u32,
        image_height_px: u32,
    ) -> Option<PixelPoint> {
        let (scale_x, scale_y) = self.scales(image_width_px, image_height_px)?;
        Some(PixelPoint {
            x: pixel.x * scale_x,
            y: pixel.y * scale_y,
        })
    }

    /// Whether it says something about pictures of this size: their sides are in the same proportion.
    pub fn is_for(&self, image_width_px: u32, image_height_px: u32) -> bool {
        self.scales(image_width_px, image_height_px).is_some()
    }

    fn scales(&self, image_width_px: u32, image_height_px: u32) -> Option<(f64, f64)> {
        let scale_x = f64::from(self.image_width_px) / f64::from(image_width_px);
        let scale_y = f64::from(self.image_height_px) / f64::from(image_height_px);
        // Half a pixel of rounding on the shorter side of a small picture.
        let same_proportion = (scale_x / scale_y - 1.0).abs() < 0.005;
        same_proportion.then_some((scale_x, scale_y))
    }

    /// Where the camera sees this place; `None` behind it. May lie outside the picture.
    pub fn pixel_from_ground(&self, point: GroundPoint) -> Option<PixelPoint> {
        self.projection.pixel_from_ground(point)
    }

    /// The area this camera is believed in, EPSG:4326.
    pub fn ground(&self) -> &Polygon<f64> {
        &self.ground
    }

    /// In the order of `pairs`.
    pub fn pair_errors(&self) -> &[PairError] {
        &self.pair_errors
    }

    /// Median leave-one-out error; `None` with four pairs.
    pub fn error_loo_m(&self) -> Option<f64> {
        let errors = self.pair_errors.iter().filter_map(|e| e.leave_one_out_m);
        median(errors.collect())
    }
}

fn pair_errors(fit: &Homography, points: &[(PixelPoint, LocalPoint)]) -> Vec<PairError> {
    let error_m = |fit: &Homography, (pixel, ground): &(PixelPoint, LocalPoint)| {
        let at = fit.ground_from_pixel(*pixel);
        (at.east_m - ground.east_m).hypot(at.north_m - ground.north_m)
    };
    let without = |left_out: usize| {
        let mut others = points.to_vec();
        let point = others.remove(left_out);
        let fit = (others.len() >= 4).then(|| Homography::fit(&others).ok())??;
        fit.sees_ground(point.0).then(|| error_m(&fit, &point))
    };
    let of = |(i, point)| PairError {
        residual_m: error_m(fit, point),
        leave_one_out_m: without(i),
    };
    points.iter().enumerate().map(of).collect()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}
