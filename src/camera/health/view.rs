//! Whether a camera looks where it did: features of one picture found again in another. Pure.
//!
//! The matches that agree best on one turn, zoom and shift of the picture say how far it has moved. Cars and
//! people agree on nothing.

use super::limits::{
    AGREEING_MIN, AGREEING_PX, BITS_MAX, FEATURES_MIN, PARTS_MIN, RATIO_MAX, VIEW,
};

/// Movements that are tried; of matches of which a tenth agree, one in a hundred pairs is sound.
const TRIES: u32 = 500;
/// Two features nearer than this fix no movement, pixels of [`VIEW`].
const APART_MIN_PX: f32 = 40.0;
/// No camera on a pole zooms by more.
const ZOOM_MAX: f32 = 1.4;
/// Parts of the picture along its width and height, of which agreeing features must fill some.
const PARTS: (usize, usize) = (6, 4);
/// Positions are kept in 16ths of a pixel.
const PER_PIXEL: f32 = 16.0;
/// Most features of one view.
const FEATURES_MAX: usize = 4096;

/// A spot that is found again by what is around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feature {
    /// Pixels of [`VIEW`].
    pub x: f32,
    pub y: f32,
    /// What is around it.
    pub bits: [u64; 4],
}

/// What can be found again of a picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    pub features: Vec<Feature>,
}

/// How far a picture is off another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Displacement {
    /// One of them has too little to be found again.
    Unknown,
    /// Both have much, and nothing in common.
    Unrecognised,
    /// On average over the picture, as a share of its width.
    By(f32),
}

impl View {
    /// Whether enough can be found again.
    pub fn is_rich(&self) -> bool {
        self.features.len() >= FEATURES_MIN
    }

    /// How far `later` is off this view.
    pub fn displacement(&self, later: &Self) -> Displacement {
        if !self.is_rich() || !later.is_rich() {
            return Displacement::Unknown;
        }
        let matches = matches(&self.features, &later.features);
        let Some((movement, agreeing)) = best(&matches) else {
            return Displacement::Unrecognised;
        };
        if agreeing.len() < AGREEING_MIN || parts(&agreeing) < PARTS_MIN {
            return Displacement::Unrecognised;
        }
        let movement = fitted(&agreeing).unwrap_or(movement);
        Displacement::By(movement.mean_px() / VIEW.width as f32)
    }

    /// To be kept: 36 bytes a feature.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.features.len() * 36);
        for feature in &self.features {
            for position in [feature.x, feature.y] {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "within the picture, which is smaller than 4096 pixels"
                )]
                let kept = (position * PER_PIXEL).round() as u16;
                bytes.extend(kept.to_le_bytes());
            }
            bytes.extend(feature.bits.iter().flat_map(|bits| bits.to_le_bytes()));
        }
        bytes
    }

    /// What was kept; `None` for other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (features, rest) = bytes.as_chunks::<36>();
        if !rest.is_empty() || features.len() > FEATURES_MAX {
            return None;
        }
        let feature = |bytes: &[u8; 36]| {
            let position =
                |at: usize| f32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]])) / PER_PIXEL;
            let (words, _) = bytes[4..].as_chunks::<8>();
            Feature {
                x: position(0),
                y: position(2),
                bits: [0, 1, 2, 3].map(|word| u64::from_le_bytes(words[word])),
            }
        };
        Some(Self {
            features: features.iter().map(feature).collect(),
        })
    }
}

/// A place in a picture, or a turn with a zoom: multiplied they turn and stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Complex {
    re: f32,
    im: f32,
}

