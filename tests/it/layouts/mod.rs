//! Every layout that a manifest can declare, on a network of that layout, against the plain way.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is special is named, everything else is treated alike"
)]

mod heads;
mod networks;
mod reference;

use std::fmt::Write as _;
use std::fs;

use cityward::vision::{Detection, Model, ModelError};
use image::{ImageFormat, RgbImage, load_from_memory_with_format};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::jpeg::jpeg;
use crate::vision::{hex_sha256, runtime};
use networks::{CLASSES, Kind, Network, THRESHOLD};
use reference::{Answer, GREY, Look, Place, choose, planes};

/// 16:9-like and not square; pictures are shrunk by less than 2, so that both ways decode whole.
const LOOK: Look = Look {
    width: 96,
    height: 64,
    rgb: true,
    mean: 0.0,
    scale: 1.0 / 255.0,
    letterbox: "centre",
};

/// Every layout, and among them every way to give a picture.
const NETWORKS: [(Kind, Look); 12] = [
    (Kind::Yolov5, LOOK),
    (
        Kind::Yolov8,
        Look {
            letterbox: "stretch",
            ..LOOK
        },
    ),
    (
        Kind::Yolov8,
        Look {
            width: 128,
            height: 128,
            ..LOOK
        },
    ),
    (Kind::Int8, LOOK),
    (Kind::Yolov10, Look { rgb: false, ..LOOK }),
    (
        Kind::YoloxProbabilities,
        Look {
            rgb: false,
            scale: 1.0,
            letterbox: "top_left",
            ..LOOK
        },
    ),
    (
        Kind::YoloxLogits,
        Look {
            letterbox: "top_left",
            ..LOOK
        },
    ),
    (
        Kind::Rtdetr,
        Look {
            letterbox: "stretch",
            ..LOOK
        },
    ),
    (
        Kind::Detr,
        Look {
            mean: 114.0,
            scale: 1.0 / 58.0,
            ..LOOK
        },
    ),
    (Kind::Dfine, LOOK),
    (
        Kind::Ssd,
        Look {
            scale: 1.0,
            letterbox: "stretch",
            ..LOOK
        },
    ),
    (
        Kind::Classification,
        Look {
            letterbox: "stretch",
            ..LOOK
        },
    ),
];

/// Looked at by each network.
const PICTURES: usize = 8;

/// A picture of patches in random colours, as JPEG and as what a JPEG keeps of it.
fn picture(rng: &mut ChaCha8Rng) -> (Vec<u8>, RgbImage) {
    let (width, height) = (rng.random_range(100..190), rng.random_range(70..120));
    let mut drawn = RgbImage::new(width, height);
    for _ in 0..40 {
        let colour: [u8; 3] = rng.random();
        let (left, top) = (rng.random_range(0..width), rng.random_range(0..height));
        for y in top..(top + 40).min(height) {
            for x in left..(left + 50).min(width) {
                drawn.get_pixel_mut(x, y).0 = colour;
            }
        }
    }
    let jpeg = jpeg(&drawn, 95);
    let kept = load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).unwrap();
    (jpeg, kept.into_rgb8())
}

/// What the plain way finds, in pixels of the picture.
fn answer(network: &Network, picture: &RgbImage) -> Answer {
    let proposals = network.proposals(&planes(picture, network.look));
    let mut answer = choose(&proposals, THRESHOLD, network.kind.iou_max());
    let place = Place::of(picture, network.look);
    for found in &mut answer.found {
        found.pixel_box = place.picture_from_input(found.pixel_box, picture);
    }
    answer.found.retain(|found| found.pixel_box.area() > 0.0);
    answer
}

/// Pictures that show something, and where rounding decides nothing.
fn clear_pictures(network: &Network, count: usize) -> Vec<(Vec<u8>, Answer)> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    (0..400)
        .map(|_| {
            let (jpeg, kept) = picture(&mut rng);
            (jpeg, answer(network, &kept))
        })
        .filter(|(_, answer)| !answer.doubtful && !answer.found.is_empty())
        .take(count)
        .collect()
}

