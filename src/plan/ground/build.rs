//! From published polygons to a partition and back.

use std::collections::{BTreeMap, HashMap};

use cityward_partition::geojson::Features;
use cityward_partition::{
    Defect, DefectKind, FaceId, Frame, Partition, Place, Point, Subject, UnitId, repair,
};
use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon};
use serde::Serialize;
use serde_json::json;

use super::cache::NoGround;
use super::store::PublishedCell;
use super::{FIRST_PLANNED, FIRST_UNCLAIMED, Ground, GroundCell, Span};
use crate::import::grid_cell;
use crate::plan::duty::owner_of;
use crate::territory::Unit;

/// Corners that are one in degrees stay one on the grid; where a corner lies on another cell's
/// side, rounding to the grid parts them by a millimetre and a half at most.
pub(in crate::plan) const ROUNDING_MM: u32 = 2;

impl Ground {
    /// The partition of cells in ascending order of their faces: of the same cells always the same.
    ///
    /// # Errors
    /// Where they are none.
    pub(super) fn build(
        span: Span,
        frame: Frame,
        published: Vec<PublishedCell>,
        units: HashMap<i32, Unit>,
    ) -> Result<Self, NoGround> {
        let mut heads = Vec::with_capacity(published.len());
        let mut duties = Vec::with_capacity(published.len());
        let mut borders = Vec::with_capacity(published.len());
        for cell in published {
            heads.push(cell.head);
            duties.push(cell.duties);
            borders.push(cell.border);
        }
        let drawn: Vec<_> = heads
            .iter()
            .zip(borders)
            .map(|(head, border)| {
                grid_cell(&Geometry::MultiPolygon(border), &mut Some(frame))
                    .map_err(|why| anyhow::anyhow!("cell {}: {why}", head.code))
            })
            .collect::<Result<_, _>>()?;
        let repaired = repair(&drawn, ROUNDING_MM);
        let defects: Vec<Defect> = repaired
            .conflicts
            .into_iter()
            .map(|conflict| conflict.defect)
            .filter(|defect| defect.kind != DefectKind::Gap)
            .collect();
        if !defects.is_empty() {
            let codes: Vec<&str> = heads.iter().map(|head| head.code.as_str()).collect();
            let places = overlaps(&frame, ("codes", &codes), &defects);
            return Err(NoGround::Overlaps(places));
        }
        let partition = named(repaired.partition, &heads, &duties);
        Ok(Self {
            bytes: partition.to_bytes().into(),
            span,
            frame,
            partition,
            cells: heads.into_iter().map(|cell| (cell.face, cell)).collect(),
            units,
        })
    }
}

/// Where cells overlap, as a collection of GeoJSON features. Each cell has a name, and what kind of
/// name that is.
pub(in crate::plan) fn overlaps<N: Serialize + Copy>(
    frame: &Frame,
    (kind, names): (&str, &[N]),
    defects: &[Defect],
) -> String {
    let mut features = Features::of(frame);
    for defect in defects {
        let name = |cell: &u32| names[*cell as usize];
        let properties = json!({
            "defect": defect.kind.name(),
            (kind): defect.cells.iter().map(name).collect::<Vec<_>>(),
            "area_m2": defect.area_m2,
            "width_m": defect.width_mm / 1000.0,
        });
        // what a repair leaves is ground, never points
        if let Place::Area(polygons) = &defect.place {
            features.push_area(None, polygons, &properties);
        }
    }
    features.finish()
}

/// Faces are numbered by the index of their cell, gaps after them.
fn named(
    partition: Partition,
    heads: &[GroundCell],
    duties: &[BTreeMap<Subject, UnitId>],
) -> Partition {
    let head = |FaceId(index): FaceId| heads.get(index as usize);
    let count = u32::try_from(heads.len()).unwrap_or(u32::MAX);
    let name = |face| match head(face) {
        Some(head) => head.face,
        None => FaceId(FIRST_UNCLAIMED.0 + (face.0 - count)),
    };
    let by = |face: FaceId| {
        let owner = head(face).and_then(|head| owner_of(head.unit_id?));
        let duties = duties.get(face.0 as usize).cloned();
        (owner, duties.unwrap_or_default())
    };
    partition.owned(by).named(name, FIRST_PLANNED)
}

/// The border of a face in degrees; to the grid and back it is the same.
pub(in crate::plan) fn cell_geometry(
    frame: &Frame,
    partition: &Partition,
    face: FaceId,
) -> MultiPolygon<f64> {
    let at = |point: &Point| {
        let place = frame.degrees(*point);
        Coord {
            x: place.lon,
            y: place.lat,
        }
    };
    let ring = |ring: &Vec<Point>| -> LineString<f64> {
        let points = ring.iter().chain(ring.first());
        LineString(points.map(at).collect())
    };
    let polygons = partition.polygons(face).into_iter().map(|polygon| {
        let holes = polygon.holes.iter().map(ring).collect();
        Polygon::new(ring(&polygon.exterior), holes)
    });
    MultiPolygon(polygons.collect())
}
