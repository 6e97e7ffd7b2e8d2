//! Draws every cell anew: what a newer file says takes the place of everything.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::arrangement::{Arrangement, OUTSIDE};
use crate::cell::{Cell, Claims};
use crate::chains::{Chain, chains};
use crate::change::Descent;
use crate::check::region_polygons;
use crate::difference::common_ground;
use crate::draft::Draft;
use crate::edges::id;
use crate::ids::{ArcId, FaceId, UnitId};
use crate::noding::noded;
use crate::operation::recut::lay;
use crate::operation::region::refuse_out_of_range;
use crate::partition::{Arc, Face, Ground, Partition};
use crate::refusal::Refusal;
use crate::ring::Polygon;

/// A new face is called after those that gave at least this share of it.
const KIN_SHARE: f64 = 0.1;

/// A cell as a file draws it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnCell {
    /// The face that goes on with this border; none, or one that is not there any more: it is a new
    /// one.
    pub face: Option<FaceId>,
    /// What it is called; none: as it was, and a new face nothing.
    #[serde(default)]
    pub name: Option<String>,
    /// Who answers for it; none: whoever does, and for a new face whoever does where most of its
    /// ground was.
    pub owner: Option<UnitId>,
    /// None of them has ground of another cell.
    pub polygons: Vec<Polygon>,
}

/// Gives every cell its new border; faces that none of them goes on with are gone, and ground that
/// none has within is unclaimed.
pub(super) fn redraw(draft: &mut Draft<'_>, cells: &[DrawnCell]) -> Result<(), Refusal> {
    let polygons = cells.iter().flat_map(|cell| &cell.polygons);
    refuse_out_of_range(polygons.flat_map(Polygon::rings).flatten())?;
    let faces = faces_of(draft, cells)?;
    let mut chains = chains_of(draft, cells, &faces)?;
    let base = draft.base;
    // every face that is not drawn is a gap
    let sides = chains.iter().flat_map(|chain| [chain.left, chain.right]);
    let there: BTreeSet<FaceId> = sides.flatten().collect();
    let blank = there.iter().map(|face| (*face, Face::default())).collect();
    let drawn = Partition::of(chains.clone(), blank, draft.next.face);
    let common = common_ground(base, &drawn);
    let givers = givers_of(&common);
    let says: BTreeMap<FaceId, &DrawnCell> = faces.iter().copied().zip(cells).collect();
    let mut after: BTreeMap<FaceId, Face> = BTreeMap::new();
    let mut gaps: BTreeMap<FaceId, FaceId> = BTreeMap::new();
    for &face in &there {
        let givers = givers.get(&face).map_or(&[][..], Vec::as_slice);
        let parent = main_parent(givers);
        let Some(cell) = says.get(&face) else {
            let goes_on = parent.filter(|parent| {
                let was = base.faces.get(parent);
                was.is_some_and(|was| was.ground == Ground::Unclaimed)
                    && !after.contains_key(parent)
            });
            let name = goes_on.unwrap_or(face);
            let known = base.faces.get(&name).cloned();
            gaps.insert(face, name);
            after.insert(name, known.unwrap_or_else(unclaimed));
            continue;
        };
        let mut known = match base.faces.get(&face) {
            Some(known) => known.clone(),
            None => heir(parent.and_then(|parent| base.faces.get(&parent))),
        };
        known.ground = Ground::Cell;
        known.owner = cell.owner.or(known.owner);
        known.name = cell.name.clone().or(known.name);
        after.insert(face, known);
        if !base.faces.contains_key(&face) {
            draft.descent.extend(kin(givers, face, drawn.area_m2(face)));
        }
    }
    for chain in &mut chains {
        for side in [&mut chain.left, &mut chain.right] {
            *side = side.map(|face| gaps.get(&face).copied().unwrap_or(face));
        }
    }
    refuse_locked(base, &common, &drawn, &after)?;
    let replaced: Vec<(ArcId, &Arc)> = base.arcs.iter().map(|(id, arc)| (*id, arc)).collect();
    lay(draft, &replaced, chains, &FxHashSet::default());
    draft.forget_same_arcs();
    for face in base.faces.keys().filter(|face| !after.contains_key(face)) {
        draft.set_face(*face, None);
    }
    for (face, known) in after {
        draft.set_face(face, Some(known));
    }
    Ok(())
}

