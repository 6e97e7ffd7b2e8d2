//! Pixels → the numbers a network wants, in one pass: interleaved blue-green-red bytes become
//! three planes of normalised f32, in place inside the letterbox.

use super::fit::{Fit, Size};
use super::manifest::{Colour, Input};

/// The affine map from a byte to the value of the tensor, per plane of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Normalise {
    input: Size,
    /// Which byte of a blue-green-red pixel each plane takes.
    byte: [usize; 3],
    scale: [f32; 3],
    shift: [f32; 3],
    fill: f32,
}

impl Normalise {
    pub(super) fn new(input: &Input) -> Self {
        Self {
            input: Size {
                width: input.width,
                height: input.height,
            },
            byte: match input.colour {
                Colour::Bgr => [0, 1, 2],
                Colour::Rgb => [2, 1, 0],
            },
            scale: input.scale,
            shift: [0, 1, 2].map(|plane| -input.mean[plane] * input.scale[plane]),
            fill: f32::from(input.fill),
        }
    }

    /// Fills the whole tensor with the grey of the letterbox.
    pub(super) fn blank(&self, tensor: &mut [f32]) {
        let plane_len = self.input.width as usize * self.input.height as usize;
        for (plane, values) in tensor.chunks_exact_mut(plane_len).enumerate() {
            values.fill(self.fill * self.scale[plane] + self.shift[plane]);
        }
    }

    /// Writes the content; `bgr` is as wide and high as [`Fit::content`], without gaps. What lies
    /// outside the content keeps its values.
    pub(super) fn write(&self, bgr: &[u8], fit: &Fit, tensor: &mut [f32]) {
        let (width, left) = (fit.content.width as usize, fit.left as usize);
        let input_width = self.input.width as usize;
        let plane_len = input_width * self.input.height as usize;
        let (first, rest) = tensor.split_at_mut(plane_len);
        let (second, third) = rest.split_at_mut(plane_len);
        let start = fit.top as usize * input_width;
        let [b0, b1, b2] = self.byte;
        let [s0, s1, s2] = self.scale;
        let [t0, t1, t2] = self.shift;
        for (row, pixels) in bgr.chunks_exact(width * 3).enumerate() {
            let from = start + row * input_width + left;
            let planes = first[from..from + width]
                .iter_mut()
                .zip(&mut second[from..from + width])
                .zip(&mut third[from..from + width]);
            let (pixels, _) = pixels.as_chunks::<3>();
            for (pixel, ((v0, v1), v2)) in pixels.iter().zip(planes) {
                *v0 = f32::from(pixel[b0]) * s0 + t0;
                *v1 = f32::from(pixel[b1]) * s1 + t1;
                *v2 = f32::from(pixel[b2]) * s2 + t2;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::fit::Letterbox;

    #[test]
    fn planes_are_ordered_normalised_and_letterboxed() {
        let input = Input {
            tensor: "images".into(),
            width: 4,
            height: 4,
            colour: Colour::Rgb,
            mean: [10.0, 20.0, 30.0],
            scale: [0.5, 1.0, 2.0],
            letterbox: Letterbox::Centre,
            fill: 114,
        };
        let frame = Size {
            width: 4,
            height: 2,
        };
        let normalise = Normalise::new(&input);
        let fit = Fit::new(frame, normalise.input, input.letterbox);
        assert_eq!((fit.left, fit.top), (0, 1));
        let bgr: Vec<u8> = (0..8).flat_map(|i| [i, 100 + i, 200 + i]).collect();
        let mut tensor = vec![f32::NAN; 48];
        normalise.blank(&mut tensor);
        normalise.write(&bgr, &fit, &mut tensor);

        let red: Vec<f32> = (0..8).map(|i| (200.0 + i as f32 - 10.0) * 0.5).collect();
        assert_eq!(tensor[4..12], red);
        assert_eq!(tensor[0], (114.0 - 10.0) * 0.5);
        assert_eq!(tensor[16 + 4], 100.0 - 20.0);
        assert_eq!(tensor[32 + 11], (7.0 - 30.0) * 2.0);
        assert_eq!(tensor[47], (114.0 - 30.0) * 2.0);
    }
}
