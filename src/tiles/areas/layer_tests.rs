use std::collections::{BTreeSet, HashMap};

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon};
use mvt::{GeomEncoder, GeomType, Tile};
use mvt_reader::Reader;
use proptest::prelude::*;

use super::*;
use crate::space::GroundPoint;
use crate::tiles::Grid;
use crate::tiles::areas::partition_tests::{PARTS, Partition, edited, partition};
use crate::tiles::world::WorldPoint;

const SPEC: AreaSpec = AreaSpec {
    shapes: "cells",
    labels: "cell_labels",
    thinned: "cell_thinned",
    keys: &["code", "unit"],
};

fn policy(bytes_max: usize) -> AreaPolicy {
    let text = format!(
        "bytes_max = {bytes_max}\nside_units_min = 16\nlabels_from = 13\n
        zoom = [{{ from = 0, attributes = ['code', 'unit'] }}]"
    );
    AreaPolicy::parse(&text, SPEC.keys).unwrap()
}

fn layer_of(borders: &[&MultiPolygon<f64>], before: Option<&AreaLayer>) -> AreaLayer {
    layer_within(1 << 20, borders, before)
}

fn layer_within(
    bytes_max: usize,
    borders: &[&MultiPolygon<f64>],
    before: Option<&AreaLayer>,
) -> AreaLayer {
    let net = Arc::new(Net::new(Grid::WebMercatorQuad, borders));
    let areas = (1..)
        .zip(&net.shapes)
        .filter_map(|(id, shape)| {
            Some(NewArea {
                id,
                shape: shape.clone()?,
                values: vec![
                    Some(crate::tiles::wire::string_value(&format!("区{id}"))),
                    (id % 3 != 0).then(|| uint_value(id % 4)),
                ],
            })
        })
        .collect();
    AreaLayer::new((SPEC, policy(bytes_max)), &net, areas, before)
}

fn layer(partition: &Partition) -> AreaLayer {
    layer_of(&partition.borders.iter().collect::<Vec<_>>(), None)
}

fn tile_at(lon: f64, lat: f64, z: u8) -> TileCoord {
    let (x, y) = WorldPoint::of(Grid::WebMercatorQuad, GroundPoint { lon, lat }).tile(z);
    TileCoord::new_checked(Grid::WebMercatorQuad, z, x, y).unwrap()
}

fn rings_of(layer: &AreaLayer, area: &Area, tile: TileCoord) -> Vec<Vec<Place>> {
    let mut rings = Vec::new();
    let around = tile.world_box(MARGIN);
    layer.rings(
        &area.shape,
        tile,
        &around,
        &mut Cutter::default(),
        &mut rings,
    );
    rings
}

/// Every ring of every area in a tile.
fn drawn(layer: &AreaLayer, tile: TileCoord) -> Vec<Vec<Place>> {
    let areas = layer.areas.iter();
    areas.flat_map(|area| rings_of(layer, area, tile)).collect()
}

/// Directed edges that no neighbour runs through the other way, without those along the cut.
fn alone(rings: &[Vec<Place>]) -> Vec<(Place, Place)> {
    let (low, high) = (-i64::from(MARGIN), i64::from(EXTENT + MARGIN));
    let mut edges: HashMap<(Place, Place), i32> = HashMap::new();
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            *edges.entry((*a.min(b), *a.max(b))).or_default() += if a < b { 1 } else { -1 };
        }
    }
    let cut = |a: i64, b: i64| a == b && (a == low || a == high);
    edges
        .into_iter()
        .filter(|(_, count)| *count != 0)
        .map(|(edge, _)| edge)
        .filter(|((ax, ay), (bx, by))| !cut(*ax, *bx) && !cut(*ay, *by))
        .collect()
}

