//! Who is told of what is no event of a case: derived from the record.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::types::Json;

use super::rule::{Draft, NoticeKind, of_unit};
use crate::access::Role::{UnitManager, UnitWorker};

/// An order of the centre to several units, Article 3.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct OrderIssued {
    pub(super) at: DateTime<Utc>,
    pub(super) person_id: Option<i32>,
    /// `order:7`
    pub(super) subject: String,
    pub(super) title: Option<String>,
    pub(super) unit_ids: Vec<i32>,
}

impl OrderIssued {
    pub(super) fn notices(&self) -> impl Iterator<Item = Draft> {
        let to_unit = |unit_id: &i32| of_unit(*unit_id, &[UnitManager, UnitWorker]);
        self.unit_ids.iter().flat_map(to_unit).map(|address| Draft {
            kind: NoticeKind::OrderIssued,
            at: self.at,
            case_id: None,
            params: json!({
                "order_id": self.subject.split_once(':').and_then(|(_, id)| id.parse::<i64>().ok()),
                "title": self.title,
            }),
            address,
            done_by: self.person_id,
        })
    }
}

/// A plan came into force and cells changed hands.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct GroundMoved {
    pub(super) at: DateTime<Utc>,
    /// Of the plan.
    pub(super) title: Option<String>,
    pub(super) edition_id: Option<i32>,
    pub(super) units: Json<Vec<UnitMoved>>,
}

/// What a unit has more and less of since; stands in the record as a member of `units`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitMoved {
    pub unit_id: i32,
    pub cells_gained: u32,
    pub cells_lost: u32,
    /// Classes and groups of cells that have a rule of their own.
    #[serde(default)]
    pub duties_gained: u32,
    #[serde(default)]
    pub duties_lost: u32,
    /// Open cases.
    pub cases_gained: u32,
    pub cases_lost: u32,
}

impl GroundMoved {
    /// One notice for the desk of each unit.
    pub(super) fn notices(&self) -> impl Iterator<Item = Draft> {
        let to_desk = |unit: &UnitMoved| of_unit(unit.unit_id, &[UnitManager]);
        let addressed = self.units.iter().flat_map(move |unit| {
            to_desk(unit)
                .into_iter()
                .map(move |address| (unit, address))
        });
        addressed.map(|(unit, address)| Draft {
            kind: NoticeKind::GroundMoved,
            at: self.at,
            case_id: None,
            params: json!({
                "edition_id": self.edition_id,
                "title": self.title,
                "cells_gained": unit.cells_gained,
                "cells_lost": unit.cells_lost,
                "duties_gained": unit.duties_gained,
                "duties_lost": unit.duties_lost,
                "cases_gained": unit.cases_gained,
                "cases_lost": unit.cases_lost,
            }),
            address,
            done_by: None,
        })
    }
}
