//! What a publication means for the cells: which end, which begin, whose they become.

use std::collections::{BTreeMap, BTreeSet};

use cityward_partition::{
    Difference, Face, FaceId, Ground as OfFace, Partition, Polygon, difference,
};

use super::duty::{Duty, Handed, duties, handed, unit_of};
use super::ground::{Ground, GroundCell};

/// Digits of a cell's code down to the community.
const COMMUNITY_DIGITS: usize = 12;
/// Ground narrower than this changed hands by rounding: a corner on another cell's side lies on the
/// grid, and bends it.
const ROUNDING_M: f64 = 0.002;

/// A cell that begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NewCell {
    pub(super) face: FaceId,
    /// The code it keeps, if only its border or its name changes.
    pub(super) kept: Option<String>,
    pub(super) name: String,
    pub(super) unit_id: Option<i32>,
    /// Who answers for what, the unit included.
    pub(super) duties: Vec<Duty>,
    pub(super) area_m2: f64,
    /// The published cells whose ground it has, the largest part first, square metres.
    pub(super) parents: Vec<(FaceId, f64)>,
    /// Ground that was no cell's, square metres.
    pub(super) new_m2: f64,
    /// The community it is numbered in; the first digits of its parents' codes, or of the cell with
    /// the longest border to it, also by way of other new cells.
    pub(super) communities: BTreeSet<String>,
}

/// A cell that stays and gets another unit for some classes or all that have no rule of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NewOwner {
    pub(super) face: FaceId,
    pub(super) handed: Handed,
}

/// Everything that differs between published ground and planned ground, in ascending order of
/// faces.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Outcome {
    /// Published cells that end, also those that begin again with another border.
    pub(super) ended: Vec<FaceId>,
    /// Ground of ended cells that is no cell's any more, square metres.
    pub(super) given_up: Vec<(FaceId, f64)>,
    pub(super) cells: Vec<NewCell>,
    pub(super) owners: Vec<NewOwner>,
}

impl Outcome {
    pub(super) fn of(base: &Ground, after: &Partition) -> Self {
        Self::by(&difference(&base.partition, after), base, after)
    }

    /// By the difference of the two, where it is known.
    pub(super) fn by(difference: &Difference, base: &Ground, after: &Partition) -> Self {
        let moved = Moved::of(difference);
        let is_cell = |face: FaceId| {
            let planned = after.faces().get(&face);
            planned.is_some_and(|planned| planned.ground == OfFace::Cell)
        };
        let mut outcome = Self::default();
        for (&face, planned) in after.faces() {
            let unit_id = unit_of(planned.owner);
            let published = base.cells.get(&face);
            match (published, &planned.ground) {
                (Some(cell), OfFace::Cell)
                    if !moved.faces.contains(&face) && !is_renamed(cell, planned) =>
                {
                    let was = base.partition.faces().get(&face);
                    // most cells stay as they are
                    if let Some(was) = was
                        && (was.owner, &was.duties) != (planned.owner, &planned.duties)
                    {
                        let handed = handed(&duties(was), &duties(planned)).into_iter();
                        let owners = handed.map(|handed| NewOwner { face, handed });
                        outcome.owners.extend(owners);
                    }
                }
                (_, OfFace::Cell) => {
                    let of_old = |of: fn(&GroundCell) -> &String| published.map(of).cloned();
                    let name = planned.name.clone();
                    let is_new = |from: FaceId| !base.cells.contains_key(&from);
                    let mut new_m2 = moved.to(face, is_new);
                    if is_new(face) && base.partition.faces().contains_key(&face) {
                        // a gap that became a cell had its own ground before
                        new_m2 += after.area_m2(face) - moved.to(face, |_| true);
                    }
                    let parents = moved.parents(base, after, face);
                    outcome.cells.push(NewCell {
                        face,
                        kept: of_old(|cell| &cell.code),
                        name: name
                            .or_else(|| of_old(|cell| &cell.name))
                            .unwrap_or_default(),
                        unit_id,
                        duties: duties(planned),
                        area_m2: after.area_m2(face),
                        communities: communities(base, after, face, &parents),
                        parents,
                        new_m2,
                    });
                }
                (_, OfFace::Unclaimed | OfFace::Contested(_)) => {}
            }
        }
        outcome.spread_communities(after);
        let goes_on: BTreeSet<FaceId> = { outcome.cells.iter() }.map(|cell| cell.face).collect();
        let ends = |face: &FaceId| !is_cell(*face) || goes_on.contains(face);
        outcome.ended = base.cells.keys().copied().filter(ends).collect();
        let given_up =
            { outcome.ended.iter() }.map(|face| (*face, moved.from(*face, |to| !is_cell(to))));
        outcome.given_up = given_up.filter(|(_, area_m2)| *area_m2 > 0.0).collect();
        outcome
    }

