//! What a model declares about itself: `model.toml`. Declared, never guessed: two networks with
//! equal shapes may want other colours, other scales, other decoding.

use serde::Deserialize;

use super::fit::Letterbox;
use crate::catalogue::{Catalogue, ClassCode};

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
    pub(super) nms: Nms,
    /// In the order of the network's class scores.
    pub(super) classes: Vec<Class>,
    pub(super) golden: Golden,
}

/// The picture as the network wants it: one f32 tensor of shape [1, 3, height, width].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub(super) tensor: String,
    pub(super) width: u32,
    pub(super) height: u32,
    /// The order of the three planes.
    pub(super) colour: Colour,
    /// A value of the tensor is (pixel - mean) * scale, pixel from 0 to 255, per plane.
    pub(super) mean: [f32; 3],
    pub(super) scale: [f32; 3],
    pub(super) letterbox: Letterbox,
    /// The grey level around the letterboxed picture, 0 to 255.
    pub(super) fill: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Colour {
    Bgr,
    Rgb,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    pub(super) tensor: String,
    pub(super) layout: Layout,
}

/// How the numbers that come out are to be read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Layout {
    /// [1, 4 + classes, anchors]: centre x, y, width, height in pixels of the input, then one
    /// score per class, 0 to 1.
    Yolov8,
    /// [1, anchors, 5 + classes]: offsets on the grids of the strides, to be decoded here; then
    /// objectness and one score per class, 0 to 1, to be multiplied.
    Yolox { strides: Vec<u32> },
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

impl Manifest {
    /// Strict: unknown keys, missing keys and values out of range are errors that name the key.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        let sha = &self.sha256;
        require(
            sha.len() == 64 && sha.bytes().all(|b| b.is_ascii_hexdigit()),
            "sha256: expected 64 hexadecimal digits",
        )?;
        require(!self.licence.is_empty(), "licence: must not be empty")?;
        require(!self.classes.is_empty(), "classes: at least one is needed")?;
        let (width, height) = (self.input.width, self.input.height);
        require(
            (32..=4096).contains(&width) && (32..=4096).contains(&height),
            "input.width, input.height: expected 32 to 4096",
        )?;
        require(
            self.input.scale.iter().all(|s| s.is_finite() && *s != 0.0),
            "input.scale: must be finite and not 0",
        )?;
        require(
            self.nms.iou > 0.0 && self.nms.iou <= 1.0,
            "nms.iou: expected more than 0, at most 1",
        )?;
        for class in &self.classes {
            require(
                class.threshold.is_none_or(|t| t > 0.0 && t < 1.0),
                "classes.threshold: expected more than 0, less than 1",
            )?;
            if let Some(code) = class.class
                && Catalogue::shipped().class(code).is_none()
            {
                return Err(format!("classes.class: the catalogue has no {code}"));
            }
        }
        for expected in &self.golden.boxes {
            if !self.classes.iter().any(|c| c.label == expected.label) {
                return Err(format!(
                    "golden.boxes.label: `{}` is not among classes",
                    expected.label
                ));
            }
        }
        if let Layout::Yolox { strides } = &self.output.layout {
            require(
                !strides.is_empty()
                    && strides
                        .iter()
                        .all(|s| *s > 0 && width % s == 0 && height % s == 0),
                "output.layout.yolox.strides: each must divide input.width and input.height",
            )?;
        }
        Ok(())
    }
}

fn require(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}
