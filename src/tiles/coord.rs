//! Which tile.

use std::f64::consts::PI;

/// A tile of the WebMercatorQuad grid (EPSG:3857): zoom 0 to 22, x from the west, y from the north.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileCoord {
    z: u8,
    x: u32,
    y: u32,
}

/// A coordinate outside the grid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileCoordError {
    #[error("zoom is 0 to {}", TileCoord::ZOOM_MAX)]
    Zoom,
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

impl TileCoord {
    pub const ZOOM_MAX: u8 = 22;
    /// The one tile of zoom 0.
    pub(super) const WORLD: Self = Self { z: 0, x: 0, y: 0 };

    /// `None` is not among its answers: what is wrong is said.
    pub fn new_checked(z: u8, x: u32, y: u32) -> Result<Self, TileCoordError> {
        if z > Self::ZOOM_MAX {
            return Err(TileCoordError::Zoom);
        }
        let max = (1_u32 << z) - 1;
        let outside = |axis| TileCoordError::Outside { axis, z, max };
        match (x > max, y > max) {
            (true, _) => Err(outside('x')),
            (_, true) => Err(outside('y')),
            _ => Ok(Self { z, x, y }),
        }
    }

    /// The four tiles it is of the next zoom.
    pub(super) fn children(self) -> [Self; 4] {
        let child = |(east, south)| Self {
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
        let lat = |y: f64| (PI * (1.0 - 2.0 * y / tiles)).sinh().atan().to_degrees();
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
        assert!(TileCoord::new_checked(0, 0, 0).is_ok());
        assert_eq!(TileCoord::new_checked(23, 0, 0), Err(TileCoordError::Zoom));
        assert_eq!(
            TileCoord::new_checked(3, 8, 0),
            Err(TileCoordError::Outside {
                axis: 'x',
                z: 3,
                max: 7
            })
        );
        assert_eq!(
            TileCoord::new_checked(3, 7, 8),
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
        let tile = TileCoord::new_checked(14, 13650, 6643).unwrap();
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
    }
}
