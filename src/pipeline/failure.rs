//! Frames that cannot be processed: each is logged once and counted; the line goes on.

use metrics::counter;

use super::FrameReport;
use crate::camera::Frame;
use crate::telemetry;
use crate::vision::{ModelError, UnreadableFrame};

/// Why a frame was not processed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Unreadable(#[from] UnreadableFrame),
    #[error("none of the models that its camera names is loaded")]
    NoModel,
    #[error("the detector panicked")]
    Panicked,
    #[error("a detector could not be made: {0}")]
    NoDetector(#[from] ModelError),
    #[error("what was seen could not be filed: {0:#}")]
    NotFiled(anyhow::Error),
}

impl Failure {
    /// Logs and counts it; returns what the pusher is told.
    pub(super) fn of(self, frame: &Frame) -> FrameReport {
        let reason = match &self {
            Self::Unreadable(_) => "unreadable",
            Self::NoModel => "no-model",
            Self::Panicked | Self::NoDetector(_) => "panicked",
            Self::NotFiled(_) => "not-filed",
        };
        counter!(telemetry::FRAMES, "outcome" => "failed", "reason" => reason).increment(1);
        tracing::warn!(camera = %frame.camera.id, frame = %frame.id, error = %self, "a frame failed");
        FrameReport::failed(frame, self.to_string())
    }
}
