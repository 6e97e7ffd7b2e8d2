//! FlatGeobuf with its index, so that a program can read the part it shows.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use geo_types::Geometry;
use geozero::{ColumnValue, PropertyProcessor as _};

use super::{Datum, FIELDS, Kind, LAYER, Sheet, Value};

pub(super) fn write(sheet: &Sheet, path: &Path, datum: Datum) -> anyhow::Result<()> {
    let options = FgbWriterOptions {
        crs: FgbCrs {
            org: Some("EPSG"),
            code: datum.epsg(),
            name: Some(datum.name()),
            wkt: Some(datum.wkt()),
            ..FgbCrs::default()
        },
        ..FgbWriterOptions::default()
    };
    let mut writer = FgbWriter::create_with_options(LAYER, GeometryType::MultiPolygon, options)?;
    for (name, kind) in FIELDS {
        let column_type = match kind {
            Kind::Text(_) => ColumnType::String,
            Kind::Whole => ColumnType::Int,
            Kind::Real => ColumnType::Double,
        };
        writer.add_column(name, column_type, |_, _| {});
    }
    for cell in &sheet.cells {
        let border = Geometry::MultiPolygon(cell.border.clone());
        writer.add_feature_geom(border, |feature| {
            for (index, (value, (name, _))) in cell.values().into_iter().zip(FIELDS).enumerate() {
                let value = match value {
                    Value::Text(Some(text)) => ColumnValue::String(text),
                    Value::Whole(Some(number)) => ColumnValue::Int(number),
                    Value::Real(number) => ColumnValue::Double(number),
                    Value::Text(None) | Value::Whole(None) => continue,
                };
                feature
                    .property(index, name, &value)
                    .expect("a property is written into memory");
            }
        })?;
    }
    let mut out = BufWriter::new(File::create(path)?);
    writer.write(&mut out)?;
    Ok(out.flush()?)
}
