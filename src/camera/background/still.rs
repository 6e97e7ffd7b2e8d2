//! A picture reduced to what a background is made of.

use super::limits::{HALF, SIDE};

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

    /// How far its colours are from grey, on average.
    pub(super) fn colourfulness(&self) -> f32 {
        let strength: u64 = self.0[SIDE.area()..]
            .iter()
            .map(|colour| u64::from(colour.abs_diff(128)))
            .sum();
        strength as f32 / (2 * HALF.area()) as f32
    }
}
