#![expect(
    clippy::cast_possible_truncation,
    reason = "the numbers of these tests are small"
)]

use std::collections::BTreeSet;

use mvt::{GeomEncoder, GeomType, Tile};
use mvt_reader::Reader;
use proptest::prelude::*;

use super::*;
use crate::space::GroundPoint;
use crate::tiles::points::encode::Scratch;
use crate::tiles::points::tile::View;
use crate::tiles::world::EXTENT;

const COLUMNS: &[Column] = &[
    Column {
        key: "class",
        kind: Kind::Shared,
    },
    Column {
        key: "state",
        kind: Kind::Shared,
    },
    Column {
        key: "code",
        kind: Kind::Own,
    },
    Column {
        key: "due",
        kind: Kind::Number,
    },
];
const POLICY: &str = r#"
bytes_max = 1_000_000
keep_first = { attribute = "state", values = ["damaged", "good"] }
[[zoom]]
from = 0
show = "summary"
squares = 64
count_by = "state"
most_of = "class"
[[zoom]]
from = 13
show = "summary"
squares = 32
count_by = "state"
most_of = "class"
[[zoom]]
from = 15
show = "points"
attributes = ["class", "state"]
"#;
const CLASSES: [&str; 4] = ["C03005", "C01002", "C01037", "类别"];
const STATES: [&str; 2] = ["good", "damaged"];

#[derive(Debug, Clone)]
struct Thing {
    id: u64,
    at: WorldPoint,
    words: [&'static str; 2],
    due: Option<u32>,
}

impl Thing {
    fn code(&self) -> String {
        format!("code {}", self.id)
    }

    fn put(&self, layer: &mut PointLayer) -> Point {
        let [class, state] = self.words.map(Value::Text);
        let code = self.code();
        let due = self.due.map(|due| Value::Number(due.into()));
        layer.point(
            self.id,
            self.at,
            &[Some(class), Some(state), Some(Value::Text(&code)), due],
        )
    }
}

fn empty(policy: &str) -> PointLayer {
    let names = Names {
        points: "components",
        summary: "component_density",
        thinned: "component_thinned",
    };
    PointLayer::new(
        Grid::WebMercatorQuad,
        names,
        COLUMNS,
        Policy::parse(policy, COLUMNS).unwrap(),
    )
}

const FULL: View<'static> = View {
    full: true,
    admits: None,
};

/// Somewhere within a kilometre of a corner that four tiles of every zoom up to 10 share.
fn thing() -> impl Strategy<Value = Thing> {
    let corner = WorldPoint::of(
        Grid::WebMercatorQuad,
        GroundPoint {
            lon: 119.926_757_8,
            lat: 32.45,
        },
    );
    (
        0_u64..500,
        -50_000_i64..50_000,
        -50_000_i64..50_000,
        0..4_usize,
        0..2_usize,
        prop::option::of(0..10_000_u32),
    )
        .prop_map(move |(id, east, south, class, state, due)| Thing {
            due,
            id,
            at: WorldPoint {
                x: corner.x.wrapping_add_signed(east as i32),
                y: corner.y.wrapping_add_signed(south as i32),
            },
            words: [CLASSES[class], STATES[state]],
        })
}

fn layer_of(things: &[Thing]) -> PointLayer {
    let mut layer = empty(POLICY);
    let points = things.iter().map(|thing| thing.put(&mut layer)).collect();
    layer.fill(points);
    layer
}

/// The last of each id, as a map would have it.
fn newest(things: &[Thing]) -> Vec<Thing> {
    let by_id: BTreeMap<u64, &Thing> = things.iter().map(|thing| (thing.id, thing)).collect();
    by_id.into_values().cloned().collect()
}

type Feature = (u64, i32, i32, String);

fn decode(bytes: Vec<u8>, name: &str) -> BTreeSet<Feature> {
    if bytes.is_empty() {
        return BTreeSet::new();
    }
    let reader = Reader::new(bytes).unwrap();
    assert_eq!(reader.get_layer_names().unwrap(), [name]);
    features(&reader, 0)
}

