//! How a frame lies in the input of a network.
//!
//! Positions are pixel edges: the first pixel of a row covers 0 to 1, its centre is at 0.5. So
//! scaling is a multiplication, without the half pixel that centres would need.

use serde::Deserialize;

use crate::space::PixelBox;

/// Width and height of a picture, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) width: u32,
    pub(super) height: u32,
}

/// What happens where the shapes of frame and input differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Letterbox {
    /// Fill on both sides.
    Centre,
    /// Fill right or below only.
    TopLeft,
    /// No fill; the picture is stretched to the input.
    Stretch,
}

/// The way of a frame into the input and of boxes back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    pub(super) frame: Size,
    /// The decoder scales by one over this: 1, 2, 4 or 8.
    pub(super) reduction: u32,
    /// The frame as it is decoded.
    pub(super) decoded: Size,
    /// The frame as it lies in the input.
    pub(super) content: Size,
    /// Where it lies there.
    pub(super) left: u32,
    pub(super) top: u32,
}

impl Fit {
    pub(super) fn new(frame: Size, input: Size, letterbox: Letterbox) -> Self {
        let content = content(frame, input, letterbox);
        let reduction = [8, 4, 2]
            .into_iter()
            .find(|by| {
                let decoded = reduced(frame, *by);
                decoded.width >= content.width && decoded.height >= content.height
            })
            .unwrap_or(1);
        Self::reduced_by(reduction, frame, content, input, letterbox)
    }

    /// Of pixels that are decoded already.
    pub(super) fn of_pixels(frame: Size, input: Size, letterbox: Letterbox) -> Self {
        let content = content(frame, input, letterbox);
        Self::reduced_by(1, frame, content, input, letterbox)
    }

    fn reduced_by(
        reduction: u32,
        frame: Size,
        content: Size,
        input: Size,
        letterbox: Letterbox,
    ) -> Self {
        let (left, top) = match letterbox {
            Letterbox::Centre => (
                (input.width - content.width) / 2,
                (input.height - content.height) / 2,
            ),
            Letterbox::TopLeft | Letterbox::Stretch => (0, 0),
        };
        Self {
            frame,
            reduction,
            decoded: reduced(frame, reduction),
            content,
            left,
            top,
        }
    }

    /// From pixels of the input to pixels of the full frame, cut off at its edges.
    pub(super) fn frame_from_input(&self, of_input: PixelBox) -> PixelBox {
        // A reduced picture ends on a whole pixel, so it may cover a little more than the frame:
        // the scale is the reduction itself, not the ratio of the sizes.
        let reduction = self.reduction as f32;
        let x_scale = self.decoded.width as f32 / self.content.width as f32 * reduction;
        let y_scale = self.decoded.height as f32 / self.content.height as f32 * reduction;
        let (left, top) = (self.left as f32, self.top as f32);
        let (width, height) = (self.frame.width as f32, self.frame.height as f32);
        PixelBox {
            left: ((of_input.left - left) * x_scale).clamp(0.0, width),
            top: ((of_input.top - top) * y_scale).clamp(0.0, height),
            right: ((of_input.right - left) * x_scale).clamp(0.0, width),
            bottom: ((of_input.bottom - top) * y_scale).clamp(0.0, height),
        }
    }
}

/// As much of an input as a frame fills, in steps of so many pixels, which divide its sides.
pub(super) fn filled(frame: Size, input: Size, step: u32) -> Size {
    let content = inscribed(frame, input);
    Size {
        width: content.width.next_multiple_of(step),
        height: content.height.next_multiple_of(step),
    }
}

/// The frame as it lies in the input.
fn content(frame: Size, input: Size, letterbox: Letterbox) -> Size {
    match letterbox {
        Letterbox::Stretch => input,
        Letterbox::Centre | Letterbox::TopLeft => inscribed(frame, input),
    }
}

/// The largest picture of the frame's shape that the input holds.
fn inscribed(frame: Size, input: Size) -> Size {
    let wide = u64::from(input.width) * u64::from(frame.height);
    let high = u64::from(input.height) * u64::from(frame.width);
    if wide <= high {
        Size {
            width: input.width,
            height: proportion(input.width, frame.height, frame.width),
        }
    } else {
        Size {
            width: proportion(input.height, frame.width, frame.height),
            height: input.height,
        }
    }
}

/// `of * part / whole`, rounded, at least 1.
fn proportion(of: u32, part: u32, whole: u32) -> u32 {
    let whole = u64::from(whole);
    let rounded = (u64::from(of) * u64::from(part) + whole / 2) / whole;
    u32::try_from(rounded.max(1)).expect("a side of the input bounds it")
}

/// What the JPEG decoder makes of a frame: parts of a pixel become whole ones.
fn reduced(frame: Size, by: u32) -> Size {
    Size {
        width: frame.width.div_ceil(by),
        height: frame.height.div_ceil(by),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: Size = size(320, 192);

    const fn size(width: u32, height: u32) -> Size {
        Size { width, height }
    }

    #[test]
    fn a_frame_is_decoded_at_the_smallest_scale_that_fills_the_input() {
        let check = |frame, reduction, content, left, top| {
            let fit = Fit::new(frame, INPUT, Letterbox::Centre);
            assert_eq!((fit.reduction, fit.content), (reduction, content));
            assert_eq!((fit.left, fit.top), (left, top));
        };
        check(size(1280, 720), 4, size(320, 180), 0, 6);
        check(size(1920, 1080), 4, size(320, 180), 0, 6);
        check(size(3840, 2160), 8, size(320, 180), 0, 6);
        check(size(640, 640), 2, size(192, 192), 64, 0);
        check(size(100, 60), 1, size(320, 192), 0, 0);
    }

    #[test]
    fn boxes_find_their_way_back_to_the_frame() {
        // 1283 does not divide by 4: the decoded picture is 321 pixels wide, a pixel of it 4.
        let fit = Fit::new(size(1283, 720), INPUT, Letterbox::Centre);
        assert_eq!(fit.decoded, size(321, 180));
        let whole = PixelBox {
            left: -5.0,
            top: 0.0,
            right: 320.0,
            bottom: 192.0,
        };
        let back = fit.frame_from_input(whole);
        assert_eq!((back.left, back.top), (0.0, 0.0));
        assert_eq!((back.right, back.bottom), (1283.0, 720.0));
        let part = PixelBox {
            left: 160.0,
            top: 96.0,
            right: 170.0,
            bottom: 106.0,
        };
        let back = fit.frame_from_input(part);
        assert!((back.left - 160.0 * 321.0 / 320.0 * 4.0).abs() < 1e-3);
        assert!((back.top - 360.0).abs() < 1e-3);
    }

    #[test]
    fn of_an_input_that_may_be_smaller_no_more_is_taken_than_the_frame_fills() {
        let square = size(416, 416);
        let filled = |width, height| filled(size(width, height), square, 32);
        assert_eq!(filled(1920, 1080), size(416, 256));
        assert_eq!(filled(1080, 1920), size(256, 416));
        assert_eq!(filled(640, 640), square);
        assert_eq!(filled(4000, 10), size(416, 32));
    }

    #[test]
    fn a_stretched_frame_fills_the_input() {
        let fit = Fit::new(size(640, 640), INPUT, Letterbox::Stretch);
        assert_eq!(fit.content, INPUT);
        let corner = PixelBox {
            left: 0.0,
            top: 0.0,
            right: 160.0,
            bottom: 96.0,
        };
        let back = fit.frame_from_input(corner);
        assert_eq!((back.right, back.bottom), (320.0, 320.0));
    }
}
