//! What was found and made, as GeoJSON (RFC 7946) for a map: degrees to eight places, a millimetre.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::defect::{Defect, DefectKind, Place, RingFault};
use crate::frame::{Degrees, Frame};
use crate::point::Point;
use crate::repair::{Repair, RepairKind};
use crate::ring::Polygon;

/// A collection of features, being written.
#[derive(Debug)]
pub struct Features<'a> {
    frame: &'a Frame,
    text: String,
}

impl<'a> Features<'a> {
    pub fn of(frame: &'a Frame) -> Self {
        let text = r#"{"type":"FeatureCollection","features":["#.to_owned();
        Self { frame, text }
    }

    /// Polygons with properties; `id` names the feature.
    pub fn push_area(
        &mut self,
        id: Option<u32>,
        polygons: &[Polygon],
        properties: &impl Serialize,
    ) {
        let geometry = multi_polygon(self.frame, polygons);
        self.push(id, &geometry, properties);
    }

    /// A place with properties.
    pub fn push_point(&mut self, at: Degrees, properties: &impl Serialize) {
        let geometry = json!({ "type": "Point", "coordinates": [at.lon, at.lat] });
        self.push(None, &geometry.to_string(), properties);
    }

    /// A defect; `rows` says which row of the file each cell is, `above` which row of its file
    /// each area of the level above.
    pub fn push_defect(&mut self, defect: &Defect, rows: &[usize], above: &[usize]) {
        let mut properties = Map::new();
        properties.insert("defect".to_owned(), json!(defect.kind.name()));
        if let DefectKind::InvalidRing(fault) = defect.kind {
            properties.insert("fault".to_owned(), json!(fault.name()));
        }
        properties.insert("rows".to_owned(), rows_of(&defect.cells, rows));
        if !defect.areas.is_empty() {
            properties.insert("rows_above".to_owned(), rows_of(&defect.areas, above));
        }
        measures(&mut properties, defect.area_m2, defect.width_mm);
        self.push(None, &place(self.frame, &defect.place), &properties);
    }

    /// A repair; `rows` says which row of the file each cell is.
    pub fn push_repair(&mut self, repair: &Repair, rows: &[usize]) {
        let mut properties = Map::new();
        properties.insert("repair".to_owned(), json!(repair.kind.name()));
        properties.insert("from_rows".to_owned(), rows_of(&repair.from, rows));
        let to = repair.to.map(|cell| rows[cell as usize]);
        properties.insert("to_row".to_owned(), json!(to));
        measures(&mut properties, repair.area_m2, repair.width_mm);
        self.push(None, &place(self.frame, &repair.place), &properties);
    }

    fn push(&mut self, id: Option<u32>, geometry: &str, properties: &impl Serialize) {
        if !self.text.ends_with('[') {
            self.text.push(',');
        }
        self.text.push_str(r#"{"type":"Feature","#);
        if let Some(id) = id {
            put(&mut self.text, format_args!(r#""id":{id},"#));
        }
        let properties = serde_json::to_string(properties).expect("properties are JSON");
        put(
            &mut self.text,
            format_args!(r#""geometry":{geometry},"properties":{properties}}}"#),
        );
    }

    /// The whole collection.
    pub fn finish(mut self) -> String {
        self.text.push_str("]}");
        self.text
    }
}

/// The geometry of a place, as text.
pub fn place(frame: &Frame, place: &Place) -> String {
    match place {
        Place::Points(points) => {
            let mut text = r#"{"type":"MultiPoint","coordinates":"#.to_owned();
            list(&mut text, points, |text, point| {
                position(text, frame, *point)
            });
            text.push('}');
            text
        }
        Place::Lines(lines) => {
            let mut text = r#"{"type":"MultiLineString","coordinates":"#.to_owned();
            list(&mut text, lines, |text, line| {
                list(text, line, |text, point| position(text, frame, *point));
            });
            text.push('}');
            text
        }
        Place::Area(polygons) => multi_polygon(frame, polygons),
    }
}

fn multi_polygon(frame: &Frame, polygons: &[Polygon]) -> String {
    let mut text = r#"{"type":"MultiPolygon","coordinates":"#.to_owned();
    list(&mut text, polygons, |text, polygon| {
        list(text, polygon.rings(), |text, ring| {
            // rings end where they begin
            list(text, ring.iter().chain(ring.first()), |text, point| {
                position(text, frame, *point);
            });
        });
    });
    text.push('}');
    text
}

fn list<T>(
    text: &mut String,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    text.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write(text, item);
    }
    text.push(']');
}

fn position(text: &mut String, frame: &Frame, point: Point) {
    let place = frame.degrees(point);
    let rounded = |degrees: f64| (degrees * 1e8).round() / 1e8;
    put(
        text,
        format_args!("[{},{}]", rounded(place.lon), rounded(place.lat)),
    );
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("text takes everything");
}

fn rows_of(cells: &[u32], rows: &[usize]) -> Value {
    cells.iter().map(|cell| rows[*cell as usize]).collect()
}

fn measures(properties: &mut Map<String, Value>, area_m2: f64, width_mm: f64) {
    properties.insert("area_m2".to_owned(), json!(area_m2));
    properties.insert("width_m".to_owned(), json!(width_mm / 1000.0));
}

impl DefectKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidRing(_) => "invalid ring",
            Self::Duplicate => "duplicate cell",
            Self::Overlap => "overlap",
            Self::Gap => "gap",
            Self::Sliver => "sliver",
            Self::Unmatched => "unmatched border",
            Self::Outside => "in no area above",
            Self::Across => "in several areas above",
            Self::Unfollowed => "border above not followed",
        }
    }
}

impl RingFault {
    pub fn name(self) -> &'static str {
        match self {
            Self::TooShort => "fewer than three points",
            Self::RepeatedPoint => "a point is there twice in a row",
            Self::Spike => "turns back on itself",
            Self::SelfCrossing => "crosses itself",
            Self::SelfTouch => "touches itself",
            Self::HoleOutside => "a hole lies outside",
        }
    }
}

impl RepairKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::RingRebuilt => "ring rebuilt",
            Self::Snapped => "border moved",
            Self::OverlapDecided => "overlap decided",
            Self::GapFilled => "gap filled",
            Self::PartMoved => "part moved",
        }
    }
}
