//! How well a camera's health is told on real streets, and on what becomes of them when somebody
//! turns the light off, breathes on the lens, holds a hand before it or pushes the camera.
//!
//! `CITYWARD_DATA=… cargo test --test it camera_sight -- --nocapture` prints the figures of docs/cameras.md.

use std::fs;
use std::path::{Path, PathBuf};

use cityward::camera::health::{Difference, Displacement, Evidence, Glance, View};
use cityward::vision::{Glancer, Picture};
use image::{GrayImage, Luma, imageops};

use crate::jpeg::grey_jpeg;
use crate::vision::data_of_others;

fn pictures(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder.join("images"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

fn open(picture: &Path) -> GrayImage {
    image::open(picture).unwrap().to_luma8()
}

fn jpeg(picture: &GrayImage) -> Vec<u8> {
    grey_jpeg(picture, 80)
}

fn glance(glancer: &mut Glancer, picture: &GrayImage) -> Glance {
    glancer.glance(&Picture::default(), &jpeg(picture)).unwrap()
}

/// A sensor's noise at this pixel, -3 to 3.
fn noise(x: u32, y: u32) -> i32 {
    let mixed =
        (x.wrapping_mul(0x9E37_79B9) ^ y.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0xC2B2_AE35);
    i32::try_from(mixed >> 24).unwrap() % 7 - 3
}

fn dimmed(picture: &GrayImage, by: f32) -> GrayImage {
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let level = (f32::from(picture.get_pixel(x, y)[0]) * by) as i32 + noise(x, y);
        Luma([u8::try_from(level.clamp(0, 255)).unwrap()])
    })
}

/// Something near and out of focus over this share of the width.
fn covered(picture: &GrayImage, share: f32) -> GrayImage {
    let edge = (picture.width() as f32 * share) as u32;
    let hand = GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        if x < edge {
            Luma([u8::try_from(90 + noise(x, y)).unwrap()])
        } else {
            *picture.get_pixel(x, y)
        }
    });
    imageops::blur(&hand, 1.5)
}

/// The camera turned so that the picture shifts by these shares of its size.
fn shifted(picture: &GrayImage, x: f32, y: f32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let from = |at: u32, by: f32, side: u32| {
        let source = at as f32 + by * side as f32;
        // mirrored at the edge: something is there, and nothing of the old view
        let folded = if source >= side as f32 {
            2.0 * side as f32 - 2.0 - source
        } else {
            source
        };
        (folded.max(0.0) as u32).min(side - 1)
    };
    GrayImage::from_fn(width, height, |at_x, at_y| {
        *picture.get_pixel(from(at_x, x, width), from(at_y, y, height))
    })
}

fn share(part: usize, whole: usize) -> f32 {
    part as f32 / whole as f32
}

/// The share of pictures, each changed, of which this is said.
fn said(
    glancer: &mut Glancer,
    pictures: &[PathBuf],
    change: impl Fn(&GrayImage) -> GrayImage,
    says: impl Fn(Evidence) -> bool,
) -> f32 {
    let yes = pictures.iter().filter(|picture| {
        let changed = change(&open(picture));
        says(glance(glancer, &changed).evidence())
    });
    share(yes.count(), pictures.len())
}

#[test]
fn dark_covered_and_blurred_are_told_from_streets() {
    let Some(data) = data_of_others() else { return };
    let mut streets = Vec::new();
    for folder in [
        "street/view-07",
        "street/view-08",
        "street/view-09",
        "vehicles/valid",
        "vehicles/train",
    ] {
        streets.extend(pictures(&data.join(folder)));
    }
    let some: Vec<PathBuf> = streets.iter().step_by(9).cloned().collect();
    let mut glancer = Glancer::default();
    let mut alarms = 0;
    let (mut least_sharp, mut flattest, mut darkest) = (f32::MAX, 0.0_f32, u8::MAX);
    for street in &streets {
        let street = fs::read(street).unwrap();
        let seen = glancer.glance(&Picture::default(), &street).unwrap();
        least_sharp = least_sharp.min(seen.sharpness);
        flattest = flattest.max(seen.flat);
        darkest = darkest.min(seen.bright);
        let evidence = seen.evidence();
        let wrong = [evidence.dark, evidence.covered, evidence.blurred];
        alarms += usize::from(wrong.contains(&Some(true)));
    }
    println!(
        "{} real pictures: {alarms} single looks that something is wrong; least sharp {least_sharp:.3}, \
         flattest {flattest:.3}, brightest hundredth of the darkest {darkest}",
        streets.len()
    );
    assert_eq!(alarms, 0);

    let mut recall =
        |what: &str, change: &dyn Fn(&GrayImage) -> GrayImage, says: fn(Evidence) -> bool| {
            let share = said(&mut glancer, &some, change, says);
            println!("{what}: {:.1} % of {}", share * 100.0, some.len());
            share
        };
    let dark = recall("dark, a tenth of the light", &|p| dimmed(p, 0.1), |e| {
        e.dark == Some(true)
    });
    let dusk = recall(
        "dusk, 3/10 of the light, is not called dark",
        &|p| dimmed(p, 0.3),
        |e| e.dark == Some(false),
    );
    let hand = recall("covered by 4/5", &|p| covered(p, 0.8), |e| {
        e.covered == Some(true)
    });
    let half = recall(
        "covered by half is not noticed",
        &|p| covered(p, 0.5),
        |e| e.covered != Some(true),
    );
    let wet = recall(
        "blurred, sigma 3 of 640 pixels",
        &|p| imageops::blur(p, 3.0),
        |e| e.blurred == Some(true),
    );
    let little = recall(
        "blurred, sigma 2 of 640 pixels",
        &|p| imageops::blur(p, 2.0),
        |e| e.blurred == Some(true),
    );
    let much = recall(
        "blurred, sigma 6 of 640 pixels",
        &|p| imageops::blur(p, 6.0),
        |e| e.blurred == Some(true) || e.covered == Some(true),
    );
    assert!(dark > 0.99 && dusk > 0.99 && hand > 0.99 && half > 0.99);
    assert!(wet > 0.99 && little > 0.95 && much > 0.95);
}

