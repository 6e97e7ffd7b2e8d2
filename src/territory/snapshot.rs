//! The territory of one moment, in memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

use chrono::{DateTime, Utc};
use geo_types::MultiPolygon;
use sqlx::PgPool;

use super::components::{Components, OfClass, nearer};
use super::lands::{Duty, Lands, Table};
use super::placement::{Because, Edition, PlacedCell, PlacedComponent, Placement, Rule, Unit};
use super::redraw::Redraw;
use super::store;
use super::stretch::Stretch;
use crate::catalogue::{ClassCode, ClassScope};
use crate::space::GroundPoint;

/// How far [`Because::border_m`] looks.
const BORDER_REACH_M: f64 = 1000.0;

/// A unit grid cell (单元网格).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub id: i32,
    pub code: String,
    pub name: String,
    pub edition_id: i32,
}

/// A component (部件) that stands: removed ones are not in a territory.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    pub id: i64,
    pub class: ClassCode,
    pub code: Option<String>,
    pub name: String,
    pub at: GroundPoint,
    pub owner_unit_id: Option<i32>,
    pub maintenance_unit_id: Option<i32>,
}

/// Who answers for a cell, by a rule for one class, for a group or for all that have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Responsibility {
    /// `None`: it is planned, and no row yet.
    pub id: Option<i32>,
    pub unit_id: i32,
    pub edition_id: i32,
}

/// What a territory is built from, besides components.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// In the order of their codes.
    pub cells: Vec<(Cell, MultiPolygon<f64>)>,
    /// By cell id.
    pub responsibilities: Vec<Duty>,
    pub units: HashMap<i32, Unit>,
    /// Of these, those that are no more.
    pub ended_units: HashSet<i32>,
    pub editions: HashMap<i32, Edition>,
    pub stretch: Stretch,
}

/// Cells, components and responsibilities valid at one moment. Immutable; answers take no lock
/// and ask no database.
#[derive(Debug)]
pub struct Territory {
    lands: Arc<Lands>,
    components: Arc<Components>,
}

/// Stands for the lands of a territory.
#[derive(Debug, Clone)]
pub struct LandsMark(Weak<Lands>);

impl PartialEq for LandsMark {
    fn eq(&self, other: &Self) -> bool {
        Weak::ptr_eq(&self.0, &other.0)
    }
}

/// A question ready to be put to many points: see [`Territory::ask`].
#[derive(Debug)]
pub struct Question<'a> {
    lands: &'a Lands,
    /// Of the class and of its group, where there are any.
    of_class: Option<&'a Table>,
    of_group: Option<&'a Table>,
    snap: Vec<OfClass<'a>>,
    reach_m: f64,
}

/// A point's cell, nearest component and unit, as positions and ids: [`Placement`] without the
/// words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot<'a> {
    pub cell: &'a Cell,
    pub component: Option<(&'a Component, f64)>,
    pub unit_id: Option<i32>,
    pub rule: Rule,
    responsibility: Option<Responsibility>,
    cell_number: u32,
}

impl Territory {
    /// Reads what is valid at a moment.
    pub async fn load(db: &PgPool, at: DateTime<Utc>) -> anyhow::Result<Self> {
        let (parts, components) = store::read(db, at).await?;
        let build = || Self::build(parts, Arc::new(Components::build(components)));
        Ok(tokio::task::spawn_blocking(build).await?)
    }

    /// Reads what is valid at another moment, beside the components of this one.
    pub async fn load_anew(&self, db: &PgPool, at: DateTime<Utc>) -> anyhow::Result<Self> {
        let parts = store::read_without_components(db, at).await?;
        let components = Arc::clone(&self.components);
        let build = || Self::build(parts, components);
        Ok(tokio::task::spawn_blocking(build).await?)
    }

    /// The same with what is planned for that moment on top; `ended_units` are those that are no more
    /// at the moment it is asked of, which may be later.
    pub async fn load_redrawn(
        &self,
        db: &PgPool,
        at: DateTime<Utc>,
        planned: Redraw,
        ended_units: HashSet<i32>,
    ) -> anyhow::Result<Self> {
        let mut parts = store::read_without_components(db, at).await?;
        parts.ended_units = ended_units;
        let components = Arc::clone(&self.components);
        let build = || Self::build(parts.redrawn(planned), components);
        Ok(tokio::task::spawn_blocking(build).await?)
    }