impl Complex {
    fn minus(self, other: Self) -> Self {
        Self {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }

    fn times(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    fn conjugate(self) -> Self {
        Self {
            re: self.re,
            im: -self.im,
        }
    }

    fn over(self, other: Self) -> Self {
        let squared = other.re * other.re + other.im * other.im;
        let product = self.times(other.conjugate());
        Self {
            re: product.re / squared,
            im: product.im / squared,
        }
    }

    fn length(self) -> f32 {
        self.re.hypot(self.im)
    }
}

/// Where a feature was, and where it is.
#[derive(Debug, Clone, Copy)]
struct Match {
    from: Complex,
    to: Complex,
}

/// `turn * place + shift`.
#[derive(Debug, Clone, Copy)]
struct Movement {
    turn: Complex,
    shift: Complex,
}

impl Movement {
    fn of(one: Match, other: Match) -> Option<Self> {
        let (from, to) = (other.from.minus(one.from), other.to.minus(one.to));
        if from.length() < APART_MIN_PX {
            return None;
        }
        let turn = to.over(from);
        let zoom = turn.length();
        (1.0 / ZOOM_MAX..=ZOOM_MAX).contains(&zoom).then(|| Self {
            turn,
            shift: one.to.minus(turn.times(one.from)),
        })
    }

    fn moves(&self, from: Complex) -> Complex {
        self.turn.times(from).plus(self.shift)
    }

    fn explains(&self, each: &Match) -> bool {
        self.moves(each.from).minus(each.to).length() <= AGREEING_PX
    }

    /// By how many pixels nine spots all over the picture move.
    fn mean_px(&self) -> f32 {
        let (width, height) = (VIEW.width as f32, VIEW.height as f32);
        let mut sum = 0.0;
        for x in [0.0, 0.5, 1.0] {
            for y in [0.0, 0.5, 1.0] {
                let spot = Complex {
                    re: x * width,
                    im: y * height,
                };
                sum += self.moves(spot).minus(spot).length();
            }
        }
        sum / 9.0
    }
}

/// Each feature with the one it is, if there is one that clearly fits best.
fn matches(before: &[Feature], after: &[Feature]) -> Vec<Match> {
    let mut found = Vec::new();
    for one in before {
        let (mut best, mut second, mut at) = (u32::MAX, u32::MAX, 0);
        for (index, other) in after.iter().enumerate() {
            let pairs = one.bits.iter().zip(&other.bits);
            let differ: u32 = pairs.map(|(a, b)| (a ^ b).count_ones()).sum();
            if differ < best {
                (second, best, at) = (best, differ, index);
            } else if differ < second {
                second = differ;
            }
        }
        if best <= BITS_MAX && (best as f32) < RATIO_MAX * second as f32 {
            let place = |feature: &Feature| Complex {
                re: feature.x,
                im: feature.y,
            };
            found.push(Match {
                from: place(one),
                to: place(&after[at]),
            });
        }
    }
    found
}

/// The movement that most matches agree on, and those. The same every time: pairs come in an order
/// that only looks like chance.
fn best(matches: &[Match]) -> Option<(Movement, Vec<Match>)> {
    let count = u32::try_from(matches.len())
        .ok()
        .filter(|count| *count >= 2)?;
    let mut seed = 0x2545_F491_u32;
    let mut pick = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        matches[(seed % count) as usize]
    };
    let agreeing = |movement: &Movement| {
        matches
            .iter()
            .filter(|each| movement.explains(each))
            .count()
    };
    let tried = (0..TRIES).filter_map(|_| Movement::of(pick(), pick()));
    let movement = tried.max_by_key(agreeing)?;
    let agreeing = matches
        .iter()
        .filter(|each| movement.explains(each))
        .copied();
    Some((movement, agreeing.collect()))
}

/// The movement that fits them all best, by least squares.
fn fitted(matches: &[Match]) -> Option<Movement> {
    let count = matches.len() as f32;
    let zero = Complex { re: 0.0, im: 0.0 };
    let mean = |part: fn(&Match) -> Complex| {
        let sum = matches.iter().map(part).fold(zero, Complex::plus);
        Complex {
            re: sum.re / count,
            im: sum.im / count,
        }
    };
    let (from, to) = (mean(|each| each.from), mean(|each| each.to));
    let (mut product, mut squares) = (zero, 0.0);
    for each in matches {
        let (a, b) = (each.from.minus(from), each.to.minus(to));
        product = product.plus(b.times(a.conjugate()));
        squares += a.re * a.re + a.im * a.im;
    }
    (squares > 0.0).then(|| {
        let turn = Complex {
            re: product.re / squares,
            im: product.im / squares,
        };
        Movement {
            turn,
            shift: to.minus(turn.times(from)),
        }
    })
}

/// How many parts of the picture they come from.
fn parts(matches: &[Match]) -> usize {
    let (columns, rows) = PARTS;
    let mut filled = vec![false; columns * rows];
    for each in matches {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a few parts"
        )]
        let part = |at: f32, side: usize, parts: usize| {
            ((at.max(0.0) / side as f32 * parts as f32) as usize).min(parts - 1)
        };
        let column = part(each.from.re, VIEW.width, columns);
        let row = part(each.from.im, VIEW.height, rows);
        filled[row * columns + column] = true;
    }
    filled.iter().filter(|filled| **filled).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mixed(seed: u64) -> u64 {
        let mut x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// A view of `count` features that are this seed's own.
    fn street(seed: u64, count: u64) -> View {
        let share = |n: u64| (mixed(n) % 10_000) as f32 / 10_000.0;
        let feature = |n: u64| {
            let own = mixed(seed) ^ (n * 8);
            Feature {
                x: share(own) * 639.0,
                y: share(own + 1) * 359.0,
                bits: [2, 3, 4, 5].map(|word| mixed(own + word)),
            }
        };
        View {
            features: (0..count).map(feature).collect(),
        }
    }

    /// The view turned by a few degrees around its middle, zoomed and shifted, with another half that is other things.
    fn moved(view: &View, degrees: f32, zoom: f32, x: f32, y: f32, others: u64) -> View {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let mut later = street(others, view.features.len() as u64);
        for (n, feature) in view.features.iter().enumerate().step_by(2) {
            let (dx, dy) = (feature.x - 320.0, feature.y - 180.0);
            later.features[n] = Feature {
                x: 320.0 + zoom * (cos * dx - sin * dy) + x,
                y: 180.0 + zoom * (sin * dx + cos * dy) + y,
                bits: [
                    feature.bits[0] ^ 0b1011,
                    feature.bits[1],
                    feature.bits[2] ^ (1 << 40),
                    feature.bits[3],
                ],
            };
        }
        later
    }

    #[test]
    fn a_view_that_stands_is_where_it_was_and_another_is_not_recognised() {
        let before = street(1, 400);
        let Displacement::By(share) = before.displacement(&moved(&before, 0.0, 1.0, 0.0, 0.0, 9))
        else {
            panic!("it was not found again");
        };
        assert!(share < 1e-4, "{share}");
        assert_eq!(
            before.displacement(&street(2, 400)),
            Displacement::Unrecognised
        );
        assert_eq!(before.displacement(&street(1, 20)), Displacement::Unknown);
    }

    #[test]
    fn what_is_burnt_in_at_one_spot_recognises_nothing() {
        let squeezed = |seed: u64| {
            let mut view = street(seed, 400);
            let text = street(77, 100);
            for (feature, mut letter) in view.features.iter_mut().zip(text.features) {
                letter.x /= 10.0;
                letter.y /= 10.0;
                *feature = letter;
            }
            view
        };
        assert_eq!(
            squeezed(1).displacement(&squeezed(2)),
            Displacement::Unrecognised
        );
    }

    proptest! {
        #[test]
        fn a_movement_is_measured(
            degrees in -8.0_f32..8.0, zoom in 0.9_f32..1.1,
            x in -200.0_f32..200.0, y in -100.0_f32..100.0, seed in 0_u64..1000,
        ) {
            let before = street(seed, 400);
            let Displacement::By(share) = before.displacement(&moved(&before, degrees, zoom, x, y, seed + 5000)) else {
                return Err(TestCaseError::fail("it was not found again"));
            };
            let (sin, cos) = degrees.to_radians().sin_cos();
            let turn = Complex { re: zoom * cos, im: zoom * sin };
            let middle = Complex { re: 320.0, im: 180.0 };
            let shift = Complex { re: 320.0 + x, im: 180.0 + y }.minus(turn.times(middle));
            let truth = Movement { turn, shift }.mean_px() / 640.0;
            prop_assert!((share - truth).abs() < 1e-3, "{share} for {truth}");
        }

        #[test]
        fn what_is_kept_comes_back(seed in any::<u64>(), count in 0_u64..50) {
            let view = street(seed, count);
            let back = View::from_bytes(&view.to_bytes()).unwrap();
            prop_assert_eq!(back.features.len(), view.features.len());
            for (one, other) in back.features.iter().zip(&view.features) {
                prop_assert_eq!(one.bits, other.bits);
                prop_assert!((one.x - other.x).abs() < 0.05 && (one.y - other.y).abs() < 0.05);
            }
        }

        #[test]
        fn other_bytes_are_no_view_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(View::from_bytes(&bytes).is_some(), bytes.len() % 36 == 0);
        }
    }
}
