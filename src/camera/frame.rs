//! A picture on its way.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Camera;

/// Identity of an accepted frame; time-ordered (UUID version 7).
pub type FrameId = Uuid;

/// A picture that was accepted and waits for the detector.
#[derive(Debug, Clone)]
pub struct Frame {
    pub id: FrameId,
    pub camera: Arc<Camera>,
    /// When the camera took it, as the platform says.
    pub captured_at: DateTime<Utc>,
    /// When it came in here.
    pub received_at: DateTime<Utc>,
    /// The JPEG as it was pushed.
    pub jpeg: Bytes,
}
