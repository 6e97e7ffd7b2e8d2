//! Streets that are nowhere: random scenes with random cameras, for training.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::color::{Rgb, rgb, scale};
use super::light::Light;
use super::pinhole::Pinhole;
use super::scene::{House, Kind, Lens, Patch, Scene, Street, Thing};
use super::vector::v3;

/// What is looked for, each as likely as the others.
const EVENTS: [Kind; 5] = [
    Kind::Overflow,
    Kind::Garbage,
    Kind::Stall,
    Kind::Water,
    Kind::OpenCover,
];

/// Cross-section of a street, metres from its middle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Profile {
    pub(super) road_half_m: f32,
    pub(super) pavement_m: f32,
    pub(super) lanes: u8,
}

/// A scene and the camera that looks at it.
pub(super) fn scene(rng: &mut ChaCha8Rng, size: (u32, u32)) -> (Scene, Pinhole) {
    let profile = *[
        (2.6, 1.6, 0),
        (3.5, 2.6, 1),
        (4.0, 3.2, 1),
        (7.2, 4.0, 2),
        (8.0, 5.0, 2),
        (10.8, 5.5, 3),
    ]
    .map(|(road_half_m, pavement_m, lanes)| Profile {
        road_half_m,
        pavement_m,
        lanes,
    })
    .choose(rng)
    .expect("the list is not empty");
    let mut crossings = Vec::new();
    if rng.random_bool(0.45) {
        let from = rng.random_range(14.0..40.0);
        crossings.push((from, from + rng.random_range(6.0..11.0)));
    }
    let street = street(rng, profile, crossings);
    let camera = camera(rng, &street, size);
    let mut cast = Cast {
        street: &street,
        camera: &camera,
        things: Vec::new(),
    };
    cast.fill(rng);
    let things = cast.things;
    let light = light(rng);
    let lens = lens(rng, &light);
    let scene = Scene {
        street,
        things,
        light,
        lens,
    };
    (scene, camera)
}

/// A street with this cross-section; surfaces, wear, houses and side streets by chance.
pub(super) fn street(rng: &mut ChaCha8Rng, profile: Profile, crossings: Vec<(f32, f32)>) -> Street {
    let grey = rng.random_range(0.26..0.52);
    let asphalt: Rgb = [
        grey * rng.random_range(0.97..1.05),
        grey,
        grey * rng.random_range(0.95..1.06),
    ];
    let slab = scale(
        rgb(
            *[0xb9b2a6, 0xa8a9a8, 0xc4b49c, 0xb08d7c, 0x9a9fa3, 0xa39585]
                .choose(rng)
                .expect("the list is not empty"),
        ),
        rng.random_range(0.8..1.05),
    );
    let patches = (0..rng.random_range(2..12))
        .map(|_| Patch {
            x: rng.random_range(-5.0..55.0),
            y: rng.random_range(-profile.road_half_m..profile.road_half_m),
            half_x: rng.random_range(0.3..2.6),
            half_y: rng.random_range(0.25..1.1),
            tone: rng.random_range(0.62..1.18),
            round: rng.random_bool(0.5),
        })
        .collect();
    Street {
        road_half_m: profile.road_half_m,
        pavement_m: profile.pavement_m,
        lanes: profile.lanes,
        asphalt,
        slab,
        slab_m: *[(0.6, 0.3), (0.4, 0.4), (0.5, 0.25), (0.3, 0.3), (0.8, 0.4)]
            .choose(rng)
            .expect("the list is not empty"),
        tactile: profile.pavement_m > 2.0 && rng.random_bool(0.7),
        wear: rng.random_range(0.1..0.8),
        houses: [houses(rng, &crossings), houses(rng, &crossings)],
        crossings,
        patches,
        seed: rng.random(),
    }
}

fn houses(rng: &mut ChaCha8Rng, crossings: &[(f32, f32)]) -> Vec<House> {
    let mut row = Vec::new();
    let shops = rng.random_bool(0.75);
    let mut x = -40.0;
    while x < 260.0 {
        let wide = rng.random_range(9.0..28.0);
        let mut end: f32 = x + wide;
        for &(from, to) in crossings {
            if x >= from && x < to {
                x = to;
                end = x + wide;
            }
            if x < from && end > from {
                end = from;
            }
        }
        row.push(House {
            from_x: x,
            to_x: end,
            height_m: 4.4 + 3.1 * rng.random_range(1.0_f32..7.0).floor(),
            wall: rgb(*[
                0xcfc6b4, 0xb9b5ac, 0xd8cdb8, 0xa9654f, 0x9fa7ab, 0xc9b08a, 0xdedad0, 0x8f8378,
            ]
            .choose(rng)
            .expect("the list is not empty")),
            shops: shops && rng.random_bool(0.85),
            seed: rng.random(),
        });
        x = end
            + if rng.random_bool(0.3) {
                rng.random_range(1.5..5.0)
            } else {
                0.0
            };
    }
    row
}

