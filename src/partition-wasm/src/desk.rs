//! A planner's desk: a file that is put in order, or a partition that is edited.

use std::collections::{BTreeMap, BTreeSet};

use cityward_partition::geojson::Features;
use cityward_partition::{
    Change, Comparison, Defect, Face, FaceId, Frame, Ground, Limits, NoPartition, Operation,
    Partition, Planned, Point, Polygon, Refusal, Repaired, Subject, UnitId, check, check_within,
    repair,
};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::file::{Coordinates, File, Unusable};
use crate::told::{
    ConflictTold, DefectTold, DutiesTold, FaceTold, FileTold, Outcome, RefusalTold, RepairTold,
    RepairedTold, Touched, UnreadableTold, bounds, position,
};

/// Everything on the desk; nothing of it is anywhere else until the page takes it.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) frame: Frame,
    pub(crate) file: Option<File>,
    /// The areas of a level above the cells, on the same grid.
    pub(crate) level: Option<File>,
    pub(crate) defects: Vec<Defect>,
    pub(crate) repaired: Option<Repaired>,
    /// As it was before the first operation.
    pub(crate) base: Partition,
    pub(crate) partition: Partition,
    /// Of the two.
    pub(crate) comparison: Comparison,
    done: Vec<Change>,
    undone: Vec<Change>,
    pub(crate) labels: BTreeMap<FaceId, String>,
    /// From which cell of the file a face has its properties.
    pub(crate) origins: BTreeMap<FaceId, usize>,
    /// The property that says whose a cell is, and the names of the owners in order.
    pub(crate) owners: Option<(String, Vec<String>)>,
    pub(crate) limits: Limits,
    /// For what it is shown who answers, the first before the others; nothing: for all that is no duty
    /// by itself.
    subjects: Vec<Subject>,
}

impl Desk {
    fn empty(frame: Frame) -> Self {
        Self {
            frame,
            file: None,
            level: None,
            defects: Vec::new(),
            repaired: None,
            base: Partition::default(),
            partition: Partition::default(),
            comparison: Comparison::default(),
            done: Vec::new(),
            undone: Vec::new(),
            labels: BTreeMap::new(),
            origins: BTreeMap::new(),
            owners: None,
            limits: Limits::default(),
            subjects: Vec::new(),
        }
    }

