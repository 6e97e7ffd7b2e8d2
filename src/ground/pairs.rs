//! Whether pairs can determine a calibration, said in words before any arithmetic is tried.

use super::ControlPair;
use crate::space::{GroundPoint, LocalFrame, LocalPoint, PixelPoint};

/// More pairs than anyone clicks by hand; fitting leaves each out once, so time grows squared.
const PAIRS_MAX: usize = 200;
/// Nearer pixels, or ground points, count as the same.
const SAME_PX: f64 = 1.0;
const SAME_M: f64 = 0.05;
/// Points within this share of the spread of all of them count as on one line.
const LINE_SHARE: f64 = 0.01;

/// Why pairs make no calibration. Pairs are numbered from 1, as people see them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    #[error("{count} pairs; at least 4 are needed, 6 or more are better")]
    TooFewPairs { count: usize },
    #[error("{count} pairs; at most {PAIRS_MAX} are taken")]
    TooManyPairs { count: usize },
    #[error("the picture has no width or no height")]
    EmptyImage,
    #[error("pair {pair}: pixel outside the picture")]
    PixelOutsideImage { pair: usize },
    #[error("pair {pair}: longitude is not within ±180 or latitude not within ±90 degrees")]
    NoSuchPlace { pair: usize },
    #[error("pair {pair}: more than 2 km from the others; are longitude and latitude swapped?")]
    TooFar { pair: usize },
    #[error("pairs {first} and {second} are the same point in the picture")]
    RepeatedPixel { first: usize, second: usize },
    #[error("pairs {first} and {second} are the same place on the ground")]
    RepeatedPlace { first: usize, second: usize },
    #[error("all pairs but at most one lie on one line; spread them over the ground seen")]
    OnOneLine,
    #[error(
        "pair {pair} comes to lie at or above the horizon; a pixel of it or of another pair is not \
         on the ground, or the places are mixed up"
    )]
    AboveHorizon { pair: usize },
    #[error(
        "the ground would be seen from below; two pairs, or longitude and latitude, are mixed up"
    )]
    Mirrored,
    #[error("the pairs fix no ground to within {limit_m} m; they are too close together")]
    TooUncertain { limit_m: f64 },
    #[error("the ground polygon needs at least three different corners, all on Earth")]
    BadGround,
}

impl FitError {
    /// JSON pointers to what to look at in `{image_width_px, image_height_px, pairs, ground}`.
    pub fn fields(&self) -> Vec<String> {
        let pointer = |pair: usize| format!("/pairs/{}", pair - 1);
        match *self {
            Self::PixelOutsideImage { pair }
            | Self::NoSuchPlace { pair }
            | Self::TooFar { pair }
            | Self::AboveHorizon { pair } => vec![pointer(pair)],
            Self::RepeatedPixel { first, second } | Self::RepeatedPlace { first, second } => {
                vec![pointer(first), pointer(second)]
            }
            Self::TooFewPairs { .. }
            | Self::TooManyPairs { .. }
            | Self::OnOneLine
            | Self::Mirrored
            | Self::TooUncertain { .. } => vec!["/pairs".to_owned()],
            Self::EmptyImage => vec!["/image_width_px".to_owned(), "/image_height_px".to_owned()],
            Self::BadGround => vec!["/ground".to_owned()],
        }
    }
}

/// Points of valid pairs in the picture and on the ground in metres, and the frame of the metres.
pub(super) struct Checked {
    pub(super) frame: LocalFrame,
    pub(super) points: Vec<(PixelPoint, LocalPoint)>,
}

pub(super) fn check(
    pairs: &[ControlPair],
    image_width_px: u32,
    image_height_px: u32,
) -> Result<Checked, FitError> {
    match pairs.len() {
        count @ 0..4 => return Err(FitError::TooFewPairs { count }),
        count if count > PAIRS_MAX => return Err(FitError::TooManyPairs { count }),
        _ => {}
    }
    if image_width_px == 0 || image_height_px == 0 {
        return Err(FitError::EmptyImage);
    }
    let (width, height) = (f64::from(image_width_px), f64::from(image_height_px));
    for (pair, at) in (1..).zip(pairs) {
        if !(0.0..=width).contains(&at.x) || !(0.0..=height).contains(&at.y) {
            return Err(FitError::PixelOutsideImage { pair });
        }
        GroundPoint::new_checked(at.lon, at.lat).ok_or(FitError::NoSuchPlace { pair })?;
    }
    let frame = LocalFrame::at(middle(pairs));
    let points: Vec<_> = pairs.iter().map(|pair| points_of(&frame, pair)).collect();
    for (pair, (_, ground)) in (1..).zip(&points) {
        if ground.east_m.hypot(ground.north_m) > 2_000.0 {
            return Err(FitError::TooFar { pair });
        }
    }
    check_spread(&points)?;
    Ok(Checked { frame, points })
}

/// The median place, so that one wrong pair does not drag it away.
fn middle(pairs: &[ControlPair]) -> GroundPoint {
    let median = |of: fn(&ControlPair) -> f64| {
        let mut values: Vec<f64> = pairs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    GroundPoint {
        lon: median(|pair| pair.lon),
        lat: median(|pair| pair.lat),
    }
}

fn points_of(frame: &LocalFrame, pair: &ControlPair) -> (PixelPoint, LocalPoint) {
    let (lon, lat) = (pair.lon, pair.lat);
    let pixel = PixelPoint {
        x: pair.x,
        y: pair.y,
    };
    (pixel, frame.local_from_ground(GroundPoint { lon, lat }))
}

fn check_spread(points: &[(PixelPoint, LocalPoint)]) -> Result<(), FitError> {
    let pixels: Vec<_> = points.iter().map(|(p, _)| (p.x, p.y)).collect();
    let grounds: Vec<_> = points.iter().map(|(_, g)| (g.east_m, g.north_m)).collect();
    if let Some((first, second)) = repeated(&pixels, SAME_PX) {
        return Err(FitError::RepeatedPixel { first, second });
    }
    if let Some((first, second)) = repeated(&grounds, SAME_M) {
        return Err(FitError::RepeatedPlace { first, second });
    }
    if on_one_line(&pixels) || on_one_line(&grounds) {
        return Err(FitError::OnOneLine);
    }
    Ok(())
}

fn repeated(points: &[(f64, f64)], same: f64) -> Option<(usize, usize)> {
    let numbered = || (1..).zip(points);
    numbered().find_map(|(second, b)| {
        numbered()
            .take(second - 1)
            .find(|(_, a)| (a.0 - b.0).hypot(a.1 - b.1) < same)
            .map(|(first, _)| (first, second))
    })
}

/// Whether all points but at most one lie on a line: then no four of them are in general
/// position, and four such are what a homography needs.
fn on_one_line(points: &[(f64, f64)]) -> bool {
    let apart = |a: &(f64, f64), b: &(f64, f64)| (a.0 - b.0).hypot(a.1 - b.1);
    let spread = points
        .iter()
        .map(|p| apart(p, &points[0]))
        .fold(0.0, f64::max);
    let off_line = |a: &(f64, f64), b: &(f64, f64)| {
        let off = |p: &&(f64, f64)| {
            let area = (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0);
            area.abs() > apart(a, b) * spread * LINE_SHARE
        };
        points.iter().filter(off).count()
    };
    // A line through all but one goes through two of any three points.
    let candidates = [(0, 1), (0, 2), (1, 2)];
    candidates
        .iter()
        .any(|&(i, j)| off_line(&points[i], &points[j]) <= 1)
}
