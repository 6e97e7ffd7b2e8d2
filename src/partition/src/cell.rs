//! Cells as files bring them: polygons that know nothing of each other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arrangement::Arrangement;
use crate::edges::{Edges, Stroke, id};
use crate::ring::Polygon;

/// A cell of a file, in the order of the file; elsewhere cells are named by their index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cell {
    pub polygons: Vec<Polygon>,
}

/// The claims of drawn cells: each polygon is one, so that two overlapping polygons of a cell
/// do not cancel each other.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    cell_of: Vec<u32>,
}

impl Claims {
    pub(crate) fn of(cells: &[Cell]) -> Self {
        let cells = (0..).zip(cells);
        let cell_of = cells.flat_map(|(index, cell)| cell.polygons.iter().map(move |_| index));
        Self {
            cell_of: cell_of.collect(),
        }
    }

    /// Every edge of every ring.
    pub(crate) fn edges(&self, cells: &[Cell]) -> Edges {
        let polygons = (0..).zip(cells.iter().flat_map(|cell| &cell.polygons));
        let strokes = polygons.flat_map(|(claim, polygon)| {
            polygon.rings().flat_map(move |ring| {
                let ends = ring.iter().skip(1).chain(ring.first());
                ring.iter()
                    .zip(ends)
                    .map(move |(&a, &b)| Stroke { a, b, claim })
            })
        });
        Edges::of(strokes, id(self.cell_of.len()))
    }

    pub(crate) fn cell(&self, claim: u32) -> u32 {
        self.cell_of[claim as usize]
    }

    /// The cells of claims in ascending order.
    pub(crate) fn cells(&self, claims: &[u32]) -> Vec<u32> {
        let mut cells: Vec<u32> = claims.iter().map(|&claim| self.cell(claim)).collect();
        cells.dedup();
        cells
    }

    /// The cells that hold each region of an arrangement.
    pub(crate) fn holders(&self, arrangement: &Arrangement) -> Vec<Vec<u32>> {
        (0..id(arrangement.regions.len()))
            .map(|region| self.cells(arrangement.cover(region)))
            .collect()
    }

    /// Twice the area in mm² that each cell holds, shared or not.
    pub(crate) fn doubled_areas(
        arrangement: &Arrangement,
        holders: &[Vec<u32>],
    ) -> BTreeMap<u32, i128> {
        let mut areas = BTreeMap::new();
        for (region, cells) in arrangement.regions.iter().zip(holders) {
            for &cell in cells {
                *areas.entry(cell).or_default() += region.doubled_area;
            }
        }
        areas
    }
}
