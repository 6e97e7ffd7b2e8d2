//! Why an operation cannot be done, and what to look at where it can.

use serde::{Deserialize, Serialize};

use crate::ids::FaceId;
use crate::point::Point;
use crate::subject::Subject;

/// Why an operation is not done, with the place to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    #[error("there is no such face")]
    NoFace { face: FaceId },
    #[error("there is no vertex at this place")]
    NoVertex { at: Point },
    #[error("no border runs between these places")]
    NoBorder { from: Point, to: Point },
    #[error("the place is outside the plane")]
    OutOfRange { at: Point },
    #[error("the face is locked")]
    Locked { face: FaceId },
    #[error("the border would cross or touch another")]
    Crossing { at: Point },
    #[error("the border would fold over another")]
    FoldOver { at: Point },
    #[error("the face would be too narrow")]
    Sliver {
        face: FaceId,
        at: Point,
        width_mm: f64,
    },
    #[error("the face would not hang together")]
    Disconnected { face: FaceId, at: Point },
    #[error("nothing would be left of the face")]
    Vanishing { face: FaceId },
    #[error("the line does not divide the face")]
    NoDivision { face: FaceId },
    #[error("only borders that meet here hold the vertex")]
    Joint { at: Point },
    #[error("two faces or more are needed")]
    TooFewFaces,
    #[error("nothing would change")]
    Nothing,
}

impl Refusal {
    /// Where it fails, as far as that is one place.
    pub fn at(&self) -> Option<Point> {
        match self {
            Self::NoVertex { at }
            | Self::OutOfRange { at }
            | Self::Crossing { at }
            | Self::FoldOver { at }
            | Self::Sliver { at, .. }
            | Self::Disconnected { at, .. }
            | Self::Joint { at } => Some(*at),
            Self::NoBorder { from, .. } => Some(*from),
            Self::NoFace { .. }
            | Self::Locked { .. }
            | Self::Vanishing { .. }
            | Self::NoDivision { .. }
            | Self::TooFewFaces
            | Self::Nothing => None,
        }
    }

    /// The face it is about.
    pub fn face(&self) -> Option<FaceId> {
        match self {
            Self::NoFace { face }
            | Self::Locked { face }
            | Self::Sliver { face, .. }
            | Self::Disconnected { face, .. }
            | Self::Vanishing { face }
            | Self::NoDivision { face } => Some(*face),
            Self::NoVertex { .. }
            | Self::NoBorder { .. }
            | Self::OutOfRange { .. }
            | Self::Crossing { .. }
            | Self::FoldOver { .. }
            | Self::Joint { .. }
            | Self::TooFewFaces
            | Self::Nothing => None,
        }
    }
}

/// What is allowed and yet to be looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    Small {
        face: FaceId,
        area_m2: f64,
    },
    Large {
        face: FaceId,
        area_m2: f64,
    },
    /// One of the faces that were merged had somebody else for a subject than the first of them,
    /// whose duties the new face has.
    OtherDuties {
        face: FaceId,
        subject: Subject,
    },
}

/// How large and how narrow faces may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Below it a face is warned of.
    pub area_min_m2: f64,
    /// Above it a face is warned of.
    pub area_max_m2: f64,
    /// No face may become narrower.
    pub width_min_mm: f64,
}

impl Default for Limits {
    /// About the 10,000 m² that GB/T 30428.1 has in mind for a unit grid cell.
    fn default() -> Self {
        Self {
            area_min_m2: 2_000.0,
            area_max_m2: 30_000.0,
            width_min_mm: 1_000.0,
        }
    }
}
