//! The partition in the planner's page. It runs in a Web Worker and decides by the service's own
//! code; questions and answers are JSON, places are degrees (WGS 84), and vertices are named by
//! their place on the grid as in an [`Operation`](cityward_partition::Operation).

mod ask;
mod desk;
mod file;
mod remedy;
mod told;

#[cfg(test)]
mod tests;

use cityward_partition::{FaceId, Frame, Limits, Operation, Point};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use crate::desk::Desk;

/// A desk as JavaScript sees it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct PartitionDesk(Desk);

type Answer = Result<String, JsError>;

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, JsError> {
    Ok(serde_json::from_str(text)?)
}

fn json(answer: &impl Serialize) -> Answer {
    Ok(serde_json::to_string(answer)?)
}

#[wasm_bindgen]
impl PartitionDesk {
    /// With a GeoJSON file in `"wgs84"`, `"gcj02"` or `"bd09"` coordinates.
    pub fn of_file(text: &str, coordinates: &str) -> Result<Self, JsError> {
        let coordinates = from_json(coordinates)?;
        Ok(Self(Desk::with_file(text, coordinates)?))
    }

    /// With the bytes of two partitions, before and now, and their frame as JSON.
    pub fn of_partition(base: &[u8], bytes: &[u8], frame: &str) -> Result<Self, JsError> {
        let frame: Frame = from_json(frame)?;
        Ok(Self(Desk::with_partition(base, bytes, frame)?))
    }

    pub fn file(&self) -> Answer {
        json(&self.0.told())
    }

    /// With the areas of a level above the cells, from a file like theirs; told as the file is.
    pub fn put_level(&mut self, text: &str, coordinates: &str) -> Answer {
        let coordinates = from_json(coordinates)?;
        self.0.put_level(text, coordinates)?;
        json(&self.0.told_of(self.0.level.as_ref()))
    }

    pub fn drop_level(&mut self) {
        self.0.level = None;
    }

    /// The names of the areas by a property, one an area.
    pub fn level_names(&self, field: Option<String>) -> Answer {
        let level = self.0.level.as_ref();
        json(&level.map(|level| level.names(field.as_deref())))
    }

    pub fn label_by(&mut self, field: Option<String>) -> Answer {
        self.0.label_by(field.as_deref());
        json(&self.0.labels.values().collect::<Vec<_>>())
    }

    pub fn own_by(&mut self, field: &str) -> Answer {
        json(&self.0.own_by(field))
    }

    pub fn add_owner(&mut self, name: String) -> u32 {
        self.0.add_owner(name).0
    }

    /// For what it is shown who answers, `["C01037", "C01"]`: the first goes before the others.
    pub fn look_at(&mut self, subjects: &str) -> Result<(), JsError> {
        self.0.look_at(from_json(subjects)?);
        Ok(())
    }

    /// Who answers for single subjects of faces.
    pub fn duties(&self, faces: &str) -> Answer {
        let faces: Vec<FaceId> = from_json(faces)?;
        json(&self.0.duties(&faces))
    }

    pub fn faces(&self) -> Answer {
        json(&self.0.faces())
    }

    pub fn faces_before(&self) -> Answer {
        json(&self.0.faces_before())
    }

    pub fn bounds(&self) -> Answer {
        json(&self.0.bounds())
    }

    /// Names of faces, `[[face, name], …]`.
    pub fn name(&mut self, names: &str) -> Result<(), JsError> {
        let names: Vec<(FaceId, String)> = from_json(names)?;
        self.0.labels.extend(names);
        Ok(())
    }

    pub fn limit(&mut self, limits: &str) -> Result<(), JsError> {
        let limits: Limits = from_json(limits)?;
        self.0.limits = limits;
        Ok(())
    }

    pub fn check(&mut self, tolerance_mm: u32) -> Answer {
        json(&self.0.check(tolerance_mm))
    }

    pub fn repair(&mut self, tolerance_mm: u32) -> Answer {
        json(&self.0.repair(tolerance_mm))
    }

    pub fn plan(&mut self, operation: &str) -> Answer {
        let operation: Operation = from_json(operation)?;
        json(&self.0.plan(&operation))
    }

    pub fn act(&mut self, operation: &str) -> Answer {
        let operation: Operation = from_json(operation)?;
        json(&self.0.act(&operation))
    }

    pub fn undo(&mut self) -> Answer {
        json(&self.0.undo())
    }

    pub fn redo(&mut self) -> Answer {
        json(&self.0.redo())
    }

    /// UTF-8, so that it needs no copy in UTF-16 on its way to the map.
    pub fn draw(&self) -> Vec<u8> {
        self.0.draw_all().into_bytes()
    }

    /// As it was before the first operation.
    pub fn draw_before(&self) -> Vec<u8> {
        self.0.draw_before().into_bytes()
    }

    pub fn cells(&self) -> Vec<u8> {
        self.0.cells().into_bytes()
    }

    pub fn report(&self) -> Vec<u8> {
        self.0.report().into_bytes()
    }

    pub fn difference(&mut self) -> String {
        self.0.difference()
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.0.partition.to_bytes()
    }

    pub fn frame(&self) -> Answer {
        json(&self.0.frame)
    }

    pub fn face_at(&self, lon: f64, lat: f64) -> Option<u32> {
        self.0.face_at(lon, lat).map(|face| face.0)
    }

    pub fn snap(&self, lon: f64, lat: f64, within_mm: u32) -> Answer {
        json(&self.0.snap(lon, lat, within_mm))
    }

    /// `undefined` where there are more than `most`.
    pub fn vertices(&self, bounds: &[f64], most: usize) -> Result<Option<Vec<f64>>, JsError> {
        let bounds = bounds.try_into()?;
        Ok(self.0.vertices(bounds, most))
    }

    /// `around` is `[[lon, lat], …]`.
    pub fn faces_within(&self, around: &str) -> Answer {
        let around: Vec<[f64; 2]> = from_json(around)?;
        json(&self.0.faces_within(&around))
    }

    /// Grid points of `[[lon, lat], …]`; `null` where one is too far away.
    pub fn points(&self, places: &str) -> Answer {
        let places: Vec<[f64; 2]> = from_json(places)?;
        let points = places.iter().map(|[lon, lat]| self.0.point(*lon, *lat));
        json(&points.collect::<Option<Vec<_>>>())
    }

    pub fn neighbours(&self, face: u32) -> Answer {
        json(&self.0.neighbours(FaceId(face)))
    }

    /// What mends a face; `concern` says what is the matter with it.
    pub fn remedies(&self, face: u32, concern: &str) -> Answer {
        json(&self.0.remedies(FaceId(face), from_json(concern)?))
    }

    /// The scope with its outline along `[[x, y], …]` of the grid, as polygons; `null` where the
    /// line does not begin and end on one ring of it.
    pub fn scope_along(&self, line: &str) -> Answer {
        let line: Vec<Point> = from_json(line)?;
        json(&self.0.partition.scope_along(&line))
    }
}

/// What a panic says becomes the failure of what the page asked.
#[wasm_bindgen(start)]
pub fn begin() {
    std::panic::set_hook(Box::new(|panic| {
        wasm_bindgen::throw_val(JsValue::from_str(&panic.to_string()));
    }));
}
