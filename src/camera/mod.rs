//! 1. A frame comes in: cameras, the pictures platforms push, and the bounded queue they wait in.

pub mod background;
#[expect(
    clippy::module_inception,
    reason = "a step's logic is named after the thing"
)]
mod camera;
mod frame;
pub mod health;
mod http;
mod intake;
pub mod jpeg;
mod last_frames;
mod registry;
pub mod store;
mod zone;

pub use camera::{Camera, CameraId, InvalidCameraId};
pub use frame::{Frame, FrameId};
pub use http::routes;
pub(crate) use http::{CameraDraft, HeldCamera, exists};
pub use intake::{Intake, NotTaken, Tally, Waiting};
pub use last_frames::{LastFrame, LastFrames};
pub use registry::Cameras;
pub use zone::{Hours, Zone};
