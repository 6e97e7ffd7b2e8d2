//! Rows → Mapbox Vector Tile 2.1.

use anyhow::Context as _;
use geo_types::{Coord, Geometry, LineString, Polygon};
use geozero::ToGeo as _;
use geozero::wkb::Wkb;
use mvt::{Feature, GeomData, GeomEncoder, GeomType, Tile};
use rayon::prelude::*;
use serde_json::Value;

use super::store::TileRow;
use super::world::EXTENT;

/// Encodes one tile. Rows of an MVT layer must stand together.
pub(super) fn encode(rows: &[TileRow]) -> anyhow::Result<Vec<u8>> {
    let mut tile = Tile::new(EXTENT);
    for rows in rows.chunk_by(|a, b| a.layer == b.layer) {
        let name = &rows[0].layer;
        // parsing and geometry are most of the work and independent; tags share the layer's tables
        let geometries: Vec<Option<GeomData>> = rows
            .par_iter()
            .map(|row| row.geom.as_deref().map(encode_geometry).transpose())
            .collect::<anyhow::Result<_>>()
            .with_context(|| format!("cannot encode layer {name}"))?;
        let mut layer = tile.create_layer(name);
        for (row, geometry) in rows.iter().zip(geometries) {
            let Some(geometry) = geometry.filter(|geometry| !geometry.is_empty()) else {
                continue;
            };
            let mut feature = layer.into_feature(geometry);
            feature.set_id(u64::try_from(row.id).context("a feature id is negative")?);
            for (key, value) in row.tags.iter() {
                add_tag(&mut feature, key, value);
            }
            layer = feature.into_layer();
        }
        if layer.num_features() > 0 {
            tile.add_layer(layer)?;
        }
    }
    Ok(tile.to_bytes()?)
}

fn add_tag(feature: &mut Feature, key: &str, value: &Value) {
    match value {
        Value::String(text) => feature.add_tag_string(key, text),
        Value::Bool(flag) => feature.add_tag_bool(key, *flag),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => feature.add_tag_int(key, integer),
            (None, Some(float)) => feature.add_tag_double(key, float),
            (None, None) => {}
        },
        // MVT has no such values; queries strip nulls and nest nothing
        Value::Null | Value::Array(_) | Value::Object(_) => {}
    }
}

fn encode_geometry(wkb: &[u8]) -> anyhow::Result<GeomData> {
    let geometry = Wkb(wkb).to_geo()?;
    let parts: (GeomType, Vec<&[Coord<f64>]>) = match &geometry {
        Geometry::Point(point) => (GeomType::Point, vec![std::slice::from_ref(&point.0)]),
        Geometry::MultiPoint(points) => (
            GeomType::Point,
            points
                .iter()
                .map(|point| std::slice::from_ref(&point.0))
                .collect(),
        ),
        Geometry::LineString(line) => (GeomType::Linestring, vec![&line.0]),
        Geometry::MultiLineString(lines) => (
            GeomType::Linestring,
            lines.iter().map(|line| &line.0[..]).collect(),
        ),
        Geometry::Polygon(polygon) => (GeomType::Polygon, rings(polygon).collect()),
        Geometry::MultiPolygon(polygons) => {
            (GeomType::Polygon, polygons.iter().flat_map(rings).collect())
        }
        Geometry::Line(_)
        | Geometry::Rect(_)
        | Geometry::Triangle(_)
        | Geometry::GeometryCollection(_) => {
            anyhow::bail!("a tile holds points, lines and polygons only")
        }
    };
    encode_parts(parts.0, &parts.1)
}

fn rings(polygon: &Polygon<f64>) -> impl Iterator<Item = &[Coord<f64>]> {
    std::iter::once(polygon.exterior())
        .chain(polygon.interiors())
        .map(open_ring)
}

/// A ring without the repetition of its first point: MVT closes it by command.
fn open_ring(ring: &LineString<f64>) -> &[Coord<f64>] {
    ring.0.split_last().map_or(&[], |(_, open)| open)
}

fn encode_parts(kind: GeomType, parts: &[&[Coord<f64>]]) -> anyhow::Result<GeomData> {
    let mut encoder = GeomEncoder::new(kind);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 && !matches!(kind, GeomType::Point) {
            encoder.complete_geom()?;
        }
        for at in *part {
            encoder.add_point(at.x, at.y)?;
        }
    }
    Ok(encoder.encode()?)
}
