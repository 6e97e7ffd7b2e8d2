//! When something happens where: a pure function of seed and time, so that any process that
//! draws a camera's picture of one moment draws the same.

use super::grain::{hash2, roll};

/// A new event begins about this often, milliseconds.
const EVERY_MS: i64 = 10_000;
/// An event lasts between these, milliseconds.
const SHORTEST_MS: i64 = 120_000;
const LONGEST_MS: i64 = 360_000;

/// The spots of every camera, used in turn.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    seed: u32,
    /// How many spots each camera has.
    spots: Vec<usize>,
}

/// An event that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) camera: usize,
    pub(super) spot: usize,
    /// Which event it is since 1970; the next one of this spot looks different.
    pub(super) number: i64,
}

impl Schedule {
    pub(super) fn new(seed: u64, spots: Vec<usize>) -> Self {
        let [low, high] = [seed & 0xFFFF_FFFF, seed >> 32];
        let half = |part: u64| u32::try_from(part).unwrap_or_default().cast_signed();
        Self {
            seed: hash2(half(low), half(high)),
            spots,
        }
    }

    /// What goes on at a moment, milliseconds since 1970.
    pub(super) fn at(&self, now_ms: i64) -> Vec<Turn> {
        let newest = now_ms.div_euclid(EVERY_MS);
        let oldest = newest - LONGEST_MS / EVERY_MS - 1;
        (oldest..=newest)
            .filter_map(|number| self.turn(number, now_ms))
            .collect()
    }

    fn turn(&self, number: i64, now_ms: i64) -> Option<Turn> {
        let own = hash2(
            self.seed.cast_signed(),
            i32::try_from(number.rem_euclid(1 << 30)).unwrap_or_default(),
        );
        let begin_ms = number * EVERY_MS + share_of(EVERY_MS / 2, roll(own, 1));
        let lasts_ms = SHORTEST_MS + share_of(LONGEST_MS - SHORTEST_MS, roll(own, 2));
        if !(begin_ms..begin_ms + lasts_ms).contains(&now_ms) {
            return None;
        }
        let cameras = i64::try_from(self.spots.len()).ok().filter(|&n| n > 0)?;
        let (round, place) = (number.div_euclid(cameras), number.rem_euclid(cameras));
        // five steps at a time: neighbours in the list are not neighbours in time
        let camera = usize::try_from((place * 5 + round) % cameras).ok()?;
        let count = i64::try_from(self.spots[camera]).ok().filter(|&n| n > 0)?;
        let spot = usize::try_from(round.rem_euclid(count)).ok()?;
        Some(Turn {
            camera,
            spot,
            number,
        })
    }
}

fn share_of(whole_ms: i64, share: f32) -> i64 {
    whole_ms * i64::from(super::color::step(share * 1000.0)) / 1000
}