fn camera(rng: &mut ChaCha8Rng, street: &Street, size: (u32, u32)) -> Pinhole {
    let side = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    let aside = street.road_half_m + rng.random_range(-1.5..(street.pavement_m * 0.6));
    // from the kerb a camera looks a little towards the middle of the street
    let yaw: f32 = rng.random_range(-0.12_f32..0.38) * -side;
    Pinhole::new(
        v3(0.0, side * aside, rng.random_range(5.0..9.0)),
        yaw,
        rng.random_range(15.0_f32..35.0).to_radians(),
        rng.random_range(0.55..1.15),
        size,
    )
}

fn light(rng: &mut ChaCha8Rng) -> Light {
    let azimuth = rng.random_range(0.0..std::f32::consts::TAU);
    if rng.random_bool(0.22) {
        return Light::dusk(azimuth, rng.random_range(0.0..1.0));
    }
    let cloud = if rng.random_bool(0.45) {
        rng.random_range(0.75..1.0)
    } else {
        rng.random_range(0.0..0.35)
    };
    Light::day(azimuth, rng.random_range(0.3..1.25), cloud)
}

fn lens(rng: &mut ChaCha8Rng, light: &Light) -> Lens {
    Lens {
        vignette: rng.random_range(0.05..0.35),
        noise: rng.random_range(0.004..0.018) + 0.02 * light.lamps * rng.random_range(0.2..1.0),
        exposure: rng.random_range(0.98..1.5) + 0.25 * light.lamps,
        white: [
            rng.random_range(0.94..1.07),
            1.0,
            rng.random_range(0.93..1.08),
        ],
        quality: rng.random_range(68..92),
        seed: rng.random(),
    }
}

/// Where in the cross-section something may stand.
#[derive(Clone, Copy)]
enum Strip {
    Road,
    Kerbside,
    Pavement,
    RoadEdge,
    Anywhere,
}

/// The things of a scene while they are being put in place.
struct Cast<'a> {
    street: &'a Street,
    camera: &'a Pinhole,
    things: Vec<Thing>,
}

impl Cast<'_> {
    fn fill(&mut self, rng: &mut ChaCha8Rng) {
        let events = *[0, 0, 1, 1, 2, 2, 3, 4].choose(rng).expect("not empty");
        for _ in 0..events {
            let kind = *EVENTS.choose(rng).expect("not empty");
            self.put(rng, kind);
        }
        for _ in 0..rng.random_range(0..4) {
            self.put(rng, Kind::Bin);
        }
        for _ in 0..rng.random_range(0..5) {
            self.put(rng, Kind::Cover);
        }
        let clutter = [
            (Kind::Car, 5),
            (Kind::Van, 2),
            (Kind::Person, 5),
            (Kind::Bicycle, 4),
            (Kind::Rider, 3),
            (Kind::Tree, 3),
            (Kind::Lamp, 2),
            (Kind::Bench, 2),
            (Kind::Hydrant, 2),
            (Kind::Sign, 2),
            (Kind::Cabinet, 2),
            (Kind::Bollard, 5),
            (Kind::Cone, 2),
            (Kind::Bush, 3),
            (Kind::Scrap, 5),
        ];
        for (kind, most) in clutter {
            for _ in 0..rng.random_range(0..=most) {
                self.put(rng, kind);
            }
        }
    }

    /// Puts one more thing where the camera sees the ground, if there is room.
    fn put(&mut self, rng: &mut ChaCha8Rng, kind: Kind) {
        for _ in 0..30 {
            let (width, height) = (self.camera.width as f32, self.camera.height as f32);
            let pixel = (
                rng.random_range(0.02..0.98) * width,
                rng.random_range(0.2_f32..1.0) * height,
            );
            let ray = self.camera.ray(pixel.0, pixel.1);
            if ray.z > -0.02 {
                continue;
            }
            let reach = self.camera.at.z / -ray.z;
            let x = self.camera.at.x + ray.x * reach;
            let seen_y = self.camera.at.y + ray.y * reach;
            if reach > 70.0 || self.street.is_crossing(x) && !kind.is_flat() {
                continue;
            }
            let Some((y, yaw)) = self.settle(rng, kind, seen_y) else {
                continue;
            };
            let room = room_m(kind);
            let taken = self
                .things
                .iter()
                .any(|other| (other.x - x).hypot(other.y - y) < room + room_m(other.kind));
            if taken || in_the_way(self.camera, kind, x, y) {
                continue;
            }
            self.things.push(Thing {
                kind,
                x,
                y,
                yaw,
                seed: rng.random(),
            });
            return;
        }
    }

    /// The distance from the middle at which this kind of thing stands near `seen_y`, and its
    /// direction; `None` when that strip is not there.
    fn settle(&self, rng: &mut ChaCha8Rng, kind: Kind, seen_y: f32) -> Option<(f32, f32)> {
        let street = self.street;
        let side = if seen_y < 0.0 { -1.0 } else { 1.0 };
        let aside = seen_y.abs();
        let fits = match strip(rng, kind) {
            Strip::Road => aside < street.road_half_m - 0.5,
            Strip::RoadEdge => aside > street.road_half_m - 2.6 && aside < street.road_half_m - 0.6,
            Strip::Kerbside => {
                let offset = aside - street.road_half_m;
                (0.4..1.4).contains(&offset)
            }
            Strip::Pavement => aside > street.road_half_m + 0.5 && aside < street.front_m() - 0.4,
            Strip::Anywhere => aside < street.front_m() - 0.3,
        };
        let loose = matches!(
            kind,
            Kind::Person | Kind::Scrap | Kind::Garbage | Kind::Cone
        );
        let turned = if loose {
            rng.random_range(0.0..std::f32::consts::TAU)
        } else {
            faces(kind, side) + rng.random_range(-0.12..0.12)
        };
        fits.then_some((seen_y, turned))
    }
}