    /// New cells farther out, which have no published cell beside them, are of the community that the
    /// new ones between have.
    fn spread_communities(&mut self, after: &Partition) {
        loop {
            let known = self.cells.iter();
            let known: BTreeMap<FaceId, &String> = known
                .filter_map(|cell| Some((cell.face, cell.communities.first()?)))
                .collect();
            let of = |face: FaceId| known.get(&face).copied().cloned();
            let next = |cell: &NewCell| {
                let is_open = cell.communities.is_empty();
                is_open.then(|| beside(after, cell.face, of)).flatten()
            };
            let found: Vec<Option<String>> = self.cells.iter().map(next).collect();
            if found.iter().all(Option::is_none) {
                return;
            }
            for (cell, community) in self.cells.iter_mut().zip(found) {
                cell.communities.extend(community);
            }
        }
    }

    /// The cells that need a code, by their community.
    pub(super) fn numbered(&self) -> BTreeMap<&str, Vec<&NewCell>> {
        let mut numbered: BTreeMap<&str, Vec<&NewCell>> = BTreeMap::new();
        for cell in self.cells.iter().filter(|cell| cell.kept.is_none()) {
            if let Some(community) = cell.communities.first() {
                numbered.entry(community).or_default().push(cell);
            }
        }
        numbered
    }

    /// Those that give a code.
    pub(super) fn communities(&self) -> Vec<String> {
        self.numbered().into_keys().map(ToOwned::to_owned).collect()
    }

    /// What somebody gets to answer for, with the cell; not what goes on as it was on its ground.
    pub(super) fn given(&self, base: &Ground) -> Vec<(FaceId, Duty)> {
        let begun = self.cells.iter().flat_map(|cell| {
            let parents = cell.parents.iter().map(|(face, _)| base.duties(*face));
            let before: Vec<Vec<Duty>> = parents.collect();
            let had = move |duty: &Duty| {
                !before.is_empty() && before.iter().all(|duties| duties.contains(duty))
            };
            let given = cell.duties.iter().copied();
            let given = given.filter(move |duty| !had(duty));
            given.map(|duty| (cell.face, duty))
        });
        let handed = self.owners.iter().filter_map(|NewOwner { face, handed }| {
            let (classes, unit_id) = (handed.classes, handed.unit_id?);
            Some((*face, Duty { classes, unit_id }))
        });
        begun.chain(handed).collect()
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.ended.is_empty() && self.cells.is_empty() && self.owners.is_empty()
    }
}

/// Whether a cell is to be called otherwise.
fn is_renamed(published: &GroundCell, planned: &Face) -> bool {
    let name = planned.name.as_ref();
    name.is_some_and(|name| *name != published.name)
}

/// Ground that changed hands, without what rounding moved.
struct Moved {
    /// Whose ground is not what it was.
    faces: BTreeSet<FaceId>,
    /// Square metres by who had it and who gets it; `None`: it is outside.
    area_m2: BTreeMap<(Option<FaceId>, Option<FaceId>), f64>,
}

/// Faces of which ground, name, owner or duties differ, new and gone ones included.
pub(super) fn changed(before: &Partition, after: &Partition) -> BTreeSet<FaceId> {
    changed_by(&difference(before, after), before, after)
}

/// [`changed`], by the difference of the two.
pub(super) fn changed_by(
    difference: &Difference,
    before: &Partition,
    after: &Partition,
) -> BTreeSet<FaceId> {
    let mut changed = Moved::of(difference).faces;
    let ids = before.faces().keys().chain(after.faces().keys());
    let differs = |face: &FaceId| match (before.faces().get(face), after.faces().get(face)) {
        (Some(was), Some(is)) => {
            (&was.ground, &was.name, was.owner, &was.duties)
                != (&is.ground, &is.name, is.owner, &is.duties)
        }
        (was, is) => was.is_some() || is.is_some(),
    };
    changed.extend(ids.copied().filter(|face| differs(face)));
    changed
}

