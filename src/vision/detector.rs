//! One thread's eye: a session and buffers of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ort::session::{Session, SessionOutputs};
use ort::value::PrimitiveTensorElementType;

use super::fit::{Fit, Size};
use super::input::InputTensors;
use super::model::Proven;
use super::picture::Picture;
use super::reading::{Candidate, Expected, Labels, Outputs, Reader, suppress};
use super::{Detection, Detections, Glancer, Reducer};
use crate::camera::background::Still;
use crate::camera::health::Glance;
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
    #[error("tensor `{tensor}` is not as the manifest promises: {problem}")]
    Output { tensor: String, problem: String },
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
    input: InputTensors,
    outputs: Outputs,
    reader: Reader,
    picture: Picture,
    candidates: Vec<Candidate>,
    stages: Stages,
}

impl Detector {
    pub(super) fn new(model: Arc<Proven>, session: Session, reader: Reader) -> ort::Result<Self> {
        Ok(Self {
            input: InputTensors::new(&model.manifest.input)?,
            model,
            session,
            outputs: reader.outputs(),
            reader,
            picture: Picture::default(),
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
        self.input.write(self.picture.content(&fit)?, &fit);
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

    /// What the last picture that was looked at says about its camera.
    ///
    /// # Errors
    /// OpenCV refuses it.
    pub fn glance(&self, glancer: &mut Glancer) -> Result<Glance, UnreadableFrame> {
        glancer.glance(self.picture.decoded())
    }

    /// The last picture that was looked at, reduced for a background.
    ///
    /// # Errors
    /// OpenCV refuses it.
    pub fn reduced(&self, reducer: &mut Reducer) -> Result<Still, UnreadableFrame> {
        reducer.reduce(self.picture.decoded())
    }

    /// Of the last picture that was looked at.
    pub fn stages(&self) -> Stages {
        self.stages
    }

    /// Leaves the proposals in `candidates`; returns when the network was done.
    fn run(&mut self) -> Result<Instant, UnreadableFrame> {
        let classes = self.model.classes.len();
        let inputs = self.input.named(&self.model.manifest.input);
        let outputs = self.session.run(inputs)?;
        let ran = Instant::now();
        let numbers = self.outputs.numbers.iter();
        let numbers = numbers
            .map(|expected| extract::<f32>(&outputs, expected, classes))
            .collect::<Result<Vec<_>, _>>()?;
        let labels = match &self.outputs.labels {
            None => Labels::None,
            Some(expected) => labels(&outputs, expected, classes)?,
        };
        self.reader
            .read(&numbers, labels, &mut self.candidates)
            .map_err(|misread| {
                let tensors = self.outputs.numbers.iter().chain(&self.outputs.labels);
                let tensors: Vec<&str> = tensors.map(|expected| &*expected.tensor).collect();
                UnreadableFrame::Output {
                    tensor: tensors.join("`, `"),
                    problem: misread.to_string(),
                }
            })?;
        Ok(ran)
    }

    fn found(&mut self, fit: &Fit) -> Vec<Detection> {
        if let Some(nms) = self.model.manifest.nms {
            suppress(&mut self.candidates, nms.iou, nms.across_classes);
        }
        self.candidates
            .iter()
            .map(|candidate| {
                let (label, class) = &self.model.classes[candidate.class];
                Detection {
                    label: Arc::clone(label),
                    class: *class,
                    stands: None,
                    confidence: candidate.confidence,
                    pixel_box: fit.frame_from_input(candidate.pixel_box),
                }
            })
            // A box in the letterbox is a box outside the frame.
            .filter(|detection| detection.pixel_box.area() > 0.0)
            .collect()
    }
}

/// The numbers of an output, whose shape was known only in part when the model was loaded.
fn extract<'a, T: PrimitiveTensorElementType>(
    outputs: &'a SessionOutputs<'_>,
    expected: &Expected,
    classes: usize,
) -> Result<&'a [T], UnreadableFrame> {
    let (shape, numbers) = outputs[expected.tensor.as_str()].try_extract_tensor::<T>()?;
    match expected.compare(shape, classes) {
        Ok(()) => Ok(numbers),
        Err(misfit) => Err(UnreadableFrame::Output {
            tensor: expected.tensor.clone(),
            problem: format!("its shape is {shape:?}, {misfit}"),
        }),
    }
}

fn labels<'a>(
    outputs: &'a SessionOutputs<'_>,
    expected: &Expected,
    classes: usize,
) -> Result<Labels<'a>, UnreadableFrame> {
    let value = &outputs[expected.tensor.as_str()];
    Ok(if value.try_extract_tensor::<i64>().is_ok() {
        Labels::I64(extract(outputs, expected, classes)?)
    } else if value.try_extract_tensor::<i32>().is_ok() {
        Labels::I32(extract(outputs, expected, classes)?)
    } else {
        Labels::F32(extract(outputs, expected, classes)?)
    })
}
