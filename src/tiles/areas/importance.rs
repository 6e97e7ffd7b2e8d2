//! At which zoom a vertex begins to matter.
//!
//! Visvalingam & Whyatt, "Line generalisation by repeated elimination of points" (1993): the vertex
//! whose triangle with its two neighbours is smallest goes first. All borders are thinned out
//! together, and none may go whose triangle holds another vertex that is still there: so borders
//! that do not cross never do, at no zoom, and a ring never collapses to a line.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::mesh::cross;
use super::place_grid::{PlaceGrid, span};
use crate::tiles::world::WorldPoint;

/// From this zoom on, the deepest that is made, every vertex is drawn.
pub(super) const DETAIL_ZOOM: u8 = 16;
/// Drawn is what stands out by a triangle larger than a square of so many tile units a side. The
/// page draws eight units as a pixel.
const SIDE_UNITS: u64 = 4;

/// World units of a tile's unit at `z`, up to zoom 20 a whole number.
fn unit(z: u8) -> u64 {
    1 << (20 - z)
}

/// The zoom from which each vertex is drawn; 0 for the ends of pieces.
pub(super) fn zooms(places: &[WorldPoint], arcs: &[Vec<u32>]) -> Vec<u8> {
    let mut zooms = vec![0; places.len()];
    for (vertex, twice_area) in Thinning::new(places, arcs).run() {
        let drawn = |z: &u8| twice_area > 2 * (SIDE_UNITS * unit(*z)).pow(2);
        zooms[vertex as usize] = (0..DETAIL_ZOOM).find(drawn).unwrap_or(DETAIL_ZOOM);
    }
    zooms
}

/// A vertex whose turn may come: smallest triangle first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    twice_area: u64,
    vertex: u32,
    /// Of the vertex's state when this was written down; an older one counts no more.
    stamp: u32,
}

struct Thinning<'a> {
    places: &'a [WorldPoint],
    grid: PlaceGrid,
    /// The vertices before and after, of those inside pieces; each is in one piece only.
    beside: Vec<Option<(u32, u32)>>,
    stamps: Vec<u32>,
    gone: Vec<bool>,
    turns: BinaryHeap<Reverse<Turn>>,
    /// Who waits until a vertex goes.
    waiting: HashMap<u32, Vec<u32>>,
    edges: HashSet<(u32, u32)>,
}

fn undirected(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}

impl<'a> Thinning<'a> {
    fn new(places: &'a [WorldPoint], arcs: &[Vec<u32>]) -> Self {
        let mut thinning = Self {
            places,
            grid: PlaceGrid::new(places),
            beside: vec![None; places.len()],
            stamps: vec![0; places.len()],
            gone: vec![true; places.len()],
            turns: BinaryHeap::new(),
            waiting: HashMap::new(),
            edges: HashSet::new(),
        };
        for arc in arcs {
            for edge in arc.windows(2) {
                thinning.edges.insert(undirected(edge[0], edge[1]));
            }
            for three in arc.windows(3) {
                thinning.beside[three[1] as usize] = Some((three[0], three[2]));
            }
            for vertex in arc {
                thinning.gone[*vertex as usize] = false;
            }
        }
        for arc in arcs {
            for vertex in &arc[1..arc.len() - 1] {
                thinning.queue(*vertex, 0);
            }
        }
        thinning
    }

    /// Vertices in the order in which they go, with twice the area they go at, which never falls.
    fn run(mut self) -> Vec<(u32, u64)> {
        let mut order = Vec::new();
        while let Some(Reverse(turn)) = self.turns.pop() {
            let Turn {
                twice_area,
                vertex,
                stamp,
            } = turn;
            if self.gone[vertex as usize] || self.stamps[vertex as usize] != stamp {
                continue;
            }
            let Some((before, after)) = self.beside[vertex as usize] else {
                continue;
            };
            if self.edges.contains(&undirected(before, after)) {
                continue; // what is left is a triangle, or would lie upon another piece
            }
            if let Some(inside) = self.inside(before, vertex, after) {
                self.waiting.entry(inside).or_default().push(vertex);
                continue;
            }
            self.remove(vertex, before, after, twice_area);
            order.push((vertex, twice_area));
        }
        let stay = (0..).zip(&self.beside).filter_map(|(vertex, beside)| {
            let stays = beside.is_some() && !self.gone[vertex as usize];
            stays.then_some((vertex, u64::MAX))
        });
        order.extend(stay);
        order
    }

    /// Another vertex that still stands in the triangle or on its border.
    fn inside(&self, a: u32, b: u32, c: u32) -> Option<u32> {
        let corner = |vertex: u32| self.places[vertex as usize];
        let corners = [corner(a), corner(b), corner(c)];
        self.grid.within(span(&corners)).find(|vertex| {
            let at = self.places[*vertex as usize];
            let sides = [0, 1, 2].map(|side| cross(corners[side], corners[(side + 1) % 3], at));
            ![a, b, c].contains(vertex)
                && !self.gone[*vertex as usize]
                && (sides.iter().all(|side| *side >= 0) || sides.iter().all(|side| *side <= 0))
        })
    }

    fn remove(&mut self, vertex: u32, before: u32, after: u32, level: u64) {
        self.gone[vertex as usize] = true;
        self.edges.remove(&undirected(before, vertex));
        self.edges.remove(&undirected(vertex, after));
        self.edges.insert(undirected(before, after));
        if let Some(beside) = &mut self.beside[before as usize] {
            beside.1 = after;
            self.queue(before, level);
        }
        if let Some(beside) = &mut self.beside[after as usize] {
            beside.0 = before;
            self.queue(after, level);
        }
        for waiting in self.waiting.remove(&vertex).unwrap_or_default() {
            if !self.gone[waiting as usize] {
                self.queue(waiting, level);
            }
        }
    }

    /// Its turn comes at its triangle's area, no earlier than at `level`.
    fn queue(&mut self, vertex: u32, level: u64) {
        let Some((before, after)) = self.beside[vertex as usize] else {
            return;
        };
        let corner = |vertex: u32| self.places[vertex as usize];
        let twice_area = cross(corner(before), corner(vertex), corner(after)).unsigned_abs();
        // a continent is as good as a hemisphere
        let twice_area = u64::try_from(twice_area).unwrap_or(u64::MAX);
        let stamp = &mut self.stamps[vertex as usize];
        *stamp += 1;
        self.turns.push(Reverse(Turn {
            twice_area: twice_area.max(level),
            vertex,
            stamp: *stamp,
        }));
    }
}
