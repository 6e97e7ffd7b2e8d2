//! Which outputs a layout has, and in which shapes.

use crate::vision::manifest::Output;

/// An output as the manifest promises it; a leading dimension of 1, the batch, may be there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::vision) struct Expected {
    pub(in crate::vision) tensor: String,
    pub(in crate::vision) axes: Vec<Axis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vision) enum Axis {
    /// Of this length.
    Of(usize),
    /// As long as there are classes, and this much longer.
    Classes { beside: usize },
    /// Of any length.
    Any,
}

/// Why a shape is not the promised one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::vision) enum Misfit {
    #[error("which scores {0} classes")]
    Classes(i64),
    /// -1 stands for any length.
    #[error("not {0:?}")]
    Shape(Vec<i64>),
}

/// The outputs of a layout, in the order in which it reads them.
#[derive(Debug, Clone)]
pub(in crate::vision) struct Outputs {
    /// Tensors of f32.
    pub(in crate::vision) numbers: Vec<Expected>,
    /// A tensor of labels: i64, i32 or whole f32.
    pub(in crate::vision) labels: Option<Expected>,
}

impl Outputs {
    /// `anchors`: how many rows `Output::Yolox` has, which its grids say.
    pub(super) fn of(output: &Output, anchors: usize) -> Self {
        use Axis::{Any, Classes, Of};
        let expected = |tensor: &str, axes: &[Axis]| Expected {
            tensor: tensor.to_owned(),
            axes: axes.to_vec(),
        };
        let mut labelled = None;
        let numbers = match output {
            Output::Yolov5 { tensor } => vec![expected(tensor, &[Any, Classes { beside: 5 }])],
            Output::Yolov8 { tensor } => vec![expected(tensor, &[Classes { beside: 4 }, Any])],
            Output::Yolov10 { tensor } => vec![expected(tensor, &[Any, Of(6)])],
            Output::Yolox { tensor, .. } => {
                vec![expected(tensor, &[Of(anchors), Classes { beside: 5 }])]
            }
            Output::Rtdetr { tensor } => vec![expected(tensor, &[Any, Classes { beside: 4 }])],
            Output::Detr { boxes, scores, .. } => vec![
                expected(boxes, &[Any, Of(4)]),
                expected(scores, &[Any, Classes { beside: 0 }]),
            ],
            Output::Listed {
                boxes,
                scores,
                labels,
                count,
                ..
            } => {
                labelled = Some(expected(labels, &[Any]));
                let mut numbers = vec![expected(boxes, &[Any, Of(4)]), expected(scores, &[Any])];
                numbers.extend(count.as_ref().map(|count| expected(count, &[Of(1)])));
                numbers
            }
            Output::Classification { tensor, .. } => {
                vec![expected(tensor, &[Classes { beside: 0 }])]
            }
        };
        Self {
            numbers,
            labels: labelled,
        }
    }
}

impl Expected {
    /// Whether an output of this shape can be read; -1 stands for a length not yet known.
    pub(in crate::vision) fn compare(&self, shape: &[i64], classes: usize) -> Result<(), Misfit> {
        let classes = classes as i64;
        let promised: Vec<i64> = self
            .axes
            .iter()
            .map(|axis| match *axis {
                Axis::Of(length) => length as i64,
                Axis::Classes { beside } => classes + beside as i64,
                Axis::Any => -1,
            })
            .collect();
        let actual = match shape {
            [1 | -1, rest @ ..] if rest.len() == promised.len() => rest,
            _ => shape,
        };
        if actual.len() != promised.len() {
            return Err(Misfit::Shape(promised));
        }
        let off: Vec<usize> = (0..actual.len())
            .filter(|&d| actual[d] != -1 && promised[d] != -1 && actual[d] != promised[d])
            .collect();
        match off[..] {
            [] => Ok(()),
            [only] => match self.axes[only] {
                Axis::Classes { beside } if actual[only] >= beside as i64 => {
                    Err(Misfit::Classes(actual[only] - beside as i64))
                }
                Axis::Classes { .. } | Axis::Of(_) | Axis::Any => Err(Misfit::Shape(promised)),
            },
            _ => Err(Misfit::Shape(promised)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yolov5(shape: &[i64]) -> Result<(), Misfit> {
        let tensor = "output".to_owned();
        let outputs = Outputs::of(&Output::Yolov5 { tensor }, 0);
        outputs.numbers[0].compare(shape, 3)
    }

    #[test]
    fn a_shape_fits_with_the_batch_and_without() {
        assert_eq!(yolov5(&[1, 25_200, 8]), Ok(()));
        assert_eq!(yolov5(&[25_200, 8]), Ok(()));
        assert_eq!(yolov5(&[-1, -1, 8]), Ok(()));
        assert_eq!(yolov5(&[-1, -1, -1]), Ok(()));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert_eq!(yolov5(&[1, 25_200, 85]), Err(Misfit::Classes(80)));
        let another = || Err(Misfit::Shape(vec![-1, 8]));
        assert_eq!(yolov5(&[1, 25_200, 4]), another());
        assert_eq!(yolov5(&[2, 25_200, 8]), another());
        assert_eq!(yolov5(&[1, 3, 80, 80, 8]), another());
        assert_eq!(yolov5(&[8]), another());
        assert_eq!(yolov5(&[]), another());
    }
}