fn strip(rng: &mut ChaCha8Rng, kind: Kind) -> Strip {
    match kind {
        Kind::Bin | Kind::Overflow | Kind::Lamp | Kind::Tree | Kind::Hydrant | Kind::Sign => {
            Strip::Kerbside
        }
        Kind::Bench | Kind::Cabinet | Kind::Bush | Kind::Bollard => Strip::Pavement,
        Kind::Van | Kind::Rider => Strip::Road,
        Kind::Car => *[Strip::Road, Strip::RoadEdge]
            .choose(rng)
            .unwrap_or(&Strip::Road),
        Kind::Bicycle | Kind::Garbage => *[Strip::Pavement, Strip::Pavement, Strip::RoadEdge]
            .choose(rng)
            .unwrap_or(&Strip::Pavement),
        Kind::Stall => *[Strip::Pavement, Strip::RoadEdge]
            .choose(rng)
            .unwrap_or(&Strip::Pavement),
        Kind::Water => *[Strip::Road, Strip::RoadEdge]
            .choose(rng)
            .unwrap_or(&Strip::Road),
        Kind::Cover | Kind::OpenCover => *[Strip::Road, Strip::Road, Strip::Pavement]
            .choose(rng)
            .unwrap_or(&Strip::Road),
        Kind::Person | Kind::Scrap | Kind::Cone => Strip::Anywhere,
    }
}

/// Which way a thing looks that stands on this side of the street (1: left), radians.
pub(super) fn faces(kind: Kind, side: f32) -> f32 {
    if kind == Kind::Lamp {
        // reaches over the road
        -side * std::f32::consts::FRAC_PI_2
    } else if kind == Kind::Sign || side < 0.0 {
        std::f32::consts::PI
    } else {
        0.0
    }
}

/// Half of the room a thing keeps free around it, metres.
pub(super) fn room_m(kind: Kind) -> f32 {
    match kind {
        Kind::Car => 2.0,
        Kind::Van => 2.4,
        Kind::Stall => 1.5,
        Kind::Water => 1.6,
        Kind::Garbage | Kind::Overflow | Kind::Bush => 1.1,
        Kind::Bin | Kind::Bicycle | Kind::Rider | Kind::Bench | Kind::Cover | Kind::OpenCover => {
            0.7
        }
        Kind::Tree | Kind::Cabinet => 0.6,
        Kind::Lamp
        | Kind::Hydrant
        | Kind::Sign
        | Kind::Bollard
        | Kind::Cone
        | Kind::Person
        | Kind::Scrap => 0.35,
    }
}

/// Whether a tall thing would stand right before the lens.
pub(super) fn in_the_way(camera: &Pinhole, kind: Kind, x: f32, y: f32) -> bool {
    let near_m = if kind == Kind::Tree {
        15.0
    } else if matches!(kind, Kind::Lamp | Kind::Sign) {
        7.0
    } else if matches!(kind, Kind::Van | Kind::Stall) {
        6.0
    } else {
        2.5
    };
    (x - camera.at.x).hypot(y - camera.at.y) < near_m
}
