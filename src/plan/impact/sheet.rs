//! An impact as tables that spreadsheets open, CSV (RFC 4180): each by itself, or the units and the
//! open cases one after the other.

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};
use csv::Writer;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Impact, ImpactCamera, ImpactCase, ImpactCell, MovedComponent, UnitLoad};
use crate::export::{BYTE_ORDER_MARK, harmless};

/// One kind of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::plan) enum Table {
    Units,
    /// That begin, change, end or are handed over.
    Cells,
    /// That get another cell or unit.
    Components,
    /// Open ones on ground that changes.
    Cases,
    Cameras,
}

impl Table {
    pub(in crate::plan) fn name(self) -> &'static str {
        match self {
            Self::Units => "units",
            Self::Cells => "cells",
            Self::Components => "components",
            Self::Cases => "cases",
            Self::Cameras => "cameras",
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Units => &[
                "unit",
                "name_zh",
                "cells_before",
                "cells_after",
                "area_m2_before",
                "area_m2_after",
                "components_before",
                "components_after",
                "open_cases_before",
                "open_cases_after",
                "recent_cases_before",
                "recent_cases_after",
                "duties_before",
                "duties_after",
            ],
            Self::Cells => &[
                "change",
                "code",
                "name",
                "area_m2",
                "from_unit",
                "to_unit",
                "from_cells",
                "classes",
            ],
            Self::Components => &[
                "component",
                "code",
                "class",
                "name",
                "lon",
                "lat",
                "from_cell",
                "to_cell",
                "from_unit",
                "to_unit",
            ],
            Self::Cases => &[
                "case",
                "class",
                "state",
                "due_at",
                "at_risk",
                "from_cell",
                "to_cell",
                "from_unit",
                "to_unit",
                "lon",
                "lat",
            ],
            Self::Cameras => &["camera", "name_zh", "name_en", "lon", "lat"],
        }
    }
}

/// One table under its columns.
pub(in crate::plan) fn table(impact: &Impact, table: Table) -> anyhow::Result<Vec<u8>> {
    let mut sheet = begun();
    push(&mut sheet, impact, table)?;
    sheet.into_inner().context("cannot finish the table")
}

/// A line for each unit, then one for each open case.
pub(in crate::plan) fn write(impact: &Impact) -> anyhow::Result<Vec<u8>> {
    let mut sheet = begun();
    push(&mut sheet, impact, Table::Units)?;
    push(&mut sheet, impact, Table::Cases)?;
    sheet.into_inner().context("cannot finish the table")
}

fn begun() -> Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(BYTE_ORDER_MARK.as_bytes().to_vec())
}

fn push(sheet: &mut Writer<Vec<u8>>, impact: &Impact, table: Table) -> anyhow::Result<()> {
    sheet.write_record(table.columns())?;
    match table {
        Table::Units => {
            for unit in &impact.units {
                sheet.write_record(of_unit(unit))?;
            }
        }
        Table::Cells => {
            let cells = &impact.cells;
            let groups = [
                ("added", &cells.added),
                ("changed", &cells.changed),
                ("gone", &cells.gone),
                ("handed_over", &cells.handed_over),
            ];
            for (change, cells) in groups {
                for cell in cells {
                    sheet.write_record(of_cell(change, cell))?;
                }
            }
        }
        Table::Components => {
            for component in &impact.moved {
                sheet.write_record(of_component(component))?;
            }
        }
        Table::Cases => {
            for case in &impact.open_cases {
                sheet.write_record(of_case(case)?)?;
            }
        }
        Table::Cameras => {
            for camera in &impact.cameras {
                sheet.write_record(of_camera(camera))?;
            }
        }
    }
    Ok(())
}

fn number(unit: Option<i32>) -> String {
    unit.map(|unit| unit.to_string()).unwrap_or_default()
}

fn of_unit(
    UnitLoad {
        unit,
        before,
        after,
    }: &UnitLoad,
) -> [String; 14] {
    [
        unit.id.to_string(),
        harmless(&unit.name_zh),
        before.cells.to_string(),
        after.cells.to_string(),
        format!("{:.1}", before.area_m2),
        format!("{:.1}", after.area_m2),
        before.components.to_string(),
        after.components.to_string(),
        before.open_cases.to_string(),
        after.open_cases.to_string(),
        before.recent_cases.to_string(),
        after.recent_cases.to_string(),
        before.duties.to_string(),
        after.duties.to_string(),
    ]
}

fn of_cell(change: &str, cell: &ImpactCell) -> [String; 8] {
    let to_unit = if change == "gone" { None } else { cell.unit_id };
    [
        change.to_owned(),
        cell.code.clone().unwrap_or_default(),
        harmless(&cell.name),
        format!("{:.1}", cell.area_m2),
        number(cell.from_unit),
        number(to_unit),
        cell.from.join(" "),
        cell.classes.to_string(),
    ]
}

fn of_component(component: &MovedComponent) -> [String; 10] {
    [
        component.id.to_string(),
        harmless(&component.code),
        component.class.clone(),
        harmless(&component.name),
        component.place.lon.to_string(),
        component.place.lat.to_string(),
        component.from_cell.clone().unwrap_or_default(),
        component.to_cell.clone().unwrap_or_default(),
        number(component.from_unit),
        number(component.to_unit),
    ]
}

fn of_case(case: &ImpactCase) -> anyhow::Result<[String; 11]> {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let state = serde_json::to_value(case.state)?;
    Ok([
        case.id.to_string(),
        case.class.to_string(),
        state.as_str().unwrap_or_default().to_owned(),
        case.due_at.map(time).unwrap_or_default(),
        case.at_risk.to_string(),
        case.from_cell.clone(),
        case.to_cell.clone().unwrap_or_default(),
        number(case.from_unit),
        number(case.to_unit),
        case.place.lon.to_string(),
        case.place.lat.to_string(),
    ])
}

fn of_camera(camera: &ImpactCamera) -> [String; 5] {
    [
        harmless(&camera.id),
        harmless(&camera.name_zh),
        harmless(&camera.name_en),
        camera.place.lon.to_string(),
        camera.place.lat.to_string(),
    ]
}
