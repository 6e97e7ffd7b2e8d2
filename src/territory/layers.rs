//! Which cell has a point at a moment: an index over cells and, of another moment, a second one over
//! the few that were drawn otherwise. Months of redrawing change a part of a city, and to lay out all
//! of it anew takes a second.

use std::collections::HashSet;
use std::sync::Arc;

use geo_types::MultiPolygon;

use super::cell_index::CellIndex;
use super::snapshot::Cell;
use crate::space::GroundPoint;

/// The cells of one moment. Each has a number: those of the base first, among them those that are
/// hidden because they are not valid then.
#[derive(Debug)]
pub(super) struct Layers {
    base: Arc<Layer>,
    over: Option<Over>,
}

#[derive(Debug)]
struct Layer {
    cells: Vec<Cell>,
    index: Option<CellIndex>,
}

#[derive(Debug)]
struct Over {
    /// Of every cell of the base.
    hidden: Vec<bool>,
    layer: Layer,
}

impl Layer {
    fn of(cells: Vec<(Cell, MultiPolygon<f64>)>) -> Self {
        let (cells, borders): (Vec<Cell>, Vec<MultiPolygon<f64>>) = cells.into_iter().unzip();
        Self {
            index: CellIndex::build(&borders),
            cells,
        }
    }
}

impl Layers {
    /// Where cells overlap, the first of them has the point.
    pub(super) fn of(cells: Vec<(Cell, MultiPolygon<f64>)>) -> Self {
        Self {
            base: Arc::new(Layer::of(cells)),
            over: None,
        }
    }

    /// The same base without the cells of these ids and with others.
    pub(super) fn with(
        &self,
        hidden: &HashSet<i32>,
        cells: Vec<(Cell, MultiPolygon<f64>)>,
    ) -> Self {
        let base = Arc::clone(&self.base);
        let hidden = base.cells.iter().map(|cell| hidden.contains(&cell.id));
        let over = Over {
            hidden: hidden.collect(),
            layer: Layer::of(cells),
        };
        Self {
            base,
            over: Some(over),
        }
    }

    /// Those valid at the moment, with their numbers: of the base, then the others, each in the order
    /// of their codes.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, &Cell)> {
        let over = self.over.iter();
        let others = over.flat_map(|over| &over.layer.cells);
        let all = self.base.cells.iter().chain(others).enumerate();
        all.filter(|(number, _)| {
            let over = self.over.as_ref();
            !over.is_some_and(|over| over.hidden.get(*number).copied().unwrap_or(false))
        })
    }

    #[inline]
    pub(super) fn cell(&self, number: u32) -> &Cell {
        let number = number as usize;
        match &self.over {
            Some(over) if number >= self.base.cells.len() => {
                &over.layer.cells[number - self.base.cells.len()]
            }
            _ => &self.base.cells[number],
        }
    }

    /// The number of the cell that has a point.
    #[inline]
    pub(super) fn cell_at(&self, point: GroundPoint) -> Option<u32> {
        match &self.over {
            None => self.base.index.as_ref()?.cell_at(point),
            Some(over) => self.cell_over(over, point),
        }
    }

    /// A point that none holds is in a crack: between two layers too, whose borders come from the
    /// same places and are rounded each in its own frame.
    fn cell_over(&self, over: &Over, point: GroundPoint) -> Option<u32> {
        let shown = |number: u32| !over.hidden[number as usize];
        let (base, layer) = (self.base.index.as_ref(), over.layer.index.as_ref());
        let above = |number: u32| number + self.offset();
        base.and_then(|index| index.holder(point, shown))
            .or_else(|| layer?.holder(point, |_| true).map(above))
            .or_else(|| base?.beside(point, shown))
            .or_else(|| layer?.beside(point, |_| true).map(above))
    }

    /// From a point to the nearest border of another cell than this, metres, if within reach.
    pub(super) fn border_m(&self, point: GroundPoint, number: u32, within_m: f64) -> Option<f64> {
        let shown = |other: u32| {
            let over = self.over.as_ref();
            other != number && !over.is_some_and(|over| over.hidden[other as usize])
        };
        let base = self.base.index.as_ref();
        let of_base = base.and_then(|index| index.border_m(point, within_m, shown));
        let layer = self
            .over
            .as_ref()
            .and_then(|over| over.layer.index.as_ref());
        let others = |other: u32| other + self.offset() != number;
        let of_layer = layer.and_then(|index| index.border_m(point, within_m, others));
        match (of_base, of_layer) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// The number of the first cell of the second layer.
    fn offset(&self) -> u32 {
        u32::try_from(self.base.cells.len()).expect("a city has fewer than 2^32 cells")
    }
}

