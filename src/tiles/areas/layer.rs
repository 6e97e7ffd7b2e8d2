//! One layer of areas and the tiles it makes.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::arcs::Ring;
use super::clip::{Cutter, Place};
use super::encode::{self, LayerWriter, Tag};
use super::importance::DETAIL_ZOOM;
use super::mesh::drop_spikes;
use super::policy::AreaPolicy;
use super::shape::{Net, Shape};
use crate::tiles::TileCoord;
use crate::tiles::box_tree::{BoxTree, Entry};
use crate::tiles::wire::uint_value;
use crate::tiles::world::{EXTENT, WorldBox};

/// What is drawn beyond a tile's edge, so that no line shows along it: tile units.
pub(in crate::tiles) const MARGIN: u32 = 128;

/// A twentieth of a millisecond of walking along them.
const SMALL_VERTICES_MAX: usize = 3000;
/// None has fewer than three.
const SMALL_AREAS_MAX: usize = SMALL_VERTICES_MAX / 3;

/// What making a tile needs room for, kept from tile to tile.
#[derive(Debug, Default)]
pub(in crate::tiles) struct Scratch {
    writing: encode::Scratch,
    cutter: Cutter,
    /// Of the area at hand.
    rings: Vec<Vec<Place>>,
}

/// What a layer is called and what its features carry.
#[derive(Debug, Clone, Copy)]
pub(in crate::tiles) struct AreaSpec {
    pub(in crate::tiles) shapes: &'static str,
    pub(in crate::tiles) labels: &'static str,
    /// How many are left out.
    pub(in crate::tiles) thinned: &'static str,
    pub(in crate::tiles) keys: &'static [&'static str],
}

/// An area to be drawn.
#[derive(Debug)]
pub(in crate::tiles) struct NewArea {
    pub(in crate::tiles) id: u64,
    pub(in crate::tiles) shape: Shape,
    /// The message of a value for each of the layer's keys, where it has one.
    pub(in crate::tiles) values: Vec<Option<Box<[u8]>>>,
}

/// Areas by place, with the change that each came with.
#[derive(Debug)]
pub(in crate::tiles) struct AreaLayer {
    spec: AreaSpec,
    policy: AreaPolicy,
    net: Arc<Net>,
    /// Sorted by id.
    areas: Vec<Area>,
    dictionary: Vec<Box<[u8]>>,
    drawn_from: u8,
    tree: BoxTree<Option<u32>>,
    /// Where something was and is not any more, with the last change that took it.
    left: HashMap<WorldBox, u64>,
    changes: u64,
}

#[derive(Debug)]
struct Area {
    id: u64,
    shape: Shape,
    /// Twice its area, square world units.
    twice_area: u128,
    /// Of its rings, at full detail.
    vertices: usize,
    tags: Box<[Tag]>,
    /// Of everything that is drawn of it.
    digest: u64,
    changed: u64,
}

impl AreaLayer {
    /// A layer of areas of one net. What is the same as in the layer `before` keeps the number of
    /// the change it came with, so that tiles without other areas keep their version.
    pub(in crate::tiles) fn new(
        (spec, policy): (AreaSpec, AreaPolicy),
        net: &Arc<Net>,
        mut new: Vec<NewArea>,
        before: Option<&Self>,
    ) -> Self {
        new.sort_unstable_by_key(|area| area.id);
        let changes = before.map_or(1, |before| before.changes + 1);
        let drawn_from = drawn_from(&new, net, policy.side_units_min);
        let mut left = before.map(|before| before.left.clone()).unwrap_or_default();
        let mut old: HashMap<u64, &Area> = before
            .iter()
            .flat_map(|before| &before.areas)
            .map(|area| (area.id, area))
            .collect();
        let mut dictionary = Dictionary::default();
        let mut areas = Vec::with_capacity(new.len());
        for area in new {
            let mut hasher = DefaultHasher::new();
            (drawn_from, area.shape.digest(&net.arcs), &area.values).hash(&mut hasher);
            let digest = hasher.finish();
            let changed = match old.remove(&area.id) {
                Some(old) if old.digest == digest => old.changed,
                Some(old) => {
                    left.insert(old.shape.bounds, changes);
                    changes
                }
                None => changes,
            };
            areas.push(Area {
                id: area.id,
                tags: dictionary.tags(area.values),
                twice_area: area.shape.twice_area(&net.arcs),
                vertices: area.shape.vertices(&net.arcs),
                shape: area.shape,
                digest,
                changed,
            });
        }
        left.extend(old.values().map(|gone| (gone.shape.bounds, changes)));
        let standing = (0..).zip(&areas).map(|(index, area)| Entry {
            bounds: area.shape.bounds,
            changed: area.changed,
            what: Some(index),
        });
        let gone = left.iter().map(|(bounds, changed)| Entry {
            bounds: *bounds,
            changed: *changed,
            what: None,
        });
        Self {
            spec,
            policy,
            net: Arc::clone(net),
            tree: BoxTree::new(standing.chain(gone).collect()),
            areas,
            dictionary: dictionary.values,
            drawn_from,
            left,
            changes,
        }
    }

