//! What stands somewhere in the picture that did not.

use chrono::{DateTime, Utc};

use super::Still;
use super::limits::{
    DENSE_MIN, HALF, MARGIN, OUTLINE_MIN, REGION_MIN, REGIONS_MAX, SAME_IOU_MIN, SIDE,
};
use crate::space::PixelBox;

/// Pixels of [`HALF`] beside one that belong to its surroundings.
const AROUND: usize = 2;

/// A connected part of the picture that is different.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// In pixels of [`SIDE`].
    pub bounds: PixelBox,
    /// Pixels of [`HALF`].
    pixels: Vec<usize>,
}

/// A region that is there from one background to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// In pixels of [`SIDE`].
    pub bounds: PixelBox,
    /// When the background was made that showed it first.
    pub since: DateTime<Utc>,
}

impl Standing {
    /// The same part of a picture of another size.
    pub fn in_picture(&self, width_px: u32, height_px: u32) -> PixelBox {
        let x = width_px as f32 / SIDE.width as f32;
        let y = height_px as f32 / SIDE.height as f32;
        self.bounds.scaled(x, y)
    }

    /// Regions with what is known of them: those that overlap one of before are what it was.
    pub(super) fn follow(before: &[Self], regions: &[Region], at: DateTime<Utc>) -> Vec<Self> {
        let since = |bounds: PixelBox| {
            let same = |known: &&Self| known.bounds.iou(&bounds) >= SAME_IOU_MIN;
            let known = before.iter().filter(same);
            known.map(|known| known.since).min().unwrap_or(at)
        };
        let standing = regions.iter().map(|region| Self {
            bounds: region.bounds,
            since: since(region.bounds),
        });
        standing.collect()
    }
}

/// The connected parts of what is different and steady, largest first.
pub(super) fn regions(different: &[bool], steady: &[bool]) -> Vec<Region> {
    let both: Vec<bool> = different
        .iter()
        .zip(steady)
        .map(|(d, s)| *d && *s)
        .collect();
    let mut dense = dense(&both);
    let mut found = Vec::new();
    for start in 0..HALF.area() {
        if !dense[start] {
            continue;
        }
        let pixels = connected(&mut dense, start);
        if pixels.len() >= REGION_MIN {
            found.push(Region::of(pixels));
        }
    }
    found.sort_by_key(|region| std::cmp::Reverse(region.pixels.len()));
    found.truncate(REGIONS_MAX);
    found
}

/// Where enough of what is around is marked.
fn dense(marked: &[bool]) -> Vec<bool> {
    (0..HALF.area())
        .map(|at| {
            let (mut count, mut area) = (0, 0);
            for y in around(at / HALF.width, HALF.height) {
                let row = y * HALF.width;
                for x in around(at % HALF.width, HALF.width) {
                    count += usize::from(marked[row + x]);
                    area += 1;
                }
            }
            count as f32 > DENSE_MIN * area as f32
        })
        .collect()
}

fn around(at: usize, side: usize) -> std::ops::RangeInclusive<usize> {
    at.saturating_sub(AROUND)..=(at + AROUND).min(side - 1)
}

/// Takes out of `dense` what is connected with `start`.
fn connected(dense: &mut [bool], start: usize) -> Vec<usize> {
    let mut pixels = vec![start];
    dense[start] = false;
    let mut next = 0;
    while let Some(&at) = pixels.get(next) {
        next += 1;
        let (x, y) = (at % HALF.width, at / HALF.width);
        let neighbours = [
            (x > 0).then(|| at - 1),
            (x + 1 < HALF.width).then_some(at + 1),
            (y > 0).then(|| at - HALF.width),
            (y + 1 < HALF.height).then_some(at + HALF.width),
        ];
        for neighbour in neighbours.into_iter().flatten() {
            if std::mem::take(&mut dense[neighbour]) {
                pixels.push(neighbour);
            }
        }
    }
    pixels
}

impl Region {
    fn of(pixels: Vec<usize>) -> Self {
        let mut bounds = PixelBox {
            left: f32::MAX,
            top: f32::MAX,
            right: 0.0,
            bottom: 0.0,
        };
        for at in &pixels {
            let (x, y) = (
                (at % HALF.width) as f32 * 2.0,
                (at / HALF.width) as f32 * 2.0,
            );
            bounds.left = bounds.left.min(x);
            bounds.top = bounds.top.min(y);
            bounds.right = bounds.right.max(x + 2.0);
            bounds.bottom = bounds.bottom.max(y + 2.0);
        }
        Self { bounds, pixels }
    }

