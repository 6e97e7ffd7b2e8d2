//! The tensors a network is given; they live from frame to frame.

use std::borrow::Cow;

use ort::session::SessionInputValue;
use ort::value::Tensor;

use super::fit::{Fit, Size};
use super::manifest::{Element, Input};
use super::tensor::Normalise;

#[derive(Debug)]
pub(super) struct InputTensors {
    normalise: Normalise,
    picture: Picture,
    /// Width and height of the input, for a network that asks.
    size: Option<Tensor<i64>>,
    /// How the last frame lay in the input; the letterbox around it is still in the tensor.
    fit: Option<Fit>,
}

#[derive(Debug)]
enum Picture {
    F32(Tensor<f32>),
    U8(Tensor<u8>),
}

impl InputTensors {
    /// `size`: as much of the input as is used.
    pub(super) fn new(input: &Input, size: Size) -> ort::Result<Self> {
        let shape = input.shape(size);
        let len = shape.iter().product();
        let picture = match input.element {
            Element::F32 => Picture::F32(Tensor::from_array((shape, vec![0.0; len]))?),
            Element::U8 => Picture::U8(Tensor::from_array((shape, vec![0; len]))?),
        };
        let sides = || vec![i64::from(size.width), i64::from(size.height)];
        let asked = input.size_tensor.as_ref();
        Ok(Self {
            normalise: Normalise::new(input, size),
            picture,
            size: asked
                .map(|_| Tensor::from_array(([1, 2], sides())))
                .transpose()?,
            fit: None,
        })
    }

    /// Puts in a picture; `bgr` is as wide and high as [`Fit::content`], without gaps.
    pub(super) fn write(&mut self, bgr: &[u8], fit: &Fit) {
        let anew = self.fit.replace(*fit) != Some(*fit);
        let normalise = &self.normalise;
        match &mut self.picture {
            Picture::F32(tensor) => {
                let (_, values) = tensor.extract_tensor_mut();
                let normal = |byte, colour| normalise.normal(byte, colour);
                if anew {
                    normalise.blank(values, normal);
                }
                normalise.write(bgr, fit, values, normal);
            }
            Picture::U8(tensor) => {
                let (_, values) = tensor.extract_tensor_mut();
                let same = |byte, _| byte;
                if anew {
                    normalise.blank(values, same);
                }
                normalise.write(bgr, fit, values, same);
            }
        }
    }

    /// Each tensor under its name.
    pub(super) fn named<'a>(
        &'a self,
        input: &'a Input,
    ) -> Vec<(Cow<'a, str>, SessionInputValue<'a>)> {
        let picture: SessionInputValue<'_> = match &self.picture {
            Picture::F32(tensor) => tensor.into(),
            Picture::U8(tensor) => tensor.into(),
        };
        let mut named = vec![(Cow::from(input.tensor.as_str()), picture)];
        if let (Some(name), Some(size)) = (&input.size_tensor, &self.size) {
            named.push((Cow::from(name.as_str()), size.into()));
        }
        named
    }
}
