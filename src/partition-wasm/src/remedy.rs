//! What can be done at once about a face that a planner has to look at.

use std::collections::{BTreeMap, BTreeSet};

use cityward_partition::{FaceId, Ground, Operation, Point, Polygon};
use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::told::RefusalTold;

/// What is the matter with a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Concern {
    /// Nobody or several claim it.
    Undecided,
    Unowned,
    /// It falls into several pieces.
    Apart,
    Small,
    Large,
}

/// By what it is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Means {
    /// It becomes a part of a neighbour.
    JoinTo,
    /// It becomes a cell of its own.
    Settle,
    /// It gets the owner of a neighbour.
    OwnAs,
    /// Its smallest piece goes to a neighbour.
    PieceTo,
}

/// An operation that mends it, and why it could not be done.
#[derive(Debug, Serialize)]
pub(crate) struct Remedy<'a> {
    pub means: Means,
    /// The neighbour.
    pub to: Option<FaceId>,
    pub label: &'a str,
    pub operation: Operation,
    pub refused: Option<RefusalTold>,
}

/// Neighbours that ground in question is offered to.
const OFFERED_MAX: usize = 2;
/// Neighbours that are tried, those with the longest border first.
const TRIED_MAX: usize = 6;

impl Desk {
    /// What mends a face: with the neighbour it has the longest border with, of those with which
    /// it can be done. Where it cannot with any, the first says why.
    pub(crate) fn remedies(&self, face: FaceId, concern: Concern) -> Vec<Remedy<'_>> {
        let join = |to: FaceId| Operation::Merge {
            faces: vec![to, face],
        };
        match concern {
            Concern::Undecided => {
                let claimants = self.claimants_first(face);
                let mut remedies = self.with_one_of(&claimants, OFFERED_MAX, Means::JoinTo, join);
                remedies.push(self.remedy(Means::Settle, None, Operation::Settle { face }));
                remedies
            }
            Concern::Small => self.with_one_of(&self.beside(face), 1, Means::JoinTo, join),
            Concern::Unowned => {
                let owner_of = |face: FaceId| self.partition.faces()[&face].owner;
                let mut owned = self.beside(face);
                owned.retain(|face| owner_of(*face).is_some());
                // which of the units are there still the page knows
                self.with_one_of(&owned, TRIED_MAX, Means::OwnAs, |to| Operation::SetOwner {
                    faces: vec![face],
                    owner: owner_of(to),
                })
            }
            Concern::Apart => {
                let Some((piece, beside)) = self.smallest_piece(face) else {
                    return Vec::new();
                };
                self.with_one_of(&beside, 1, Means::PieceTo, |to| Operation::Transfer {
                    polygon: piece.clone(),
                    from: Some(face),
                    to: Some(to),
                })
            }
            // where it is divided is for a person to say
            Concern::Large => Vec::new(),
        }
    }

    fn remedy(&self, means: Means, to: Option<FaceId>, operation: Operation) -> Remedy<'_> {
        let planned = operation.plan(&self.partition, &self.limits);
        Remedy {
            means,
            to,
            label: to.map_or("", |face| self.label(face)),
            refused: planned.err().map(|why| self.refusal(why)),
            operation,
        }
    }

    fn with_one_of(
        &self,
        neighbours: &[FaceId],
        most: usize,
        means: Means,
        operation: impl Fn(FaceId) -> Operation,
    ) -> Vec<Remedy<'_>> {
        let tried = neighbours.iter().take(TRIED_MAX);
        let (done, refused): (Vec<_>, Vec<_>) = tried
            .map(|&to| self.remedy(means, Some(to), operation(to)))
            .partition(|remedy| remedy.refused.is_none());
        if done.is_empty() {
            return refused.into_iter().take(1).collect();
        }
        done.into_iter().take(most).collect()
    }

    /// The cells beside a face, that with the longest border first.
    fn beside(&self, face: FaceId) -> Vec<FaceId> {
        self.neighbours(face)
            .iter()
            .map(|beside| beside.face)
            .collect()
    }

    fn claimants_first(&self, face: FaceId) -> Vec<FaceId> {
        let mut beside = self.beside(face);
        let ground = self.partition.faces().get(&face).map(|face| &face.ground);
        if let Some(Ground::Contested(claimants)) = ground {
            beside.sort_by_key(|face| !claimants.contains(face));
        }
        beside
    }

    /// The smallest of several pieces of a face, and the cells beside that piece.
    fn smallest_piece(&self, face: FaceId) -> Option<(Polygon, Vec<FaceId>)> {
        let pieces = self.partition.polygons(face);
        let smallest = pieces
            .iter()
            .min_by(|one, other| one.area_m2().total_cmp(&other.area_m2()))
            .filter(|_| pieces.len() > 1)?;
        let corners: BTreeSet<Point> = smallest.rings().flatten().copied().collect();
        let mut borders: BTreeMap<FaceId, f64> = BTreeMap::new();
        for arc in self.partition.arcs_of_face(face) {
            let arc = &self.partition.arcs()[arc];
            if !arc.line.iter().all(|point| corners.contains(point)) {
                continue;
            }
            let length_mm: f64 = arc.line.segments().map(|(a, b)| a.distance_mm(b)).sum();
            let others = arc.sides().into_iter().flatten();
            for other in others.filter(|other| *other != face) {
                *borders.entry(other).or_default() += length_mm;
            }
        }
        let is_cell = |face: &FaceId| self.partition.faces()[face].ground == Ground::Cell;
        let mut beside: Vec<FaceId> = borders.keys().copied().filter(is_cell).collect();
        beside.sort_by(|one, other| borders[other].total_cmp(&borders[one]));
        Some((smallest.clone(), beside))
    }
}
