//! Every threshold of the background, with its reason. The figures are in docs/cameras.md, and
//! `tests/it/background_sight.rs` measures them again.

use chrono::TimeDelta;

use crate::camera::health::Side;

/// The size of a background: a stall 2 m wide is 20 of its pixels 50 m away from a usual camera, and
/// a picture takes 190 kB.
pub const SIDE: Side = Side {
    width: 480,
    height: 270,
};
/// Colours, and whatever is compared, have half of it.
pub(super) const HALF: Side = Side {
    width: SIDE.width / 2,
    height: SIDE.height / 2,
};

/// Between two pictures that are taken in: a red light holds cars up for a minute, and must not
/// make up half of what the median is made of.
pub(super) const EVERY: TimeDelta = TimeDelta::seconds(10);
/// From this pause between pictures on a camera is slow: seven times as long is near the five minutes
/// that rules give what stands to be gone. A background of 49 pictures a minute apart would be of
/// most of an hour, and come too late for whoever clears a pavement ...
pub(super) const SLOW_MIN: TimeDelta = TimeDelta::seconds(40);
/// ... and is fast again below this one.
pub(super) const FAST_MAX: TimeDelta = TimeDelta::seconds(30);
/// Pictures that were taken longer apart are not of one time of day.
pub(super) const GAP_MAX: TimeDelta = TimeDelta::minutes(30);
/// A background older than this says nothing of a frame: what stood is gone, and what stands is new.
/// That of a slow camera is made anew with each picture, and may be three and a half pauses old.
pub(super) const FRESH_MAX: TimeDelta = TimeDelta::minutes(5);
/// Bytes of one camera's background at most: 13 stills of the remedian, its newest, the median, the
/// reference and a copy of one of them that somebody looks at.
pub(super) const BYTES_PER_CAMERA: usize = 17 * SIDE.area() * 3 / 2;

/// A pixel is steady in a still when it is within this of the median, of 255: the noise of a sensor
/// and of its JPEG is below 8. The rest of a crowded road is steady in few.
pub(super) const STEADY_MAX: u8 = 12;

/// What daylight does to the ground: the sun is warmer than the sky, so that what comes into the
/// shadow becomes darker and bluer at once. In U and V the way goes along this direction ...
pub(super) const DAYLIGHT: (f32, f32) = (-0.8, 0.6);
/// ... and by at most this much for each doubling of the light. On a real pavement between sun and
/// shadow 27 is measured.
pub(super) const DAYLIGHT_MAX: f32 = 35.0;
/// A pixel is of another colour when daylight leaves so much unexplained.
pub(super) const COLOUR_MIN: f32 = 10.0;
/// Shadows take more than half of the light away, never so much; nor does the sun give so much.
pub(super) const DARKER_MAX: f32 = 0.4;
pub(super) const BRIGHTER_MIN: f32 = 1.0 / DARKER_MAX;
/// Added to brightnesses before they are divided: black has noise as well.
pub(super) const BLACK: f32 = 8.0;

/// A pixel belongs to a region when this share of the 5 x 5 around it is different.
pub(super) const DENSE_MIN: f32 = 0.4;
/// Smallest region, pixels of [`HALF`]: 6 x 7.
pub(super) const REGION_MIN: usize = 40;
/// Regions of one camera; the largest.
pub(super) const REGIONS_MAX: usize = 32;
/// Regions of two backgrounds that overlap by this are one thing.
pub(super) const SAME_IOU_MIN: f32 = 0.4;
/// How far around a region the reference is held, pixels of [`SIDE`].
pub(super) const MARGIN: usize = 6;
/// A thing has an outline. Where the reference has the stronger one, by this, something was taken
/// away.
pub(super) const OUTLINE_MIN: f32 = 1.15;

/// Where so much of the picture is different it is the light.
pub(super) const OTHER_LIGHT_MIN: f32 = 0.3;
/// At night a camera sees by infrared and without colours: the mean of their strength changes by
/// this factor at least.
pub(super) const OTHER_COLOURS: f32 = 2.5;
/// By how much a pixel of the reference follows the background each time, of 255: what a shadow
/// does in half an hour, and no more.
pub(super) const FOLLOW: u8 = 3;
/// Where backgrounds come from one picture to the next it follows by as much in this time ...
pub(super) const FOLLOW_EVERY: TimeDelta = TimeDelta::seconds(70);
/// ... and at once by no more than this: what stands there in half of the pictures is not known yet to
/// stand, and would be forgotten.
pub(super) const FOLLOW_MAX: u8 = 24;

/// A pixel of a picture agrees with the background when it is off by no more than this, of 255, in
/// brightness, once the light is taken out, and in its colours.
pub(super) const AGREEING_MAX: f32 = 20.0;
pub(super) const AGREEING_COLOUR_MAX: u8 = 12;
/// A part of a picture agrees when this share of its pixels does: somebody's arm may be before it.
pub(super) const AGREE_MIN: f32 = 0.7;
