//! The median of many pictures in the space of a few: the remedian of Rousseeuw and Bassett ("The
//! Remedian: A Robust Averaging Method for Large Data Sets", JASA 85, 1990), with base 7 and
//! exponent 2. The second buffer is a ring, so that a new median comes with every seven pictures and
//! speaks of the last 49.
//!
//! What is in fewer than 16 of 49 pictures is never in it (4 of 7, of 4 of 7), and what is in more
//! than 33 always; in between it depends on when it was there. The exact median turns at 25.
//!
//! Of a slow camera 49 pictures are hours. But what makes so many necessary, cars that wait for a minute,
//! is in one of its pictures and not in the next: the exact median of the last 13 says as much, and a
//! new one comes with each picture.

use std::collections::VecDeque;

use super::Still;
use super::limits::{HALF, SIDE, STEADY_MAX};

/// Pixels that are sorted side by side.
const LANES: usize = 64;
/// Most stills of which a median is made.
const MIDDLE_OF_MAX: usize = 13;
/// Of a slow camera, the pictures that say what stands there now: in two of three of them.
const NEWEST: usize = 3;

/// How a camera's pictures become a background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// Medians of seven pictures, and of the last seven of them the background.
    #[default]
    Fast,
    /// The last 13 pictures themselves.
    Slow,
}

impl Pace {
    /// Pictures of which one median is made.
    const fn block(self) -> usize {
        match self {
            Self::Fast => 7,
            Self::Slow => 1,
        }
    }

    /// Medians of which the background is.
    const fn ring(self) -> usize {
        match self {
            Self::Fast => 7,
            Self::Slow => MIDDLE_OF_MAX,
        }
    }

    /// Medians before they say something.
    const fn ready(self) -> usize {
        match self {
            Self::Fast => 5,
            Self::Slow => 9,
        }
    }

    /// Pictures before there is a background.
    pub const fn needed(self) -> usize {
        self.block() * self.ready()
    }
}

/// The pictures of one camera.
#[derive(Debug, Default)]
pub struct Remedian {
    pace: Pace,
    filling: Vec<Still>,
    /// The oldest first.
    medians: VecDeque<Still>,
}

impl Remedian {
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// From now on pictures come at this pace; what is known stays as far as it can.
    pub fn keep(&mut self, pace: Pace) {
        if pace == self.pace {
            return;
        }
        self.pace = pace;
        match pace {
            Pace::Slow => self.medians.extend(self.filling.drain(..)),
            // a picture is no median of seven, but three together are nearly one
            Pace::Fast => {
                let pictures: Vec<Still> = self.medians.drain(..).collect();
                let threes = pictures.rchunks_exact(NEWEST).rev();
                self.medians = threes.map(median).collect();
            }
        }
    }

    /// Takes a picture in. Answers a new median, when there is one.
    pub fn take(&mut self, still: Still) -> Option<Still> {
        self.filling.push(still);
        if self.filling.len() < self.pace.block() {
            return None;
        }
        let newest = median(&self.filling);
        self.filling.clear();
        if self.medians.len() >= self.pace.ring() {
            self.medians.pop_front();
        }
        self.medians.push_back(newest);
        (self.medians.len() >= self.pace.ready()).then(|| median(self.medians.make_contiguous()))
    }

    /// Pictures that were taken in, at most those needed.
    pub fn taken(&self) -> usize {
        let taken = self.medians.len() * self.pace.block() + self.filling.len();
        taken.min(self.pace.needed())
    }

    /// What stood there in the last few pictures that were taken in: seven or, of a slow camera,
    /// three.
    pub(super) fn newest(&mut self) -> Option<Still> {
        match self.pace {
            Pace::Fast => self.medians.back().cloned(),
            Pace::Slow => {
                let from = self.medians.len().checked_sub(NEWEST)?;
                Some(median(&self.medians.make_contiguous()[from..]))
            }
        }
    }

