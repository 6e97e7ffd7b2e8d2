//! A GeoJSON file of cells (RFC 7946), on the partition's grid.

use std::borrow::Cow;

use cityward_partition::{Cell, Degrees, Frame, Point, Polygon, gcj02_from_bd09, wgs84_from_gcj02};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::desk::plain;

/// In which coordinates a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Coordinates {
    /// CGCS2000 counts as the same.
    Wgs84,
    Gcj02,
    Bd09,
}

impl Coordinates {
    fn wgs84(self, place: Degrees) -> Degrees {
        match self {
            Self::Wgs84 => place,
            Self::Gcj02 => wgs84_from_gcj02(place),
            Self::Bd09 => wgs84_from_gcj02(gcj02_from_bd09(place)),
        }
    }
}

/// Why a file as a whole cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("no_geojson: {0}")]
    NoGeoJson(#[from] serde_json::Error),
    #[error("crs: {0}")]
    OtherCrs(String),
    #[error("no_cell")]
    NoCell,
}

/// Why a row is not a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unreadable {
    /// No polygon, or none that can be read.
    NoArea,
    /// Too far from the other cells to be on one plane with them.
    TooFar,
}

/// A row that became a cell.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its place in the file, from 1.
    pub number: usize,
    pub properties: Map<String, Value>,
}

/// The cells of a file.
#[derive(Debug)]
pub(crate) struct File {
    /// Around the first place of the file.
    pub frame: Frame,
    pub cells: Vec<Cell>,
    /// One a cell.
    pub rows: Vec<Row>,
    pub unreadable: Vec<(usize, Unreadable)>,
}

impl File {
    /// Reads a collection of features, onto the grid of a frame if one is given.
    ///
    /// # Errors
    /// It is no GeoJSON, says that it is in other coordinates than degrees, or holds no cell.
    pub(crate) fn read(
        text: &str,
        coordinates: Coordinates,
        frame: Option<Frame>,
    ) -> Result<Self, Unusable> {
        let collection: Collection<'_> = serde_json::from_str(text)?;
        if let Some(name) = collection.crs.as_ref().and_then(Crs::other_than_degrees) {
            return Err(Unusable::OtherCrs(name.to_owned()));
        }
        let mut place = Placing { coordinates, frame };
        let (mut cells, mut rows, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        for (number, feature) in (1..).zip(collection.features) {
            let polygons = feature.geometry.ok_or(Unreadable::NoArea);
            match polygons.and_then(|geometry| place.cell(&geometry)) {
                Ok(cell) => {
                    cells.push(cell);
                    let properties = feature.properties.unwrap_or_default();
                    rows.push(Row { number, properties });
                }
                Err(why) => unreadable.push((number, why)),
            }
        }
        if cells.is_empty() {
            return Err(Unusable::NoCell);
        }
        Ok(Self {
            frame: place.frame.ok_or(Unusable::NoCell)?,
            cells,
            rows,
            unreadable,
        })
    }

    pub(crate) fn numbers(&self) -> Vec<usize> {
        self.rows.iter().map(|row| row.number).collect()
    }

    /// What each row is called by a property; those without it by their number.
    pub(crate) fn names(&self, field: Option<&str>) -> Vec<String> {
        let name = |row: &Row| {
            let value = field.and_then(|field| row.properties.get(field));
            value
                .and_then(plain)
                .unwrap_or_else(|| format!("#{}", row.number))
        };
        self.rows.iter().map(name).collect()
    }
}

/// Puts degrees on the grid of a frame around the first of them.
struct Placing {
    coordinates: Coordinates,
    frame: Option<Frame>,
}

impl Placing {
    fn cell(&mut self, geometry: &Geometry<'_>) -> Result<Cell, Unreadable> {
        let text = geometry.coordinates.ok_or(Unreadable::NoArea)?.get();
        let unread = |_| Unreadable::NoArea;
        let polygons: Vec<Vec<Vec<Position>>> = match geometry.kind.as_ref() {
            "Polygon" => vec![serde_json::from_str(text).map_err(unread)?],
            "MultiPolygon" => serde_json::from_str(text).map_err(unread)?,
            _ => return Err(Unreadable::NoArea),
        };
        if polygons.iter().all(Vec::is_empty) {
            return Err(Unreadable::NoArea);
        }
        let polygons = polygons.iter().filter(|rings| !rings.is_empty());
        let polygons = polygons.map(|rings| self.polygon(rings));
        Ok(Cell {
            polygons: polygons.collect::<Result<_, _>>()?,
        })
    }

    fn polygon(&mut self, rings: &[Vec<Position>]) -> Result<Polygon, Unreadable> {
        let mut rings = rings.iter().map(|ring| self.ring(ring));
        Ok(Polygon {
            exterior: rings.next().ok_or(Unreadable::NoArea)??,
            holes: rings.collect::<Result<_, _>>()?,
        })
    }

