//! Who sees which case: the reading policy of `city_case`, for rows that are already in memory.

use std::collections::HashSet;

use sqlx::FromRow;

use crate::access::Scope;
use crate::cases::CaseRow;

/// Of a case, what decides who sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, FromRow)]
pub struct Audience {
    pub district_id: Option<i32>,
    pub cell_id: i32,
    pub handling_unit_id: Option<i32>,
    pub helper_unit_ids: Vec<i32>,
    pub assignee_id: Option<i32>,
    pub reported_by: Option<i32>,
}

impl Audience {
    pub(super) fn of(row: &CaseRow) -> Self {
        Self {
            district_id: row.district_id,
            cell_id: row.cell.id,
            handling_unit_id: row.handling_unit.as_ref().map(|unit| unit.id),
            helper_unit_ids: row.helper_unit_ids.clone(),
            assignee_id: row.assignee_id,
            reported_by: row.reported_by,
        }
    }

    /// People who see it whatever their areas and units are.
    pub(super) fn people(&self) -> impl Iterator<Item = i32> {
        [self.assignee_id, self.reported_by].into_iter().flatten()
    }
}

impl Scope {
    /// Whether the case is within reach.
    pub(crate) fn sees(&self, case: &Audience) -> bool {
        let has = |list: &[i32], one: Option<i32>| one.is_some_and(|one| list.contains(&one));
        self.sees_all
            || has(&self.districts, case.district_id)
            || has(&self.units, case.handling_unit_id)
            || case
                .helper_unit_ids
                .iter()
                .any(|id| self.units.contains(id))
            || has(&self.sector_units, case.handling_unit_id)
            || case.people().any(|person| person == self.person_id)
            || self.cells.contains(&case.cell_id)
    }

    /// The same for everybody who reaches the same, unless a case is one of `personal`'s own.
    pub(super) fn class(&self, personal: &HashSet<i32>) -> Self {
        let mut class = self.clone();
        if !personal.contains(&self.person_id) {
            class.person_id = 0;
        }
        class
    }
}
