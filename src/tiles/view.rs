//! Which tiles somebody looks at.

use std::ops::RangeInclusive;

use super::world::WorldBox;
use super::{Grid, Layer, TileCoord};

/// Tiles of a view at most: several times what the largest screen shows.
const TILES_MAX: u64 = 1024;
/// Deeper tiles are drawn from those of this zoom.
const ZOOM_MAX: u8 = 16;

/// A rectangle of tiles of one zoom, in the map's grid, of some layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileView {
    z: u8,
    columns: RangeInclusive<u32>,
    rows: RangeInclusive<u32>,
    layers: Vec<Layer>,
}

/// Not tiles of the map's grid, or too many.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidView {
    #[error("must be a zoom, columns and rows of tiles, as 14/13640-13660/6620-6635")]
    Form,
    #[error("zoom is 0 to {ZOOM_MAX}")]
    Zoom,
    #[error("at this zoom columns and rows go from 0 to {0}")]
    Outside(u32),
    #[error("are {0} tiles; {TILES_MAX} at most")]
    TooMany(u64),
}

impl TileView {
    /// `tiles`: zoom, columns from west to east and rows from north to south, the last ones among
    /// them, as `14/13640-13660/6620-6635`.
    ///
    /// # Errors
    /// What is not that, and more tiles than a screen has.
    pub fn parse(tiles: &str, layers: Vec<Layer>) -> Result<Self, InvalidView> {
        let mut parts = tiles.split('/');
        let mut part = || parts.next().ok_or(InvalidView::Form);
        let z = part()?.parse().map_err(|_not_a_zoom| InvalidView::Form)?;
        let (columns, rows) = (range(part()?)?, range(part()?)?);
        if parts.next().is_some() {
            return Err(InvalidView::Form);
        }
        if z > ZOOM_MAX {
            return Err(InvalidView::Zoom);
        }
        let corner = TileCoord::new_checked(Grid::default(), z, *columns.end(), *rows.end());
        corner.map_err(|_outside| InvalidView::Outside((1 << z) - 1))?;
        let count = |range: &RangeInclusive<u32>| u64::from(range.end() - range.start()) + 1;
        match count(&columns) * count(&rows) {
            tiles if tiles > TILES_MAX => Err(InvalidView::TooMany(tiles)),
            _ => Ok(Self {
                z,
                columns,
                rows,
                layers,
            }),
        }
    }

    pub(super) fn z(&self) -> u8 {
        self.z
    }

    pub(super) fn shows(&self, layer: Layer) -> bool {
        self.layers.contains(&layer)
    }

    /// Those of its tiles that show some of a box, in themselves or in their margin of so many tile units.
    pub(super) fn near(
        &self,
        place: &WorldBox,
        margin: u32,
    ) -> impl Iterator<Item = (u32, u32)> + use<> {
        let both = |one: &RangeInclusive<u32>, other: &RangeInclusive<u32>| {
            *one.start().max(other.start())..=*one.end().min(other.end())
        };
        let [columns, rows] = place.shown_by(self.z, margin);
        let (columns, rows) = (both(&self.columns, &columns), both(&self.rows, &rows));
        columns.flat_map(move |x| rows.clone().map(move |y| (x, y)))
    }
}

/// One number, or two with a hyphen between.
fn range(text: &str) -> Result<RangeInclusive<u32>, InvalidView> {
    let number = |text: &str| text.parse().map_err(|_not_a_number| InvalidView::Form);
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = number(first)?..=number(last)?;
    if range.is_empty() {
        return Err(InvalidView::Form);
    }
    Ok(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_of_tiles_is_understood_and_nothing_else() {
        let parse = |text| TileView::parse(text, vec![Layer::Cells]);
        let view = parse("14/13640-13660/6620-6635").unwrap();
        assert_eq!(view.z(), 14);
        assert!(view.shows(Layer::Cells) && !view.shows(Layer::Cameras));
        let everywhere = TileCoord::new_checked(Grid::default(), 0, 0, 0).unwrap();
        let everywhere = everywhere.world_box(0);
        let tiles: Vec<_> = view.near(&everywhere, 64).collect();
        assert_eq!(tiles.len(), 21 * 16);
        assert_eq!((tiles[0], tiles[335]), ((13_640, 6_620), (13_660, 6_635)));
        let whole = parse("0/0/0").unwrap();
        assert_eq!(whole.near(&everywhere, 64).collect::<Vec<_>>(), [(0, 0)]);
        assert!(parse("16/0-31/0-31").is_ok());
        for (text, why) in [
            ("", InvalidView::Form),
            ("14", InvalidView::Form),
            ("14/1-2", InvalidView::Form),
            ("14/2-1/1", InvalidView::Form),
            ("14/-1/1", InvalidView::Form),
            ("14/1/1/1", InvalidView::Form),
            ("300/1/1", InvalidView::Form),
            ("17/1/1", InvalidView::Zoom),
            ("14/16384/1", InvalidView::Outside(16_383)),
            ("14/1/0-4294967295", InvalidView::Outside(16_383)),
            ("16/0-32/0-31", InvalidView::TooMany(1056)),
            ("16/0-65535/0-65535", InvalidView::TooMany(1 << 32)),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
    }
}
