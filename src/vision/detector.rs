//! One thread's eye: a session and buffers of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use opencv::core::{Mat, MatTraitConst as _, Rect};
use ort::session::{Session, SessionOutputs};
use ort::value::PrimitiveTensorElementType;

use super::fit::{Fit, Size};
use super::input::InputTensors;
use super::manifest::Input;
use super::model::Proven;
use super::reading::{Candidate, Expected, Labels, Outputs, Reader, suppress};
use super::{Detection, Detections, Model, Picture};
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
    #[error("the model cannot be made ready for an input of {width} x {height}: {problem}")]
    Size {
        width: u32,
        height: u32,
        problem: String,
    },
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

/// The network, ready for inputs of one size.
#[derive(Debug)]
pub(super) struct Network {
    size: Size,
    pub(super) session: Session,
    input: InputTensors,
    reader: Reader,
    outputs: Outputs,
}

impl Network {
    pub(super) fn new(
        input: &Input,
        size: Size,
        session: Session,
        reader: Reader,
    ) -> ort::Result<Self> {
        Ok(Self {
            size,
            session,
            input: InputTensors::new(input, size)?,
            outputs: reader.outputs(),
            reader,
        })
    }

    /// Leaves the proposals in `candidates`; returns when the network was done.
    fn run(
        &mut self,
        model: &Proven,
        candidates: &mut Vec<Candidate>,
    ) -> Result<Instant, UnreadableFrame> {
        let classes = model.classes.len();
        let inputs = self.input.named(&model.manifest.input);
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
            .read(&numbers, labels, candidates)
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
}

/// Sizes of an input that are held at a time: cameras come in few shapes.
const SIZES_MAX: usize = 4;

/// Looks at pictures, one after the other. Belongs to one thread; never to an async one, for a
/// look takes milliseconds of computing.
#[derive(Debug)]
pub struct Detector {
    model: Model,
    /// By the size of the input; used last stands first.
    networks: Vec<Network>,
    candidates: Vec<Candidate>,
    stages: Stages,
}

impl Detector {
    pub(super) fn new(model: Model, first: Option<Network>) -> Self {
        Self {
            model,
            networks: first.into_iter().collect(),
            candidates: Vec::new(),
            stages: Stages::default(),
        }
    }

    /// Everything the model finds in a JPEG, in pixels of the full picture.
    ///
    /// # Errors
    /// The picture cannot be decoded, or is not of the size its header says.
    pub fn detect(&mut self, jpeg: &[u8]) -> Result<Detections, UnreadableFrame> {
        self.detect_in(jpeg, &mut Picture::default())
    }

    /// The same; `picture` holds what other models have had decoded of this very JPEG.
    ///
    /// # Errors
    /// As of [`Self::detect`].
    pub fn detect_in(
        &mut self,
        jpeg: &[u8],
        picture: &mut Picture,
    ) -> Result<Detections, UnreadableFrame> {
        // How many pixels are too many is the intake's to say; the decoder's own bound is higher.
        let size = probe(jpeg, u32::MAX)?;
        let frame = Size {
            width: size.width_px,
            height: size.height_px,
        };
        let model = Arc::clone(self.model.proven());
        let input = &model.manifest.input;
        let input_size = input.size_for(frame);
        let fit = Fit::new(frame, input_size, input.letterbox);

        let start = Instant::now();
        picture.decode(jpeg, &fit)?;
        let decoded = Instant::now();
        self.ready(input_size)?;
        let network = &mut self.networks[0];
        network.input.write(picture.content(&fit)?, &fit);
        let prepared = Instant::now();
        let ran = network.run(&model, &mut self.candidates)?;
        let found = self.found(&model, &fit);
        self.stages = Stages {
            decode: decoded - start,
            prepare: prepared - decoded,
            run: ran - prepared,
            boxes: ran.elapsed(),
        };
        Ok(Detections {
            model: Arc::clone(&model.reference),
            image_width_px: frame.width,
            image_height_px: frame.height,
            found,
        })
    }

    /// Everything the model finds in a part of a picture that is decoded already, in pixels of
    /// the whole picture.
    pub(super) fn detect_part(
        &mut self,
        picture: &Mat,
        part: Rect,
    ) -> Result<Vec<Detection>, UnreadableFrame> {
        let size = Size {
            width: part.width.unsigned_abs(),
            height: part.height.unsigned_abs(),
        };
        let model = Arc::clone(self.model.proven());
        let input = &model.manifest.input;
        let input_size = input.size_for(size);
        let fit = Fit::of_pixels(size, input_size, input.letterbox);
        let mut pixels = Picture::of(picture.roi(part)?.try_clone()?);
        self.ready(input_size)?;
        let network = &mut self.networks[0];
        network.input.write(pixels.content(&fit)?, &fit);
        network.run(&model, &mut self.candidates)?;
        let mut found = self.found(&model, &fit);
        for detection in &mut found {
            let shifted = &mut detection.pixel_box;
            shifted.left += part.x as f32;
            shifted.right += part.x as f32;
            shifted.top += part.y as f32;
            shifted.bottom += part.y as f32;
        }
        Ok(found)
    }

    /// Puts the network for inputs of a size first.
    fn ready(&mut self, size: Size) -> Result<(), UnreadableFrame> {
        let network = match self.networks.iter().position(|n| n.size == size) {
            Some(0) => return Ok(()),
            Some(at) => self.networks.remove(at),
            None => {
                let network = self.model.network(size);
                network.map_err(|error| UnreadableFrame::Size {
                    width: size.width,
                    height: size.height,
                    problem: error.to_string(),
                })?
            }
        };
        self.networks.insert(0, network);
        self.networks.truncate(SIZES_MAX);
        Ok(())
    }

    /// Of the last picture that was looked at.
    pub fn stages(&self) -> Stages {
        self.stages
    }

    fn found(&mut self, model: &Proven, fit: &Fit) -> Vec<Detection> {
        if let Some(nms) = model.manifest.nms {
            suppress(&mut self.candidates, nms.iou, nms.across_classes);
        }
        self.candidates
            .iter()
            .map(|candidate| {
                let (label, class) = &model.classes[candidate.class];
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
