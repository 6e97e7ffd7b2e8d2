//! Which tile.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// How the world is divided into tiles, four of the next zoom to each.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
pub enum Grid {
    /// Web Mercator (EPSG:3857): one tile at zoom 0.
    #[default]
    WebMercatorQuad,
    /// CGCS2000 longitude and latitude (EPSG:4490), the `_c` of 天地图: two tiles side by side at
    /// zoom 1. Taken for the same as WGS 84, from which it differs by centimetres.
    CGCS2000Quad,
}

/// A tile of a grid: zoom up to 22, x from the west, y from the north.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileCoord {
    grid: Grid,
    z: u8,
    x: u32,
    y: u32,
}

/// A coordinate outside the grid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileCoordError {
    #[error("zoom is {min} to {}", TileCoord::ZOOM_MAX)]
    Zoom { min: u8 },
    #[error("at zoom {z} this goes from 0 to {max}")]
    Outside { axis: char, z: u8, max: u32 },
}

/// Degrees, EPSG:4326.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LonLatBox {
    pub(super) west: f64,
    pub(super) south: f64,
    pub(super) east: f64,
    pub(super) north: f64,
}

impl Grid {
    pub(super) const ALL: [Self; 2] = [Self::WebMercatorQuad, Self::CGCS2000Quad];

    /// As OGC API names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WebMercatorQuad => "WebMercatorQuad",
            Self::CGCS2000Quad => "CGCS2000Quad",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grid| grid.name() == name)
    }

    pub(super) fn zoom_min(self) -> u8 {
        match self {
            Self::WebMercatorQuad => 0,
            Self::CGCS2000Quad => 1,
        }
    }

    /// Tiles of a zoom from west to east and from north to south.
    pub(super) fn size(self, z: u8) -> (u32, u32) {
        let columns = 1 << z;
        match self {
            Self::WebMercatorQuad => (columns, columns),
            Self::CGCS2000Quad => (columns, columns / 2),
        }
    }
}

impl TileCoord {
    pub const ZOOM_MAX: u8 = 22;
    /// The one tile of zoom 0.
    pub(super) const WORLD: Self = Self {
        grid: Grid::WebMercatorQuad,
        z: 0,
        x: 0,
        y: 0,
    };

    /// `None` is not among its answers: what is wrong is said.
    pub fn new_checked(grid: Grid, z: u8, x: u32, y: u32) -> Result<Self, TileCoordError> {
        let min = grid.zoom_min();
        if !(min..=Self::ZOOM_MAX).contains(&z) {
            return Err(TileCoordError::Zoom { min });
        }
        let (columns, rows) = grid.size(z);
        let outside = |axis, count: u32| TileCoordError::Outside {
            axis,
            z,
            max: count - 1,
        };
        if x >= columns {
            return Err(outside('x', columns));
        }
        if y >= rows {
            return Err(outside('y', rows));
        }
        Ok(Self { grid, z, x, y })
    }

    pub fn grid(self) -> Grid {
        self.grid
    }

    /// The four tiles it is of the next zoom.
    pub(super) fn children(self) -> [Self; 4] {
        let child = |(east, south)| Self {
            grid: self.grid,
            z: self.z + 1,
            x: self.x * 2 + east,
            y: self.y * 2 + south,
        };
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(child)
    }

    pub fn z(self) -> u8 {
        self.z
    }

    pub fn x(self) -> u32 {
        self.x
    }

    pub fn y(self) -> u32 {
        self.y
    }

    /// The tile's box grown by `margin` (a share of its width) on each side.
    pub(super) fn lon_lat_box(self, margin: f64) -> LonLatBox {
        let tiles = f64::from(1_u32 << self.z);
        let lon = |x: f64| x / tiles * 360.0 - 180.0;
        let lat = |y: f64| match self.grid {
            Grid::WebMercatorQuad => (PI * (1.0 - 2.0 * y / tiles)).sinh().atan().to_degrees(),
            Grid::CGCS2000Quad => (90.0 - y / tiles * 360.0).clamp(-90.0, 90.0),
        };
        let (x, y) = (f64::from(self.x), f64::from(self.y));
        LonLatBox {
            west: lon(x - margin).max(-180.0),
            south: lat(y + 1.0 + margin),
            east: lon(x + 1.0 + margin).min(180.0),
            north: lat(y - margin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_outside_the_grid_are_refused_with_the_axis() {
        assert!(TileCoord::new_checked(Grid::WebMercatorQuad, 0, 0, 0).is_ok());
        assert_eq!(
            TileCoord::new_checked(Grid::WebMercatorQuad, 23, 0, 0),
            Err(TileCoordError::Zoom { min: 0 })
        );
        assert_eq!(
            TileCoord::new_checked(Grid::CGCS2000Quad, 0, 0, 0),
            Err(TileCoordError::Zoom { min: 1 })
        );
        assert!(TileCoord::new_checked(Grid::CGCS2000Quad, 1, 1, 0).is_ok());
        assert_eq!(
            TileCoord::new_checked(Grid::CGCS2000Quad, 3, 7, 4),
            Err(TileCoordError::Outside {
                axis: 'y',
                z: 3,
                max: 3
            })
        );
        assert_eq!(
            TileCoord::new_checked(Grid::WebMercatorQuad, 3, 8, 0),
            Err(TileCoordError::Outside {
                axis: 'x',
                z: 3,
                max: 7
            })
        );
        assert_eq!(
            TileCoord::new_checked(Grid::WebMercatorQuad, 3, 7, 8),
            Err(TileCoordError::Outside {
                axis: 'y',
                z: 3,
                max: 7
            })
        );
    }

    #[test]
    fn the_box_of_a_known_tile() {
        // near 119.93 E 32.45 N
        let tile = TileCoord::new_checked(Grid::WebMercatorQuad, 14, 13650, 6643).unwrap();
        let around = tile.lon_lat_box(0.0);
        assert!((around.west - 119.926_757_8).abs() < 1e-6, "{around:?}");
        assert!(
            around.south < around.north && around.north - around.south < 0.02,
            "{around:?}"
        );
        let grown = tile.lon_lat_box(0.1);
        assert!(
            grown.west < around.west && grown.south < around.south && grown.north > around.north
        );
        let degrees = TileCoord::new_checked(Grid::CGCS2000Quad, 2, 3, 0).unwrap();
        let eastern = LonLatBox {
            west: 90.0,
            south: 0.0,
            east: 180.0,
            north: 90.0,
        };
        assert_eq!(degrees.lon_lat_box(0.0), eastern);
    }
}
