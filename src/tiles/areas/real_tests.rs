//! Areas of real cities: the files in the folder `CITYWARD_DATA`.

use std::collections::{HashMap, HashSet};

use geo_types::{Geometry, MultiPolygon};
use geozero::ToGeo as _;
use geozero::geojson::GeoJsonString;

use super::arcs::ArcRef;
use super::clip::Place;
use super::shape::Net;
use crate::space::GroundPoint;
use crate::tiles::world::WorldPoint;
use crate::tiles::{Grid, TileCoord};

fn real_files() -> Vec<(String, Vec<MultiPolygon<f64>>)> {
    let Ok(data) = std::env::var("CITYWARD_DATA") else {
        println!("CITYWARD_DATA is not set: not checked on real areas");
        return Vec::new();
    };
    let mut files: Vec<_> = std::fs::read_dir(std::path::Path::new(&data).join("cells"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let Geometry::GeometryCollection(all) = GeoJsonString(text).to_geo().unwrap() else {
            panic!("no collection");
        };
        let borders = all
            .into_iter()
            .filter_map(|geometry| {
                if let Geometry::Polygon(polygon) = geometry {
                    return Some(MultiPolygon(vec![polygon]));
                }
                MultiPolygon::try_from(geometry).ok()
            })
            .collect();
        (
            path.file_name().unwrap().to_str().unwrap().to_owned(),
            borders,
        )
    };
    files.into_iter().map(read).collect()
}

/// A piece of border at a zoom, in the tile's units.
fn drawn(net: &Net, arc: ArcRef, tile: TileCoord) -> Vec<Place> {
    let places = net.arcs.places(arc);
    let mut line: Vec<Place> = places
        .filter(|(_, zoom)| *zoom <= tile.z())
        .map(|(at, _)| tile.far_units(at))
        .collect();
    line.dedup();
    line
}

/// Pieces of border by how often each side of them is an area's.
fn sides(net: &Net) -> HashMap<ArcRef, usize> {
    let mut sides = HashMap::new();
    let rings = net.shapes.iter().flatten().flat_map(|shape| &shape.rings);
    for arc in rings.flat_map(|ring| &ring.arcs) {
        *sides.entry(*arc).or_default() += 1;
    }
    sides
}

#[test]
fn most_borders_between_real_areas_are_one() {
    for (name, borders) in real_files() {
        let net = Net::new(Grid::WebMercatorQuad, &borders.iter().collect::<Vec<_>>());
        assert!(net.shapes.iter().all(Option::is_some), "{name}");
        let sides = sides(&net);
        let both = sides
            .keys()
            .filter(|arc| sides.contains_key(&arc.reversed()));
        let both = both.count();
        println!(
            "{name}: {} sides of pieces, {both} have another's behind them",
            sides.len()
        );
        // of others the files themselves leave gaps of metres
        let fit = ["Chennai_Wards", "seoul", "taizhou_townships"];
        let fits = both * 10 > sides.len() * 8 || !fit.iter().any(|it| name.starts_with(it));
        assert!(fits, "{name}: {both} of {}", sides.len());
    }
}

/// What a tile shows of all areas adds up: borders between two cancel out, whatever is left was
/// nobody else's from the beginning.
#[test]
fn in_every_tile_real_areas_add_up_to_what_their_outer_borders_hold() {
    for (name, borders) in real_files() {
        let net = Net::new(Grid::WebMercatorQuad, &borders.iter().collect::<Vec<_>>());
        let sides = sides(&net);
        for z in 8..=16 {
            for tile in tiles_over(&net, z) {
                let mut alone: HashSet<(Place, Place)> = HashSet::new();
                for (arc, count) in &sides {
                    if sides.get(&arc.reversed()) != Some(count) {
                        let line = drawn(&net, *arc, tile);
                        alone.extend(line.windows(2).map(|edge| (edge[0], edge[1])));
                        alone.extend(line.windows(2).map(|edge| (edge[1], edge[0])));
                    }
                }
                let mut edges: HashMap<(Place, Place), i32> = HashMap::new();
                for ring in net.shapes.iter().flatten().flat_map(|shape| &shape.rings) {
                    let mut line: Vec<Place> = ring
                        .arcs
                        .iter()
                        .flat_map(|arc| drawn(&net, *arc, tile))
                        .collect();
                    line.dedup();
                    for edge in line.windows(2) {
                        let (a, b) = (edge[0], edge[1]);
                        *edges.entry((a.min(b), a.max(b))).or_default() +=
                            if a < b { 1 } else { -1 };
                    }
                }
                for (edge, count) in edges {
                    assert!(
                        count == 0 || alone.contains(&edge),
                        "{name}, {tile:?}: {edge:?}"
                    );
                }
            }
        }
    }
}

/// No border crosses another at a zoom if none does at full detail.
#[test]
fn thinning_makes_no_real_border_cross_another() {
    for (name, borders) in real_files() {
        if borders.len() > 60 {
            continue; // every piece is looked at with every other
        }
        let net = Net::new(Grid::WebMercatorQuad, &borders.iter().collect::<Vec<_>>());
        let full = crossings(&net, 16);
        for z in [6, 9, 11, 13] {
            let there = crossings(&net, z);
            assert!(
                there <= full,
                "{name}, zoom {z}: {there} crossings, {full} at full detail"
            );
        }
    }
}

fn crossings(net: &Net, z: u8) -> usize {
    let pieces: HashSet<usize> = sides(net).keys().map(|arc| arc.number()).collect();
    let forward = |arc: &&ArcRef| pieces.contains(&arc.number());
    let rings = net.shapes.iter().flatten().flat_map(|shape| &shape.rings);
    let mut arcs: Vec<ArcRef> = rings
        .flat_map(|ring| &ring.arcs)
        .filter(forward)
        .copied()
        .collect();
    arcs.sort_by_key(|arc| arc.number());
    arcs.dedup_by_key(|arc| arc.number());
    let mut edges: Vec<(Place, Place)> = Vec::new();
    for arc in arcs {
        let places = net.arcs.places(arc).filter(|(_, zoom)| *zoom <= z);
        let line: Vec<Place> = places.map(|(at, _)| (at.x.into(), at.y.into())).collect();
        edges.extend(
            line.windows(2)
                .map(|edge| (edge[0].min(edge[1]), edge[0].max(edge[1]))),
        );
    }
    edges.sort_unstable();
    let side = |(a, b): (Place, Place), at: Place| {
        let wide = i128::from;
        ((wide(b.0) - wide(a.0)) * (wide(at.1) - wide(a.1))
            - (wide(b.1) - wide(a.1)) * (wide(at.0) - wide(a.0)))
        .signum()
    };
    let mut count = 0;
    for (index, one) in edges.iter().enumerate() {
        for other in edges[index + 1..]
            .iter()
            .take_while(|other| other.0.0 <= one.1.0)
        {
            let apart = side(*one, other.0) * side(*one, other.1) < 0
                && side(*other, one.0) * side(*other, one.1) < 0;
            count += usize::from(apart);
        }
    }
    count
}

/// A few tiles of a zoom across the areas.
fn tiles_over(net: &Net, z: u8) -> Vec<TileCoord> {
    let shapes = net.shapes.iter().flatten();
    let step = net.shapes.len().div_ceil(3);
    let mut tiles: Vec<TileCoord> = shapes
        .step_by(step)
        .map(|shape| {
            let (x, y) = shape.label.tile(z);
            TileCoord::new_checked(Grid::WebMercatorQuad, z, x, y).unwrap()
        })
        .collect();
    tiles.dedup();
    tiles
}

#[test]
fn a_vertex_on_a_neighbours_edge_opens_no_gap() {
    let ring = |places: &[(f64, f64)]| {
        let line = places
            .iter()
            .map(|(x, y)| geo_types::coord! { x: 119.9 + x, y: 32.4 + y });
        MultiPolygon(vec![geo_types::Polygon::new(line.collect(), Vec::new())])
    };
    // the great one knows nothing of where the small ones meet
    let great = ring(&[(0.0, 0.0), (0.01, 0.003), (0.01, 0.01), (0.0, 0.01)]);
    let left = ring(&[(0.0, 0.0), (0.0, -0.01), (0.004, -0.01), (0.004, 0.0012)]);
    let right = ring(&[
        (0.004, 0.0012),
        (0.004, -0.01),
        (0.01, -0.01),
        (0.01, 0.003),
    ]);
    let net = Net::new(Grid::WebMercatorQuad, &[&great, &left, &right]);
    let sides = sides(&net);
    let shared = |area: usize| {
        let rings = &net.shapes[area].as_ref().unwrap().rings;
        let arcs = rings.iter().flat_map(|ring| &ring.arcs);
        arcs.filter(|arc| sides.contains_key(&arc.reversed()))
            .count()
    };
    assert_eq!([shared(0), shared(1), shared(2)], [2, 2, 2]);
    let at = WorldPoint::of(
        Grid::WebMercatorQuad,
        GroundPoint {
            lon: 119.904,
            lat: 32.4012,
        },
    );
    let in_great = &net.shapes[0].as_ref().unwrap().rings[0];
    assert!(in_great.arcs.iter().any(|arc| net.arcs.ends(*arc).0 == at));
}
