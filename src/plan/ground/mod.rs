//! The published ground as a partition: every cell a face between borders it shares.

mod build;
mod cache;
mod http;
mod store;

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use cityward_partition::{Degrees, FaceId, Frame, Partition, Point};
use serde::Serialize;
use utoipa::ToSchema;

use super::duty::{Duty, duties};
use crate::space::GroundPoint;
use crate::territory::{Edition, Unit};

pub(super) use build::{ROUNDING_MM, cell_geometry, overlaps};
pub use cache::Grounds;
pub(super) use cache::NoGround;
pub(super) use http::{PartitionHead, no_ground, octets, routes};
pub(super) use store::span;

/// Faces that a plan makes are named from here: no published cell gets there, so a plan's steps
/// mean the same on whatever ground they are done again.
pub(super) const FIRST_PLANNED: FaceId = FaceId(1_000_000_000);
/// Faces of ground inside that no cell has, in the order of the partition. Before those that are still
/// to be made, as in every partition: who reads one looks at that.
pub(super) const FIRST_UNCLAIMED: FaceId = FaceId(900_000_000);

/// The moments between which the published ground is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Span {
    /// The newest edition of which something is valid.
    pub(super) edition: Edition,
    pub(super) valid_from: DateTime<Utc>,
    /// When a cell or a responsibility begins or ends next, as far as is known.
    pub(super) valid_to: Option<DateTime<Utc>>,
}

/// A published cell, without its border.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct GroundCell {
    #[schema(value_type = u32)]
    pub(super) face: FaceId,
    pub(super) cell_id: i32,
    /// 15 digits, GB/T 30428.1.
    pub(super) code: String,
    pub(super) name: String,
    /// Who answers for whatever has no rule of its own there.
    pub(super) unit_id: Option<i32>,
}

/// The published ground of a [`Span`].
#[derive(Debug)]
pub struct Ground {
    pub(super) span: Span,
    pub(super) frame: Frame,
    pub(super) partition: Partition,
    pub(super) cells: BTreeMap<FaceId, GroundCell>,
    pub(super) units: HashMap<i32, Unit>,
    bytes: Bytes,
}

impl Ground {
    /// [`Partition::to_bytes`].
    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Names the bytes.
    pub(super) fn tag(&self) -> String {
        let Span {
            edition,
            valid_from,
            ..
        } = &self.span;
        let form = Partition::FORM;
        format!("{form}-{}-{}", edition.id, valid_from.timestamp_micros())
    }

    /// The code of a face that is a published cell.
    pub(super) fn code(&self, face: FaceId) -> Option<&str> {
        self.cells.get(&face).map(|cell| cell.code.as_str())
    }

    /// Who answered for what on a face; nobody where it was none.
    pub(super) fn duties(&self, face: FaceId) -> Vec<Duty> {
        self.partition.faces().get(&face).map_or(Vec::new(), duties)
    }

    pub(super) fn point(&self, place: GroundPoint) -> Option<Point> {
        self.frame.point(Degrees {
            lon: place.lon,
            lat: place.lat,
        })
    }

    pub(super) fn place(&self, point: Point) -> GroundPoint {
        let Degrees { lon, lat } = self.frame.degrees(point);
        GroundPoint { lon, lat }
    }
}
