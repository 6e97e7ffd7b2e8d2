use super::*;
use crate::vision::manifest::{Activation, Corners, Unit};

fn boxed(left: f32, top: f32, right: f32, bottom: f32) -> PixelBox {
    PixelBox {
        left,
        top,
        right,
        bottom,
    }
}

fn candidate(class: usize, confidence: f32, pixel_box: PixelBox) -> Candidate {
    Candidate {
        class,
        confidence,
        pixel_box,
    }
}

fn tensor() -> String {
    "output".to_owned()
}

/// What a reader of 32 x 32 pixels makes of one tensor.
fn read(output: &Output, thresholds: &[Option<f32>], numbers: &[f32]) -> Vec<Candidate> {
    let mut found = Vec::new();
    Reader::new(output, 32, 32, thresholds.to_vec())
        .read(&[numbers], Labels::None, &mut found)
        .unwrap();
    found
}

#[test]
fn yolov8_takes_the_best_class_of_each_anchor_above_its_threshold() {
    let numbers = [
        [10.0, 20.0, 30.0, 1.0],   // x of four anchors
        [10.0, 20.0, 30.0, 1.0],   // y
        [4.0, 6.0, 8.0, 1.0],      // width
        [2.0, 6.0, 8.0, 1.0],      // height
        [0.6, 0.6, 0.1, 0.9],      // scores of class 0
        [0.1, 0.8, 0.1, 0.1],      // class 1: best of the second anchor, but below 0.9
        [0.1, 0.1, 0.9, f32::NAN], // class 2 is never reported
    ]
    .concat();
    let output = Output::Yolov8 { tensor: tensor() };
    let found = read(&output, &[Some(0.5), Some(0.9), None], &numbers);
    assert_eq!(
        found,
        [
            candidate(0, 0.9, boxed(0.5, 0.5, 1.5, 1.5)),
            candidate(0, 0.6, boxed(8.0, 9.0, 12.0, 11.0)),
        ]
    );
}

#[test]
fn yolov5_multiplies_objectness_and_score() {
    let numbers = [
        [10.0, 10.0, 4.0, 2.0, 0.8, 0.5, 0.1],
        [20.0, 20.0, 4.0, 2.0, 0.5, 0.5, 0.7],
    ]
    .concat();
    let output = Output::Yolov5 { tensor: tensor() };
    let found = read(&output, &[Some(0.39), Some(0.39)], &numbers);
    assert_eq!(found, [candidate(0, 0.4, boxed(8.0, 9.0, 12.0, 11.0))]);
}

#[test]
fn yolox_is_decoded_on_its_grids() {
    let output = |activation| Output::Yolox {
        tensor: tensor(),
        strides: vec![16, 32],
        activation,
    };
    let mut numbers = vec![0.0; 5 * 6];
    // The fourth anchor: column 1, row 1 of the grid of stride 16.
    numbers[18..24].copy_from_slice(&[0.5, 0.25, 0.0, 2.0_f32.ln(), 0.8, 0.5]);
    // The fifth: the one cell of stride 32; objectness times score is too little.
    numbers[24..30].copy_from_slice(&[0.5, 0.5, 0.0, 0.0, 0.5, 0.5]);
    let found = read(&output(Activation::None), &[Some(0.3)], &numbers);
    assert_eq!(found.len(), 1);
    assert!((found[0].confidence - 0.4).abs() < 1e-6);
    let expected = boxed(16.0, 4.0, 32.0, 36.0);
    assert!(found[0].pixel_box.iou(&expected) > 0.9999);

    // as logits, 0 is a half
    let found = read(&output(Activation::Sigmoid), &[Some(0.3)], &numbers);
    assert_eq!(found.len(), 2);
    let product = 1.0 / (1.0 + (-0.8_f32).exp()) / (1.0 + (-0.5_f32).exp());
    assert!((found[0].confidence - product).abs() < 1e-6);
    assert!((found[1].confidence - 0.622_459_3_f32.powi(2)).abs() < 1e-6);
}

#[test]
fn queries_are_shares_of_the_input() {
    let rows = [[0.5, 0.25, 0.5, 0.25, 0.1, 0.9]].concat();
    let output = Output::Rtdetr { tensor: tensor() };
    let thresholds = [Some(0.5), Some(0.5)];
    let whole = boxed(8.0, 4.0, 24.0, 12.0);
    assert_eq!(
        read(&output, &thresholds, &rows),
        [candidate(1, 0.9, whole)]
    );

    let output = |activation| Output::Detr {
        boxes: "boxes".to_owned(),
        scores: "logits".to_owned(),
        activation,
    };
    let scores = [-1.0, 1.0];
    for (activation, confidence) in [
        (Activation::Sigmoid, 1.0 / (1.0 + (-1.0_f32).exp())),
        (Activation::Softmax, 1.0 / (1.0 + (-2.0_f32).exp())),
    ] {
        let mut found = Vec::new();
        Reader::new(&output(activation), 32, 32, thresholds.to_vec())
            .read(&[&rows[..4], &scores], Labels::None, &mut found)
            .unwrap();
        assert_eq!((found.len(), found[0].class), (1, 1));
        assert_eq!(found[0].pixel_box, whole);
        assert!((found[0].confidence - confidence).abs() < 1e-6);
    }
    let unequal = Reader::new(&output(Activation::Sigmoid), 32, 32, thresholds.to_vec()).read(
        &[&rows[..4], &[0.0; 4]],
        Labels::None,
        &mut Vec::new(),
    );
    assert_eq!(unequal, Err(Misread::Lengths(1, 2, 2)));
}

