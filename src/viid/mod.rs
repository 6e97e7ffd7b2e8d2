//! Cameras that speak GA/T 1400: the service as a view library (视图库), to which devices register and
//! send pictures.
//!
//! What comes in is read by [`read`], bytes to typed objects, liberal in what it accepts; what is
//! taken becomes frames by the same door as pushed ones. Pictures of persons are never taken.

mod device;
mod device_id;
pub mod digest;
mod http;
mod keep;
mod nonce;
mod peer;
pub mod read;
mod status;
mod store;

pub use device_id::DeviceId;
pub use http::{access_routes, device_routes};
pub use keep::keep;
pub use nonce::Nonces;
pub use peer::keep as keep_peers;
pub use status::Code;

/// What is sealed of libraries that we subscribe to: passwords and addresses, under the key of webhooks.
const SEALED: &str = "view library";
