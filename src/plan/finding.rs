//! Whether a plan can be published, and what to look at before.

use std::collections::{BTreeMap, BTreeSet};

use cityward_partition::{FaceId, Ground as OfFace, Limits, Partition, Point};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::Ground;
use super::outcome::{NewCell, Outcome};
use crate::import::SEQUENCE_MAX;
use crate::space::GroundPoint;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// It cannot be published so.
    Error,
    Warning,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum FindingKind {
    /// Nothing would change.
    Nothing,
    /// Other ground was published since the plan began.
    BaseMoved,
    /// Ground that nobody has and that was somebody's, or outside, before.
    UnclaimedNew,
    /// A cell of several communities; it lies in exactly one.
    CrossesCommunities,
    /// No cell beside it says in which community it lies.
    NoCommunity,
    /// A community has at most 999 codes, and none is given twice.
    CodesUsedUp,
    /// The border between two communities moves.
    CommunityBorderMoved,
    /// Nobody answers for it.
    NoUnit,
    /// Ground inside that no cell has, as before.
    Unclaimed,
    Small,
    Large,
}

impl FindingKind {
    fn severity(self) -> Severity {
        match self {
            Self::Nothing
            | Self::BaseMoved
            | Self::UnclaimedNew
            | Self::CrossesCommunities
            | Self::NoCommunity
            | Self::CodesUsedUp => Severity::Error,
            Self::CommunityBorderMoved
            | Self::NoUnit
            | Self::Unclaimed
            | Self::Small
            | Self::Large => Severity::Warning,
        }
    }
}

/// One thing found, with its place.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) kind: FindingKind,
    #[schema(value_type = Option<u32>)]
    pub(super) face: Option<FaceId>,
    /// Of a published cell.
    pub(super) code: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub(super) place: Option<GroundPoint>,
    pub(super) detail: String,
}

impl Finding {
    pub(super) fn of_plan(kind: FindingKind, detail: impl Into<String>) -> Self {
        Self {
            severity: kind.severity(),
            kind,
            face: None,
            code: None,
            place: None,
            detail: detail.into(),
        }
    }

    fn at(
        ground: &Ground,
        after: &Partition,
        kind: FindingKind,
        face: FaceId,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            face: Some(face),
            code: ground.code(face).map(ToOwned::to_owned),
            place: centre(after, face).map(|point| ground.place(point)),
            ..Self::of_plan(kind, detail)
        }
    }
}

/// Everything that can be told from the ground alone.
pub(super) fn findings(base: &Ground, after: &Partition, outcome: &Outcome) -> Vec<Finding> {
    let mut found = Vec::new();
    if outcome.is_nothing() {
        let nothing = "nothing differs from what is published";
        found.push(Finding::of_plan(FindingKind::Nothing, nothing));
    }
    for (&face, planned) in after.faces() {
        if planned.ground != OfFace::Cell {
            let was = base.partition.faces().get(&face);
            let is_new = was.is_none_or(|was| was.ground == OfFace::Cell);
            let kind = if is_new {
                FindingKind::UnclaimedNew
            } else {
                FindingKind::Unclaimed
            };
            found.push(Finding::at(
                base,
                after,
                kind,
                face,
                "no cell has this ground",
            ));
        }
    }
    for cell in &outcome.cells {
        of_cell(base, after, cell, &mut found);
    }
    found
}

/// Communities that have no codes left for their new cells; `taken`: the sequence numbers each has
/// given.
pub(super) fn codes_used_up(
    outcome: &Outcome,
    taken: &BTreeMap<String, BTreeSet<usize>>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (community, cells) in outcome.numbered() {
        let given = taken.get(community).map_or(0, BTreeSet::len);
        let wanted = cells.len();
        if given + wanted > SEQUENCE_MAX {
            let detail =
                format!("{community} has given {given} of {SEQUENCE_MAX} codes; {wanted} more");
            found.push(Finding::of_plan(FindingKind::CodesUsedUp, detail));
        }
    }
    found
}

fn of_cell(base: &Ground, after: &Partition, cell: &NewCell, found: &mut Vec<Finding>) {
    let limits = Limits::default();
    let mut say =
        |kind, detail: String| found.push(Finding::at(base, after, kind, cell.face, detail));
    let communities: Vec<&str> = cell.communities.iter().map(String::as_str).collect();
    match (&cell.kept, communities.as_slice()) {
        (Some((code, _)), [_, _, ..]) => say(
            FindingKind::CommunityBorderMoved,
            format!("{code} gets ground of {}", communities.join(", ")),
        ),
        (None, [_, _, ..]) => say(
            FindingKind::CrossesCommunities,
            format!("made of ground of {}", communities.join(", ")),
        ),
        (None, []) => say(
            FindingKind::NoCommunity,
            "no published cell is beside it".to_owned(),
        ),
        (_, [_]) | (Some(_), []) => {}
    }
    if cell.unit_id.is_none() {
        say(FindingKind::NoUnit, "nobody answers for it".to_owned());
    }
    let area = format!("{:.0} m²", cell.area_m2);
    if cell.area_m2 < limits.area_min_m2 {
        say(FindingKind::Small, area);
    } else if cell.area_m2 > limits.area_max_m2 {
        say(FindingKind::Large, area);
    }
}

/// The middle of the box around a face: where a map shows it.
pub(super) fn centre(partition: &Partition, face: FaceId) -> Option<Point> {
    let polygons = partition.polygons(face);
    let points = || polygons.iter().flat_map(|polygon| &polygon.exterior);
    let between = |low: Option<i32>, high: Option<i32>| Some(low?.midpoint(high?));
    Some(Point::new(
        between(points().map(|p| p.x).min(), points().map(|p| p.x).max())?,
        between(points().map(|p| p.y).min(), points().map(|p| p.y).max())?,
    ))
}
