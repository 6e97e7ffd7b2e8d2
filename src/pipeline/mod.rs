//! One frame's way to the map. Start reading here.

mod report;

pub use report::{DetectionReport, Dropped, FrameOutcome, FrameReport, ImageSize, PlaceReport};