    /// With a file of cells.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(crate) fn with_file(text: &str, coordinates: Coordinates) -> Result<Self, Unusable> {
        let file = File::read(text, coordinates, None)?;
        let mut desk = Self::empty(file.frame);
        desk.file = Some(file);
        desk.label_by(None);
        Ok(desk)
    }

    /// With a partition from elsewhere, such as the service, and the one it is compared with.
    ///
    /// # Errors
    /// The bytes are no partition.
    pub(crate) fn with_partition(
        base: &[u8],
        bytes: &[u8],
        frame: Frame,
    ) -> Result<Self, NoPartition> {
        let mut desk = Self::empty(frame);
        desk.begin(Partition::from_bytes(base)?);
        if bytes != base {
            desk.partition = Partition::from_bytes(bytes)?;
            desk.comparison = Comparison::between(&desk.base, &desk.partition);
        }
        Ok(desk)
    }

    fn begin(&mut self, partition: Partition) {
        self.base = partition.clone();
        self.partition = partition;
        self.comparison = Comparison::default();
        self.done.clear();
        self.undone.clear();
    }

    /// Puts a level above beside the file; another one is put away.
    ///
    /// # Errors
    /// The level's file cannot be used.
    pub(crate) fn put_level(
        &mut self,
        text: &str,
        coordinates: Coordinates,
    ) -> Result<(), Unusable> {
        self.level = Some(File::read(text, coordinates, Some(self.frame))?);
        Ok(())
    }

    /// What is known of the file.
    pub(crate) fn told(&self) -> FileTold {
        self.told_of(self.file.as_ref())
    }

    pub(crate) fn told_of(&self, file: Option<&File>) -> FileTold {
        let cells = file.iter().flat_map(|file| &file.cells);
        let polygons = cells.clone().flat_map(|cell| &cell.polygons);
        let points = polygons.flat_map(|polygon| polygon.rings()).flatten();
        let points: Vec<Point> = points.copied().collect();
        let rows = file.iter().flat_map(|file| &file.rows);
        let fields: BTreeSet<&String> = rows.flat_map(|row| row.properties.keys()).collect();
        let unreadable = file.iter().flat_map(|file| &file.unreadable);
        FileTold {
            cells: cells.count(),
            vertices: points.len(),
            unreadable: unreadable
                .map(|&(row, why)| UnreadableTold { row, why })
                .collect(),
            fields: fields.into_iter().cloned().collect(),
            bounds: bounds(&self.frame, points.into_iter()),
        }
    }

    /// West, south, east and north of the partition.
    pub(crate) fn bounds(&self) -> [f64; 4] {
        let lines = self.partition.arcs().values().map(|arc| &arc.line);
        bounds(&self.frame, lines.flat_map(|line| line.iter().copied()))
    }

    /// Names the cells by a property of the file; those without it by their row.
    pub(crate) fn label_by(&mut self, field: Option<&str>) {
        let Some(file) = &self.file else { return };
        self.labels = (0..).map(FaceId).zip(file.names(field)).collect();
    }

    /// Gives every cell to the owner that a property of the file names; who the numbers are.
    pub(crate) fn own_by(&mut self, field: &str) -> &[String] {
        let Some(file) = &self.file else {
            return &[];
        };
        let owner_of = |index: usize| plain(file.rows[index].properties.get(field)?);
        let names: BTreeSet<String> = (0..file.rows.len()).filter_map(owner_of).collect();
        let names: Vec<String> = names.into_iter().collect();
        let mut faces: BTreeMap<UnitId, Vec<FaceId>> = BTreeMap::new();
        for (&face, &index) in &self.origins {
            let owner = owner_of(index).and_then(|name| names.binary_search(&name).ok());
            if let Some(owner) = owner.and_then(|owner| u32::try_from(owner).ok())
                && self.partition.faces().contains_key(&face)
            {
                faces.entry(UnitId(owner)).or_default().push(face);
            }
        }
        for (owner, faces) in faces {
            let owner = Some(owner);
            let planned = Operation::SetOwner { faces, owner }.plan(&self.partition, &self.limits);
            if let Ok(Planned { change, .. }) = planned {
                self.partition.apply(&change).expect("planned on this one");
            }
        }
        self.begin(self.partition.clone());
        self.owners.insert((field.to_owned(), names)).1.as_slice()
    }

    /// A further owner, who has nothing yet.
    pub(crate) fn add_owner(&mut self, name: String) -> UnitId {
        const FIELD: &str = "owner";
        let (_, names) = self
            .owners
            .get_or_insert_with(|| (FIELD.to_owned(), Vec::new()));
        names.push(name);
        let number = names.len() - 1;
        UnitId(u32::try_from(number).expect("fewer owners than numbers"))
    }

    /// Everything that is wrong with the file's cells, also with how they nest in the level above.
    pub(crate) fn check(&mut self, tolerance_mm: u32) -> Vec<DefectTold> {
        let cells = self.file.as_ref().map_or(&[][..], |file| &file.cells);
        self.defects = check(cells, tolerance_mm);
        if let Some(level) = &self.level {
            let apart = check_within(cells, &level.cells, tolerance_mm);
            self.defects.extend(apart);
        }
        let told = |defect| DefectTold::of(&self.frame, defect);
        self.defects.iter().map(told).collect()
    }

    /// Makes a partition of the file's cells, which is then the one on the desk.
    pub(crate) fn repair(&mut self, tolerance_mm: u32) -> RepairedTold {
        let cells = self.file.as_ref().map_or(&[][..], |file| &file.cells);
        let repaired = repair(cells, tolerance_mm);
        self.origins = (0..).map(FaceId).zip(0..cells.len()).collect();
        self.begin(repaired.partition.clone());
        let frame = &self.frame;
        let (repairs, conflicts) = (&repaired.repairs, &repaired.conflicts);
        let told = RepairedTold {
            repairs: repairs
                .iter()
                .map(|one| RepairTold::of(frame, one))
                .collect(),
            conflicts: conflicts
                .iter()
                .map(|one| ConflictTold::of(frame, one))
                .collect(),
        };
        self.repaired = Some(repaired);
        told
    }

    /// What an operation would do; everything stays as it is.
    pub(crate) fn plan(&mut self, operation: &Operation) -> Outcome {
        self.outcome(operation, |desk, planned| {
            let touched = desk.apply(&planned.change);
            let back = planned.change.inverse();
            desk.partition.apply(&back).expect("it was just made");
            Touched {
                warnings: planned.warnings,
                ..touched
            }
        })
    }

    /// Does an operation.
    pub(crate) fn act(&mut self, operation: &Operation) -> Outcome {
        self.outcome(operation, |desk, planned| {
            let touched = desk.make(&planned.change);
            desk.done.push(planned.change);
            desk.undone.clear();
            Touched {
                warnings: planned.warnings,
                ..touched
            }
        })
    }

    fn outcome(
        &mut self,
        operation: &Operation,
        then: impl FnOnce(&mut Self, Planned) -> Touched,
    ) -> Outcome {
        match operation.plan(&self.partition, &self.limits) {
            Ok(planned) => Outcome::Done(then(self, planned)),
            Err(why) => Outcome::Refused(self.refusal(why)),
        }
    }

    pub(crate) fn refusal(&self, why: Refusal) -> RefusalTold {
        let inside = |face| self.partition.inner_point(face);
        let place = why.at().or_else(|| why.face().and_then(inside));
        RefusalTold {
            place: place.map(|at| position(&self.frame, at)),
            why,
        }
    }

    /// Takes the last operation back; `None` where there is none.
    pub(crate) fn undo(&mut self) -> Option<Touched> {
        let change = self.done.pop()?;
        let touched = self.make(&change.clone().inverse());
        self.undone.push(change);
        Some(touched)
    }

    /// Does again what was taken back last; `None` where there is nothing.
    pub(crate) fn redo(&mut self) -> Option<Touched> {
        let change = self.undone.pop()?;
        let touched = self.make(&change);
        self.done.push(change);
        Some(touched)
    }

    /// Makes a change to stay.
    fn make(&mut self, change: &Change) -> Touched {
        self.comparison.note(change);
        self.apply(change)
    }

    fn apply(&mut self, change: &Change) -> Touched {
        let made = self.partition.apply(change);
        made.expect("changes are made and taken back in their order");
        self.name_children(change);
        let touched = change.faces_touched();
        let is_there = |face: &FaceId| self.partition.faces().contains_key(face);
        let (faces, gone) = touched.into_iter().partition(is_there);
        Touched {
            faces: self.drawn(faces),
            gone,
            warnings: Vec::new(),
        }
    }

    /// A face that came of others bears their names, and the first one's properties. Ground that
    /// was nobody's has none to give.
    fn name_children(&mut self, change: &Change) {
        let before = change.faces.iter();
        let before = before.filter_map(|edit| Some((edit.id, edit.before.as_ref()?)));
        let cells: BTreeMap<FaceId, &Face> = before
            .filter(|(_, face)| face.ground == Ground::Cell)
            .collect();
        let mut parents: BTreeMap<FaceId, Vec<FaceId>> = BTreeMap::new();
        let mut pieces: BTreeMap<FaceId, usize> = BTreeMap::new();
        for descent in &change.descent {
            if cells.contains_key(&descent.parent) {
                parents
                    .entry(descent.child)
                    .or_default()
                    .push(descent.parent);
            }
        }
        for (child, parents) in parents {
            let name_of = |parent: &FaceId| {
                let named = cells.get(parent)?.name.as_ref();
                named.or_else(|| self.labels.get(parent)).cloned()
            };
            let names = parents.iter().filter_map(name_of);
            let mut name = names.collect::<Vec<_>>().join("+");
            let is_split = change
                .descent
                .iter()
                .any(|other| parents.contains(&other.parent) && other.child != child);
            if is_split {
                let piece = pieces.entry(parents[0]).or_default();
                *piece += 1;
                name = format!("{name}/{piece}");
            }
            self.labels.entry(child).or_insert(name);
            if let Some(&origin) = self.origins.get(&parents[0]) {
                self.origins.insert(child, origin);
            }
        }
    }

    fn drawn(&self, faces: Vec<FaceId>) -> Box<RawValue> {
        let mut features = Features::of(&self.frame);
        for face in faces {
            self.draw(&mut features, face);
        }
        RawValue::from_string(features.finish()).expect("GeoJSON is JSON")
    }

    fn draw(&self, features: &mut Features<'_>, face: FaceId) {
        if let Some((told, polygons)) = self.face(face) {
            features.push_area(Some(face.0), &polygons, &told);
        }
    }

    fn face(&self, id: FaceId) -> Option<(FaceTold<'_>, Vec<Polygon>)> {
        self.face_of(&self.partition, id)
    }

    fn face_of(&self, partition: &Partition, id: FaceId) -> Option<(FaceTold<'_>, Vec<Polygon>)> {
        let face = partition.faces().get(&id)?;
        let polygons = partition.polygons(id);
        let looked_at = (&self.frame, self.subjects.as_slice());
        let told = FaceTold::of(face, id, self.label(id), &polygons, looked_at);
        Some((told, polygons))
    }

    /// What is known of every face now.
    pub(crate) fn faces(&self) -> Vec<FaceTold<'_>> {
        self.faces_of(&self.partition)
    }

    /// What was known of every face before the first operation.
    pub(crate) fn faces_before(&self) -> Vec<FaceTold<'_>> {
        self.faces_of(&self.base)
    }

    fn faces_of(&self, partition: &Partition) -> Vec<FaceTold<'_>> {
        let ids = partition.faces().keys();
        ids.filter_map(|id| Some(self.face_of(partition, *id)?.0))
            .collect()
    }

    /// Shows from now on who answers for these, the first before the others.
    pub(crate) fn look_at(&mut self, subjects: Vec<Subject>) {
        self.subjects = subjects;
    }

    /// Who answers for single subjects of faces.
    pub(crate) fn duties(&self, faces: &[FaceId]) -> Vec<DutiesTold<'_>> {
        let known = |face: &FaceId| {
            let duties = &self.partition.faces().get(face)?.duties;
            Some(DutiesTold {
                face: *face,
                duties,
            })
        };
        faces.iter().filter_map(known).collect()
    }

    /// Every face, or before a repair every cell of the file.
    pub(crate) fn draw_all(&self) -> String {
        let mut features = Features::of(&self.frame);
        if self.partition.faces().is_empty() {
            let cells = self.file.iter().flat_map(|file| &file.cells);
            let nothing_known = Face::default();
            for (index, cell) in (0..).zip(cells) {
                let (id, polygons) = (FaceId(index), &cell.polygons);
                let looked_at = (&self.frame, self.subjects.as_slice());
                let told = FaceTold::of(&nothing_known, id, self.label(id), polygons, looked_at);
                features.push_area(Some(index), polygons, &told);
            }
        } else {
            for &face in self.partition.faces().keys() {
                self.draw(&mut features, face);
            }
        }
        features.finish()
    }

    /// Every face as it was before the first operation.
    pub(crate) fn draw_before(&self) -> String {
        let mut features = Features::of(&self.frame);
        for &face in self.base.faces().keys() {
            if let Some((told, polygons)) = self.face_of(&self.base, face) {
                features.push_area(Some(face.0), &polygons, &told);
            }
        }
        features.finish()
    }

    pub(crate) fn label(&self, face: FaceId) -> &str {
        let named = self.partition.faces().get(&face);
        let named = named.and_then(|face| face.name.as_deref());
        let known = || self.labels.get(&face).map_or("", String::as_str);
        named.filter(|name| !name.is_empty()).unwrap_or_else(known)
    }
}

/// A value as a person would write it.
pub(crate) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
