//! Whether a part of a picture shows what the background shows there. What a model finds in a crowd that
//! passes is not in the median of minutes.

use super::Still;
use super::limits::{AGREE_MIN, AGREEING_COLOUR_MAX, AGREEING_MAX, HALF};
use crate::space::PixelBox;

/// `part`: in shares of the picture, 0 to 1. Another light on all of it is no difference.
pub(super) fn agrees(picture: &Still, background: &Still, part: &PixelBox) -> bool {
    let pixels = pixels(part);
    let shift = |at: &usize| picture.half_luma_at(*at) - background.half_luma_at(*at);
    let mut shifts: Vec<f32> = pixels.iter().map(shift).collect();
    let middle = shifts.len() / 2;
    let (_, &mut light, _) = shifts.select_nth_unstable_by(middle, f32::total_cmp);
    let colours = [0, 1].map(|plane| (picture.colours()[plane], background.colours()[plane]));
    let same = pixels.iter().filter(|at| {
        let shift = shift(at) - light;
        let coloured = |(here, there): &(&[u8], &[u8])| {
            here[**at].abs_diff(there[**at]) <= AGREEING_COLOUR_MAX
        };
        shift.abs() <= AGREEING_MAX && colours.iter().all(coloured)
    });
    same.count() as f32 >= AGREE_MIN * pixels.len() as f32
}

/// Of [`HALF`], at least one.
fn pixels(part: &PixelBox) -> Vec<usize> {
    let range = |from: f32, to: f32, side: usize| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the picture"
        )]
        let at = |share: f32| (share.clamp(0.0, 1.0) * side as f32) as usize;
        let from = at(from).min(side - 1);
        from..at(to).max(from + 1)
    };
    let columns = range(part.left, part.right, HALF.width);
    let rows = range(part.top, part.bottom, HALF.height);
    rows.flat_map(|y| columns.clone().map(move |x| y * HALF.width + x))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::camera::background::SIDE;

    /// Bricks, brighter by `light`; a walker covers this share of the middle.
    fn wall(light: u8, walker: f32) -> Still {
        let mut bytes: Vec<u8> = (0..SIDE.area())
            .map(|at| {
                let (x, y) = (at % SIDE.width, at / SIDE.width);
                let across = (x as f32 - 200.0) / 80.0;
                let passes = (0.0..walker).contains(&across) && (80..200).contains(&y);
                let brick = [0_u8, 12, 24, 36, 48][(x / 9 * 7 + y / 7 * 13) % 5];
                if passes { 30 } else { 90 + brick + light }
            })
            .collect();
        bytes.resize(Still::BYTES, 128);
        Still::new(bytes).unwrap()
    }

    const MIDDLE: PixelBox = PixelBox {
        left: 200.0 / 480.0,
        top: 80.0 / 270.0,
        right: 280.0 / 480.0,
        bottom: 200.0 / 270.0,
    };

    #[test]
    fn what_stands_agrees_in_any_light_and_what_passes_does_not() {
        assert!(agrees(&wall(0, 0.0), &wall(0, 0.0), &MIDDLE));
        assert!(agrees(&wall(60, 0.0), &wall(0, 0.0), &MIDDLE));
        assert!(
            agrees(&wall(0, 0.2), &wall(0, 0.0), &MIDDLE),
            "an arm before it"
        );
        assert!(!agrees(&wall(0, 0.6), &wall(0, 0.0), &MIDDLE));
        assert!(
            !agrees(&wall(0, 0.0), &wall(0, 0.6), &MIDDLE),
            "it was put there just now"
        );
    }

    proptest! {
        /// Any box, also one outside the picture, is compared with something.
        #[test]
        fn any_part_agrees_with_itself(left in -1.0_f32..2.0, top in -1.0_f32..2.0, side in 0.0_f32..1.0) {
            let part = PixelBox { left, top, right: left + side, bottom: top + side };
            prop_assert!(agrees(&wall(0, 0.3), &wall(0, 0.3), &part));
        }
    }
}
