//! Ground that is to be redrawn: cells and responsibilities that no row holds yet.

use std::collections::{HashMap, HashSet};

use geo_types::MultiPolygon;

use super::placement::Edition;
use super::snapshot::{Cell, Parts, Responsibility};
use crate::catalogue::ClassCode;

/// What an edition that waits for its date will change.
#[derive(Debug, Clone, PartialEq)]
pub struct Redraw {
    pub edition: Edition,
    /// Cells that end.
    pub ended: Vec<i32>,
    pub begun: Vec<RedrawnCell>,
    /// Cells that stay as they are and whose default unit changes; `None`: nobody.
    pub owners: Vec<(i32, Option<i32>)>,
}

/// A cell that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct RedrawnCell {
    /// Its id is negative: the real one comes with its row.
    pub cell: Cell,
    /// WGS 84.
    pub border: MultiPolygon<f64>,
    /// Its default unit.
    pub unit_id: Option<i32>,
    /// The cell that ends whose rules for single classes it inherits.
    pub main_parent: Option<i32>,
}

impl Parts {
    /// The same ground, redrawn.
    #[must_use]
    pub(super) fn redrawn(mut self, redraw: Redraw) -> Self {
        let edition_id = redraw.edition.id;
        let of = |unit_id| Responsibility {
            id: None,
            unit_id,
            edition_id,
        };
        let ended: HashSet<i32> = redraw.ended.into_iter().collect();
        let (gone, stays): (Vec<_>, Vec<_>) = self
            .responsibilities
            .into_iter()
            .partition(|(cell, ..)| ended.contains(cell));
        let mut inherited: HashMap<i32, Vec<(ClassCode, i32)>> = HashMap::new();
        for (cell, class, responsibility) in gone {
            if let Some(class) = class {
                let rules = inherited.entry(cell).or_default();
                rules.push((class, responsibility.unit_id));
            }
        }
        let owners: HashMap<i32, Option<i32>> = redraw.owners.into_iter().collect();
        let keeps =
            |(cell, class, _): &(i32, Option<_>, _)| class.is_some() || !owners.contains_key(cell);
        self.responsibilities = stays.into_iter().filter(keeps).collect();
        let handed_over = owners
            .into_iter()
            .filter_map(|(cell, unit_id)| Some((cell, None, of(unit_id?))));
        self.responsibilities.extend(handed_over);
        self.cells.retain(|(cell, _)| !ended.contains(&cell.id));
        for begun in redraw.begun {
            let id = begun.cell.id;
            let default = begun.unit_id.map(|unit_id| (id, None, of(unit_id)));
            let parent = begun
                .main_parent
                .and_then(|parent| inherited.get(&parent))
                .into_iter()
                .flatten();
            let rules = parent.map(|(class, unit_id)| (id, Some(*class), of(*unit_id)));
            self.responsibilities.extend(rules.chain(default));
            self.cells.push((begun.cell, begun.border));
        }
        self.cells.sort_by(|(a, _), (b, _)| a.code.cmp(&b.code));
        self.editions.insert(edition_id, redraw.edition);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;
    use geo_types::{LineString, Polygon};

    use super::*;
    use crate::space::GroundPoint;
    use crate::territory::{Rule, Territory, Unit};

    const GARBAGE: &str = "M06010";
    const STALL: &str = "M09006";

    fn class(code: &str) -> ClassCode {
        code.parse().unwrap()
    }

    fn cell(id: i32, code: &str, west: f64, east: f64) -> (Cell, MultiPolygon<f64>) {
        let ring = [(west, 32.39), (east, 32.39), (east, 32.41), (west, 32.41)];
        let border = Polygon::new(LineString::from(ring.to_vec()), Vec::new());
        let cell = Cell {
            id,
            code: format!("321202001001{code}"),
            name: String::new(),
            edition_id: if id < 0 { 2 } else { 1 },
        };
        (cell, MultiPolygon(vec![border]))
    }

    fn edition(id: i32) -> Edition {
        Edition {
            id,
            note: format!("edition {id}"),
            published_at: DateTime::UNIX_EPOCH,
        }
    }

    /// Two cells beside each other: the western one of unit 1 with a rule of its own for garbage,
    /// the eastern one of unit 2 with one for stalls.
    fn parts() -> Parts {
        let of = |id, unit_id| Responsibility {
            id: Some(id),
            unit_id,
            edition_id: 1,
        };
        let unit = |id: i32| {
            let name = || format!("unit {id}");
            let (name_zh, name_en) = (name(), name());
            (
                id,
                Unit {
                    id,
                    name_zh,
                    name_en,
                },
            )
        };
        Parts {
            cells: vec![cell(7, "001", 119.0, 119.5), cell(8, "002", 119.5, 120.0)],
            responsibilities: vec![
                (7, None, of(70, 1)),
                (7, Some(class(GARBAGE)), of(71, 4)),
                (8, None, of(80, 2)),
                (8, Some(class(STALL)), of(81, 5)),
            ],
            units: (1..=5).map(unit).collect(),
            editions: [(1, edition(1))].into(),
            ..Parts::default()
        }
    }

    /// Code of the cell, unit, rule and edition at a longitude.
    fn whose(territory: &Territory, lon: f64, of: &str) -> (String, Option<i32>, Rule, i32) {
        let point = GroundPoint { lon, lat: 32.4 };
        let placement = territory.locate(point, class(of), &[], 0.0).unwrap();
        (
            placement.cell.code[12..].to_owned(),
            placement.unit.map(|unit| unit.id),
            placement.because.rule,
            placement.because.edition.id,
        )
    }

    #[test]
    fn what_begins_takes_the_place_of_what_ends_and_inherits_its_rules() {
        let begun = |id, code, west, east, unit_id| {
            let (cell, border) = cell(id, code, west, east);
            RedrawnCell {
                cell,
                border,
                unit_id,
                main_parent: Some(7),
            }
        };
        let redraw = Redraw {
            edition: edition(2),
            ended: vec![7],
            begun: vec![
                begun(-1, "004", 119.25, 119.5, None),
                begun(-2, "003", 119.0, 119.25, Some(3)),
            ],
            owners: vec![(8, Some(3))],
        };
        let territory = Territory::build(parts().redrawn(redraw), Arc::default());
        let codes: Vec<&str> = territory.cells().map(|cell| &cell.code[12..]).collect();
        assert_eq!(codes, ["002", "003", "004"], "in their order");
        for (lon, of, code, unit, rule, edition) in [
            (119.1, STALL, "003", Some(3), Rule::CellDefault, 2),
            (119.1, GARBAGE, "003", Some(4), Rule::CellClass, 2),
            (119.4, STALL, "004", None, Rule::Nobody, 2),
            (119.4, GARBAGE, "004", Some(4), Rule::CellClass, 2),
            (119.7, GARBAGE, "002", Some(3), Rule::CellDefault, 2),
            (119.7, STALL, "002", Some(5), Rule::CellClass, 1),
        ] {
            let expected = (code.to_owned(), unit, rule, edition);
            assert_eq!(whose(&territory, lon, of), expected, "{of} at {lon}");
        }
    }

    #[test]
    fn an_owner_can_be_taken_away() {
        let taken = Redraw {
            edition: edition(2),
            ended: Vec::new(),
            begun: Vec::new(),
            owners: vec![(8, None)],
        };
        let territory = Territory::build(parts().redrawn(taken), Arc::default());
        let nobody = ("002".to_owned(), None, Rule::Nobody, 1);
        assert_eq!(whose(&territory, 119.7, GARBAGE), nobody);
    }
}
