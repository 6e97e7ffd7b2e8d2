//! One small network of each layout: a convolution of random weights over patches of 16 x 16
//! pixels, and what the exporters of that layout put behind it. Beside each, what it means.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is special is named, everything else is treated alike"
)]

use cityward::space::PixelBox;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::reference::{Found, Look, logistic};
use crate::onnx::{Attribute, Graph, Type, equal};

pub(crate) const CLASSES: usize = 3;
pub(crate) const THRESHOLD: f32 = 0.5;
const PATCH: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Yolov5,
    Yolov8,
    /// As `Yolov8`, weights and picture quantised.
    Int8,
    Yolov10,
    YoloxProbabilities,
    YoloxLogits,
    Rtdetr,
    Detr,
    /// Post-processing inside, told the size.
    Dfine,
    /// Suppression inside, pixels as bytes.
    Ssd,
    Classification,
}

impl Kind {
    /// Numbers before the classes' in the second convolution.
    fn objectness(self) -> usize {
        usize::from(matches!(
            self,
            Self::Yolov5 | Self::YoloxProbabilities | Self::YoloxLogits
        ))
    }

    /// Whether the network's boxes are corners and not centre and size.
    fn corners(self) -> bool {
        matches!(self, Self::Yolov10 | Self::Dfine | Self::Ssd)
    }

    pub(crate) fn iou_max(self) -> Option<f32> {
        match self {
            Self::Yolov5
            | Self::Yolov8
            | Self::Int8
            | Self::YoloxProbabilities
            | Self::YoloxLogits
            | Self::Ssd => Some(0.45),
            Self::Yolov10 | Self::Rtdetr | Self::Detr | Self::Dfine | Self::Classification => None,
        }
    }

    /// `[output]` and `[nms]` of the manifest.
    pub(crate) fn declared(self) -> String {
        let output = match self {
            Self::Yolov5 => "layout = 'yolov5'\ntensor = 'output'",
            Self::Yolov8 | Self::Int8 => "layout = 'yolov8'\ntensor = 'output'",
            Self::Yolov10 => "layout = 'yolov10'\ntensor = 'output'",
            Self::YoloxProbabilities => {
                "layout = 'yolox'\ntensor = 'output'\nstrides = [16]\nactivation = 'none'"
            }
            Self::YoloxLogits => {
                "layout = 'yolox'\ntensor = 'output'\nstrides = [16]\nactivation = 'sigmoid'"
            }
            Self::Rtdetr => "layout = 'rtdetr'\ntensor = 'output'",
            Self::Detr => {
                "layout = 'detr'\nboxes = 'boxes'\nscores = 'logits'\nactivation = 'sigmoid'"
            }
            Self::Dfine => {
                "layout = 'listed'\nboxes = 'boxes'\nscores = 'scores'\nlabels = 'labels'\n\
                 corners = 'xyxy'\nunit = 'pixel'\nfirst_label = 0"
            }
            Self::Ssd => {
                "layout = 'listed'\nboxes = 'boxes'\nscores = 'scores'\nlabels = 'labels'\n\
                 corners = 'yxyx'\nunit = 'share'\nfirst_label = 1"
            }
            Self::Classification => {
                "layout = 'classification'\ntensor = 'output'\nactivation = 'softmax'"
            }
        };
        // the SSD suppresses by itself
        let nms = match self.iou_max() {
            Some(iou) if self != Self::Ssd => format!("[nms]\niou = {iou}\n"),
            _ => String::new(),
        };
        format!("[output]\n{output}\n\n{nms}")
    }
}

/// Filters over a patch.
struct Convolution {
    /// By filter, plane, row and column.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Convolution {
    fn random(rng: &mut ChaCha8Rng, filters: usize, spread: f32, bias: f32) -> Self {
        let count = filters * 3 * PATCH * PATCH;
        Self {
            weights: (0..count)
                .map(|_| rng.random_range(-spread..spread))
                .collect(),
            bias: equal(bias, filters),
        }
    }

    /// Of the patch at `column`, `row`.
    fn at(&self, planes: &[Vec<Vec<f32>>; 3], column: usize, row: usize) -> Vec<f32> {
        let filters = self.weights.chunks(3 * PATCH * PATCH).zip(&self.bias);
        let sum = |(weights, bias): (&[f32], &f32)| {
            let mut sum = *bias;
            for (plane, weights) in planes.iter().zip(weights.chunks(PATCH * PATCH)) {
                for (y, weights) in weights.chunks(PATCH).enumerate() {
                    for (x, weight) in weights.iter().enumerate() {
                        sum += weight * plane[row * PATCH + y][column * PATCH + x];
                    }
                }
            }
            sum
        };
        filters.map(sum).collect()
    }