    /// Units that are no more at a moment.
    pub async fn ended_units(db: &PgPool, at: DateTime<Utc>) -> sqlx::Result<HashSet<i32>> {
        store::read_ended_units(db, at).await
    }

    pub(super) fn build(parts: Parts, components: Arc<Components>) -> Self {
        Self {
            lands: Arc::new(Lands::build(parts)),
            components,
        }
    }

    /// Reads how another moment differs from this one, and no more. `None`: the database has moved on
    /// from what is held here.
    pub(super) async fn load_beside(
        &self,
        db: &PgPool,
        number: usize,
    ) -> anyhow::Result<Option<Self>> {
        let (here, there) = (self.stretch(), self.stretch().at_number(number));
        let moments = here.moment_in(here.number()).zip(there.moment_in(number));
        let Some((base, at)) = moments else {
            return Ok(None);
        };
        let known = self.lands.editions.keys().max().copied().unwrap_or(0);
        let Some(difference) = store::difference(db, known, base, at).await? else {
            return Ok(None);
        };
        let lands = Arc::clone(&self.lands);
        let lay_over = move || lands.differing(difference, there);
        let lands = tokio::task::spawn_blocking(lay_over).await?;
        Ok(Some(Self {
            lands: Arc::new(lands),
            components: Arc::clone(&self.components),
        }))
    }

    pub(super) fn components(&self) -> &Arc<Components> {
        &self.components
    }

    /// By which the same lands are recognised beside other components.
    pub fn mark(&self) -> LandsMark {
        LandsMark(Arc::downgrade(&self.lands))
    }

    /// These lands with the components of another territory; `None` where they are the same.
    #[must_use]
    pub fn beside_components_of(&self, other: &Self) -> Option<Self> {
        let same = Arc::ptr_eq(&self.components, &other.components);
        (!same).then(|| self.with_components(Arc::clone(&other.components)))
    }

    /// The same lands with other components.
    pub(super) fn with_components(&self, components: Arc<Components>) -> Self {
        Self {
            lands: Arc::clone(&self.lands),
            components,
        }
    }

    /// How long it is as it is, as far as the database knew.
    pub(super) fn stretch(&self) -> &Stretch {
        &self.lands.stretch
    }

    /// All cells.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.lands.layers.cells().map(|(_, cell)| cell)
    }

    /// The edition that published something in use here last.
    pub fn newest_edition(&self) -> Option<&Edition> {
        self.lands.newest_edition()
    }

    /// A unit, ended or not.
    pub fn unit(&self, id: i32) -> Option<&Unit> {
        self.lands.units.get(&id)
    }

    /// Whether a unit can answer for anything: one that has ended cannot.
    pub fn is_standing(&self, unit: i32) -> bool {
        self.lands.units.contains_key(&unit) && self.lands.is_standing(unit)
    }

    /// The cell that owns a point; `None` outside the city. A border belongs to one of its two
    /// cells, the outer border to the city; where cells overlap, the lower code has the point.
    #[inline]
    pub fn cell_at(&self, point: GroundPoint) -> Option<&Cell> {
        let number = self.lands.layers.cell_at(point)?;
        Some(self.lands.layers.cell(number))
    }

    /// The nearest component of a class and its distance in metres; of equally near ones that
    /// with the lower id.
    #[inline]
    pub fn nearest(
        &self,
        class: ClassCode,
        point: GroundPoint,
        within_m: f64,
    ) -> Option<(&Component, f64)> {
        self.components.of_class(class)?.nearest(point, within_m)
    }

    /// Prepares a question: who answers for `class` (none: for whatever has no rule of its own)
    /// at points pinned to components of `snap` within `reach_m`?
    pub fn ask(&self, class: Option<ClassCode>, snap: &[ClassCode], reach_m: f64) -> Question<'_> {
        Question {
            lands: &self.lands,
            of_class: class.and_then(|class| self.lands.rules_of(ClassScope::Class(class))),
            of_group: class.and_then(|class| self.lands.rules_of(ClassScope::Group(class.into()))),
            snap: snap
                .iter()
                .filter_map(|class| self.components.of_class(*class))
                .collect(),
            reach_m,
        }
    }

    /// Whose spot a point is and why; `None` outside the city. `snap` names the component
    /// classes a find may be pinned to, `reach_m` how far.
    pub fn locate(
        &self,
        point: GroundPoint,
        class: ClassCode,
        snap: &[ClassCode],
        reach_m: f64,
    ) -> Option<Placement> {
        let spot = self.ask(Some(class), snap, reach_m).spot(point)?;
        let component = spot
            .component
            .map(|(component, distance_m)| PlacedComponent {
                id: component.id,
                class: component.class,
                code: component.code.clone(),
                name: component.name.clone(),
                distance_m,
            });
        // a component's own units come with the survey, not with an edition of rules
        let edition_id = spot
            .responsibility
            .map_or(spot.cell.edition_id, |responsibility| {
                responsibility.edition_id
            });
        let by_component = matches!(spot.rule, Rule::ComponentMaintenance | Rule::ComponentOwner);
        let deciding = component.as_ref().filter(|_| by_component);
        let because = Because {
            rule: spot.rule,
            edition: self.lands.editions[&edition_id].clone(),
            responsibility_id: spot
                .responsibility
                .and_then(|responsibility| responsibility.id),
            component_id: deciding.map(|component| component.id),
            distance_m: deciding.map(|component| component.distance_m),
            cell_code: spot.cell.code.clone(),
            class,
            border_m: self
                .lands
                .layers
                .border_m(point, spot.cell_number, BORDER_REACH_M),
        };
        Some(Placement {
            cell: PlacedCell {
                id: spot.cell.id,
                code: spot.cell.code.clone(),
                name: spot.cell.name.clone(),
            },
            component,
            unit: spot.unit_id.and_then(|id| self.unit(id)).cloned(),
            because,
        })
    }
}

