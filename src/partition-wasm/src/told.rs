//! What the page is told, as JSON: places in degrees, and on the grid where they name a vertex.

use std::collections::BTreeMap;

use cityward_partition::geojson::place as geometry;
use cityward_partition::{
    Conflict, Defect, DefectKind, Degrees, Face, FaceId, Frame, Ground, Place, Point, Polygon,
    Refusal, Repair, RepairKind, Subject, UnitId, Warning,
};
use serde::Serialize;
use serde_json::value::RawValue;

/// Longitude and latitude.
pub(crate) type Position = [f64; 2];

pub(crate) fn position(frame: &Frame, point: Point) -> Position {
    let Degrees { lon, lat } = frame.degrees(point);
    [lon, lat]
}

/// A file that was read.
#[derive(Debug, Serialize)]
pub(crate) struct FileTold {
    pub cells: usize,
    pub vertices: usize,
    pub unreadable: Vec<UnreadableTold>,
    /// The names of the properties, in order.
    pub fields: Vec<String>,
    /// West, south, east, north.
    pub bounds: [f64; 4],
}

#[derive(Debug, Serialize)]
pub(crate) struct UnreadableTold {
    pub row: usize,
    pub why: crate::file::Unreadable,
}

/// Where something is and how large.
#[derive(Debug, Serialize)]
pub(crate) struct Spot {
    pub geometry: Box<RawValue>,
    /// West, south, east, north.
    pub bounds: [f64; 4],
    pub area_m2: f64,
    pub width_mm: f64,
}

impl Spot {
    fn of(frame: &Frame, place: &Place, area_m2: f64, width_mm: f64) -> Self {
        let points: Box<dyn Iterator<Item = Point>> = match place {
            Place::Points(points) => Box::new(points.iter().copied()),
            Place::Lines(lines) => Box::new(lines.iter().flatten().copied()),
            Place::Area(polygons) => {
                Box::new(polygons.iter().flat_map(|one| one.exterior.iter().copied()))
            }
        };
        Self {
            geometry: RawValue::from_string(geometry(frame, place)).expect("GeoJSON is JSON"),
            bounds: bounds(frame, points),
            area_m2,
            width_mm,
        }
    }
}

/// The box in degrees around the box around points: west, south, east, north.
pub(crate) fn bounds(frame: &Frame, points: impl Iterator<Item = Point>) -> [f64; 4] {
    let mut low = Point::new(Point::MAX_MM, Point::MAX_MM);
    let mut high = Point::new(-Point::MAX_MM, -Point::MAX_MM);
    for Point { x, y } in points {
        low = Point::new(low.x.min(x), low.y.min(y));
        high = Point::new(high.x.max(x), high.y.max(y));
    }
    let corners = [
        low,
        Point::new(high.x, low.y),
        high,
        Point::new(low.x, high.y),
    ];
    let nothing = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
    corners
        .into_iter()
        .fold(nothing, |[west, south, east, north], corner| {
            let [lon, lat] = position(frame, corner);
            [west.min(lon), south.min(lat), east.max(lon), north.max(lat)]
        })
}

#[derive(Debug, Serialize)]
pub(crate) struct DefectTold {
    pub kind: DefectKind,
    /// Indices of cells.
    pub cells: Vec<u32>,
    /// Indices of areas of the level above.
    pub areas: Vec<u32>,
    #[serde(flatten)]
    pub spot: Spot,
}

impl DefectTold {
    pub(crate) fn of(frame: &Frame, defect: &Defect) -> Self {
        Self {
            kind: defect.kind,
            cells: defect.cells.clone(),
            areas: defect.areas.clone(),
            spot: Spot::of(frame, &defect.place, defect.area_m2, defect.width_mm),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct RepairTold {
    pub kind: RepairKind,
    pub from: Vec<u32>,
    pub to: Option<u32>,
    #[serde(flatten)]
    pub spot: Spot,
}

impl RepairTold {
    pub(crate) fn of(frame: &Frame, repair: &Repair) -> Self {
        Self {
            kind: repair.kind,
            from: repair.from.clone(),
            to: repair.to,
            spot: Spot::of(frame, &repair.place, repair.area_m2, repair.width_mm),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct ConflictTold {
    pub face: FaceId,
    pub defect: DefectTold,
}

impl ConflictTold {
    pub(crate) fn of(frame: &Frame, conflict: &Conflict) -> Self {
        Self {
            face: conflict.face,
            defect: DefectTold::of(frame, &conflict.defect),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct RepairedTold {
    pub repairs: Vec<RepairTold>,
    pub conflicts: Vec<ConflictTold>,
}

/// What a face is drawn with; also the properties of its feature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FaceTold<'a> {
    /// The feature's id again: expressions of the map see properties only.
    pub face: FaceId,
    pub label: &'a str,
    pub owner: Option<UnitId>,
    /// Who has the first of the subjects that are looked at by a duty for just that.
    pub duty: Option<UnitId>,
    /// Who answers for it: by the duty for the first of the subjects that has one, else the owner.
    pub answers: Option<UnitId>,
    pub ground: GroundTold,
    pub locked: bool,
    pub area_m2: f64,
    /// Into how many pieces it falls.
    pub parts: usize,
    /// A place well inside.
    pub at: Option<Position>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroundTold {
    Cell,
    Unclaimed,
    Contested,
}

impl<'a> FaceTold<'a> {
    /// `polygons` are the face's, `subjects` those that are looked at.
    pub(crate) fn of(
        face: &Face,
        id: FaceId,
        label: &'a str,
        polygons: &[Polygon],
        (frame, subjects): (&Frame, &[Subject]),
    ) -> Self {
        let by_duty = |subject: &Subject| face.duties.get(subject).copied();
        let largest = polygons
            .iter()
            .max_by(|one, other| one.area_m2().total_cmp(&other.area_m2()));
        Self {
            face: id,
            label,
            owner: face.owner,
            duty: subjects.first().and_then(by_duty),
            answers: subjects.iter().find_map(by_duty).or(face.owner),
            ground: match face.ground {
                Ground::Cell => GroundTold::Cell,
                Ground::Unclaimed => GroundTold::Unclaimed,
                Ground::Contested(_) => GroundTold::Contested,
            },
            locked: face.is_locked,
            area_m2: polygons.iter().map(Polygon::area_m2).sum(),
            parts: polygons.len(),
            at: largest
                .and_then(Polygon::inner_point)
                .map(|point| position(frame, point)),
        }
    }
}

/// Who answers for single subjects of a face.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct DutiesTold<'a> {
    pub face: FaceId,
    pub duties: &'a BTreeMap<Subject, UnitId>,
}

/// What an operation does, or why it is not done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Done(Touched),
    Refused(RefusalTold),
}

/// Faces that are drawn anew.
#[derive(Debug, Serialize)]
pub(crate) struct Touched {
    /// A collection of features.
    pub faces: Box<RawValue>,
    pub gone: Vec<FaceId>,
    pub warnings: Vec<Warning>,
}

#[derive(Debug, Serialize)]
pub(crate) struct RefusalTold {
    pub why: Refusal,
    /// Where to look.
    pub place: Option<Position>,
}

/// A neighbour of a face, and how much border they share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Neighbour<'a> {
    pub face: FaceId,
    pub label: &'a str,
    pub border_m: f64,
}

/// Where a pointer comes to rest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Snapped {
    pub to: SnappedTo,
    pub at: Point,
    pub place: Position,
    /// Between which places the border passes that it rests on.
    pub border: Option<[Position; 2]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SnappedTo {
    Vertex,
    /// The vertices between which the border passes.
    Border([Point; 2]),
    Nothing,
}
