//! The published ground moved under a draft: what the draft makes of a cell (mine), what was
//! published meanwhile (theirs), and both together (merged), with a person's choice between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cityward_partition::geojson::place;
use cityward_partition::{
    FaceId, Ground as OfFace, Operation, Partition, Place, Refusal, Subject, Warning, difference,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::duty::{Duty, special_duties, unit_of};
use super::ground::{FIRST_PLANNED, Ground};
use super::outcome::{changed, is_rounding};
use super::working::Working;

/// Cells that are shown, those with a conflict first.
const SHOWN_MAX: usize = 200;
/// A name for faces that are not there any more, above everything that is.
const GONE: u32 = 3_000_000_000;

/// Whose a cell is to be where both changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Take {
    /// As the draft had it.
    Mine,
    /// As it was published.
    Theirs,
}

/// What a person chose, by cell; of the others both are merged.
pub(super) type Choices = BTreeMap<FaceId, Take>;

/// A step that is in effect on the new ground.
#[derive(Debug)]
pub(super) struct Kept {
    /// The step it was; none: a choice asks for it.
    pub(super) seq: Option<i32>,
    pub(super) operation: Operation,
    pub(super) warnings: Vec<Warning>,
}

/// A step that is not done again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct LeftOut {
    pub(super) seq: i32,
    /// Why it cannot be done; null: a choice is against it.
    #[schema(value_type = Option<Object>)]
    pub(super) refusal: Option<Refusal>,
}

/// A choice that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("face {}: {refusal}", face.0)]
pub(super) struct Unmet {
    pub(super) face: FaceId,
    pub(super) refusal: Refusal,
}

/// A draft on the ground of now.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) working: Working,
    pub(super) kept: Vec<Kept>,
    pub(super) left_out: Vec<LeftOut>,
    /// Every step is in effect as it was, and nothing else.
    pub(super) is_plain: bool,
}

impl Merged {
    /// Does a draft's steps again on other ground as far as they go, and what the choices ask for.
    ///
    /// # Errors
    /// A choice that cannot be had.
    pub(super) fn of(
        mine: &Working,
        theirs: Arc<Ground>,
        steps: &[(i32, Operation)],
        choices: &Choices,
    ) -> Result<Self, Unmet> {
        let mut merged = Self {
            working: Working::on(theirs),
            kept: Vec::new(),
            left_out: Vec::new(),
            is_plain: true,
        };
        let of_theirs = chosen(choices, Take::Theirs);
        let mut names = BTreeMap::new();
        for ((seq, operation), born) in steps.iter().zip(mine.born()) {
            let again = again(operation, &names, &of_theirs);
            merged.is_plain &= again.as_ref() == Ok(operation);
            let done = again.and_then(|operation| merged.take(*seq, operation, &of_theirs));
            match done {
                Ok(born_again) => names.extend(born.into_iter().zip(born_again)),
                Err(refusal) => merged.left_out.push(LeftOut { seq: *seq, refusal }),
            }
        }
        let wanted = renamed_partition(&mine.partition, &names);
        for face in chosen(choices, Take::Mine) {
            let met = merged.make_like(&wanted, face);
            met.map_err(|refusal| Unmet { face, refusal })?;
        }
        let is_step = |kept: &Kept| kept.seq.is_some();
        merged.is_plain &= merged.left_out.is_empty() && merged.kept.iter().all(is_step);
        Ok(merged)
    }

    /// Does a step unless it changes a cell that is to stay as it was published. Returns the faces
    /// that are new.
    fn take(
        &mut self,
        seq: i32,
        operation: Operation,
        of_theirs: &BTreeSet<FaceId>,
    ) -> Result<Vec<FaceId>, Option<Refusal>> {
        let before = (!of_theirs.is_empty()).then(|| self.working.partition.clone());
        let warnings = self.working.take(&operation).map_err(Some)?;
        let against =
            |before: &Partition| !changed(before, &self.working.partition).is_disjoint(of_theirs);
        if before.as_ref().is_some_and(against) {
            self.working.take_back();
            return Err(None);
        }
        let seq = Some(seq);
        self.kept.push(Kept {
            seq,
            operation,
            warnings,
        });
        Ok(self.working.born().pop().unwrap_or_default())
    }

