//! Real networks through the real ONNX Runtime.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use cityward::config::{ExecutionProvider, RuntimeConfig};
use cityward::demo::{City, FramesArgs, Stage, write_frames};
use cityward::space::PixelBox;
use cityward::vision::{Detector, Model, ModelError, UnreadableFrame};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What the service itself would run models with.
pub(crate) fn runtime() -> RuntimeConfig {
    let library = std::env::var_os("ORT_DYLIB_PATH");
    RuntimeConfig {
        onnxruntime: library.map_or_else(
            || ".cache/onnxruntime/libonnxruntime.so".into(),
            PathBuf::from,
        ),
        execution_providers: vec![ExecutionProvider::Cpu],
    }
}

/// The folder with the data of others, if this machine has it.
pub(crate) fn data_of_others() -> Option<PathBuf> {
    let folder = std::env::var_os("CITYWARD_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: CITYWARD_DATA names no folder with models and street pictures");
    }
    folder
}

pub(crate) fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// The 80 classes of COCO in the order of the network; vehicles alone are reported.
fn coco_classes() -> String {
    let vehicles = [(2, "car"), (3, "motorcycle"), (5, "bus"), (7, "truck")];
    (0..80)
        .map(|index| match vehicles.iter().find(|(i, _)| *i == index) {
            Some((_, label)) => format!("[[classes]]\nlabel = '{label}'\nthreshold = 0.4\n"),
            None => format!("[[classes]]\nlabel = 'coco-{index}'\n"),
        })
        .collect()
}

/// YOLOX-nano of Megvii with a manifest of our own, proved on a street camera's picture.
fn yolox_nano(data: &Path) -> tempfile::TempDir {
    let onnx = fs::read(data.join("models/yolox_nano_coco.onnx")).unwrap();
    let manifest = format!(
        r#"
name = "yolox-nano-coco"
version = "0.1.1"
licence = "Apache-2.0"
file = "model.onnx"
sha256 = "{}"

[input]
tensor = "images"
width = 416
height = 416
colour = "bgr"
mean = [0.0, 0.0, 0.0]
scale = [1.0, 1.0, 1.0]
letterbox = "top_left"
fill = 114

[output]
tensor = "output"
layout = "yolox"
strides = [8, 16, 32]
activation = "none"

[nms]
iou = 0.5

[golden]
picture = "golden.jpg"

[[golden.boxes]]
label = "car"
confidence = 0.499
left = 384.8
top = 206.6
right = 490.9
bottom = 327.4

{}"#,
        hex_sha256(&onnx),
        coco_classes()
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("model.toml"), manifest).unwrap();
    fs::write(folder.path().join("model.onnx"), onnx).unwrap();
    fs::copy(
        data.join("street/view-07/images/00000.jpg"),
        folder.path().join("golden.jpg"),
    )
    .unwrap();
    folder
}

/// The boxes of a YOLO label file, in pixels of a picture of `side` x `side`.
fn labelled_boxes(file: &Path, side: f32) -> Vec<PixelBox> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| {
            let numbers: Vec<f32> = line.split(' ').map(|n| n.parse().unwrap()).collect();
            let [_, x, y, width, height] = numbers[..] else {
                panic!("{line}");
            };
            PixelBox {
                left: (x - width / 2.0) * side,
                top: (y - height / 2.0) * side,
                right: (x + width / 2.0) * side,
                bottom: (y + height / 2.0) * side,
            }
        })
        .collect()
}

