use opencv::core::{Mat, MatTraitConst as _, MatTraitConstManual as _, Scalar, Vector};
use opencv::imgcodecs;

use super::*;
use cover::Cover;

/// A JPEG of black and white stripes, one pixel wide: nothing has more detail.
fn stripes(width: i32, height: i32) -> Vec<u8> {
    let mut picture =
        Mat::new_rows_cols_with_default(height, width, opencv::core::CV_8UC3, Scalar::all(0.0))
            .unwrap();
    for x in (0..width).step_by(2) {
        let column = opencv::core::Rect::new(x, 0, 1, height);
        opencv::imgproc::rectangle(&mut picture, column, Scalar::all(255.0), -1, 8, 0).unwrap();
    }
    let mut jpeg = Vector::new();
    imgcodecs::imencode_def(".jpg", &picture, &mut jpeg).unwrap();
    jpeg.into()
}

/// How far the grey of neighbours in a row differs in a part of a picture, on the mean.
fn detail(jpeg: &[u8], columns: std::ops::Range<usize>) -> f64 {
    let bytes = Mat::from_slice(jpeg).unwrap();
    let grey = imgcodecs::imdecode(&bytes, imgcodecs::IMREAD_GRAYSCALE).unwrap();
    let width = usize::try_from(grey.cols()).unwrap();
    let rows = grey.data_bytes().unwrap().chunks_exact(width);
    let differences: Vec<f64> = rows
        .flat_map(|row| {
            let part = &row[columns.clone()];
            part.windows(2)
                .map(|pair| f64::from(pair[0].abs_diff(pair[1])))
                .collect::<Vec<_>>()
        })
        .collect();
    differences.iter().sum::<f64>() / differences.len() as f64
}

fn boxed(left: f32, top: f32, right: f32, bottom: f32) -> PixelBox {
    PixelBox {
        left,
        top,
        right,
        bottom,
    }
}

fn without_models() -> Redactor {
    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        privacy: PrivacyConfig,
        #[command(flatten)]
        runtime: RuntimeConfig,
    }
    let mut flags = <Flags as clap::Parser>::parse_from(["cityward"]);
    flags.privacy.privacy_model_dirs = vec!["nowhere".into()];
    Redactor::new(&flags.privacy, &flags.runtime)
}

#[test]
fn where_a_person_is_the_head_goes_and_of_a_vehicle_the_lower_part() {
    let found = boxed(100.0, 100.0, 140.0, 220.0);
    let [head] = covers_of("person", &found);
    assert!(head.pixel_box.top < 100.0 && head.pixel_box.bottom > 130.0);
    assert!(head.pixel_box.bottom < 150.0);
    let [plates] = covers_of("car", &found);
    assert!(plates.pixel_box.top < 160.0 && plates.pixel_box.bottom > 220.0);
    // a quarter of its width falls into three cells at most
    assert!(40.0 / 4.0 / plates.cell_px <= 3.0);
    let [head, plate] = covers_of("motorcycle", &found);
    assert!(head.pixel_box.top < 100.0 && plate.pixel_box.bottom > 220.0);
    assert!(cover::covers_of("bin", &found).is_empty());
}

fn covers_of<const N: usize>(label: &str, found: &PixelBox) -> [Cover; N] {
    cover::covers_of(label, found).try_into().unwrap()
}

fn find(label: &str, confidence: f32, pixel_box: PixelBox) -> Detection {
    Detection {
        label: label.into(),
        class: None,
        stands: None,
        confidence,
        pixel_box,
    }
}

