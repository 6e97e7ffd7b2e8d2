//! What a platform is told about a frame it waited for.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::camera::{Frame, FrameId};
use crate::catalogue::ClassCode;
use crate::space::{ErrorEllipse, PixelBox};
use crate::territory::{Because, PlacedCell, PlacedComponent, Unit};
use crate::vision::ModelRef;

/// How a frame ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FrameOutcome {
    /// It was looked at, and what follows from it is committed.
    Processed,
    /// A newer frame of its camera took its place in the queue.
    Superseded,
    /// It could not be looked at; `reason` says why.
    Failed,
}

/// The whole story of one frame.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FrameReport {
    #[schema(value_type = Uuid)]
    pub frame_id: FrameId,
    pub captured_at: DateTime<Utc>,
    pub outcome: FrameOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub image: Option<ImageSize>,
    pub model: Option<ModelRef>,
    /// Most confident first.
    pub detections: Vec<DetectionReport>,
}

/// Size of the picture that was pushed, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImageSize {
    pub width: u32,
    pub height: u32,
}

/// One thing the model found, and what became of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DetectionReport {
    /// The model's word.
    pub label: String,
    /// The catalogue class; none for things that are no problem.
    pub class: Option<ClassCode>,
    pub confidence: f32,
    pub r#box: PixelBox,
    pub place: Option<PlaceReport>,
    /// Why it has no place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
    /// The case it opened or joined; none while it is not confirmed by enough frames.
    pub case_id: Option<i64>,
}

/// Where it stands and whose that is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PlaceReport {
    pub lon: f64,
    pub lat: f64,
    /// 95 % error ellipse.
    pub ellipse: ErrorEllipse,
    pub cell: PlacedCell,
    pub component: Option<PlacedComponent>,
    pub unit: Option<Unit>,
    pub because: Because,
}

/// Why something that was found was not placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dropped {
    /// At or above the horizon.
    BehindHorizon,
    /// Outside the ground its camera is believed in.
    OutsideGround,
    /// In no cell of the city.
    OutsideCity,
    /// Its camera has no calibration.
    Uncalibrated,
}

impl Dropped {
    /// The label of the metric.
    pub fn reason(self) -> &'static str {
        match self {
            Self::BehindHorizon => "behind_horizon",
            Self::OutsideGround => "outside_ground",
            Self::OutsideCity => "outside_city",
            Self::Uncalibrated => "uncalibrated",
        }
    }
}

impl FrameReport {
    fn without_detections(frame: &Frame, outcome: FrameOutcome, reason: &str) -> Self {
        Self {
            frame_id: frame.id,
            captured_at: frame.captured_at,
            outcome,
            reason: Some(reason.to_owned()),
            image: None,
            model: None,
            detections: Vec::new(),
        }
    }

    /// For a frame that gave its place to a newer one.
    pub fn superseded(frame: &Frame) -> Self {
        Self::without_detections(
            frame,
            FrameOutcome::Superseded,
            "a newer frame of this camera came in",
        )
    }

    /// For a frame that could not be looked at.
    pub fn failed(frame: &Frame, reason: &str) -> Self {
        Self::without_detections(frame, FrameOutcome::Failed, reason)
    }
}
