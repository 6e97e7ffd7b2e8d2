//! Borders cut where they meet: each piece is held once, whoever it belongs to.

use std::collections::HashMap;

use super::importance::zooms;
use super::mesh::Mesh;
use crate::tiles::world::{WorldBox, WorldPoint};

/// A piece of border and in which direction it is run through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ArcRef(u32);

impl ArcRef {
    fn new(number: u32, backward: bool) -> Self {
        Self(number << 1 | u32::from(backward))
    }

    pub(super) fn number(self) -> usize {
        (self.0 >> 1) as usize
    }

    fn is_backward(self) -> bool {
        self.0 & 1 == 1
    }

    /// The same piece the other way.
    pub(super) fn reversed(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// All pieces of border of a layer. Both ends of a piece are drawn at every zoom.
#[derive(Debug, Default)]
pub(super) struct Arcs {
    /// Where each begins in `places`, and where the last ends.
    starts: Vec<u32>,
    places: Vec<WorldPoint>,
    /// The zoom from which each place is drawn.
    zooms: Vec<u8>,
    boxes: Vec<WorldBox>,
}

/// A ring of an area as pieces of border.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ring {
    pub(super) hole: bool,
    pub(super) arcs: Box<[ArcRef]>,
}

impl Arcs {
    /// Cuts the net; the rings of each of `areas` areas.
    pub(super) fn cut(mesh: &Mesh, areas: usize) -> (Self, Vec<Vec<Ring>>) {
        let ends = ends(mesh);
        let mut pieces = Pieces::default();
        let mut rings: Vec<Vec<Ring>> = vec![Vec::new(); areas];
        for ring in &mesh.rings {
            rings[ring.area].push(Ring {
                hole: ring.hole,
                arcs: pieces.of_ring(&ring.vertices, &ends),
            });
        }
        let zooms = zooms(&mesh.places, &pieces.arcs);
        let mut arcs = Self {
            starts: vec![0],
            ..Self::default()
        };
        for piece in &pieces.arcs {
            for &vertex in piece {
                arcs.places.push(mesh.places[vertex as usize]);
                arcs.zooms.push(zooms[vertex as usize]);
            }
            let from = arcs.places.len() - piece.len();
            arcs.boxes.push(WorldBox::around(&arcs.places[from..]));
            let end = u32::try_from(arcs.places.len()).expect("fewer than 2^32 vertices");
            arcs.starts.push(end);
        }
        (arcs, rings)
    }

    pub(super) fn bounds(&self, arc: ArcRef) -> WorldBox {
        self.boxes[arc.number()]
    }

    /// How many places it has.
    pub(super) fn len(&self, arc: ArcRef) -> usize {
        let number = arc.number();
        (self.starts[number + 1] - self.starts[number]) as usize
    }

    /// Its places in its direction, with the zoom from which each is drawn.
    pub(super) fn places(&self, arc: ArcRef) -> impl Iterator<Item = (WorldPoint, u8)> {
        let number = arc.number();
        let range = self.starts[number] as usize..self.starts[number + 1] as usize;
        let places = &self.places[range.clone()];
        let zooms = &self.zooms[range];
        let last = places.len() - 1;
        let backward = arc.is_backward();
        (0..places.len()).map(move |step| {
            let index = if backward { last - step } else { step };
            (places[index], zooms[index])
        })
    }

    /// Where it begins and where it ends, in its direction.
    pub(super) fn ends(&self, arc: ArcRef) -> (WorldPoint, WorldPoint) {
        let number = arc.number();
        let first = self.places[self.starts[number] as usize];
        let last = self.places[self.starts[number + 1] as usize - 1];
        if arc.is_backward() {
            (last, first)
        } else {
            (first, last)
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.starts)
            + size_of_val(&*self.places)
            + size_of_val(&*self.zooms)
            + size_of_val(&*self.boxes)
    }
}

/// Whether each vertex is an end: rings that come through it do not all come from and go to the
/// same two. A ring that meets no other begins and ends at its first vertex by place.
fn ends(mesh: &Mesh) -> Vec<bool> {
    let mut beside: Vec<Option<(u32, u32)>> = vec![None; mesh.places.len()];
    let mut ends = vec![false; mesh.places.len()];
    for ring in &mesh.rings {
        let around = &ring.vertices;
        for (index, at) in around.iter().enumerate() {
            let before = around[(index + around.len() - 1) % around.len()];
            let after = around[(index + 1) % around.len()];
            let pair = (before.min(after), before.max(after));
            match beside[*at as usize] {
                None => beside[*at as usize] = Some(pair),
                Some(known) => ends[*at as usize] |= known != pair,
            }
        }
    }
    for ring in &mesh.rings {
        if !ring.vertices.iter().any(|vertex| ends[*vertex as usize])
            && let Some(first) = ring.vertices.iter().min()
        {
            ends[*first as usize] = true;
        }
    }
    ends
}

/// Pieces that were cut, each once.
#[derive(Debug, Default)]
struct Pieces {
    arcs: Vec<Vec<u32>>,
    /// A piece by its first edge, which no other has.
    by_first_edge: HashMap<(u32, u32), u32>,
}

impl Pieces {
    fn of_ring(&mut self, ring: &[u32], ends: &[bool]) -> Box<[ArcRef]> {
        let first = ring
            .iter()
            .position(|vertex| ends[*vertex as usize])
            .expect("every ring has an end");
        let around = ring
            .iter()
            .copied()
            .cycle()
            .skip(first)
            .take(ring.len() + 1);
        let mut arcs = Vec::new();
        let mut piece: Vec<u32> = Vec::new();
        for vertex in around {
            piece.push(vertex);
            if piece.len() > 1 && ends[vertex as usize] {
                arcs.push(self.number(&piece));
                piece = vec![vertex];
            }
        }
        arcs.into()
    }

    fn number(&mut self, piece: &[u32]) -> ArcRef {
        let (first, second) = (piece[0], piece[1]);
        let (before, last) = (piece[piece.len() - 2], piece[piece.len() - 1]);
        // one direction for both who run through it
        let backward = (last, before) < (first, second);
        let key = if backward {
            (last, before)
        } else {
            (first, second)
        };
        let number = *self.by_first_edge.entry(key).or_insert_with(|| {
            let mut forward = piece.to_vec();
            if backward {
                forward.reverse();
            }
            self.arcs.push(forward);
            u32::try_from(self.arcs.len() - 1).expect("fewer than 2^31 pieces")
        });
        ArcRef::new(number, backward)
    }
}
