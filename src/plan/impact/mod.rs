//! What a plan would mean, before it is published: for cells, for what stands and happens in them,
//! for the units.

mod areas;
mod sheet;
mod store;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use cityward_partition::{FaceId, Ground as OfFace, Partition};
use serde::Serialize;
use utoipa::ToSchema;

use super::duty::{Duty, Handed, answers, duties, handed};
use super::ground::Ground;
use super::outcome::{NewOwner, Outcome};
use crate::cases::{CaseId, CaseState};
use crate::catalogue::{ClassCode, ClassScope};
use crate::space::GroundPoint;
use crate::territory::Unit;

pub(super) use areas::{Area, areas, features};
pub(super) use sheet::{Table, table, write as sheet};
pub(super) use store::{Standing, name_components, read};

/// Cases that are told of one by one.
pub(super) const CASES_MAX: usize = 1_000;
/// Cases this old tell how much happens in a place.
pub(super) const RECENT: TimeDelta = TimeDelta::days(90);

/// A cell that begins, changes or ends.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ImpactCell {
    #[schema(value_type = u32)]
    face: FaceId,
    /// Null: it gets one when it is published.
    code: Option<String>,
    name: String,
    area_m2: f64,
    /// What is handed over: a group such as `M06` or a class such as `M06042`; empty: whatever has no
    /// rule of its own.
    #[schema(value_type = String, example = "")]
    classes: ClassScope,
    /// Who answers for it; of one that ends, who did.
    unit_id: Option<i32>,
    /// Who answered for it, where it was there before.
    from_unit: Option<i32>,
    /// The codes of the cells whose ground it has, the largest part first.
    from: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub(super) struct ImpactCells {
    added: Vec<ImpactCell>,
    /// The border changes, code and face stay.
    changed: Vec<ImpactCell>,
    gone: Vec<ImpactCell>,
    /// Another rule says who answers: for cells of which the border stays, or for some classes of a cell;
    /// one line for each cell and each of them. Whoever it names may have answered before.
    handed_over: Vec<ImpactCell>,
    /// Cells of which the border stays and somebody else answers, for all or some classes.
    owner_changed: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub(super) struct ImpactComponents {
    other_cell: usize,
    /// Those that have a unit of their own keep it.
    other_unit: usize,
}

/// A component that another cell or another unit gets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct MovedComponent {
    id: i64,
    /// Its own, in the register; empty until they are asked for.
    code: String,
    class: String,
    name: String,
    from_cell: Option<String>,
    /// Null: a cell that has no code yet, or none.
    to_cell: Option<String>,
    from_unit: Option<i32>,
    to_unit: Option<i32>,
    #[serde(skip)]
    place: GroundPoint,
}

/// An open case in a cell that changes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct ImpactCase {
    #[schema(value_type = i64)]
    id: CaseId,
    #[schema(value_type = String)]
    class: ClassCode,
    state: CaseState,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    place: GroundPoint,
    due_at: Option<DateTime<Utc>>,
    /// It goes to another unit after 80 % of its time.
    at_risk: bool,
    from_cell: String,
    /// Null: a cell that has no code yet, or none.
    to_cell: Option<String>,
    #[schema(value_type = Option<u32>)]
    to_face: Option<FaceId>,
    from_unit: Option<i32>,
    to_unit: Option<i32>,
    /// Whoever was sent to a case keeps it.
    moves_unit: bool,
}

/// A camera in a cell that changes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema, sqlx::FromRow)]
pub(super) struct ImpactCamera {
    id: String,
    name_zh: String,
    name_en: String,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    place: GroundPoint,
}

/// What a unit answers for.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, ToSchema)]
pub(super) struct Load {
    cells: usize,
    area_m2: f64,
    /// Classes and groups of cells that it has by a rule of their own.
    duties: usize,
    /// Without those that have a unit of their own.
    components: usize,
    open_cases: usize,
    /// Cases of the last 90 days on its ground.
    recent_cases: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct UnitLoad {
    unit: Unit,
    before: Load,
    after: Load,
}

/// What a plan would mean.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Impact {
    cells: ImpactCells,
    components: ImpactComponents,
    /// Those at risk first.
    open_cases: Vec<ImpactCase>,
    open_cases_total: usize,
    /// Of all of them, those that go to another unit.
    cases_moved: usize,
    cases_at_risk: usize,
    /// Of the last 90 days, in cells that change.
    recent_cases: usize,
    cameras: Vec<ImpactCamera>,
    #[serde(skip)]
    pub(super) moved: Vec<MovedComponent>,
    /// Every unit that answers for something before or after, by id.
    units: Vec<UnitLoad>,
}

impl Impact {
    /// With as many cases as a page tells of one by one.
    pub(super) fn shortened(mut self) -> Self {
        self.open_cases.truncate(CASES_MAX);
        self
    }
}

/// Two grounds side by side.
struct Sides<'a> {
    base: &'a Ground,
    after: &'a Partition,
    /// Faces that begin, end or change their border or unit.
    touched: BTreeSet<FaceId>,
    /// Classes of other faces that change their unit.
    handed: BTreeMap<FaceId, Vec<ClassScope>>,
}

