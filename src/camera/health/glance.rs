//! What one small grey picture says about its camera. Pure, and cheap: a few passes over 58 kB.

use super::limits::{
    self, BLURRED_MAX, BRIGHT_MIN, CHANGED_MIN, COVERED_MIN, DARK_MAX, DETAIL_FINE, DETAIL_MIN,
    FLAT_MAX, FROZEN_MAX, OPEN_MAX, SHARP_MIN, Side, between,
};

/// The measures of one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Glance {
    /// The picture in [`SMALL`](limits::SMALL), grey, row by row.
    pub small: Vec<u8>,
    /// The brightness that a hundredth of the picture exceeds, of 255.
    pub bright: u8,
    /// The share of the picture without any texture.
    pub flat: f32,
    /// Finest detail over the next coarser one.
    pub sharpness: f32,
    /// Finest detail: by how much pixels stand out from their neighbours, of 255.
    pub detail: f32,
}

/// For or against each condition; `None`: cannot be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    pub dark: Option<bool>,
    pub covered: Option<bool>,
    pub blurred: Option<bool>,
}

impl Evidence {
    /// Whether what stands in the picture can be recognised.
    pub fn shows_something(self) -> bool {
        [self.dark, self.covered, self.blurred] == [Some(false); 3]
    }
}

/// How much of a picture is another than that of the one before, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference(pub f32);

impl Difference {
    /// Of two pictures in [`SMALL`](limits::SMALL).
    pub fn between(before: &[u8], after: &[u8]) -> Self {
        let changed = before
            .iter()
            .zip(after)
            .filter(|(one, other)| one.abs_diff(**other) >= CHANGED_MIN);
        Self(share(changed.count(), after.len()))
    }

    /// Whether it is the same picture once more.
    pub fn is_none(self) -> bool {
        self.0 <= FROZEN_MAX
    }
}

impl Glance {
    /// `fine`: in [`GLANCE`](limits::GLANCE), grey; `small`: the same in [`SMALL`](limits::SMALL).
    pub fn of(fine: &[u8], small: &[u8]) -> Self {
        let finest = detail(fine, limits::GLANCE);
        Self {
            bright: brightest(small),
            flat: flat(small),
            sharpness: finest / detail(small, limits::SMALL).max(0.01),
            detail: finest,
            small: small.to_vec(),
        }
    }

    /// A dark picture tells nothing else, and a covered one not whether it is in focus.
    pub fn evidence(&self) -> Evidence {
        let dark =
            between(f32::from(self.bright), DARK_MAX.into(), BRIGHT_MIN.into()).map(|it| !it);
        if dark != Some(false) {
            return Evidence {
                dark,
                ..Evidence::default()
            };
        }
        let covered = between(self.flat, OPEN_MAX, COVERED_MIN);
        if covered != Some(false) {
            return Evidence {
                dark,
                covered,
                blurred: None,
            };
        }
        Evidence {
            dark,
            covered,
            blurred: self.is_blurred(),
        }
    }
}

impl Glance {
    fn is_blurred(&self) -> Option<bool> {
        let sharp = between(self.sharpness, BLURRED_MAX, SHARP_MIN);
        let detailed = between(self.detail, DETAIL_MIN, DETAIL_FINE);
        match (sharp, detailed) {
            (Some(false), _) | (_, Some(false)) => Some(true),
            (Some(true), Some(true)) => Some(false),
            (None, _) | (_, None) => None,
        }
    }
}