    fn write(&self, graph: &mut Graph, picture: &str, name: &str, quantised: bool) {
        let filters = self.bias.len() as i64;
        let (patch, weights) = (PATCH as i64, format!("{name}_weights"));
        let shape = [filters, 3, patch, patch];
        if quantised {
            let steps: Vec<u8> = self
                .weights
                .iter()
                .map(|w| ((w / STEP).round() as i8).cast_unsigned())
                .collect();
            let stored = format!("{name}_stored");
            graph.constant(&stored, Type::I8, &shape, &steps);
            let inputs = [stored.as_str(), "step", "step_zero"];
            graph.node("DequantizeLinear", &inputs, &weights, &[]);
        } else {
            graph.f32s(&weights, &shape, &self.weights);
        }
        let bias = format!("{name}_bias");
        graph.f32s(&bias, &[filters], &self.bias);
        let convolved = format!("{name}_convolved");
        graph.node(
            "Conv",
            &[picture, &weights, &bias],
            &convolved,
            &[
                ("kernel_shape", Attribute::Ints(&[patch, patch])),
                ("strides", Attribute::Ints(&[patch, patch])),
            ],
        );
        let flat = format!("{name}_flat");
        graph.i64s(&flat, &[1, filters, -1]);
        graph.node("Reshape", &[&convolved, &flat], name, &[]);
    }
}

/// What a weight is a whole multiple of when it is an int8.
const STEP: f32 = 0.0032;

/// A network and what it is meant to say.
pub(crate) struct Network {
    pub(crate) kind: Kind,
    pub(crate) look: Look,
    boxes: Convolution,
    scores: Convolution,
}

impl Network {
    pub(crate) fn random(kind: Kind, look: Look, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // a byte's way from -127 to 127 counts alike for every scale
        let spread = 0.1 / (127.0 * look.scale);
        let count = kind.objectness() + CLASSES;
        let mut scores = Convolution::random(&mut rng, count, 2.0 * spread, -0.5);
        scores.bias[..kind.objectness()].fill(3.0);
        // an offset on a grid is multiplied by its stride
        let on_grid = matches!(kind, Kind::YoloxLogits | Kind::YoloxProbabilities);
        let of_boxes = if on_grid { spread / 4.0 } else { spread };
        let mut boxes = Convolution::random(&mut rng, 4, of_boxes, 0.0);
        if kind == Kind::Int8 {
            for weight in boxes.weights.iter_mut().chain(&mut scores.weights) {
                *weight = (*weight / STEP).round().clamp(-127.0, 127.0) * STEP;
            }
        }
        Self {
            kind,
            look,
            boxes,
            scores,
        }
    }

    fn anchors(&self) -> Vec<(usize, usize)> {
        let (columns, rows) = (self.look.width / PATCH, self.look.height / PATCH);
        let row = |row| (0..columns).map(move |column| (column, row));
        (0..rows).flat_map(row).collect()
    }

    /// The four numbers of a box are `spread` times a share plus `start`, pixels of the input.
    fn spread_and_start(&self, (column, row): (usize, usize)) -> ([f32; 4], [f32; 4]) {
        let (x, y) = ((PATCH * column) as f32, (PATCH * row) as f32);
        if self.kind.corners() {
            let start = [x - 10.0, y - 10.0, x + 6.0, y + 6.0];
            ([12.0, 12.0, 30.0, 30.0], start)
        } else {
            ([16.0, 16.0, 36.0, 36.0], [x, y, 12.0, 12.0])
        }
    }

    /// By its definition: everything the network proposes, in pixels of the input.
    pub(crate) fn proposals(&self, planes: &[Vec<Vec<f32>>; 3]) -> Vec<Found> {
        if self.kind == Kind::Classification {
            return self.classes(planes);
        }
        let mut proposals = Vec::new();
        for anchor in self.anchors() {
            let raw = self.boxes.at(planes, anchor.0, anchor.1);
            let scores = self.scores.at(planes, anchor.0, anchor.1);
            let (objectness, scores) = scores.split_at(self.kind.objectness());
            let objectness = objectness.first().map_or(1.0, |raw| logistic(*raw));
            let numbers: [f32; 4] =
                if matches!(self.kind, Kind::YoloxLogits | Kind::YoloxProbabilities) {
                    let patch = PATCH as f32;
                    [
                        (raw[0] + anchor.0 as f32) * patch,
                        (raw[1] + anchor.1 as f32) * patch,
                        raw[2].exp() * patch,
                        raw[3].exp() * patch,
                    ]
                } else {
                    let (spread, start) = self.spread_and_start(anchor);
                    [0, 1, 2, 3].map(|n| logistic(raw[n]) * spread[n] + start[n])
                };
            let [a, b, c, d] = numbers;
            let pixel_box = if self.kind.corners() {
                sides(a, b, c, d)
            } else {
                sides(a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0)
            };
            let mut scored: Vec<Found> = scores
                .iter()
                .enumerate()
                .map(|(class, score)| Found {
                    class,
                    confidence: objectness * logistic(*score),
                    runner_up: 0.0,
                    pixel_box,
                })
                .collect();
            if self.kind != Kind::Ssd {
                // there each class is suppressed by itself
                scored.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
                scored[0].runner_up = scored[1].confidence;
                scored.truncate(1);
            }
            proposals.extend(scored);
        }
        proposals
    }