fn manifest(network: &Network, onnx: &[u8], golden: &Answer) -> String {
    let look = network.look;
    let colour = if look.rgb { "rgb" } else { "bgr" };
    let further = match network.kind {
        Kind::Ssd => "order = 'nhwc'\ntype = 'u8'",
        Kind::Dfine => "size_tensor = 'orig_target_sizes'",
        _ => "",
    };
    let mut text = format!(
        "name = 'a-network'\nversion = '1'\nlicence = 'Apache-2.0'\nfile = 'a.onnx'\n\
         sha256 = '{}'\n\n[input]\ntensor = 'images'\nwidth = {}\nheight = {}\n\
         colour = '{colour}'\nmean = {:?}\nscale = {:?}\nletterbox = '{}'\nfill = {GREY}\n\
         {further}\n\n{}\n[golden]\npicture = 'golden.jpg'\n",
        hex_sha256(onnx),
        look.width,
        look.height,
        [look.mean; 3],
        [look.scale; 3],
        look.letterbox,
        network.kind.declared(),
    );
    if golden.found.is_empty() {
        text += "boxes = []\n";
    }
    for found in &golden.found {
        let (sides, class) = (found.pixel_box, found.class);
        write!(
            text,
            "\n[[golden.boxes]]\nlabel = 'class-{class}'\nconfidence = {:?}\nleft = {:?}\n\
             top = {:?}\nright = {:?}\nbottom = {:?}\n",
            found.confidence, sides.left, sides.top, sides.right, sides.bottom
        )
        .unwrap();
    }
    for class in 0..CLASSES {
        let threshold = format!("threshold = {THRESHOLD:?}");
        write!(
            text,
            "\n[[classes]]\nlabel = 'class-{class}'\n{threshold}\n"
        )
        .unwrap();
    }
    text
}

/// Loads a network whose golden boxes are the plain way's.
fn load(
    network: &Network,
    golden: &(Vec<u8>, Answer),
    manifest: &str,
) -> Result<Model, ModelError> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("a.onnx", &network.onnx());
    write("golden.jpg", &golden.0);
    write("model.toml", manifest.as_bytes());
    Model::load(folder.path(), &runtime())
}

fn compare(network: &Network, number: usize, found: &[Detection], answer: &Answer) {
    let at = format!("{:?}, picture {number}: {found:#?}", network.kind);
    assert_eq!(found.len(), answer.found.len(), "{at}");
    for expected in &answer.found {
        let near = |a: f32, b: f32| (a - b).abs() <= 0.5;
        let matched = found.iter().any(|detection| {
            let (a, b) = (detection.pixel_box, expected.pixel_box);
            *detection.label == *format!("class-{}", expected.class)
                && (detection.confidence - expected.confidence).abs() < 0.02
                && near(a.left, b.left)
                && near(a.top, b.top)
                && near(a.right, b.right)
                && near(a.bottom, b.bottom)
        });
        assert!(matched, "expected {expected:?} of {at}");
    }
}

#[test]
fn every_layout_says_what_it_means_to_half_a_pixel() {
    for (seed, (kind, look)) in NETWORKS.into_iter().enumerate() {
        let network = Network::random(kind, look, seed as u64);
        let pictures = clear_pictures(&network, PICTURES);
        assert_eq!(pictures.len(), PICTURES, "{kind:?} shows too little");
        let text = manifest(&network, &network.onnx(), &pictures[0].1);
        let model = load(&network, &pictures[0], &text);
        let mut detector = model
            .unwrap_or_else(|e| panic!("{kind:?}: {e}"))
            .detector()
            .unwrap();
        let mut boxes = 0;
        for (number, (jpeg, answer)) in pictures.iter().enumerate() {
            let seen = detector.detect(jpeg).unwrap();
            compare(&network, number, &seen.found, answer);
            boxes += answer.found.len();
        }
        println!("{kind:?}: {boxes} boxes");
    }
}

/// The one declaration that is changed, and what it becomes.
fn lies(network: &Network) -> Vec<(String, String)> {
    let look = network.look;
    let (colour, other_colour) = if look.rgb {
        ("rgb", "bgr")
    } else {
        ("bgr", "rgb")
    };
    let other_letterbox = if look.letterbox == "stretch" {
        "centre"
    } else {
        "stretch"
    };
    let mut lies = vec![
        (
            format!("colour = '{colour}'"),
            format!("colour = '{other_colour}'"),
        ),
        (
            format!("letterbox = '{}'", look.letterbox),
            format!("letterbox = '{other_letterbox}'"),
        ),
    ];
    if network.kind != Kind::Ssd {
        let scale = [look.scale; 3];
        lies.push((
            format!("scale = {scale:?}"),
            "scale = [0.03, 0.03, 0.03]".to_owned(),
        ));
    }
    let mut lie = |from: &str, to: &str| lies.push((from.to_owned(), to.to_owned()));
    match network.kind {
        Kind::YoloxLogits => lie("activation = 'sigmoid'", "activation = 'none'"),
        Kind::YoloxProbabilities => lie("activation = 'none'", "activation = 'sigmoid'"),
        Kind::Detr => lie("activation = 'sigmoid'", "activation = 'softmax'"),
        Kind::Dfine => lie("unit = 'pixel'", "unit = 'share'"),
        Kind::Ssd => lie("corners = 'yxyx'", "corners = 'xyxy'"),
        Kind::Yolov5
        | Kind::Yolov8
        | Kind::Int8
        | Kind::Yolov10
        | Kind::Rtdetr
        | Kind::Classification => {}
    }
    lies
}

