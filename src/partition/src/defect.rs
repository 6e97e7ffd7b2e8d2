//! What can be wrong with a file of cells.

use serde::{Deserialize, Serialize};

use crate::point::Point;
use crate::ring::Polygon;

/// One thing that is wrong, where it is, and whom it concerns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Defect {
    pub kind: DefectKind,
    /// Indices of the cells concerned, in ascending order.
    pub cells: Vec<u32>,
    /// Indices of the areas of the level above that are concerned, in ascending order.
    pub areas: Vec<u32>,
    pub place: Place,
    /// Of the place; zero for points and lines.
    pub area_m2: f64,
    /// About how wide the place is; for borders that are unmatched or not followed the largest
    /// distance to those that they should meet.
    pub width_mm: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefectKind {
    /// A ring that bounds no area as it should.
    InvalidRing(RingFault),
    /// Two cells that are the same ground.
    Duplicate,
    /// Ground claimed more than once: by several cells, or by several polygons of one.
    Overlap,
    /// Ground that no cell claims although cells lie all around it.
    Gap,
    /// A part of a cell narrower than the tolerance.
    Sliver,
    /// Borders of two cells that run together and are not drawn through the same points.
    Unmatched,
    /// Ground of a cell that no area of the level above has.
    Outside,
    /// A cell in several areas of the level above; the place is what lies in others than the one
    /// that has most of it.
    Across,
    /// A border of the level above that no cell's border follows.
    Unfollowed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RingFault {
    /// Fewer than three points, or no ring at all.
    TooShort,
    RepeatedPoint,
    /// The ring turns back on itself.
    Spike,
    SelfCrossing,
    /// The ring touches itself, so that its inside hangs together in a point.
    SelfTouch,
    HoleOutside,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Points(Vec<Point>),
    Lines(Vec<Vec<Point>>),
    Area(Vec<Polygon>),
}

impl DefectKind {
    /// Whether it is about how cells nest in a level above them.
    pub fn is_about_a_level(self) -> bool {
        match self {
            Self::Outside | Self::Across | Self::Unfollowed => true,
            Self::InvalidRing(_)
            | Self::Duplicate
            | Self::Overlap
            | Self::Gap
            | Self::Sliver
            | Self::Unmatched => false,
        }
    }
}

impl Defect {
    pub(crate) fn at_points(kind: DefectKind, cells: Vec<u32>, points: Vec<Point>) -> Self {
        Self {
            kind,
            cells,
            areas: Vec::new(),
            place: Place::Points(points),
            area_m2: 0.0,
            width_mm: 0.0,
        }
    }
}