impl<'a> Question<'a> {
    /// Answers for one point; `None` outside the city. The most specific rule that exists
    /// decides: the component's maintenance unit, its owner, the cell's rule for the class, for its
    /// group, the cell's default (R3.5). What names a unit that has ended is passed over.
    #[inline]
    pub fn spot(&self, point: GroundPoint) -> Option<Spot<'a>> {
        let lands = self.lands;
        let cell_number = lands.layers.cell_at(point)?;
        let component = self.nearest(point);
        let of_component = component.and_then(|(component, _)| {
            let standing = |unit: Option<i32>| unit.filter(|unit| lands.is_standing(*unit));
            let maintenance = standing(component.maintenance_unit_id);
            let owner = || standing(component.owner_unit_id);
            maintenance
                .map(|unit_id| (Rule::ComponentMaintenance, unit_id))
                .or_else(|| owner().map(|unit_id| (Rule::ComponentOwner, unit_id)))
        });
        let mut spot = Spot {
            cell: lands.layers.cell(cell_number),
            component,
            unit_id: None,
            rule: Rule::Nobody,
            responsibility: None,
            cell_number,
        };
        if let Some((rule, unit_id)) = of_component {
            (spot.rule, spot.unit_id) = (rule, Some(unit_id));
        } else if let Some((rule, responsibility)) = self.of_cell(cell_number) {
            (spot.rule, spot.unit_id) = (rule, Some(responsibility.unit_id));
            spot.responsibility = Some(responsibility);
        }
        Some(spot)
    }

    /// The nearest component of any of the classes.
    #[inline]
    fn nearest(&self, point: GroundPoint) -> Option<(&'a Component, f64)> {
        let mut best: Option<(&'a Component, f64)> = None;
        for of_class in &self.snap {
            let within_m = best.map_or(self.reach_m, |(_, distance_m)| distance_m);
            best = nearer(best, of_class.nearest(point, within_m));
        }
        best
    }

    #[inline]
    fn of_cell(&self, cell_number: u32) -> Option<(Rule, Responsibility)> {
        let by = |rule, table| Some((rule, self.lands.duty(table, cell_number)?));
        let of_class = || by(Rule::CellClass, Some(self.of_class?));
        let of_group = || by(Rule::CellGroup, Some(self.of_group?));
        of_class()
            .or_else(of_group)
            .or_else(|| by(Rule::CellDefault, None))
    }
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
