//! Frame → the small picture that a background is made of, and back to what people can look at.

use opencv::core::{
    Mat, MatTraitConst as _, MatTraitConstManual as _, Size as CvSize, Vector, VectorToVec as _,
};
use opencv::{imgcodecs, imgproc};

use super::{Picture, UnreadableFrame};
use crate::camera::background::{SIDE, Still};

/// Of 100: people look at it, and nothing is measured in it.
const JPEG_QUALITY: i32 = 85;

/// Reduces pictures, one after the other; belongs to one thread.
#[derive(Debug, Default)]
pub struct Reducer {
    small: Mat,
    planes: Mat,
}

impl Reducer {
    /// Of what models had decoded of a frame; `None`: nothing is.
    ///
    /// # Errors
    /// OpenCV refuses it.
    pub fn reduce(&mut self, picture: &Picture) -> Result<Option<Still>, UnreadableFrame> {
        picture.decoded().map(|bgr| self.of(bgr)).transpose()
    }

    /// `bgr`: rows of blue, green, red, of any size and shape.
    fn of(&mut self, bgr: &Mat) -> Result<Still, UnreadableFrame> {
        let side = |side: usize| i32::try_from(side).expect("a small picture");
        let size = CvSize::new(side(SIDE.width), side(SIDE.height));
        let (small, planes) = (&mut self.small, &mut self.planes);
        imgproc::resize(bgr, small, size, 0.0, 0.0, imgproc::INTER_AREA)?;
        imgproc::cvt_color_def(small, planes, imgproc::COLOR_BGR2YUV_I420)?;
        let bytes = self.planes.data_bytes()?;
        Still::new(bytes).ok_or_else(|| {
            UnreadableFrame::Undecodable(format!("it was reduced to {} bytes", bytes.len()))
        })
    }
}

/// For people. Some milliseconds of computing: never on an async thread.
///
/// # Errors
/// OpenCV refuses it.
pub fn jpeg_of(still: &Still) -> Result<Vec<u8>, UnreadableFrame> {
    let rows = i32::try_from(SIDE.height * 3 / 2).expect("a small picture");
    let planes = Mat::from_slice(still.bytes())?;
    let planes = planes.reshape(1, rows)?;
    let mut bgr = Mat::default();
    imgproc::cvt_color_def(&planes, &mut bgr, imgproc::COLOR_YUV2BGR_I420)?;
    let mut jpeg = Vector::new();
    let quality = Vector::from_slice(&[imgcodecs::IMWRITE_JPEG_QUALITY, JPEG_QUALITY]);
    imgcodecs::imencode(".jpg", &bgr, &mut jpeg, &quality)?;
    Ok(jpeg.to_vec())
}
