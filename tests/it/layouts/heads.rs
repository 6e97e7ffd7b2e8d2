//! What exporters put behind a network: the same boxes and scores in their different shapes.
//!
//! There are `raw_boxes` and `raw_scores` as the convolutions leave them, `placed` boxes and
//! `shares` of scores, each [1, numbers, anchors].

use super::networks::{CLASSES, Kind, THRESHOLD};
use crate::onnx::{Attribute, Graph, Type};

pub(crate) fn write(graph: &mut Graph, kind: Kind, anchors: i64) {
    let classes = CLASSES as i64;
    match kind {
        Kind::Yolov8 | Kind::Int8 => {
            join(graph, &["placed", "shares"], "output");
            graph.output("output", Type::F32, &[1, 4 + classes, anchors]);
        }
        Kind::Yolov5 => {
            join(graph, &["placed", "shares"], "columns");
            turn(graph, "columns", "output");
            graph.output("output", Type::F32, &[1, anchors, 5 + classes]);
        }
        Kind::YoloxProbabilities | Kind::YoloxLogits => {
            let logits = kind == Kind::YoloxLogits;
            let scores = if logits { "raw_scores" } else { "shares" };
            join(graph, &["raw_boxes", scores], "columns");
            turn(graph, "columns", "output");
            graph.output("output", Type::F32, &[1, anchors, 5 + classes]);
        }
        Kind::Yolov10 => {
            surest(graph, 1);
            let float = [("to", Attribute::Int(1))];
            graph.node("Cast", &["surest_class"], "label", &float);
            join(graph, &["placed", "surest_share", "label"], "columns");
            turn(graph, "columns", "output");
            graph.output("output", Type::F32, &[1, anchors, 6]);
        }
        Kind::Rtdetr => {
            join(graph, &["placed", "shares"], "columns");
            turn(graph, "columns", "output");
            graph.output("output", Type::F32, &[1, -1, 4 + classes]);
        }
        Kind::Detr => {
            turn(graph, "placed", "boxes");
            turn(graph, "raw_scores", "logits");
            graph.output("boxes", Type::F32, &[-1, -1, 4]);
            graph.output("logits", Type::F32, &[-1, -1, classes]);
        }
        Kind::Dfine => dfine(graph, anchors),
        Kind::Ssd => ssd(graph),
        Kind::Classification => {}
    }
}

/// The best class of every anchor, scaled by the size the network is told.
fn dfine(graph: &mut Graph, anchors: i64) {
    graph.input("orig_target_sizes", Type::I64, &[1, 2]);
    let float = [("to", Attribute::Int(1))];
    graph.node("Cast", &["orig_target_sizes"], "size", &float);
    let twice = [("axis", Attribute::Int(1))];
    graph.node("Concat", &["size", "size"], "corners_size", &twice);
    turn(graph, "placed", "rows");
    graph.node("Mul", &["rows", "corners_size"], "boxes", &[]);
    surest(graph, 0);
    graph.node("Identity", &["surest_share"], "scores", &[]);
    graph.node("Identity", &["surest_class"], "labels", &[]);
    graph.output("boxes", Type::F32, &[1, anchors, 4]);
    graph.output("scores", Type::F32, &[1, anchors]);
    graph.output("labels", Type::I64, &[1, anchors]);
}

/// Suppressed inside: as many rows as are left, labels from 1, corners top first.
fn ssd(graph: &mut Graph) {
    turn(graph, "placed", "left_first");
    graph.i64s("top_first", &[1, 0, 3, 2]);
    let columns = [("axis", Attribute::Int(2))];
    graph.node("Gather", &["left_first", "top_first"], "rows", &columns);
    graph.i64s("most", &[1000]);
    graph.f32s("iou", &[1], &[0.45]);
    graph.f32s("least", &[1], &[THRESHOLD]);
    let with = ["rows", "shares", "most", "iou", "least"];
    graph.node("NonMaxSuppression", &with, "kept", &[]);
    graph.node("GatherND", &["shares", "kept"], "scores", &[]);
    graph.constant("one", Type::I64, &[], &1_i64.to_le_bytes());
    graph.constant("two", Type::I64, &[], &2_i64.to_le_bytes());
    let column = || [("axis", Attribute::Int(1))];
    graph.node("Gather", &["kept", "one"], "kept_class", &column());
    graph.node("Add", &["kept_class", "one"], "labels", &[]);
    graph.node("Gather", &["kept", "two"], "kept_anchor", &column());
    graph.i64s("flat", &[-1, 4]);
    graph.node("Reshape", &["rows", "flat"], "flat_rows", &[]);
    let row = [("axis", Attribute::Int(0))];
    graph.node("Gather", &["flat_rows", "kept_anchor"], "boxes", &row);
    graph.output("boxes", Type::F32, &[-1, 4]);
    graph.output("scores", Type::F32, &[-1]);
    graph.output("labels", Type::I64, &[-1]);
}

/// `surest_share` and `surest_class` of every anchor.
fn surest(graph: &mut Graph, keepdims: i64) {
    let over = [
        ("axes", Attribute::Ints(&[1])),
        ("keepdims", Attribute::Int(keepdims)),
    ];
    graph.node("ReduceMax", &["shares"], "surest_share", &over);
    let over = [
        ("axis", Attribute::Int(1)),
        ("keepdims", Attribute::Int(keepdims)),
    ];
    graph.node("ArgMax", &["shares"], "surest_class", &over);
}

fn join(graph: &mut Graph, parts: &[&str], whole: &str) {
    graph.node("Concat", parts, whole, &[("axis", Attribute::Int(1))]);
}

fn turn(graph: &mut Graph, columns: &str, rows: &str) {
    let perm = [("perm", Attribute::Ints(&[0, 2, 1]))];
    graph.node("Transpose", &[columns], rows, &perm);
}
