//! Cameras that are asked for their pictures: snapshots, MJPEG over HTTP, and RTSP.
//!
//! A [`Source`] is what an administrator said of a camera. Each that a process holds the lease of
//! has a task (`puller.rs`) that opens its [`Feed`](feed::Feed), takes pictures through the same
//! checks and queue as pushed ones ([`Door`]), and comes back after a failure, later each time.
//! [`Pulls`] starts and stops the tasks.

mod auth;
mod door;
mod failure;
mod feed;
pub mod onvif;
pub mod parts;
mod puller;
mod pulls;
mod relay;
mod rtsp;
#[expect(
    clippy::module_inception,
    reason = "a step's logic is named after the thing"
)]
mod source;
mod state;
pub(super) mod store;
mod web;

pub use door::Door;
pub use failure::Failure;
pub use feed::Shot;
pub use pulls::{NotTried, Pulls};
pub use source::{Login, Source, SourceKind, is_period, period};
pub use state::{LastFailure, Phase, PullState};
