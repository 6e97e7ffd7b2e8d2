//! What a model declares about itself: `model.toml`. Declared, never guessed: two networks with
//! equal shapes may want other colours, other scales, other decoding.

mod check;
mod output;

use serde::Deserialize;

use super::fit::{Letterbox, Size, filled};
use crate::catalogue::ClassCode;

pub(super) use output::{Activation, Corners, Output, Unit};

/// The whole of `model.toml`; unknown keys are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) version: String,
    /// SPDX expression for the weights.
    pub(super) licence: String,
    /// The network, relative to the manifest.
    pub(super) file: String,
    /// SHA-256 of the network, hexadecimal.
    pub(super) sha256: String,
    pub(super) input: Input,
    pub(super) output: Output,
    /// None: the network does it itself, or it cannot be needed.
    pub(super) nms: Option<Nms>,
    /// In the order of the network's class scores.
    pub(super) classes: Vec<Class>,
    pub(super) golden: Golden,
}

/// The picture as the network wants it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub(super) tensor: String,
    pub(super) width: u32,
    pub(super) height: u32,
    /// A network that takes smaller inputs, too, whose sides are multiples of so many pixels: a
    /// frame is given no more letterbox than it needs. None: the input is always as large.
    pub(super) step: Option<u32>,
    #[serde(default)]
    pub(super) order: Order,
    #[serde(default, rename = "type")]
    pub(super) element: Element,
    /// The order of the three colours.
    pub(super) colour: Colour,
    /// A value of the tensor is (pixel - mean) * scale, pixel from 0 to 255, per colour.
    pub(super) mean: [f32; 3],
    pub(super) scale: [f32; 3],
    pub(super) letterbox: Letterbox,
    /// The grey level around the letterboxed picture, 0 to 255.
    pub(super) fill: u8,
    /// A second input, i64 of shape [1, 2], by which a network scales its boxes itself. It is
    /// given width and height of the input, so that boxes come in pixels of it.
    pub(super) size_tensor: Option<String>,
}

/// How the numbers of the picture follow each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// [1, 3, height, width]
    #[default]
    Nchw,
    /// [1, height, width, 3]
    Nhwc,
    /// [3, height, width]
    Chw,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Element {
    #[default]
    F32,
    /// Pixels as they are.
    U8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Colour {
    Bgr,
    Rgb,
}

/// Suppression of boxes that say the same.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nms {
    /// Of two boxes that overlap by more than this, the less confident one goes.
    pub(super) iou: f32,
    /// Whether boxes of different classes suppress each other too.
    #[serde(default)]
    pub(super) across_classes: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Class {
    pub(super) label: String,
    /// What it is evidence of, if of anything.
    pub(super) class: Option<ClassCode>,
    /// Least confidence to report; a class without one is never reported.
    pub(super) threshold: Option<f32>,
}

/// A picture whose boxes are known; the model is proved on it whenever it is loaded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Golden {
    /// Relative to the manifest.
    pub(super) picture: String,
    pub(super) boxes: Vec<GoldenBox>,
}

/// In pixels of the golden picture.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoldenBox {
    pub(super) label: String,
    pub(super) confidence: f32,
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
}

impl Input {
    /// At most.
    pub(super) fn size(&self) -> Size {
        Size {
            width: self.width,
            height: self.height,
        }
    }

    /// What is computed of a frame.
    pub(super) fn size_for(&self, frame: Size) -> Size {
        match self.step {
            Some(step) => filled(frame, self.size(), step),
            None => self.size(),
        }
    }

    /// Where in its shape the tensor says its height and its width.
    pub(super) fn sides(&self) -> [usize; 2] {
        match self.order {
            Order::Nchw => [2, 3],
            Order::Nhwc | Order::Chw => [1, 2],
        }
    }

    /// The shape of the tensor.
    pub(super) fn shape(&self, size: Size) -> Vec<usize> {
        let (width, height) = (size.width as usize, size.height as usize);
        match self.order {
            Order::Nchw => vec![1, 3, height, width],
            Order::Nhwc => vec![1, height, width, 3],
            Order::Chw => vec![3, height, width],
        }
    }
}

impl Manifest {
    /// Strict: unknown keys, missing keys and values out of range are errors that name the key.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        manifest.check()?;
        Ok(manifest)
    }
}
