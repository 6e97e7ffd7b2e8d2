//! What a person reaches of what belongs to somebody.

use sqlx::FromRow;

/// What one person reaches, worked out by the database's own `cityward_act_as`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, FromRow)]
pub struct Scope {
    pub person_id: i32,
    pub sees_all: bool,
    /// They send people and cases, not only read.
    pub works_all: bool,
    pub districts: Vec<i32>,
    /// Those of them in which they send people and cases.
    pub work_districts: Vec<i32>,
    /// Of the areas that narrow a role.
    pub cells: Vec<i32>,
    /// For which they act.
    pub units: Vec<i32>,
    /// Of the sector for which their department answers.
    pub sector_units: Vec<i32>,
}

impl Scope {
    /// With its lists in order, so that two that reach the same are the same.
    pub(super) fn ordered(mut self) -> Self {
        for list in [
            &mut self.districts,
            &mut self.work_districts,
            &mut self.cells,
            &mut self.units,
            &mut self.sector_units,
        ] {
            list.sort_unstable();
        }
        self
    }
}
