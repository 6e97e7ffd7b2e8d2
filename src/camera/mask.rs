//! What nobody may see of a camera's picture: private windows, yards.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::space::PixelBox;

/// Points along each side of a box at which it is looked for whether a mask hides it.
const SAMPLES: u16 = 16;

/// A part of the picture that is painted over before anything is stored or shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// x and y as shares of the picture, 0 to 1, origin top left; at least three.
    pub corners: Vec<[f64; 2]>,
}

impl Mask {
    /// Whether a point, in shares of the picture, is inside: even-odd rule.
    pub(super) fn hides(&self, [x, y]: [f64; 2]) -> bool {
        let mut inside = false;
        for (a, b) in self.sides() {
            if (a[1] > y) != (b[1] > y) {
                let at = a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]);
                inside ^= x < at;
            }
        }
        inside
    }

    /// Whether two of its sides that are no neighbours cross or touch.
    pub fn crosses_itself(&self) -> bool {
        let sides: Vec<_> = self.sides().collect();
        let last = sides.len().saturating_sub(1);
        sides.iter().enumerate().any(|(i, one)| {
            let others = sides.iter().enumerate().skip(i + 2);
            let mut others = others.filter(|(j, _)| (i, *j) != (0, last));
            others.any(|(_, other)| crossing(*one, *other))
        })
    }

    /// Of the whole picture, 0 to 1.
    pub fn area(&self) -> f64 {
        let doubled = self.sides().map(|(a, b)| a[0] * b[1] - b[0] * a[1]);
        doubled.sum::<f64>().abs() / 2.0
    }

    fn sides(&self) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
        let next = self.corners.iter().cycle().skip(1);
        self.corners.iter().copied().zip(next.copied())
    }
}

/// On which side of a line through `a` and `b` a point is; 0: on it.
fn side(a: [f64; 2], b: [f64; 2], point: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
}

fn crossing((a, b): ([f64; 2], [f64; 2]), (c, d): ([f64; 2], [f64; 2])) -> bool {
    side(a, b, c) * side(a, b, d) <= 0.0 && side(c, d, a) * side(c, d, b) <= 0.0
}

/// Whether masks hide most of a box in a picture of this size, pixels.
pub fn mostly_hidden(masks: &[Mask], pixel_box: &PixelBox, width_px: u32, height_px: u32) -> bool {
    if masks.is_empty() {
        return false;
    }
    let (width, height) = (f64::from(width_px), f64::from(height_px));
    let along = |from: f32, to: f32, step: u16, whole: f64| {
        let share = (f64::from(step) + 0.5) / f64::from(SAMPLES);
        (f64::from(from) + share * f64::from(to - from)) / whole
    };
    let mut hidden = 0;
    for row in 0..SAMPLES {
        let y = along(pixel_box.top, pixel_box.bottom, row, height);
        for column in 0..SAMPLES {
            let x = along(pixel_box.left, pixel_box.right, column, width);
            hidden += u16::from(masks.iter().any(|mask| mask.hides([x, y])));
        }
    }
    hidden * 2 > SAMPLES * SAMPLES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(from: f64, to: f64) -> Mask {
        Mask {
            corners: vec![[from, from], [to, from], [to, to], [from, to]],
        }
    }

    fn pixel_box(left: f32, top: f32, right: f32, bottom: f32) -> PixelBox {
        PixelBox {
            left,
            top,
            right,
            bottom,
        }
    }

    #[test]
    fn a_box_is_hidden_when_more_than_half_of_it_is() {
        let masks = [square(0.0, 0.5)];
        let hidden = |pixel_box| mostly_hidden(&masks, &pixel_box, 100, 200);
        assert!(hidden(pixel_box(10.0, 20.0, 40.0, 80.0)));
        assert!(hidden(pixel_box(20.0, 20.0, 70.0, 80.0)));
        assert!(!hidden(pixel_box(35.0, 20.0, 85.0, 80.0)));
        assert!(!hidden(pixel_box(60.0, 20.0, 90.0, 80.0)));
        assert!(!mostly_hidden(&[], &pixel_box(0.0, 0.0, 1.0, 1.0), 1, 1));
        // two that hide a third each
        let two = [square(0.0, 0.5), square(0.5, 1.0)];
        assert!(!mostly_hidden(
            &two,
            &pixel_box(20.0, 20.0, 80.0, 180.0),
            100,
            200
        ));
    }

    #[test]
    fn a_border_that_crosses_itself_is_known() {
        let tie = Mask {
            corners: vec![[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]],
        };
        assert!(tie.crosses_itself());
        assert!(!square(0.1, 0.9).crosses_itself());
        assert!((square(0.0, 0.5).area() - 0.25).abs() < 1e-12);
    }
}
