//! Which tiles there are, in the order of a PMTiles archive.

use std::ops::RangeInclusive;

use pmtiles::TileId;

use crate::tiles::TileCoord;

/// The tiles of some zooms that may have something in them: zoom by zoom, along the Hilbert curve.
/// `may_fill` is asked of a tile only if it holds for the one above.
pub(super) fn occupied(
    zooms: RangeInclusive<u8>,
    may_fill: impl Fn(TileCoord) -> bool,
) -> Vec<TileCoord> {
    let mut found = Vec::new();
    let mut above: Vec<TileCoord> = Vec::new();
    for z in 0..=*zooms.end() {
        let candidates = if z == 0 {
            vec![TileCoord::WORLD]
        } else {
            above.iter().flat_map(|tile| tile.children()).collect()
        };
        above = candidates
            .into_iter()
            .filter(|tile| may_fill(*tile))
            .collect();
        if zooms.contains(&z) {
            found.extend_from_slice(&above);
        }
    }
    found.sort_by_cached_key(|tile| id(*tile));
    found
}

/// The tile's number in the archive: PMTiles 3, "Tile ID".
fn id(tile: TileCoord) -> u64 {
    TileId::from(coord(tile)).value()
}

pub(super) fn coord(tile: TileCoord) -> pmtiles::TileCoord {
    pmtiles::TileCoord::new(tile.z(), tile.x(), tile.y()).expect("a tile of the same grid")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiles::Grid;

    #[test]
    fn zoom_by_zoom_along_the_curve() {
        let all = occupied(0..=2, |_| true);
        let places: Vec<(u8, u32, u32)> = all.iter().map(|t| (t.z(), t.x(), t.y())).collect();
        assert_eq!(places.len(), 1 + 4 + 16);
        assert_eq!(
            places[..6],
            [
                (0, 0, 0),
                (1, 0, 0),
                (1, 0, 1),
                (1, 1, 1),
                (1, 1, 0),
                (2, 0, 0)
            ]
        );
        // from the specification's own examples
        let tile = TileCoord::new_checked(Grid::WebMercatorQuad, 12, 3423, 1763).unwrap();
        assert_eq!(id(tile), 19_078_479);
    }

    #[test]
    fn only_below_what_has_something() {
        let east = |tile: TileCoord| tile.z() == 0 || tile.x() >> (tile.z() - 1) == 1;
        let found = occupied(2..=3, east);
        assert_eq!(found.len(), 8 + 32);
        assert!(found.iter().all(|tile| tile.x() * 2 >= 1 << tile.z()));
    }
}
