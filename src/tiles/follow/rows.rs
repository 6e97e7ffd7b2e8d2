//! Rows of the log as points: the same as `PointSet::select` makes of the tables.

use chrono::{Datelike as _, NaiveDate};

use super::pgoutput::{FromBinary, Row, UnixSeconds, Unreadable};
use crate::catalogue::ClassCode;
use crate::live::Audience;
use crate::tiles::source::{PointRow, PointSet};
use crate::tiles::store::{CameraRow, CaseRow, CollectorRow, ComponentRow};
use crate::whereabouts::Onlookers;

impl PointSet {
    pub(super) fn of_table(name: &str) -> Option<Self> {
        match name {
            "component" => Some(Self::Components),
            "city_case" => Some(Self::Cases),
            "camera" => Some(Self::Cameras),
            "collector_position" => Some(Self::Collectors),
            _ => None,
        }
    }

    /// Also of a row that has nothing but its key.
    pub(super) fn key(self, row: Row<'_>) -> Result<i64, Unreadable> {
        row.required(match self {
            Self::Components => "component_id",
            Self::Cases => "case_id",
            Self::Cameras => "camera_number",
            Self::Collectors => return row.required::<i32>("person_id").map(i64::from),
        })
    }

    /// `None` where the layer does not show it.
    pub(super) fn point_row(self, row: Row<'_>) -> Result<Option<PointRow>, Unreadable> {
        match self {
            Self::Components => component(row).map(|row| row.map(PointRow::Component)),
            Self::Cases => case(row).map(|row| row.map(PointRow::Case)),
            Self::Cameras => camera(row).map(PointRow::Camera).map(Some),
            Self::Collectors => collector(row).map(PointRow::Collector).map(Some),
        }
    }
}

fn component(row: Row<'_>) -> Result<Option<ComponentRow>, Unreadable> {
    let state: &str = row.required("state")?;
    if state == "removed" {
        return Ok(None);
    }
    let surveyed = row.get::<NaiveDate>("surveyed_on")?.map(|day| {
        let of_year = day.month() * 100 + day.day();
        day.year() * 10_000 + i32::try_from(of_year).expect("at most 1231")
    });
    Ok(Some(ComponentRow {
        component_id: row.required("component_id")?,
        class_code: row.required("class_code")?,
        state: state.to_owned(),
        owner_unit_id: row.get("owner_unit_id")?,
        maintenance_unit_id: row.get("maintenance_unit_id")?,
        name: row.required::<&str>("name")?.to_owned(),
        code: row.get::<&str>("code")?.map(str::to_owned),
        surveyed,
        at: row.required("anchor")?,
    }))
}

fn case(row: Row<'_>) -> Result<Option<CaseRow>, Unreadable> {
    if row.get::<UnixSeconds>("ended_at")?.is_some() {
        return Ok(None);
    }
    let handling_unit_id = row.get("handling_unit_id")?;
    let responsible = row.get("unit_id")?;
    Ok(Some(CaseRow {
        case_id: row.required("case_id")?,
        class_code: row.required("class_code")?,
        state: row.required::<&str>("state")?.to_owned(),
        owner_unit_id: handling_unit_id.or(responsible),
        due: row.get("due_at")?.map(|UnixSeconds(seconds)| seconds),
        emergency: row.required("emergency")?,
        source: row.required::<&str>("source")?.to_owned(),
        opened: row.required::<UnixSeconds>("opened_at")?.0,
        at: row.required("location")?,
        audience: Audience {
            district_id: row.get("district_id")?,
            cell_id: row.required("cell_id")?,
            handling_unit_id,
            helper_unit_ids: row.required("helper_unit_ids")?,
            assignee_id: row.get("assignee_id")?,
            reported_by: row.get("reported_by")?,
        },
    }))
}

fn camera(row: Row<'_>) -> Result<CameraRow, Unreadable> {
    Ok(CameraRow {
        camera_number: row.required("camera_number")?,
        camera_id: row.required::<&str>("camera_id")?.to_owned(),
        name_zh: row.required::<&str>("name_zh")?.to_owned(),
        name_en: row.required::<&str>("name_en")?.to_owned(),
        platform_id: row.get("platform_id")?,
        at: row.required("location")?,
    })
}

fn collector(row: Row<'_>) -> Result<CollectorRow, Unreadable> {
    Ok(CollectorRow {
        state: row.required::<&str>("state")?.to_owned(),
        since: row.required::<UnixSeconds>("since")?.0,
        at: row.required("position")?,
        onlookers: Onlookers {
            person_id: row.required("person_id")?,
            of_city: row.required("of_city")?,
            district_ids: row.required("district_ids")?,
        },
    })
}

impl FromBinary<'_> for ClassCode {
    fn from_binary(bytes: &[u8]) -> Option<Self> {
        str::from_utf8(bytes).ok()?.parse().ok()
    }
}
