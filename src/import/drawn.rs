//! Cells of a file that are to take the place of others in a plan.

use anyhow::ensure;
use geo_types::Geometry;
use sqlx::PgConnection;

use super::fields;
use super::geometry::{self, Shape};
use super::options::FileOptions;
use super::report::Report;
use super::units::Units;
use super::{read, store};

/// A row that can be a cell.
#[derive(Debug)]
pub(crate) struct FileCell {
    /// Place in the file, from 1.
    pub(crate) number: usize,
    /// The code or the name by which it is known.
    pub(crate) key: Option<String>,
    pub(crate) name: Option<String>,
    /// Who answers for it, if the row says so.
    pub(crate) unit_id: Option<i32>,
    /// Degrees, WGS 84.
    pub(crate) geometry: Geometry,
}

/// Which property says what about a cell; none: nothing does.
#[derive(Debug, Default)]
pub(crate) struct CellFields {
    /// Its code or its name, by which it is known.
    pub(crate) key: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) unit: Option<String>,
}

/// Of a cell's name.
const NAME_CHARS_MAX: usize = 100;

/// Whether a cell can be called so: a line that a map shows and the database keeps.
///
/// # Errors
/// Why not.
pub(crate) fn check_cell_name(name: &str) -> Result<(), String> {
    if name.chars().count() <= NAME_CHARS_MAX && !name.contains(char::is_control) {
        return Ok(());
    }
    Err(format!(
        "a name has at most {NAME_CHARS_MAX} characters, all of them visible"
    ))
}

/// Reads the cells of a file, and what is wrong with the rows that are none.
///
/// # Errors
/// The file as a whole cannot be used, a field is in no row, or the database fails.
pub(crate) async fn file_cells(
    tx: &mut PgConnection,
    file: &FileOptions,
    fields_asked: &CellFields,
) -> anyhow::Result<(Vec<FileCell>, Report)> {
    let table = read::read(file).await?;
    let mut report = Report::on(table.rows.iter().map(|row| row.number));
    let crs = geometry::crs_of(&table, file, &mut report)?;
    let columns = fields::columns(&table.rows);
    let CellFields { key, name, unit } = fields_asked;
    for field in [key, name, unit].into_iter().flatten() {
        let is_there = columns.iter().any(|column| column == field);
        ensure!(is_there, "there is no column `{field}`");
    }
    let units = Units::from_known(store::units(tx).await?);
    let geometries = geometry::wgs84_geometries(&table.rows, &crs, Shape::Area, &mut report);
    let mut cells = Vec::with_capacity(table.rows.len());
    for (index, (row, geometry)) in table.rows.iter().zip(geometries).enumerate() {
        let text = |field: &Option<String>| field.as_ref().and_then(|field| row.text(field));
        let of_unit = text(unit);
        let unit_id = of_unit.as_deref().and_then(|name| units.id(name));
        if let (Some(name), None) = (&of_unit, unit_id) {
            report.refuse(index, format!("unknown unit: {name}"));
        }
        let name = text(name);
        if let Some(Err(why)) = name.as_deref().map(check_cell_name) {
            report.refuse(index, why);
        }
        cells.extend(geometry.map(|geometry| FileCell {
            number: row.number,
            key: text(key),
            name,
            unit_id,
            geometry,
        }));
    }
    Ok((cells, report))
}
