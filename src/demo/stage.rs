//! The demo cameras' pictures: what goes on in the city at a moment, drawn.

use anyhow::Context as _;
use chrono::{DateTime, Timelike, Utc};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::city::City;
use super::color::{narrow, step};
use super::grain::{hash2, roll};
use super::light::Light;
use super::render::render;
use super::scene::{Kind, Lens, Scene, Street, Thing};
use super::schedule::Schedule;
use super::site::Site;
use crate::space::GroundPoint;

/// Everything needed to draw any demo camera at any time.
#[derive(Debug)]
pub struct Stage {
    seed: u32,
    sites: Vec<Site>,
    schedule: Schedule,
}

/// Something that goes on, as it truly is.
#[derive(Debug, Clone, PartialEq)]
pub struct Staged {
    /// Number of the camera that sees it, from 0.
    pub camera: usize,
    /// The detector's word for it.
    pub label: &'static str,
    pub place: GroundPoint,
    /// Which event it is since 1970.
    pub number: i64,
}

impl Stage {
    pub fn of(city: &City) -> Self {
        let sites: Vec<Site> = city
            .posts
            .iter()
            .zip(100_u64..)
            .map(|(post, stream)| {
                let mut rng = ChaCha8Rng::seed_from_u64(city.seed);
                rng.set_stream(stream);
                Site::new(city, post, &mut rng)
            })
            .collect();
        let spots = sites.iter().map(|site| site.spots.len()).collect();
        Self {
            seed: u32::try_from(city.seed & 0xFFFF_FFFF).unwrap_or_default(),
            schedule: Schedule::new(city.seed, spots),
            sites,
        }
    }

    pub fn cameras(&self) -> usize {
        self.sites.len()
    }

    /// What goes on at a moment.
    pub fn staged(&self, at: DateTime<Utc>) -> Vec<Staged> {
        self.schedule
            .at(at.timestamp_millis())
            .into_iter()
            .filter_map(|turn| {
                let site = &self.sites[turn.camera];
                let spot = site.spots[turn.spot];
                let place = site.post.city_from_scene(spot.x, spot.y);
                Some(Staged {
                    camera: turn.camera,
                    label: spot.kind.label()?,
                    place: City::frame().ground_from_local(place),
                    number: turn.number,
                })
            })
            .collect()
    }

    /// The JPEG a camera (numbered from 0) makes at a moment.
    pub fn frame(&self, camera: usize, at: DateTime<Utc>) -> anyhow::Result<Vec<u8>> {
        let site = self
            .sites
            .get(camera)
            .context("there is no such demo camera")?;
        let scene = self.scene(camera, site, at);
        let picture = render(&scene, &site.camera, false).context("a picture needs pixels")?;
        picture.jpeg()
    }

    fn scene(&self, camera: usize, site: &Site, at: DateTime<Utc>) -> Scene {
        let now_ms = at.timestamp_millis();
        let camera_key = i32::try_from(camera).unwrap_or_default();
        let own = hash2(self.seed.cast_signed(), camera_key);
        let mut things = site.fixed.clone();
        for turn in self.schedule.at(now_ms) {
            if turn.camera != camera {
                continue;
            }
            let spot = site.spots[turn.spot];
            // a bin that overflows stands where it stood; so does a manhole
            things.retain(|thing| (thing.x - spot.x).hypot(thing.y - spot.y) > 0.05);
            things.push(spot);
        }
        things.extend(parked(&site.street, own, now_ms, &site.spots));
        things.extend(passing(&site.street, own, now_ms));
        things.extend(walking(&site.street, own, now_ms));
        let light = light(own, site, at);
        let frame_key = i32::try_from(now_ms.rem_euclid(1 << 30)).unwrap_or_default();
        let lens = Lens {
            vignette: 0.12 + 0.12 * roll(own, 3),
            noise: 0.005 + 0.012 * light.lamps,
            exposure: 1.12 + 0.12 * roll(own, 4) + 0.2 * light.lamps,
            white: [0.98 + 0.05 * roll(own, 5), 1.0, 0.98 + 0.05 * roll(own, 6)],
            quality: 80,
            seed: hash2(own.cast_signed(), frame_key),
        };
        Scene {
            street: site.street.clone(),
            things,
            light,
            lens,
        }
    }
}

