//! Pulled pictures go in by the same checks, counts and queue as pushed ones.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Failure;
use crate::camera::health::Health;
use crate::camera::{CameraId, Cameras, Frame, Intake, NotTaken, jpeg};
use crate::config::IntakeConfig;

/// `R`: the report a pusher may wait for; nobody waits for those of pulled pictures.
pub struct Door<R> {
    pub intake: Arc<Intake<R>>,
    pub cameras: Cameras,
    pub health: Arc<Health>,
    pub limits: IntakeConfig,
    /// Tells the time.
    pub now: Box<dyn Fn() -> DateTime<Utc> + Send + Sync>,
}

impl<R> fmt::Debug for Door<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door(…)")
    }
}

/// What became of a picture at the door.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Passed {
    In,
    /// The queue is full; the camera is not to blame.
    NoPlace,
    /// What the camera gave is no picture that is taken.
    Refused(Failure),
}

impl<R> Door<R> {
    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// Lets a picture of a camera in. It counts as taken when it came: that is what the service
    /// can vouch for.
    pub(super) fn let_in(&self, id: &CameraId, jpeg: Bytes) -> Passed {
        let now = self.now();
        let Some(camera) = self.cameras.get(id) else {
            // taken away a moment ago; its task ends with the next round
            self.intake.refuse(id, "no-camera");
            return Passed::NoPlace;
        };
        if let Err(problem) = check(&jpeg, &self.limits) {
            self.intake.refuse(id, problem.kind_at_door());
            return Passed::Refused(problem);
        }
        let frame = Frame {
            id: Uuid::now_v7(),
            camera,
            captured_at: now,
            received_at: now,
            jpeg,
        };
        match self.intake.offer(frame, None) {
            Ok(()) => {
                self.health.heard(id, now);
                Passed::In
            }
            Err(NotTaken::QueueFull { .. } | NotTaken::Closed) => Passed::NoPlace,
        }
    }
}

/// What a picture has to keep to.
pub(super) fn check(jpeg: &[u8], limits: &IntakeConfig) -> Result<(), Failure> {
    let bytes_max = limits.frame_bytes_max;
    if jpeg.len() > bytes_max {
        return Err(Failure::TooLarge { bytes_max });
    }
    jpeg::probe(jpeg, limits.frame_pixels_max)?;
    Ok(())
}

impl Failure {
    /// Under which reason frames are counted that a pushed one would be, too.
    fn kind_at_door(&self) -> &'static str {
        match self {
            Self::NotAPicture(problem) => problem.kind(),
            Self::TooLarge { .. } => "frame-too-large",
            Self::Address(_)
            | Self::Unreachable(_)
            | Self::Late(_)
            | Self::Unauthorised
            | Self::Redirected(_)
            | Self::Answered(_)
            | Self::Malformed(_)
            | Self::Stalled(_)
            | Self::Ended
            | Self::Stream(_)
            | Self::NoFfmpeg(_)
            | Self::Sealed => "not-a-jpeg",
        }
    }
}
