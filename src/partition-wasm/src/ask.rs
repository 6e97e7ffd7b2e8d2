//! Questions about the partition on a desk, and what the page takes from it.

use std::collections::BTreeMap;

use cityward_partition::geojson::Features;
use cityward_partition::{Degrees, FaceId, Ground, Point, Polygon, UnitId, difference};
use serde_json::json;

use crate::desk::{Desk, plain};
use crate::file::File;
use crate::told::{Neighbour, Snapped, SnappedTo, position};

impl Desk {
    /// The grid point at a place in degrees; `None` where that is too far away.
    pub(crate) fn point(&self, lon: f64, lat: f64) -> Option<Point> {
        self.frame.point(Degrees { lon, lat })
    }

    /// The face at a place in degrees.
    pub(crate) fn face_at(&self, lon: f64, lat: f64) -> Option<FaceId> {
        self.partition.face_at(self.point(lon, lat)?)
    }

    /// Where a pointer at a place in degrees comes to rest: on a vertex, else on a border, within
    /// a radius.
    pub(crate) fn snap(&self, lon: f64, lat: f64, within_mm: u32) -> Option<Snapped> {
        let pointer = self.point(lon, lat)?;
        let vertex = self.partition.nearest_vertex(pointer, within_mm);
        let vertex = vertex.map(|at| (SnappedTo::Vertex, at));
        let border = || self.partition.nearest_border(pointer, within_mm);
        let (to, at) = vertex
            .or_else(|| border().map(|seam| (SnappedTo::Border(seam.between), seam.at)))
            .unwrap_or((SnappedTo::Nothing, pointer));
        let border = match to {
            SnappedTo::Border(ends) => Some(ends.map(|end| position(&self.frame, end))),
            SnappedTo::Vertex | SnappedTo::Nothing => None,
        };
        Some(Snapped {
            to,
            at,
            place: position(&self.frame, at),
            border,
        })
    }

    /// Longitude and latitude of the vertices in a box of degrees, one after the other; `None`
    /// where there are more than `most`, or the box is wider than the grid.
    pub(crate) fn vertices(
        &self,
        [west, south, east, north]: [f64; 4],
        most: usize,
    ) -> Option<Vec<f64>> {
        let (low, high) = self.point(west, south).zip(self.point(east, north))?;
        let vertices = self.partition.vertices_in(low, high, most + 1);
        if vertices.len() > most {
            return None;
        }
        let places = vertices
            .into_iter()
            .flat_map(|vertex| position(&self.frame, vertex));
        Some(places.collect())
    }

    /// The faces with their inner point inside a loop of degrees.
    pub(crate) fn faces_within(&self, around: &[[f64; 2]]) -> Vec<FaceId> {
        let exterior: Option<Vec<Point>> = around
            .iter()
            .map(|[lon, lat]| self.point(*lon, *lat))
            .collect();
        let holes = Vec::new();
        exterior.map_or(Vec::new(), |exterior| {
            self.partition.faces_within(&Polygon { exterior, holes })
        })
    }

    /// The cells beside a face, that with the longest border first.
    pub(crate) fn neighbours(&self, face: FaceId) -> Vec<Neighbour<'_>> {
        let mut borders: BTreeMap<FaceId, f64> = BTreeMap::new();
        for arc in self.partition.arcs_of_face(face) {
            let arc = &self.partition.arcs()[arc];
            let length: f64 = arc.line.segments().map(|(a, b)| a.distance_mm(b)).sum();
            for other in arc.sides().into_iter().flatten() {
                *borders.entry(other).or_default() += length / 1000.0;
            }
        }
        let is_cell =
            |other: &FaceId| *other != face && self.partition.faces()[other].ground == Ground::Cell;
        let beside = borders.into_iter().filter(|(other, _)| is_cell(other));
        let mut neighbours: Vec<Neighbour<'_>> = beside
            .map(|(face, border_m)| Neighbour {
                face,
                label: self.label(face),
                border_m,
            })
            .collect();
        neighbours.sort_by(|one, other| other.border_m.total_cmp(&one.border_m));
        neighbours
    }

    /// The ground that has changed hands since the desk was opened, as a collection of features.
    pub(crate) fn difference(&mut self) -> String {
        let difference = self.comparison.difference(&self.base, &self.partition);
        let mut features = Features::of(&self.frame);
        for moved in difference.moved {
            let owner = |of: &cityward_partition::Partition, face: Option<FaceId>| {
                face.and_then(|face| of.faces()[&face].owner)
            };
            let properties = json!({
                "from": moved.from,
                "to": moved.to,
                "from_label": moved.from.map(|face| self.label(face)),
                "to_label": moved.to.map(|face| self.label(face)),
                "from_owner": owner(&self.base, moved.from),
                "to_owner": owner(&self.partition, moved.to),
                "area_m2": moved.area_m2,
            });
            features.push_area(None, &moved.polygons, &properties);
        }
        features.finish()
    }

    /// The cells as they are now, each with the properties of the row it comes from. Ground that
    /// is still to be decided is in the report.
    pub(crate) fn cells(&self) -> String {
        let mut features = Features::of(&self.frame);
        let faces = self.partition.faces().iter();
        for (&face, known) in faces.filter(|(_, known)| known.ground == Ground::Cell) {
            let row = self.file.as_ref().zip(self.origins.get(&face));
            let properties = row.map(|(file, index)| &file.rows[*index].properties);
            let mut properties = properties.cloned().unwrap_or_default();
            if let Some((field, names)) = &self.owners {
                let owner = known
                    .owner
                    .and_then(|UnitId(owner)| names.get(owner as usize));
                // what has not changed stays as it was written, be it a number
                if properties.get(field).and_then(plain).as_ref() != owner {
                    properties.insert(field.clone(), json!(owner));
                }
            }
            features.push_area(None, &self.partition.polygons(face), &properties);
        }
        features.finish()
    }

    /// What was found; after a repair what was done, what a person decided, and what is left.
    pub(crate) fn report(&self) -> String {
        let mut features = Features::of(&self.frame);
        let Some(file) = &self.file else {
            return features.finish();
        };
        let rows = file.numbers();
        let above = self.level.as_ref().map(File::numbers).unwrap_or_default();
        let Some(repaired) = &self.repaired else {
            for defect in &self.defects {
                features.push_defect(defect, &rows, &above);
            }
            return features.finish();
        };
        for repair in &repaired.repairs {
            features.push_repair(repair, &rows);
        }
        for conflict in &repaired.conflicts {
            let now = self.partition.faces().get(&conflict.face);
            if now.is_some_and(|face| face.ground != Ground::Cell) {
                features.push_defect(&conflict.defect, &rows, &above);
            }
        }
        // a repair moves no cell into another area
        let level = self.defects.iter();
        for defect in level.filter(|defect| defect.kind.is_about_a_level()) {
            features.push_defect(defect, &rows, &above);
        }
        let row_of = |face: FaceId| self.origins.get(&face).map(|index| rows[*index]);
        for moved in difference(&self.base, &self.partition).moved {
            let properties = json!({
                "decided": true,
                "from_row": moved.from.and_then(row_of),
                "to_row": moved.to.and_then(row_of),
                "area_m2": moved.area_m2,
            });
            features.push_area(None, &moved.polygons, &properties);
        }
        features.finish()
    }
}
