//! What became of a frame, for the one who pushed it and waits.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::camera::{Frame, FrameId};
use crate::cases::CaseId;
use crate::catalogue::ClassCode;
use crate::ground::OffGround;
use crate::space::{ErrorEllipse, PixelBox};
use crate::territory::Placement;
use crate::vision::{Detections, ModelRef};

/// What became of a frame.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FrameReport {
    #[schema(value_type = uuid::Uuid)]
    pub frame_id: FrameId,
    pub captured_at: DateTime<Utc>,
    pub outcome: FrameOutcome,
    /// Why it was not processed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Null when it was not looked at.
    pub image: Option<ImageSize>,
    /// The models that looked.
    pub models: Vec<ModelRef>,
    /// Most confident first; then what was found in the background, if this frame completed one.
    pub detections: Vec<DetectionReport>,
}

/// How far a frame came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FrameOutcome {
    /// Looked at, and what was confirmed is filed.
    Processed,
    /// A newer frame of its camera took its place in the queue.
    Superseded,
    Failed,
}

/// Pixels of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImageSize {
    pub width: u32,
    pub height: u32,
}

/// What became of one thing found in a frame.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DetectionReport {
    /// Name of the model that found it; `background`: no model, it stands where nothing stood.
    pub model: String,
    /// The model's own word for it.
    pub label: String,
    /// Null for things that are no problem, such as a bin that is not full.
    #[schema(value_type = Option<String>, example = "M06042")]
    pub class: Option<ClassCode>,
    /// 0 to 1.
    pub confidence: f32,
    /// In pixels of the picture, origin top left.
    #[serde(rename = "box")]
    pub pixel_box: PixelBox,
    pub place: Option<PlaceReport>,
    /// Whether it was found in the camera's median background and not in the frame itself.
    pub background: bool,
    /// Since when it has been where it must not stay; only of classes that are an event if they stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staying_since: Option<DateTime<Utc>>,
    /// Why it is not followed further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
    /// Its case; null while it is not confirmed.
    #[schema(value_type = Option<i64>)]
    pub case_id: Option<CaseId>,
}

/// Where something is, and whose that spot is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlaceReport {
    /// Degrees, WGS 84.
    pub lon: f64,
    /// Degrees, WGS 84.
    pub lat: f64,
    pub ellipse: ErrorEllipse,
    #[serde(flatten)]
    pub placement: Placement,
}

/// Why a detection was not followed further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dropped {
    /// No sighting rule says how its class becomes a case.
    NoRule,
    /// Another model was surer of the same thing in the same place.
    Doubled,
    /// The model was less sure than the class's rule asks for.
    Unsure,
    /// The camera has no calibration, or one for pictures of other proportions.
    Uncalibrated,
    /// Its foot is at or above the horizon.
    BehindHorizon,
    /// Its foot is outside the ground its camera is believed in.
    OutsideGround,
    /// Nothing of its class is so narrow or so wide.
    ImpossibleSize,
    /// The model saw what passed: the background shows something else there.
    NotStanding,
    /// None of the components it could belong to is in reach.
    NoComponent,
    /// No cell is there.
    OutsideCity,
    /// Not in a zone where it must not stay, or outside its hours.
    OutsideZone,
    /// In such a zone, but not for long enough.
    Passing,
    /// Most of it is where nobody may look.
    Masked,
    /// It stands there, and a model says that it is something else.
    Explained,
    /// Its camera looks elsewhere than its calibration says.
    CameraMoved,
}

impl Dropped {
    /// The word for it in metrics; the same as in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRule => "no_rule",
            Self::Doubled => "doubled",
            Self::Unsure => "unsure",
            Self::Uncalibrated => "uncalibrated",
            Self::BehindHorizon => "behind_horizon",
            Self::OutsideGround => "outside_ground",
            Self::ImpossibleSize => "impossible_size",
            Self::NotStanding => "not_standing",
            Self::NoComponent => "no_component",
            Self::OutsideCity => "outside_city",
            Self::OutsideZone => "outside_zone",
            Self::Passing => "passing",
            Self::Masked => "masked",
            Self::Explained => "explained",
            Self::CameraMoved => "camera_moved",
        }
    }
}

impl From<OffGround> for Dropped {
    fn from(off_ground: OffGround) -> Self {
        match off_ground {
            OffGround::BehindHorizon => Self::BehindHorizon,
            OffGround::OutsideGround => Self::OutsideGround,
        }
    }
}

impl FrameReport {
    /// For a frame that gave its place in the queue to a newer one.
    pub fn superseded(frame: &Frame) -> Self {
        let reason = "a newer frame of this camera took its place".to_owned();
        Self::unseen(frame, FrameOutcome::Superseded, reason)
    }

    /// For a frame that could not be processed.
    pub fn failed(frame: &Frame, reason: String) -> Self {
        Self::unseen(frame, FrameOutcome::Failed, reason)
    }

    pub(super) fn processed(
        frame: &Frame,
        seen: &[Detections],
        detections: Vec<DetectionReport>,
    ) -> Self {
        Self {
            frame_id: frame.id,
            captured_at: frame.captured_at,
            outcome: FrameOutcome::Processed,
            reason: None,
            image: seen.first().map(|seen| ImageSize {
                width: seen.image_width_px,
                height: seen.image_height_px,
            }),
            models: seen.iter().map(|s| ModelRef::clone(&s.model)).collect(),
            detections,
        }
    }

    fn unseen(frame: &Frame, outcome: FrameOutcome, reason: String) -> Self {
        Self {
            frame_id: frame.id,
            captured_at: frame.captured_at,
            outcome,
            reason: Some(reason),
            image: None,
            models: Vec::new(),
            detections: Vec::new(),
        }
    }
}