/// A copy of a shipped model, with another manifest.
fn declared_otherwise(name: &str, from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(Path::new("models").join(name)).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let manifest = folder.path().join("model.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(manifest, text.replacen(from, to, 1)).unwrap();
    folder
}

/// Gives a model a golden picture without anything on it.
fn expecting_nothing(folder: &Path) {
    let manifest = folder.join("model.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let (before, boxes) = text.split_once("[[golden.boxes]]").unwrap();
    let (_, classes) = boxes.split_once("[[classes]]").unwrap();
    fs::write(
        manifest,
        format!("{before}boxes = []\n[[classes]]{classes}"),
    )
    .unwrap();
    let grey = image::RgbImage::from_pixel(416, 416, image::Rgb([114; 3]));
    grey.save(folder.join("golden.jpg")).unwrap();
}

#[test]
fn what_a_frame_leaves_grey_is_not_computed_and_changes_nothing() {
    let look = |folder: &Path, picture: &str| {
        let mut detector = Model::load(folder, &runtime()).unwrap().detector().unwrap();
        let jpeg = fs::read(Path::new("models").join(picture)).unwrap();
        detector.detect(&jpeg).unwrap().found
    };
    // of 16:9 and square
    for (name, alike_iou) in [("vehicles", 0.85), ("bins", 1.0)] {
        let whole = declared_otherwise(name, "step = 32\n", "");
        expecting_nothing(whole.path());
        let picture = format!("{name}/golden.jpg");
        let computed = look(whole.path(), &picture);
        let mut found = look(&Path::new("models").join(name), &picture);
        assert_eq!(found.len(), computed.len(), "{name}");
        for one in computed {
            let iou = |other: &cityward::vision::Detection| other.pixel_box.iou(&one.pixel_box);
            let same = found.iter().position(|other| iou(other) >= alike_iou);
            let same = found.remove(same.unwrap_or_else(|| panic!("{name}: {one:?}")));
            assert_eq!(same.label, one.label);
            assert!((same.confidence - one.confidence).abs() < 0.06, "{name}");
        }
    }
}

#[test]
fn a_network_of_one_size_does_not_pass_for_one_of_many() {
    let step = "height = 256\nstep = 32\n";
    let folder = declared_otherwise("street-events", "height = 256\n", step);
    match Model::load(folder.path(), &runtime()) {
        Err(ModelError::TensorShape { tensor, .. }) => assert_eq!(tensor, "images"),
        other => panic!("{other:?}"),
    }
    let folder = declared_otherwise("bins", "step = 32", "step = 48");
    match Model::load(folder.path(), &runtime()) {
        Err(ModelError::Manifest { reason, .. }) => assert!(reason.contains("input.step")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_network_of_others_finds_vehicles_on_street_cameras() {
    let Some(data) = data_of_others() else { return };
    let folder = yolox_nano(&data);
    let model = Model::load(folder.path(), &runtime()).unwrap();
    let mut detector = model.detector().unwrap();
    let (mut right, mut found) = (0, 0);
    let view = data.join("street/view-07");
    for index in 0..40 {
        let jpeg = fs::read(view.join(format!("images/{index:05}.jpg"))).unwrap();
        let seen = detector.detect(&jpeg).unwrap();
        assert_eq!((seen.image_width_px, seen.image_height_px), (640, 640));
        let labelled = labelled_boxes(&view.join(format!("labels/{index:05}.txt")), 640.0);
        found += seen.found.len();
        right += seen
            .found
            .iter()
            .filter(|d| labelled.iter().any(|l| l.iou(&d.pixel_box) > 0.4))
            .count();
    }
    println!("{right} of {found} boxes lie on a labelled vehicle");
    assert!(found >= 20 && right * 10 >= found * 6, "{right} of {found}");
}

const SHIPPED: &str = "models/street-events";

/// The shipped model, its files changed by `change(manifest)` and loaded from a copy.
fn load_changed(change: impl Fn(&Path, String) -> String) -> Result<Model, ModelError> {
    let folder = tempfile::tempdir().unwrap();
    for name in ["street-events.onnx", "golden.jpg"] {
        fs::copy(Path::new(SHIPPED).join(name), folder.path().join(name)).unwrap();
    }
    let manifest = fs::read_to_string(Path::new(SHIPPED).join("model.toml")).unwrap();
    let changed = change(folder.path(), manifest);
    fs::write(folder.path().join("model.toml"), changed).unwrap();
    Model::load(folder.path(), &runtime())
}

/// Loads the shipped model with `from` replaced by `to` in its manifest.
fn load_with(from: &str, to: &str) -> ModelError {
    let loaded = load_changed(|_, manifest| {
        assert!(manifest.contains(from), "the manifest has no {from}");
        manifest.replacen(from, to, 1)
    });
    loaded.expect_err("a manifest that is not true must not load")
}

fn shipped_detector() -> Detector {
    let model = Model::load(Path::new(SHIPPED), &runtime()).unwrap();
    model.detector().unwrap()
}

#[test]
fn the_shipped_model_is_as_declared() {
    load_changed(|_, manifest| manifest).unwrap();
}

#[test]
fn a_model_that_is_not_as_declared_is_refused_by_name() {
    let error = load_changed(|folder, manifest| {
        let file = folder.join("street-events.onnx");
        let mut onnx = fs::read(&file).unwrap();
        let middle = onnx.len() / 2;
        onnx[middle] ^= 1;
        fs::write(file, onnx).unwrap();
        manifest
    })
    .unwrap_err();
    assert!(matches!(error, ModelError::Sha256 { .. }), "{error}");
    assert!(error.to_string().contains("street-events.onnx"), "{error}");

    let error = load_with("tensor = \"images\"", "tensor = \"pixels\"");
    assert!(
        matches!(&error, ModelError::NoSuchTensor { tensor, present, .. }
            if tensor == "pixels" && present == &["images"]),
        "{error}"
    );
    let error = load_with("tensor = \"output\"", "tensor = \"boxes\"");
    assert!(
        matches!(&error, ModelError::NoSuchTensor { tensor, .. } if tensor == "boxes"),
        "{error}"
    );
    let error = load_with("height = 256", "height = 288");
    assert!(
        matches!(&error, ModelError::TensorShape { tensor, .. } if tensor == "images"),
        "{error}"
    );
    let error = load_changed(|_, manifest| manifest + "\n[[classes]]\nlabel = \"dog\"\n");
    assert!(
        matches!(
            error,
            Err(ModelError::ClassCount {
                expected: 8,
                actual: 7,
                ..
            })
        ),
        "{error:?}"
    );
    let error = load_with("name = ", "nickname = \"x\"\nname = ");
    assert!(error.to_string().contains("nickname"), "{error}");
    let error = load_with("iou = 0.5", "iou = 1.5");
    assert!(error.to_string().contains("nms.iou"), "{error}");
    let error = load_with("M06042", "M6042");
    assert!(matches!(error, ModelError::Manifest { .. }), "{error}");
    let error = load_with("M06042", "M99999");
    assert!(error.to_string().contains("no M99999"), "{error}");
    let error = load_with("golden.jpg", "silver.jpg");
    assert!(error.to_string().contains("silver.jpg"), "{error}");
    let error = load_with("colour = \"bgr\"", "colour = \"rgb\"");
    assert!(matches!(error, ModelError::Golden { .. }), "{error}");
}

#[test]
fn a_missing_runtime_is_one_clear_sentence() {
    let nowhere = RuntimeConfig {
        onnxruntime: "/nowhere/libonnxruntime.so".into(),
        ..runtime()
    };
    let error = Model::load(Path::new(SHIPPED), &nowhere);
    let error = error.map(|_| ()).unwrap_err();
    assert!(matches!(error, ModelError::RuntimeMissing { .. }));
    assert!(error.to_string().contains("/nowhere/libonnxruntime.so"));
}

#[test]
fn what_cannot_be_decoded_is_refused_and_the_next_frame_is_not_the_worse() {
    let golden = fs::read(Path::new(SHIPPED).join("golden.jpg")).unwrap();
    let mut detector = shipped_detector();
    let before = detector.detect(&golden).unwrap();
    assert!(matches!(
        detector.detect(b"hello"),
        Err(UnreadableFrame::Header(_))
    ));
    assert!(matches!(
        detector.detect(&golden[..200]),
        Err(UnreadableFrame::Header(_))
    ));
    // A frame header that promises another picture than the data holds.
    let start = golden.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    let mut wrong_precision = golden.clone();
    wrong_precision[start + 4] = 12;
    assert!(detector.detect(&wrong_precision).is_err());
    // Flipped bits make noise or an error, never a crash.
    for flip in (600..golden.len()).step_by(golden.len() / 40) {
        let mut noisy = golden.clone();
        noisy[flip] ^= 0x55;
        drop(detector.detect(&noisy));
    }
    let after = detector.detect(&golden).unwrap();
    assert_eq!(before.found, after.found);
}

/// Labelled pictures of invented streets, none of them seen in training.
fn streets(count: u32, width: u32) -> (tempfile::TempDir, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    write_frames(&FramesArgs {
        out: folder.path().to_owned(),
        count,
        seed: 990_017,
        width,
        split: false,
    })
    .unwrap();
    let labels = fs::read_to_string(folder.path().join("labels.jsonl")).unwrap();
    let lines = labels.lines().map(|l| serde_json::from_str(l).unwrap());
    let lines = lines.collect();
    (folder, lines)
}

fn side(thing: &Value, name: &str) -> f32 {
    serde_json::from_value(thing[name].clone()).unwrap()
}

fn true_boxes(line: &Value) -> Vec<(&str, PixelBox)> {
    let things = line["boxes"].as_array().unwrap();
    things
        .iter()
        .map(|thing| {
            let pixel_box = PixelBox {
                left: side(thing, "left"),
                top: side(thing, "top"),
                right: side(thing, "right"),
                bottom: side(thing, "bottom"),
            };
            (thing["label"].as_str().unwrap(), pixel_box)
        })
        .collect()
}

#[test]
fn the_shipped_model_finds_events_on_rendered_streets() {
    let (folder, lines) = streets(16, 1280);
    let mut detector = shipped_detector();
    let (mut events, mut found, mut right) = (0, 0, 0);
    for line in &lines {
        let jpeg = fs::read(folder.path().join(line["file"].as_str().unwrap())).unwrap();
        let truth = true_boxes(line);
        let is_event = |label: &str| !matches!(label, "bin" | "cover");
        events += truth.iter().filter(|(label, _)| is_event(label)).count();
        for detection in detector.detect(&jpeg).unwrap().found {
            assert_eq!(detection.class.is_some(), is_event(&detection.label));
            if detection.class.is_some() {
                found += 1;
                right += usize::from(truth.iter().any(|(label, pixel_box)| {
                    **label == *detection.label && pixel_box.iou(&detection.pixel_box) > 0.5
                }));
            }
        }
    }
    println!("{events} events, {found} boxes, {right} of them right");
    assert!(
        right * 10 >= found * 7,
        "{right} of {found} boxes are right"
    );
    assert!(right * 10 >= events * 5, "{right} of {events} events found");
}

#[test]
fn the_shipped_model_finds_what_goes_on_before_the_demo_cameras() {
    let stage = Stage::of(&City::build(1));
    let mut detector = shipped_detector();
    let noon: DateTime<Utc> = "2026-11-22T04:00:00Z".parse().unwrap();
    let (mut staged, mut found, mut right) = (0, 0, 0);
    for camera in 0..stage.cameras() {
        let mut true_labels: Vec<&str> = stage
            .staged(noon)
            .iter()
            .filter(|event| event.camera == camera)
            .map(|event| event.label)
            .collect();
        staged += true_labels.len();
        let jpeg = stage.frame(camera, noon).unwrap();
        for detection in detector.detect(&jpeg).unwrap().found {
            if detection.class.is_none() {
                continue;
            }
            found += 1;
            let known = true_labels.iter().position(|l| **l == *detection.label);
            if let Some(known) = known {
                true_labels.swap_remove(known);
                right += 1;
            }
        }
    }
    println!("{staged} events, {found} boxes, {right} of them right");
    assert!(
        staged > 0 && right * 10 >= found * 8,
        "{right} of {found} boxes are right"
    );
    assert!(right * 10 >= staged * 4, "{right} of {staged} events found");
}

#[test]
fn the_same_street_in_another_resolution_has_its_events_in_the_same_places() {
    let mut detector = shipped_detector();
    let mut seen_at = |width: u32| {
        let (folder, lines) = streets(6, width);
        let name = |line: &Value| folder.path().join(line["file"].as_str().unwrap());
        let look = |line| detector.detect(&fs::read(name(line)).unwrap()).unwrap();
        lines.iter().map(look).collect::<Vec<_>>()
    };
    let (small, large) = (seen_at(1280), seen_at(1920));
    let (mut pairs, mut off_px) = (0, 0.0);
    for (small, large) in small.iter().zip(&large) {
        assert_eq!((large.image_width_px, large.image_height_px), (1920, 1080));
        for detection in &small.found {
            let foot = detection.pixel_box.foot();
            let other = large.found.iter().find(|other| {
                let there = other.pixel_box.foot();
                other.label == detection.label
                    && (there.x / 1.5 - foot.x).hypot(there.y / 1.5 - foot.y) < 40.0
            });
            if let Some(other) = other {
                let there = other.pixel_box.foot();
                pairs += 1;
                off_px += (there.x / 1.5 - foot.x).hypot(there.y / 1.5 - foot.y);
            }
        }
    }
    assert!(pairs >= 5, "only {pairs} things were seen in both");
    let mean_px = off_px / f64::from(pairs);
    assert!(
        mean_px < 4.0,
        "feet are {mean_px} pixels of 1280 apart on average"
    );
}