/// Rings without what lies between two others on a line: the crate leaves some of it out.
fn corners_of(polygon: &Polygon<f32>) -> Vec<Vec<(f32, f32)>> {
    let ring = |ring: &LineString<f32>| {
        let places: Vec<(f32, f32)> = ring.0[1..].iter().map(|at| (at.x, at.y)).collect();
        let count = places.len();
        let is_corner = |index: usize| {
            let ((ax, ay), (bx, by)) = (places[(index + count - 1) % count], places[index]);
            let (cx, cy) = places[(index + 1) % count];
            (bx - ax) * (cy - by) != (by - ay) * (cx - bx)
        };
        (0..count)
            .filter(|index| is_corner(*index))
            .map(|index| places[index])
            .collect()
    };
    std::iter::once(polygon.exterior())
        .chain(polygon.interiors())
        .map(ring)
        .collect()
}

type Feature = (String, u64, String, String);

fn decode(bytes: Vec<u8>) -> BTreeSet<Feature> {
    if bytes.is_empty() {
        return BTreeSet::new();
    }
    let reader = Reader::new(bytes).unwrap();
    let names = reader.get_layer_names().unwrap();
    let mut features = BTreeSet::new();
    for (index, name) in names.into_iter().enumerate() {
        for feature in reader.get_features(index).unwrap() {
            let mut tags: Vec<String> = feature
                .properties
                .iter()
                .flatten()
                .map(|(key, value)| format!("{key}={value:?}"))
                .collect();
            tags.sort();
            let geometry = if let Geometry::MultiPolygon(polygons) = &feature.geometry {
                format!("{:?}", polygons.iter().map(corners_of).collect::<Vec<_>>())
            } else {
                format!("{:?}", feature.geometry)
            };
            let one = (name.clone(), feature.id.unwrap(), tags.join(" "), geometry);
            assert!(features.insert(one), "a feature came twice");
        }
    }
    features
}

