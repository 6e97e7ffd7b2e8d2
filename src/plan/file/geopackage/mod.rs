//! GeoPackage 1.3 (OGC 12-128r18): a SQLite file with a table of cells.

mod store;

use std::path::Path;

use anyhow::Context as _;
use geo_types::Geometry;
use geozero::{CoordDimensions, ToWkb as _};

use super::{Datum, Sheet, SheetCell};

/// # Errors
/// The file cannot be written.
pub(super) async fn write(sheet: &Sheet, path: &Path, datum: Datum) -> anyhow::Result<()> {
    let mut file = store::create(path, datum, extent(sheet)).await?;
    for cell in &sheet.cells {
        let border = Geometry::MultiPolygon(cell.border.clone());
        let [west, south, east, north] = extent_of(cell);
        let envelope = vec![west, east, south, north];
        let border = border
            .to_gpkg_wkb(CoordDimensions::xy(), Some(datum.epsg()), envelope)
            .context("encode a border")?;
        store::add(&mut file, cell, border).await?;
    }
    Ok(store::finish(file).await?)
}

/// West, south, east, north.
fn extent_of(cell: &SheetCell) -> [f64; 4] {
    let corners = cell
        .border
        .iter()
        .flat_map(|polygon| polygon.exterior().coords());
    corners.fold(NOWHERE, |[west, south, east, north], corner| {
        [
            west.min(corner.x),
            south.min(corner.y),
            east.max(corner.x),
            north.max(corner.y),
        ]
    })
}

const NOWHERE: [f64; 4] = [
    f64::INFINITY,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NEG_INFINITY,
];

/// Of all cells; there is always one, because ground has cells.
fn extent(sheet: &Sheet) -> [f64; 4] {
    let boxes = sheet.cells.iter().map(extent_of);
    boxes.fold(NOWHERE, |all, one| {
        [
            all[0].min(one[0]),
            all[1].min(one[1]),
            all[2].max(one[2]),
            all[3].max(one[3]),
        ]
    })
}
