//! Where one still shows something else than another, whatever the light.
//!
//! Brightness alone says little outdoors: shadows wander, and take half of the light away. So a pixel is
//! different only by what sun and shadow cannot do to it: a colour off the way of daylight, or much
//! more or much less light. After Huerta et al. ("Detection and removal of chromatic moving shadows",
//! IVC 41, 2015), who explain why shadows outdoors are blue. What has the grey of the ground it
//! stands on is not seen this way.

use super::Still;
use super::limits::{
    BLACK, BRIGHTER_MIN, COLOUR_MIN, DARKER_MAX, DAYLIGHT, DAYLIGHT_MAX, HALF, OTHER_COLOURS,
    OTHER_LIGHT_MIN,
};

/// Where a still is different, in [`HALF`]; `None`: the light is another, and nothing can be told.
pub(super) fn difference(before: &Still, now: &Still) -> Option<Vec<bool>> {
    let factor = now.colourfulness().max(0.5) / before.colourfulness().max(0.5);
    if !(1.0 / OTHER_COLOURS..=OTHER_COLOURS).contains(&factor) {
        return None;
    }
    let [u, v] = [0, 1].map(|colour| {
        let pixels = before.colours()[colour].iter().zip(now.colours()[colour]);
        let shift = pixels.map(|(before, now)| f32::from(*now) - f32::from(*before));
        about_zero(mean_3x3(&shift.collect::<Vec<_>>()))
    });
    let pixels = before.half_luma().into_iter().zip(now.half_luma());
    let doublings = pixels.map(|(before, now)| ((now + BLACK) / (before + BLACK)).log2());
    let doublings = about_zero(mean_3x3(&doublings.collect::<Vec<_>>()));
    let pixels = u.iter().zip(&v).zip(&doublings);
    let different: Vec<bool> = pixels
        .map(|((u, v), doublings)| is_no_daylight(*u, *v, *doublings))
        .collect();
    let count = different.iter().filter(|different| **different).count();
    (count as f32 / (HALF.area() as f32) < OTHER_LIGHT_MIN).then_some(different)
}

/// Whether a change of colour and light is none that sun and shadow make.
fn is_no_daylight(u: f32, v: f32, doublings: f32) -> bool {
    let along = DAYLIGHT.0 * u + DAYLIGHT.1 * v;
    let across = (DAYLIGHT.1 * u - DAYLIGHT.0 * v).abs();
    let reach = DAYLIGHT_MAX * doublings;
    let beyond = (along - reach.max(0.0)).max(reach.min(0.0) - along);
    across.max(beyond) > COLOUR_MIN
        || doublings < DARKER_MAX.log2()
        || doublings > BRIGHTER_MIN.log2()
}

/// The whole picture's change taken away: the camera's own, or the sky's.
fn about_zero(mut values: Vec<f32>) -> Vec<f32> {
    let mut sorted = values.clone();
    let middle = sorted.len() / 2;
    let (_, &mut median, _) = sorted.select_nth_unstable_by(middle, f32::total_cmp);
    for value in &mut values {
        *value -= median;
    }
    values
}

/// In [`HALF`]; at the edge of what is there.
fn mean_3x3(values: &[f32]) -> Vec<f32> {
    let across = |at: usize| {
        let x = at % HALF.width;
        let row = at - x;
        let (from, to) = (x.saturating_sub(1), (x + 1).min(HALF.width - 1));
        values[row + from..=row + to].iter().sum::<f32>() / (to - from + 1) as f32
    };
    let rows: Vec<f32> = (0..HALF.area()).map(across).collect();
    let down = |at: usize| {
        let (x, y) = (at % HALF.width, at / HALF.width);
        let (from, to) = (y.saturating_sub(1), (y + 1).min(HALF.height - 1));
        let column = (from..=to).map(|y| rows[y * HALF.width + x]);
        column.sum::<f32>() / (to - from + 1) as f32
    };
    (0..HALF.area()).map(down).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::background::SIDE;

    /// A pavement of one grey with a square of another brightness and colour in it.
    fn pavement(square: Option<(u8, u8, u8)>) -> Still {
        let mut bytes = vec![140; SIDE.area()];
        bytes.resize(Still::BYTES, 128);
        // other things in the street have colours
        for (at, colour) in bytes[SIDE.area()..].iter_mut().enumerate() {
            if at % HALF.width < 40 {
                *colour = 110;
            }
        }
        if let Some((y, u, v)) = square {
            for row in 100..160 {
                bytes[row * SIDE.width + 200..row * SIDE.width + 260].fill(y);
            }
            for (plane, colour) in [(0, u), (1, v)] {
                let plane = SIDE.area() + plane * HALF.area();
                for row in 50..80 {
                    let row = plane + row * HALF.width;
                    bytes[row + 100..row + 130].fill(colour);
                }
            }
        }
        Still::new(bytes).unwrap()
    }

    fn different(square: (u8, u8, u8)) -> usize {
        let found = difference(&pavement(None), &pavement(Some(square)));
        found.unwrap().iter().filter(|it| **it).count()
    }

    #[test]
    fn shadow_and_sun_are_no_difference() {
        assert_eq!(different((140, 128, 128)), 0);
        // as measured on a pavement: 188 to 119 is bluer by 9 and -7, 113 to 175 warmer by -12 and 9
        assert_eq!(different((88, 137, 121)), 0, "a shadow");
        assert_eq!(different((215, 116, 137)), 0, "sun");
        assert_eq!(different((75, 128, 128)), 0, "a grey shadow");
    }

    #[test]
    fn what_has_a_colour_or_is_very_dark_is_one() {
        for square in [
            (140, 100, 160),
            (90, 128, 150),
            (150, 150, 110),
            (30, 128, 128),
        ] {
            let found = different(square);
            // the mean over 3 x 3 makes the edge a pixel wider or narrower
            assert!((784..=1024).contains(&found), "{square:?}: {found} of 900");
        }
    }

    #[test]
    fn another_light_tells_nothing() {
        let mut infrared = vec![90; SIDE.area()];
        infrared.resize(Still::BYTES, 128);
        let infrared = Still::new(infrared).unwrap();
        let colourful = pavement(Some((140, 30, 220)));
        assert_eq!(difference(&colourful, &infrared), None);
    }
}
