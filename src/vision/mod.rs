//! 2. Frame → detections. Only here stand OpenCV and ONNX Runtime.
//!
//! A [`Model`] is a folder: the network and a manifest that declares everything about it. Every
//! detector thread owns a [`Detector`] with a session and buffers of its own.

mod command;
mod detection;
mod detector;
mod fit;
mod input;
mod manifest;
mod model;
mod picture;
mod reading;
mod runtime;
mod tensor;

pub use command::{ModelArgs, run};
pub use detection::{Detection, Detections, ModelRef};
pub use detector::{Detector, Stages, UnreadableFrame};
pub use model::{Model, ModelError};
pub use runtime::Computing;
