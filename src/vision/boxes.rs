//! What a network puts out → boxes in pixels of its input. Pure.

use super::manifest::Layout;
use crate::space::PixelBox;

/// A box the network proposes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// Index among the classes of the manifest.
    pub(super) class: usize,
    pub(super) confidence: f32,
    /// In pixels of the input.
    pub(super) pixel_box: PixelBox,
}

/// Reads outputs of one layout; its buffers live from frame to frame.
#[derive(Debug)]
pub(super) struct BoxReader {
    layout: Layout,
    /// For `Yolox`: x and y of each anchor's grid cell and its stride, pixels.
    grid: Vec<[f32; 3]>,
    /// Per class; none: never reported.
    thresholds: Vec<Option<f32>>,
    /// Best class of each anchor so far and its score.
    best: Vec<(f32, usize)>,
}

impl BoxReader {
    pub(super) fn new(
        layout: &Layout,
        input_width: u32,
        input_height: u32,
        thresholds: Vec<Option<f32>>,
    ) -> Self {
        let grid = match layout {
            Layout::Yolov8 => Vec::new(),
            Layout::Yolox { strides } => grid(strides, input_width, input_height),
        };
        Self {
            layout: layout.clone(),
            grid,
            thresholds,
            best: Vec::new(),
        }
    }

    /// The shape the output must have; -1 where the layout leaves it open.
    pub(super) fn shape(&self) -> [i64; 3] {
        let classes = self.thresholds.len() as i64;
        match self.layout {
            Layout::Yolov8 => [1, 4 + classes, -1],
            Layout::Yolox { .. } => [1, self.grid.len() as i64, 5 + classes],
        }
    }

    /// Whether an output of this shape can be read; -1 stands for a dimension not yet known.
    pub(super) fn accepts(&self, shape: &[i64]) -> bool {
        shape.len() == 3
            && shape
                .iter()
                .zip(self.shape())
                .all(|(actual, expected)| *actual == -1 || expected == -1 || *actual == expected)
    }

    /// How many classes an output of this shape scores, if it is of three known dimensions.
    pub(super) fn class_count(&self, shape: &[i64]) -> Option<i64> {
        let &[_, second, third] = shape else {
            return None;
        };
        let count = match self.layout {
            Layout::Yolov8 => second - 4,
            Layout::Yolox { .. } => third - 5,
        };
        (count >= 0).then_some(count)
    }

    /// Proposals at or above their class's threshold, in no order. `output` has the shape of
    /// [`Self::shape`].
    pub(super) fn read(&mut self, output: &[f32], found: &mut Vec<Candidate>) {
        found.clear();
        match self.layout {
            Layout::Yolov8 => self.read_yolov8(output, found),
            Layout::Yolox { .. } => self.read_yolox(output, found),
        }
    }

