//! 2. Frame → detections. Only here stand OpenCV and ONNX Runtime.

mod detection;

pub use detection::{Detection, Detections, ModelRef};
