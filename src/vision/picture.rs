//! JPEG → pixels at the scale the model needs. OpenCV decodes and scales.

use opencv::core::{Mat, MatTraitConst, MatTraitConstManual, Size as CvSize};
use opencv::{imgcodecs, imgproc};

use super::UnreadableFrame;
use super::fit::{Fit, Size};

/// One frame's pixels. Models that want them alike share them: each scale is decoded once. The
/// buffers live from frame to frame.
#[derive(Debug, Default)]
pub struct Picture {
    decoded: Mat,
    /// By what the frame was reduced; none: a new frame, of which nothing is decoded.
    reduction: Option<u32>,
    fitted: Mat,
    /// Of what is fitted; none: nothing of what is decoded.
    content: Option<Size>,
}

impl Picture {
    /// What is decoded next is of another frame.
    pub fn renew(&mut self) {
        self.reduction = None;
        self.content = None;
    }

    /// Decodes at the scale of `fit`; the decoder skips the detail that is not wanted. An
    /// orientation in the metadata is ignored: a calibration speaks of the pixels of the sensor.
    pub(super) fn decode(&mut self, jpeg: &[u8], fit: &Fit) -> Result<(), UnreadableFrame> {
        if self.reduction == Some(fit.reduction) {
            return Ok(());
        }
        self.renew();
        let scaled = match fit.reduction {
            8 => imgcodecs::IMREAD_REDUCED_COLOR_8,
            4 => imgcodecs::IMREAD_REDUCED_COLOR_4,
            2 => imgcodecs::IMREAD_REDUCED_COLOR_2,
            _ => imgcodecs::IMREAD_COLOR,
        };
        let bytes = Mat::from_slice(jpeg)?;
        let flags = scaled | imgcodecs::IMREAD_IGNORE_ORIENTATION;
        imgcodecs::imdecode_to(&bytes, flags, &mut self.decoded)?;
        if self.decoded.empty() {
            return Err(UnreadableFrame::Undecodable(
                "the decoder made nothing of it".to_owned(),
            ));
        }
        let size = size_of(&self.decoded)?;
        if size != fit.decoded {
            return Err(UnreadableFrame::SizeMismatch {
                expected_width: fit.decoded.width,
                expected_height: fit.decoded.height,
                width: size.width,
                height: size.height,
            });
        }
        self.reduction = Some(fit.reduction);
        Ok(())
    }

    /// Pixels that were decoded already, without gaps.
    pub(super) fn of(pixels: Mat) -> Self {
        Self {
            decoded: pixels,
            reduction: Some(1),
            ..Self::default()
        }
    }

    /// What was decoded last of the frame, if anything: rows of blue, green, red, at least as large
    /// as a model needs it.
    pub(super) fn decoded(&self) -> Option<&Mat> {
        self.reduction.map(|_| &self.decoded)
    }

    /// What was decoded last, as wide and high as [`Fit::content`]: rows of blue, green, red.
    pub(super) fn content(&mut self, fit: &Fit) -> Result<&[u8], UnreadableFrame> {
        if fit.decoded == fit.content {
            return Ok(self.decoded.data_bytes()?);
        }
        if self.content == Some(fit.content) {
            return Ok(self.fitted.data_bytes()?);
        }
        let content = CvSize::new(
            i32::try_from(fit.content.width).expect("a manifest bounds the input"),
            i32::try_from(fit.content.height).expect("a manifest bounds the input"),
        );
        // The decoder has scaled down to less than twice the content, so bilinear does not alias;
        // nobody has scaled down what was not decoded here.
        let much = fit.decoded.width > 2 * fit.content.width;
        let how = if much {
            imgproc::INTER_AREA
        } else {
            imgproc::INTER_LINEAR
        };
        let (decoded, fitted) = (&self.decoded, &mut self.fitted);
        imgproc::resize(decoded, fitted, content, 0.0, 0.0, how)?;
        self.content = Some(fit.content);
        Ok(self.fitted.data_bytes()?)
    }
}

fn size_of(mat: &Mat) -> Result<Size, UnreadableFrame> {
    let size = mat.size()?;
    Ok(Size {
        width: size.width.unsigned_abs(),
        height: size.height.unsigned_abs(),
    })
}
