//! What `model.toml` must keep beyond its keys and types.

use super::{Activation, Element, Letterbox, Manifest, Output};
use crate::catalogue::Catalogue;
use crate::vision::fit::Size;

impl Manifest {
    pub(super) fn check(&self) -> Result<(), String> {
        let sha = &self.sha256;
        require(
            sha.len() == 64 && sha.bytes().all(|b| b.is_ascii_hexdigit()),
            "sha256: expected 64 hexadecimal digits",
        )?;
        require(!self.licence.is_empty(), "licence: must not be empty")?;
        self.check_input()?;
        self.check_output()?;
        self.check_classes()?;
        for expected in &self.golden.boxes {
            if !self.classes.iter().any(|c| c.label == expected.label) {
                return Err(format!(
                    "golden.boxes.label: `{}` is not among classes",
                    expected.label
                ));
            }
        }
        Ok(())
    }

    fn check_input(&self) -> Result<(), String> {
        let input = &self.input;
        require(
            (32..=4096).contains(&input.width) && (32..=4096).contains(&input.height),
            "input.width, input.height: expected 32 to 4096",
        )?;
        if let Some(step) = input.step {
            require(
                step > 0 && input.width.is_multiple_of(step) && input.height.is_multiple_of(step),
                "input.step: must divide input.width and input.height",
            )?;
            require(
                input.letterbox != Letterbox::Stretch,
                "input.step: a stretched picture fills the input",
            )?;
        }
        require(
            input.scale.iter().all(|s| s.is_finite() && *s != 0.0),
            "input.scale: must be finite and not 0",
        )?;
        require(
            input.mean.iter().all(|m| m.is_finite()),
            "input.mean: must be finite",
        )?;
        require(
            input.element == Element::F32 || (input.mean, input.scale) == ([0.0; 3], [1.0; 3]),
            "input.type: u8 takes pixels as they are, mean 0 and scale 1",
        )
    }

    fn check_output(&self) -> Result<(), String> {
        // of the smallest input there can be
        let Size { width, height } = self.input.size();
        let (width, height) = (
            self.input.step.unwrap_or(width),
            self.input.step.unwrap_or(height),
        );
        if let Output::Yolox {
            strides,
            activation,
            ..
        } = &self.output
        {
            require(
                !strides.is_empty()
                    && strides
                        .iter()
                        .all(|s| *s > 0 && width % s == 0 && height % s == 0),
                "output.strides: each must divide input.width and input.height, or input.step",
            )?;
            require(
                *activation != Activation::Softmax,
                "output.activation: yolox scores each class by itself",
            )?;
        }
        if matches!(self.output, Output::Classification { .. }) {
            require(
                self.classes.iter().all(|c| c.class.is_none()),
                "classes.class: a classification says nothing of where, so it is evidence of no \
                 case",
            )?;
            require(
                self.nms.is_none(),
                "nms: a classification has nothing to suppress",
            )?;
        }
        let proposes_often = matches!(
            self.output,
            Output::Yolov5 { .. } | Output::Yolov8 { .. } | Output::Yolox { .. }
        );
        require(
            self.nms.is_some() || !proposes_often,
            "nms: this layout proposes the same thing several times",
        )?;
        require(
            self.nms.is_none_or(|nms| nms.iou > 0.0 && nms.iou <= 1.0),
            "nms.iou: expected more than 0, at most 1",
        )
    }

    fn check_classes(&self) -> Result<(), String> {
        require(!self.classes.is_empty(), "classes: at least one is needed")?;
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
