//! GeoJSON, with the `crs` member of the 2008 edition that many files still carry.

use std::path::Path;

use anyhow::Context;
use geozero::GeozeroDatasource;
use geozero::geojson::GeoJson;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::row::{RowCollector, Table};

#[derive(Deserialize)]
struct Collection<'a> {
    crs: Option<NamedCrs>,
    #[serde(borrow)]
    features: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct NamedCrs {
    properties: CrsName,
}

#[derive(Deserialize)]
struct CrsName {
    name: String,
}

#[derive(Deserialize)]
struct FeatureId {
    id: Option<Value>,
}

/// Features are read one by one, so that a broken one costs a row and not the file.
pub(super) fn read(path: &Path) -> anyhow::Result<Table> {
    let bytes = std::fs::read(path)?;
    let text = str::from_utf8(&bytes).context("the file is not UTF-8")?;
    let text = text.trim_start_matches('\u{feff}');
    let collection: Collection<'_> =
        serde_json::from_str(text).context("this is not a GeoJSON FeatureCollection")?;

    let mut collector = RowCollector::default();
    for feature in collection.features {
        let number = collector.rows.len() + 1;
        let read = GeoJson(feature.get()).process(&mut collector);
        if collector.rows.len() < number {
            collector.end_row(read.err().map(|error| error.to_string()));
        }
        let id = serde_json::from_str(feature.get()).map(|FeatureId { id }| id);
        collector.rows[number - 1].id = id.ok().flatten().and_then(|id| match id {
            Value::String(id) => Some(id),
            Value::Number(id) => Some(id.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
    }
    Ok(Table {
        rows: collector.rows,
        crs: collection.crs.map(|crs| crs.properties.name.parse()),
    })
}