    /// Where most of the medians agree with `background`, in [`HALF`]: a crowded road shows the dark of
    /// another wheel in each of them.
    pub(super) fn steady(&self, background: &Still) -> Vec<bool> {
        let needed = self.medians.len() / 2 + 1;
        let mut agree = vec![0_usize; SIDE.area()];
        for one in &self.medians {
            let light = match self.pace {
                Pace::Fast => 0,
                Pace::Slow => one.brighter_than(background),
            };
            let pixels = one.luma().iter().zip(background.luma());
            for (agree, (one, here)) in agree.iter_mut().zip(pixels) {
                let off = i16::from(*one) - i16::from(*here) - light;
                *agree += usize::from(off.unsigned_abs() <= STEADY_MAX.into());
            }
        }
        let all = |x: usize, y: usize| {
            let upper = y * SIDE.width + x;
            let lower = upper + SIDE.width;
            [upper, upper + 1, lower, lower + 1]
                .iter()
                .all(|pixel| agree[*pixel] >= needed)
        };
        (0..HALF.area())
            .map(|at| all(at % HALF.width * 2, at / HALF.width * 2))
            .collect()
    }
}

/// Of each pixel; the lower one of an even number.
fn median(stills: &[Still]) -> Still {
    let mut middle = Still::black();
    let mut sorted = [[0_u8; LANES]; MIDDLE_OF_MAX];
    for (chunk, into) in middle.bytes_mut().chunks_mut(LANES).enumerate() {
        let from = chunk * LANES;
        let rows = &mut sorted[..stills.len()];
        for (row, still) in rows.iter_mut().zip(stills) {
            row[..into.len()].copy_from_slice(&still.bytes()[from..from + into.len()]);
        }
        sort(rows);
        into.copy_from_slice(&rows[(stills.len() - 1) / 2][..into.len()]);
    }
    middle
}

