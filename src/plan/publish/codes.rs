//! Codes for new cells (GB/T 30428.1): inside a community from west to east and from north to
//! south, and none that was given before.

use std::collections::{BTreeMap, BTreeSet};

use geo_types::{Coord, MultiPolygon};

use crate::import::{SEQUENCE_MAX, Unnumbered, reading_order};
use crate::plan::outcome::Outcome;

/// The code of each of the outcome's cells, in their order; `taken`: the sequence numbers that each
/// community ever gave. A cell that there is no number for has no code.
pub(in crate::plan) fn codes(
    outcome: &Outcome,
    borders: &[MultiPolygon<f64>],
    taken: &BTreeMap<String, BTreeSet<usize>>,
) -> Vec<String> {
    let kept = outcome.cells.iter().map(|cell| match &cell.kept {
        Some(code) => code.clone(),
        None => String::new(),
    });
    let mut codes: Vec<String> = kept.collect();
    for community in outcome.communities() {
        let cells = outcome.cells.iter().enumerate();
        let of_community = cells.filter(|(_, cell)| {
            cell.kept.is_none() && cell.communities.first() == Some(&community)
        });
        let waiting = of_community.filter_map(|(index, _)| unnumbered(index, &borders[index]));
        let given = taken.get(&community);
        let mut free =
            (1..=SEQUENCE_MAX).filter(|number| given.is_none_or(|given| !given.contains(number)));
        for index in reading_order(waiting.collect()) {
            if let Some(number) = free.next() {
                codes[index] = format!("{community}{number:03}");
            }
        }
    }
    codes
}

/// By the box around it.
fn unnumbered(index: usize, border: &MultiPolygon<f64>) -> Option<Unnumbered> {
    let corners = || border.iter().flat_map(|part| part.exterior().coords());
    let range = |of: fn(&Coord<f64>) -> f64| {
        let low = corners().map(of).min_by(f64::total_cmp)?;
        let high = corners().map(of).max_by(f64::total_cmp)?;
        Some((low, high))
    };
    let (west, east) = range(|corner| corner.x)?;
    let (south, north) = range(|corner| corner.y)?;
    Some(Unnumbered {
        index,
        lon: f64::midpoint(west, east),
        lat: f64::midpoint(south, north),
        height_deg: north - south,
    })
}

#[cfg(test)]
mod tests {
    use geo_types::{Rect, polygon};
    use proptest::prelude::*;

    use super::*;
    use crate::plan::outcome::NewCell;
    use cityward_partition::FaceId;

    fn new_cell(face: u32, kept: Option<&str>) -> NewCell {
        NewCell {
            face: FaceId(face),
            kept: kept.map(ToOwned::to_owned),
            name: String::new(),
            unit_id: None,
            duties: Vec::new(),
            area_m2: 1.0,
            parents: Vec::new(),
            new_m2: 0.0,
            communities: ["321202001001".to_owned()].into(),
        }
    }

    fn square(west: f64, south: f64) -> MultiPolygon<f64> {
        let corner = Coord { x: west, y: south };
        let opposite = Coord {
            x: west + 0.01,
            y: south + 0.01,
        };
        MultiPolygon(vec![Rect::new(corner, opposite).to_polygon()])
    }

    #[test]
    fn numbers_run_west_to_east_and_north_to_south_past_those_given() {
        let outcome = Outcome {
            cells: vec![
                new_cell(1, None),
                new_cell(2, Some("321202001001007")),
                new_cell(3, None),
                new_cell(4, None),
            ],
            ..Outcome::default()
        };
        let borders = [
            square(0.01, 0.0),
            square(0.0, 0.0),
            square(0.01, 0.01),
            square(0.0, 0.01),
        ];
        let taken = BTreeMap::from([("321202001001".to_owned(), BTreeSet::from([1, 3, 7]))]);
        let codes = codes(&outcome, &borders, &taken);
        let ends: Vec<&str> = codes.iter().map(|code| &code[12..]).collect();
        assert_eq!(ends, ["005", "007", "004", "002"]);
    }

    #[test]
    fn a_border_without_ground_has_no_place_to_be_numbered_by() {
        assert!(unnumbered(0, &MultiPolygon(Vec::new())).is_none());
        let dot = polygon![(x: 1.0, y: 2.0)];
        assert!(unnumbered(0, &MultiPolygon(vec![dot])).is_some());
    }

    proptest! {
        #[test]
        fn no_code_is_given_twice(
            given in prop::collection::btree_set(1..200_usize, 0..100),
            places in prop::collection::vec((0..100, 0..100), 1..50),
        ) {
            let cells = (0..).zip(&places).map(|(face, _)| new_cell(face, None)).collect();
            let outcome = Outcome { cells, ..Outcome::default() };
            let borders: Vec<_> = places
                .iter()
                .map(|(x, y)| square(f64::from(*x) / 100.0, f64::from(*y) / 100.0))
                .collect();
            let taken = BTreeMap::from([("321202001001".to_owned(), given.clone())]);
            let codes = codes(&outcome, &borders, &taken);
            let numbers: BTreeSet<usize> =
                codes.iter().map(|code| code[12..].parse().unwrap()).collect();
            prop_assert_eq!(numbers.len(), places.len());
            prop_assert!(numbers.is_disjoint(&given));
        }
    }
}