    /// Whether something was taken away and not put there: its outline is in the older picture.
    /// After Spagnolo et al. ("Moving object segmentation by background subtraction and temporal
    /// analysis", IVC 24, 2006).
    pub(super) fn was_taken_away(&self, before: &Still, now: &Still) -> bool {
        let inside: std::collections::HashSet<usize> = self.pixels.iter().copied().collect();
        let is_outline = |at: &&usize| {
            let at = **at;
            [
                at.wrapping_sub(1),
                at + 1,
                at.wrapping_sub(HALF.width),
                at + HALF.width,
            ]
            .iter()
            .any(|beside| !inside.contains(beside))
        };
        let (before, now) = (before.half_luma(), now.half_luma());
        let (mut stood, mut stands) = (1.0, 1.0);
        for at in self.pixels.iter().filter(is_outline) {
            stood += slope(&before, *at);
            stands += slope(&now, *at);
        }
        stood > OUTLINE_MIN * stands
    }

    /// The rows of [`SIDE`] that it covers with a margin, and its columns.
    pub(super) fn surroundings(&self) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let range = |from: f32, to: f32, side: usize| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "within the picture"
            )]
            let (from, to) = (from as usize, to as usize);
            from.saturating_sub(MARGIN)..(to + MARGIN).min(side)
        };
        (
            range(self.bounds.top, self.bounds.bottom, SIDE.height),
            range(self.bounds.left, self.bounds.right, SIDE.width),
        )
    }
}

/// How steep brightness is within two pixels of one of [`HALF`].
fn slope(luma: &[f32], at: usize) -> f32 {
    let (x, y) = (at % HALF.width, at / HALF.width);
    let span = |range: std::ops::RangeInclusive<usize>, pixel: &dyn Fn(usize) -> f32| {
        let values = range.map(pixel);
        let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        high - low
    };
    let across = span(around(x, HALF.width), &|x| luma[y * HALF.width + x]);
    let down = span(around(y, HALF.height), &|y| luma[y * HALF.width + x]);
    across.max(down)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(s, 0).unwrap()
    }

    /// Marks squares of [`HALF`], each left, top, width and height.
    fn marked(squares: &[[usize; 4]]) -> Vec<bool> {
        let mut marked = vec![false; HALF.area()];
        for [left, top, width, height] in squares {
            for y in *top..top + height {
                marked[y * HALF.width + left..][..*width].fill(true);
            }
        }
        marked
    }

    #[test]
    fn what_is_connected_is_one_region() {
        let everywhere = vec![true; HALF.area()];
        // two bodies with a gap that a pole makes, one far from them, and specks
        let squares = [
            [20, 20, 10, 20],
            [31, 20, 10, 20],
            [100, 60, 12, 12],
            [150, 10, 2, 2],
            [160, 90, 4, 3],
        ];
        let found = regions(&marked(&squares), &everywhere);
        let bounds: Vec<PixelBox> = found.iter().map(|region| region.bounds).collect();
        assert_eq!(bounds.len(), 2, "{bounds:?}");
        let expected = PixelBox {
            left: 40.0,
            top: 40.0,
            right: 82.0,
            bottom: 80.0,
        };
        assert!(bounds[0].iou(&expected) > 0.9, "{bounds:?}");
        // what is not steady is none
        let mut steady = everywhere;
        for (at, steady) in steady.iter_mut().enumerate() {
            *steady = at % HALF.width < 60;
        }
        assert_eq!(regions(&marked(&squares), &steady).len(), 1);
    }

    #[test]
    fn a_thing_stays_itself() {
        let region = |left: usize| {
            let found = regions(&marked(&[[left, 20, 20, 20]]), &vec![true; HALF.area()]);
            found.into_iter().next().unwrap()
        };
        let first = Standing::follow(&[], &[region(50)], at(70));
        let second = Standing::follow(&first, &[region(52), region(90)], at(140));
        let since: Vec<_> = second.iter().map(|standing| standing.since).collect();
        assert_eq!(since, [at(70), at(140)]);
        let shown = first[0].in_picture(1920, 1080);
        assert!((shown.left - 400.0).abs() < 9.0, "{shown:?}");
        assert!((shown.bottom - 320.0).abs() < 9.0, "{shown:?}");
    }

    #[test]
    fn what_was_taken_away_is_told_from_what_was_put_there() {
        let empty = Still::black();
        let mut full = Still::black();
        for y in 40..80 {
            full.bytes_mut()[y * SIDE.width + 40..y * SIDE.width + 80].fill(200);
        }
        let marked = marked(&[[20, 20, 20, 20]]);
        let found = regions(&marked, &vec![true; HALF.area()]);
        assert!(found[0].was_taken_away(&full, &empty));
        assert!(!found[0].was_taken_away(&empty, &full));
    }
}