    /// Without the repetition of its first point.
    fn ring(&mut self, ring: &[Position]) -> Result<Vec<Point>, Unreadable> {
        let points = ring.iter().map(|Position(place)| {
            let place = self.coordinates.wgs84(*place);
            let frame = match self.frame {
                Some(frame) => frame,
                None => *self
                    .frame
                    .insert(Frame::at(place).ok_or(Unreadable::TooFar)?),
            };
            frame.point(place).ok_or(Unreadable::TooFar)
        });
        let mut points = points.collect::<Result<Vec<Point>, _>>()?;
        if points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        Ok(points)
    }
}

#[derive(Deserialize)]
struct Collection<'a> {
    /// Of the GeoJSON of 2008; RFC 7946 knows degrees only.
    crs: Option<Crs>,
    #[serde(borrow)]
    features: Vec<Feature<'a>>,
}

#[derive(Deserialize)]
struct Crs {
    properties: Option<CrsProperties>,
}

#[derive(Deserialize)]
struct CrsProperties {
    name: Option<String>,
}

impl Crs {
    fn other_than_degrees(&self) -> Option<&str> {
        let name = self.properties.as_ref()?.name.as_deref()?;
        let is_degrees = ["CRS84", "4326", "4490"]
            .iter()
            .any(|degrees| name.ends_with(degrees));
        (!is_degrees).then_some(name)
    }
}

#[derive(Deserialize)]
struct Feature<'a> {
    #[serde(borrow)]
    geometry: Option<Geometry<'a>>,
    properties: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Geometry<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    /// Read once the type is known.
    #[serde(borrow)]
    coordinates: Option<&'a RawValue>,
}

/// Longitude and latitude; a height is passed over.
struct Position(Degrees);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = Position;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("longitude and latitude")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Position, A::Error> {
                let missing = |length| serde::de::Error::invalid_length(length, &self);
                let lon = numbers.next_element()?.ok_or_else(|| missing(0))?;
                let lat = numbers.next_element()?.ok_or_else(|| missing(1))?;
                while numbers.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Position(Degrees { lon, lat }))
            }
        }
        deserializer.deserialize_seq(Numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(features: &str) -> Result<File, Unusable> {
        let text = format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
        File::read(&text, Coordinates::Wgs84, None)
    }

    const SQUARE: &str = r#"{"properties":{"name":"a"},"geometry":{"coordinates":
        [[[120,32,7],[120.001,32],[120.001,32.001],[120,32.001],[120,32,7]]],"type":"Polygon"}}"#;

    #[test]
    fn a_ring_is_read_without_its_repeated_point_and_heights() {
        let file = read(SQUARE).unwrap();
        assert_eq!(file.cells[0].polygons[0].exterior.len(), 4);
        assert_eq!(file.cells[0].polygons[0].exterior[0], Point::new(0, 0));
        assert_eq!(file.rows[0].properties["name"], "a");
    }

    #[test]
    fn what_is_no_cell_is_told_by_its_row() {
        let other = r#"{"geometry":null},{"geometry":{"type":"Point","coordinates":[1,2]}},
            {"geometry":{"type":"Polygon","coordinates":[[[10,1],[11,1],[11,2],[10,1]]]}}"#;
        let file = read(&format!("{SQUARE},{other}")).unwrap();
        let why = [Unreadable::NoArea, Unreadable::NoArea, Unreadable::TooFar];
        let rows: Vec<_> = (2..).zip(why).collect();
        assert_eq!(file.unreadable, rows);
        assert_eq!(file.cells.len(), 1);
    }

    #[test]
    fn other_coordinates_than_degrees_are_refused() {
        let crs = r#"{"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4549"}},"#;
        let text = format!(r#"{crs}"features":[{SQUARE}]}}"#);
        let refused = File::read(&text, Coordinates::Wgs84, None).unwrap_err();
        assert_eq!(refused.to_string(), "crs: urn:ogc:def:crs:EPSG::4549");
    }

    #[test]
    fn shifted_coordinates_come_back_to_their_place() {
        let text = format!(r#"{{"features":[{SQUARE}]}}"#);
        let file = File::read(&text, Coordinates::Gcj02, None).unwrap();
        let place = file.frame.degrees(file.cells[0].polygons[0].exterior[0]);
        let given = cityward_partition::gcj02_from_wgs84(place);
        assert!((given.lon - 120.0).abs() < 1e-8 && (given.lat - 32.0).abs() < 1e-8);
        assert!((place.lon - 120.0).abs() > 1e-3, "{place:?}");
    }
}
