//! What one demo camera has before it: the real things of the city and what may happen there.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::city::City;
use super::equipment::{BIN, SEWAGE_COVER};
use super::invent::{self, Profile, room_m};
use super::pinhole::Pinhole;
use super::plane::distance_m;
use super::scene::{Kind, Street, Thing};
use super::vector::v3;
use super::watch::{Post, scene_from_city};

/// A camera's surroundings that do not change.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) post: Post,
    pub(super) camera: Pinhole,
    pub(super) street: Street,
    /// What stands there for good, from the city's components.
    pub(super) fixed: Vec<Thing>,
    /// Where something can happen.
    pub(super) spots: Vec<Thing>,
}

impl Site {
    pub(super) fn new(city: &City, post: &Post, rng: &mut ChaCha8Rng) -> Self {
        let (road_half_m, pavement_m, lanes) = post.rank.profile();
        let profile = Profile {
            road_half_m,
            pavement_m,
            lanes,
        };
        let crossing = (post.crossing_m - 7.0, post.crossing_m + 7.0);
        let street = invent::street(rng, profile, vec![crossing]);
        let camera = post.pinhole();
        let fixed = fixed(city, post, &street, &camera);
        let spots = spots(rng, post, &street, &camera, &fixed);
        Self {
            post: post.clone(),
            camera,
            street,
            fixed,
            spots,
        }
    }
}

/// How a class of components looks; `None` for what the pictures leave out.
fn kind_of(class: &str) -> Option<Kind> {
    match class {
        BIN => Some(Kind::Bin),
        SEWAGE_COVER | "C01001" | "C01003" | "C01005" | "C01006" | "C01007" | "C01011" => {
            Some(Kind::Cover)
        }
        "C01013" => Some(Kind::Hydrant),
        "C01027" | "C01028" => Some(Kind::Cabinet),
        "C01037" => Some(Kind::Lamp),
        "C02010" | "C02012" => Some(Kind::Sign),
        "C02021" => Some(Kind::Bollard),
        "C04002" => Some(Kind::Tree),
        "C04005" => Some(Kind::Bush),
        "C04007" => Some(Kind::Bench),
        _ => None,
    }
}

fn fixed(city: &City, post: &Post, street: &Street, camera: &Pinhole) -> Vec<Thing> {
    let mut things: Vec<Thing> = Vec::new();
    for (component, seed) in city.components.iter().zip(0_u32..) {
        if distance_m(component.place, post.origin) > 95.0 {
            continue;
        }
        let (x, y) = scene_from_city(post, component.place);
        let on_street = (-6.0..80.0).contains(&x) && y.abs() < street.front_m();
        let Some(kind) = kind_of(component.class).filter(|_| on_street) else {
            continue;
        };
        let yaw = invent::faces(kind, y.signum());
        let crowded = kind != Kind::Bin
            && kind != Kind::Cover
            && things
                .iter()
                .any(|other| other.kind == Kind::Bin && (other.x - x).hypot(other.y - y) < 1.3);
        if !crowded && !invent::in_the_way(camera, kind, x, y) {
            things.push(Thing {
                kind,
                x,
                y,
                yaw,
                seed: seed.wrapping_mul(2_654_435_761),
            });
        }
    }
    things
}

/// Whether a camera sees the ground at a place well enough to report what happens there.
fn in_view(camera: &Pinhole, x: f32, y: f32) -> bool {
    camera
        .pixel_from_scene(v3(x, y, 0.0))
        .is_some_and(|(px, py)| (110.0..1170.0).contains(&px) && (215.0..640.0).contains(&py))
}

/// The spots of a camera, one kind after the other so that the same kind is rarely twice at once.
fn spots(
    rng: &mut ChaCha8Rng,
    post: &Post,
    street: &Street,
    camera: &Pinhole,
    fixed: &[Thing],
) -> Vec<Thing> {
    let of_component = |class: &str, kind: Kind| -> Vec<Thing> {
        post.watched
            .iter()
            .filter(|watched| watched.0 == class && in_view(camera, watched.1, watched.2))
            .filter_map(|&(_, x, y)| {
                // the thing itself, so that it keeps its colour when something happens to it
                let own = fixed
                    .iter()
                    .find(|thing| (thing.x - x).hypot(thing.y - y) < 0.05)?;
                Some(Thing { kind, ..*own })
            })
            .collect()
    };
    let mut queues = [
        of_component(BIN, Kind::Overflow),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        of_component(SEWAGE_COVER, Kind::OpenCover),
    ];
    let mut placed: Vec<Thing> = fixed.to_vec();
    for (queue, kind, most) in [
        (1, Kind::Garbage, 5),
        (2, Kind::Stall, 4),
        (3, Kind::Water, 4),
    ] {
        for _ in 0..400 {
            if queues[queue].len() == most {
                break;
            }
            let spot = candidate(rng, kind, street, camera);
            let free = placed.iter().all(|other| {
                (other.x - spot.x).hypot(other.y - spot.y) > room_m(kind) + room_m(other.kind)
            });
            if free && in_view(camera, spot.x, spot.y) {
                queues[queue].push(spot);
                placed.push(spot);
            }
        }
    }
    let longest = queues.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .flat_map(|n| queues.iter().filter_map(move |queue| queue.get(n)).copied())
        .collect()
}

fn candidate(rng: &mut ChaCha8Rng, kind: Kind, street: &Street, camera: &Pinhole) -> Thing {
    let side = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    let road = street.road_half_m;
    let aside = if kind == Kind::Water {
        road - rng.random_range(1.2..2.6)
    } else if rng.random_bool(0.25) {
        road - 1.3
    } else {
        road + rng.random_range(0.9..(street.pavement_m - 0.6).max(1.0))
    };
    Thing {
        kind,
        x: camera.at.x + rng.random_range(7.5..24.0),
        y: side * aside,
        yaw: if side > 0.0 {
            0.0
        } else {
            std::f32::consts::PI
        },
        seed: rng.random(),
    }
}
