//! Layouts that score every class for every box they could propose.

use super::{Candidate, Reader, best, logistic, push};
use crate::vision::manifest::Activation;

impl Reader {
    /// Rows of centre, size, objectness and scores.
    pub(super) fn read_yolov5(&self, rows: &[f32], found: &mut Vec<Candidate>) {
        for row in rows.chunks_exact(5 + self.thresholds.len()) {
            let (class, score) = best(&row[5..]);
            let confidence = row[4] * score;
            if self.passes(class, confidence) {
                push(found, class, confidence, [row[0], row[1], row[2], row[3]]);
            }
        }
    }

    /// The transpose: all centres' x, all their y, widths, heights, then the scores class by class.
    pub(super) fn read_yolov8(&mut self, columns: &[f32], found: &mut Vec<Candidate>) {
        let anchors = columns.len() / (4 + self.thresholds.len());
        if anchors == 0 {
            return;
        }
        let (boxes, scores) = columns.split_at(4 * anchors);
        self.best.clear();
        self.best.resize(anchors, (0.0, 0));
        for (class, scores) in scores.chunks_exact(anchors).enumerate() {
            for (best, score) in self.best.iter_mut().zip(scores) {
                if *score > best.0 {
                    *best = (*score, class);
                }
            }
        }
        for (anchor, (confidence, class)) in self.best.iter().enumerate() {
            if self.passes(*class, *confidence) {
                let [x, y, width, height] = [0, 1, 2, 3].map(|part| boxes[part * anchors + anchor]);
                push(found, *class, *confidence, [x, y, width, height]);
            }
        }
    }

    /// Rows as of `yolov5`, their boxes still on the grids.
    pub(super) fn read_yolox(
        &self,
        rows: &[f32],
        activation: Activation,
        found: &mut Vec<Candidate>,
    ) {
        let row_len = 5 + self.thresholds.len();
        for (row, [grid_x, grid_y, stride]) in rows.chunks_exact(row_len).zip(&self.grid) {
            let (class, score) = best(&row[5..]);
            let confidence = match activation {
                Activation::Sigmoid => logistic(row[4]) * logistic(score),
                Activation::None | Activation::Softmax => row[4] * score,
            };
            if self.passes(class, confidence) {
                let centre_and_size = [
                    (row[0] + grid_x) * stride,
                    (row[1] + grid_y) * stride,
                    row[2].exp() * stride,
                    row[3].exp() * stride,
                ];
                push(found, class, confidence, centre_and_size);
            }
        }
    }

    /// Rows of centre, size and scores; the box in shares of the input.
    pub(super) fn read_rtdetr(&self, rows: &[f32], found: &mut Vec<Candidate>) {
        for row in rows.chunks_exact(4 + self.thresholds.len()) {
            let (class, confidence) = best(&row[4..]);
            if self.passes(class, confidence) {
                let shares = [row[0], row[1], row[2], row[3]];
                push(found, class, confidence, self.pixels(shares));
            }
        }
    }

    /// The same in two tensors of equally many rows.
    pub(super) fn read_detr(
        &self,
        boxes: &[f32],
        scores: &[f32],
        activation: Activation,
        found: &mut Vec<Candidate>,
    ) {
        let (boxes, _) = boxes.as_chunks::<4>();
        let scores = scores.chunks_exact(self.thresholds.len());
        for (shares, scores) in boxes.iter().zip(scores) {
            let (class, score) = best(scores);
            let confidence = probability(score, scores, activation);
            if self.passes(class, confidence) {
                push(found, class, confidence, self.pixels(*shares));
            }
        }
    }

    /// Every class of the picture as a whole.
    pub(super) fn read_classification(
        &self,
        scores: &[f32],
        activation: Activation,
        found: &mut Vec<Candidate>,
    ) {
        let whole = self.pixels([0.5, 0.5, 1.0, 1.0]);
        for (class, score) in scores.iter().enumerate() {
            let confidence = probability(*score, scores, activation);
            if self.passes(class, confidence) {
                push(found, class, confidence, whole);
            }
        }
    }

    /// x and y, twice, from shares of the input to pixels of it.
    fn pixels(&self, [x, y, width, height]: [f32; 4]) -> [f32; 4] {
        let (wide, high) = (self.input_width, self.input_height);
        [x * wide, y * high, width * wide, height * high]
    }
}

/// What a network's number says of one class, `all` being the numbers of every class.
fn probability(score: f32, all: &[f32], activation: Activation) -> f32 {
    match activation {
        Activation::None => score,
        Activation::Sigmoid => logistic(score),
        // 1 over the sum of differences does not overflow where e^score would
        Activation::Softmax => 1.0 / all.iter().map(|other| (other - score).exp()).sum::<f32>(),
    }
}