/// The same tile, encoded by the `mvt` crate.
fn by_the_crate(layer: &AreaLayer, tile: TileCoord) -> BTreeSet<Feature> {
    let mut bytes = Tile::new(EXTENT);
    for (name, kind) in [
        ("cells", GeomType::Polygon),
        ("cell_labels", GeomType::Point),
    ] {
        let mut made = bytes.create_layer(name);
        for area in &layer.areas {
            let label = area.shape.label;
            let labelled = tile.z() >= 13 && label.tile(tile.z()) == (tile.x(), tile.y());
            let rings = if name == "cells" && tile.z() >= layer.drawn_from {
                rings_of(layer, area, tile)
            } else if name == "cell_labels" && labelled {
                vec![vec![tile.far_units(label)]]
            } else {
                Vec::new()
            };
            if rings.is_empty() {
                continue;
            }
            let mut geometry = GeomEncoder::new(kind);
            for (index, ring) in rings.iter().enumerate() {
                if index > 0 {
                    geometry.complete_geom().unwrap();
                }
                for (x, y) in ring {
                    geometry.add_point(*x as f64, *y as f64).unwrap();
                }
            }
            let mut feature = made.into_feature(geometry.encode().unwrap());
            feature.set_id(area.id);
            feature.add_tag_string("code", &format!("区{}", area.id));
            if !area.id.is_multiple_of(3) {
                feature.add_tag_uint("unit", area.id % 4);
            }
            made = feature.into_layer();
        }
        if made.num_features() > 0 {
            bytes.add_layer(made).unwrap();
        }
    }
    decode(bytes.to_bytes().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn neighbours_share_every_vertex_at_every_zoom(partition in partition()) {
        let layer = layer(&partition);
        prop_assert_eq!(layer.len(), PARTS);
        for z in 6..=18 {
            let (lon, lat) = partition.middle;
            let tile = tile_at(lon, lat, z);
            let rings = drawn(&layer, tile);
            let (west, north) = tile.far_units(partition.corners[0]);
            let (east, south) = tile.far_units(partition.corners[1]);
            for ((ax, ay), (bx, by)) in alone(&rings) {
                let frame = |a: i64, b: i64, one: i64, other: i64| {
                    (a - one).abs().max((b - one).abs()) <= 1 || (a - other).abs().max((b - other).abs()) <= 1
                };
                prop_assert!(
                    frame(ax, bx, west, east) || frame(ay, by, north, south),
                    "zoom {}: {:?} is nobody else's", z, ((ax, ay), (bx, by))
                );
            }
            // where the tile lies in the middle of the city, every bit of it is somebody's, once
            let (low, high) = (-i64::from(MARGIN), i64::from(EXTENT + MARGIN));
            if west < low && north < low && east > high && south > high {
                let sum: i64 = rings.iter().map(|ring| twice_area(ring)).sum();
                prop_assert_eq!(sum, 2 * (high - low).pow(2), "zoom {}", z);
            }
        }
    }

    #[test]
    fn the_same_features_as_the_crate_makes(partition in partition(), z in 8_u8..=18, east in -1_i32..=1) {
        let layer = layer(&partition);
        let (lon, lat) = partition.middle;
        let tile = tile_at(lon + f64::from(east) * 0.03, lat, z);
        let bytes = layer.tile(tile, &mut Scratch::default());
        prop_assert!(decode(bytes) == by_the_crate(&layer, tile));
    }

    #[test]
    fn a_version_changes_where_something_changed_and_nowhere_else(
        partition in partition(), part in 0..PARTS, z in 9_u8..=17, east in -3_i32..=3, south in -3_i32..=3,
    ) {
        let before = layer(&partition);
        let edited = edited(&partition, part);
        let after = layer_of(&edited.iter().collect::<Vec<_>>(), Some(&before));
        let (lon, lat) = partition.middle;
        let tile = tile_at(lon + f64::from(east) * 0.012, lat + f64::from(south) * 0.012, z);
        let bytes = |layer: &AreaLayer| layer.tile(tile, &mut Scratch::default());
        if bytes(&before) != bytes(&after) {
            prop_assert_ne!(before.version(tile), after.version(tile));
        }
        // only the part and who shares a border with it may look different
        let around = tile.world_box(MARGIN);
        let touched = (1..).zip(&before.areas).any(|(id, area)| {
            let changed = after.areas.iter().find(|it| it.id == id).is_none_or(|it| it.digest != area.digest);
            changed && area.shape.bounds.meets(&around)
        });
        let came = after.areas.iter().any(|area| area.changed == after.changes && area.shape.bounds.meets(&around));
        prop_assert_eq!(touched || came, before.version(tile) != after.version(tile));
        let far = before.areas.iter().zip(&after.areas).filter(|(a, b)| a.digest == b.digest).count();
        prop_assert!(far > 0, "everything changed");
        // what is gone leaves its tiles too
        let mut less = partition.borders.clone();
        less[part] = MultiPolygon(Vec::new());
        let less = layer_of(&less.iter().collect::<Vec<_>>(), Some(&before));
        if bytes(&before) != bytes(&less) {
            prop_assert_ne!(before.version(tile), less.version(tile));
        }
        // and back again is another change, not the version of then
        let again = layer_of(&partition.borders.iter().collect::<Vec<_>>(), Some(&after));
        prop_assert_eq!(&bytes(&again), &bytes(&before));
        if touched || came {
            prop_assert!(again.version(tile) > after.version(tile));
        }
    }

    #[test]
    fn a_name_stands_in_exactly_one_tile_and_inside(partition in partition(), z in 13_u8..=17) {
        let layer = layer(&partition);
        for area in &layer.areas {
            let (x, y) = area.shape.label.tile(z);
            let mut scratch = Scratch::default();
            let mut in_tiles = 0;
            for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
                let (Some(x), Some(y)) = (x.checked_add_signed(dx), y.checked_add_signed(dy)) else { continue };
                let tile = TileCoord::new_checked(Grid::WebMercatorQuad, z, x, y).unwrap();
                let found = decode(layer.tile(tile, &mut scratch));
                in_tiles += found.iter().filter(|it| it.0 == "cell_labels" && it.1 == area.id).count();
            }
            prop_assert_eq!(in_tiles, 1);
            // a square of nothing around the name is inside: the rings as they are at full detail
            let tile = TileCoord::new_checked(Grid::WebMercatorQuad, 20, area.shape.label.tile(20).0, area.shape.label.tile(20).1).unwrap();
            let at = tile.far_units(area.shape.label);
            let rings: Vec<Vec<Place>> = area.shape.rings.iter()
                .map(|ring| {
                    let mut places = Vec::new();
                    layer.places(ring, tile, &WorldBox { west: 0, north: 0, east: 1 << 32, south: 1 << 32 }, &mut places);
                    places
                })
                .collect();
            let inside = rings.iter().filter(|ring| side_of(at, ring) > 0).count();
            prop_assert_eq!(inside % 2, 1, "area {}", area.id);
        }
    }

    #[test]
    fn a_union_is_its_parts_without_the_borders_between(partition in partition(), chosen in prop::collection::btree_set(0..PARTS, 1..PARTS)) {
        let layer = layer(&partition);
        let shapes = || chosen.iter().map(|part| &layer.areas[*part].shape);
        let whole = layer.net.union(shapes()).unwrap();
        let parts: u128 = shapes().map(|shape| shape.twice_area(&layer.net.arcs)).sum();
        prop_assert_eq!(whole.twice_area(&layer.net.arcs), parts);
        let mut seen = std::collections::HashSet::new();
        for arc in whole.rings.iter().flat_map(|ring| &ring.arcs) {
            prop_assert!(seen.insert(*arc) && !seen.contains(&arc.reversed()), "a border between parts is left");
        }
        // each ring comes by a place once
        for ring in &whole.rings {
            let starts: std::collections::HashSet<_> = ring.arcs.iter().map(|arc| layer.net.arcs.ends(*arc).0).collect();
            prop_assert_eq!(starts.len(), ring.arcs.len());
        }
    }
}

