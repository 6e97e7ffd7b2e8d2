//! How often each tile has changed.

use hashbrown::HashMap;

use super::bucket::BUCKET_ZOOM;
use crate::tiles::TileCoord;
use crate::tiles::world::{WorldBox, WorldPoint};

/// Of a tile: equal as long as nothing within its margin changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::tiles) struct Version(pub(in crate::tiles) u64);

/// The number of the last change that touched each tile of zoom 0 to 16. A deeper tile has the
/// version of the one of zoom 16 it lies in, whose margin is wider than its own.
#[derive(Debug, Default)]
pub(super) struct Versions {
    changes: u64,
    touched: HashMap<(u8, u32, u32), u64>,
}

impl Versions {
    /// Counts one change that left or reached these places.
    pub(super) fn touch(&mut self, places: impl Iterator<Item = WorldPoint>, margin: u32) {
        self.changes += 1;
        for at in places {
            self.touch_around(at, margin);
        }
    }

    fn touch_around(&mut self, at: WorldPoint, margin: u32) {
        let changes = self.changes;
        // another place of this change was in the tile: what is above that tile has been touched, too
        let mut is_known = false;
        for z in (0..=BUCKET_ZOOM).rev() {
            let [columns, rows] = WorldBox::from(at).shown_by(z, margin);
            let is_one = columns.start() == columns.end() && rows.start() == rows.end();
            if is_one && is_known {
                continue;
            }
            for x in columns {
                for y in rows.clone() {
                    let before = self.touched.insert((z, x, y), changes);
                    is_known = is_one && before == Some(changes);
                }
            }
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.touched.capacity() * (size_of::<((u8, u32, u32), u64)>() + 1)
    }

    pub(super) fn of(&self, tile: TileCoord) -> Version {
        let (z, up) = match tile.z().checked_sub(BUCKET_ZOOM) {
            Some(deeper) => (BUCKET_ZOOM, deeper),
            None => (tile.z(), 0),
        };
        let key = (z, tile.x() >> up, tile.y() >> up);
        Version(self.touched.get(&key).copied().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiles::Grid;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exactly_the_tiles_within_whose_margin_it_lies(x: u32, y: u32, z in 0_u8..=16, east in -2_i64..=2, south in -2_i64..=2) {
            let at = WorldPoint { x, y };
            let (column, row) = at.tile(z);
            let near = |column: u32, by: i64| u32::try_from(i64::from(column) + by).ok();
            let (Some(column), Some(row)) = (near(column, east), near(row, south)) else { return Ok(()) };
            let Ok(tile) = TileCoord::new_checked(Grid::WebMercatorQuad, z, column, row) else { return Ok(()) };
            let mut versions = Versions::default();
            versions.touch(std::iter::once(at), 64);
            prop_assert_eq!(versions.of(tile) != Version(0), tile.world_box(64).holds(at));
        }

        #[test]
        fn several_places_touch_what_each_of_them_touches(
            places in prop::collection::vec((0_u32..1 << 18, 0_u32..1 << 18), 1..60),
        ) {
            let places = places.into_iter().map(|(x, y)| WorldPoint { x, y });
            let places: Vec<WorldPoint> = places.collect();
            let mut together = Versions::default();
            together.touch(places.iter().copied(), 64);
            let mut touched: HashMap<(u8, u32, u32), u64> = HashMap::new();
            for at in &places {
                let mut alone = Versions::default();
                alone.touch(std::iter::once(*at), 64);
                touched.extend(alone.touched);
            }
            prop_assert_eq!(together.touched, touched);
        }
    }
}
