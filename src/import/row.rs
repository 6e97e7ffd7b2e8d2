//! One row of a file, whatever the format.

use geo_types::Geometry;
use geozero::error::Result as GeozeroResult;
use geozero::geo_types::GeoWriter;
use geozero::{ColumnValue, FeatureProcessor, GeomProcessor, PropertyProcessor};
use serde_json::{Map, Value};

use super::crs::{Crs, UnknownCrs};

/// What a file holds, still in its own coordinates.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub rows: Vec<Row>,
    /// The coordinate system the file names, if it names one.
    pub crs: Option<Result<Crs, UnknownCrs>>,
}

/// A geometry with properties.
#[derive(Debug)]
pub(super) struct Row {
    /// Place in the file, from 1; a CSV's heading does not count.
    pub number: usize,
    /// The id the format itself gives, such as GeoJSON's.
    pub id: Option<String>,
    /// `None`: the row has none. `Err`: it has one that cannot be read, and why.
    pub geometry: Result<Option<Geometry>, String>,
    pub properties: Map<String, Value>,
}

impl Row {
    /// The property as text without surrounding blanks; `None` when absent, null or empty.
    pub(super) fn text(&self, field: &str) -> Option<String> {
        let text = match self.properties.get(field)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Null => return None,
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                other.to_string()
            }
        };
        (!text.is_empty()).then_some(text)
    }
}

/// Gathers rows from any geozero source.
#[derive(Default)]
pub(super) struct RowCollector {
    pub rows: Vec<Row>,
    geometry: GeoWriter,
    properties: Map<String, Value>,
}

impl RowCollector {
    /// Ends the row that is being read; what was gathered so far is its content.
    pub(super) fn end_row(&mut self, geometry_error: Option<String>) {
        let mut writer = std::mem::take(&mut self.geometry);
        self.rows.push(Row {
            number: self.rows.len() + 1,
            id: None,
            geometry: match geometry_error {
                Some(reason) => Err(reason),
                None => Ok(writer.take_geometry()),
            },
            properties: std::mem::take(&mut self.properties),
        });
    }
}

impl FeatureProcessor for RowCollector {
    fn feature_end(&mut self, _idx: u64) -> GeozeroResult<()> {
        self.end_row(None);
        Ok(())
    }
}

impl PropertyProcessor for RowCollector {
    fn property(&mut self, _idx: usize, name: &str, value: &ColumnValue) -> GeozeroResult<bool> {
        let value = match value {
            ColumnValue::Byte(v) => Value::from(*v),
            ColumnValue::UByte(v) => Value::from(*v),
            ColumnValue::Bool(v) => Value::from(*v),
            ColumnValue::Short(v) => Value::from(*v),
            ColumnValue::UShort(v) => Value::from(*v),
            ColumnValue::Int(v) => Value::from(*v),
            ColumnValue::UInt(v) => Value::from(*v),
            ColumnValue::Long(v) => Value::from(*v),
            ColumnValue::ULong(v) => Value::from(*v),
            ColumnValue::Float(v) => number(f64::from(*v)),
            ColumnValue::Double(v) => number(*v),
            ColumnValue::String(v) | ColumnValue::DateTime(v) => Value::from(*v),
            ColumnValue::Json(v) => serde_json::from_str(v).unwrap_or_else(|_| Value::from(*v)),
            // pictures and the like have no place among attributes
            ColumnValue::Binary(_) => return Ok(false),
        };
        self.properties.insert(name.to_owned(), value);
        Ok(false)
    }
}

/// Formats without integers (dBASE) store 137 as 137.0; as an id or a code it must read "137".
fn number(value: f64) -> Value {
    const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT_BELOW {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
        return Value::from(value as i64);
    }
    Value::from(value)
}

/// Coordinates pass on to geozero's geo-types writer.
impl GeomProcessor for RowCollector {
    fn xy(&mut self, x: f64, y: f64, idx: usize) -> GeozeroResult<()> {
        self.geometry.xy(x, y, idx)
    }
    fn point_begin(&mut self, idx: usize) -> GeozeroResult<()> {
        self.geometry.point_begin(idx)
    }
    fn point_end(&mut self, idx: usize) -> GeozeroResult<()> {
        self.geometry.point_end(idx)
    }
    fn multipoint_begin(&mut self, size: usize, idx: usize) -> GeozeroResult<()> {
        self.geometry.multipoint_begin(size, idx)
    }
    fn multipoint_end(&mut self, idx: usize) -> GeozeroResult<()> {
        self.geometry.multipoint_end(idx)
    }
    fn linestring_begin(&mut self, tagged: bool, size: usize, idx: usize) -> GeozeroResult<()> {
        self.geometry.linestring_begin(tagged, size, idx)
    }
    fn linestring_end(&mut self, tagged: bool, idx: usize) -> GeozeroResult<()> {
        self.geometry.linestring_end(tagged, idx)
    }
    fn multilinestring_begin(&mut self, size: usize, idx: usize) -> GeozeroResult<()> {
        self.geometry.multilinestring_begin(size, idx)
    }
    fn multilinestring_end(&mut self, idx: usize) -> GeozeroResult<()> {
        self.geometry.multilinestring_end(idx)
    }
    fn polygon_begin(&mut self, tagged: bool, size: usize, idx: usize) -> GeozeroResult<()> {
        self.geometry.polygon_begin(tagged, size, idx)
    }
    fn polygon_end(&mut self, tagged: bool, idx: usize) -> GeozeroResult<()> {
        self.geometry.polygon_end(tagged, idx)
    }
    fn multipolygon_begin(&mut self, size: usize, idx: usize) -> GeozeroResult<()> {
        self.geometry.multipolygon_begin(size, idx)
    }
    fn multipolygon_end(&mut self, idx: usize) -> GeozeroResult<()> {
        self.geometry.multipolygon_end(idx)
    }
    fn geometrycollection_begin(&mut self, size: usize, idx: usize) -> GeozeroResult<()> {
        self.geometry.geometrycollection_begin(size, idx)
    }
    fn geometrycollection_end(&mut self, idx: usize) -> GeozeroResult<()> {
        self.geometry.geometrycollection_end(idx)
    }
}