#[test]
fn a_view_that_moved_is_told_from_one_that_did_not() {
    let Some(data) = data_of_others() else { return };
    let mut glancer = Glancer::default();
    let mut view = |picture: &GrayImage| glancer.view(&jpeg(picture)).unwrap();
    let strangers: Vec<View> = pictures(&data.join("vehicles/valid"))
        .iter()
        .step_by(5)
        .map(|picture| view(&open(picture)))
        .collect();
    for name in ["view-07", "view-08", "view-09"] {
        let frames = pictures(&data.join("street").join(name));
        let calibrated = view(&open(&frames[0]));
        let mut still = Vec::new();
        for frame in &frames[1..] {
            match calibrated.displacement(&view(&open(frame))) {
                Displacement::By(share) => still.push(share),
                other @ (Displacement::Unknown | Displacement::Unrecognised) => {
                    panic!("{name}: {} is {other:?}", frame.display());
                }
            }
        }
        let most = still.iter().copied().fold(0.0, f32::max);
        println!(
            "{name}: {} frames that stand, off by at most {:.2} % of the width",
            still.len(),
            most * 100.0
        );
        assert!(most < 0.004, "{most}");

        for (x, y) in [(0.01, 0.0), (0.02, 0.01), (0.1, 0.03), (0.4, 0.0)] {
            let shifts: Vec<f32> = frames
                .iter()
                .step_by(12)
                .map(
                    |frame| match calibrated.displacement(&view(&shifted(&open(frame), x, y))) {
                        Displacement::By(share) => share,
                        Displacement::Unrecognised => 1.0,
                        Displacement::Unknown => 0.0,
                    },
                )
                .collect();
            let found = shifts.iter().filter(|share| **share >= 0.006).count();
            println!(
                "{name}: shifted by {:.0} %: {found} of {} found",
                x * 100.0,
                shifts.len()
            );
            assert_eq!(found, shifts.len(), "{shifts:?}");
        }
        let recognised = strangers
            .iter()
            .filter(|other| matches!(calibrated.displacement(other), Displacement::By(_)));
        println!(
            "{name}: {} of {} other streets taken for it",
            recognised.clone().count(),
            strangers.len()
        );
        assert_eq!(recognised.count(), 0);
    }
}

#[test]
fn a_frozen_picture_is_told_from_a_quiet_one() {
    let Some(data) = data_of_others() else { return };
    let mut glancer = Glancer::default();
    for name in ["view-07", "view-08", "view-09"] {
        let frames = pictures(&data.join("street").join(name));
        let small: Vec<Glance> = frames
            .iter()
            .map(|frame| {
                glancer
                    .glance(&Picture::default(), &fs::read(frame).unwrap())
                    .unwrap()
            })
            .collect();
        let least = small
            .windows(2)
            .map(|pair| Difference::between(&pair[0].small, &pair[1].small).0)
            .fold(1.0, f32::min);
        println!(
            "{name}: of two frames in a row at least {:.1} % differs",
            least * 100.0
        );
        assert!(least > 0.05, "{least}");
        // encoded once more by the platform, with a clock that goes on
        let picture = open(&frames[0]);
        let mut later = picture.clone();
        for x in 0..70 {
            for y in 0..14 {
                later.put_pixel(
                    500 + x,
                    20 + y,
                    Luma([if (x / 5 + y / 5) % 2 == 0 { 255 } else { 0 }]),
                );
            }
        }
        let again = Difference::between(
            &glance(&mut glancer, &picture).small,
            &glance(&mut glancer, &later).small,
        );
        println!(
            "{name}: frozen with a clock that goes on, {:.1} % differs",
            again.0 * 100.0
        );
        assert!(again.is_none(), "{again:?}");
    }
}
