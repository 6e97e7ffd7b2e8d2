//! How much of what gives somebody away in real streets is made unrecognisable, and what it costs.
//!
//! `CITYWARD_DATA=… cargo test --test it privacy_measured -- --nocapture` prints the figures of
//! docs/privacy.md.

use std::fs;
use std::path::Path;
use std::time::Duration;

use cityward::space::PixelBox;
use cityward::vision::{About, Redactor, Shot};

use image::GrayImage;

use crate::privacy::{detail, grey, plate_of};
use crate::service::config;

/// Of the detail that was there; with less nothing can be read.
const LEFT_MAX: f64 = 0.4;
/// Where there is no more than this nothing could be read anyway.
const DETAIL_MIN: f64 = 4.0;
/// Every so many pictures.
const STEP: usize = 12;

#[derive(Default)]
struct Tally {
    plates: [usize; 2],
    wide_plates: [usize; 2],
    pictures: u32,
    changed: f64,
    spent: Duration,
}

#[test]
fn most_labelled_vehicles_lose_their_plates() {
    let Ok(data) = std::env::var("CITYWARD_DATA") else {
        println!("CITYWARD_DATA is not set: not measured");
        return;
    };
    let config = config(Path::new("nowhere"));
    let redactor = Redactor::new(&config.privacy, &config.vision.runtime);
    assert!(redactor.warm());
    for folder in [
        "street/view-07",
        "street/view-08",
        "street/view-09",
        "vehicles/valid",
    ] {
        let tally = measured(&redactor, &Path::new(&data).join(folder));
        let share = |[gone, all]: [usize; 2]| 100.0 * gone as f64 / all.max(1) as f64;
        println!(
            "{folder}: {} pictures, plates covered {:.1} % of {}, of vehicles 64 px wide {:.1} % of {}, \
             {:.1} % of the pixels changed, {:.0} ms of processor time a picture",
            tally.pictures,
            share(tally.plates),
            tally.plates[1],
            share(tally.wide_plates),
            tally.wide_plates[1],
            100.0 * tally.changed / f64::from(tally.pictures),
            tally.spent.as_secs_f64() * 1e3 / f64::from(tally.pictures),
        );
        assert!(share(tally.wide_plates) > 80.0);
    }
}

