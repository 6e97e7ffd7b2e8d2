//! Paints what surrounds the things: ground, fronts and sky, one ray per pixel.

use rayon::prelude::*;
use tiny_skia::Pixmap;

use super::color::{Rgb, byte, mix, scale};
use super::front::{HOUSE_DEPTH_M, front_color, side_wall};
use super::ground_paint::ground_color;
use super::pinhole::Pinhole;
use super::puddle::Puddle;
use super::scene::Scene;
use super::shadow::ShadowMask;
use super::vector::{Vec3, v3};

/// What a ray meets first.
pub(super) struct Backdrop<'a> {
    pub(super) scene: &'a Scene,
    pub(super) camera: &'a Pinhole,
    pub(super) shadows: &'a ShadowMask,
    pub(super) puddles: Vec<Puddle>,
}

impl Backdrop<'_> {
    /// Fills the whole picture.
    pub(super) fn paint(&self, picture: &mut Pixmap) {
        let width = self.camera.width as usize;
        picture
            .data_mut()
            .par_chunks_exact_mut(width * 4)
            .enumerate()
            .for_each(|(row, pixels)| {
                for (column, pixel) in pixels.chunks_exact_mut(4).enumerate() {
                    let at = (column as f32 + 0.5, row as f32 + 0.5);
                    let color = self.seen_at(at);
                    pixel[0] = byte(color[0]);
                    pixel[1] = byte(color[1]);
                    pixel[2] = byte(color[2]);
                    pixel[3] = 255;
                }
            });
    }

    fn seen_at(&self, pixel: (f32, f32)) -> Rgb {
        let ray = self.camera.ray(pixel.0, pixel.1);
        let reach = self.camera.at.z / -ray.z;
        let on_ground = self.camera.at + ray * reach;
        let street = &self.scene.street;
        let inside = on_ground.y.abs() <= street.front_m();
        if ray.z < -1e-4 && inside {
            let slant = ray.length();
            // metres one pixel covers along the view
            let footprint = reach / self.camera.focal_px * slant * (slant / -ray.z).min(12.0);
            let shadow = self.shadows.at(pixel);
            let dry = ground_color(self.scene, on_ground, footprint, shadow);
            let color = self.wet(dry, on_ground, ray, footprint);
            return self.scene.light.through_air(color, reach * slant);
        }
        self.upright(self.camera.at, ray)
    }

    /// The front, the side street or the sky a ray from `from` meets.
    fn upright(&self, from: Vec3, ray: Vec3) -> Rgb {
        let light = &self.scene.light;
        let street = &self.scene.street;
        let side = if ray.y > 0.0 { 1.0 } else { -1.0 };
        let reach = (side * street.front_m() - from.y) / ray.y;
        if reach.is_finite() && reach > 0.0 && reach < 900.0 {
            let hit = from + ray * reach;
            let footprint = reach / self.camera.focal_px;
            if let Some(color) = front_color(self.scene, hit, side, footprint) {
                return light.through_air(color, reach * ray.length());
            }
            if let Some((color, reach)) = self.through_gap(from, ray, hit, side) {
                return light.through_air(color, reach * ray.length());
            }
        }
        let up = (ray.z / ray.length()).clamp(0.0, 1.0);
        mix(light.haze, light.sky, up * 4.0)
    }

    /// What a ray meets that passes between two houses: the wall of the next one, or the ground
    /// of the side street; with the ray's reach.
    fn through_gap(&self, from: Vec3, ray: Vec3, hit: Vec3, side: f32) -> Option<(Rgb, f32)> {
        let row = usize::from(side < 0.0);
        let houses = &self.scene.street.houses[row];
        if houses.iter().any(|h| hit.x >= h.from_x && hit.x < h.to_x) {
            return None;
        }
        let light = &self.scene.light;
        let next = if ray.x > 0.0 {
            houses.iter().find(|h| h.from_x >= hit.x)
        } else {
            houses.iter().rev().find(|h| h.to_x <= hit.x)
        };
        if let Some(house) = next {
            let wall_x = if ray.x > 0.0 {
                house.from_x
            } else {
                house.to_x
            };
            let reach = (wall_x - from.x) / ray.x;
            let there = from + ray * reach;
            let deep = there.y.abs() - self.scene.street.front_m();
            if reach.is_finite() && deep < HOUSE_DEPTH_M && (0.0..house.height_m).contains(&there.z)
            {
                let normal = v3(-ray.x.signum(), 0.0, 0.0);
                let flat = side_wall(house, deep, there.z, reach / self.camera.focal_px);
                return Some((light.on(flat, normal, 0.4), reach));
            }
        }
        let down = from.z / -ray.z;
        (ray.z < -1e-4).then(|| {
            let ground = from + ray * down;
            let footprint = down / self.camera.focal_px * 3.0;
            (ground_color(self.scene, ground, footprint, 0.3), down)
        })
    }

    fn wet(&self, dry: Rgb, ground: Vec3, ray: Vec3, footprint: f32) -> Rgb {
        let mut color = dry;
        for puddle in &self.puddles {
            let depth = puddle.depth_at(ground.x, ground.y, footprint);
            if depth <= 0.0 {
                continue;
            }
            let damp = scale(dry, 0.62);
            color = mix(color, damp, (depth * 2.5).min(1.0));
            let film = ((depth - 0.4) * 3.0).clamp(0.0, 1.0);
            if film > 0.0 {
                let ripple = puddle.ripple_at(ground.x, ground.y);
                let mirrored = v3(ray.x + ripple.0, ray.y + ripple.1, -ray.z);
                let grazing = 1.0 - (-ray.z / ray.length()).clamp(0.0, 1.0);
                let share = 0.36 + 0.5 * grazing * grazing;
                let mirror = self.upright(ground, mirrored);
                color = mix(color, mix(scale(dry, 0.45), mirror, share), film);
            }
        }
        color
    }
}
