//! Pixels → the numbers a network wants, in one pass: interleaved blue-green-red bytes become
//! normalised planes or pixels, in place inside the letterbox.

use super::fit::{Fit, Size};
use super::manifest::{Colour, Input, Order};

/// The affine map from a byte to the value of the tensor, per colour of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Normalise {
    input: Size,
    order: Order,
    /// Which byte of a blue-green-red pixel each colour of the tensor takes.
    byte: [usize; 3],
    scale: [f32; 3],
    shift: [f32; 3],
    fill: u8,
}

impl Normalise {
    /// `size`: as much of the input as is used.
    pub(super) fn new(input: &Input, size: Size) -> Self {
        Self {
            input: size,
            order: input.order,
            byte: match input.colour {
                Colour::Bgr => [0, 1, 2],
                Colour::Rgb => [2, 1, 0],
            },
            scale: input.scale,
            shift: [0, 1, 2].map(|plane| -input.mean[plane] * input.scale[plane]),
            fill: input.fill,
        }
    }

    /// What a byte is in a tensor of f32.
    pub(super) fn normal(&self, byte: u8, colour: usize) -> f32 {
        f32::from(byte) * self.scale[colour] + self.shift[colour]
    }

    /// Fills the whole tensor with the grey of the letterbox; `value` of a byte and its colour
    /// stands in the tensor.
    pub(super) fn blank<T: Copy>(&self, tensor: &mut [T], value: impl Fn(u8, usize) -> T) {
        let grey = [0, 1, 2].map(|colour| value(self.fill, colour));
        match self.order {
            Order::Nchw | Order::Chw => {
                let plane_len = self.input.width as usize * self.input.height as usize;
                for (plane, grey) in tensor.chunks_exact_mut(plane_len).zip(grey) {
                    plane.fill(grey);
                }
            }
            Order::Nhwc => tensor.as_chunks_mut::<3>().0.fill(grey),
        }
    }

    /// Writes the content; `bgr` is as wide and high as [`Fit::content`], without gaps. What lies
    /// outside the content keeps its values.
    pub(super) fn write<T: Copy>(
        &self,
        bgr: &[u8],
        fit: &Fit,
        tensor: &mut [T],
        value: impl Fn(u8, usize) -> T,
    ) {
        let width = fit.content.width as usize;
        let input_width = self.input.width as usize;
        let start = fit.top as usize * input_width + fit.left as usize;
        let rows = bgr.chunks_exact(width * 3).enumerate();
        let [b0, b1, b2] = self.byte;
        match self.order {
            Order::Nchw | Order::Chw => {
                let plane_len = input_width * self.input.height as usize;
                let (first, rest) = tensor.split_at_mut(plane_len);
                let (second, third) = rest.split_at_mut(plane_len);
                for (row, pixels) in rows {
                    let from = start + row * input_width;
                    let planes = first[from..from + width]
                        .iter_mut()
                        .zip(&mut second[from..from + width])
                        .zip(&mut third[from..from + width]);
                    for (pixel, ((v0, v1), v2)) in pixels.as_chunks::<3>().0.iter().zip(planes) {
                        *v0 = value(pixel[b0], 0);
                        *v1 = value(pixel[b1], 1);
                        *v2 = value(pixel[b2], 2);
                    }
                }
            }
            Order::Nhwc => {
                let (tensor, _) = tensor.as_chunks_mut::<3>();
                for (row, pixels) in rows {
                    let from = start + row * input_width;
                    let values = &mut tensor[from..from + width];
                    for (pixel, values) in pixels.as_chunks::<3>().0.iter().zip(values) {
                        *values = [
                            value(pixel[b0], 0),
                            value(pixel[b1], 1),
                            value(pixel[b2], 2),
                        ];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::fit::Letterbox;
    use crate::vision::manifest::Element;

    /// 4 x 4, red first.
    fn input(order: Order) -> Input {
        Input {
            tensor: "images".into(),
            width: 4,
            height: 4,
            step: None,
            order,
            element: Element::F32,
            colour: Colour::Rgb,
            mean: [10.0, 20.0, 30.0],
            scale: [0.5, 1.0, 2.0],
            letterbox: Letterbox::Centre,
            fill: 114,
            size_tensor: None,
        }
    }

    fn normalising(order: Order) -> Normalise {
        let input = input(order);
        Normalise::new(&input, input.size())
    }

    /// A picture of 4 x 2 pixels in the middle of a tensor that was full of something else.
    fn written<T: Copy>(
        normalise: &Normalise,
        other: T,
        value: impl Fn(&Normalise, u8, usize) -> T,
    ) -> Vec<T> {
        let frame = Size {
            width: 4,
            height: 2,
        };
        let fit = Fit::new(frame, normalise.input, Letterbox::Centre);
        assert_eq!((fit.left, fit.top), (0, 1));
        let bgr: Vec<u8> = (0..8).flat_map(|i| [i, 100 + i, 200 + i]).collect();
        let mut tensor = vec![other; 48];
        normalise.blank(&mut tensor, |byte, colour| value(normalise, byte, colour));
        normalise.write(&bgr, &fit, &mut tensor, |byte, colour| {
            value(normalise, byte, colour)
        });
        tensor
    }

    #[test]
    fn planes_are_ordered_normalised_and_letterboxed() {
        let normalise = normalising(Order::Nchw);
        let tensor = written(&normalise, f32::NAN, Normalise::normal);
        let red: Vec<f32> = (0..8).map(|i| (200.0 + i as f32 - 10.0) * 0.5).collect();
        assert_eq!(tensor[4..12], red);
        assert_eq!(tensor[0], (114.0 - 10.0) * 0.5);
        assert_eq!(tensor[16 + 4], 100.0 - 20.0);
        assert_eq!(tensor[32 + 11], (7.0 - 30.0) * 2.0);
        assert_eq!(tensor[47], (114.0 - 30.0) * 2.0);
    }

    #[test]
    fn pixels_keep_their_colours_together() {
        let normalise = normalising(Order::Nhwc);
        let planes = written(&normalising(Order::Nchw), f32::NAN, Normalise::normal);
        let pixels = written(&normalise, f32::NAN, Normalise::normal);
        for (index, pixel) in pixels.as_chunks::<3>().0.iter().enumerate() {
            let of_planes = [planes[index], planes[16 + index], planes[32 + index]];
            assert_eq!(*pixel, of_planes);
        }
        let bytes = written(&normalise, 0, |_, byte, _| byte);
        assert_eq!(bytes[..3], [114; 3]);
        assert_eq!(bytes[12..18], [200, 100, 0, 201, 101, 1]);
    }
}
