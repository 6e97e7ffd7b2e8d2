//! Areas put together from pieces of border.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use geo_types::MultiPolygon;

use super::arcs::{ArcRef, Arcs, Ring};
use super::mesh::{Mesh, twice_area};
use crate::tiles::Grid;
use crate::tiles::world::{WorldBox, WorldPoint};

/// The borders of areas that were given together, and the areas made of them.
#[derive(Debug)]
pub(in crate::tiles) struct Net {
    /// Of the borders it is made from.
    digest: u64,
    pub(super) arcs: Arcs,
    /// In the order given; `None`: too small to have a border in whole units.
    pub(in crate::tiles) shapes: Vec<Option<Shape>>,
}

/// An area.
#[derive(Debug, Clone)]
pub(in crate::tiles) struct Shape {
    pub(super) rings: Box<[Ring]>,
    pub(super) bounds: WorldBox,
    /// Where its name stands: inside it, in the middle of the widest part of its middle line.
    pub(super) label: WorldPoint,
}

impl Net {
    /// From areas in longitude and latitude (EPSG:4326). The same areas in the same order make the
    /// same net.
    pub(in crate::tiles) fn new(grid: Grid, borders: &[&MultiPolygon<f64>]) -> Self {
        let mesh = Mesh::new(grid, borders.iter().copied());
        let (arcs, rings) = Arcs::cut(&mesh, borders.len());
        let shapes = rings
            .into_iter()
            .map(|rings| Shape::new(rings, &arcs))
            .collect();
        Self {
            digest: digest(borders),
            arcs,
            shapes,
        }
    }

    /// Whether these borders would make the same net.
    pub(super) fn is_of(&self, borders: &[&MultiPolygon<f64>]) -> bool {
        self.digest == digest(borders)
    }

    /// Some of its areas as one: without the borders between them.
    pub(in crate::tiles) fn union<'a>(
        &self,
        shapes: impl Iterator<Item = &'a Shape>,
    ) -> Option<Shape> {
        let mut outer: HashSet<ArcRef> = HashSet::new();
        for arc in shapes.flat_map(|shape| shape.rings.iter().flat_map(|ring| &ring.arcs)) {
            // what one runs through one way and another the other way lies between them
            if !outer.remove(&arc.reversed()) {
                outer.insert(*arc);
            }
        }
        Shape::new(self.link(outer), &self.arcs)
    }

    /// Rings from pieces in any order. Where one comes by a place again, what lies between is a ring
    /// of its own.
    fn link(&self, pieces: HashSet<ArcRef>) -> Vec<Ring> {
        let mut pieces: Vec<ArcRef> = pieces.into_iter().collect();
        pieces.sort_unstable_by_key(|arc| arc.number());
        let mut leaving: HashMap<WorldPoint, Vec<ArcRef>> = HashMap::new();
        for &arc in &pieces {
            leaving.entry(self.arcs.ends(arc).0).or_default().push(arc);
        }
        let mut rings = Vec::new();
        for first in pieces {
            let (start, mut at) = self.arcs.ends(first);
            let unused = leaving.entry(start).or_default();
            let Some(index) = unused.iter().position(|arc| *arc == first) else {
                continue;
            };
            unused.remove(index);
            let mut way = vec![first];
            while let Some(last) = way.last() {
                let been = way.iter().position(|arc| self.arcs.ends(*arc).0 == at);
                if let Some(from) = been {
                    rings.push(self.ring(way.split_off(from)));
                    continue;
                }
                let unused = leaving.entry(at).or_default();
                // borders are closed: what comes to a place also leaves it
                let Some(next) = self.tightest(*last, unused) else {
                    break;
                };
                let next = unused.remove(next);
                at = self.arcs.ends(next).1;
                way.push(next);
            }
        }
        rings
    }

    fn ring(&self, arcs: Vec<ArcRef>) -> Ring {
        let places = arcs.iter().flat_map(|arc| self.arcs.places(*arc));
        let places: Vec<WorldPoint> = places.map(|(at, _)| at).collect();
        Ring {
            hole: twice_area(&places) < 0,
            arcs: arcs.into(),
        }
    }

    /// Which of the pieces that leave a place turns most to the inner side, the right hand as
    /// drawn.
    fn tightest(&self, coming: ArcRef, leaving: &[ArcRef]) -> Option<usize> {
        let from = direction(&self.arcs, coming.reversed());
        let turn = |arc: &ArcRef| {
            // counted from where it came, the way the right hand is, as `y` runs southward
            let turned = from - direction(&self.arcs, *arc);
            turned.rem_euclid(std::f64::consts::TAU)
        };
        let turns = leaving.iter().map(turn).enumerate();
        turns
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
            .map(|(index, _)| index)
    }
}

