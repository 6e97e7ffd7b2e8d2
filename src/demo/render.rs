//! Scene in, picture out.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use rayon::prelude::*;
use tiny_skia::Pixmap;

use super::backdrop::Backdrop;
use super::brush::Canvas;
use super::color::byte;
use super::grain::{hash2, speckle};
use super::pinhole::Pinhole;
use super::puddle::Puddle;
use super::scene::{Kind, Lens, Scene, Thing};
use super::shadow::ShadowMask;
use super::truth::{Owners, TrueBox};
use super::vector::{Stand, Vec3, v3};
use super::{furniture, incident, traffic};

/// A finished picture and, when asked for, what is in it.
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    rgb: Vec<u8>,
    quality: u8,
    pub(super) truth: Vec<TrueBox>,
}

impl Picture {
    /// The picture as a baseline JPEG.
    pub(super) fn jpeg(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(256 << 10);
        JpegEncoder::new_with_quality(&mut bytes, self.quality).encode(
            &self.rgb,
            self.width,
            self.height,
            ExtendedColorType::Rgb8,
        )?;
        Ok(bytes)
    }
}

/// Draws the scene as the camera sees it. `None` for a picture without pixels.
pub(super) fn render(scene: &Scene, camera: &Pinhole, with_truth: bool) -> Option<Picture> {
    let mut picture = Pixmap::new(camera.width, camera.height)?;
    let shadows = shadows(scene, camera)?;
    let backdrop = Backdrop {
        scene,
        camera,
        shadows: &shadows,
        puddles: scene.things.iter().filter_map(Puddle::of).collect(),
    };
    backdrop.paint(&mut picture);
    let owners = if with_truth {
        Owners::new(camera.width, camera.height)
    } else {
        None
    };
    let mut canvas = Canvas {
        camera,
        light: scene.light,
        picture: &mut picture,
        owners,
        shade: 0.0,
    };
    for thing in painting_order(scene, camera) {
        paint(&mut canvas, &shadows, thing);
    }
    let truth = canvas.owners.take().map_or_else(Vec::new, |o| o.boxes());
    Some(Picture {
        width: camera.width,
        height: camera.height,
        rgb: develop(&picture, &scene.lens),
        quality: scene.lens.quality,
        truth,
    })
}

/// What lies flat first, then from far to near; what is behind the camera is left out.
fn painting_order<'a>(scene: &'a Scene, camera: &Pinhole) -> Vec<&'a Thing> {
    let depth = |thing: &Thing| camera.depth(v3(thing.x, thing.y, 0.0));
    let mut order: Vec<&Thing> = scene
        .things
        .iter()
        .filter(|thing| (-3.0..120.0).contains(&depth(thing)))
        .collect();
    order.sort_by(|a, b| {
        b.kind
            .is_flat()
            .cmp(&a.kind.is_flat())
            .then(depth(b).total_cmp(&depth(a)))
    });
    order
}

fn paint(canvas: &mut Canvas<'_>, shadows: &ShadowMask, thing: &Thing) {
    // what stands throws a shadow itself: it is dark only if the ground towards the sun is too
    let aside = if thing.kind.is_flat() { 0.0 } else { 1.6 };
    let sun = canvas.light.sun;
    let foot =
        canvas
            .camera
            .pixel_from_scene(v3(thing.x + sun.x * aside, thing.y + sun.y * aside, 0.0));
    canvas.shade = foot.map_or(0.0, |pixel| shadows.at(pixel));
    canvas.begin_thing();
    match thing.kind {
        Kind::Lamp => furniture::lamp(canvas, thing),
        Kind::Tree => furniture::tree(canvas, thing),
        Kind::Bench => furniture::bench(canvas, thing),
        Kind::Hydrant => furniture::hydrant(canvas, thing),
        Kind::Sign => furniture::sign(canvas, thing),
        Kind::Cabinet => furniture::cabinet(canvas, thing),
        Kind::Bollard => furniture::bollard(canvas, thing),
        Kind::Cone => furniture::cone(canvas, thing),
        Kind::Bush => furniture::bush(canvas, thing),
        Kind::Bin => furniture::bin(canvas, thing, false),
        Kind::Cover => furniture::closed_cover(canvas, thing),
        Kind::Car => traffic::car(canvas, thing),
        Kind::Van => traffic::van(canvas, thing),
        Kind::Bicycle => traffic::bicycle(canvas, thing),
        Kind::Rider => traffic::rider(canvas, thing),
        Kind::Person => traffic::person(canvas, thing),
        Kind::Scrap => incident::scrap(canvas, thing),
        Kind::Overflow => incident::overflow(canvas, thing),
        Kind::Garbage => incident::garbage(canvas, thing),
        Kind::Stall => incident::stall(canvas, thing),
        Kind::Water => incident::water(canvas, thing),
        Kind::OpenCover => incident::open_cover(canvas, thing),
    }
    if let (Some(owners), Some(label)) = (&mut canvas.owners, thing.kind.label()) {
        owners.claim(label);
    }
}

