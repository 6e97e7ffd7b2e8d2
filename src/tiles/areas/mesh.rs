//! One net of all borders: vertices that are the same place are one, and where a vertex lies on
//! another's edge the edge bends through it.

use std::collections::HashMap;

use geo_types::{LineString, MultiPolygon};

use super::place_grid::{PlaceGrid, span};
use crate::space::GroundPoint;
use crate::tiles::Grid;
use crate::tiles::world::WorldPoint;

/// Vertices no further apart on either axis are one place: 2 world units, 2 cm at the equator.
/// Cutting off to whole units alone sets what was the same place a unit apart.
const SAME: u32 = 2;
/// Bending an edge may bring it to the next vertex; after so many times it is left as it is.
const BENDS_MAX: usize = 4;

/// A ring of a border: numbers of vertices, not closed by repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MeshRing {
    /// Which area it belongs to, in the order given.
    pub(super) area: usize,
    /// Exteriors run clockwise as drawn, with `y` southward; holes the other way.
    pub(super) hole: bool,
    pub(super) vertices: Vec<u32>,
}

#[derive(Debug)]
pub(super) struct Mesh {
    /// Sorted, so that the same borders have the same numbers.
    pub(super) places: Vec<WorldPoint>,
    pub(super) rings: Vec<MeshRing>,
}

impl Mesh {
    /// The net of areas given in longitude and latitude (EPSG:4326). What is no ring any more in
    /// whole units is left out.
    pub(super) fn new<'a>(
        grid: Grid,
        borders: impl Iterator<Item = &'a MultiPolygon<f64>>,
    ) -> Self {
        let mut raw = Vec::new();
        for (area, border) in borders.enumerate() {
            for polygon in border {
                raw.push((area, false, world_ring(grid, polygon.exterior())));
                let holes = polygon.interiors().iter();
                raw.extend(holes.map(|ring| (area, true, world_ring(grid, ring))));
            }
        }
        let all = raw.iter().flat_map(|(_, _, ring)| ring);
        let (places, number) = merge(all.map(|at| (at.x, at.y)).collect());
        let rings = raw
            .into_iter()
            .map(|(area, hole, ring)| MeshRing {
                area,
                hole,
                vertices: ring.iter().map(|at| number(*at)).collect(),
            })
            .collect();
        let mut mesh = Self { places, rings };
        mesh.bend();
        mesh.rings.retain_mut(|ring| {
            let twice_area = drop_spikes(&mut ring.vertices).then(|| {
                let places: Vec<WorldPoint> = ring
                    .vertices
                    .iter()
                    .map(|vertex| mesh.places[*vertex as usize])
                    .collect();
                twice_area(&places)
            });
            match twice_area {
                None | Some(0) => false,
                Some(twice) => {
                    if (twice < 0) != ring.hole {
                        ring.vertices.reverse();
                    }
                    true
                }
            }
        });
        mesh
    }

    /// Puts every vertex that lies on an edge into it.
    fn bend(&mut self) {
        let grid = PlaceGrid::new(&self.places);
        for _ in 0..BENDS_MAX {
            let mut edges: Vec<(u32, u32)> = self
                .rings
                .iter()
                .flat_map(|ring| edges_of(&ring.vertices))
                .map(|(a, b)| (a.min(b), a.max(b)))
                .filter(|(a, b)| a != b)
                .collect();
            edges.sort_unstable();
            edges.dedup();
            let bends: HashMap<(u32, u32), Vec<u32>> = edges
                .into_iter()
                .filter_map(|edge| {
                    let on_it = vertices_on(edge, &self.places, &grid);
                    (!on_it.is_empty()).then_some((edge, on_it))
                })
                .collect();
            if bends.is_empty() {
                return;
            }
            for ring in &mut self.rings {
                let mut bent = Vec::with_capacity(ring.vertices.len() + 1);
                for (a, b) in edges_of(&ring.vertices) {
                    bent.push(a);
                    match bends.get(&(a.min(b), a.max(b))) {
                        Some(between) if a < b => bent.extend(between),
                        Some(between) => bent.extend(between.iter().rev()),
                        None => {}
                    }
                }
                ring.vertices = bent;
            }
        }
    }
}

/// Each vertex with the next.
fn edges_of(ring: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    let next = ring.iter().cycle().skip(1);
    ring.iter().copied().zip(next.copied())
}

fn world_ring(grid: Grid, ring: &LineString<f64>) -> Vec<WorldPoint> {
    ring.0
        .iter()
        .map(|at| {
            let (lon, lat) = (at.x, at.y);
            WorldPoint::of(grid, GroundPoint { lon, lat })
        })
        .collect()
}

