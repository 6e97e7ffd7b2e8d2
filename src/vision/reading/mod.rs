//! What a network puts out → boxes in pixels of its input. Pure.

mod dense;
mod expected;
mod listed;
mod suppress;
#[cfg(test)]
mod tests;

use super::manifest::Output;
use crate::space::PixelBox;
use listed::{Form, whole};

pub(super) use expected::{Expected, Misfit, Outputs};
pub(super) use suppress::suppress;

/// A box the network proposes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// Index among the classes of the manifest.
    pub(super) class: usize,
    pub(super) confidence: f32,
    /// In pixels of the input.
    pub(super) pixel_box: PixelBox,
}

/// A tensor of labels.
#[derive(Debug, Clone, Copy)]
pub(super) enum Labels<'a> {
    /// The layout has none.
    None,
    I64(&'a [i64]),
    I32(&'a [i32]),
    F32(&'a [f32]),
}

/// Outputs of the promised shapes that contradict each other or the classes.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum Misread {
    #[error("{0} boxes, {1} scores and {2} labels")]
    Lengths(usize, usize, usize),
    #[error("{0} are said to be meant of {1}")]
    Count(f32, usize),
    #[error("the label {0:?} is of none of the classes")]
    Label(Option<i64>),
}

/// Reads outputs of one layout; its buffers live from frame to frame.
#[derive(Debug)]
pub(super) struct Reader {
    output: Output,
    /// Of the input, pixels.
    input_width: f32,
    input_height: f32,
    /// For `yolox`: x and y of each anchor's grid cell and its stride, pixels.
    grid: Vec<[f32; 3]>,
    /// Per class; none: never reported.
    thresholds: Vec<Option<f32>>,
    /// Best class of each anchor so far and its score.
    best: Vec<(f32, usize)>,
}

impl Reader {
    pub(super) fn new(
        output: &Output,
        input_width: u32,
        input_height: u32,
        thresholds: Vec<Option<f32>>,
    ) -> Self {
        let grid = if let Output::Yolox { strides, .. } = output {
            grid(strides, input_width, input_height)
        } else {
            Vec::new()
        };
        Self {
            output: output.clone(),
            input_width: input_width as f32,
            input_height: input_height as f32,
            grid,
            thresholds,
            best: Vec::new(),
        }
    }

    pub(super) fn outputs(&self) -> Outputs {
        Outputs::of(&self.output, self.grid.len())
    }

    /// Proposals at or above their class's threshold, most confident first. `numbers` and `labels` are what
    /// [`Self::outputs`] asks for, in its order and of its shapes.
    pub(super) fn read(
        &mut self,
        numbers: &[&[f32]],
        labels: Labels<'_>,
        found: &mut Vec<Candidate>,
    ) -> Result<(), Misread> {
        found.clear();
        let first = numbers[0];
        match self.output {
            Output::Yolov5 { .. } => self.read_yolov5(first, found),
            Output::Yolov8 { .. } => self.read_yolov8(first, found),
            Output::Yolov10 { .. } => self.read_yolov10(first, found)?,
            Output::Yolox { activation, .. } => self.read_yolox(first, activation, found),
            Output::Rtdetr { .. } => self.read_rtdetr(first, found),
            Output::Detr { activation, .. } => {
                let (queries, scored) = (first.len() / 4, numbers[1].len() / self.thresholds.len());
                if queries != scored {
                    return Err(Misread::Lengths(queries, scored, scored));
                }
                self.read_detr(first, numbers[1], activation, found);
            }
            Output::Listed {
                corners,
                unit,
                first_label,
                ..
            } => {
                let form = Form {
                    corners,
                    unit,
                    first_label,
                };
                let count = numbers.get(2).map(|count| count[0]);
                self.read_listed(form, [first, numbers[1]], &labels, count, found)?;
            }
            Output::Classification { activation, .. } => {
                self.read_classification(first, activation, found);
            }
        }
        found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        Ok(())
    }

    fn passes(&self, class: usize, confidence: f32) -> bool {
        self.thresholds[class].is_some_and(|threshold| confidence >= threshold)
    }
}

impl Labels<'_> {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::I64(labels) => labels.len(),
            Self::I32(labels) => labels.len(),
            Self::F32(labels) => labels.len(),
        }
    }

    /// `None` where it is no whole number.
    fn at(&self, index: usize) -> Option<i64> {
        match self {
            Self::None => None,
            Self::I64(labels) => Some(labels[index]),
            Self::I32(labels) => Some(labels[index].into()),
            Self::F32(labels) => whole(labels[index]),
        }
    }
}

/// The highest score and whose it is; a score that is no number is nobody's.
fn best(scores: &[f32]) -> (usize, f32) {
    scores
        .iter()
        .enumerate()
        .fold((0, f32::NEG_INFINITY), |best, (class, score)| {
            if *score > best.1 {
                (class, *score)
            } else {
                best
            }
        })
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

fn grid(strides: &[u32], input_width: u32, input_height: u32) -> Vec<[f32; 3]> {
    let cells = |stride: u32| {
        let (columns, rows) = (input_width / stride, input_height / stride);
        (0..rows).flat_map(move |y| (0..columns).map(move |x| [x as f32, y as f32, stride as f32]))
    };
    strides.iter().flat_map(|stride| cells(*stride)).collect()
}

/// A box by its centre and size.
fn push(found: &mut Vec<Candidate>, class: usize, confidence: f32, [x, y, w, h]: [f32; 4]) {
    let pixel_box = PixelBox {
        left: x - w / 2.0,
        top: y - h / 2.0,
        right: x + w / 2.0,
        bottom: y + h / 2.0,
    };
    keep(found, class, confidence, pixel_box);
}

/// A network may overflow, or list an empty box; such a box is none.
fn keep(found: &mut Vec<Candidate>, class: usize, confidence: f32, pixel_box: PixelBox) {
    let PixelBox {
        left,
        top,
        right,
        bottom,
    } = pixel_box;
    let finite = [left, top, right, bottom]
        .iter()
        .all(|side| side.is_finite());
    if finite && right > left && bottom > top {
        found.push(Candidate {
            class,
            confidence,
            pixel_box,
        });
    }
}