/// The whole numbers that each feature of a layer has.
fn numbers(bytes: Vec<u8>, name: &str) -> Vec<BTreeMap<String, usize>> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let reader = Reader::new(bytes).unwrap();
    let layers = reader.get_layer_names().unwrap();
    let layer = layers.iter().position(|layer| layer == name).unwrap();
    let whole = |value: &mvt_reader::feature::Value| {
        let mvt_reader::feature::Value::UInt(number) = value else {
            return None;
        };
        Some(*number as usize)
    };
    let numbers = |feature: mvt_reader::feature::Feature| {
        let tags = feature.properties.into_iter().flatten();
        tags.filter_map(|(key, value)| Some((key, whole(&value)?)))
            .collect()
    };
    let features = reader.get_features(layer).unwrap();
    features.into_iter().map(numbers).collect()
}

fn features(reader: &Reader, layer: usize) -> BTreeSet<Feature> {
    let features = reader.get_features(layer).unwrap();
    let count = features.len();
    let set: BTreeSet<Feature> = features
        .into_iter()
        .map(|feature| {
            let geo_types::Geometry::MultiPoint(points) = feature.geometry else {
                panic!("not a point: {:?}", feature.geometry);
            };
            let mut tags: Vec<String> = feature
                .properties
                .iter()
                .flatten()
                .map(|(key, value)| format!("{key}={value:?}"))
                .collect();
            tags.sort();
            (
                feature.id.unwrap(),
                points.0[0].x() as i32,
                points.0[0].y() as i32,
                tags.join(" "),
            )
        })
        .collect();
    assert_eq!(set.len(), count, "a feature came twice");
    set
}

/// The same tile by the obvious way: every point is asked, the `mvt` crate encodes.
fn by_the_crate(things: &[Thing], tile: TileCoord, full: bool) -> BTreeSet<Feature> {
    let around = tile.world_box(MARGIN);
    let mut bytes = Tile::new(EXTENT);
    let mut layer = bytes.create_layer("components");
    for thing in things.iter().filter(|thing| around.holds(thing.at)) {
        let (x, y) = tile.tile_units(thing.at);
        let mut geometry = GeomEncoder::new(GeomType::Point);
        geometry.add_point(f64::from(x), f64::from(y)).unwrap();
        let mut feature = layer.into_feature(geometry.encode().unwrap());
        feature.set_id(thing.id);
        for (key, word) in ["class", "state"].iter().zip(thing.words) {
            feature.add_tag_string(key, word);
        }
        if full {
            feature.add_tag_string("code", &thing.code());
            if let Some(due) = thing.due {
                feature.add_tag_uint("due", due.into());
            }
        }
        layer = feature.into_layer();
    }
    if layer.num_features() == 0 {
        return BTreeSet::new();
    }
    bytes.add_layer(layer).unwrap();
    decode(bytes.to_bytes().unwrap(), "components")
}

/// The tile that holds a place, or one of its eight neighbours.
fn tile_near(at: WorldPoint, z: u8, east: i32, south: i32) -> Option<TileCoord> {
    let (x, y) = at.tile(z);
    TileCoord::new_checked(
        Grid::WebMercatorQuad,
        z,
        x.checked_add_signed(east)?,
        y.checked_add_signed(south)?,
    )
    .ok()
}

