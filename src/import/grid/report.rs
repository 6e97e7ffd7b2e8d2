//! What was found and done, as GeoJSON for a map.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use cityward_partition::geojson::Features;
use cityward_partition::{Defect, FaceId, Repaired};

use super::ground::Read;

/// Writes a text: all of it, or nothing under this name.
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    // under another name until it is whole
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    fs::write(&part, text)
        .and_then(|()| fs::rename(&part, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// `above` is the level that defects may be about.
pub(super) fn defects(ground: &Read, above: Option<&Read>, defects: &[Defect]) -> String {
    let (mut features, rows) = (Features::of(&ground.frame), ground.numbers());
    let rows_above = above.map(Read::numbers).unwrap_or_default();
    for defect in defects {
        features.push_defect(defect, &rows, &rows_above);
    }
    features.finish()
}

/// The cells as they are now, each with the properties it came with.
pub(super) fn cells(ground: &Read, repaired: &Repaired) -> String {
    let mut features = Features::of(&ground.frame);
    for (index, row) in (0..).zip(&ground.rows) {
        let polygons = repaired.partition.polygons(FaceId(index));
        features.push_area(None, &polygons, &row.properties);
    }
    features.finish()
}

/// What was done, then what is left to decide.
pub(super) fn repairs(ground: &Read, repaired: &Repaired) -> String {
    let (mut features, rows) = (Features::of(&ground.frame), ground.numbers());
    for repair in &repaired.repairs {
        features.push_repair(repair, &rows);
    }
    for conflict in &repaired.conflicts {
        features.push_defect(&conflict.defect, &rows, &[]);
    }
    features.finish()
}
