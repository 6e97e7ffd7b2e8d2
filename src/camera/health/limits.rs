//! Every threshold of a camera's health, with its reason. The figures are in docs/cameras.md, and
//! `tests/it/camera_sight.rs` measures them again.

use chrono::TimeDelta;

/// Width and height of a picture that is measured, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    pub width: usize,
    pub height: usize,
}

impl Side {
    pub const fn area(self) -> usize {
        self.width * self.height
    }
}

/// Above or below; `None` in between.
pub(super) fn between<T: PartialOrd>(value: T, low: T, high: T) -> Option<bool> {
    if value >= high {
        Some(true)
    } else if value < low {
        Some(false)
    } else {
        None
    }
}

/// Whatever a camera's pictures measure, they are looked at in this size: every other size of
/// sensor, stream and model comes to the same numbers.
pub const GLANCE: Side = Side {
    width: 320,
    height: 180,
};
/// ... and in half of it, which a moving leaf or the noise of the sensor changes little.
pub const SMALL: Side = Side {
    width: 160,
    height: 90,
};
/// The size in which a view is found again: a pixel of it is 3 of a 1080p frame.
pub const VIEW: Side = Side {
    width: 640,
    height: 360,
};

/// What evidence has to last before a state changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hysteresis {
    pub enter: Lasting,
    pub leave: Lasting,
}

/// So many looks in a row that say the same, over at least so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasting {
    pub looks: u32,
    pub s: i64,
}

const fn after(looks: u32, s: i64) -> Lasting {
    Lasting { looks, s }
}

/// Nobody stands before a camera for a minute by accident, no lorry does in five looks of it.
pub(super) const PICTURE: Hysteresis = Hysteresis {
    enter: after(5, 60),
    leave: after(3, 15),
};
/// A street at four in the morning shows little, and a platform that cuts JPEGs out of a video
/// repeats still parts of it bit by bit until the next key frame; five minutes it does not.
pub(super) const FROZEN: Hysteresis = Hysteresis {
    enter: after(10, 300),
    leave: after(2, 0),
};
/// Checks come once a minute: somebody who wipes the lens moves it for one of them.
pub(super) const MOVED: Hysteresis = Hysteresis {
    enter: after(3, 0),
    leave: after(3, 0),
};
/// A platform that was cut off sends what it kept; one fresh frame among it clears the clock.
pub(super) const WRONG_TIME: Hysteresis = Hysteresis {
    enter: after(5, 300),
    leave: after(3, 15),
};
/// A picture is dark while its brightest hundredth is below this, of 255: a lamp, a window or a
/// headlight anywhere, and it is only night. Left where it is [`BRIGHT_MIN`].
pub(super) const DARK_MAX: u8 = 32;
pub(super) const BRIGHT_MIN: u8 = 40;

/// A square of the small picture is flat while neighbouring pixels differ by less than this, of
/// 255: below the noise of a sensor, above that of a JPEG.
pub(super) const FLAT_MAX: u32 = 2;
/// Squares of the small picture along its width and height.
pub(super) const SQUARES: Side = Side {
    width: 16,
    height: 9,
};
/// A picture is covered while this share of its squares is flat. Of real streets, sky and asphalt
/// included, up to 0.29 is, of hazy and dusky ones up to 0.63.
pub(super) const COVERED_MIN: f32 = 0.7;
pub(super) const OPEN_MAX: f32 = 0.65;

/// A picture is blurred while its finest detail is less than this share of the next coarser one.
/// Focused pictures lie at 0.52 and above, whatever they were reduced by; out of focus by 2 pixels
/// of 640 they lie at 0.48 and below.
pub(super) const BLURRED_MAX: f32 = 0.50;
pub(super) const SHARP_MIN: f32 = 0.52;
/// ... or while there is hardly any: of 6 pixels of 640 nothing but the grain of the JPEG is left,
/// which is as fine as can be. Streets have 8.5 of 255 and more, in a fifth of the light still 4.
pub(super) const DETAIL_MIN: f32 = 2.6;
pub(super) const DETAIL_FINE: f32 = 3.2;

/// A pixel of the small picture is another when it changed by at least this, of 255.
pub(super) const CHANGED_MIN: u8 = 2;
/// A picture is frozen while no larger share of it changes: a clock burnt into a frozen picture
/// goes on, and takes up to 2 %.
pub(super) const FROZEN_MAX: f32 = 0.02;

/// A camera's clock is wrong where a frame is older than this when it comes in. Networks and
/// platforms hold frames up by seconds; deadlines and stays are counted in minutes.
pub(super) const LAG_MAX: TimeDelta = TimeDelta::seconds(120);
/// ... and is right again below this.
pub(super) const LAG_FINE_MAX: TimeDelta = TimeDelta::seconds(60);

/// Between two checks whether a camera still looks where it did: each costs as much as a frame.
pub(super) const VIEW_EVERY: TimeDelta = TimeDelta::seconds(60);
/// A view with fewer features says nothing; streets have 600, the most that are looked for.
pub(super) const FEATURES_MIN: usize = 150;
/// At most so many bits of 256 differ where two features are one.
pub(super) const BITS_MAX: u32 = 64;
/// The next best must be worse by this.
pub(super) const RATIO_MAX: f32 = 0.8;
/// Features that agree on one movement before it is believed. Of views that have nothing to do
/// with each other up to 4 do, of one view at least 19.
pub(super) const AGREEING_MIN: usize = 10;
/// They must lie in so many of 6 x 4 parts of the picture: what is burnt into it does not.
pub(super) const PARTS_MIN: usize = 2;
/// How far off the movement a feature may be, pixels of [`VIEW`].
pub(super) const AGREEING_PX: f32 = 2.5;
/// Text is burnt in at the upper and lower edge and stays where it is whatever the camera does: no
/// features are looked for in this share of the height.
pub const EDGE: f32 = 0.12;
/// A camera has moved when its picture has by this share of its width: 11 pixels of a 1080p
/// frame, some 0.5 m on the ground, the error that a calibration may have.
pub(super) const MOVED_MIN: f32 = 0.006;
/// ... and is back below this. Where nothing moved up to 0.0027 is measured.
pub(super) const STILL_MAX: f32 = 0.004;
