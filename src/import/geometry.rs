//! Whether a row's geometry can be a place in the city, and that place in WGS 84.

use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPolygon, Polygon};

use anyhow::bail;
use rayon::prelude::*;

use super::crs::{Crs, UnknownCrs};
use super::options::FileOptions;
use super::report::Report;
use super::row::{Row, Table};

/// What a row must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A point, line or area.
    Any,
    /// A polygon or several.
    Area,
}

/// The row's geometry in WGS 84, or why it cannot be one. Whether a polygon crosses itself is
/// left to PostGIS.
pub(super) fn wgs84_geometry(row: &Row, crs: &Crs, shape: Shape) -> Result<Geometry, String> {
    let geometry = match &row.geometry {
        Err(reason) => return Err(format!("geometry cannot be read: {reason}")),
        Ok(None) => return Err("no geometry".to_owned()),
        Ok(Some(geometry)) => unwrap_single(geometry.clone()),
    };
    if first_coord(&geometry).is_none() {
        return Err("empty geometry".to_owned());
    }
    let convert = |place: Coord| convert(place, crs);
    match (geometry, shape) {
        (Geometry::Point(point), Shape::Any) => {
            // what databases export for "unknown"; no city lies there
            if point.0 == (Coord { x: 0.0, y: 0.0 }) {
                return Err("no geometry: the place is (0, 0)".to_owned());
            }
            Ok(Geometry::Point(convert(point.0)?.into()))
        }
        (Geometry::LineString(line), Shape::Any) => {
            Ok(Geometry::LineString(converted_line(line, 2, &convert)?))
        }
        (Geometry::MultiLineString(lines), Shape::Any) => {
            let lines = lines
                .0
                .into_iter()
                .map(|line| converted_line(line, 2, &convert));
            Ok(Geometry::MultiLineString(MultiLineString(
                lines.collect::<Result<_, _>>()?,
            )))
        }
        (Geometry::Polygon(polygon), _) => {
            Ok(Geometry::Polygon(converted_polygon(polygon, &convert)?))
        }
        (Geometry::MultiPolygon(polygons), _) => {
            let polygons = polygons
                .0
                .into_iter()
                .map(|polygon| converted_polygon(polygon, &convert));
            Ok(Geometry::MultiPolygon(MultiPolygon(
                polygons.collect::<Result<_, _>>()?,
            )))
        }
        (other, _) => Err(format!("wrong geometry type: {}", type_name(&other))),
    }
}

/// The system a file is in: the one named, else the one it says itself, else WGS 84.
///
/// # Errors
/// The file names a system that is not known, or names none and is plainly not in degrees.
pub(super) fn crs_of(
    table: &Table,
    file: &FileOptions,
    report: &mut Report,
) -> anyhow::Result<Crs> {
    if let Some(named) = &file.crs {
        return Ok(named.clone());
    }
    match &table.crs {
        Some(Ok(declared)) => {
            report.remark(format!("The file says its coordinates are {declared}."));
            Ok(declared.clone())
        }
        Some(Err(UnknownCrs(name))) => bail!(
            "the file says its coordinates are `{name}`, which is not known; name the system with --crs EPSG:n"
        ),
        None if looks_projected(&table.rows) => bail!(
            "the coordinates are not degrees, and the file does not say in which system they are; name it with --crs EPSG:n"
        ),
        None => Ok(Crs::Wgs84),
    }
}

/// All geometries in WGS 84; rows without a usable one are refused.
pub(super) fn wgs84_geometries(
    rows: &[Row],
    crs: &Crs,
    shape: Shape,
    report: &mut Report,
) -> Vec<Option<Geometry>> {
    let converted: Vec<Result<Geometry, String>> = rows
        .par_iter()
        .map(|row| wgs84_geometry(row, crs, shape))
        .collect();
    let converted = converted.into_iter().enumerate();
    let taken =
        converted.map(|(index, geometry)| geometry.map_err(|why| report.refuse(index, why)).ok());
    taken.collect()
}

/// More than half of the rows lie outside any longitude and latitude: these are metres.
pub(super) fn looks_projected(rows: &[Row]) -> bool {
    let (mut outside, mut placed) = (0_usize, 0_usize);
    for row in rows {
        let Ok(Some(geometry)) = &row.geometry else {
            continue;
        };
        let Some(place) = first_coord(geometry) else {
            continue;
        };
        placed += 1;
        outside += usize::from(!is_on_earth(place));
    }
    outside * 2 > placed
}

fn is_on_earth(place: Coord) -> bool {
    (-180.0..=180.0).contains(&place.x) && (-90.0..=90.0).contains(&place.y)
}

fn convert(place: Coord, crs: &Crs) -> Result<Coord, String> {
    if !(place.x.is_finite() && place.y.is_finite()) {
        return Err(format!(
            "a coordinate is not a number: ({}, {})",
            place.x, place.y
        ));
    }
    let there = crs.wgs84(place);
    there.filter(|there| is_on_earth(*there)).ok_or_else(|| {
        format!(
            "coordinates out of range: ({}, {}) in {crs}",
            place.x, place.y
        )
    })
}

fn converted_line(
    line: LineString,
    points_min: usize,
    convert: &impl Fn(Coord) -> Result<Coord, String>,
) -> Result<LineString, String> {
    if line.0.len() < points_min {
        return Err(format!(
            "too few points: {} where {points_min} are needed",
            line.0.len()
        ));
    }
    let places: Result<Vec<Coord>, String> = line.0.into_iter().map(convert).collect();
    Ok(LineString(places?))
}

