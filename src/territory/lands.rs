//! Cells and who answers for them at one moment.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use geo_types::MultiPolygon;

use super::layers::Layers;
use super::placement::{Edition, Unit};
use super::snapshot::{Cell, Parts, Responsibility};
use super::stretch::Stretch;
use crate::catalogue::ClassScope;

/// A territory without what stands in it.
#[derive(Debug)]
pub(super) struct Lands {
    pub(super) layers: Layers,
    responsibilities: Vec<Responsibility>,
    defaults: Table,
    /// Of every class and group that has a rule anywhere.
    rules: HashMap<ClassScope, Table>,
    pub(super) units: Arc<HashMap<i32, Unit>>,
    /// Units that are no more: they answer for nothing.
    ended_units: HashSet<i32>,
    pub(super) editions: Arc<HashMap<i32, Edition>>,
    pub(super) stretch: Stretch,
}

/// Per cell who answers: a position among the responsibilities; of cells beyond its end, nobody. Moments
/// share those in which they do not differ.
#[derive(Debug, Clone, Default)]
pub(super) struct Table(Arc<Vec<u32>>);

const NOBODY: u32 = u32::MAX;

impl Table {
    #[inline]
    fn get(&self, cell: usize) -> u32 {
        self.0.get(cell).copied().unwrap_or(NOBODY)
    }

    fn set(&mut self, cell: usize, position: u32) {
        let table = Arc::make_mut(&mut self.0);
        if table.len() <= cell {
            table.resize(cell + 1, NOBODY);
        }
        table[cell] = position;
    }
}

/// A responsibility with its cell's id; for all classes it is the cell's default.
pub(super) type Duty = (i32, ClassScope, Responsibility);

/// How another moment differs.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// Cells that are not valid then.
    pub(super) hidden: HashSet<i32>,
    /// Others that are, in the order of their codes.
    pub(super) cells: Vec<(Cell, MultiPolygon<f64>)>,
    pub(super) over: Vec<(i32, ClassScope)>,
    pub(super) duties: Vec<Duty>,
    /// Units that are no more then.
    pub(super) ended_units: HashSet<i32>,
}

impl Lands {
    pub(super) fn build(parts: Parts) -> Self {
        let mut lands = Self {
            layers: Layers::of(parts.cells),
            responsibilities: Vec::new(),
            defaults: Table::default(),
            rules: HashMap::new(),
            units: Arc::new(parts.units),
            ended_units: parts.ended_units,
            editions: Arc::new(parts.editions),
            stretch: parts.stretch,
        };
        lands.take_up(parts.responsibilities);
        lands
    }

    /// The lands of another moment, in the stretch of this number.
    pub(super) fn differing(&self, difference: Difference, stretch: Stretch) -> Self {
        let mut lands = Self {
            layers: self.layers.with(&difference.hidden, difference.cells),
            responsibilities: self.responsibilities.clone(),
            defaults: self.defaults.clone(),
            rules: self.rules.clone(),
            units: Arc::clone(&self.units),
            ended_units: difference.ended_units,
            editions: Arc::clone(&self.editions),
            stretch,
        };
        let number_of = lands.number_of();
        for (cell_id, classes) in difference.over {
            let table = match classes {
                ClassScope::All => Some(&mut lands.defaults),
                ClassScope::Group(_) | ClassScope::Class(_) => lands.rules.get_mut(&classes),
            };
            if let (Some(table), Some(number)) = (table, number_of.get(&cell_id)) {
                table.set(*number, NOBODY);
            }
        }
        lands.take_up(difference.duties);
        lands
    }

    /// By cell id, of those valid.
    fn number_of(&self) -> HashMap<i32, usize> {
        let cells = self.layers.cells();
        cells.map(|(number, cell)| (cell.id, number)).collect()
    }

    #[inline]
    pub(super) fn is_standing(&self, unit: i32) -> bool {
        !self.ended_units.contains(&unit)
    }

    /// Enters who answers for what.
    fn take_up(&mut self, duties: Vec<Duty>) {
        let number_of = self.number_of();
        for (cell_id, classes, responsibility) in duties {
            if !self.is_standing(responsibility.unit_id) {
                continue;
            }
            let Some(number) = number_of.get(&cell_id) else {
                continue; // the cell has ended
            };
            let table = match classes {
                ClassScope::All => &mut self.defaults,
                ClassScope::Group(_) | ClassScope::Class(_) => {
                    self.rules.entry(classes).or_default()
                }
            };
            table.set(*number, position(self.responsibilities.len()));
            self.responsibilities.push(responsibility);
        }
    }

    /// For every cell who answers for a class or a group that has rules of its own somewhere.
    pub(super) fn rules_of(&self, classes: ClassScope) -> Option<&Table> {
        self.rules.get(&classes)
    }

    /// Who answers for a cell by a table; [`rules_of`](Self::rules_of) or, `None`, the defaults.
    #[inline]
    pub(super) fn duty(&self, table: Option<&Table>, cell: u32) -> Option<Responsibility> {
        let position = table.unwrap_or(&self.defaults).get(cell as usize);
        self.responsibilities.get(position as usize).copied()
    }

    /// The edition that published something in use here last.
    pub(super) fn newest_edition(&self) -> Option<&Edition> {
        let of_cell = |(number, cell): (usize, &Cell)| {
            let tables = self.rules.values().chain([&self.defaults]);
            let duties = tables.filter_map(move |table| {
                let duty = self.responsibilities.get(table.get(number) as usize);
                duty.map(|duty| duty.edition_id)
            });
            duties.chain([cell.edition_id])
        };
        let used = self.layers.cells().flat_map(of_cell);
        used.filter_map(|id| self.editions.get(&id))
            .max_by_key(|edition| (edition.published_at, edition.id))
    }
}

pub(super) fn position(number: usize) -> u32 {
    u32::try_from(number).expect("a city has fewer than 2^32 of anything")
}