proptest! {
    #[test]
    fn every_point_is_in_exactly_the_tiles_it_should_be_in(
        things in prop::collection::vec(thing(), 1..200), z in 15_u8..=20, east in -1..=1, south in -1..=1, full: bool,
    ) {
        let things = newest(&things);
        let layer = layer_of(&things);
        let Some(tile) = tile_near(things[0].at, z, east, south) else { return Ok(()) };
        let view = View { full, admits: None };
        let ours = decode(layer.tile(tile, view, &mut Scratch::default()), "components");
        prop_assert_eq!(ours, by_the_crate(&things, tile, full));
    }

    #[test]
    fn asked_for_in_full_a_low_zoom_has_every_point_too(things in prop::collection::vec(thing(), 1..200), z in 0_u8..15) {
        let things = newest(&things);
        let tile = tile_near(things[0].at, z, 0, 0).unwrap();
        let ours = decode(layer_of(&things).tile(tile, FULL, &mut Scratch::default()), "components");
        prop_assert_eq!(ours, by_the_crate(&things, tile, true));
    }

    #[test]
    fn below_the_layers_zoom_every_point_is_counted_once(
        things in prop::collection::vec(thing(), 1..200), z in 0_u8..15, filtered: bool,
    ) {
        let things = newest(&things);
        let layer = layer_of(&things);
        let odd = |id: u64, _: &[u32]| id % 2 == 1;
        let view = View { full: false, admits: if filtered { Some(&odd) } else { None } };
        let tiles: BTreeSet<(u32, u32)> = things.iter().map(|thing| thing.at.tile(z)).collect();
        let mut counted = BTreeMap::<String, usize>::new();
        for (x, y) in tiles {
            let tile = TileCoord::new_checked(Grid::WebMercatorQuad, z, x, y).unwrap();
            for square in numbers(layer.tile(tile, view, &mut Scratch::default()), "component_density") {
                for (key, number) in square {
                    *counted.entry(key).or_default() += number;
                }
            }
        }
        let mut expected = BTreeMap::<String, usize>::new();
        for thing in things.iter().filter(|thing| !filtered || odd(thing.id, &[])) {
            *expected.entry("count".to_owned()).or_default() += 1;
            *expected.entry(thing.words[1].to_owned()).or_default() += 1;
        }
        prop_assert_eq!(counted, expected);
    }

    #[test]
    fn what_is_too_much_for_a_tile_is_thinned_the_least_important_first(
        things in prop::collection::vec(thing(), 30..300), bytes_max in 400_usize..1500,
    ) {
        let things = newest(&things);
        let mut layer = empty(&POLICY.replace("1_000_000", &bytes_max.to_string()));
        let points = things.iter().map(|thing| thing.put(&mut layer)).collect();
        layer.fill(points);
        let tile = tile_near(things[0].at, 15, 0, 0).unwrap();
        let mut scratch = Scratch::default();
        let all = decode(layer_of(&things).tile(tile, View::default(), &mut scratch), "components");
        let bytes = layer.tile(tile, View::default(), &mut scratch);
        prop_assert!(bytes.len() <= bytes_max);
        let reader = Reader::new(bytes.clone()).unwrap();
        let shown = features(&reader, 0);
        prop_assert!(shown.is_subset(&all));
        if shown.len() == all.len() {
            return Ok(()); // there was room
        }
        let note = numbers(bytes, "component_thinned");
        prop_assert_eq!(note[0]["shown"], shown.len());
        prop_assert_eq!(note[0]["total"], all.len());
        let damaged = |set: &BTreeSet<Feature>| set.iter().filter(|it| it.3.contains("damaged")).count();
        if damaged(&shown) < damaged(&all) {
            prop_assert_eq!(damaged(&shown), shown.len());
        }
    }

    #[test]
    fn changes_one_by_one_lead_where_a_fresh_layer_starts(
        before in prop::collection::vec(thing(), 1..60),
        changes in prop::collection::vec((thing(), any::<bool>()), 1..60),
        z in 15_u8..=16,
    ) {
        let mut now: BTreeMap<u64, Thing> =
            before.iter().map(|thing| (thing.id, thing.clone())).collect();
        let mut layer = layer_of(&newest(&before));
        let mut scratch = Scratch::default();
        for (thing, stays) in changes {
            let near: Vec<TileCoord> = now.values().chain([&thing])
                .filter_map(|it| tile_near(it.at, z, 0, 0)).collect();
            let was: Vec<_> = near.iter().map(|tile| (layer.version(*tile), layer.tile(*tile, FULL, &mut scratch))).collect();
            let point = stays.then(|| thing.put(&mut layer));
            layer.apply(vec![(thing.id, point)]);
            // a tile whose bytes changed has another version
            for (tile, (version, bytes)) in near.iter().zip(was) {
                if layer.version(*tile) == version {
                    prop_assert_eq!(layer.tile(*tile, FULL, &mut scratch), bytes);
                }
            }
            if stays { now.insert(thing.id, thing); } else { now.remove(&thing.id); }
        }
        let now: Vec<Thing> = now.into_values().collect();
        prop_assert_eq!(layer.len(), now.len());
        for thing in &now {
            let tile = tile_near(thing.at, z, 0, 0).unwrap();
            prop_assert_eq!(decode(layer.tile(tile, FULL, &mut scratch), "components"), by_the_crate(&now, tile, true));
        }
    }
}

