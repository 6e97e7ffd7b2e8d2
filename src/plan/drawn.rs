//! A file of cells as one step of a plan: which of its cells goes on as which of the city's.

use std::collections::{BTreeMap, BTreeSet};

use cityward_partition::{
    Cell, Conflict, Defect, DefectKind, DrawnCell, FaceId, Operation, Partition, common_ground,
    repair,
};

use super::duty::owner_of;
use super::ground::{Ground, ROUNDING_MM, overlaps};
use crate::import::{FileCell, grid_cell};

/// What a file asks for.
#[derive(Debug)]
pub(super) struct Drawn {
    pub(super) operation: Operation,
    /// Of the city's cells, those that go on, with the same border or another.
    pub(super) going_on: usize,
    /// Those that end.
    pub(super) ending: usize,
}

/// Why a file is no ground.
#[derive(Debug)]
pub(super) enum NotDrawn {
    /// Rows by their place in the file, and what is wrong with each.
    Rows(Vec<(usize, String)>),
    /// Cells lie on each other: a collection of GeoJSON features.
    Overlaps(String),
}

/// How a cell of the file is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownBy {
    /// By its code, or its name.
    Key,
    /// By its ground: it has more than half of a cell's, which is more than half of its own.
    Ground,
}

impl Drawn {
    /// Fits the cells of a file to each other and to the published ground.
    ///
    /// # Errors
    /// Rows that are no cells, or cells that lie on each other.
    pub(super) fn of(
        ground: &Ground,
        cells: &[FileCell],
        known_by: KnownBy,
    ) -> Result<Self, NotDrawn> {
        let partition = fitted(ground, cells)?;
        let common = common_ground(&ground.partition, &partition);
        let faces = match known_by {
            KnownBy::Key => by_key(ground, &common, cells)?,
            KnownBy::Ground => by_ground(ground, &partition, &common, cells.len()),
        };
        let going_on = faces.iter().flatten().count();
        let drawn = cells.iter().zip(faces).zip(0..);
        let drawn = drawn.map(|((cell, face), index)| DrawnCell {
            face,
            name: new_name(ground, face, cell),
            owner: cell.unit_id.and_then(owner_of),
            polygons: partition.polygons(FaceId(index)),
        });
        Ok(Self {
            operation: Operation::Redraw {
                cells: drawn.collect(),
            },
            going_on,
            ending: ground.cells.len() - going_on,
        })
    }
}

/// What the file calls a cell, where that is not what it is called.
fn new_name(ground: &Ground, face: Option<FaceId>, cell: &FileCell) -> Option<String> {
    let known = face.and_then(|face| ground.cells.get(&face));
    let named = cell.name.clone();
    named.filter(|name| known.is_none_or(|known| known.name != *name))
}

/// The cells on the ground's grid, drawn through the same points, each a face named by its index.
fn fitted(ground: &Ground, cells: &[FileCell]) -> Result<Partition, NotDrawn> {
    let mut wrong = Vec::new();
    let mut drawn: Vec<Cell> = Vec::with_capacity(cells.len());
    for cell in cells {
        match grid_cell(&cell.geometry, &mut Some(ground.frame)) {
            Ok(on_grid) => drawn.push(on_grid),
            Err(why) => wrong.push((cell.number, why)),
        }
    }
    if !wrong.is_empty() {
        return Err(NotDrawn::Rows(wrong));
    }
    let repaired = repair(&drawn, ROUNDING_MM);
    let defects = repaired
        .conflicts
        .into_iter()
        .map(|Conflict { defect, .. }| defect);
    let defects: Vec<Defect> = defects
        .filter(|defect| defect.kind != DefectKind::Gap)
        .collect();
    if !defects.is_empty() {
        let numbers: Vec<usize> = cells.iter().map(|cell| cell.number).collect();
        let places = overlaps(&ground.frame, ("rows", &numbers), &defects);
        return Err(NotDrawn::Overlaps(places));
    }
    let faces = repaired.partition.faces();
    let empty = cells.iter().zip(0..);
    let empty: Vec<_> = empty
        .filter(|(_, index)| !faces.contains_key(&FaceId(*index)))
        .map(|(cell, _)| (cell.number, "no area".to_owned()))
        .collect();
    if empty.is_empty() {
        Ok(repaired.partition)
    } else {
        Err(NotDrawn::Rows(empty))
    }
}

type Common = BTreeMap<(FaceId, FaceId), f64>;

/// The city's cell of each of the file's, by code or name. A key that nothing has is a new cell's.
fn by_key(
    ground: &Ground,
    common: &Common,
    cells: &[FileCell],
) -> Result<Vec<Option<FaceId>>, NotDrawn> {
    let known = keys(ground);
    let mut taken: BTreeMap<FaceId, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut faces = Vec::with_capacity(cells.len());
    for (cell, index) in cells.iter().zip(0..) {
        let key = cell.key.as_deref();
        let face = key.and_then(|key| known.get(key).copied().flatten());
        faces.push(face);
        let (Some(key), Some(face)) = (key, face) else {
            continue;
        };
        if let Some(other) = taken.insert(face, cell.number) {
            wrong.push((cell.number, format!("duplicate: {key}, as in row {other}")));
        } else if !common.contains_key(&(face, FaceId(index))) {
            let why = format!("moved code: the cell {key} lies elsewhere");
            wrong.push((cell.number, why));
        }
    }
    if wrong.is_empty() {
        Ok(faces)
    } else {
        Err(NotDrawn::Rows(wrong))
    }
}

/// Cells by their codes, and by names that only one has.
fn keys(ground: &Ground) -> BTreeMap<&str, Option<FaceId>> {
    let mut known: BTreeMap<&str, Option<FaceId>> = BTreeMap::new();
    for cell in ground.cells.values().filter(|cell| !cell.name.is_empty()) {
        known
            .entry(&cell.name)
            .and_modify(|face| *face = None)
            .or_insert(Some(cell.face));
    }
    let codes = ground.cells.values();
    known.extend(codes.map(|cell| (cell.code.as_str(), Some(cell.face))));
    known
}

/// The city's cell of each of the file's, by ground: two that have most of each other.
fn by_ground(
    ground: &Ground,
    partition: &Partition,
    common: &Common,
    count: usize,
) -> Vec<Option<FaceId>> {
    let mut faces = vec![None; count];
    let mut taken = BTreeSet::new();
    for (&(was, is), &common_m2) in common {
        let half_m2 = common_m2 * 2.0;
        let is_most = half_m2 > ground.partition.area_m2(was) && half_m2 > partition.area_m2(is);
        if let Some(face) = faces.get_mut(is.0 as usize)
            && is_most
            && ground.cells.contains_key(&was)
            // two halves may both be more than half by the rounding of where borders cross
            && face.is_none()
            && taken.insert(was)
        {
            *face = Some(was);
        }
    }
    faces
}
