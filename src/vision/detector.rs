//! One thread's eye: a session and buffers of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ort::session::Session;
use ort::value::Tensor;

use super::boxes::{BoxReader, Candidate, suppress};
use super::fit::{Fit, Size};
use super::model::Proven;
use super::picture::Picture;
use super::tensor::Normalise;
use super::{Detection, Detections};
use crate::camera::jpeg::{JpegProblem, probe};

/// Why a picture could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableFrame {
    #[error(transparent)]
    Header(#[from] JpegProblem),
    #[error("the picture cannot be decoded: {0}")]
    Undecodable(String),
    #[error(
        "the picture decodes to {width} x {height} pixels where its header promises \
         {expected_width} x {expected_height}"
    )]
    SizeMismatch {
        expected_width: u32,
        expected_height: u32,
        width: u32,
        height: u32,
    },
    #[error("the model did not run: {0}")]
    Run(#[from] ort::Error),
}

impl From<opencv::Error> for UnreadableFrame {
    fn from(error: opencv::Error) -> Self {
        Self::Undecodable(error.message)
    }
}

/// How long the last frame spent in each stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stages {
    /// JPEG → pixels, reduced.
    pub decode: Duration,
    /// Pixels → tensor.
    pub prepare: Duration,
    /// Tensor → output.
    pub run: Duration,
    /// Output → boxes of the full picture, suppressed.
    pub boxes: Duration,
}

/// Looks at pictures, one after the other. Belongs to one thread; never to an async one, for a
/// look takes milliseconds of computing.
#[derive(Debug)]
pub struct Detector {
    model: Arc<Proven>,
    session: Session,
    input: Tensor<f32>,
    normalise: Normalise,
    reader: BoxReader,
    picture: Picture,
    /// How the last frame lay in the input; the letterbox around it is still in the tensor.
    fit: Option<Fit>,
    candidates: Vec<Candidate>,
    stages: Stages,
}

impl Detector {
    pub(super) fn new(
        model: Arc<Proven>,
        session: Session,
        reader: BoxReader,
    ) -> ort::Result<Self> {
        let input = &model.manifest.input;
        let (width, height) = (input.width as usize, input.height as usize);
        let tensor = Tensor::from_array(([1, 3, height, width], vec![0.0; 3 * height * width]))?;
        Ok(Self {
            normalise: Normalise::new(input),
            model,
            session,
            input: tensor,
            reader,
            picture: Picture::default(),
            fit: None,
            candidates: Vec::new(),
            stages: Stages::default(),
        })
    }

    /// Everything the model finds in a JPEG, in pixels of the full picture.
    ///
    /// # Errors
    /// The picture cannot be decoded, or is not of the size its header says.
    pub fn detect(&mut self, jpeg: &[u8]) -> Result<Detections, UnreadableFrame> {
        // How many pixels are too many is the intake's to say; the decoder's own bound is higher.
        let size = probe(jpeg, u32::MAX)?;
        let frame = Size {
            width: size.width_px,
            height: size.height_px,
        };
        let input = &self.model.manifest.input;
        let input_size = Size {
            width: input.width,
            height: input.height,
        };
        let fit = Fit::new(frame, input_size, input.letterbox);

        let start = Instant::now();
        self.picture.decode(jpeg, &fit)?;
        let decoded = Instant::now();
        self.prepare(&fit)?;
        let prepared = Instant::now();
        let ran = self.run()?;
        let found = self.found(&fit);
        self.stages = Stages {
            decode: decoded - start,
            prepare: prepared - decoded,
            run: ran - prepared,
            boxes: ran.elapsed(),
        };
        Ok(Detections {
            model: Arc::clone(&self.model.reference),
            image_width_px: frame.width,
            image_height_px: frame.height,
            found,
        })
    }

    /// Of the last picture that was looked at.
    pub fn stages(&self) -> Stages {
        self.stages
    }

    fn prepare(&mut self, fit: &Fit) -> Result<(), UnreadableFrame> {
        let pixels = self.picture.content(fit)?;
        let (_, values) = self.input.extract_tensor_mut();
        if self.fit.as_ref() != Some(fit) {
            self.normalise.blank(values);
            self.fit = Some(*fit);
        }
        self.normalise.write(pixels, fit, values);
        Ok(())
    }

    /// Leaves the proposals in `candidates`; returns when the network was done.
    fn run(&mut self) -> Result<Instant, UnreadableFrame> {
        let manifest = &self.model.manifest;
        let inputs = ort::inputs![manifest.input.tensor.as_str() => &self.input];
        let outputs = self.session.run(inputs)?;
        let ran = Instant::now();
        let (shape, output) =
            outputs[manifest.output.tensor.as_str()].try_extract_tensor::<f32>()?;
        if !self.reader.accepts(shape) {
            let wrong = format!("output tensor has the shape {shape:?}");
            return Err(ort::Error::new(wrong).into());
        }
        self.reader.read(output, &mut self.candidates);
        Ok(ran)
    }

    fn found(&mut self, fit: &Fit) -> Vec<Detection> {
        let nms = self.model.manifest.nms;
        suppress(&mut self.candidates, nms.iou, nms.across_classes);
        self.candidates
            .iter()
            .map(|candidate| {
                let (label, class) = &self.model.classes[candidate.class];
                Detection {
                    label: Arc::clone(label),
                    class: *class,
                    confidence: candidate.confidence,
                    pixel_box: fit.frame_from_input(candidate.pixel_box),
                }
            })
            // A box in the letterbox is a box outside the frame.
            .filter(|detection| detection.pixel_box.area() > 0.0)
            .collect()
    }
}