#[test]
fn one_wrong_word_in_a_manifest_is_found_on_the_golden_picture() {
    for (seed, (kind, look)) in NETWORKS.into_iter().enumerate() {
        let network = Network::random(kind, look, seed as u64);
        // of a class alone a letterbox changes little, so several pictures are tried
        let pictures = clear_pictures(&network, PICTURES);
        for (from, to) in lies(&network) {
            let refused = pictures.iter().any(|golden| {
                let text = manifest(&network, &network.onnx(), &golden.1);
                assert!(text.contains(&from), "{text}");
                let loaded = load(&network, golden, &text.replacen(&from, &to, 1));
                matches!(loaded, Err(ModelError::Golden { .. }))
            });
            assert!(refused, "{kind:?} was taken with {to}");
        }
    }
}

/// The tensor that a refusal names.
fn refused_tensor(kind: Kind, from: &str, to: &str) -> String {
    let look = NETWORKS.iter().find(|(other, _)| *other == kind).unwrap().1;
    let network = Network::random(kind, look, 1);
    let golden = (
        Vec::new(),
        Answer {
            found: Vec::new(),
            doubtful: false,
        },
    );
    let text = manifest(&network, &network.onnx(), &golden.1);
    assert!(text.contains(from), "{text}");
    match load(&network, &golden, &text.replacen(from, to, 1)).unwrap_err() {
        ModelError::NoSuchTensor { tensor, .. }
        | ModelError::TensorShape { tensor, .. }
        | ModelError::ClassCount { tensor, .. }
        | ModelError::UndeclaredInput { tensor, .. } => tensor,
        error => panic!("{error}"),
    }
}

#[test]
fn a_network_that_is_not_of_its_layout_is_refused_by_tensor() {
    let layout = |name| format!("layout = '{name}'");
    for (kind, from, to) in [
        (Kind::Yolov8, "yolov8", "yolov10"),
        (Kind::Yolov10, "yolov10", "rtdetr"),
        (Kind::Rtdetr, "rtdetr", "yolov10"),
        (Kind::Yolov5, "yolov5", "yolov8"),
    ] {
        assert_eq!(
            refused_tensor(kind, &layout(from), &layout(to)),
            "output",
            "{kind:?}"
        );
    }
    assert_eq!(refused_tensor(Kind::YoloxLogits, "[16]", "[32]"), "output");
    assert_eq!(refused_tensor(Kind::Detr, "'logits'", "'boxes'"), "boxes");
    assert_eq!(
        refused_tensor(Kind::Dfine, "labels = 'labels'", "labels = 'label'"),
        "label"
    );
    assert_eq!(
        refused_tensor(Kind::Dfine, "size_tensor = 'orig_target_sizes'", ""),
        "orig_target_sizes"
    );
    assert_eq!(refused_tensor(Kind::Ssd, "type = 'u8'", ""), "images");
    assert_eq!(refused_tensor(Kind::Ssd, "order = 'nhwc'", ""), "images");
    assert_eq!(
        refused_tensor(Kind::Ssd, "scores = 'scores'", "scores = 'labels'"),
        "labels"
    );
    let more = "[[classes]]\nlabel = 'one-more'\n\n[[classes]]";
    assert_eq!(
        refused_tensor(Kind::Classification, "[[classes]]", more),
        "output"
    );
}

#[test]
fn what_contradicts_itself_is_refused_before_the_network_is_looked_at() {
    let network = Network::random(Kind::Yolov8, LOOK, 1);
    let golden = (
        Vec::new(),
        Answer {
            found: Vec::new(),
            doubtful: false,
        },
    );
    let text = manifest(&network, &network.onnx(), &golden.1);
    for (from, to, named) in [
        ("[nms]\niou = 0.45\n", "", "nms"),
        ("fill = 114", "fill = 114\ntype = 'u8'", "input.type"),
        ("layout = 'yolov8'", "layout = 'yolov9000'", "yolov9000"),
        (
            "layout = 'yolov8'",
            "layout = 'yolov8'\nstrides = [8]",
            "strides",
        ),
        ("tensor = 'output'", "", "tensor"),
        (
            "layout = 'yolov8'",
            "layout = 'yolox'\nstrides = [16]\nactivation = 'softmax'",
            "output.activation",
        ),
        (
            "layout = 'yolov8'",
            "layout = 'classification'\nactivation = 'softmax'",
            "nms",
        ),
    ] {
        assert!(text.contains(from), "{text}");
        let error = load(&network, &golden, &text.replacen(from, to, 1)).unwrap_err();
        assert!(matches!(error, ModelError::Manifest { .. }), "{error}");
        assert!(error.to_string().contains(named), "{to}: {error}");
    }
}