/// The face of each cell; no two go on as one.
fn faces_of(draft: &mut Draft<'_>, cells: &[DrawnCell]) -> Result<Vec<FaceId>, Refusal> {
    let mut taken = BTreeSet::new();
    let face_of = |cell: &DrawnCell| match cell.face.filter(|face| draft.face(*face).is_some()) {
        None => Ok(draft.next.face()),
        Some(face) if taken.insert(face) => Ok(face),
        Some(face) => Err(Refusal::NoFace { face }),
    };
    cells.iter().map(face_of).collect()
}

fn chains_of(
    draft: &mut Draft<'_>,
    cells: &[DrawnCell],
    faces: &[FaceId],
) -> Result<Vec<Chain>, Refusal> {
    let polygons = cells.iter().map(|cell| Cell {
        polygons: cell.polygons.clone(),
    });
    let drawn: Vec<Cell> = polygons.collect();
    let claims = Claims::of(&drawn);
    let arrangement = Arrangement::of(noded(claims.edges(&drawn)));
    let holders = claims.holders(&arrangement);
    let mut labels: Vec<Option<FaceId>> = Vec::with_capacity(holders.len());
    for (region, holders) in (0..id(arrangement.regions.len())).zip(&holders) {
        labels.push(match holders.as_slice() {
            [] if region == OUTSIDE => None,
            [] => Some(draft.next.face()),
            [cell] => Some(faces[*cell as usize]),
            [..] => {
                let polygons = region_polygons(&arrangement, region);
                let at = polygons[0].exterior[0];
                return Err(Refusal::Crossing { at });
            }
        });
    }
    let label = |half: u32| labels[arrangement.region(half) as usize];
    let chains = chains(&arrangement, label, |_| false);
    let there: BTreeSet<Option<FaceId>> = labels.iter().copied().collect();
    match faces.iter().find(|face| !there.contains(&Some(**face))) {
        Some(&face) => Err(Refusal::Vanishing { face }),
        None => Ok(chains),
    }
}

type Common = BTreeMap<(FaceId, FaceId), f64>;

/// Who had how much of each face's ground.
fn givers_of(common: &Common) -> BTreeMap<FaceId, Vec<(FaceId, f64)>> {
    let mut givers: BTreeMap<FaceId, Vec<(FaceId, f64)>> = BTreeMap::new();
    for (&(then, now), &area_m2) in common {
        givers.entry(now).or_default().push((then, area_m2));
    }
    givers
}

/// Who had most of it.
fn main_parent(givers: &[(FaceId, f64)]) -> Option<FaceId> {
    let most = { givers.iter() }.max_by(|one, other| one.1.total_cmp(&other.1));
    most.map(|(giver, _)| *giver)
}

fn kin(
    givers: &[(FaceId, f64)],
    child: FaceId,
    area_m2: f64,
) -> impl Iterator<Item = Descent> + '_ {
    let kin = givers
        .iter()
        .filter(move |(_, given_m2)| *given_m2 >= KIN_SHARE * area_m2);
    kin.map(move |(parent, _)| Descent {
        parent: *parent,
        child,
    })
}

fn unclaimed() -> Face {
    Face {
        ground: Ground::Unclaimed,
        ..Face::default()
    }
}

/// What a new face takes over from the one that had most of its ground.
fn heir(parent: Option<&Face>) -> Face {
    let cell = parent.filter(|parent| parent.ground == Ground::Cell);
    cell.map_or_else(Face::default, |parent| Face {
        owner: parent.owner,
        duties: parent.duties.clone(),
        ..Face::default()
    })
}

/// Of a locked face nothing may change.
fn refuse_locked(
    base: &Partition,
    common: &Common,
    drawn: &Partition,
    after: &BTreeMap<FaceId, Face>,
) -> Result<(), Refusal> {
    for (&face, known) in base.faces.iter().filter(|(_, known)| known.is_locked) {
        let was_m2 = base.area_m2(face);
        let stays_m2 = common.get(&(face, face)).copied().unwrap_or_default();
        // sums of whole square millimetres: the same ground is the same to the last bit
        let keeps_ground = [stays_m2, drawn.area_m2(face)] == [was_m2; 2];
        if !keeps_ground || after.get(&face) != Some(known) {
            return Err(Refusal::Locked { face });
        }
    }
    Ok(())
}
