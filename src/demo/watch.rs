//! Where the cameras of the demo city stand, and what they are given to watch.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::color::narrow;
use super::equipment::{BIN, Clearing, Component, SEWAGE_COVER};
use super::pinhole::Pinhole;
use super::plan::{Plan, Rank, Street};
use super::plane::{along, distance_m, heading, length_m, moved};
use super::units::role;
use super::vector::v3;
use crate::space::LocalPoint;

/// Size of the pictures of the demo cameras, pixels.
pub(super) const PICTURE_PX: (u32, u32) = (1280, 720);
pub(super) const CAMERAS: usize = 12;
/// Control points per camera.
const PAIRS: usize = 8;
/// Nearest two cameras may be, metres.
const APART_M: f64 = 300.0;

/// A camera on a pole at the kerb, and the piece of street before it.
///
/// Scene metres: x along the street from the pole's foot, y to the left, z up.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Post {
    /// The place in the middle of the street that is the origin of the scene.
    pub(super) origin: LocalPoint,
    /// Direction of the scene's x axis, radians counter-clockwise from east.
    pub(super) course: f64,
    pub(super) rank: Rank,
    /// The street it watches: an index into the street names.
    pub(super) street: usize,
    /// How far ahead the next side street is, metres.
    pub(super) crossing_m: f32,
    /// 1: the pole stands on the left side, −1: on the right.
    pub(super) side: f32,
    pub(super) height_m: f32,
    /// Radians; see [`Pinhole::new`].
    yaw: f32,
    tilt: f32,
    /// Focal length as a multiple of the picture's width.
    focal: f32,
    /// Bins and manholes it sees: class and scene x, y.
    pub(super) watched: Vec<(&'static str, f32, f32)>,
    /// Pixel and ground place of each control point.
    pub(super) pairs: Vec<(f64, f64, LocalPoint)>,
}

impl Post {
    pub(super) fn pinhole(&self) -> Pinhole {
        let (road_half, ..) = self.rank.profile();
        Pinhole::new(
            v3(0.0, self.side * (road_half + 0.5), self.height_m),
            self.yaw,
            self.tilt,
            self.focal,
            PICTURE_PX,
        )
    }

    /// Scene place to city metres.
    pub(super) fn city_from_scene(&self, x: f32, y: f32) -> LocalPoint {
        moved(self.origin, self.course, f64::from(x), f64::from(y))
    }

    /// Where the pole stands.
    pub(super) fn foot(&self) -> LocalPoint {
        let at = self.pinhole().at;
        self.city_from_scene(at.x, at.y)
    }

    /// What has to stay free before it.
    pub(super) fn clearing(&self) -> Clearing {
        Clearing {
            place: self.city_from_scene(16.0, 0.0),
            radius_m: 19.0,
        }
    }

    /// The components it watches.
    pub(super) fn components(&self) -> impl Iterator<Item = Component> {
        self.watched.iter().map(|&(class, x, y)| Component {
            class,
            place: self.city_from_scene(x, y),
            maintenance: Some(if class == BIN {
                role::SANITATION
            } else {
                role::WATER
            }),
            owner: (class == SEWAGE_COVER).then_some(role::WATER),
        })
    }
}

/// Puts the cameras on straight pieces of street, far from each other.
pub(super) fn posts(rng: &mut ChaCha8Rng, plan: &Plan) -> Vec<Post> {
    let mut streets: Vec<&Street> = plan.streets.iter().filter(|s| is_straight(s)).collect();
    streets.shuffle(rng);
    let mut posts: Vec<Post> = Vec::new();
    let mut apart_m = APART_M;
    while posts.len() < CAMERAS && apart_m > 60.0 {
        for street in &streets {
            let most = match street.rank {
                Rank::Major => 4,
                Rank::Minor => 5,
                Rank::Lane => 3,
            };
            let alike = posts.iter().filter(|post| post.rank == street.rank).count();
            let near = posts
                .iter()
                .any(|post| distance_m(post.origin, street.line[0]) < apart_m);
            if posts.len() < CAMERAS && alike < most && !near {
                posts.push(post(rng, street));
            }
        }
        apart_m *= 0.7;
    }
    posts
}

