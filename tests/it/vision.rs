//! Real networks through the real ONNX Runtime.

use std::fs;
use std::path::{Path, PathBuf};

use cityward::space::PixelBox;
use cityward::vision::Model;
use sha2::{Digest, Sha256};

/// The library the service itself would load.
fn onnxruntime() -> PathBuf {
    std::env::var_os("ORT_DYLIB_PATH").map_or_else(
        || ".cache/onnxruntime/libonnxruntime.so".into(),
        PathBuf::from,
    )
}

/// The folder with the data of others, if this machine has it.
fn data_of_others() -> Option<PathBuf> {
    let folder = std::env::var_os("CITYWARD_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: CITYWARD_DATA names no folder with models and street pictures");
    }
    folder
}

fn hex_sha256(bytes: &[u8]) -> String {
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
layout = {{ yolox = {{ strides = [8, 16, 32] }} }}

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

#[test]
fn a_network_of_others_finds_vehicles_on_street_cameras() {
    let Some(data) = data_of_others() else { return };
    let folder = yolox_nano(&data);
    let model = Model::load(folder.path(), &onnxruntime()).unwrap();
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
