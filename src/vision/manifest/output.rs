//! How the numbers that come out of a network are to be read: the layouts people export.

use serde::Deserialize;

/// `[output]`: `layout` says which of these it is, the other keys name its tensors. A leading
/// dimension of 1, the batch, may be there or not.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "layout", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::vision) enum Output {
    /// [anchors, 5 + classes]: centre x, y, width, height in pixels of the input, objectness, one
    /// score per class; 0 to 1, to be multiplied. Also YOLOX that decodes its boxes itself.
    Yolov5 { tensor: String },
    /// [4 + classes, anchors]: centre x, y, width, height in pixels of the input, then one score
    /// per class, 0 to 1. YOLOv8, 9 and 11.
    Yolov8 { tensor: String },
    /// [boxes, 6]: left, top, right, bottom in pixels of the input, score, class. Without
    /// suppression, or with it inside: YOLOv10 and other networks that are exported end to end.
    Yolov10 { tensor: String },
    /// [anchors, 5 + classes]: offsets on the grids of the strides, decoded here; objectness and
    /// one score per class, to be multiplied.
    Yolox {
        tensor: String,
        strides: Vec<u32>,
        activation: Activation,
    },
    /// [queries, 4 + classes]: centre x, y, width, height as shares of the input, then one score
    /// per class, 0 to 1. RT-DETR in one tensor.
    Rtdetr { tensor: String },
    /// `boxes` [queries, 4]: centre x, y, width, height as shares of the input; `scores`
    /// [queries, classes]. RT-DETR, D-FINE and DETR as they are before their post-processing; the
    /// class "nothing" of a softmax is one of the classes, without a threshold.
    Detr {
        boxes: String,
        scores: String,
        activation: Activation,
    },
    /// What is found, one after the other: `boxes` [n, 4], `scores` [n], `labels` [n] (i64, i32 or
    /// whole f32). SSD with its suppression inside; RT-DETR and D-FINE with their post-processing.
    Listed {
        boxes: String,
        scores: String,
        labels: String,
        /// One number: how many of the n are meant.
        count: Option<String>,
        corners: Corners,
        unit: Unit,
        /// The label of the first class; 1 where 0 is the background.
        first_label: u32,
    },
    /// [classes]: what the picture as a whole shows. Every class at or above its threshold is
    /// found in a box around everything.
    Classification {
        tensor: String,
        activation: Activation,
    },
}

/// What makes a network's scores probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::vision) enum Activation {
    /// They are.
    None,
    /// The logistic function of each.
    Sigmoid,
    /// The classes exclude each other and share 1.
    Softmax,
}

/// The four numbers of a listed box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::vision) enum Corners {
    /// left, top, right, bottom
    Xyxy,
    /// top, left, bottom, right
    Yxyx,
    /// centre x, centre y, width, height
    Cxcywh,
}

/// What a listed box counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::vision) enum Unit {
    /// Pixels of the input.
    Pixel,
    /// Shares of the input, 0 to 1.
    Share,
}
