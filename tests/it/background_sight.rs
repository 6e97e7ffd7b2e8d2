//! How well a median background is what stands there, on real streets.
//!
//! `CITYWARD_DATA=… cargo test --test it background_sight -- --nocapture` prints the figures of
//! docs/cameras.md.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cityward::camera::background::{Remedian, SIDE, Still};
use cityward::vision::{Model, Picture, Reducer};

use crate::service::config;
use crate::vision::data_of_others;

/// One picture of a view, and the vehicles in it.
struct Shown {
    still: Still,
    /// Of each pixel, whether a labelled vehicle covers it.
    covered: Vec<bool>,
}

/// Boxes as shares of a picture: class, centre x and y, width, height.
fn covered(labels: &str) -> Vec<bool> {
    let mut covered = vec![false; SIDE.area()];
    for line in labels.lines() {
        let numbers: Vec<f32> = line.split(' ').map(|it| it.parse().unwrap()).collect();
        let [_, x, y, width, height] = numbers[..] else {
            panic!("{line}")
        };
        let range = |middle: f32, length: f32, side: usize| {
            let at = |share: f32| (share.clamp(0.0, 1.0) * side as f32) as usize;
            at(middle - length / 2.0)..at(middle + length / 2.0)
        };
        for row in range(y, height, SIDE.height) {
            covered[row * SIDE.width..][range(x, width, SIDE.width)].fill(true);
        }
    }
    covered
}

fn view(data: &Path, name: &str) -> Vec<Shown> {
    let folder = tempfile::tempdir().unwrap();
    let runtime = config(folder.path()).vision.runtime;
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/vehicles");
    let mut detector = Model::load(&models, &runtime).unwrap().detector().unwrap();
    let mut reducer = Reducer::default();
    let folder = data.join("street").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join("images"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let shown = files.iter().map(|file| {
        let mut picture = Picture::default();
        let jpeg = fs::read(file).unwrap();
        detector.detect_in(&jpeg, &mut picture).unwrap();
        let labels = folder
            .join("labels")
            .join(file.with_extension("txt").file_name().unwrap());
        Shown {
            still: reducer.reduce(&picture).unwrap().unwrap(),
            covered: covered(&fs::read_to_string(labels).unwrap_or_default()),
        }
    });
    shown.collect()
}

/// What each pixel shows when no vehicle covers it: the median of those pictures; `None` where that
/// is in fewer than ten of them.
fn street(shown: &[Shown]) -> Vec<Option<u8>> {
    let pixel = |at: usize| {
        let free = shown.iter().filter(|shown| !shown.covered[at]);
        let mut levels: Vec<u8> = free.map(|shown| shown.still.bytes()[at]).collect();
        levels.sort_unstable();
        (levels.len() >= 10).then(|| levels[levels.len() / 2])
    };
    (0..SIDE.area()).map(pixel).collect()
}

/// Of the pixels with vehicles in these pictures, the share that `still` shows other than the
/// street by at least 25 of 255.
fn left_over(shown: &[Shown], street: &[Option<u8>], still: impl Fn(&Shown) -> Still) -> f32 {
    let (mut other, mut all) = (0_usize, 0_usize);
    for one in shown {
        let still = still(one);
        for (at, street) in street.iter().enumerate() {
            let Some(street) = street.filter(|_| one.covered[at]) else {
                continue;
            };
            all += 1;
            other += usize::from(still.bytes()[at].abs_diff(street) >= 25);
        }
    }
    other as f32 / all as f32
}

#[test]
fn traffic_is_not_in_the_median() {
    let Some(data) = data_of_others() else { return };
    for name in ["view-07", "view-08", "view-09"] {
        let shown = view(&data, name);
        let street = street(&shown);
        let mut remedian = Remedian::default();
        let mut medians = Vec::new();
        let started = Instant::now();
        for one in &shown {
            medians.extend(remedian.take(one.still.clone()));
        }
        let each = started.elapsed() / u32::try_from(shown.len()).unwrap();
        let before = left_over(&shown, &street, |one| one.still.clone());
        let median = &medians[medians.len() / 2];
        let after = left_over(&shown, &street, |_| median.clone());
        println!(
            "{name}: {} pictures, {} medians; of the pixels with vehicles {:.1} % differ from the \
             street in the pictures, {:.1} % in a median; {each:?} a picture",
            shown.len(),
            medians.len(),
            before * 100.0,
            after * 100.0
        );
        assert!(after < before / 2.0, "{name}: {before} {after}");
    }
}
