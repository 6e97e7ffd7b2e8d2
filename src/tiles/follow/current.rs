//! A layer of points as it is now, and what of its changes is told.

use std::collections::HashMap;

use super::{TileVersion, Wanted};
use crate::tiles::TileCoord;
use crate::tiles::news::Place;
use crate::tiles::points::{PointLayer, Scratch, View};
use crate::tiles::source::{Audience, PointSet, feature_id};
use crate::tiles::store::SetChanges;
use crate::tiles::world::WorldBox;

/// A layer as it is now.
#[derive(Debug)]
pub(super) struct Current {
    /// New with every full reading: versions count from it.
    epoch: u32,
    pub(super) layer: PointLayer,
    /// Who sees a point, where not everybody does.
    audiences: HashMap<u64, Audience>,
}

impl Current {
    pub(super) fn new(layer: PointLayer, audiences: HashMap<u64, Audience>) -> Self {
        Self {
            epoch: rand::random(),
            layer,
            audiences,
        }
    }

    /// Returns where something changed and for whom, if pages are told of that.
    pub(super) fn take_in(&mut self, set: PointSet, changes: &SetChanges) -> Vec<Place> {
        let mut points = Vec::with_capacity(changes.ids.len());
        let mut changed = Vec::new();
        let mut were = HashMap::new();
        for &id in &changes.ids {
            let row = changes.rows.get(&id);
            let id = feature_id(id);
            let audience = row.and_then(|row| row.audience());
            let was = match audience.clone() {
                Some(audience) => self.audiences.insert(id, audience),
                None => self.audiences.remove(&id),
            };
            if was != audience {
                // somebody else sees it now, should it even look as before
                changed.extend(self.layer.touch(id).map(|at| (id, at)));
            }
            if let Some(was) = was {
                were.insert(id, was);
            }
            let now = row.map(|row| row.point(&mut self.layer));
            points.push((id, now));
        }
        changed.extend(self.layer.apply(points));
        if !set.is_told() {
            return Vec::new();
        }
        let places = changed.into_iter().flat_map(|(id, at)| {
            let knew = were.get(&id).cloned();
            let know = self.audiences.get(&id).cloned();
            // where nobody in particular sees it, everybody does
            let at = WorldBox::from(at);
            let open = (knew.is_none() && know.is_none()).then_some((at, None));
            let named = [knew, know].into_iter().flatten();
            open.into_iter()
                .chain(named.map(move |who| (at, Some(who))))
        });
        places.collect()
    }

    pub(super) fn version(&self, tile: TileCoord) -> TileVersion {
        TileVersion {
            epoch: self.epoch,
            version: self.layer.version(tile),
        }
    }

    pub(super) fn tile(&self, tile: TileCoord, wanted: &Wanted, scratch: &mut Scratch) -> Vec<u8> {
        let filter = wanted
            .filter
            .as_ref()
            .map(|filter| self.layer.prepare(filter));
        let scope = wanted.scope.as_deref();
        let admits = |id: u64, words: &[u32]| {
            filter.as_ref().is_none_or(|filter| filter.holds(words))
                && scope.is_none_or(|scope| {
                    let audience = self.audiences.get(&id);
                    audience.is_some_and(|audience| audience.holds(scope))
                })
        };
        let everything = filter.is_none() && scope.is_none();
        let view = View {
            full: wanted.full,
            admits: if everything { None } else { Some(&admits) },
        };
        self.layer.tile(tile, view, scratch)
    }
}
