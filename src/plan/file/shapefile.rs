//! Shapefile: .shp and .shx with borders, .dbf with what is known of them in UTF-8, .prj and .cpg
//! that say so.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dbase::{FieldName, FieldValue, Record, TableWriterBuilder};
use shapefile::{Polygon, ShapeWriter};

use super::{Datum, FIELDS, Kind, Sheet, Value};

/// What belongs to one.
const EXTENSIONS: [&str; 5] = ["shp", "shx", "dbf", "prj", "cpg"];

/// The files of a Shapefile.
pub(in crate::plan) fn parts(path: &Path) -> [PathBuf; 5] {
    EXTENSIONS.map(|extension| path.with_extension(extension))
}

/// Digits of a whole number with its sign, and of a square metre with two after the point.
const WHOLE_CHARS: u8 = 11;
const REAL_CHARS: u8 = 19;

pub(super) fn write(sheet: &Sheet, path: &Path, datum: Datum) -> anyhow::Result<()> {
    let mut table = TableWriterBuilder::new();
    for (name, kind) in FIELDS {
        let name = field_name(name)?;
        table = match kind {
            Kind::Text(bytes) => table.add_character_field(name, bytes),
            Kind::Whole => table.add_numeric_field(name, WHOLE_CHARS, 0),
            Kind::Real => table.add_numeric_field(name, REAL_CHARS, 2),
        };
    }
    let mut shapes = ShapeWriter::from_path(path)?;
    let mut records = table.build_with_file_dest(path.with_extension("dbf"))?;
    for cell in &sheet.cells {
        let mut record = Record::default();
        for ((name, kind), value) in FIELDS.into_iter().zip(cell.values()) {
            let value = match value {
                Value::Text(text) => {
                    FieldValue::Character(text.map(|text| shortened(text, kind).to_owned()))
                }
                Value::Whole(number) => FieldValue::Numeric(number.map(f64::from)),
                Value::Real(number) => FieldValue::Numeric(Some(number)),
            };
            record.insert(name.to_owned(), value);
        }
        let border: Polygon = cell.border.clone().into();
        shapes.write_shape(&border)?;
        records.write_record(&record)?;
    }
    shapes.finalize()?;
    records.finalize()?;
    fs::write(path.with_extension("prj"), datum.esri_wkt())?;
    Ok(fs::write(path.with_extension("cpg"), "UTF-8")?)
}

fn field_name(name: &'static str) -> anyhow::Result<FieldName> {
    FieldName::try_from(name)
        .ok()
        .with_context(|| format!("{name} is no name of a field"))
}

/// As much of a text as its field has room for.
fn shortened(text: &str, kind: Kind) -> &str {
    let Kind::Text(bytes) = kind else {
        return text;
    };
    &text[..text.floor_char_boundary(usize::from(bytes))]
}