/// Half lengths and height of what throws a box-shaped shadow.
fn bulk(kind: Kind, seed: u32) -> Option<(f32, f32, f32)> {
    match kind {
        Kind::Car => Some(traffic::car_size()),
        Kind::Van => Some(traffic::van_size()),
        Kind::Bin | Kind::Overflow => Some(furniture::bin_size(seed)),
        Kind::Lamp => Some((0.07, 0.07, 8.0)),
        Kind::Sign => Some((0.05, 0.25, 2.9)),
        Kind::Cabinet => Some((0.5, 0.28, 1.4)),
        Kind::Bench => Some((0.8, 0.25, 0.5)),
        Kind::Bollard => Some((0.09, 0.09, 0.75)),
        Kind::Hydrant => Some((0.13, 0.13, 0.7)),
        Kind::Cone => Some((0.1, 0.1, 0.6)),
        Kind::Bush => Some((1.0, 0.4, 0.7)),
        Kind::Person => Some((0.16, 0.2, 1.65)),
        Kind::Rider => Some((0.7, 0.2, 1.3)),
        Kind::Bicycle => Some((0.8, 0.04, 0.9)),
        Kind::Garbage => Some((0.8, 0.55, 0.4)),
        Kind::Stall => Some((0.95, 0.5, 0.8)),
        Kind::Tree | Kind::Scrap | Kind::Cover | Kind::Water | Kind::OpenCover => None,
    }
}

fn shadows(scene: &Scene, camera: &Pinhole) -> Option<ShadowMask> {
    let mut contact = ShadowMask::new(camera)?;
    let sun = scene.light.sun;
    let thrown = scene.light.has_sun();
    for thing in &scene.things {
        let foot = v3(thing.x, thing.y, 0.0);
        if !(-8.0..80.0).contains(&camera.depth(foot)) {
            continue;
        }
        if let Some((half_x, half_y, tall)) = bulk(thing.kind, thing.seed) {
            let stand = Stand::new(thing.x, thing.y, thing.yaw);
            let base = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
                .map(|(sx, sy)| stand.at(sx * half_x, sy * half_y, 0.0));
            if thrown {
                contact.add_prism(camera, sun, &base, tall);
            } else {
                contact.add(camera, &base);
            }
        }
        if thrown && matches!(thing.kind, Kind::Tree | Kind::Stall) {
            let (high, wide) = if thing.kind == Kind::Tree {
                (4.0, 1.5)
            } else {
                (2.1, 1.25)
            };
            let slip = v3(-sun.x, -sun.y, 0.0) * (high / sun.z.max(0.15));
            contact.add_disc(camera, foot + slip, (wide * 1.15, wide * 0.95));
        }
    }
    if thrown {
        for (row, houses) in scene.street.houses.iter().enumerate() {
            let y = scene.street.front_m() * if row == 0 { 1.0 } else { -1.0 };
            // only the row that stands between the sun and the street darkens it
            if (sun.y > 0.0) != (row == 0) {
                continue;
            }
            for house in houses {
                let base: Vec<Vec3> = vec![v3(house.from_x, y, 0.0), v3(house.to_x, y, 0.0)];
                contact.add_prism(camera, sun, &base, house.height_m);
            }
        }
    }
    contact.soften((camera.width / 420).max(1) as usize);
    Some(contact)
}

/// What lens and sensor make of the light: fall-off to the corners, exposure, noise.
fn develop(picture: &Pixmap, lens: &Lens) -> Vec<u8> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut rgb = vec![0_u8; width * height * 3];
    rgb.par_chunks_exact_mut(width * 3)
        .zip(picture.data().par_chunks_exact(width * 4))
        .enumerate()
        .for_each(|(row, (out, pixels))| {
            let v = row as f32 / height as f32 * 2.0 - 1.0;
            let own = hash2(
                i32::try_from(row).unwrap_or_default(),
                lens.seed.cast_signed(),
            );
            let pixels = out.chunks_exact_mut(3).zip(pixels.chunks_exact(4));
            for ((column, (to, from)), bell) in pixels.enumerate().zip(speckle(own, width)) {
                let u = column as f32 / width as f32 * 2.0 - 1.0;
                let gain = lens.exposure * (1.0 - lens.vignette * (u * u + v * v) * 0.5) / 255.0;
                for channel in 0..3 {
                    let value = f32::from(from[channel]) * gain * lens.white[channel];
                    // shoulders instead of a hard clip
                    let toned = value / (1.0 + (value - 0.82).max(0.0) * 0.6);
                    to[channel] = byte(toned + bell * lens.noise * 2.0);
                }
            }
        });
    rgb
}
