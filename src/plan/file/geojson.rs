//! GeoJSON (RFC 7946): WGS 84, longitude first.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use geo_types::Geometry;
use geozero::ToJson as _;
use serde_json::{Map, Value as Json, json};

use super::{FIELDS, LAYER, Sheet, SheetCell, Value};

pub(super) fn write(sheet: &Sheet, path: &Path) -> anyhow::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    write!(
        out,
        r#"{{"type":"FeatureCollection","name":"{LAYER}","features":["#
    )?;
    for (index, cell) in sheet.cells.iter().enumerate() {
        let before = if index == 0 { "" } else { "," };
        let geometry = Geometry::MultiPolygon(cell.border.clone()).to_json()?;
        write!(
            out,
            "{before}\n{{\"type\":\"Feature\",\"id\":{},\"properties\":{},\"geometry\":{geometry}}}",
            cell.face.0,
            Json::Object(properties(cell))
        )?;
    }
    out.write_all(b"\n]}\n")?;
    Ok(out.flush()?)
}

fn properties(cell: &SheetCell) -> Map<String, Json> {
    let fields = FIELDS.iter().zip(cell.values());
    let member = |((name, _), value): (&(&str, _), Value<'_>)| {
        let value = match value {
            Value::Text(text) => json!(text),
            Value::Whole(number) => json!(number),
            Value::Real(number) => json!(number),
        };
        ((*name).to_owned(), value)
    };
    fields.map(member).collect()
}
