//! 2. Frame → detections. Only here stand OpenCV and ONNX Runtime.
//!
//! A [`Model`] is a folder: the network and a manifest that declares everything about it. Every
//! detector thread owns a [`Detector`] of each, with sessions and buffers of its own, and one
//! [`Picture`] in which a frame is decoded once for all of them.

mod background;
mod command;
mod detection;
mod detector;
mod fit;
mod glancer;
mod http;
mod input;
mod manifest;
mod model;
mod models;
mod picture;
mod reading;
mod redact;
mod runtime;
mod shadow;
mod tensor;

pub use background::{Reducer, jpeg_of};
pub use command::{ModelArgs, run};
pub use detection::{Detection, Detections, ModelRef};
pub use detector::{Detector, Stages, UnreadableFrame};
pub use glancer::Glancer;
pub use http::routes;
pub use model::{Model, ModelError};
pub use models::{Models, Reloaded, Roster};
pub use picture::Picture;
pub use redact::{About, Redacted, Redaction, Redactor, Shot, masked};
pub use runtime::Computing;
pub use shadow::{Agreement, Counted, Shadow};
