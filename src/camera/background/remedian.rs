//! The median of many pictures in the space of a few: the remedian of Rousseeuw and Bassett ("The
//! Remedian: A Robust Averaging Method for Large Data Sets", JASA 85, 1990), with base 7 and
//! exponent 2. The second buffer is a ring, so that a new median comes with every seven pictures and
//! speaks of the last 49.
//!
//! What is in fewer than 16 of 49 pictures is never in it (4 of 7, of 4 of 7), and what is in more
//! than 33 always; in between it depends on when it was there. The exact median turns at 25.

use std::collections::VecDeque;

use super::Still;
use super::limits::{HALF, SIDE, STEADY_MAX};

/// Pictures of which one median is made, and medians of which the background is.
const BASE: usize = 7;
/// Medians before they say something: 35 pictures.
const READY: usize = 5;
/// Pixels that are sorted side by side.
const LANES: usize = 64;

/// The pictures of one camera.
#[derive(Debug, Default)]
pub struct Remedian {
    filling: Vec<Still>,
    /// The oldest first.
    medians: VecDeque<Still>,
}

impl Remedian {
    /// Pictures before there is a median.
    pub const NEEDED: usize = BASE * READY;

    /// Takes a picture in. Answers a new median, when there is one.
    pub fn take(&mut self, still: Still) -> Option<Still> {
        self.filling.push(still);
        if self.filling.len() < BASE {
            return None;
        }
        let newest = median(&self.filling);
        self.filling.clear();
        if self.medians.len() == BASE {
            self.medians.pop_front();
        }
        self.medians.push_back(newest);
        (self.medians.len() >= READY).then(|| median(self.medians.make_contiguous()))
    }

    /// Pictures that were taken in, at most those needed.
    pub fn taken(&self) -> usize {
        (self.medians.len() * BASE + self.filling.len()).min(Self::NEEDED)
    }

    /// What stood there in the last seven pictures that were taken in.
    pub(super) fn newest(&self) -> Option<&Still> {
        self.medians.back()
    }

    /// Where most of the medians agree with `background`, in [`HALF`]: a crowded road shows the dark of
    /// another wheel in each of them.
    pub(super) fn steady(&self, background: &Still) -> Vec<bool> {
        let needed = self.medians.len() / 2 + 1;
        let mut agree = vec![0_usize; SIDE.area()];
        for one in &self.medians {
            let pixels = one.luma().iter().zip(background.luma());
            for (agree, (one, here)) in agree.iter_mut().zip(pixels) {
                *agree += usize::from(one.abs_diff(*here) <= STEADY_MAX);
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
    let mut sorted = [[0_u8; LANES]; BASE];
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
        assert_eq!(remedian.taken(), Remedian::NEEDED);
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

    #[test]
    fn each_pixel_has_its_own_median() {
        let mut remedian = Remedian::default();
        let levels: Vec<u8> = (0..251).collect();
        let mut told = None;
        for _ in 0..Remedian::NEEDED {
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