fn square(west: f64, south: f64, side: f64) -> MultiPolygon<f64> {
    let at = |x: f64, y: f64| Coord { x, y };
    let ring = vec![
        at(west, south),
        at(west + side, south),
        at(west + side, south + side),
        at(west, south + side),
        at(west, south),
    ];
    MultiPolygon(vec![Polygon::new(LineString(ring), Vec::new())])
}

/// A cape with another area in it, which a straight shore would leave outside.
#[test]
fn thinning_leaves_what_lies_in_a_bend_in_it() {
    let ring = |places: &[(f64, f64)]| {
        let line = places.iter().map(|(x, y)| Coord {
            x: 119.9 + x * 1e-4,
            y: 32.4 + y * 1e-4,
        });
        MultiPolygon(vec![Polygon::new(line.collect(), Vec::new())])
    };
    let shore = [
        (0.0, 0.0),
        (4.0, 0.0),
        (5.0, -2.0),
        (6.0, 0.0),
        (10.0, 0.0),
        (10.0, 9.0),
        (0.0, 9.0),
    ];
    let islet = [(4.9, -0.9), (5.1, -0.9), (5.0, -0.7)];
    let layer = layer_of(&[&ring(&shore), &ring(&islet)], None);
    let drawn_at_0 = |area: usize| {
        let rings = &layer.areas[area].shape.rings;
        let places = rings[0]
            .arcs
            .iter()
            .flat_map(|arc| layer.net.arcs.places(*arc));
        places
            .filter(|(_, zoom)| *zoom == 0)
            .map(|(at, _)| at)
            .collect::<Vec<_>>()
    };
    let at = |x: f64, y: f64| {
        WorldPoint::of(
            Grid::WebMercatorQuad,
            GroundPoint {
                lon: 119.9 + x * 1e-4,
                lat: 32.4 + y * 1e-4,
            },
        )
    };
    assert!(drawn_at_0(0).contains(&at(5.0, -2.0)), "the cape is gone");
    let open = layer_of(&[&ring(&shore)], None);
    let rings = &open.areas[0].shape.rings;
    let mut places = rings[0]
        .arcs
        .iter()
        .flat_map(|arc| open.net.arcs.places(*arc));
    assert!(
        places.any(|(place, zoom)| place == at(5.0, -2.0) && zoom > 0),
        "nothing keeps it"
    );
}