    /// The number of the last change that may have touched a tile; 0: there never was anything.
    pub(in crate::tiles) fn version(&self, tile: TileCoord) -> u64 {
        self.tree.newest(&tile.world_box(MARGIN))
    }

    /// What is around each area that its last change drew, drew otherwise or took away.
    pub(super) fn changed_last(&self) -> impl Iterator<Item = WorldBox> {
        let now = self
            .areas
            .iter()
            .map(|area| (area.shape.bounds, area.changed));
        let left = self
            .left
            .iter()
            .map(|(bounds, changed)| (*bounds, *changed));
        let all = now.chain(left);
        all.filter(|(_, changed)| *changed == self.changes)
            .map(|(bounds, _)| bounds)
    }

    pub(super) fn net(&self) -> &Arc<Net> {
        &self.net
    }

    pub(in crate::tiles) fn len(&self) -> usize {
        self.areas.len()
    }

    /// What each area covers, and what of it is drawn: equal for layers that make the same tiles.
    pub(in crate::tiles) fn digests(&self) -> impl Iterator<Item = (WorldBox, u64, u64)> {
        let areas = self.areas.iter();
        areas.map(|area| (area.shape.bounds, area.id, area.digest))
    }

    /// Bytes held; the net's, which layers share, among them.
    pub(in crate::tiles) fn bytes(&self) -> usize {
        let area = |area: &Area| {
            let arcs: usize = area
                .shape
                .rings
                .iter()
                .map(|ring| size_of_val(&*ring.arcs))
                .sum();
            size_of::<Area>() + size_of_val(&*area.tags) + arcs
        };
        let values: usize = self.dictionary.iter().map(|value| value.len() + 16).sum();
        self.net.arcs.bytes() + self.areas.iter().map(area).sum::<usize>() + values
    }

    /// The tile: areas and their names from the zooms on that the layer's policy says, as many of
    /// them as it has room for.
    pub(in crate::tiles) fn tile(&self, tile: TileCoord, scratch: &mut Scratch) -> Vec<u8> {
        let mut found: Vec<u32> = Vec::new();
        let around = tile.world_box(MARGIN);
        self.tree.meeting(&around, |area| found.extend(area));
        found.sort_unstable();
        self.tile_within_budget(found, tile, scratch)
    }

    /// The same; `None` where there is so much in it that making it takes longer than waking a thread.
    pub(in crate::tiles) fn small_tile(
        &self,
        tile: TileCoord,
        scratch: &mut Scratch,
    ) -> Option<Vec<u8>> {
        let around = tile.world_box(MARGIN);
        let found = self.tree.few_meeting(&around, SMALL_AREAS_MAX)?;
        let mut found: Vec<u32> = found.into_iter().flatten().collect();
        found.sort_unstable();
        let vertices = { found.iter() }.map(|index| self.areas[*index as usize].vertices);
        let is_small = vertices.sum::<usize>() <= SMALL_VERTICES_MAX;
        is_small.then(|| self.tile_within_budget(found, tile, scratch))
    }

    /// Of these areas, in the order of their ids.
    fn tile_within_budget(
        &self,
        found: Vec<u32>,
        tile: TileCoord,
        scratch: &mut Scratch,
    ) -> Vec<u8> {
        let bytes = self.tile_of(&found, tile, scratch);
        if bytes.len() <= self.policy.bytes_max {
            return bytes;
        }
        self.thinned(found, tile, bytes.len(), scratch)
    }

