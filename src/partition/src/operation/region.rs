//! Operations that change who has which ground.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::Descent;
use crate::draft::Draft;
use crate::edges::id;
use crate::ids::{FaceId, UnitId};
use crate::operation::free_face;
use crate::operation::recut::{Along, Cut};
use crate::partition::{Face, Ground};
use crate::point::{Point, bounds};
use crate::refusal::{Refusal, Warning};
use crate::ring::Polygon;
use crate::subject::Subject;

pub(super) fn refuse_out_of_range<'a>(
    points: impl IntoIterator<Item = &'a Point>,
) -> Result<(), Refusal> {
    match points.into_iter().find(|point| !point.is_in_range()) {
        Some(&at) => Err(Refusal::OutOfRange { at }),
        None => Ok(()),
    }
}

pub(super) fn split(draft: &mut Draft<'_>, face: FaceId, line: &[Point]) -> Result<(), Refusal> {
    let parent = Face {
        name: None, // a piece is another cell
        ..free_face(draft, face)?.clone()
    };
    refuse_out_of_range(line)?;
    let cut = Cut::of(draft, &BTreeSet::from([face]), &Along::Line(line));
    let of_face: Vec<u32> = (0..id(cut.arrangement.regions.len()))
        .filter(|region| cut.face(*region) == Some(face))
        .collect();
    let along = cut.along_the_cut();
    let mut pieces: Vec<u32> = of_face
        .iter()
        .copied()
        .filter(|region| along.contains(region))
        .collect();
    if pieces.len() < 2 {
        return Err(Refusal::NoDivision { face });
    }
    let area = |region: &u32| cut.arrangement.regions[*region as usize].doubled_area;
    pieces.sort_by_key(|region| (-area(region), *region));
    let mut dealt: BTreeMap<u32, Option<FaceId>> = BTreeMap::new();
    for &piece in &pieces {
        let child = draft.next.face();
        dealt.insert(piece, Some(child));
        draft.set_face(child, Some(parent.clone()));
        draft.descent.push(Descent {
            parent: face,
            child,
        });
    }
    // parts that the line does not touch stay with the largest piece
    let largest = dealt[&pieces[0]];
    for region in of_face {
        dealt.entry(region).or_insert(largest);
    }
    cut.deal(draft, &dealt);
    draft.set_face(face, None);
    Ok(())
}

/// The first face's owner and duties are the new one's; warns of each subject that another cell had
/// somebody else for.
pub(super) fn merge(draft: &mut Draft<'_>, faces: &[FaceId]) -> Result<Vec<Warning>, Refusal> {
    let parents: BTreeSet<FaceId> = faces.iter().copied().collect();
    let [first, _, ..] = faces else {
        return Err(Refusal::TooFewFaces);
    };
    if parents.len() < 2 {
        return Err(Refusal::TooFewFaces);
    }
    for &parent in &parents {
        free_face(draft, parent)?;
    }
    let Face { owner, duties, .. } = free_face(draft, *first)?.clone();
    let child = draft.next.face();
    let given_up = otherwise(draft, &parents, &duties);
    let cut = Cut::of(draft, &parents, &Along::Nothing);
    let dealt = (0..id(cut.arrangement.regions.len()))
        .filter(|region| cut.face(*region).is_some())
        .map(|region| (region, Some(child)));
    cut.deal(draft, &dealt.collect());
    for &parent in &parents {
        draft.set_face(parent, None);
        draft.descent.push(Descent { parent, child });
    }
    draft.set_face(
        child,
        Some(Face {
            owner,
            duties,
            ..Face::default()
        }),
    );
    let warning = |subject| Warning::OtherDuties {
        face: child,
        subject,
    };
    Ok(given_up.into_iter().map(warning).collect())
}

/// The subjects for which one of some cells has somebody else, or nobody of their own. Ground that
/// is still to be decided has no duties to lose.
fn otherwise(
    draft: &Draft<'_>,
    faces: &BTreeSet<FaceId>,
    duties: &BTreeMap<Subject, UnitId>,
) -> BTreeSet<Subject> {
    let cells = faces.iter().filter_map(|face| draft.face(*face));
    let cells: Vec<&Face> = cells.filter(|face| face.ground == Ground::Cell).collect();
    let subjects = cells.iter().flat_map(|face| face.duties.keys());
    let differs = |subject: &&Subject| {
        cells
            .iter()
            .any(|face| face.duties.get(subject) != duties.get(subject))
    };
    subjects.filter(differs).copied().collect()
}

pub(super) fn transfer(
    draft: &mut Draft<'_>,
    polygon: &Polygon,
    from: Option<FaceId>,
    to: Option<FaceId>,
) -> Result<(), Refusal> {
    refuse_out_of_range(polygon.rings().flatten())?;
    let mut faces: BTreeSet<FaceId> = from.into_iter().chain(to).collect();
    for &face in &faces {
        free_face(draft, face)?;
    }
    if from == to || polygon.exterior.is_empty() {
        return Err(Refusal::Nothing);
    }
    if from.is_none() {
        // what else lies there must be known, lest it be taken for the outside
        let (low, high) = bounds(&polygon.exterior);
        let arcs = draft.base.index.in_box(low, high);
        faces.extend(
            arcs.iter()
                .flat_map(|arc| draft.base.arcs[arc].sides())
                .flatten(),
        );
        faces.extend(draft.base.face_at(polygon.exterior[0]));
    }
    let cut = Cut::of(
        draft,
        &faces,
        &Along::Polygons(std::slice::from_ref(polygon)),
    );
    let moves = |region: &u32| match from {
        Some(_) => cut.face(*region) == from,
        None => cut.is_outside(*region),
    };
    let dealt: BTreeMap<u32, Option<FaceId>> = (0..id(cut.arrangement.regions.len()))
        .filter(|region| cut.is_inside(*region) && moves(region))
        .map(|region| (region, to))
        .collect();
    if dealt.is_empty() {
        return Err(Refusal::Nothing);
    }
    cut.deal(draft, &dealt);
    Ok(())
}

/// Cuts every face: its time grows with the whole partition, not with the edit.
pub(super) fn redraw_scope(
    draft: &mut Draft<'_>,
    scope: &[Polygon],
    to: Option<FaceId>,
) -> Result<(), Refusal> {
    refuse_out_of_range(scope.iter().flat_map(Polygon::rings).flatten())?;
    if let Some(face) = to {
        free_face(draft, face)?;
    }
    let faces: BTreeSet<FaceId> = draft.base.faces.keys().copied().collect();
    let cut = Cut::of(draft, &faces, &Along::Polygons(scope));
    let mut dealt: BTreeMap<u32, Option<FaceId>> = BTreeMap::new();
    let mut left: BTreeSet<FaceId> = BTreeSet::new();
    for region in 0..id(cut.arrangement.regions.len()) {
        match (cut.face(region), cut.is_inside(region)) {
            (Some(face), true) => {
                left.insert(face);
            }
            (Some(face), false) => {
                free_face(draft, face)?;
                dealt.insert(region, None);
            }
            (None, true) => {
                let face = to.unwrap_or_else(|| {
                    let face = draft.next.face();
                    let ground = Ground::Unclaimed;
                    draft.set_face(
                        face,
                        Some(Face {
                            ground,
                            ..Face::default()
                        }),
                    );
                    face
                });
                dealt.insert(region, Some(face));
            }
            (None, false) => {}
        }
    }
    cut.deal(draft, &dealt);
    left.extend(to);
    for face in faces.difference(&left) {
        draft.set_face(*face, None);
    }
    Ok(())
}
