//! What stands in front of a camera, as data: one straight piece of street and its things.

use super::color::Rgb;
use super::light::Light;

/// All that a picture needs; the same scene gives the same picture.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) street: Street,
    pub(super) things: Vec<Thing>,
    pub(super) light: Light,
    pub(super) lens: Lens,
}

/// The straight street along the x axis; its middle is y = 0.
#[derive(Debug, Clone)]
pub(super) struct Street {
    pub(super) road_half_m: f32,
    pub(super) pavement_m: f32,
    /// Traffic lanes in one direction; 0: a lane without any paint.
    pub(super) lanes: u8,
    pub(super) asphalt: Rgb,
    pub(super) slab: Rgb,
    /// Length of a pavement slab along and across, metres.
    pub(super) slab_m: (f32, f32),
    pub(super) tactile: bool,
    pub(super) wear: f32,
    /// Side streets: from x to x, metres.
    pub(super) crossings: Vec<(f32, f32)>,
    /// Repaired patches and stains.
    pub(super) patches: Vec<Patch>,
    /// Houses on the left (y > 0) and on the right, in order of x.
    pub(super) houses: [Vec<House>; 2],
    pub(super) seed: u32,
}

impl Street {
    /// Where the fronts stand, metres from the middle.
    pub(super) fn front_m(&self) -> f32 {
        self.road_half_m + self.pavement_m
    }

    pub(super) fn is_crossing(&self, x: f32) -> bool {
        self.crossings.iter().any(|&(from, to)| x > from && x < to)
    }
}

/// A patch of other asphalt, or a stain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patch {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) half_x: f32,
    pub(super) half_y: f32,
    /// Brightness against the asphalt around, 1 = the same.
    pub(super) tone: f32,
    pub(super) round: bool,
}

/// A front along the street.
#[derive(Debug, Clone, Copy)]
pub(super) struct House {
    pub(super) from_x: f32,
    pub(super) to_x: f32,
    pub(super) height_m: f32,
    pub(super) wall: Rgb,
    pub(super) shops: bool,
    pub(super) seed: u32,
}

/// Something that stands, lies or moves in the street.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    pub(super) x: f32,
    pub(super) y: f32,
    /// Radians, counter-clockwise from the x axis.
    pub(super) yaw: f32,
    /// Chooses colours and small differences.
    pub(super) seed: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Lamp,
    Tree,
    Bench,
    Hydrant,
    Sign,
    Cabinet,
    Bollard,
    Cone,
    Bush,
    Car,
    Van,
    Bicycle,
    Rider,
    Person,
    Scrap,
    Bin,
    Cover,
    Overflow,
    Garbage,
    Stall,
    Water,
    OpenCover,
}

impl Kind {
    /// The word a training label uses; `None` for what the detector need not know.
    pub(super) fn label(self) -> Option<&'static str> {
        match self {
            Self::Bin => Some("bin"),
            Self::Cover => Some("cover"),
            Self::Overflow => Some("overflow"),
            Self::Garbage => Some("garbage"),
            Self::Stall => Some("stall"),
            Self::Water => Some("water"),
            Self::OpenCover => Some("open_cover"),
            Self::Lamp
            | Self::Tree
            | Self::Bench
            | Self::Hydrant
            | Self::Sign
            | Self::Cabinet
            | Self::Bollard
            | Self::Cone
            | Self::Bush
            | Self::Car
            | Self::Van
            | Self::Bicycle
            | Self::Rider
            | Self::Person
            | Self::Scrap => None,
        }
    }

    /// Lies flat on the ground: painted before everything that stands.
    pub(super) fn is_flat(self) -> bool {
        matches!(
            self,
            Self::Cover | Self::OpenCover | Self::Water | Self::Scrap
        )
    }
}

/// What lens, sensor and encoder do to a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lens {
    pub(super) vignette: f32,
    /// Standard deviation of the sensor noise, 0 to 1.
    pub(super) noise: f32,
    pub(super) exposure: f32,
    pub(super) white: Rgb,
    /// JPEG quality, 1 to 100.
    pub(super) quality: u8,
    pub(super) seed: u32,
}
