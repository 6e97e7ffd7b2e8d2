//! What stood there when nothing was wrong.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limits::{HALF, SIDE};
use super::{Region, Still};

/// Where a reference is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "background_origin", rename_all = "snake_case")]
pub enum Origin {
    /// The first background of its calibration.
    First,
    /// The first one in a light that has nothing in common with the one before, as when a camera
    /// goes over to infrared.
    Light,
    /// Somebody said that all is well.
    Person,
}

/// What a background is compared with. It follows the light, except where something stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    pub still: Still,
    pub origin: Origin,
    /// When it was made.
    pub set_at: DateTime<Utc>,
    /// Until when it has followed the light.
    pub followed_at: DateTime<Utc>,
}

impl Reference {
    pub fn new(still: Still, origin: Origin, at: DateTime<Utc>) -> Self {
        Self {
            still,
            origin,
            set_at: at,
            followed_at: at,
        }
    }

    /// Goes towards `background` by `step` of 255, but not where something stands: the approximate median
    /// of McFarlane and Schofield ("Segmentation and tracking of piglets in images", MVA 8, 1995).
    pub(super) fn follow(
        &mut self,
        background: &Still,
        standing: &[Region],
        step: u8,
        at: DateTime<Utc>,
    ) {
        let mut held = vec![false; SIDE.area()];
        for region in standing {
            let (rows, columns) = region.surroundings();
            for y in rows {
                held[y * SIDE.width..][columns.clone()].fill(true);
            }
        }
        let from = |at: usize| match at.checked_sub(SIDE.area()) {
            None => at,
            Some(colour) => {
                let colour = colour % HALF.area();
                colour / HALF.width * 2 * SIDE.width + colour % HALF.width * 2
            }
        };
        let pixels = self.still.bytes_mut().iter_mut().zip(background.bytes());
        for (at, (known, now)) in pixels.enumerate() {
            if !held[from(at)] {
                *known = if *now > *known {
                    known.saturating_add(step).min(*now)
                } else {
                    known.saturating_sub(step).max(*now)
                };
            }
        }
        self.followed_at = at;
    }

    /// Takes over what `background` shows there: what was there is gone.
    pub(super) fn take_over(&mut self, background: &Still, region: &Region) {
        let (rows, columns) = region.surroundings();
        for y in rows {
            let row = y * SIDE.width;
            let pixels = row + columns.start..row + columns.end;
            self.still.bytes_mut()[pixels.clone()].copy_from_slice(&background.bytes()[pixels]);
            for plane in [0, 1] {
                let row = SIDE.area() + plane * HALF.area() + y / 2 * HALF.width;
                let pixels = row + columns.start / 2..row + columns.end / 2;
                self.still.bytes_mut()[pixels.clone()].copy_from_slice(&background.bytes()[pixels]);
            }
        }
    }
}
