//! Places as integers, in a grid's own projection: from the north-west corner of the world, 2³²
//! units across it. A unit is 9.3 mm at the equator, and every tile's edge at every zoom is a whole
//! number.

use std::f64::consts::PI;
use std::ops::RangeInclusive;

use super::coord::LonLatBox;
use super::{Grid, TileCoord};
use crate::space::GroundPoint;

/// Units along a tile's edge, as MVT calls them.
pub(super) const EXTENT: u32 = 4096;
const EXTENT_BITS: u32 = EXTENT.trailing_zeros();

/// A place: `x` eastward, `y` southward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct WorldPoint {
    pub(super) x: u32,
    pub(super) y: u32,
}

/// What a tile with its margin covers; edges belong to it. May reach over the world's edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct WorldBox {
    pub(super) west: i64,
    pub(super) north: i64,
    pub(super) east: i64,
    pub(super) south: i64,
}

impl WorldPoint {
    /// Latitudes beyond the square of Web Mercator (85.05°) are drawn at its edge.
    pub(super) fn of(grid: Grid, at: GroundPoint) -> Self {
        let x = at.lon / 360.0 + 0.5;
        let y = match grid {
            Grid::WebMercatorQuad => {
                let sine = at.lat.to_radians().sin();
                0.5 - ((1.0 + sine) / (1.0 - sine)).ln() / (4.0 * PI)
            }
            Grid::CGCS2000Quad => (90.0 - at.lat) / 360.0,
        };
        Self {
            x: units(x),
            y: units(y),
        }
    }

    /// The tile of zoom `z` it lies in.
    pub(super) fn tile(self, z: u8) -> (u32, u32) {
        (column(self.x, z), column(self.y, z))
    }
}

/// A share of the world's width. Cut off, so that it is rounded once only: to a tile's units.
fn units(share: f64) -> u32 {
    let units = (share * 2_f64.powi(32))
        .floor()
        .clamp(0.0, f64::from(u32::MAX));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to u32"
    )]
    let units = units as u32;
    units
}

fn column(units: u32, z: u8) -> u32 {
    units.checked_shr(32 - u32::from(z)).unwrap_or(0)
}

impl TileCoord {
    /// The tile grown by `margin` of its 4,096 units on each side.
    pub(super) fn world_box(self, margin: u32) -> WorldBox {
        let side = 1_i64 << (32 - self.z());
        let (west, north) = (i64::from(self.x()) * side, i64::from(self.y()) * side);
        let margin = side * i64::from(margin) / i64::from(EXTENT);
        WorldBox {
            west: west - margin,
            north: north - margin,
            east: west + side + margin,
            south: north + side + margin,
        }
    }

    /// A place near the tile in its units, rounded to the nearest.
    pub(super) fn tile_units(self, at: WorldPoint) -> (i32, i32) {
        let (x, y) = self.far_units(at);
        let near = |units| i32::try_from(units).expect("a place near the tile");
        (near(x), near(y))
    }

    /// A place anywhere in this tile's units, rounded to the nearest.
    pub(super) fn far_units(self, at: WorldPoint) -> (i64, i64) {
        let side_bits = 32 - u32::from(self.z());
        let one = |units: u32, column: u32| {
            let offset = i64::from(units) - (i64::from(column) << side_bits);
            // below zoom 20 a tile's unit is several of the world's
            match side_bits.checked_sub(EXTENT_BITS) {
                Some(0) => offset,
                Some(bits) => (offset + (1 << (bits - 1))) >> bits,
                None => offset << (EXTENT_BITS - side_bits),
            }
        };
        (one(at.x, self.x()), one(at.y, self.y()))
    }
}

impl From<WorldPoint> for WorldBox {
    fn from(at: WorldPoint) -> Self {
        Self {
            west: at.x.into(),
            north: at.y.into(),
            east: at.x.into(),
            south: at.y.into(),
        }
    }
}

impl WorldBox {
    /// What holds all of these places, of which there is at least one.
    pub(super) fn around(places: &[WorldPoint]) -> Self {
        places[1..]
            .iter()
            .fold(places[0].into(), |all, at| all.joined(&(*at).into()))
    }