#[test]
fn over_what_the_picture_is_about_only_sure_finds_count_and_faces_and_plates_always() {
    let thing = boxed(100.0, 100.0, 200.0, 200.0);
    let elsewhere = boxed(300.0, 100.0, 400.0, 200.0);
    let counted = |label: &str, confidence: f32, place: PixelBox, about: About| {
        !covers(&[find(label, confidence, place)], about).is_empty()
    };
    for label in ["car", "person", "motorcycle"] {
        assert!(!counted(label, 0.3, thing, About::Thing(thing)), "{label}");
        assert!(counted(label, 0.65, thing, About::Thing(thing)), "{label}");
        assert!(counted(label, 0.3, thing, About::Place(thing)), "{label}");
        assert!(
            counted(label, 0.3, elsewhere, About::Thing(thing)),
            "{label}"
        );
        assert!(counted(label, 0.3, thing, About::Street), "{label}");
        assert!(!counted(label, 0.2, elsewhere, About::Something), "{label}");
        assert!(counted(label, 0.3, elsewhere, About::Something), "{label}");
    }
    for label in ["face", "plate"] {
        assert!(counted(label, 0.1, thing, About::Thing(thing)), "{label}");
    }
    assert!(counted("person", 0.45, thing, About::Thing(thing)));
    // who stands before a stall, smaller than it
    let someone = boxed(120.0, 120.0, 140.0, 180.0);
    assert!(counted("person", 0.3, someone, About::Thing(thing)));
}

#[test]
fn what_is_covered_cannot_be_told_and_the_rest_stays() {
    let mut canvas = Canvas::decode(&stripes(200, 100), false).unwrap();
    canvas
        .coarsen(&boxed(100.0, -5.0, 230.0, 110.0), 10.0)
        .unwrap();
    let jpeg = canvas.encode().unwrap();
    assert!(detail(&jpeg, 110..200) < 4.0, "{}", detail(&jpeg, 110..200));
    assert!(detail(&jpeg, 0..90) > 100.0);
}

#[test]
fn a_part_outside_the_picture_and_cells_of_any_size_do_no_harm() {
    let mut canvas = Canvas::decode(&stripes(40, 40), false).unwrap();
    for part in [
        boxed(50.0, 50.0, 60.0, 60.0),
        boxed(-9.0, -9.0, -1.0, -1.0),
        boxed(10.0, 10.0, 10.0, 20.0),
        boxed(39.5, 0.0, 40.0, 40.0),
        boxed(f32::NAN, 0.0, f32::NAN, 9.0),
    ] {
        for cell_px in [0.1, 6.0, 1e9] {
            canvas.coarsen(&part, cell_px).unwrap();
        }
    }
    canvas
        .coarsen_all(About::Thing(boxed(-5.0, -5.0, 0.0, 90.0)))
        .unwrap();
}

#[test]
fn without_models_everything_is_coarse_and_what_it_is_about_a_little_less() {
    let jpeg = stripes(960, 200);
    let about = boxed(0.0, 0.0, 96.0, 90.0);
    let redacted = without_models()
        .redact(&Shot {
            jpeg: &jpeg,
            masks: &[],
            about: About::Thing(about),
            upright: false,
        })
        .unwrap();
    assert_eq!(redacted.redaction, Redaction::Whole);
    assert!(redacted.painted.is_none());
    let blurred = redacted.blurred.unwrap();
    assert!(
        detail(&blurred, 0..960) < 8.0,
        "{}",
        detail(&blurred, 0..960)
    );
    assert_ne!(blurred, jpeg);
}

#[test]
fn masks_are_painted_over_and_a_picture_without_is_not_written_anew() {
    let jpeg = stripes(24, 100);
    let shot = |masks| Shot {
        jpeg: &jpeg,
        masks,
        about: About::Street,
        upright: true,
    };
    // too small for anybody to be recognised: no model is asked
    let plain = without_models().redact(&shot(&[])).unwrap();
    assert_eq!(plain.redaction, Redaction::Nothing);
    assert!(plain.painted.is_none() && plain.blurred.is_none());
    let left = Mask {
        corners: vec![[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]],
    };
    let masked = without_models().redact(&shot(&[left])).unwrap();
    let painted = masked.painted.unwrap();
    assert!(detail(&painted, 0..8) < 20.0 && detail(&painted, 16..24) > 100.0);
}
