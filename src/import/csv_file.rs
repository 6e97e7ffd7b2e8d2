//! CSV: a point in two columns, or any geometry in one.

use std::path::Path;

use anyhow::{Context, bail};
use csv::StringRecord;
use geo_types::{Geometry, Point};
use geozero::ToGeo;
use geozero::geojson::GeoJson;
use geozero::wkt::Wkt;
use serde_json::{Map, Value};

use super::fields::{self, Guess};
use super::options::FileOptions;
use super::row::{Row, Table};

/// Where a row says its place.
enum Place {
    /// Columns of x (longitude, easting) and y.
    Point(usize, usize),
    /// Column with WKT or GeoJSON.
    Geometry(usize),
}

pub(super) fn read(path: &Path, options: &FileOptions) -> anyhow::Result<Table> {
    let bytes = std::fs::read(path)?;
    let text = str::from_utf8(&bytes).context(
        "the text is not UTF-8; convert it first, for instance with iconv -f GB18030 -t UTF-8",
    )?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .from_reader(text.as_bytes());
    let heading = reader.headers()?.clone();
    let place = find_place(&heading, options)?;

    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let mut geometry = geometry_of(&record, &place);
        if record.len() != heading.len() {
            geometry = Err(format!(
                "{} columns instead of {}",
                record.len(),
                heading.len()
            ));
        }
        rows.push(Row {
            number: rows.len() + 1,
            id: None,
            geometry,
            properties: properties_of(&heading, &record, &place),
        });
    }
    Ok(Table { rows, crs: None })
}

/// The separator that the heading has most of.
fn delimiter(text: &str) -> u8 {
    let heading = text.lines().next().unwrap_or_default();
    let count = |separator: u8| heading.bytes().filter(|byte| *byte == separator).count();
    *b",;\t"
        .iter()
        .max_by_key(|separator| (count(**separator), **separator == b','))
        .unwrap_or(&b',')
}

fn find_place(heading: &StringRecord, options: &FileOptions) -> anyhow::Result<Place> {
    let column = |name: &str| {
        let found = heading.iter().position(|column| column == name);
        found.with_context(|| format!("there is no column `{name}`"))
    };
    if let (Some(x), Some(y)) = (&options.x_field, &options.y_field) {
        return Ok(Place::Point(column(x)?, column(y)?));
    }
    if let Some(name) = &options.geometry_field {
        return Ok(Place::Geometry(column(name)?));
    }
    let guess = |what: Guess| fields::guess(what, heading.iter());
    if let (Some(x), Some(y)) = (guess(Guess::X), guess(Guess::Y)) {
        return Ok(Place::Point(column(x)?, column(y)?));
    }
    match guess(Guess::Geometry) {
        Some(name) => Ok(Place::Geometry(column(name)?)),
        None => bail!(
            "no columns with a place; name them with --x-field and --y-field, or one with WKT or \
             GeoJSON with --geometry-field"
        ),
    }
}

fn geometry_of(record: &StringRecord, place: &Place) -> Result<Option<Geometry>, String> {
    match place {
        Place::Point(x, y) => {
            let text = |column: &usize| record.get(*column).unwrap_or_default().trim();
            if text(x).is_empty() || text(y).is_empty() {
                return Ok(None);
            }
            let number = |column: &usize| {
                let text = text(column);
                let parsed = text.parse::<f64>().ok();
                parsed.ok_or_else(|| format!("`{text}` is not a coordinate"))
            };
            Ok(Some(Point::new(number(x)?, number(y)?).into()))
        }
        Place::Geometry(column) => {
            let text = record.get(*column).unwrap_or_default().trim();
            if text.is_empty() {
                return Ok(None);
            }
            let parsed = if text.starts_with('{') {
                GeoJson(text).to_geo()
            } else {
                Wkt(text).to_geo()
            };
            parsed.map(Some).map_err(|error| error.to_string())
        }
    }
}

fn properties_of(
    heading: &StringRecord,
    record: &StringRecord,
    place: &Place,
) -> Map<String, Value> {
    let is_place = |column: usize| match place {
        Place::Point(x, y) => column == *x || column == *y,
        Place::Geometry(geometry) => column == *geometry,
    };
    let named = heading.iter().zip(record.iter()).enumerate();
    named
        .filter(|(column, (_, value))| !is_place(*column) && !value.trim().is_empty())
        .map(|(_, (name, value))| (name.to_owned(), Value::from(value.trim())))
        .collect()
}
