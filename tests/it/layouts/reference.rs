//! The plain way from a picture to boxes, against which the service's is held: every number by
//! its definition, nothing fast.

use cityward::space::PixelBox;
use image::RgbImage;

/// How a network wants its picture.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgb: bool,
    pub(crate) mean: f32,
    pub(crate) scale: f32,
    pub(crate) letterbox: &'static str,
}

pub(crate) const GREY: u8 = 114;

/// Where the picture lies in the input.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    left: f32,
    top: f32,
    /// Pixels of the input per pixel of the picture.
    x_scale: f32,
    y_scale: f32,
}

impl Place {
    pub(crate) fn of(picture: &RgbImage, look: Look) -> Self {
        let (wide, high) = (picture.width() as f32, picture.height() as f32);
        let (width, height) = (look.width as f32, look.height as f32);
        if look.letterbox == "stretch" {
            return Self {
                left: 0.0,
                top: 0.0,
                x_scale: width / wide,
                y_scale: height / high,
            };
        }
        let scale = (width / wide).min(height / high);
        let (wide_in, high_in) = ((wide * scale).round(), (high * scale).round());
        let centred = look.letterbox == "centre";
        let margin = |room: f32| if centred { (room / 2.0).floor() } else { 0.0 };
        Self {
            left: margin(width - wide_in),
            top: margin(height - high_in),
            x_scale: wide_in / wide,
            y_scale: high_in / high,
        }
    }

    pub(crate) fn picture_from_input(self, of_input: PixelBox, picture: &RgbImage) -> PixelBox {
        let x = |x: f32| ((x - self.left) / self.x_scale).clamp(0.0, picture.width() as f32);
        let y = |y: f32| ((y - self.top) / self.y_scale).clamp(0.0, picture.height() as f32);
        PixelBox {
            left: x(of_input.left),
            top: y(of_input.top),
            right: x(of_input.right),
            bottom: y(of_input.bottom),
        }
    }
}

/// The input: three planes of numbers.
pub(crate) fn planes(picture: &RgbImage, look: Look) -> [Vec<Vec<f32>>; 3] {
    let place = Place::of(picture, look);
    [0, 1, 2].map(|plane| {
        let colour = if look.rgb { plane } else { 2 - plane };
        (0..look.height)
            .map(|row| {
                (0..look.width)
                    .map(|column| {
                        let x = (column as f32 + 0.5 - place.left) / place.x_scale;
                        let y = (row as f32 + 0.5 - place.top) / place.y_scale;
                        let inside = (0.0..picture.width() as f32).contains(&x)
                            && (0.0..picture.height() as f32).contains(&y);
                        let byte = if inside {
                            bilinear(picture, x, y, colour).round()
                        } else {
                            f32::from(GREY)
                        };
                        (byte - look.mean) * look.scale
                    })
                    .collect()
            })
            .collect()
    })
}

/// Between the centres of four pixels; at the edge the last pixel goes on.
fn bilinear(picture: &RgbImage, x: f32, y: f32, colour: usize) -> f32 {
    let (x, y) = ((x - 0.5).max(0.0), (y - 0.5).max(0.0));
    let at = |x: f32, y: f32| {
        let x = (x as u32).min(picture.width() - 1);
        let y = (y as u32).min(picture.height() - 1);
        f32::from(picture.get_pixel(x, y).0[colour])
    };
    let (right, down) = (x.fract(), y.fract());
    let above = at(x, y) * (1.0 - right) + at(x + 1.0, y) * right;
    let below = at(x, y + 1.0) * (1.0 - right) + at(x + 1.0, y + 1.0) * right;
    above * (1.0 - down) + below * down
}

pub(crate) fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// A box of the network, in pixels of the input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) class: usize,
    pub(crate) confidence: f32,
    /// The confidence of the class that it would otherwise be.
    pub(crate) runner_up: f32,
    pub(crate) pixel_box: PixelBox,
}

/// What was found, most confident first, and whether rounding could have made it otherwise.
pub(crate) struct Answer {
    pub(crate) found: Vec<Found>,
    pub(crate) doubtful: bool,
}

/// How far from a limit a number must be to be beyond doubt.
const MARGIN: f32 = 0.015;

/// Of all proposals those above the threshold, and of those that overlap the most confident.
pub(crate) fn choose(proposals: &[Found], threshold: f32, iou_max: Option<f32>) -> Answer {
    let near = |a: f32, b: f32| (a - b).abs() < MARGIN;
    let mut doubtful = proposals.iter().any(|p| {
        near(p.confidence, threshold) || p.confidence > threshold && near(p.confidence, p.runner_up)
    });
    let mut sorted: Vec<Found> = proposals.to_vec();
    sorted.retain(|p| p.confidence >= threshold);
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let mut found: Vec<Found> = Vec::new();
    for next in sorted {
        let mut overlapped = false;
        for better in found.iter().filter(|b| b.class == next.class) {
            let Some(iou_max) = iou_max else { continue };
            let iou = better.pixel_box.iou(&next.pixel_box);
            overlapped |= iou > iou_max;
            doubtful |= near(iou, iou_max);
            doubtful |= iou > iou_max - MARGIN && better.confidence - next.confidence < MARGIN;
        }
        if !overlapped {
            found.push(next);
        }
    }
    Answer { found, doubtful }
}