#[test]
fn a_change_moves_the_versions_of_the_tiles_it_touches_and_no_others() {
    let at = |lon, lat| WorldPoint::of(Grid::WebMercatorQuad, GroundPoint { lon, lat });
    let (here, far) = (at(119.92, 32.45), at(119.99, 32.49));
    let mut layer = empty(POLICY);
    let thing = |state| Thing {
        id: 1,
        at: here,
        words: ["C03005", state],
        due: None,
    };
    let first = thing("good").put(&mut layer);
    assert_eq!(layer.apply(vec![(1, Some(first.clone()))]), [(1, here)]);
    let tile = |at: WorldPoint, z| tile_near(at, z, 0, 0).unwrap();
    let (near_before, far_before) = (layer.version(tile(here, 16)), layer.version(tile(far, 16)));
    let country_before = layer.version(tile(far, 5));

    assert!(
        layer.apply(vec![(1, Some(first))]).is_empty(),
        "the same again is no change"
    );
    assert_eq!(layer.version(tile(here, 16)), near_before);

    let damaged = thing("damaged").put(&mut layer);
    assert_eq!(layer.apply(vec![(1, Some(damaged))]), [(1, here)]);
    assert_ne!(layer.version(tile(here, 16)), near_before);
    assert_ne!(
        layer.version(tile(here, 18)),
        near_before,
        "and those deeper"
    );
    assert_eq!(layer.version(tile(far, 16)), far_before);
    assert_ne!(
        layer.version(tile(far, 5)),
        country_before,
        "both lie in it"
    );
}

#[test]
fn a_point_takes_less_than_64_bytes_beside_its_own_texts() {
    let mut layer = empty(POLICY);
    // a city of 20 km with 200,000 components
    let points: Vec<Point> = (0..200_000_u64)
        .map(|id| {
            let spread = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let at = WorldPoint {
                x: 3_578_000_000 + (spread >> 32) as u32 % 2_300_000,
                y: 1_741_000_000 + spread as u32 % 2_300_000,
            };
            let class = Value::Text(CLASSES[id as usize % 4]);
            let values = [
                Some(class),
                Some(Value::Text("good")),
                None,
                Some(Value::Number(id)),
            ];
            layer.point(id, at, &values)
        })
        .collect();
    layer.fill(points);
    let each = layer.bytes() / layer.len();
    assert!(each < 64, "{each} bytes a point");
}

#[test]
fn a_layer_whose_points_change_their_texts_again_and_again_has_outgrown_them() {
    let mut layer = empty(POLICY);
    let at = WorldPoint {
        x: 3_578_000_000,
        y: 1_741_000_000,
    };
    let limit = WORDS_SPARED + 2 * COLUMNS.len();
    for number in 0..=limit {
        assert!(!layer.has_outgrown(), "after {number} codes");
        let code = format!("{number}");
        let values = [None, None, Some(Value::Text(&code)), None];
        let point = layer.point(1, at, &values);
        layer.apply(vec![(1, Some(point))]);
    }
    assert!(layer.has_outgrown());
}

#[test]
fn a_tile_is_small_up_to_a_number_of_points_in_it_and_around() {
    let at = WorldPoint::of(
        Grid::WebMercatorQuad,
        GroundPoint {
            lon: 119.92,
            lat: 32.45,
        },
    );
    let mut layer = empty(POLICY);
    let thing = |id| Thing {
        id,
        at,
        words: ["C03005", "good"],
        due: None,
    };
    let points = (1..=2_000).map(|id| thing(id).put(&mut layer)).collect();
    layer.fill(points);
    let tile = |z| tile_near(at, z, 0, 0).unwrap();
    assert!(layer.is_small(tile(14)) && layer.is_small(tile(18)));
    assert!(!layer.is_small(tile(8)), "all buckets are looked through");
    let one_more = thing(2_001).put(&mut layer);
    layer.apply(vec![(2_001, Some(one_more))]);
    assert!(!layer.is_small(tile(14)));
}
