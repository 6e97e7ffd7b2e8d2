//! Colours as red, green, blue from 0 to 1, and the casts to and from bytes.

/// Red, green, blue; 0 to 1, gamma-encoded as in a JPEG.
pub(super) type Rgb = [f32; 3];

pub(super) const fn rgb(hex: u32) -> Rgb {
    [
        ((hex >> 16) & 255) as f32 / 255.0,
        ((hex >> 8) & 255) as f32 / 255.0,
        (hex & 255) as f32 / 255.0,
    ]
}

pub(super) fn mix(a: Rgb, b: Rgb, share: f32) -> Rgb {
    let share = share.clamp(0.0, 1.0);
    [
        a[0] + (b[0] - a[0]) * share,
        a[1] + (b[1] - a[1]) * share,
        a[2] + (b[2] - a[2]) * share,
    ]
}

pub(super) fn scale(color: Rgb, factor: f32) -> Rgb {
    [color[0] * factor, color[1] * factor, color[2] * factor]
}

pub(super) fn tint(color: Rgb, by: Rgb) -> Rgb {
    [color[0] * by[0], color[1] * by[1], color[2] * by[2]]
}

/// 0 to 1 becomes 0 to 255; what lies outside is clipped.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=255 before the cast"
)]
pub(super) fn byte(value: f32) -> u8 {
    (value * 255.0 + 0.5).clamp(0.0, 255.0) as u8
}

/// The cell of a unit raster a coordinate lies in.
#[expect(
    clippy::cast_possible_truncation,
    reason = "scene coordinates are within a few kilometres"
)]
pub(super) fn step(value: f32) -> i32 {
    // `floor` is a call on processors that are taken to be old; this is three instructions
    let toward_zero = value as i32;
    toward_zero - i32::from(toward_zero as f32 > value)
}

/// What is left of a coordinate after whole periods, 0 up to `period`.
pub(super) fn wrap(value: f32, period: f32) -> f32 {
    value - period * step(value / period) as f32
}

/// Metres in f64 as the city has them, to the f32 a picture is computed in.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a picture needs centimetres over a few hundred metres"
)]
pub(super) fn narrow(value: f64) -> f32 {
    value as f32
}
