//! 1. A frame comes in: cameras, the pictures platforms push or cameras are asked for, and the bounded
//!    queue they wait in.

pub mod background;
mod cadence;
#[expect(
    clippy::module_inception,
    reason = "a step's logic is named after the thing"
)]
mod camera;
pub mod exif;
mod frame;
pub mod health;
mod http;
mod intake;
pub mod jpeg;
mod last_frames;
mod mask;
mod registry;
pub mod source;
pub mod store;
mod zone;

pub use cadence::Cadence;
pub use camera::{Camera, CameraId, InvalidCameraId};
pub use frame::{Frame, FrameId};
pub use http::routes;
pub(crate) use http::{BodyProblem, BoundedBody, CameraDraft, HeldCamera, exists, recorded, take};
pub use intake::{Intake, NotTaken, Tally, Waiting};
pub use last_frames::{LastFrame, LastFrames};
pub use mask::{Mask, mostly_hidden};
pub use registry::Cameras;
pub use zone::{Hours, Zone};
