//! Soft shadows on the ground: every thing's outline thrown along the sun, then blurred.

use tiny_skia::{FillRule, Mask, PathBuilder, Transform};

use super::pinhole::{NEAR_M, Pinhole};
use super::vector::{Vec3, v3};

/// How dark the ground is at each place of the picture; kept at a third of its size.
pub(super) struct ShadowMask {
    mask: Mask,
    scale: f32,
}

/// Picture pixels per mask pixel.
const COARSE: u32 = 2;

impl ShadowMask {
    pub(super) fn new(camera: &Pinhole) -> Option<Self> {
        let mask = Mask::new(
            camera.width.div_ceil(COARSE),
            camera.height.div_ceil(COARSE),
        )?;
        Some(Self {
            mask,
            scale: 1.0 / COARSE as f32,
        })
    }

    /// Adds an outline that lies on the ground.
    pub(super) fn add(&mut self, camera: &Pinhole, outline: &[Vec3]) {
        let Some(path) = flat_path(camera, outline) else {
            return;
        };
        let shrink = Transform::from_scale(self.scale, self.scale);
        self.mask.fill_path(&path, FillRule::Winding, true, shrink);
    }

    /// Adds the shadow of an upright pole or of a box: base outline and height.
    pub(super) fn add_prism(&mut self, camera: &Pinhole, sun: Vec3, base: &[Vec3], height_m: f32) {
        let slip = v3(-sun.x, -sun.y, 0.0) * (height_m / sun.z.max(0.15));
        let top: Vec<Vec3> = base.iter().map(|&corner| corner + slip).collect();
        self.add(camera, base);
        self.add(camera, &top);
        for index in 0..base.len() {
            let next = (index + 1) % base.len();
            self.add(camera, &[base[index], base[next], top[next], top[index]]);
        }
    }

    /// A round shadow, such as a crown's or the dark below a thing.
    pub(super) fn add_disc(&mut self, camera: &Pinhole, middle: Vec3, radius: (f32, f32)) {
        let outline: Vec<Vec3> = (0..20_u8)
            .map(|n| {
                let angle = f32::from(n) * std::f32::consts::TAU / 20.0;
                v3(
                    middle.x + radius.0 * angle.cos(),
                    middle.y + radius.1 * angle.sin(),
                    0.0,
                )
            })
            .collect();
        self.add(camera, &outline);
    }

    /// Three box blurs: close to a bell curve.
    pub(super) fn soften(&mut self, radius_px: usize) {
        let (width, height) = (self.mask.width() as usize, self.mask.height() as usize);
        let data = self.mask.data_mut();
        let mut line = vec![0_u8; width.max(height)];
        for _ in 0..2 {
            for row in 0..height {
                blur(data, row * width, 1, width, radius_px, &mut line);
            }
            for column in 0..width {
                blur(data, column, width, height, radius_px, &mut line);
            }
        }
    }

    /// 0 lit to 1 dark.
    pub(super) fn at(&self, pixel: (f32, f32)) -> f32 {
        let column = super::color::step(pixel.0 * self.scale);
        let row = super::color::step(pixel.1 * self.scale);
        let width = self.mask.width().cast_signed();
        usize::try_from(row * width + column)
            .ok()
            .and_then(|index| self.mask.data().get(index))
            .map_or(0.0, |&value| f32::from(value) / 255.0)
    }
}

fn blur(
    data: &mut [u8],
    start: usize,
    stride: usize,
    count: usize,
    radius: usize,
    line: &mut [u8],
) {
    for (index, value) in line[..count].iter_mut().enumerate() {
        *value = data[start + index * stride];
    }
    let span = 2 * radius + 1;
    let at = |index: usize| usize::from(line[index.clamp(radius, count + radius - 1) - radius]);
    let mut sum: usize = (0..span).map(at).sum();
    for index in 0..count {
        data[start + index * stride] = u8::try_from(sum / span).unwrap_or(u8::MAX);
        sum = sum + at(index + span) - at(index);
    }
}

/// The outline in pixels, cut at the near plane.
pub(super) fn flat_path(camera: &Pinhole, outline: &[Vec3]) -> Option<tiny_skia::Path> {
    let mut builder = PathBuilder::new();
    let mut started = false;
    for (index, &point) in outline.iter().enumerate() {
        let before = outline[(index + outline.len() - 1) % outline.len()];
        let (depth, depth_before) = (camera.depth(point), camera.depth(before));
        let mut put = |place: Vec3| {
            if let Some((x, y)) = camera.pixel_from_scene(place) {
                // far outside means the same as a little outside, and keeps the rasteriser quick
                let (x, y) = (x.clamp(-9000.0, 9000.0), y.clamp(-9000.0, 9000.0));
                if started {
                    builder.line_to(x, y);
                } else {
                    builder.move_to(x, y);
                    started = true;
                }
            }
        };
        if (depth < NEAR_M) != (depth_before < NEAR_M) {
            put(before.toward(point, (NEAR_M - depth_before) / (depth - depth_before)));
        }
        if depth >= NEAR_M {
            put(point);
        }
    }
    if !started {
        return None;
    }
    builder.close();
    builder.finish()
}
