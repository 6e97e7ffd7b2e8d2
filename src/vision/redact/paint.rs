//! A picture that is painted on. What was there cannot be had back: of a cell only its mean stays.

use opencv::core::{
    Mat, MatTrait as _, MatTraitConst as _, Point, Rect, Scalar, Size as CvSize, Vector,
};
use opencv::{imgcodecs, imgproc};

use super::About;
use super::look::inside;
use crate::camera::{Mask, exif};
use crate::space::PixelBox;
use crate::vision::UnreadableFrame;

/// Of what is written anew, 0 to 100.
const JPEG_QUALITY: i32 = 92;
/// What masks are painted with.
const MASK_GREY: f64 = 96.0;
/// Cells across a picture of which nobody knows what is on it, and across what it is kept for.
const CELLS_BLIND: f32 = 24.0;

#[derive(Debug)]
pub(super) struct Canvas {
    picture: Mat,
    /// Whether it is other than as it came.
    differs: bool,
}

impl Canvas {
    pub(super) fn decode(jpeg: &[u8], upright: bool) -> Result<Self, UnreadableFrame> {
        let turned = upright && exif::orientation(jpeg) != exif::UPRIGHT;
        let flags = if turned {
            imgcodecs::IMREAD_COLOR
        } else {
            imgcodecs::IMREAD_COLOR | imgcodecs::IMREAD_IGNORE_ORIENTATION
        };
        let picture = imgcodecs::imdecode(&Mat::from_slice(jpeg)?, flags)?;
        if picture.empty() {
            let nothing = "the decoder made nothing of it".to_owned();
            return Err(UnreadableFrame::Undecodable(nothing));
        }
        Ok(Self {
            picture,
            differs: turned,
        })
    }

    pub(super) fn picture(&self) -> &Mat {
        &self.picture
    }

    /// Whether masks were painted on it or it was turned.
    pub(super) fn differs(&self) -> bool {
        self.differs
    }

    /// Width and height, pixels.
    pub(super) fn size(&self) -> (i32, i32) {
        (self.picture.cols(), self.picture.rows())
    }

    pub(super) fn paint(&mut self, masks: &[Mask]) -> Result<(), UnreadableFrame> {
        let (width, height) = self.size();
        for mask in masks {
            #[expect(clippy::cast_possible_truncation, reason = "shares of a picture")]
            let corner = |[x, y]: &[f64; 2]| {
                Point::new(
                    (x * f64::from(width)).round() as i32,
                    (y * f64::from(height)).round() as i32,
                )
            };
            let corners: Vector<Point> = mask.corners.iter().map(corner).collect();
            let border: Vector<Vector<Point>> = Vector::from_iter([corners]);
            let grey = Scalar::all(MASK_GREY);
            imgproc::fill_poly_def(&mut self.picture, &border, grey)?;
            self.differs = true;
        }
        Ok(())
    }

    /// Leaves of a part of the picture only the means of cells with this side, pixels.
    pub(super) fn coarsen(&mut self, part: &PixelBox, cell_px: f32) -> Result<(), UnreadableFrame> {
        let (width, height) = self.size();
        self.coarsen_rect(inside(part, width, height), cell_px)
    }

    /// Everything, what it is kept for in finer cells.
    pub(super) fn coarsen_all(&mut self, about: About) -> Result<(), UnreadableFrame> {
        let (width, height) = self.size();
        let place = match about {
            About::Place(place) | About::Thing(place) => Some(inside(&place, width, height)),
            About::Street | About::Something => None,
        };
        let kept = place.filter(|rect| rect.width > 0 && rect.height > 0);
        let kept =
            kept.map(|rect| Ok::<_, opencv::Error>((rect, self.picture.roi(rect)?.try_clone()?)));
        let kept = kept.transpose()?;
        self.coarsen_rect(Rect::new(0, 0, width, height), width as f32 / CELLS_BLIND)?;
        if let Some((rect, pixels)) = kept {
            pixels.copy_to(&mut self.picture.roi_mut(rect)?)?;
            let cell_px = rect.width.max(rect.height) as f32 / CELLS_BLIND;
            self.coarsen_rect(rect, cell_px)?;
        }
        Ok(())
    }

    fn coarsen_rect(&mut self, rect: Rect, cell_px: f32) -> Result<(), UnreadableFrame> {
        if rect.width == 0 || rect.height == 0 {
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, reason = "no more cells than pixels")]
        let cells = |side: i32| ((side as f32 / cell_px).round() as i32).clamp(1, side);
        let (mut means, mut smooth) = (Mat::default(), Mat::default());
        let few = CvSize::new(cells(rect.width), cells(rect.height));
        let part = self.picture.roi(rect)?;
        imgproc::resize(&part, &mut means, few, 0.0, 0.0, imgproc::INTER_AREA)?;
        drop(part);
        let many = CvSize::new(rect.width, rect.height);
        imgproc::resize(&means, &mut smooth, many, 0.0, 0.0, imgproc::INTER_LINEAR)?;
        smooth.copy_to(&mut self.picture.roi_mut(rect)?)?;
        Ok(())
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, UnreadableFrame> {
        let mut jpeg = Vector::new();
        let how = Vector::from_slice(&[imgcodecs::IMWRITE_JPEG_QUALITY, JPEG_QUALITY]);
        imgcodecs::imencode(".jpg", &self.picture, &mut jpeg, &how)?;
        Ok(jpeg.into())
    }
}