#[cfg(test)]
mod tests {
    use geo_types::Polygon;
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: usize = 5;
    const SIDES: usize = COLUMNS * COLUMNS;
    /// Of a side, degrees: some hundred metres.
    const STEP: f64 = 0.001;

    fn cell(id: i32) -> Cell {
        Cell {
            id,
            code: format!("321202001001{id:03}"),
            name: String::new(),
            edition_id: 1,
        }
    }

    /// A field of a lattice whose corners moved.
    fn field(corners: &[(f64, f64)], number: usize) -> Polygon<f64> {
        let first = number / COLUMNS * (COLUMNS + 1) + number % COLUMNS;
        let ring = [first, first + 1, first + COLUMNS + 2, first + COLUMNS + 1];
        Polygon::new(
            ring.map(|corner| corners[corner]).to_vec().into(),
            Vec::new(),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Now every field is a cell; then some were one cell together, and some were nobody's.
        #[test]
        fn cells_laid_over_answer_as_all_of_them_laid_out_anew(
            moves in prop::collection::vec((-0.3..0.3_f64, -0.3..0.3_f64), (COLUMNS + 1).pow(2)),
            then in prop::collection::vec(0..5_u8, SIDES),
            points in prop::collection::vec((-0.1..5.1_f64, -0.1..5.1_f64), 200),
        ) {
            let corners: Vec<(f64, f64)> = moves.iter().enumerate().map(|(i, (east, north))| {
                let (x, y) = ((i % (COLUMNS + 1)) as f64, (i / (COLUMNS + 1)) as f64);
                (119.9 + (x + east) * STEP, 32.4 + (y + north) * STEP)
            }).collect();
            let id = |number: usize| i32::try_from(number).unwrap();
            let alone = |number| (cell(id(number)), MultiPolygon(vec![field(&corners, number)]));
            let of = |what: u8| {
                let then = &then;
                (0..SIDES).filter(move |number| then[*number] == what)
            };
            let together: Vec<Polygon<f64>> = of(0).map(|number| field(&corners, number)).collect();
            let one = (cell(100), MultiPolygon(together));
            let hidden: HashSet<i32> = of(0).chain(of(1)).map(id).collect();
            let layers = Layers::of((0..SIDES).map(alone).collect()).with(&hidden, vec![one.clone()]);

            let stays = (0..SIDES).filter(|number| !hidden.contains(&id(*number)));
            let anew = Layers::of(stays.map(alone).chain([one]).collect());
            prop_assert_eq!(layers.cells().count(), anew.cells().count());
            // anywhere, and where it is hardest
            let anywhere = points.iter().map(|(x, y)| (119.9 + x * STEP, 32.4 + y * STEP));
            for (lon, lat) in anywhere.chain(corners.iter().copied()) {
                let point = GroundPoint { lon, lat };
                let found = |layers: &Layers| {
                    let number = layers.cell_at(point)?;
                    let border_m = layers.border_m(point, number, 1000.0);
                    Some((layers.cell(number).id, border_m))
                };
                let (over, whole) = (found(&layers), found(&anew));
                // on a border, to the rounding, either side may have it
                let near = whole.or(over).and_then(|(_, border_m)| border_m);
                if near.is_some_and(|border_m| border_m > 0.002) {
                    prop_assert_eq!(over.map(|(id, _)| id), whole.map(|(id, _)| id));
                    let apart = over.zip(whole).and_then(|(one, other)| Some(one.1? - other.1?));
                    prop_assert!(apart.is_some_and(|apart_m| apart_m.abs() < 0.001));
                } else {
                    prop_assert_eq!(over.is_some(), whole.is_some());
                }
            }
        }
    }

    #[test]
    fn where_nothing_was_nothing_is() {
        let corners: Vec<(f64, f64)> = (0..(COLUMNS + 1).pow(2))
            .map(|i| {
                let (x, y) = (i % (COLUMNS + 1), i / (COLUMNS + 1));
                (119.9 + x as f64 * STEP, 32.4 + y as f64 * STEP)
            })
            .collect();
        let now = (cell(1), MultiPolygon(vec![field(&corners, 0)]));
        let layers = Layers::of(vec![now]).with(&HashSet::from([1]), Vec::new());
        let middle = GroundPoint {
            lon: 119.9005,
            lat: 32.4005,
        };
        assert_eq!(layers.cell_at(middle), None);
        assert_eq!(layers.cells().count(), 0);
    }
}