    /// Gives a face the ground, the owner and the duties it has elsewhere.
    fn make_like(&mut self, wanted: &Partition, face: FaceId) -> Result<(), Refusal> {
        let of_face = |side: Option<FaceId>| side == Some(face);
        let moved = difference(&self.working.partition, wanted)
            .moved
            .into_iter();
        for part in moved.filter(|part| of_face(part.from) || of_face(part.to)) {
            let real = part.polygons.into_iter().filter(|one| !is_rounding(one));
            for polygon in real {
                let (from, to) = (part.from, part.to);
                self.add(Operation::Transfer { polygon, from, to })?;
            }
        }
        let has = self.working.partition.faces().get(&face);
        let (Some(wanted), Some(has)) = (wanted.faces().get(&face), has.cloned()) else {
            return Ok(());
        };
        let faces = vec![face];
        if has.owner != wanted.owner {
            let (faces, owner) = (faces.clone(), wanted.owner);
            self.add(Operation::SetOwner { faces, owner })?;
        }
        let subjects: BTreeSet<Subject> = { wanted.duties.keys().chain(has.duties.keys()) }
            .copied()
            .collect();
        for subject in subjects {
            let owner = wanted.duties.get(&subject).copied();
            if has.duties.get(&subject).copied() != owner {
                self.add(Operation::SetDuty {
                    faces: faces.clone(),
                    subject,
                    owner,
                })?;
            }
        }
        Ok(())
    }

    fn add(&mut self, operation: Operation) -> Result<(), Refusal> {
        let warnings = self.working.take(&operation)?;
        self.kept.push(Kept {
            seq: None,
            operation,
            warnings,
        });
        Ok(())
    }
}

fn chosen(choices: &Choices, take: Take) -> BTreeSet<FaceId> {
    let chosen = choices.iter().filter(|(_, chosen)| **chosen == take);
    chosen.map(|(face, _)| *face).collect()
}

fn is_planned(face: FaceId) -> bool {
    (FIRST_PLANNED..FaceId(GONE)).contains(&face)
}

/// A step as it is said on other ground: faces that steps made may be called differently there, and
/// owners are not given to cells that are to stay as they are.
fn again(
    operation: &Operation,
    names: &BTreeMap<FaceId, FaceId>,
    of_theirs: &BTreeSet<FaceId>,
) -> Result<Operation, Option<Refusal>> {
    let one = |face: FaceId| match names.get(&face) {
        Some(name) => Ok(*name),
        None if is_planned(face) => Err(Some(Refusal::NoFace { face })),
        None => Ok(face),
    };
    let all = |faces: &[FaceId]| {
        faces
            .iter()
            .map(|face| one(*face))
            .collect::<Result<Vec<_>, _>>()
    };
    let side = |face: Option<FaceId>| face.map(one).transpose();
    let free = |faces: &[FaceId]| {
        let free = faces
            .iter()
            .copied()
            .filter(|face| !of_theirs.contains(face));
        let free: Vec<FaceId> = free.collect();
        if free.is_empty() {
            Err(None)
        } else {
            all(&free)
        }
    };
    let mut again = operation.clone();
    match &mut again {
        Operation::MoveVertex { .. }
        | Operation::InsertVertex { .. }
        | Operation::DeleteVertex { .. }
        | Operation::Straighten { .. }
        | Operation::Follow { .. } => {}
        Operation::Split { face, .. } | Operation::Settle { face } => *face = one(*face)?,
        Operation::Merge { faces } => *faces = all(faces)?,
        Operation::Transfer { from, to, .. } => {
            *from = side(*from)?;
            *to = side(*to)?;
        }
        Operation::RedrawScope { to, .. } => *to = side(*to)?,
        Operation::Redraw { cells } => {
            for cell in cells {
                cell.face = cell.face.and_then(|face| one(face).ok());
            }
        }
        Operation::SetName { face, .. } if of_theirs.contains(face) => return Err(None),
        Operation::SetName { face, .. } => *face = one(*face)?,
        Operation::SetOwner { faces, .. }
        | Operation::SetDuty { faces, .. }
        | Operation::Lock { faces }
        | Operation::Unlock { faces } => *faces = free(faces)?,
    }
    Ok(again)
}