fn share(part: usize, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

fn brightest(grey: &[u8]) -> u8 {
    let mut counts = [0_usize; 256];
    for level in grey {
        counts[usize::from(*level)] += 1;
    }
    let mut left = grey.len() / 100;
    for (level, count) in (0..=u8::MAX).zip(counts).rev() {
        match left.checked_sub(count) {
            Some(rest) => left = rest,
            None => return level,
        }
    }
    0
}

/// The mean of what stands out from its four neighbours.
fn detail(grey: &[u8], side: Side) -> f32 {
    let inner = side.width - 2;
    let mut sum = 0_u64;
    for row in 1..side.height - 1 {
        let from = |row: usize, column: usize| &grey[row * side.width + column..][..inner];
        let beside = from(row, 0).iter().zip(from(row, 2));
        let above_and_below = from(row - 1, 1).iter().zip(from(row + 1, 1));
        let around = beside.zip(above_and_below).zip(from(row, 1));
        let stands_out = around.map(|(((left, right), (above, below)), here)| {
            let around =
                u16::from(*left) + u16::from(*right) + u16::from(*above) + u16::from(*below);
            u32::from(around.abs_diff(4 * u16::from(*here)))
        });
        sum += u64::from(stands_out.sum::<u32>());
    }
    sum as f32 / (inner * (side.height - 2)) as f32
}

/// The share of squares whose neighbouring pixels hardly differ.
fn flat(small: &[u8]) -> f32 {
    let Side { width, height } = limits::SMALL;
    let Side {
        width: columns,
        height: rows,
    } = limits::SQUARES;
    let (wide, high) = (width / columns, height / rows);
    let mut texture = vec![0_u32; limits::SQUARES.area()];
    for y in 0..height - 1 {
        let (here, below) = small[y * width..].split_at(width);
        let squares = &mut texture[y / high * columns..][..columns];
        let last_has_no_right = here.split_last().map_or(here, |(_, rest)| rest);
        let rights = here[1..].chunks(wide).zip(last_has_no_right.chunks(wide));
        for ((square, (right, left)), down) in squares.iter_mut().zip(rights).zip(0..) {
            *square += steps(left, right);
            let from = down * wide;
            *square += steps(&here[from..from + wide], &below[from..from + wide]);
        }
    }
    let most = FLAT_MAX * u32::try_from(wide * high).unwrap_or(u32::MAX);
    let flat = texture.iter().filter(|texture| **texture < most);
    share(flat.count(), texture.len())
}

fn steps(one: &[u8], other: &[u8]) -> u32 {
    let pairs = one.iter().zip(other);
    pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::camera::health::limits::{GLANCE, SMALL};

    /// A picture by its pixels, in both sizes.
    fn glance(of: impl Fn(usize, usize) -> u8) -> Glance {
        let fine: Vec<u8> = (0..GLANCE.area())
            .map(|at| of(at % GLANCE.width, at / GLANCE.width))
            .collect();
        let mean = |x: usize, y: usize| {
            let of =
                |dx: usize, dy: usize| u32::from(fine[(2 * y + dy) * GLANCE.width + 2 * x + dx]);
            u8::try_from((of(0, 0) + of(1, 0) + of(0, 1) + of(1, 1) + 2) / 4).unwrap()
        };
        let small: Vec<u8> = (0..SMALL.area())
            .map(|at| mean(at % SMALL.width, at / SMALL.width))
            .collect();
        Glance::of(&fine, &small)
    }

    /// Some texture with sharp edges, 0 to 255.
    fn scene(x: usize, y: usize) -> u8 {
        let part = (x / 5 * 7919 + y / 3 * 104_729) % 256;
        u8::try_from(part).unwrap()
    }

    /// The mean of what is within `reach` pixels.
    fn smeared(x: usize, y: usize, reach: usize) -> u8 {
        let (mut sum, mut count) = (0_usize, 0);
        for y in y.saturating_sub(reach)..=y + reach {
            for x in x.saturating_sub(reach)..=x + reach {
                sum += usize::from(scene(x, y));
                count += 1;
            }
        }
        u8::try_from(sum / count).unwrap()
    }

    #[test]
    fn a_sharp_picture_has_nothing_wrong() {
        let evidence = glance(scene).evidence();
        assert!(evidence.shows_something(), "{evidence:?}");
    }

    #[test]
    fn a_dark_picture_tells_nothing_else() {
        let dark = glance(|x, y| scene(x, y) / 10).evidence();
        let expected = Evidence {
            dark: Some(true),
            covered: None,
            blurred: None,
        };
        assert_eq!(dark, expected);
        let lamp = |x: usize, y: usize| {
            let lit = (100..140).contains(&x) && (40..70).contains(&y);
            if lit { 250 } else { scene(x, y) / 10 }
        };
        assert_eq!(glance(lamp).evidence().dark, Some(false));
    }

    #[test]
    fn a_hand_before_the_lens_covers_it() {
        let hand = |x, y| if x < 250 { 90 } else { scene(x, y) };
        let covered = glance(hand).evidence();
        assert_eq!((covered.covered, covered.blurred), (Some(true), None));
        let half = |x, y| if x < 160 { 90 } else { scene(x, y) };
        assert_eq!(glance(half).evidence().covered, Some(false));
    }

    #[test]
    fn a_picture_out_of_focus_is_blurred() {
        let blurred = glance(|x, y| smeared(x, y, 3));
        assert_eq!(
            blurred.evidence().blurred,
            Some(true),
            "{}",
            blurred.sharpness
        );
    }

    #[test]
    fn a_clock_in_a_frozen_picture_does_not_move_it() {
        let before = glance(scene).small;
        let clock = |at: usize| (at % SMALL.width < 28 && at / SMALL.width < 8).then_some(255);
        let mut after = before.clone();
        for (at, pixel) in after.iter_mut().enumerate() {
            *pixel = clock(at).unwrap_or(*pixel);
        }
        assert!(Difference::between(&before, &after).is_none());
        // a person walks by
        let person = |at: usize| (at % SMALL.width < 30 && at / SMALL.width < 60).then_some(255);
        for (at, pixel) in after.iter_mut().enumerate() {
            *pixel = person(at).unwrap_or(*pixel);
        }
        assert!(!Difference::between(&before, &after).is_none());
    }

    proptest! {
        /// How bright it is does not change whether it is in focus or covered.
        #[test]
        fn brightness_alone_changes_little(by in 0.4_f32..1.0) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
            let dimmed = glance(|x, y| (f32::from(scene(x, y)) * by) as u8);
            prop_assert!(dimmed.evidence().shows_something(), "{dimmed:?}");
        }

        #[test]
        fn shares_are_shares(level in any::<u8>(), seed in any::<u64>()) {
            let noise = |x: usize, y: usize| {
                let mixed = (x as u64 * 31 + y as u64 * 17).wrapping_mul(seed | 1) >> 56;
                level.saturating_add(u8::try_from(mixed).unwrap_or(0) / 8)
            };
            let glance = glance(noise);
            prop_assert!((0.0..=1.0).contains(&glance.flat));
            prop_assert!(glance.sharpness.is_finite());
            let same = Difference::between(&glance.small, &glance.small);
            prop_assert_eq!(same, Difference(0.0));
        }
    }
}
