//! A picture reduced to what a background is made of.

use super::limits::{HALF, SIDE};
use crate::camera::Mask;

/// What masks are painted with: brightness, then both colours.
const PAINTED: [u8; 6] = [96, 96, 96, 96, 128, 128];

/// A picture of [`SIDE`] in YUV 4:2:0, planes one after the other: brightness, and two colours of
/// half the width and height (BT.601, 128 is grey). Half the bytes of three full colours, and
/// nobody sees the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Still(Box<[u8]>);

impl Still {
    pub const BYTES: usize = SIDE.area() + 2 * HALF.area();

    /// `None`: they are not of this size.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Option<Self> {
        let bytes = bytes.into();
        (bytes.len() == Self::BYTES).then_some(Self(bytes))
    }

    /// A picture without light.
    pub(super) fn black() -> Self {
        Self(vec![0; Self::BYTES].into())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    pub(super) fn luma(&self) -> &[u8] {
        &self.0[..SIDE.area()]
    }

    /// U and V.
    pub(super) fn colours(&self) -> [&[u8]; 2] {
        let (u, v) = self.0[SIDE.area()..].split_at(HALF.area());
        [u, v]
    }

    /// By how much it is brighter than `other`, of 255: the median over all pixels, which is that of the
    /// light and not of what stands there.
    pub(super) fn brighter_than(&self, other: &Self) -> i16 {
        let mut pixels_by_shift = [0_usize; 511];
        for (here, there) in self.luma().iter().zip(other.luma()) {
            pixels_by_shift[usize::from(*here) + 255 - usize::from(*there)] += 1;
        }
        let mut below = 0;
        let middle = pixels_by_shift.iter().position(|pixels| {
            below += pixels;
            below * 2 > SIDE.area()
        });
        middle.map_or(0, |shift| i16::try_from(shift).unwrap_or(0) - 255)
    }

    /// Mean brightness of each 2 x 2 pixels, in [`HALF`].
    pub(super) fn half_luma(&self) -> Vec<f32> {
        (0..HALF.area()).map(|at| self.half_luma_at(at)).collect()
    }

    /// The same of one pixel of [`HALF`].
    pub(super) fn half_luma_at(&self, at: usize) -> f32 {
        let upper = at / HALF.width * 2 * SIDE.width + at % HALF.width * 2;
        let lower = upper + SIDE.width;
        let sum: u16 = [upper, upper + 1, lower, lower + 1]
            .iter()
            .map(|pixel| u16::from(self.0[*pixel]))
            .sum();
        f32::from(sum) / 4.0
    }

    /// Paints over what nobody may see. Of what a mask touches nothing is left.
    pub fn paint(&mut self, masks: &[Mask]) {
        if masks.is_empty() {
            return;
        }
        for at in 0..HALF.area() {
            if masks.iter().any(|mask| touches(mask, at)) {
                for (pixel, grey) in parts(at).into_iter().zip(PAINTED) {
                    self.0[pixel] = grey;
                }
            }
        }
    }

    /// Takes over what `now` shows where this one is painted over and `now` is not: a mask was there.
    pub(super) fn uncover(&mut self, now: &Self) {
        for at in 0..HALF.area() {
            if self.is_painted(at) {
                for part in parts(at) {
                    self.0[part] = now.0[part];
                }
            }
        }
    }

    fn is_painted(&self, at: usize) -> bool {
        parts(at).map(|part| self.0[part]) == PAINTED
    }

    /// How far its colours are from grey, on average.
    pub(super) fn colourfulness(&self) -> f32 {
        let strength: u64 = self.0[SIDE.area()..]
            .iter()
            .map(|colour| u64::from(colour.abs_diff(128)))
            .sum();
        strength as f32 / (2 * HALF.area()) as f32
    }
}

/// Where the four brightnesses and the two colours of a pixel of [`HALF`] are.
fn parts(at: usize) -> [usize; 6] {
    let upper = at / HALF.width * 2 * SIDE.width + at % HALF.width * 2;
    let lower = upper + SIDE.width;
    let colour = SIDE.area() + at;
    [
        upper,
        upper + 1,
        lower,
        lower + 1,
        colour,
        colour + HALF.area(),
    ]
}

/// Whether a mask hides something of a pixel of [`HALF`]: its corners, its sides or its middle.
fn touches(mask: &Mask, at: usize) -> bool {
    let share =
        |from: usize, step: u8, side: usize| (from as f64 + f64::from(step) / 2.0) / side as f64;
    (0..=2).any(|row| {
        let y = share(at / HALF.width, row, HALF.height);
        (0..=2).any(|column| mask.hides([share(at % HALF.width, column, HALF.width), y]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mask_touches_is_painted_over_until_it_is_gone() {
        let shown = Still::new(vec![200; Still::BYTES]).unwrap();
        let mask = Mask {
            corners: vec![[0.0, 0.0], [0.501, 0.0], [0.501, 1.0], [0.0, 1.0]],
        };
        let mut hidden = shown.clone();
        hidden.paint(&[mask]);
        let middle = 100 * SIDE.width;
        assert_eq!(
            hidden.luma()[middle + 238..][..6],
            [96, 96, 96, 96, 200, 200]
        );
        let [u, v] = hidden.colours();
        let middle = 50 * HALF.width;
        assert_eq!(u[middle + 119..][..3], [128, 128, 200]);
        assert_eq!(v[middle + 119..][..3], [128, 128, 200]);
        hidden.uncover(&shown);
        assert_eq!(hidden, shown);
    }
}
