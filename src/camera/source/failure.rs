//! Why a camera that is asked gives no picture.

use std::time::Duration;

use super::parts::Malformed;
use crate::camera::jpeg::JpegProblem;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The address must not be asked.
    #[error("its address {0}")]
    Address(&'static str),
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("no answer within {} s", .0.as_secs_f32())]
    Late(Duration),
    /// 401 or 403. Cameras lock an account after a few wrong passwords.
    #[error("it does not accept the name and password")]
    Unauthorised,
    #[error("it sends us on to another address ({0})")]
    Redirected(u16),
    #[error("it answered {0}")]
    Answered(u16),
    #[error("{0}")]
    Malformed(#[from] Malformed),
    #[error("its answer is larger than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
    #[error("what it gives is not a picture: {0}")]
    NotAPicture(#[from] JpegProblem),
    #[error("no picture for {} s", .0.as_secs_f32())]
    Stalled(Duration),
    #[error("its stream ended")]
    Ended,
    /// Of ffmpeg, which speaks RTSP for us.
    #[error("the stream cannot be read: {0}")]
    Stream(String),
    #[error("ffmpeg is not there: {0}")]
    NoFfmpeg(String),
    #[error("its password was sealed under another key; give it again")]
    Sealed,
}

impl Failure {
    /// What the page and the metrics call it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Unreachable(_) => "unreachable",
            Self::Late(_) => "late",
            Self::Unauthorised => "unauthorised",
            Self::Redirected(_) => "redirected",
            Self::Answered(_) => "answered",
            Self::Malformed(_) => "malformed",
            Self::TooLarge { .. } => "too-large",
            Self::NotAPicture(_) => "not-a-picture",
            Self::Stalled(_) => "stalled",
            Self::Ended => "ended",
            Self::Stream(_) => "stream",
            Self::NoFfmpeg(_) => "no-ffmpeg",
            Self::Sealed => "sealed",
        }
    }

    /// Whether asking again soon does harm, or cannot help.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(
            self,
            Self::Address(_) | Self::Unauthorised | Self::NoFfmpeg(_) | Self::Sealed
        )
    }
}