impl<'a> Sides<'a> {
    fn of(base: &'a Ground, after: &'a Partition, outcome: &Outcome) -> Self {
        let begun = outcome.cells.iter().map(|cell| cell.face);
        let mut touched: BTreeSet<FaceId> = begun.chain(outcome.ended.iter().copied()).collect();
        let mut handed: BTreeMap<FaceId, Vec<ClassScope>> = BTreeMap::new();
        for owner in &outcome.owners {
            if owner.handed.classes == ClassScope::All {
                touched.insert(owner.face);
            } else {
                let classes = handed.entry(owner.face).or_default();
                classes.push(owner.handed.classes);
            }
        }
        Self {
            base,
            after,
            touched,
            handed,
        }
    }

    /// Whose face a place is before and after.
    fn faces_at(&self, place: GroundPoint) -> [Option<FaceId>; 2] {
        let Some(point) = self.base.point(place) else {
            return [None, None];
        };
        [&self.base.partition, self.after].map(|partition| partition.face_at(point))
    }

    fn is_touched(&self, faces: [Option<FaceId>; 2]) -> bool {
        let is_touched =
            |face: &FaceId| self.touched.contains(face) || self.handed.contains_key(face);
        faces.iter().flatten().any(is_touched)
    }

    /// Whether what happens to them is about a class.
    fn is_touched_for(&self, class: ClassCode, faces: [Option<FaceId>; 2]) -> bool {
        let is_touched = |face: &FaceId| {
            let handed = self.handed.get(face).into_iter().flatten();
            self.touched.contains(face) || { handed }.any(|classes| classes.holds(class))
        };
        faces.iter().flatten().any(is_touched)
    }

    /// Who answers for a class on them.
    fn owners(&self, class: ClassCode, faces: [Option<FaceId>; 2]) -> [Option<i32>; 2] {
        let [before, after] = faces;
        [
            before.and_then(|face| answers(&self.base.partition, face, class)),
            after.and_then(|face| answers(self.after, face, class)),
        ]
    }
}

/// Loads before and after.
#[derive(Default)]
struct Loads(BTreeMap<i32, [Load; 2]>);

impl Loads {
    /// Who has which ground.
    fn of(before: &Partition, after: &Partition) -> Self {
        let mut loads = Self::default();
        for (side, partition) in [before, after].into_iter().enumerate() {
            let faces = partition.faces().iter();
            for (face, known) in faces.filter(|(_, known)| known.ground == OfFace::Cell) {
                for Duty { classes, unit_id } in duties(known) {
                    let load = &mut loads.0.entry(unit_id).or_default()[side];
                    if classes == ClassScope::All {
                        load.cells += 1;
                        load.area_m2 += partition.area_m2(*face);
                    } else {
                        load.duties += 1;
                    }
                }
            }
        }
        loads
    }

    fn add(&mut self, units: [Option<i32>; 2], add: impl Fn(&mut Load)) {
        for (side, unit) in units.into_iter().enumerate() {
            if let Some(unit) = unit {
                add(&mut self.0.entry(unit).or_default()[side]);
            }
        }
    }
}

/// Works out what a plan would mean for what stands and happens in the city at `now`.
pub(super) fn impact(
    base: &Ground,
    after: &Partition,
    standing: Standing,
    now: DateTime<Utc>,
) -> Impact {
    let outcome = Outcome::of(base, after);
    let sides = Sides::of(base, after, &outcome);
    let mut loads = Loads::of(&base.partition, after);
    let (components, moved) = components(&sides, &standing.components, &mut loads);
    let mut recent_cases = 0;
    for case in standing.recent {
        let faces = sides.faces_at(case.place);
        recent_cases += usize::from(sides.is_touched_for(case.class_code, faces));
        let owners = sides.owners(case.class_code, faces);
        loads.add(owners, |load| load.recent_cases += 1);
    }
    let open_cases = open_cases(base, &sides, standing.open, &mut loads, now);
    let count = |is: fn(&ImpactCase) -> bool| open_cases.iter().filter(|case| is(case)).count();
    let open_cases_total = open_cases.len();
    let cases_moved = count(|case| case.moves_unit);
    let cases_at_risk = count(|case| case.at_risk);
    let mut cameras = standing.cameras;
    cameras.retain(|camera| sides.is_touched(sides.faces_at(camera.place)));
    Impact {
        cells: cells(base, after, &outcome),
        components,
        open_cases,
        open_cases_total,
        cases_moved,
        cases_at_risk,
        recent_cases,
        cameras,
        moved,
        units: units(loads, &base.units),
    }
}

