//! Whether a plan can be published, and what to look at before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cityward_partition::{FaceId, Ground as OfFace, Limits, Partition, Point};
use serde::Serialize;
use utoipa::ToSchema;

use super::duty::{Duty, duties};
use super::ground::Ground;
use super::outcome::{NewCell, Outcome};
use crate::catalogue::ClassScope;
use crate::import::SEQUENCE_MAX;
use crate::rules::{RuleSet, RuleSetId};
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
    /// Who is to answer is not there on the plan's date.
    UnitAbsent,
    /// The border between two communities moves.
    CommunityBorderMoved,
    /// A routing rule is for a cell whose code ends.
    RouteLost,
    /// Nobody answers for it.
    NoUnit,
    /// Ground inside that no cell has, as before.
    Unclaimed,
    Small,
    Large,
    /// Who answers for it, as before, is not there on the plan's date: nobody will.
    OwnerAbsent,
}

impl FindingKind {
    fn severity(self) -> Severity {
        match self {
            Self::Nothing
            | Self::BaseMoved
            | Self::UnclaimedNew
            | Self::CrossesCommunities
            | Self::NoCommunity
            | Self::CodesUsedUp
            | Self::UnitAbsent => Severity::Error,
            Self::CommunityBorderMoved
            | Self::RouteLost
            | Self::NoUnit
            | Self::OwnerAbsent
            | Self::Unclaimed
            | Self::Small
            | Self::Large => Severity::Warning,
        }
    }
}

/// The numbers and codes in a finding, for those who say it in their own words.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum About {
    Area {
        area_m2: f64,
    },
    /// The first twelve digits of the codes of their cells.
    Communities(Vec<String>),
    /// Of one community.
    Codes {
        community: String,
        given: usize,
        wanted: usize,
        most: usize,
    },
    Unit(Duty),
    /// A routing rule of this set.
    Route {
        #[schema(value_type = String, example = "M06")]
        classes: ClassScope,
        #[schema(value_type = i32)]
        rule_set: RuleSetId,
    },
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
    pub(super) about: Option<About>,
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
            about: None,
            detail: detail.into(),
        }
    }

    fn about(self, about: About) -> Self {
        Self {
            about: Some(about),
            ..self
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
            let about = About::Codes {
                community: community.to_owned(),
                given,
                wanted,
                most: SEQUENCE_MAX,
            };
            found.push(Finding::of_plan(FindingKind::CodesUsedUp, detail).about(about));
        }
    }
    found
}

/// Cells of which somebody answers for something who is not there, by this plan or as before; `present`:
/// who is, on the plan's date.
pub(super) fn units_absent(
    base: &Ground,
    after: &Partition,
    outcome: &Outcome,
    present: &BTreeSet<i32>,
) -> Vec<Finding> {
    let given: BTreeSet<(FaceId, Duty)> = outcome.given(base).into_iter().collect();
    let all = { after.faces().iter() }
        .filter(|(_, face)| face.ground == OfFace::Cell)
        .flat_map(|(id, face)| duties(face).into_iter().map(|duty| (*id, duty)));
    let absent = all.filter(|(_, duty)| !present.contains(&duty.unit_id));
    absent
        .map(|(face, duty)| {
            let kind = if given.contains(&(face, duty)) {
                FindingKind::UnitAbsent
            } else {
                FindingKind::OwnerAbsent
            };
            let detail = format!("unit {} is not there on the plan's date", duty.unit_id);
            Finding::at(base, after, kind, face, detail).about(About::Unit(duty))
        })
        .collect()
}

/// Routing rules of these sets that are for a single cell whose code ends with the plan: nothing would go
/// by them any more.
pub(super) fn routes_lost(base: &Ground, outcome: &Outcome, sets: &[Arc<RuleSet>]) -> Vec<Finding> {
    let kept: BTreeSet<&str> = { outcome.cells.iter() }
        .filter_map(|cell| cell.kept.as_deref())
        .collect();
    let ended = { outcome.ended.iter() }.filter_map(|face| Some((*face, base.code(*face)?)));
    let mut found = Vec::new();
    for (face, code) in ended.filter(|(_, code)| !kept.contains(code)) {
        for (set, rule) in sets
            .iter()
            .flat_map(|set| set.routes().iter().map(move |rule| (set, rule)))
        {
            if rule.place.is_cell(code) {
                let detail = format!("a routing rule of set {} is for {code}", set.id().0);
                let about = About::Route {
                    classes: rule.classes,
                    rule_set: set.id(),
                };
                let kind = FindingKind::RouteLost;
                let place = centre(&base.partition, face).map(|point| base.place(point));
                found.push(Finding {
                    code: Some(code.to_owned()),
                    place,
                    ..Finding::of_plan(kind, detail).about(about)
                });
            }
        }
    }
    found
}

fn of_cell(base: &Ground, after: &Partition, cell: &NewCell, found: &mut Vec<Finding>) {
    let limits = Limits::default();
    let of = |kind, detail: String| Finding::at(base, after, kind, cell.face, detail);
    let communities: Vec<String> = cell.communities.iter().cloned().collect();
    let several = communities.join(", ");
    match (&cell.kept, communities.as_slice()) {
        (Some(code), [_, _, ..]) => {
            let detail = format!("{code} gets ground of {several}");
            let about = About::Communities(communities);
            found.push(of(FindingKind::CommunityBorderMoved, detail).about(about));
        }
        (None, [_, _, ..]) => {
            let detail = format!("made of ground of {several}");
            let about = About::Communities(communities);
            found.push(of(FindingKind::CrossesCommunities, detail).about(about));
        }
        (None, []) => {
            let detail = "no published cell is beside it".to_owned();
            found.push(of(FindingKind::NoCommunity, detail));
        }
        (_, [_]) | (Some(_), []) => {}
    }
    if cell.unit_id.is_none() {
        let detail = "nobody answers for it".to_owned();
        found.push(of(FindingKind::NoUnit, detail));
    }
    let area_m2 = cell.area_m2;
    let sized = |kind| of(kind, format!("{area_m2:.0} m²")).about(About::Area { area_m2 });
    if area_m2 < limits.area_min_m2 {
        found.push(sized(FindingKind::Small));
    } else if area_m2 > limits.area_max_m2 {
        found.push(sized(FindingKind::Large));
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