    /// The largest areas, and in a layer of its own how many that is of how many. `all`: bytes of the
    /// tile with every area.
    fn thinned(
        &self,
        mut found: Vec<u32>,
        tile: TileCoord,
        all: usize,
        scratch: &mut Scratch,
    ) -> Vec<u8> {
        let bytes_max = self.policy.bytes_max;
        let total = found.len();
        found.sort_by_key(|index| Reverse(self.areas[*index as usize].twice_area));
        let mut keep = (total * bytes_max / all).max(1);
        loop {
            let mut kept = found[..keep].to_vec();
            kept.sort_unstable();
            let mut bytes = self.tile_of(&kept, tile, scratch);
            let counts = [keep, total].map(|count| uint_value(count as u64));
            let mut note = LayerWriter::new(self.spec.thinned, &mut scratch.writing, &counts);
            let middle = i64::from(EXTENT / 2);
            let tags = [0, 1].map(|key| Tag {
                key,
                value: key.into(),
            });
            note.point(1, (middle, middle), &tags);
            bytes.append(&mut note.finish(&["shown", "total"]));
            if bytes.len() <= bytes_max || keep == 1 {
                return bytes;
            }
            keep = (keep * bytes_max / bytes.len()).clamp(1, keep - 1);
        }
    }

    /// These areas, in the order of their ids.
    fn tile_of(&self, found: &[u32], tile: TileCoord, scratch: &mut Scratch) -> Vec<u8> {
        let around = tile.world_box(MARGIN);
        let Scratch {
            writing,
            cutter,
            rings,
        } = scratch;
        let areas = || found.iter().map(|index| &self.areas[*index as usize]);
        let mut bytes = Vec::new();
        if tile.z() >= self.drawn_from {
            let keys = self.policy.keys_at(tile.z());
            let mut layer = LayerWriter::new(self.spec.shapes, writing, &self.dictionary);
            for area in areas() {
                rings.clear();
                self.rings(&area.shape, tile, &around, cutter, rings);
                if !rings.is_empty() {
                    let tags = area.tags.iter().filter(|tag| keys.contains(&tag.key));
                    layer.polygon(area.id, rings, tags);
                }
                for ring in rings.drain(..) {
                    cutter.give_back(ring);
                }
            }
            bytes = layer.finish(self.spec.keys);
        }
        if tile.z() >= self.policy.labels_from {
            let mut layer = LayerWriter::new(self.spec.labels, writing, &self.dictionary);
            for area in areas() {
                let label = area.shape.label;
                // a name belongs to the one tile its place is in
                if label.tile(tile.z()) == (tile.x(), tile.y()) {
                    layer.point(area.id, tile.far_units(label), &area.tags);
                }
            }
            bytes.append(&mut layer.finish(self.spec.keys));
        }
        bytes
    }

    /// What of an area is in a tile, in its units: each exterior before its holes. Into `rings`, which
    /// is empty.
    fn rings(
        &self,
        shape: &Shape,
        tile: TileCoord,
        around: &WorldBox,
        cutter: &mut Cutter,
        rings: &mut Vec<Vec<Place>>,
    ) {
        let whole = around.contains(&shape.bounds);
        let (low, high) = (-i64::from(MARGIN), i64::from(EXTENT + MARGIN));
        if !whole {
            let mut arcs = shape.rings.iter().flat_map(|ring| &ring.arcs);
            if !arcs.any(|arc| self.net.arcs.bounds(*arc).meets(around)) {
                if shape.covers(around, &self.net.arcs) {
                    rings.push(vec![(low, low), (high, low), (high, high), (low, high)]);
                }
                return;
            }
        }
        for ring in &shape.rings {
            let mut places = cutter.ring();
            self.places(ring, tile, around, &mut places);
            let turned = if ring.hole { -1 } else { 1 };
            // one that rounding has turned inside out is left out
            if !whole || drop_spikes(&mut places) && turned * twice_area(&places) > 0 {
                rings.push(places);
            } else {
                cutter.give_back(places);
            }
        }
        if !whole {
            cutter.clip(rings, low, high);
            rings.retain_mut(|ring| drop_spikes(ring) && twice_area(ring) != 0);
        }
        holes_behind(rings);
    }