fn digest(borders: &[&MultiPolygon<f64>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for border in borders {
        border.0.len().hash(&mut hasher);
        for polygon in *border {
            polygon.interiors().len().hash(&mut hasher);
            for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                ring.0.len().hash(&mut hasher);
                for at in ring {
                    (at.x.to_bits(), at.y.to_bits()).hash(&mut hasher);
                }
            }
        }
    }
    hasher.finish()
}

/// The angle at which a piece leaves its beginning.
fn direction(arcs: &Arcs, arc: ArcRef) -> f64 {
    let mut places = arcs.places(arc).map(|(at, _)| at);
    match (places.next(), places.next()) {
        (Some(from), Some(to)) => {
            let of = |a: u32, b: u32| f64::from(a) - f64::from(b);
            of(to.y, from.y).atan2(of(to.x, from.x))
        }
        _ => 0.0,
    }
}

impl Shape {
    /// How many places its rings have.
    pub(super) fn vertices(&self, arcs: &Arcs) -> usize {
        let all = self.rings.iter().flat_map(|ring| &ring.arcs);
        all.map(|arc| arcs.len(*arc)).sum()
    }

    fn new(rings: Vec<Ring>, arcs: &Arcs) -> Option<Self> {
        let boxes = rings.iter().flat_map(|ring| &ring.arcs);
        let bounds = boxes
            .map(|arc| arcs.bounds(*arc))
            .reduce(|all, one| all.joined(&one))?;
        let label = label(&rings, arcs, bounds);
        Some(Self {
            rings: rings.into(),
            bounds,
            label,
        })
    }

    /// Twice its area, in square units.
    pub(super) fn twice_area(&self, arcs: &Arcs) -> u128 {
        let ring = |ring: &Ring| {
            let places = ring.arcs.iter().flat_map(|arc| arcs.places(*arc));
            twice_area(&places.map(|(at, _)| at).collect::<Vec<_>>())
        };
        self.rings.iter().map(ring).sum::<i128>().unsigned_abs()
    }

    /// Equal for shapes that are drawn the same at every zoom.
    pub(super) fn digest(&self, arcs: &Arcs) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.label.hash(&mut hasher);
        for ring in &self.rings {
            ring.hole.hash(&mut hasher);
            for (at, zoom) in ring.arcs.iter().flat_map(|arc| arcs.places(*arc)) {
                (at, zoom).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    /// Whether a box that no piece of the border comes near lies inside.
    pub(super) fn covers(&self, one: &WorldBox, arcs: &Arcs) -> bool {
        let crossed = self.rings.iter().flat_map(|ring| &ring.arcs);
        // a line from the box eastward: where it runs in and out an odd number of times, it began
        // inside; a piece beside the line's box crosses it as its ends say
        let crossings = crossed.filter(|arc| {
            let (from, to) = arcs.ends(**arc);
            let south = |at: WorldPoint| i64::from(at.y) > one.south;
            arcs.bounds(**arc).west > one.east && south(from) != south(to)
        });
        crossings.count() % 2 == 1
    }
}

/// A place inside: on the line half way between north and south, in the middle of the widest part.
fn label(rings: &[Ring], arcs: &Arcs, bounds: WorldBox) -> WorldPoint {
    // between two whole units, so that no vertex lies on it
    let row = i64::midpoint(bounds.north, bounds.south - 1);
    let line = row as f64 + 0.5;
    let mut crossings: Vec<f64> = Vec::new();
    for ring in rings {
        let mut last: Option<WorldPoint> = None;
        for (at, _) in ring.arcs.iter().flat_map(|arc| arcs.places(*arc)) {
            if let Some(from) = last.replace(at)
                && (i64::from(from.y) > row) != (i64::from(at.y) > row)
            {
                let (fx, fy) = (f64::from(from.x), f64::from(from.y));
                let (tx, ty) = (f64::from(at.x), f64::from(at.y));
                crossings.push(fx + (tx - fx) * (line - fy) / (ty - fy));
            }
        }
    }
    crossings.sort_unstable_by(f64::total_cmp);
    let widest = crossings
        .chunks_exact(2)
        .max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])));
    let middle = widest.map_or(bounds.west as f64, |part| f64::midpoint(part[0], part[1]));
    let narrow = |units: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between two places of the border"
        )]
        let units = units as u32;
        units
    };
    WorldPoint {
        x: narrow(middle),
        y: narrow(line),
    }
}
