//! Every tile of the map's own policy is light on the wire, at every zoom.

use std::collections::HashMap;

use super::coding::{Coding, Effort};
use super::points::{Kind, Point, PointLayer, Scratch, Value, View};
use super::source::PointSet;
use super::{Grid, TileCoord};
use crate::space::GroundPoint;

/// As it is sent at once, by gzip.
pub(super) const WIRE_BYTES_MAX: usize = 100_000;
/// In how many places things crowd.
const CLUSTER: u64 = 900;
/// The fullest of a zoom; others have less in them.
const TILES_A_ZOOM: usize = 24;
const ZOOM_MAX: u8 = 16;

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
fn scattered(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

/// 0 to 1.
fn share(number: u64) -> f64 {
    (scattered(number) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Clusters of some hundred metres within 50 km, as the dataset of `make bench-tiles` has them.
fn place(n: u64) -> GroundPoint {
    let cluster = n / CLUSTER;
    let off = |seed: u64| share(n * 8 + seed) + share(n * 8 + seed + 1) - 1.0;
    GroundPoint {
        lon: 119.9 + share(cluster * 2 + (1 << 40)) * 0.56 + off(0) * 0.006,
        lat: 32.4 + share(cluster * 2 + 1 + (1 << 40)) * 0.46 + off(2) * 0.005,
    }
}

/// The fullest tiles of each zoom.
fn fullest(points: &[Point]) -> Vec<TileCoord> {
    let mut counts: HashMap<(u32, u32), usize> = HashMap::new();
    for point in points {
        *counts.entry(point.at.tile(ZOOM_MAX)).or_default() += 1;
    }
    let mut tiles = Vec::new();
    for z in (0..=ZOOM_MAX).rev() {
        let mut by_count: Vec<_> = counts.iter().map(|(at, count)| (*count, *at)).collect();
        by_count.sort_unstable_by(|a, b| b.cmp(a));
        for (_, (x, y)) in by_count.into_iter().take(TILES_A_ZOOM) {
            tiles.push(TileCoord::new_checked(Grid::WebMercatorQuad, z, x, y).unwrap());
        }
        let mut above: HashMap<(u32, u32), usize> = HashMap::new();
        for ((x, y), count) in counts {
            *above.entry((x >> 1, y >> 1)).or_default() += count;
        }
        counts = above;
    }
    tiles
}

/// Bytes of the heaviest tile on the wire, with its place.
fn heaviest(set: PointSet, count: u64) -> (usize, TileCoord) {
    let mut layer: PointLayer = set.empty(Grid::WebMercatorQuad).unwrap();
    let words = ["one", "two", "three", "four", "five", "six"];
    let points: Vec<Point> = (0..count)
        .map(|n| {
            let number = |column: usize, of: u64| scattered(n * 16 + column as u64) % of;
            // a class, a state, a unit; names of one's own; and moments of a month
            let columns = set.columns().iter().enumerate();
            let texts: Vec<String> = columns
                .clone()
                .map(|(at, column)| match column.key {
                    own if column.kind == Kind::Own => format!("路口 {own} {n}"),
                    "class" => format!("C{:05}", number(at, 60)),
                    "owner" => format!("{}", number(at, 40)),
                    _ => words[usize::try_from(number(at, 6)).unwrap()].to_owned(),
                })
                .collect();
            let values: Vec<_> = columns
                .map(|(at, column)| match column.kind {
                    Kind::Number => Some(Value::Number(1_764_000_000 + number(at, 2_592_000))),
                    Kind::Shared | Kind::Own => Some(Value::Text(&texts[at])),
                })
                .collect();
            let at = layer.place(place(n));
            layer.point(n + 1, at, &values)
        })
        .collect();
    let tiles = fullest(&points);
    layer.fill(points);
    let mut scratch = Scratch::default();
    let weights = tiles.into_iter().map(|tile| {
        let bytes = layer.tile(tile, View::default(), &mut scratch);
        let sent = Coding::Gzip.encode(bytes, Effort::Fast).unwrap();
        (sent.len(), tile)
    });
    weights.max_by_key(|(bytes, _)| *bytes).unwrap()
}

#[test]
fn every_tile_of_a_million_components_is_light() {
    let (bytes, tile) = heaviest(PointSet::Components, 1_000_000);
    assert!(bytes < WIRE_BYTES_MAX, "{bytes} bytes at {tile:?}");
    println!("components: {bytes} bytes at {tile:?}");
}

#[test]
fn every_tile_of_what_moves_is_light() {
    for (set, count) in [
        (PointSet::Cases, 100_000),
        (PointSet::Cameras, 20_000),
        (PointSet::Collectors, 20_000),
    ] {
        let (bytes, tile) = heaviest(set, count);
        assert!(bytes < WIRE_BYTES_MAX, "{set:?}: {bytes} bytes at {tile:?}");
        println!("{set:?}: {bytes} bytes at {tile:?}");
    }
}