#[test]
fn a_whole_picture_has_every_class_above_its_threshold() {
    let output = Output::Classification {
        tensor: tensor(),
        activation: Activation::Softmax,
    };
    let thresholds = [Some(0.2), Some(0.2), Some(0.2)];
    // large logits: e^1000 is no number
    let found = read(&output, &thresholds, &[1000.0, 1000.0, 900.0]);
    let whole = boxed(0.0, 0.0, 32.0, 32.0);
    assert_eq!(found, [candidate(0, 0.5, whole), candidate(1, 0.5, whole)]);
}

const FORM: (Corners, Unit, u32) = (Corners::Yxyx, Unit::Share, 1);

/// A list of two things and a filled-up rest, read in one form.
fn listed(
    (corners, unit, first_label): (Corners, Unit, u32),
    labels: Labels<'_>,
    count: Option<f32>,
) -> Result<Vec<Candidate>, Misread> {
    let name = |name: &str| name.to_owned();
    let output = Output::Listed {
        boxes: name("boxes"),
        scores: name("scores"),
        labels: name("labels"),
        count: count.map(|_| name("count")),
        corners,
        unit,
        first_label,
    };
    let boxes = [
        [0.25, 0.5, 0.5, 0.75],
        [0.0, 0.0, 0.5, 0.5],
        [0.0, 0.0, 0.0, 0.0],
    ]
    .concat();
    let scores = [0.6, 0.9, 0.0];
    let count: Vec<f32> = count.into_iter().collect();
    let mut numbers: Vec<&[f32]> = vec![&boxes, &scores];
    numbers.extend((!count.is_empty()).then_some(&count[..]));
    let mut found = Vec::new();
    Reader::new(&output, 32, 64, vec![Some(0.5), Some(0.5)])
        .read(&numbers, labels, &mut found)
        .map(|()| found)
}

#[test]
fn a_list_is_read_in_its_corners_and_units() {
    let found = listed(FORM, Labels::F32(&[1.0, 2.0, 0.0]), None);
    let second = candidate(1, 0.9, boxed(0.0, 0.0, 16.0, 32.0));
    assert_eq!(
        found,
        Ok(vec![
            second,
            candidate(0, 0.6, boxed(16.0, 16.0, 24.0, 32.0))
        ])
    );
    let found = listed(
        (Corners::Cxcywh, Unit::Pixel, 0),
        Labels::I32(&[1, 0, 0]),
        Some(1.0),
    );
    assert_eq!(
        found,
        Ok(vec![candidate(1, 0.6, boxed(0.0, 0.125, 0.5, 0.875))])
    );
}

#[test]
fn a_list_that_contradicts_itself_is_refused() {
    let labels = Labels::I64(&[1, 2, 0]);
    assert!(listed(FORM, labels, Some(3.0)).is_ok());
    assert_eq!(listed(FORM, labels, Some(4.0)), Err(Misread::Count(4.0, 3)));
    assert_eq!(
        listed(FORM, labels, Some(-1.0)),
        Err(Misread::Count(-1.0, 3))
    );
    assert_eq!(
        listed(FORM, Labels::I64(&[1, 2]), None),
        Err(Misread::Lengths(3, 3, 2))
    );
    assert_eq!(
        listed(FORM, Labels::I64(&[1, 3, 0]), None),
        Err(Misread::Label(Some(3)))
    );
    assert_eq!(
        listed(FORM, Labels::I64(&[0, 1, 0]), None),
        Err(Misread::Label(Some(0)))
    );
    assert_eq!(
        listed(FORM, Labels::F32(&[1.5, 1.0, 0.0]), None),
        Err(Misread::Label(None))
    );
}

#[test]
fn boxes_that_overflow_or_hold_nothing_are_none() {
    let mut found = Vec::new();
    push(&mut found, 0, 0.9, [f32::INFINITY, 0.0, 1.0, 1.0]);
    push(&mut found, 0, 0.9, [0.0, 0.0, f32::NAN, 1.0]);
    push(&mut found, 0, 0.9, [0.0, 0.0, -1.0, 1.0]);
    push(&mut found, 0, 0.9, [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(found, []);
}

#[test]
fn the_more_confident_of_two_overlapping_boxes_stays() {
    let low = candidate(0, 0.5, boxed(0.0, 0.0, 10.0, 10.0));
    let high = candidate(0, 0.9, boxed(1.0, 0.0, 11.0, 10.0));
    let other_class = candidate(1, 0.7, boxed(0.0, 0.0, 10.0, 10.0));
    let apart = candidate(0, 0.6, boxed(50.0, 0.0, 60.0, 10.0));

    let mut found = vec![high, other_class, apart, low];
    suppress(&mut found, 0.5, false);
    assert_eq!(found, [high, other_class, apart]);

    let mut found = vec![high, other_class, apart, low];
    suppress(&mut found, 0.5, true);
    assert_eq!(found, [high, apart]);
}
