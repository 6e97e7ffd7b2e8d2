//! When a thing that is seen stays, and when it is gone.
//!
//! Entering and leaving have different measures, so that a box that trembles on a border or is
//! hidden for a moment makes one event and not many.

use chrono::{DateTime, TimeDelta, Utc};

use crate::catalogue::StayRule;
use crate::space::PixelBox;

/// A thing stands still while its box overlaps the one it began with by at least this. Of cars that
/// follow each other bumper to bumper fewer than half are, whenever one looks.
const STILL_IOU_MIN: f32 = 0.6;
/// Of its last looks a thing must be seen still in at least this share to enter, ...
const ENTER_SHARE_MIN: f32 = 0.6;
/// ... and is over below this one.
const LEAVE_SHARE_MIN: f32 = 0.3;
/// Looks before which a share says nothing.
const LOOKS_MIN: u32 = 8;
/// Frames in which a thing must be seen still to enter, however far apart they are: of three cars that
/// wait for the same light one after the other two may well stand in the same place.
pub(super) const FRAMES_MIN: u32 = 4;
/// Of backgrounds, each of which speaks of many pictures.
pub(super) const BACKGROUNDS_MIN: u32 = 2;
/// Looks that are remembered.
const LOOKS_MAX: u32 = u64::BITS;

/// One thing in one zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Stay {
    /// Where it stopped.
    anchor: PixelBox,
    /// Since when it has been there.
    since: DateTime<Utc>,
    /// When it was last seen there.
    seen_at: DateTime<Utc>,
    /// In how many frames it was seen there.
    frames: u32,
    /// A bit for each of the last looks, the newest is the lowest: whether it was seen there.
    recent: u64,
    /// How many of the bits mean something.
    looks: u32,
    /// Whether it has been there for long enough.
    lasting: bool,
}

/// What one look at a thing makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Not there, or not for long enough.
    Passing,
    /// There, and for long enough; `entered`: it is so only now.
    Staying {
        since: DateTime<Utc>,
        frames: u32,
        entered: bool,
    },
}

impl Stay {
    /// A thing was seen in its zone for the first time.
    pub fn begin(at: DateTime<Utc>, pixel_box: PixelBox) -> Self {
        Self {
            anchor: pixel_box,
            since: at,
            seen_at: at,
            frames: 1,
            recent: 1,
            looks: 1,
            lasting: false,
        }
    }

    /// Another frame was taken; whether it is seen there is not known yet.
    pub fn look(&mut self) {
        self.recent <<= 1;
        self.looks = (self.looks + 1).min(LOOKS_MAX);
    }

    /// In this frame it was seen in its zone. `frames_min`: in how many it must be to enter.
    pub fn seen(
        &mut self,
        at: DateTime<Utc>,
        pixel_box: PixelBox,
        rule: &StayRule,
        frames_min: u32,
    ) -> Presence {
        if self.anchor.iou(&pixel_box) < STILL_IOU_MIN {
            return Presence::Passing;
        }
        self.seen_at = at;
        self.frames += 1;
        self.recent |= 1;
        let long_enough = at - self.since >= seconds(rule.after_s);
        let often_enough = self.frames >= frames_min && self.share() >= ENTER_SHARE_MIN;
        let entered = !self.lasting && long_enough && often_enough;
        self.lasting |= entered;
        if !self.lasting {
            return Presence::Passing;
        }
        Presence::Staying {
            since: self.since,
            frames: self.frames,
            entered,
        }
    }

    /// Whether it is gone, or was never one thing that stands still. `patience`: how long it may be
    /// out of sight.
    pub fn is_over(&self, at: DateTime<Utc>, patience: TimeDelta) -> bool {
        let rarely = self.looks >= LOOKS_MIN && self.share() < LEAVE_SHARE_MIN;
        rarely || at - self.seen_at > patience
    }

    pub fn is_lasting(&self) -> bool {
        self.lasting
    }

    fn share(&self) -> f32 {
        let known = u64::MAX >> (LOOKS_MAX - self.looks);
        (self.recent & known).count_ones() as f32 / self.looks as f32
    }
}

pub(super) fn seconds(s: i32) -> TimeDelta {
    TimeDelta::seconds(s.into())
}
