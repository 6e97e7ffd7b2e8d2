//! Frame → what its camera's health is judged by: a small grey picture, and now and then what can be
//! found again of it.

use opencv::core::{
    KeyPoint, KeyPointTraitConst as _, Mat, MatTraitConst as _, MatTraitConstManual as _, Ptr,
    Rect, Scalar, Size as CvSize, Vector,
};
use opencv::features2d::{Feature2DTrait as _, ORB, ORB_ScoreType};
use opencv::{imgcodecs, imgproc};

use super::{Picture, UnreadableFrame};
use crate::camera::health::{EDGE, Feature, GLANCE, Glance, SMALL, Side, VIEW, View};

/// Most features of one view: streets have them, and they cost a millisecond to compare.
const FEATURES_MAX: i32 = 600;
/// Sizes in which features are looked for, each by this smaller.
const LEVELS: i32 = 6;
const SCALE: f32 = 1.2;
/// Pixels at the border without features, and the patch that describes one.
const BORDER_PX: i32 = 15;
const PATCH_PX: i32 = 31;
/// By how much the pixels around a corner differ from it at least, of 255.
const CORNER_MIN: i32 = 12;

/// Measures pictures, one after the other; belongs to one thread.
#[derive(Debug, Default)]
pub struct Glancer {
    grey: Mat,
    fine: Mat,
    small: Mat,
}

impl Glancer {
    /// Of a frame, from what models had decoded of it; of one that no model looks at, from the JPEG.
    ///
    /// # Errors
    /// It cannot be decoded.
    pub fn glance(&mut self, picture: &Picture, jpeg: &[u8]) -> Result<Glance, UnreadableFrame> {
        match picture.decoded() {
            // one colour is reduced in a third of the time of three
            Some(bgr) => imgproc::cvt_color_def(bgr, &mut self.grey, imgproc::COLOR_BGR2GRAY)?,
            None => decode_grey(jpeg, imgcodecs::IMREAD_REDUCED_GRAYSCALE_2, &mut self.grey)?,
        }
        self.reduce()?;
        self.measured()
    }

    /// To [`GLANCE`]. Down to a little more than half, interpolation does what takes a mean three
    /// times as long.
    fn reduce(&mut self) -> Result<(), UnreadableFrame> {
        let nearly = |side: i32, wanted: usize| side.unsigned_abs() as usize <= wanted * 7 / 4;
        let (grey, fine) = (&self.grey, &mut self.fine);
        if nearly(grey.cols(), GLANCE.width) && nearly(grey.rows(), GLANCE.height) {
            return resized(grey, fine, GLANCE, imgproc::INTER_LINEAR);
        }
        resized(grey, fine, GLANCE, imgproc::INTER_AREA)
    }

    fn measured(&mut self) -> Result<Glance, UnreadableFrame> {
        resized(&self.fine, &mut self.small, SMALL, imgproc::INTER_AREA)?;
        Ok(Glance::of(
            self.fine.data_bytes()?,
            self.small.data_bytes()?,
        ))
    }

    /// What can be found again of a picture. Some milliseconds of computing.
    ///
    /// # Errors
    /// It cannot be decoded.
    pub fn view(&mut self, jpeg: &[u8]) -> Result<View, UnreadableFrame> {
        decode_grey(jpeg, imgcodecs::IMREAD_REDUCED_GRAYSCALE_2, &mut self.grey)?;
        let mut picture = Mat::default();
        resized(&self.grey, &mut picture, VIEW, imgproc::INTER_AREA)?;
        let mut orb = ORB::create(
            FEATURES_MAX,
            SCALE,
            LEVELS,
            BORDER_PX,
            0,
            2,
            ORB_ScoreType::HARRIS_SCORE,
            PATCH_PX,
            CORNER_MIN,
        )?;
        features(&mut orb, &picture)
    }
}

fn features(orb: &mut Ptr<ORB>, picture: &Mat) -> Result<View, UnreadableFrame> {
    let mut where_to_look = Mat::new_rows_cols_with_default(
        picture.rows(),
        picture.cols(),
        opencv::core::CV_8UC1,
        Scalar::all(0.0),
    )?;
    #[expect(clippy::cast_possible_truncation, reason = "less than the height")]
    let edge = (EDGE * VIEW.height as f32) as i32;
    let inside = Rect::new(0, edge, picture.cols(), picture.rows() - 2 * edge);
    imgproc::rectangle(
        &mut where_to_look,
        inside,
        Scalar::all(255.0),
        imgproc::FILLED,
        imgproc::LINE_8,
        0,
    )?;
    let (mut points, mut bits) = (Vector::<KeyPoint>::new(), Mat::default());
    orb.detect_and_compute(picture, &where_to_look, &mut points, &mut bits, false)?;
    if points.is_empty() {
        return Ok(View::default());
    }
    let (descriptors, _) = bits.data_bytes()?.as_chunks::<32>();
    let features = points.iter().zip(descriptors).map(|(point, bits)| {
        let (words, _) = bits.as_chunks::<8>();
        Feature {
            x: point.pt().x,
            y: point.pt().y,
            bits: [0, 1, 2, 3].map(|word| u64::from_le_bytes(words[word])),
        }
    });
    Ok(View {
        features: features.collect(),
    })
}

/// `how`: `INTER_AREA` makes each pixel the mean of those it stands for.
fn resized(from: &Mat, to: &mut Mat, side: Side, how: i32) -> Result<(), UnreadableFrame> {
    let length = |side: usize| i32::try_from(side).expect("a small picture");
    let size = CvSize::new(length(side.width), length(side.height));
    Ok(imgproc::resize(from, to, size, 0.0, 0.0, how)?)
}

fn decode_grey(jpeg: &[u8], flags: i32, to: &mut Mat) -> Result<(), UnreadableFrame> {
    let bytes = Mat::from_slice(jpeg)?;
    imgcodecs::imdecode_to(&bytes, flags | imgcodecs::IMREAD_IGNORE_ORIENTATION, to)?;
    if to.empty() {
        let nothing = "the decoder made nothing of it".to_owned();
        return Err(UnreadableFrame::Undecodable(nothing));
    }
    Ok(())
}