    /// A ring in tile units as it is drawn at the tile's zoom.
    fn places(&self, ring: &Ring, tile: TileCoord, around: &WorldBox, places: &mut Vec<Place>) {
        let mut put = |at| {
            let place = tile.far_units(at);
            if places.last() != Some(&place) {
                places.push(place);
            }
        };
        for &arc in &ring.arcs {
            let bounds = self.net.arcs.bounds(arc);
            // what lies beyond one side altogether is cut off whatever its form
            let beyond = bounds.east < around.west
                || bounds.west > around.east
                || bounds.south < around.north
                || bounds.north > around.south;
            if beyond {
                let (from, to) = self.net.arcs.ends(arc);
                put(from);
                put(to);
            } else {
                for (at, zoom) in self.net.arcs.places(arc) {
                    if zoom <= tile.z() {
                        put(at);
                    }
                }
            }
        }
        if places.len() > 1 && places.first() == places.last() {
            places.pop();
        }
    }
}

/// Values of all areas, each once.
#[derive(Debug, Default)]
struct Dictionary {
    numbers: HashMap<Box<[u8]>, u32>,
    values: Vec<Box<[u8]>>,
}

impl Dictionary {
    fn tags(&mut self, values: Vec<Option<Box<[u8]>>>) -> Box<[Tag]> {
        let keyed = (0_u8..).zip(values);
        keyed
            .filter_map(|(key, value)| {
                let value = value?;
                let next = u32::try_from(self.values.len()).expect("fewer than 2^32 values");
                let number = *self.numbers.entry(value).or_insert_with_key(|value| {
                    self.values.push(value.clone());
                    next
                });
                Some(Tag { key, value: number })
            })
            .collect()
    }
}

/// The zoom from which areas are drawn: where the middle one is large enough.
fn drawn_from(areas: &[NewArea], net: &Net, side_units_min: u32) -> u8 {
    let mut sizes: Vec<u128> = areas
        .iter()
        .map(|area| area.shape.twice_area(&net.arcs) / 2)
        .collect();
    sizes.sort_unstable();
    let Some(middle) = sizes.get(sizes.len() / 2) else {
        return 0;
    };
    let side = u128::from(side_units_min);
    let large_enough = |z: &u8| (side << (20 - z)).pow(2) <= *middle;
    (0..DETAIL_ZOOM).find(large_enough).unwrap_or(DETAIL_ZOOM)
}

/// Twice the area of a ring near the tile; positive where it runs clockwise as drawn.
fn twice_area(ring: &[Place]) -> i64 {
    let Some(mut from) = ring.last() else {
        return 0;
    };
    let mut sum = 0;
    for to in ring {
        sum += from.0 * to.1 - to.0 * from.1;
        from = to;
    }
    sum
}

/// Puts holes behind the exterior they are in; one that is in none goes.
fn holes_behind(rings: &mut Vec<Vec<Place>>) {
    if rings.iter().all(|ring| twice_area(ring) > 0) {
        return;
    }
    let (exteriors, holes): (Vec<_>, Vec<_>) =
        rings.drain(..).partition(|ring| twice_area(ring) > 0);
    let only = exteriors.len() == 1;
    let mut sorted: Vec<Vec<Vec<Place>>> = exteriors.into_iter().map(|ring| vec![ring]).collect();
    for hole in holes {
        let around = sorted
            .iter_mut()
            .find(|polygon| only || is_within(&hole, &polygon[0]));
        if let Some(around) = around {
            around.push(hole);
        }
    }
    rings.extend(sorted.into_iter().flatten());
}

/// Whether a hole lies in an exterior, which it may touch.
fn is_within(hole: &[Place], exterior: &[Place]) -> bool {
    let sides = hole.iter().map(|place| side_of(*place, exterior));
    sides.into_iter().find(|side| *side != 0).unwrap_or(1) > 0
}

/// 1: inside, 0: on the ring, -1: outside.
fn side_of((x, y): Place, ring: &[Place]) -> i8 {
    let mut inside = false;
    for ((ax, ay), (bx, by)) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        let turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
        let between = |a: i64, b: i64, it: i64| (a.min(b)..=a.max(b)).contains(&it);
        if turn == 0 && between(*ax, *bx, x) && between(*ay, *by, y) {
            return 0;
        }
        if (*ay > y) != (*by > y) && (turn > 0) == (by > ay) {
            inside = !inside;
        }
    }
    if inside { 1 } else { -1 }
}

#[cfg(test)]
#[path = "layer_tests.rs"]
mod tests;