fn measured(redactor: &Redactor, folder: &Path) -> Tally {
    let mut tally = Tally::default();
    let mut pictures: Vec<_> = fs::read_dir(folder.join("images"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    pictures.sort();
    for path in pictures.iter().step_by(STEP) {
        let jpeg = fs::read(path).unwrap();
        let started = computed();
        let redacted = redactor.redact(&Shot {
            jpeg: &jpeg,
            masks: &[],
            about: About::Street,
            upright: false,
        });
        tally.spent += computed() - started;
        tally.pictures += 1;
        let redacted = redacted.unwrap();
        let before = grey(&jpeg);
        let after = grey(redacted.blurred.as_ref().unwrap_or(&jpeg));
        let (width, height) = before.dimensions();
        tally.changed += changed(&before, &after, [0, 0, width, height]);
        for (class, vehicle) in labelled(path, &before) {
            if class == "0" {
                continue;
            }
            let plate = plate_of(vehicle);
            if plate[2] < plate[0] + 3 || plate[3] <= plate[1] {
                continue;
            }
            let there = detail(&before, plate);
            if there < DETAIL_MIN {
                continue;
            }
            let gone = detail(&after, plate) < LEFT_MAX * there;
            let counted = [usize::from(gone), 1];
            add(&mut tally.plates, counted);
            if vehicle[2] - vehicle[0] >= 64.0 {
                add(&mut tally.wide_plates, counted);
            }
        }
    }
    tally
}

/// What is labelled in a picture of a folder, with the number of its class: left, top, right,
/// bottom, pixels.
fn labelled(picture: &Path, grey: &GrayImage) -> Vec<(String, [f64; 4])> {
    let (width, height) = (f64::from(grey.width()), f64::from(grey.height()));
    let name = picture.file_stem().unwrap().to_str().unwrap();
    let folder = picture.parent().unwrap().parent().unwrap();
    let labels = fs::read_to_string(folder.join(format!("labels/{name}.txt"))).unwrap();
    let boxes = labels.lines().filter_map(|line| {
        let (class, numbers) = line.split_once(' ')?;
        let numbers: Vec<f64> = numbers.split(' ').filter_map(|n| n.parse().ok()).collect();
        let [x, y, wide, high] = numbers[..] else {
            return None;
        };
        let sides = [
            (x - wide / 2.0) * width,
            (y - high / 2.0) * height,
            (x + wide / 2.0) * width,
            (y + high / 2.0) * height,
        ];
        Some((class.to_owned(), sides))
    });
    boxes.collect()
}

/// The share of the pixels in a part of a picture that look different.
fn changed(before: &GrayImage, after: &GrayImage, [left, top, right, bottom]: [u32; 4]) -> f64 {
    let pixels = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
    let differs = |(x, y): &(u32, u32)| {
        let [a, b] = [before, after].map(|picture| picture.get_pixel(*x, *y).0[0]);
        a.abs_diff(b) >= 16
    };
    pixels.filter(differs).count() as f64 / f64::from((right - left) * (bottom - top))
}

/// Garbage and overflowing bins in photographs of streets (0 and 2; 1 are bins that are not full).
#[test]
fn what_a_picture_is_of_stays_to_be_seen() {
    let Ok(data) = std::env::var("CITYWARD_DATA") else {
        println!("CITYWARD_DATA is not set: not measured");
        return;
    };
    let config = config(Path::new("nowhere"));
    let redactor = Redactor::new(&config.privacy, &config.vision.runtime);
    let folder = Path::new(&data).join("bins/valid/images");
    let mut pictures: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    pictures.sort();
    let (mut of_thing, mut of_something) = (Vec::new(), Vec::new());
    for path in pictures.iter().step_by(STEP / 2) {
        let jpeg = fs::read(path).unwrap();
        let before = grey(&jpeg);
        let (width, height) = before.dimensions();
        for (class, [left, top, right, bottom]) in labelled(path, &before) {
            if class == "1" {
                continue;
            }
            let [x0, y0, x1, y1] = [left, top, right, bottom].map(|side| side as f32);
            let thing = About::Thing(PixelBox {
                left: x0,
                top: y0,
                right: x1,
                bottom: y1,
            });
            let within = |side: f64, most: u32| (side.max(0.0) as u32).min(most);
            let part = [
                within(left, width - 1),
                within(top, height - 1),
                within(right, width),
                within(bottom, height),
            ];
            for (about, shares) in [
                (thing, &mut of_thing),
                (About::Something, &mut of_something),
            ] {
                let redacted = redactor.redact(&Shot {
                    jpeg: &jpeg,
                    masks: &[],
                    about,
                    upright: false,
                });
                let redacted = redacted.unwrap();
                let after = grey(redacted.blurred.as_ref().unwrap_or(&jpeg));
                shares.push(changed(&before, &after, part));
            }
        }
    }
    for (about, shares, most) in [
        ("a sighting", &of_thing, 0.06),
        ("an upload", &of_something, 0.2),
    ] {
        let hidden = shares.iter().filter(|share| **share > 0.3).count();
        println!(
            "{about}: {} things, of each {:.1} % of the pixels changed on the mean, more than 30 % of {hidden}",
            shares.len(),
            100.0 * shares.iter().sum::<f64>() / shares.len() as f64,
        );
        assert!(hidden as f64 <= most * shares.len() as f64, "{about}");
    }
}

/// Processor time of this thread; the first number of the kernel's, nanoseconds.
fn computed() -> Duration {
    let counted = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let ns = counted.split(' ').next().unwrap();
    Duration::from_nanos(ns.parse().unwrap())
}

fn add(sum: &mut [usize; 2], more: [usize; 2]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum += more;
    }
}
