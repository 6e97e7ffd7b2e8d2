//! Snapshots that cameras upload on command (GB/T 28181-2022, 9.14).
//!
//! A session has an upload URL, which is all that a device needs. SIP stays with the video platform: it is
//! given the command to send, and reports when the device has finished.

mod command;
mod file_id;
mod finished;
mod http;
mod store;

pub use file_id::SnapshotFileId;
pub use finished::{Finished, read_finished};
pub use http::routes;
pub use store::sweep;
