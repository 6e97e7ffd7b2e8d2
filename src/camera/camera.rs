//! A camera and where it looks.

use std::fmt;
use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{Mask, Zone};
use crate::ground::Calibration;
use crate::space::GroundPoint;

/// The name a platform knows a camera by: 1 to 64 of `A-Z a-z 0-9 _ -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CameraId(String);

/// A camera id that is empty, too long or holds another character.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a camera id is 1 to 64 letters, digits, '-' or '_'")]
pub struct InvalidCameraId;

impl TryFrom<String> for CameraId {
    type Error = InvalidCameraId;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        let form = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let valid = (1..=64).contains(&id.len()) && id.chars().all(form);
        if valid {
            Ok(Self(id))
        } else {
            Err(InvalidCameraId)
        }
    }
}

impl From<CameraId> for String {
    fn from(id: CameraId) -> Self {
        id.0
    }
}

impl CameraId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CameraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A camera as the frame pipeline needs it.
#[derive(Debug, Clone)]
pub struct Camera {
    pub id: CameraId,
    /// The platform whose token may push its frames; `None`: nobody's.
    pub platform_id: Option<i32>,
    pub name_zh: String,
    pub name_en: String,
    pub location: GroundPoint,
    pub height_m: Option<f64>,
    /// Names of the models that look at its frames; `None`: all.
    pub models: Option<Vec<String>>,
    /// Where something must not stay.
    pub zones: Vec<Zone>,
    /// How often it is asked for a picture; `None`: its pictures are pushed.
    pub pulled_every: Option<TimeDelta>,
    /// What nobody may see of its picture.
    pub masks: Arc<[Mask]>,
    /// The newest calibration; without one nothing it sees can be placed.
    pub calibration: Option<Arc<Calibration>>,
}

impl Camera {
    /// Whether the model with this name looks at its frames.
    pub fn is_looked_at_by(&self, model: &str) -> bool {
        let named = |names: &Vec<String>| names.iter().any(|name| name == model);
        self.models.as_ref().is_none_or(named)
    }
}