/// The same ground with the names its faces have elsewhere; those that are not there get one that
/// nothing has.
fn renamed_partition(partition: &Partition, names: &BTreeMap<FaceId, FaceId>) -> Partition {
    if names.iter().all(|(was, is)| was == is) {
        return partition.clone();
    }
    let name = |face: FaceId| match names.get(&face) {
        Some(name) => *name,
        None if is_planned(face) => FaceId(GONE + (face.0 - FIRST_PLANNED.0)),
        None => face,
    };
    let next = partition.next_ids().face;
    partition.clone().named(name, next)
}

/// A cell on one of the grounds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Side {
    unit_id: Option<i32>,
    /// Who answers for single classes and groups.
    duties: Vec<Duty>,
    area_m2: f64,
    /// GeoJSON.
    #[schema(value_type = Object)]
    border: Box<RawValue>,
}

/// A cell that the draft alone changes, or both and not to the same, on every ground; null where it
/// is no cell.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TouchedCell {
    #[schema(value_type = u32)]
    face: FaceId,
    /// Null: the draft made it.
    code: Option<String>,
    name: String,
    /// It was changed by both, and not to the same.
    is_conflict: bool,
    before: Option<Side>,
    mine: Option<Side>,
    theirs: Option<Side>,
    merged: Option<Side>,
}

/// What became of a draft's cells where the ground moved.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ThreeWay {
    conflicts: usize,
    /// Cells that the draft alone changes.
    mine_only: usize,
    /// Cells that were published otherwise and that the draft leaves alone.
    theirs_only: usize,
    /// At most 200, those with a conflict first.
    cells: Vec<TouchedCell>,
    left_out: Vec<LeftOut>,
}

impl ThreeWay {
    pub(super) fn of(mine: &Working, merged: Merged) -> Self {
        let before = &*mine.base;
        let theirs = &*merged.working.base;
        let by_mine = changed(&before.partition, &mine.partition);
        let by_theirs = changed(&before.partition, &theirs.partition);
        let same = |face: &FaceId| {
            let of = |partition: &Partition| {
                let known = partition.faces().get(face);
                let who = known.map(|face| (face.owner, face.duties.clone()));
                (who, partition.polygons(*face))
            };
            of(&mine.partition) == of(&theirs.partition)
        };
        let both = by_mine.intersection(&by_theirs).copied();
        let conflicts: BTreeSet<FaceId> = { both }.filter(|face| !same(face)).collect();
        let alone = by_mine.difference(&by_theirs).copied();
        let shown = conflicts.iter().copied().chain(alone).take(SHOWN_MAX);
        let side = |partition: &Partition, face: FaceId| side(before, partition, face);
        let cells = shown.map(|face| {
            let head = before.cells.get(&face).or_else(|| theirs.cells.get(&face));
            TouchedCell {
                face,
                code: head.map(|cell| cell.code.clone()),
                name: head.map_or_else(String::new, |cell| cell.name.clone()),
                is_conflict: conflicts.contains(&face),
                before: side(&before.partition, face),
                mine: side(&mine.partition, face),
                theirs: side(&theirs.partition, face),
                merged: side(&merged.working.partition, face),
            }
        });
        Self {
            cells: cells.collect(),
            mine_only: by_mine.difference(&by_theirs).count(),
            theirs_only: by_theirs.difference(&by_mine).count(),
            conflicts: conflicts.len(),
            left_out: merged.left_out,
        }
    }
}

fn side(ground: &Ground, partition: &Partition, face: FaceId) -> Option<Side> {
    let known = partition.faces().get(&face)?;
    if known.ground != OfFace::Cell {
        return None;
    }
    let border = place(&ground.frame, &Place::Area(partition.polygons(face)));
    Some(Side {
        unit_id: unit_of(known.owner),
        duties: special_duties(known).collect(),
        area_m2: partition.area_m2(face),
        border: RawValue::from_string(border).ok()?,
    })
}