/// Each lane by itself, by odd-even transposition: no branches, so that lanes go at once.
fn sort(rows: &mut [[u8; LANES]]) {
    for round in 0..rows.len() {
        for pair in rows[round % 2..].chunks_exact_mut(2) {
            let [low, high] = pair else { continue };
            for (low, high) in low.iter_mut().zip(high) {
                (*low, *high) = ((*low).min(*high), (*low).max(*high));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A picture that is `levels` over and over.
    fn still(levels: &[u8]) -> Still {
        let mut bytes = levels.repeat(Still::BYTES / levels.len() + 1);
        bytes.truncate(Still::BYTES);
        Still::new(bytes).unwrap()
    }

    fn last(levels: impl IntoIterator<Item = u8>) -> Option<u8> {
        let mut remedian = Remedian::default();
        let medians = levels
            .into_iter()
            .filter_map(|level| remedian.take(still(&[level])));
        medians.last().map(|median| median.bytes()[0])
    }

    fn exact(mut levels: Vec<u8>) -> u8 {
        levels.sort_unstable();
        levels[(levels.len() - 1) / 2]
    }

    #[test]
    fn it_says_something_once_it_has_enough_and_then_every_seventh_time() {
        let mut remedian = Remedian::default();
        let told: Vec<usize> = (1..=70)
            .filter(|_| remedian.take(still(&[7])).is_some())
            .collect();
        assert_eq!(told, [35, 42, 49, 56, 63, 70]);
        assert_eq!(remedian.taken(), Pace::Fast.needed());
    }

    #[test]
    fn what_passes_is_not_in_it_and_what_stays_is() {
        // somebody walks by in every third picture; from the 60th on something stands there
        let street = |n: u8| if n.is_multiple_of(3) { 20 + n } else { 100 };
        assert_eq!(last((0..49).map(street)), Some(100));
        let stands = |n: u8| if n < 60 { street(n) } else { 200 };
        assert_eq!(last((0..84).map(stands)), Some(100), "for 24 pictures");
        assert_eq!(last((0..91).map(stands)), Some(200), "for 31 pictures");
    }

    fn slow(levels: impl IntoIterator<Item = u8>) -> Vec<Option<u8>> {
        let mut remedian = Remedian::default();
        remedian.keep(Pace::Slow);
        let take = |level: u8| Some(remedian.take(still(&[level]))?.bytes()[0]);
        levels.into_iter().map(take).collect()
    }

    #[test]
    fn of_a_slow_camera_it_is_the_median_of_the_last_thirteen() {
        let street = |n: u8| if n.is_multiple_of(3) { 20 + n } else { 100 };
        let told = slow((0..40).map(|n| if n < 20 { street(n) } else { 200 }));
        assert_eq!(told.iter().filter(|told| told.is_none()).count(), 8);
        assert_eq!(told[8..26], [Some(100); 18]);
        assert_eq!(told[26..], [Some(200); 14], "after seven pictures");
        // what is there in every other picture is not
        assert_eq!(slow((0..29).map(|n| n % 2 * 90)).last(), Some(&Some(0)));
    }

    #[test]
    fn a_camera_that_becomes_slow_and_fast_again_forgets_little() {
        let mut remedian = Remedian::default();
        for _ in 0..48 {
            remedian.take(still(&[100]));
        }
        remedian.keep(Pace::Slow);
        assert_eq!((remedian.taken(), remedian.medians.len()), (9, 12));
        assert!(
            remedian
                .take(still(&[200]))
                .is_some_and(|it| it == still(&[100]))
        );
        assert_eq!(remedian.newest(), Some(still(&[100])));
        for _ in 0..2 {
            remedian.take(still(&[200]));
        }
        assert_eq!(remedian.newest(), Some(still(&[200])));
        remedian.keep(Pace::Fast);
        assert_eq!((remedian.taken(), remedian.medians.len()), (28, 4));
        let told = (0..7).find_map(|_| remedian.take(still(&[100])));
        assert_eq!(told, Some(still(&[100])), "with the first seven of them");
    }

    #[test]
    fn another_light_makes_nothing_unsteady_for_a_slow_camera() {
        let mut remedian = Remedian::default();
        remedian.keep(Pace::Slow);
        let bricks = |light: u8| -> Vec<u8> { (0..251).map(|n: u8| n % 40 + light).collect() };
        let mut background = None;
        for n in 0..13 {
            background = remedian.take(still(&bricks(60 + n * 9)));
        }
        let steady = remedian.steady(&background.unwrap());
        assert!(steady.iter().all(|steady| *steady));
    }

    #[test]
    fn each_pixel_has_its_own_median() {
        let mut remedian = Remedian::default();
        let levels: Vec<u8> = (0..251).collect();
        let mut told = None;
        for _ in 0..Pace::Fast.needed() {
            told = remedian.take(still(&levels)).or(told);
        }
        assert_eq!(told, Some(still(&levels)));
        assert!(
            remedian
                .steady(&still(&levels))
                .iter()
                .all(|steady| *steady)
        );
        assert!(!remedian.steady(&still(&[255])).iter().any(|steady| *steady));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        /// As long as at least 34 of 49 pictures agree, it is the exact median, whatever the others
        /// show and whenever.
        #[test]
        fn it_is_the_exact_median_of_what_mostly_agrees(
            others in proptest::collection::vec(any::<u8>(), 0..16),
            level in any::<u8>(),
            order in Just((0..49_usize).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut levels = others;
            levels.resize(49, level);
            let shuffled: Vec<u8> = order.iter().map(|at| levels[*at]).collect();
            prop_assert_eq!(last(shuffled.clone()), Some(exact(shuffled)));
        }

        /// Of any pictures it stands among the middle ones: at least 16 are not above it, 16 not
        /// below.
        #[test]
        fn it_is_never_far_from_the_middle(levels in proptest::collection::vec(any::<u8>(), 49)) {
            let found = last(levels.clone()).unwrap();
            prop_assert!(levels.iter().filter(|level| **level <= found).count() >= 16);
            prop_assert!(levels.iter().filter(|level| **level >= found).count() >= 16);
        }

        /// Of noise around one level it is off the exact median by little.
        #[test]
        fn noise_moves_it_little(noise in proptest::collection::vec(-8_i16..=8, 49)) {
            let levels: Vec<u8> = noise.iter().map(|n| u8::try_from(100 + n).unwrap()).collect();
            prop_assert!(last(levels.clone()).unwrap().abs_diff(exact(levels)) <= 4);
        }
    }
}
