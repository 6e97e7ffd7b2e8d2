//! Real networks through the real ONNX Runtime.

use std::fs;
use std::path::{Path, PathBuf};

use cityward::vision::{Model, ModelError, UnreadableFrame};
use sha2::{Digest, Sha256};

/// The library the service itself would load.
fn onnxruntime() -> PathBuf {
    std::env::var_os("ORT_DYLIB_PATH")
        .map_or_else(|| ".cache/onnxruntime/libonnxruntime.so".into(), PathBuf::from)
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
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
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

#[test]
fn a_network_of_others_finds_vehicles_on_street_cameras() {
    let Some(data) = data_of_others() else { return };
    let folder = yolox_nano(&data);
    let model = Model::load(folder.path(), &onnxruntime()).unwrap();
    let mut detector = model.detector().unwrap();
    let (mut matched, mut labelled, mut found) = (0, 0, 0);
    for index in 0..10 {
        let name = |kind, ext| data.join(format!("street/view-07/{kind}/{index:05}.{ext}"));
        let seen = detector
            .detect(&fs::read(name("images", "jpg")).unwrap())
            .unwrap();
        assert_eq!((seen.image_width_px, seen.image_height_px), (640, 640));
        found += seen.found.len();
        for line in fs::read_to_string(name("labels", "txt")).unwrap().lines() {
            let numbers: Vec<f32> = line.split(' ').map(|n| n.parse().unwrap()).collect();
            let [_, x, y, width, height] = numbers[..] else {
                panic!("{line}");
            };
            if width * height < 0.01 {
                continue; // too small for a nano network
            }
            labelled += 1;
            matched += usize::from(seen.found.iter().any(|detection| {
                let foot = detection.pixel_box.foot();
                let (dx, dy) = (foot.x as f32 / 640.0 - x, foot.y as f32 / 640.0 - y);
                dx.abs() < width / 2.0 && (0.0..height).contains(&dy)
            }));
        }
    }
    println!("{matched} of {labelled} large vehicles, {found} boxes in all");
    assert!(labelled > 0 && matched * 2 > labelled, "{matched} of {labelled}");
}