#[test]
fn an_area_around_the_whole_tile_is_a_square() {
    let cities: Vec<MultiPolygon<f64>> = (0..9_i32)
        .map(|at| square(119.0 + f64::from(at % 3), 31.0 + f64::from(at / 3), 1.0))
        .collect();
    let layer = layer_of(&cities.iter().collect::<Vec<_>>(), None);
    let (low, high) = (-i64::from(MARGIN), i64::from(EXTENT + MARGIN));
    let square = vec![(low, low), (high, low), (high, high), (low, high)];
    assert_eq!(drawn(&layer, tile_at(120.5, 32.5, 16)), [square]);
    let elsewhere = drawn(&layer, tile_at(122.5, 32.5, 16));
    assert_eq!(elsewhere, Vec::<Vec<Place>>::new());
}

#[test]
fn what_is_smaller_than_two_pixels_waits() {
    // 100 m are 5.2 pixels of zoom 13 at this latitude, and 1.3 of zoom 11
    let small = square(119.92, 32.45, 0.001);
    let layer = layer_of(&[&small], None);
    let empty = |z| {
        layer
            .tile(tile_at(119.9205, 32.4505, z), &mut Scratch::default())
            .is_empty()
    };
    assert!(empty(10) && !empty(13));
    assert_eq!(layer.drawn_from, 11);
}

#[test]
fn what_is_too_much_for_a_tile_loses_its_smallest_and_says_so() {
    let large = square(119.90, 32.40, 0.02);
    let small = (0..40).map(|n| square(119.93 + f64::from(n) * 0.002, 32.40, 0.001));
    let squares: Vec<_> = small.chain([large]).collect();
    let borders: Vec<_> = squares.iter().collect();
    let tile = tile_at(119.935, 32.4005, 11);
    let made = |layer: AreaLayer| layer.tile(tile, &mut Scratch::default());
    let all = made(layer_of(&borders, None));
    let bytes_max = all.len() / 2;
    let thinned = made(layer_within(bytes_max, &borders, None));
    assert!(
        thinned.len() <= bytes_max && thinned.len() > bytes_max / 2,
        "{} of {bytes_max}",
        thinned.len()
    );
    let ids = |bytes: &[u8], layer: &str| -> Vec<(u64, String)> {
        let features = decode(bytes.to_vec()).into_iter();
        let of_layer = features.filter(|(name, ..)| name == layer);
        of_layer.map(|(_, id, tags, _)| (id, tags)).collect()
    };
    assert_eq!(ids(&all, "cells").len(), 41);
    assert_eq!(ids(&all, "cell_thinned"), []);
    let shown = ids(&thinned, "cells");
    assert!(shown.iter().any(|(id, _)| *id == 41), "the largest stays");
    let note = format!("shown=UInt({}) total=UInt(41)", shown.len());
    assert_eq!(ids(&thinned, "cell_thinned"), [(1, note)]);
}

#[test]
fn holes_follow_the_exterior_they_are_in() {
    let square = |from: i64, to: i64| vec![(from, from), (to, from), (to, to), (from, to)];
    let hole = |from: i64, to: i64| {
        let mut ring = square(from, to);
        ring.reverse();
        ring
    };
    let mut sorted = vec![
        hole(120, 130),
        square(0, 50),
        square(100, 150),
        hole(0, 10),
        hole(300, 310),
    ];
    holes_behind(&mut sorted);
    assert_eq!(
        sorted,
        [square(0, 50), hole(0, 10), square(100, 150), hole(120, 130)]
    );
}