/// Straight for as far as a camera watches.
fn is_straight(street: &Street) -> bool {
    let total_m = length_m(&street.line);
    let bend = |from: f64, to: f64| {
        let (a, b) = (along(&street.line, from).1, along(&street.line, to).1);
        (a - b).sin().abs()
    };
    !street.bridge && total_m > 78.0 && bend(14.0, 50.0) < 0.05
}

fn post(rng: &mut ChaCha8Rng, street: &Street) -> Post {
    let (origin, _) = along(&street.line, 14.0);
    let (ahead, _) = along(&street.line, 46.0);
    let side: f32 = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    let (road_half, ..) = street.rank.profile();
    let inward: f32 = 0.10 + 0.016 * road_half + rng.random_range(-0.03..0.05);
    let mut post = Post {
        origin,
        course: heading(origin, ahead),
        rank: street.rank,
        street: street.name,
        crossing_m: narrow(length_m(&street.line)) - 14.0,
        side,
        height_m: rng.random_range(6.2..8.0),
        yaw: -side * inward,
        tilt: rng.random_range(21.0_f32..27.0).to_radians(),
        focal: rng.random_range(0.70..0.84),
        watched: Vec::new(),
        pairs: Vec::new(),
    };
    post.watched = watched(rng, &post, road_half);
    post.pairs = pairs(rng, &post);
    post
}

/// Bins at the kerb and manholes in the road, where the camera sees them well.
fn watched(rng: &mut ChaCha8Rng, post: &Post, road_half: f32) -> Vec<(&'static str, f32, f32)> {
    let camera = post.pinhole();
    let seen = |x: f32, y: f32| {
        camera
            .pixel_from_scene(v3(x, y, 0.0))
            .is_some_and(|(px, py)| (90.0..1190.0).contains(&px) && (210.0..650.0).contains(&py))
    };
    let mut found = Vec::new();
    let mut x = 8.5;
    while x < 32.0 {
        for side in [post.side, -post.side] {
            let y = side * (road_half + 0.8);
            if seen(x, y)
                && found
                    .iter()
                    .filter(|f: &&(&str, f32, f32)| f.0 == BIN)
                    .count()
                    < 5
            {
                found.push((BIN, x, y));
                break;
            }
        }
        x += rng.random_range(4.5..6.5);
    }
    let mut x = 7.0;
    while x < 23.0 {
        let y = rng.random_range(-0.75..0.75) * road_half;
        if seen(x, y) {
            found.push((SEWAGE_COVER, x, y));
        }
        x += rng.random_range(2.6..4.2);
    }
    found
}

/// Control points spread over the picture, each clicked about a pixel off.
fn pairs(rng: &mut ChaCha8Rng, post: &Post) -> Vec<(f64, f64, LocalPoint)> {
    let camera = post.pinhole();
    let (width, height) = (PICTURE_PX.0 as f32, PICTURE_PX.1 as f32);
    let wanted = [
        (0.12, 0.93),
        (0.52, 0.90),
        (0.90, 0.94),
        (0.25, 0.66),
        (0.76, 0.64),
        (0.15, 0.45),
        (0.50, 0.40),
        (0.84, 0.43),
    ];
    wanted
        .iter()
        .take(PAIRS)
        .map(|&(u, v)| {
            let ground = camera.ground_from_pixel(u * width, v * height);
            let (x, y) = camera
                .pixel_from_scene(ground)
                .unwrap_or((u * width, v * height));
            let mut click = |value: f32| f64::from(value) + bell(rng);
            let pixel = (click(x), click(y));
            (pixel.0, pixel.1, post.city_from_scene(ground.x, ground.y))
        })
        .collect()
}

/// A number around 0 with standard deviation 1: the sum of twelve uniform ones.
fn bell(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random_range(-0.5..0.5)).sum()
}

/// City metres to the scene of a post.
pub(super) fn scene_from_city(post: &Post, place: LocalPoint) -> (f32, f32) {
    let (de, dn) = (
        place.east_m - post.origin.east_m,
        place.north_m - post.origin.north_m,
    );
    let (sin, cos) = post.course.sin_cos();
    (narrow(de * cos + dn * sin), narrow(dn * cos - de * sin))
}