    /// What holds both.
    pub(super) fn joined(&self, other: &Self) -> Self {
        Self {
            west: self.west.min(other.west),
            north: self.north.min(other.north),
            east: self.east.max(other.east),
            south: self.south.max(other.south),
        }
    }

    /// Of Web Mercator, in degrees, EPSG:4326.
    pub(super) fn lon_lat(&self) -> LonLatBox {
        let share = |units: i64| units as f64 / 2_f64.powi(32);
        let lon = |x: i64| share(x) * 360.0 - 180.0;
        let lat = |y: i64| (PI * (1.0 - 2.0 * share(y))).sinh().atan().to_degrees();
        LonLatBox {
            west: lon(self.west),
            south: lat(self.south),
            east: lon(self.east),
            north: lat(self.north),
        }
    }

    /// Columns and rows of the tiles of zoom `z` that show some of it, in themselves or in their margin
    /// of so many tile units.
    pub(super) fn shown_by(&self, z: u8, margin: u32) -> [RangeInclusive<u32>; 2] {
        let side = 1_i64 << (32 - z);
        let margin = side * i64::from(margin) / i64::from(EXTENT);
        let last = (1_i64 << z) - 1;
        let column =
            |units: i64| u32::try_from(units.clamp(0, last)).expect("at most 2^22 columns");
        // a tile's far edge belongs to it, hence one unit more to the west and north
        let range =
            |from: i64, to: i64| column((from - margin - 1) / side)..=column((to + margin) / side);
        [range(self.west, self.east), range(self.north, self.south)]
    }

    /// Whether they have a place in common.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.west <= other.east
            && other.west <= self.east
            && self.north <= other.south
            && other.north <= self.south
    }

    /// Whether all of `other` lies in it.
    pub(super) fn contains(&self, other: &Self) -> bool {
        self.joined(other) == *self
    }

    pub(super) fn holds(&self, at: WorldPoint) -> bool {
        (self.west..=self.east).contains(&i64::from(at.x))
            && (self.north..=self.south).contains(&i64::from(at.y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_corners_of_the_world() {
        let of = |lon, lat| WorldPoint::of(Grid::WebMercatorQuad, GroundPoint { lon, lat });
        assert_eq!(
            of(0.0, 0.0),
            WorldPoint {
                x: 1 << 31,
                y: 1 << 31
            }
        );
        assert_eq!(of(-180.0, 85.051_128_779_806_6), WorldPoint { x: 0, y: 0 });
        assert_eq!(
            of(180.0, -90.0),
            WorldPoint {
                x: u32::MAX,
                y: u32::MAX
            }
        );
        assert_eq!(of(119.93, 32.45).tile(0), (0, 0));
        assert_eq!(of(119.93, 32.45).tile(14), (13650, 6629));
        let degrees = |lon, lat| WorldPoint::of(Grid::CGCS2000Quad, GroundPoint { lon, lat });
        assert_eq!(degrees(-180.0, 90.0), WorldPoint { x: 0, y: 0 });
        assert_eq!(degrees(119.93, 32.45).tile(1), (1, 0));
        assert_eq!(degrees(119.93, 32.45).tile(14), (13650, 2619));
    }

    proptest! {
        #[test]
        fn a_place_lies_in_its_tile_at_every_zoom(lon in -180.0..180.0, lat in -85.0..85.0, z in 1_u8..=22) {
            for grid in Grid::ALL {
                let at = WorldPoint::of(grid, GroundPoint { lon, lat });
                let (x, y) = at.tile(z);
                let tile = TileCoord::new_checked(grid, z, x, y).unwrap();
                prop_assert!(tile.world_box(0).holds(at));
                let around = tile.lon_lat_box(1e-6);
                prop_assert!(around.west <= lon && lon <= around.east);
                prop_assert!(around.south <= lat && lat <= around.north);
                let (x, y) = tile.tile_units(at);
                prop_assert!((0..=4096).contains(&x) && (0..=4096).contains(&y));
            }
        }
    }
}