    fn read_yolov8(&mut self, output: &[f32], found: &mut Vec<Candidate>) {
        let anchors = output.len() / (4 + self.thresholds.len());
        let (boxes, scores) = output.split_at(4 * anchors);
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

    fn read_yolox(&self, output: &[f32], found: &mut Vec<Candidate>) {
        let row_len = 5 + self.thresholds.len();
        for (row, [grid_x, grid_y, stride]) in output.chunks_exact(row_len).zip(&self.grid) {
            let objectness = row[4];
            let (class, score) =
                row[5..]
                    .iter()
                    .enumerate()
                    .fold((0, 0.0), |best, (class, score)| {
                        if *score > best.1 {
                            (class, *score)
                        } else {
                            best
                        }
                    });
            let confidence = objectness * score;
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

    fn passes(&self, class: usize, confidence: f32) -> bool {
        self.thresholds[class].is_some_and(|threshold| confidence >= threshold)
    }
}

/// Keeps the most confident of the boxes that overlap by more than `iou_max`; sorts by
/// confidence, highest first.
pub(super) fn suppress(found: &mut Vec<Candidate>, iou_max: f32, across_classes: bool) {
    found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let mut kept = 0;
    for next in 0..found.len() {
        let candidate = found[next];
        let doubled = found[..kept].iter().any(|better| {
            (across_classes || better.class == candidate.class)
                && better.pixel_box.iou(&candidate.pixel_box) > iou_max
        });
        if !doubled {
            found[kept] = candidate;
            kept += 1;
        }
    }
    found.truncate(kept);
}

fn grid(strides: &[u32], input_width: u32, input_height: u32) -> Vec<[f32; 3]> {
    let cells = |stride: u32| {
        let (columns, rows) = (input_width / stride, input_height / stride);
        (0..rows).flat_map(move |y| (0..columns).map(move |x| [x as f32, y as f32, stride as f32]))
    };
    strides.iter().flat_map(|stride| cells(*stride)).collect()
}

fn push(found: &mut Vec<Candidate>, class: usize, confidence: f32, [x, y, w, h]: [f32; 4]) {
    let pixel_box = PixelBox {
        left: x - w / 2.0,
        top: y - h / 2.0,
        right: x + w / 2.0,
        bottom: y + h / 2.0,
    };
    // A network may overflow; such a box is none.
    if w > 0.0 && h > 0.0 && (x + y + w + h).is_finite() {
        found.push(Candidate {
            class,
            confidence,
            pixel_box,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn yolov8_takes_the_best_class_of_each_anchor_above_its_threshold() {
        let mut reader = BoxReader::new(&Layout::Yolov8, 32, 32, vec![Some(0.5), Some(0.9), None]);
        assert_eq!(reader.shape(), [1, 7, -1]);
        let output = [
            [10.0, 20.0, 30.0, 1.0],   // x of four anchors
            [10.0, 20.0, 30.0, 1.0],   // y
            [4.0, 6.0, 8.0, 1.0],      // width
            [2.0, 6.0, 8.0, 1.0],      // height
            [0.6, 0.6, 0.1, 0.9],      // scores of class 0
            [0.1, 0.8, 0.1, 0.1],      // class 1: best of the second anchor, but below 0.9
            [0.1, 0.1, 0.9, f32::NAN], // class 2 is never reported
        ]
        .concat();
        let mut found = Vec::new();
        reader.read(&output, &mut found);
        assert_eq!(
            found,
            [
                candidate(0, 0.6, boxed(8.0, 9.0, 12.0, 11.0)),
                candidate(0, 0.9, boxed(0.5, 0.5, 1.5, 1.5)),
            ]
        );
    }

    #[test]
    fn yolox_is_decoded_on_its_grids() {
        let layout = Layout::Yolox {
            strides: vec![16, 32],
        };
        let mut reader = BoxReader::new(&layout, 32, 32, vec![Some(0.3)]);
        assert_eq!(reader.shape(), [1, 5, 6]);
        let mut output = vec![0.0; 5 * 6];
        // The fourth anchor: column 1, row 1 of the grid of stride 16.
        output[18..24].copy_from_slice(&[0.5, 0.25, 0.0, 2.0_f32.ln(), 0.8, 0.5]);
        // The fifth: the one cell of stride 32; objectness times score is too little.
        output[24..30].copy_from_slice(&[0.5, 0.5, 0.0, 0.0, 0.5, 0.5]);
        let mut found = Vec::new();
        reader.read(&output, &mut found);
        assert_eq!(found.len(), 1);
        assert!((found[0].confidence - 0.4).abs() < 1e-6);
        let expected = boxed(16.0, 4.0, 32.0, 36.0);
        assert!(found[0].pixel_box.iou(&expected) > 0.9999);
    }

    #[test]
    fn boxes_that_overflow_are_none() {
        let mut found = Vec::new();
        push(&mut found, 0, 0.9, [f32::INFINITY, 0.0, 1.0, 1.0]);
        push(&mut found, 0, 0.9, [0.0, 0.0, f32::NAN, 1.0]);
        push(&mut found, 0, 0.9, [0.0, 0.0, -1.0, 1.0]);
        assert_eq!(found, []);
    }

    #[test]
    fn the_more_confident_of_two_overlapping_boxes_stays() {
        let low = candidate(0, 0.5, boxed(0.0, 0.0, 10.0, 10.0));
        let high = candidate(0, 0.9, boxed(1.0, 0.0, 11.0, 10.0));
        let other_class = candidate(1, 0.7, boxed(0.0, 0.0, 10.0, 10.0));
        let apart = candidate(0, 0.6, boxed(50.0, 0.0, 60.0, 10.0));

        let mut found = vec![low, high, other_class, apart];
        suppress(&mut found, 0.5, false);
        assert_eq!(found, [high, other_class, apart]);

        let mut found = vec![low, high, other_class, apart];
        suppress(&mut found, 0.5, true);
        assert_eq!(found, [high, apart]);
    }
}