/// How many components get another cell or unit, and which; those without a unit of their own count
/// for the units whose ground they stand on.
fn components(
    sides: &Sides<'_>,
    standing: &[store::StandingComponent],
    loads: &mut Loads,
) -> (ImpactComponents, Vec<MovedComponent>) {
    let mut components = ImpactComponents::default();
    let mut moved = Vec::new();
    for component in standing {
        let faces = sides.faces_at(component.place);
        let owners = sides.owners(component.class_code, faces);
        let (other_cell, mut other_unit) = (faces[0] != faces[1], false);
        if !component.has_unit {
            other_unit = owners[0] != owners[1];
            loads.add(owners, |load| load.components += 1);
        }
        components.other_cell += usize::from(other_cell);
        components.other_unit += usize::from(other_unit);
        if other_cell || other_unit {
            let [from_cell, to_cell] = faces.map(|face| Some(sides.base.code(face?)?.to_owned()));
            let units = if component.has_unit {
                [None, None]
            } else {
                owners
            };
            moved.push(MovedComponent {
                id: component.id,
                code: String::new(),
                class: String::new(),
                name: String::new(),
                from_cell,
                to_cell,
                from_unit: units[0],
                to_unit: units[1],
                place: component.place,
            });
        }
    }
    (components, moved)
}

/// The open cases on ground that changes, those at risk first; all of them count for their units.
fn open_cases(
    base: &Ground,
    sides: &Sides<'_>,
    standing: Vec<store::OpenCase>,
    loads: &mut Loads,
    now: DateTime<Utc>,
) -> Vec<ImpactCase> {
    let mut open_cases = Vec::new();
    for case in standing {
        let faces = sides.faces_at(case.place);
        let [from_owner, to_owner] = sides.owners(case.class_code, faces);
        let from_unit = case.unit_id;
        let follows = case.goes_by_ground && from_unit == from_owner;
        let to_unit = if follows { to_owner } else { from_unit };
        loads.add([from_unit, to_unit], |load| load.open_cases += 1);
        if sides.is_touched_for(case.class_code, faces) {
            let moves_unit = from_unit != to_unit;
            open_cases.push(ImpactCase {
                id: case.case_id,
                class: case.class_code,
                state: case.state,
                place: case.place,
                due_at: case.due_at,
                at_risk: moves_unit && case.warn_at.is_some_and(|warn_at| warn_at <= now),
                from_cell: case.code,
                to_cell: faces[1]
                    .and_then(|face| base.code(face))
                    .map(ToOwned::to_owned),
                to_face: faces[1],
                from_unit,
                to_unit,
                moves_unit,
            });
        }
    }
    open_cases.sort_by_key(|case| (!case.at_risk, !case.moves_unit, case.due_at, case.id));
    open_cases
}

fn cells(base: &Ground, after: &Partition, outcome: &Outcome) -> ImpactCells {
    let others_answer: BTreeSet<FaceId> = { outcome.owners.iter() }
        .filter(|owner| owner.handed.from_unit != owner.handed.to_unit)
        .map(|owner| owner.face)
        .collect();
    let mut cells = ImpactCells {
        owner_changed: others_answer.len(),
        ..ImpactCells::default()
    };
    for cell in &outcome.cells {
        let codes = cell
            .parents
            .iter()
            .filter_map(|(parent, _)| base.code(*parent));
        let before = base.duties(cell.face);
        let shown = ImpactCell {
            face: cell.face,
            classes: ClassScope::All,
            name: cell.name.clone(),
            area_m2: cell.area_m2,
            unit_id: cell.unit_id,
            from_unit: base.cells.get(&cell.face).and_then(|cell| cell.unit_id),
            from: codes.map(ToOwned::to_owned).collect(),
            code: cell.kept.clone(),
        };
        if cell.kept.is_some() {
            // of what has no rule of its own the line for the cell tells
            let handed = { handed(&before, &cell.duties).into_iter() }
                .filter(|handed| handed.classes != ClassScope::All);
            let handed = handed.map(|handed| handed_over(&shown, handed));
            cells.handed_over.extend(handed);
            cells.changed.push(shown);
        } else {
            cells.added.push(shown);
        }
    }
    let gone = outcome
        .ended
        .iter()
        .filter(|face| !after.faces().contains_key(face));
    cells.gone = gone.filter_map(|face| published(base, *face)).collect();
    let of_owner =
        |owner: &NewOwner| Some(handed_over(&published(base, owner.face)?, owner.handed));
    let staying = outcome.owners.iter().filter_map(of_owner);
    cells.handed_over.extend(staying);
    cells
}

/// Some classes of a cell.
fn handed_over(cell: &ImpactCell, handed: Handed) -> ImpactCell {
    ImpactCell {
        classes: handed.classes,
        unit_id: handed.to_unit,
        from_unit: handed.from_unit,
        ..cell.clone()
    }
}

/// A cell as it is published.
fn published(base: &Ground, face: FaceId) -> Option<ImpactCell> {
    let cell = base.cells.get(&face)?;
    Some(ImpactCell {
        face,
        code: Some(cell.code.clone()),
        name: cell.name.clone(),
        classes: ClassScope::All,
        area_m2: base.partition.area_m2(face),
        unit_id: cell.unit_id,
        from_unit: cell.unit_id,
        from: Vec::new(),
    })
}

fn units(loads: Loads, known: &HashMap<i32, Unit>) -> Vec<UnitLoad> {
    let of_unit = |(id, [before, after]): (i32, [Load; 2])| {
        Some(UnitLoad {
            unit: known.get(&id)?.clone(),
            before,
            after,
        })
    };
    loads.0.into_iter().filter_map(of_unit).collect()
}