    fn classes(&self, planes: &[Vec<Vec<f32>>; 3]) -> Vec<Found> {
        let anchors = self.anchors();
        let of_all = anchors.iter().map(|a| self.scores.at(planes, a.0, a.1));
        let sums = of_all.reduce(|a, b| a.iter().zip(b).map(|(a, b)| a + b).collect());
        let mean = |sum: f32| (sum / anchors.len() as f32).exp();
        let powers: Vec<f32> = sums.unwrap().into_iter().map(mean).collect();
        let whole: f32 = powers.iter().sum();
        let look = self.look;
        let found = |(class, power)| Found {
            class,
            confidence: power / whole,
            runner_up: 0.0,
            pixel_box: sides(0.0, 0.0, look.width as f32, look.height as f32),
        };
        powers.into_iter().enumerate().map(found).collect()
    }

    /// The file.
    pub(crate) fn onnx(&self) -> Vec<u8> {
        let mut graph = Graph::default();
        let (width, height) = (self.look.width as i64, self.look.height as i64);
        let mut picture = "images";
        match self.kind {
            Kind::Ssd => {
                graph.input("images", Type::U8, &[1, height, width, 3]);
                graph.node("Cast", &["images"], "wide", &[("to", Attribute::Int(1))]);
                let planes = [("perm", Attribute::Ints(&[0, 3, 1, 2]))];
                graph.node("Transpose", &["wide"], "planes", &planes);
                picture = "planes";
            }
            Kind::Int8 => {
                graph.input("images", Type::F32, &[1, 3, height, width]);
                graph.f32s("step", &[], &[STEP]);
                graph.constant("step_zero", Type::I8, &[], &[0]);
                graph.f32s("level", &[], &[1.0 / 255.0]);
                graph.constant("level_zero", Type::U8, &[], &[0]);
                let with = ["images", "level", "level_zero"];
                graph.node("QuantizeLinear", &with, "levels", &[]);
                let with = ["levels", "level", "level_zero"];
                graph.node("DequantizeLinear", &with, "planes", &[]);
                picture = "planes";
            }
            // a size left open, as many exports have it
            Kind::Detr => graph.input("images", Type::F32, &[-1, 3, -1, -1]),
            _ => graph.input("images", Type::F32, &[1, 3, height, width]),
        }
        let quantised = self.kind == Kind::Int8;
        self.scores
            .write(&mut graph, picture, "raw_scores", quantised);
        if self.kind == Kind::Classification {
            let mean = [
                ("axes", Attribute::Ints(&[2])),
                ("keepdims", Attribute::Int(0)),
            ];
            graph.node("ReduceMean", &["raw_scores"], "output", &mean);
            graph.output("output", Type::F32, &[1, CLASSES as i64]);
            return graph.model();
        }
        self.boxes
            .write(&mut graph, picture, "raw_boxes", quantised);
        graph.node("Sigmoid", &["raw_scores"], "shares", &[]);
        self.write_boxes(&mut graph);
        super::heads::write(&mut graph, self.kind, self.anchors().len() as i64);
        graph.model()
    }

    /// `raw_boxes` → `placed`, what the layout counts its boxes in.
    fn write_boxes(&self, graph: &mut Graph) {
        let anchors = self.anchors();
        let per_pixel: [f32; 2] = match self.kind {
            Kind::Rtdetr | Kind::Detr | Kind::Dfine | Kind::Ssd => {
                [1.0 / self.look.width as f32, 1.0 / self.look.height as f32]
            }
            _ => [1.0, 1.0],
        };
        let per_pixel = [per_pixel[0], per_pixel[1], per_pixel[0], per_pixel[1]];
        let of_all: Vec<_> = anchors.iter().map(|a| self.spread_and_start(*a)).collect();
        let mut spread = Vec::new();
        let mut start = Vec::new();
        for n in 0..4 {
            spread.extend(of_all.iter().map(|(spread, _)| spread[n] * per_pixel[n]));
            start.extend(of_all.iter().map(|(_, start)| start[n] * per_pixel[n]));
        }
        let shape = [1, 4, anchors.len() as i64];
        graph.f32s("spread", &shape, &spread);
        graph.f32s("start", &shape, &start);
        graph.node("Sigmoid", &["raw_boxes"], "box_shares", &[]);
        graph.node("Mul", &["box_shares", "spread"], "box_spread", &[]);
        graph.node("Add", &["box_spread", "start"], "placed", &[]);
    }
}

fn sides(left: f32, top: f32, right: f32, bottom: f32) -> PixelBox {
    PixelBox {
        left,
        top,
        right,
        bottom,
    }
}
