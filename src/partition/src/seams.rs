//! Edges that only one cell draws: the rim of everything, and where borders that are meant to be
//! one are not.

use crate::cell::Claims;
use crate::edges::{Edges, id};
use crate::noding::{Grid, Near};

/// Lone edges and the cells that meet in their ends.
pub(crate) struct Seams {
    is_lone: Vec<bool>,
    /// Point and cell, in ascending order, for the ends of lone edges.
    corners: Vec<(u32, u32)>,
}

impl Seams {
    pub(crate) fn of(edges: &Edges, claims: &Claims) -> Self {
        let is_lone: Vec<bool> = (0..id(edges.len()))
            .map(|edge| matches!(edges.claims(edge), [_]))
            .collect();
        let mut is_end = vec![false; edges.points.len()];
        for (ends, _) in edges
            .ends
            .iter()
            .zip(&is_lone)
            .filter(|(_, is_lone)| **is_lone)
        {
            for end in ends {
                is_end[*end as usize] = true;
            }
        }
        let mut corners = Vec::new();
        for (edge, ends) in (0..).zip(&edges.ends) {
            for &end in ends.iter().filter(|end| is_end[**end as usize]) {
                let claims_there = edges.claims(edge).iter();
                corners.extend(claims_there.map(|&claim| (end, claims.cell(claim))));
            }
        }
        corners.sort_unstable();
        corners.dedup();
        Self { is_lone, corners }
    }

    /// The cells that meet in the end of a lone edge; none for other points.
    pub(crate) fn cells_at(&self, point: u32) -> impl Iterator<Item = u32> + '_ {
        let from = self.corners.partition_point(|corner| corner.0 < point);
        let there = self.corners[from..]
            .iter()
            .take_while(move |corner| corner.0 == point);
        there.map(|corner| corner.1)
    }

    /// The ends of lone edges, in ascending order.
    pub(crate) fn points(&self) -> impl Iterator<Item = u32> + '_ {
        self.corners
            .chunk_by(|one, other| one.0 == other.0)
            .map(|corner| corner[0].0)
    }

    /// Ends of lone edges within the grid's reach of a lone edge of another cell.
    pub(crate) fn near(&self, edges: &Edges, claims: &Claims, grid: &Grid) -> Vec<Near> {
        grid.near(
            edges,
            |edge| self.is_lone[edge as usize],
            |point, edge| {
                let cell = claims.cell(edges.claims(edge)[0]);
                let mut there = self.cells_at(point).peekable();
                there.peek().is_some() && there.all(|other| other != cell)
            },
        )
    }
}