fn converted_polygon(
    polygon: Polygon,
    convert: &impl Fn(Coord) -> Result<Coord, String>,
) -> Result<Polygon, String> {
    const RING_POINTS_MIN: usize = 4;
    let (outer, inners) = polygon.into_inner();
    let outer = converted_line(outer, RING_POINTS_MIN, convert)?;
    let inners = inners
        .into_iter()
        .map(|ring| converted_line(ring, RING_POINTS_MIN, convert));
    Ok(Polygon::new(outer, inners.collect::<Result<_, _>>()?))
}

/// Collections and multi-points of one member are that member.
fn unwrap_single(geometry: Geometry) -> Geometry {
    match geometry {
        Geometry::GeometryCollection(mut members) if members.0.len() == 1 => {
            unwrap_single(members.0.remove(0))
        }
        Geometry::MultiPoint(points) if points.0.len() == 1 => Geometry::Point(points.0[0]),
        Geometry::MultiLineString(mut lines) if lines.0.len() == 1 => {
            Geometry::LineString(lines.0.remove(0))
        }
        single @ (Geometry::Point(_)
        | Geometry::Line(_)
        | Geometry::LineString(_)
        | Geometry::Polygon(_)
        | Geometry::MultiPoint(_)
        | Geometry::MultiLineString(_)
        | Geometry::MultiPolygon(_)
        | Geometry::GeometryCollection(_)
        | Geometry::Rect(_)
        | Geometry::Triangle(_)) => single,
    }
}

fn first_coord(geometry: &Geometry) -> Option<Coord> {
    match geometry {
        Geometry::Point(point) => Some(point.0),
        Geometry::Line(line) => Some(line.start),
        Geometry::LineString(line) => line.0.first().copied(),
        Geometry::Polygon(polygon) => polygon.exterior().0.first().copied(),
        Geometry::MultiPoint(points) => points.0.first().map(|point| point.0),
        Geometry::MultiLineString(lines) => lines.0.iter().find_map(|line| line.0.first().copied()),
        Geometry::MultiPolygon(polygons) => polygons
            .0
            .iter()
            .find_map(|polygon| polygon.exterior().0.first().copied()),
        Geometry::GeometryCollection(members) => members.0.iter().find_map(first_coord),
        Geometry::Rect(rect) => Some(rect.min()),
        Geometry::Triangle(triangle) => Some(triangle.v1()),
    }
}

fn type_name(geometry: &Geometry) -> &'static str {
    match geometry {
        Geometry::Point(_) => "point",
        Geometry::Line(_) | Geometry::LineString(_) => "line",
        Geometry::Polygon(_) | Geometry::Rect(_) | Geometry::Triangle(_) => "polygon",
        Geometry::MultiPoint(_) => "several points",
        Geometry::MultiLineString(_) => "several lines",
        Geometry::MultiPolygon(_) => "several polygons",
        Geometry::GeometryCollection(_) => "collection",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geozero::ToGeo;
    use geozero::wkt::Wkt;

    fn row(wkt: &str) -> Row {
        Row {
            number: 1,
            id: None,
            geometry: Wkt(wkt)
                .to_geo()
                .map(Some)
                .map_err(|error| error.to_string()),
            properties: serde_json::Map::new(),
        }
    }

    #[track_caller]
    fn check_refused(wkt: &str, shape: Shape, why: &str) {
        let refused = wgs84_geometry(&row(wkt), &Crs::Wgs84, shape).unwrap_err();
        assert!(refused.starts_with(why), "{refused}");
    }

    #[test]
    fn what_cannot_be_a_place_is_refused_with_the_reason() {
        check_refused("POINT EMPTY", Shape::Any, "geometry cannot be read");
        check_refused("LINESTRING EMPTY", Shape::Any, "empty geometry");
        check_refused("POINT(0 0)", Shape::Any, "no geometry");
        check_refused("POINT(120 95)", Shape::Any, "coordinates out of range");
        check_refused("LINESTRING(120 32)", Shape::Any, "too few points");
        check_refused(
            "POLYGON((120 32,121 32,120 32))",
            Shape::Area,
            "too few points",
        );
        check_refused(
            "MULTIPOINT(120 32,121 32)",
            Shape::Any,
            "wrong geometry type: several points",
        );
        check_refused("POINT(120 32)", Shape::Area, "wrong geometry type: point");
        let nan = Row {
            geometry: Ok(Some(geo_types::Point::new(f64::NAN, 1.0).into())),
            ..row("POINT(1 1)")
        };
        let refused = wgs84_geometry(&nan, &Crs::Wgs84, Shape::Any).unwrap_err();
        assert!(
            refused.starts_with("a coordinate is not a number"),
            "{refused}"
        );
    }

    #[test]
    fn a_collection_of_one_is_that_one() {
        let taken = wgs84_geometry(&row("MULTIPOINT(120 32)"), &Crs::Wgs84, Shape::Any).unwrap();
        assert_eq!(taken, Geometry::Point((120.0, 32.0).into()));
    }

    #[test]
    fn metres_are_recognised_by_most_rows_lying_off_the_globe() {
        assert!(looks_projected(&[
            row("POINT(500000 3591756)"),
            row("POINT(500001 3591756)"),
            row("POINT(0 0)")
        ]));
        assert!(!looks_projected(&[
            row("POINT(120 32)"),
            row("POINT(500001 3591756)")
        ]));
    }
}