impl Moved {
    fn of(difference: &Difference) -> Self {
        let mut moved = Self {
            faces: BTreeSet::new(),
            area_m2: BTreeMap::new(),
        };
        for part in &difference.moved {
            let real = part.polygons.iter().filter(|polygon| !is_rounding(polygon));
            let area_m2: f64 = real.map(Polygon::area_m2).sum();
            if area_m2 > 0.0 {
                moved
                    .faces
                    .extend([part.from, part.to].into_iter().flatten());
                moved.area_m2.insert((part.from, part.to), area_m2);
            }
        }
        moved
    }

    /// What a face got from outside, or from such faces.
    fn to(&self, face: FaceId, counts: impl Fn(FaceId) -> bool) -> f64 {
        let parts = self.area_m2.iter();
        let its = parts.filter(|((from, to), _)| *to == Some(face) && from.is_none_or(&counts));
        its.map(|(_, area_m2)| area_m2).sum()
    }

    /// What it left to outside, or to such faces.
    fn from(&self, face: FaceId, counts: impl Fn(FaceId) -> bool) -> f64 {
        let parts = self.area_m2.iter();
        let its = parts.filter(|((from, to), _)| *from == Some(face) && to.is_none_or(&counts));
        its.map(|(_, area_m2)| area_m2).sum()
    }

    fn parents(&self, base: &Ground, after: &Partition, face: FaceId) -> Vec<(FaceId, f64)> {
        let gained = self.area_m2.iter().filter(|((_, to), _)| *to == Some(face));
        let mut parents: Vec<(FaceId, f64)> = gained
            .filter_map(|((from, _), area_m2)| Some(((*from)?, *area_m2)))
            .filter(|(from, _)| base.cells.contains_key(from))
            .collect();
        if base.cells.contains_key(&face) {
            let own_m2 = after.area_m2(face) - self.to(face, |_| true);
            if own_m2 > 0.0 {
                parents.push((face, own_m2));
            }
        }
        parents.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        parents
    }
}

pub(super) fn is_rounding(polygon: &Polygon) -> bool {
    let ring_mm = |ring: &Vec<_>| -> f64 {
        let ends = ring.iter().skip(1).chain(ring.first());
        let sides = ring.iter().zip(ends);
        sides
            .map(|(a, b): (&cityward_partition::Point, _)| a.distance_mm(*b))
            .sum()
    };
    let border_m = polygon.rings().map(ring_mm).sum::<f64>() / 1000.0;
    2.0 * polygon.area_m2() <= border_m * ROUNDING_M
}

/// Of the parents, else of the neighbour with the longest border.
fn communities(
    base: &Ground,
    after: &Partition,
    face: FaceId,
    parents: &[(FaceId, f64)],
) -> BTreeSet<String> {
    let of = |face: FaceId| Some(base.code(face)?.get(..COMMUNITY_DIGITS)?.to_owned());
    if parents.is_empty() {
        beside(after, face, of).into_iter().collect()
    } else {
        let parents = parents.iter();
        parents.filter_map(|(parent, _)| of(*parent)).collect()
    }
}

/// The community of those beside a face, that with the longest border to it.
fn beside(
    after: &Partition,
    face: FaceId,
    community: impl Fn(FaceId) -> Option<String>,
) -> Option<String> {
    let mut borders: BTreeMap<String, f64> = BTreeMap::new();
    for arc in after.arcs_of_face(face).iter().map(|id| &after.arcs()[id]) {
        let sides = arc.sides().into_iter().flatten();
        let beyond = sides.filter(|side| *side != face);
        let length_mm: f64 = arc.line.segments().map(|(a, b)| a.distance_mm(b)).sum();
        for community in beyond.filter_map(&community) {
            *borders.entry(community).or_default() += length_mm;
        }
    }
    let longest = { borders.into_iter() }.max_by(|one, other| one.1.total_cmp(&other.1));
    longest.map(|(community, _)| community)
}
