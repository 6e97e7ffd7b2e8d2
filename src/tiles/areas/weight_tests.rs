//! Every tile of 20,000 cells is light on the wire, at every zoom.

use std::collections::HashMap;
use std::sync::Arc;

use geo_types::{Coord, MultiPolygon, Rect};

use super::layer::{AreaLayer, NewArea};
use super::shape::Net;
use super::{AreaSet, Scratch};
use crate::space::GroundPoint;
use crate::tiles::coding::{Coding, Effort};
use crate::tiles::weight_tests::WIRE_BYTES_MAX;
use crate::tiles::wire::{string_value, uint_value};
use crate::tiles::world::WorldPoint;
use crate::tiles::{Grid, TileCoord};

/// Cells along a side of the city.
const SIDE: u32 = 142;
/// Of a cell, degrees: the city is some 55 km wide.
const STEP: (f64, f64) = (0.58 / SIDE as f64, 0.48 / SIDE as f64);
const SOUTH_WEST: (f64, f64) = (119.89, 32.39);

fn corner(column: u32, row: u32) -> Coord {
    Coord {
        x: SOUTH_WEST.0 + f64::from(column) * STEP.0,
        y: SOUTH_WEST.1 + f64::from(row) * STEP.1,
    }
}

fn city() -> AreaLayer {
    let places = || (0..SIDE).flat_map(|column| (0..SIDE).map(move |row| (column, row)));
    let borders: Vec<MultiPolygon> = places()
        .map(|(column, row)| {
            let square = Rect::new(corner(column, row), corner(column + 1, row + 1));
            MultiPolygon::new(vec![square.to_polygon()])
        })
        .collect();
    let net = Net::new(Grid::WebMercatorQuad, &borders.iter().collect::<Vec<_>>());
    let net = Arc::new(net);
    let areas = (1..).zip(&net.shapes).map(|(id, shape)| NewArea {
        id,
        shape: shape.clone().unwrap(),
        values: vec![
            Some(string_value(&format!("321202{id:09}"))),
            None,
            Some(uint_value(id % 40)),
            Some(string_value(&format!("责任单位{}", id % 40))),
            Some(string_value(&format!("Unit {}", id % 40))),
        ],
    });
    let set = AreaSet::Cells;
    AreaLayer::new(
        (set.spec(), set.policy().clone()),
        &net,
        areas.collect(),
        None,
    )
}

#[test]
fn every_tile_of_the_cells_is_light() {
    let layer = city();
    let mut scratch = Scratch::default();
    let mut heaviest: HashMap<u8, usize> = HashMap::new();
    for z in 0..=16 {
        // where the cells' tiles are the same, some of them are enough
        let at = |share: f64| {
            let (lon, lat) = (SOUTH_WEST.0 + 0.58 * share, SOUTH_WEST.1 + 0.48 * share);
            let at = WorldPoint::of(Grid::WebMercatorQuad, GroundPoint { lon, lat });
            let (x, y) = at.tile(z);
            TileCoord::new_checked(Grid::WebMercatorQuad, z, x, y).unwrap()
        };
        for tile in [0.1, 0.3, 0.5, 0.7, 0.9].map(at) {
            let bytes = layer.tile(tile, &mut scratch);
            // none is left out: a city with holes would be a riddle
            let thinned = bytes.windows(12).any(|name| name == b"cell_thinned");
            assert!(!thinned, "{tile:?}");
            let sent = Coding::Gzip.encode(bytes, Effort::Fast).unwrap();
            let heaviest = heaviest.entry(z).or_default();
            *heaviest = sent.len().max(*heaviest);
        }
    }
    let mut heaviest: Vec<_> = heaviest.into_iter().collect();
    heaviest.sort_unstable();
    println!("cells, by zoom: {heaviest:?}");
    assert!(
        heaviest.iter().all(|(_, bytes)| *bytes < WIRE_BYTES_MAX),
        "{heaviest:?}"
    );
}