/// One vertex for all that are the same place: the vertices, sorted, and whose number is which.
fn merge(mut all: Vec<(u32, u32)>) -> (Vec<WorldPoint>, impl Fn(WorldPoint) -> u32) {
    all.sort_unstable();
    all.dedup();
    // a square of this side holds at most one of the vertices that stay
    let side = SAME + 1;
    let mut stays: HashMap<(u32, u32), u32> = HashMap::new();
    let mut places: Vec<WorldPoint> = Vec::new();
    let mut numbers: Vec<u32> = Vec::with_capacity(all.len());
    for &(x, y) in &all {
        let (column, row) = (x / side, y / side);
        let near = (column.saturating_sub(1)..=column + 1)
            .flat_map(|column| (row.saturating_sub(1)..=row + 1).map(move |row| (column, row)))
            .filter_map(|square| stays.get(&square).copied())
            .find(|number| {
                let at = places[*number as usize];
                at.x.abs_diff(x) <= SAME && at.y.abs_diff(y) <= SAME
            });
        numbers.push(near.unwrap_or_else(|| {
            let number = u32::try_from(places.len()).expect("fewer than 2^32 vertices");
            stays.insert((column, row), number);
            places.push(WorldPoint { x, y });
            number
        }));
    }
    let number = move |at: WorldPoint| {
        let index = all.binary_search(&(at.x, at.y)).expect("it is one of them");
        numbers[index]
    };
    (places, number)
}

/// Takes out what a ring goes to and straight back from, and repetitions. Whether a ring is left.
pub(super) fn drop_spikes<V: Copy + PartialEq>(ring: &mut Vec<V>) -> bool {
    if ring.len() >= 3 && !any_three(ring, |one, next, after| one == next || one == after) {
        return true;
    }
    let mut kept: Vec<V> = Vec::with_capacity(ring.len());
    for &vertex in ring.iter() {
        if kept.last() == Some(&vertex) {
            continue;
        }
        if kept.len() >= 2 && kept[kept.len() - 2] == vertex {
            kept.pop();
        } else {
            kept.push(vertex);
        }
    }
    // the same across the seam
    let (mut from, mut to) = (0, kept.len());
    while to - from >= 2 {
        if kept[from] == kept[to - 1] {
            to -= 1;
        } else if to - from >= 3 && kept[from + 1] == kept[to - 1] {
            from += 1;
        } else if to - from >= 3 && kept[from] == kept[to - 2] {
            to -= 1;
        } else {
            break;
        }
    }
    ring.clear();
    ring.extend_from_slice(&kept[from..to]);
    ring.len() >= 3
}

/// Whether something is true of any three vertices of a ring that follow each other.
pub(super) fn any_three<V: Copy>(ring: &[V], is: impl Fn(V, V, V) -> bool) -> bool {
    let [first, second, .., before, last] = *ring else {
        let turned = |by: usize| ring[by % ring.len()];
        return (0..ring.len()).any(|at| is(turned(at), turned(at + 1), turned(at + 2)));
    };
    let within = ring
        .windows(3)
        .any(|three| is(three[0], three[1], three[2]));
    within || is(before, last, first) || is(last, first, second)
}

/// Twice the area of a ring, in square units; positive where it runs clockwise as drawn.
pub(super) fn twice_area(ring: &[WorldPoint]) -> i128 {
    let Some(&origin) = ring.first() else {
        return 0;
    };
    let from_origin = |at: WorldPoint| {
        let of = |a: u32, b: u32| i128::from(a) - i128::from(b);
        (of(at.x, origin.x), of(at.y, origin.y))
    };
    ring.windows(2)
        .map(|edge| {
            let ((ax, ay), (bx, by)) = (from_origin(edge[0]), from_origin(edge[1]));
            ax * by - bx * ay
        })
        .sum()
}

/// Twice the area of the triangle, positive where it runs clockwise as drawn.
pub(super) fn cross(a: WorldPoint, b: WorldPoint, c: WorldPoint) -> i128 {
    let of = |a: u32, b: u32| i128::from(a) - i128::from(b);
    of(b.x, a.x) * of(c.y, a.y) - of(c.x, a.x) * of(b.y, a.y)
}

/// The vertices on an edge, no further off than `SAME`, from its first end to its second.
fn vertices_on((a, b): (u32, u32), places: &[WorldPoint], grid: &PlaceGrid) -> Vec<u32> {
    let (from, to) = (places[a as usize], places[b as usize]);
    let along = |at: WorldPoint| {
        let of = |a: u32, b: u32| i128::from(a) - i128::from(b);
        of(at.x, from.x) * of(to.x, from.x) + of(at.y, from.y) * of(to.y, from.y)
    };
    let length_squared = along(to);
    let (mut low, mut high) = span(&[from, to]);
    low = WorldPoint {
        x: low.x.saturating_sub(SAME),
        y: low.y.saturating_sub(SAME),
    };
    high = WorldPoint {
        x: high.x.saturating_add(SAME),
        y: high.y.saturating_add(SAME),
    };
    let mut found: Vec<(i128, u32)> = grid
        .within((low, high))
        .filter(|vertex| *vertex != a && *vertex != b)
        .filter_map(|vertex| {
            let at = places[vertex as usize];
            let along = along(at);
            let off = cross(from, to, at);
            let near = off * off <= i128::from(SAME * SAME) * length_squared;
            (near && 0 < along && along < length_squared).then_some((along, vertex))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, vertex)| vertex).collect()
}
