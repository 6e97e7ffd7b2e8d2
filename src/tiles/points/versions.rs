//! How often each tile has changed.

use std::collections::HashMap;

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
        let changes = self.changes;
        for at in places {
            for z in 0..=BUCKET_ZOOM {
                for (x, y) in tiles_around(at, z, margin) {
                    self.touched.insert((z, x, y), changes);
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

/// The one to four tiles of zoom `z` within whose margin a place lies; `margin` in tile units.
fn tiles_around(at: WorldPoint, z: u8, margin: u32) -> impl Iterator<Item = (u32, u32)> {
    let [columns, rows] = WorldBox::from(at).shown_by(z, margin);
    columns.flat_map(move |x| rows.clone().map(move |y| (x, y)))
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
            let touched = tiles_around(at, z, 64).any(|it| it == (column, row));
            prop_assert_eq!(touched, tile.world_box(64).holds(at));
        }
    }
}
