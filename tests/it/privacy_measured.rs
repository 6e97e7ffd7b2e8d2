//! How much of what gives somebody away in real streets is made unrecognisable, and what it costs.
//!
//! `CITYWARD_DATA=… cargo test --test it privacy_measured -- --nocapture` prints the figures of
//! docs/privacy.md.

use std::fs;
use std::path::Path;
use std::time::Duration;

use cityward::vision::{Redactor, Shot};

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
            about: None,
            upright: false,
        });
        tally.spent += computed() - started;
        tally.pictures += 1;
        let redacted = redacted.unwrap();
        let before = grey(&jpeg);
        let after = grey(redacted.blurred.as_ref().unwrap_or(&jpeg));
        let pixels = before.as_raw().iter().zip(after.as_raw());
        let changed = pixels.filter(|(a, b)| a.abs_diff(**b) >= 16).count();
        tally.changed += changed as f64 / before.as_raw().len() as f64;
        let name = path.file_stem().unwrap().to_str().unwrap();
        let labels = fs::read_to_string(folder.join(format!("labels/{name}.txt"))).unwrap();
        let (width, height) = (f64::from(before.width()), f64::from(before.height()));
        for line in labels.lines().filter(|line| !line.starts_with("0 ")) {
            let numbers: Vec<f64> = line.split(' ').filter_map(|n| n.parse().ok()).collect();
            let [_, x, y, wide, high] = numbers[..] else {
                continue;
            };
            let vehicle = [
                (x - wide / 2.0) * width,
                (y - high / 2.0) * height,
                (x + wide / 2.0) * width,
                (y + high / 2.0) * height,
            ];
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
            if wide * width >= 64.0 {
                add(&mut tally.wide_plates, counted);
            }
        }
    }
    tally
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
