//! Ground that is to be redrawn: cells and responsibilities that no row holds yet.

use std::collections::HashSet;

use geo_types::MultiPolygon;

use super::placement::Edition;
use super::snapshot::{Cell, Parts, Responsibility};
use crate::catalogue::ClassScope;

/// What an edition that waits for its date will change.
#[derive(Debug, Clone, PartialEq)]
pub struct Redraw {
    pub edition: Edition,
    /// Cells that end.
    pub ended: Vec<i32>,
    pub begun: Vec<RedrawnCell>,
    /// Cells that stay as they are and whose unit changes, for which classes; `None`: nobody has them
    /// by themselves.
    pub owners: Vec<(i32, ClassScope, Option<i32>)>,
}

/// A cell that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct RedrawnCell {
    /// Its id is negative: the real one comes with its row.
    pub cell: Cell,
    /// WGS 84.
    pub border: MultiPolygon<f64>,
    /// Its units, each for other classes.
    pub duties: Vec<(ClassScope, i32)>,
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
        let changed: HashSet<(i32, ClassScope)> = { redraw.owners.iter() }
            .map(|(cell, classes, _)| (*cell, *classes))
            .collect();
        self.responsibilities.retain(|(cell, classes, _)| {
            !ended.contains(cell) && !changed.contains(&(*cell, *classes))
        });
        let handed_over = redraw.owners.into_iter();
        let handed_over =
            handed_over.filter_map(|(cell, classes, unit_id)| Some((cell, classes, of(unit_id?))));
        self.responsibilities.extend(handed_over);
        self.cells.retain(|(cell, _)| !ended.contains(&cell.id));
        for begun in redraw.begun {
            let id = begun.cell.id;
            let duties = begun.duties.into_iter();
            self.responsibilities
                .extend(duties.map(|(classes, unit_id)| (id, classes, of(unit_id))));
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
    use crate::catalogue::ClassCode;
    use crate::space::GroundPoint;
    use crate::territory::{Rule, Territory, Unit};

    const GARBAGE: &str = "M06010";
    const STALL: &str = "M09006";
    const DUST: &str = "M06042";

    fn class(code: &str) -> ClassCode {
        code.parse().unwrap()
    }

    fn scope(text: &str) -> ClassScope {
        text.parse().unwrap()
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
                (7, ClassScope::All, of(70, 1)),
                (7, scope(GARBAGE), of(71, 4)),
                (8, ClassScope::All, of(80, 2)),
                (8, scope(STALL), of(81, 5)),
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
    fn what_begins_takes_the_place_of_what_ends() {
        let begun = |id, code, west, east, duties: &[(&str, i32)]| {
            let (cell, border) = cell(id, code, west, east);
            let duties = duties.iter();
            RedrawnCell {
                cell,
                border,
                duties: duties
                    .map(|(classes, unit)| (scope(classes), *unit))
                    .collect(),
            }
        };
        let redraw = Redraw {
            edition: edition(2),
            ended: vec![7],
            begun: vec![
                begun(-1, "004", 119.25, 119.5, &[(GARBAGE, 4)]),
                begun(-2, "003", 119.0, 119.25, &[("", 3), ("M06", 5)]),
            ],
            owners: vec![(8, ClassScope::All, Some(3)), (8, scope("M06"), Some(4))],
        };
        let territory = Territory::build(parts().redrawn(redraw), Arc::default());
        let codes: Vec<&str> = territory.cells().map(|cell| &cell.code[12..]).collect();
        assert_eq!(codes, ["002", "003", "004"], "in their order");
        for (lon, of, code, unit, rule, edition) in [
            (119.1, STALL, "003", Some(3), Rule::CellDefault, 2),
            (119.1, GARBAGE, "003", Some(5), Rule::CellGroup, 2),
            (119.4, STALL, "004", None, Rule::Nobody, 2),
            (119.4, GARBAGE, "004", Some(4), Rule::CellClass, 2),
            (119.7, GARBAGE, "002", Some(4), Rule::CellGroup, 2),
            (119.7, DUST, "002", Some(4), Rule::CellGroup, 2),
            (119.7, "M01001", "002", Some(3), Rule::CellDefault, 2),
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
            owners: vec![(8, ClassScope::All, None)],
        };
        let territory = Territory::build(parts().redrawn(taken.clone()), Arc::default());
        let nobody = ("002".to_owned(), None, Rule::Nobody, 1);
        assert_eq!(whose(&territory, 119.7, GARBAGE), nobody);
        // without a rule of its own a class goes to whoever has the cell
        let cleared = Redraw {
            owners: vec![(8, scope(STALL), None)],
            ..taken
        };
        let territory = Territory::build(parts().redrawn(cleared), Arc::default());
        let by_default = ("002".to_owned(), Some(2), Rule::CellDefault, 1);
        assert_eq!(whose(&territory, 119.7, STALL), by_default);
    }
}