/// Sun and sky over the camera at the hour of China Standard Time.
fn light(own: u32, site: &Site, at: DateTime<Utc>) -> Light {
    let minute = (at.hour() + 8) % 24 * 60 + at.minute();
    let hour = minute as f32 / 60.0;
    // from east over south to west, seen from the scene's own x axis
    let day = (hour - 6.0) / 12.0;
    let azimuth = -day * std::f32::consts::PI - narrow(site.post.course);
    let elevation = (day * std::f32::consts::PI).sin() * 0.95;
    if elevation < 0.12 {
        return Light::dusk(azimuth, ((0.12 - elevation) * 2.2).clamp(0.0, 0.8));
    }
    // the weather of three hours, a little different over each camera
    let spell = i32::try_from(at.timestamp() / 10_800 % (1 << 30)).unwrap_or_default();
    let cloud = roll(hash2(spell, 17), 1) * 1.2 - 0.2 + 0.1 * roll(own, 8);
    Light::day(azimuth, elevation.max(0.3), cloud.clamp(0.0, 1.0))
}

/// Where something is that goes round a loop of `loop_m` metres at `speed` metres a second.
fn lap(now_ms: i64, speed: f32, start: f32, loop_m: f32) -> f32 {
    let metres = now_ms as f64 / 1000.0 * f64::from(speed) + f64::from(start);
    narrow(metres.rem_euclid(f64::from(loop_m)))
}

/// Cars at the kerb that change from hour to hour and leave the spots free.
fn parked(street: &Street, own: u32, now_ms: i64, spots: &[Thing]) -> Vec<Thing> {
    let hour = i32::try_from(now_ms / 3_600_000 % (1 << 24)).unwrap_or_default();
    (0..10_i32)
        .filter_map(|n| {
            let seed = hash2(own.cast_signed() ^ n, hour / 2);
            let side = if n % 2 == 0 { 1.0 } else { -1.0 };
            let car = Thing {
                kind: if roll(seed, 1) < 0.85 {
                    Kind::Car
                } else {
                    Kind::Van
                },
                x: 10.0 + 5.6 * n as f32 + 2.0 * roll(seed, 2),
                y: side * (street.road_half_m - 1.25),
                yaw: if side < 0.0 {
                    0.0
                } else {
                    std::f32::consts::PI
                },
                seed,
            };
            let free = spots
                .iter()
                .all(|spot| (spot.x - car.x).hypot(spot.y - car.y) > 4.2);
            (roll(seed, 3) < 0.6 && free && !street.is_crossing(car.x)).then_some(car)
        })
        .collect()
}

/// Traffic keeps to the right: away from the camera on the right side, towards it on the left.
fn passing(street: &Street, own: u32, now_ms: i64) -> Vec<Thing> {
    let lanes = i32::from(street.lanes.max(1));
    (0..8 + 4 * lanes)
        .map(|n| {
            let seed = hash2(own.cast_signed(), 500 + n);
            let side = if n % 2 == 0 { -1.0 } else { 1.0 };
            let kind = match step(roll(seed, 1) * 10.0) {
                0..=4 => Kind::Car,
                5 => Kind::Van,
                _ => Kind::Rider,
            };
            let lane = if kind == Kind::Rider {
                lanes - 1
            } else {
                n / 2 % lanes
            };
            let lane_m = street.road_half_m / lanes as f32;
            let along = lap(
                now_ms,
                5.0 + 5.0 * roll(seed, 2),
                400.0 * roll(seed, 3),
                310.0,
            ) - 60.0;
            Thing {
                kind,
                x: -side * along + if side > 0.0 { 170.0 } else { 0.0 },
                y: side * (lane as f32 + 0.42 + 0.2 * roll(seed, 4)) * lane_m,
                yaw: if side < 0.0 {
                    0.0
                } else {
                    std::f32::consts::PI
                },
                seed,
            }
        })
        .collect()
}

/// People on the pavements, and bicycles that lean there.
fn walking(street: &Street, own: u32, now_ms: i64) -> Vec<Thing> {
    (0..18_i32)
        .map(|n| {
            let seed = hash2(own.cast_signed(), 900 + n);
            let side = if n % 2 == 0 { 1.0 } else { -1.0 };
            let away = roll(seed, 1) < 0.5;
            let along = lap(
                now_ms,
                0.8 + 0.6 * roll(seed, 2),
                160.0 * roll(seed, 3),
                130.0,
            ) - 20.0;
            let aside = street.road_half_m + street.pavement_m * (0.55 + 0.35 * roll(seed, 4));
            let leans = n >= 13;
            Thing {
                kind: if leans { Kind::Bicycle } else { Kind::Person },
                x: match (leans, away) {
                    (true, _) => 12.0 + 40.0 * roll(seed, 5),
                    (false, true) => along,
                    (false, false) => 90.0 - along,
                },
                y: side * aside,
                yaw: if away { 0.0 } else { std::f32::consts::PI },
                seed,
            }
        })
        .collect()
}
