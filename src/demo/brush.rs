//! The canvas things are painted on: faces, tubes, balls and bags in scene metres.
//!
//! While it paints, it can keep a second picture that knows which thing each pixel belongs to;
//! the truth about what is visible is read from that.

use tiny_skia::{
    Color, FillRule, GradientStop, LinearGradient, Paint, Path, PathBuilder, Pixmap, Point,
    RadialGradient, Shader, SpreadMode, Stroke, Transform,
};

use super::color::{Rgb, byte, scale};
use super::grain::roll;
use super::light::Light;
use super::pinhole::Pinhole;
use super::shadow::flat_path;
use super::truth::Owners;
use super::vector::{Vec3, v3};

pub(super) struct Canvas<'a> {
    pub(super) camera: &'a Pinhole,
    pub(super) light: Light,
    pub(super) picture: &'a mut Pixmap,
    /// Present when somebody wants the truth.
    pub(super) owners: Option<Owners>,
    /// How much of the sun the thing being painted misses, 0 to 1.
    pub(super) shade: f32,
}

impl Canvas<'_> {
    /// Colour of a face of the thing being painted, seen from the camera.
    pub(super) fn lit(&self, color: Rgb, normal: Vec3, at: Vec3) -> Rgb {
        let lit = self.light.on(color, normal, self.shade);
        self.light.through_air(lit, (at - self.camera.at).length())
    }

    /// A flat face whose corners go round counter-clockwise seen from outside; not painted when
    /// it looks away.
    pub(super) fn face(&mut self, corners: &[Vec3], color: Rgb) {
        let [a, b, c, ..] = corners else { return };
        let normal = (*b - *a).cross(*c - *a).unit();
        if normal.dot(self.camera.at - *a) <= 0.0 {
            return;
        }
        let color = self.lit(color, normal, *a);
        if let Some(path) = flat_path(self.camera, corners) {
            self.fill(&path, solid(color, 1.0));
        }
    }

    /// A flat outline that is seen from both sides; `normal` decides its light.
    pub(super) fn sheet(&mut self, corners: &[Vec3], normal: Vec3, color: Rgb, alpha: f32) {
        let Some(&first) = corners.first() else {
            return;
        };
        let color = self.lit(color, normal, first);
        if let Some(path) = flat_path(self.camera, corners) {
            self.fill(&path, solid(color, alpha));
        }
    }

    /// A body between two outlines of the same number of corners, both counter-clockwise seen
    /// from above.
    pub(super) fn body(&mut self, base: &[Vec3], top: &[Vec3], color: Rgb) {
        let count = base.len();
        for index in 0..count {
            let next = (index + 1) % count;
            self.face(&[base[index], base[next], top[next], top[index]], color);
        }
        self.face(top, color);
    }

    /// An upright tube.
    pub(super) fn tube(&mut self, foot: Vec3, radius: (f32, f32), height_m: f32, color: Rgb) {
        let base = ring(foot, radius.0, 12);
        let top = ring(foot + Vec3::UP * height_m, radius.1, 12);
        self.body(&base, &top, color);
    }

    /// A thick line between two places.
    pub(super) fn limb(&mut self, from: Vec3, to: Vec3, thick_m: f32, color: Rgb) {
        let (Some(a), Some(b)) = (
            self.camera.pixel_from_scene(from),
            self.camera.pixel_from_scene(to),
        ) else {
            return;
        };
        let depth = self.camera.depth(from.toward(to, 0.5));
        let normal = (self.camera.at - from).unit() + v3(0.0, 0.0, 0.3);
        let color = self.lit(color, normal.unit(), from);
        let mut builder = PathBuilder::new();
        builder.move_to(a.0, a.1);
        builder.line_to(b.0, b.1);
        let stroke = Stroke {
            width: (thick_m * self.camera.focal_px / depth).max(0.6),
            line_cap: tiny_skia::LineCap::Round,
            ..Stroke::default()
        };
        if let Some(path) = builder.finish().and_then(|path| path.stroke(&stroke, 1.0)) {
            self.fill(&path, solid(color, 1.0));
        }
    }

    /// A ball, lit from above and from the sun.
    pub(super) fn ball(&mut self, middle: Vec3, radius_m: f32, color: Rgb) {
        let depth = self.camera.depth(middle);
        let Some((x, y)) = self.camera.pixel_from_scene(middle) else {
            return;
        };
        let radius = radius_m * self.camera.focal_px / depth;
        if let Some(path) = PathBuilder::from_circle(x, y, radius.max(0.5)) {
            let shader = self.round_shade((x, y), radius, color, middle);
            self.fill(&path, shader);
        }
    }

    /// A closed outline around a middle, in the plane that faces the camera: `shape` gives the
    /// radius in metres for an angle from the picture's right, clockwise.
    pub(super) fn lump(&mut self, middle: Vec3, shape: impl Fn(f32) -> (f32, f32), color: Rgb) {
        let depth = self.camera.depth(middle);
        let Some((x, y)) = self.camera.pixel_from_scene(middle) else {
            return;
        };
        let per_m = self.camera.focal_px / depth;
        let mut builder = PathBuilder::new();
        let mut widest = 0.0_f32;
        for n in 0..14_u8 {
            let angle = f32::from(n) * std::f32::consts::TAU / 14.0;
            let (a, b) = shape(angle);
            widest = widest.max(a);
            let (px, py) = (x + a * per_m * angle.cos(), y + b * per_m * angle.sin());
            if n == 0 {
                builder.move_to(px, py);
            } else {
                builder.line_to(px, py);
            }
        }
        builder.close();
        if let Some(path) = builder.finish() {
            let shader = self.round_shade((x, y), widest * per_m, color, middle);
            self.fill(&path, shader);
        }
    }

    /// A ragged patch of one colour that faces the camera, such as a tuft of leaves.
    pub(super) fn tuft(&mut self, middle: Vec3, radius_m: f32, seed: u32, color: Rgb, up: f32) {
        let depth = self.camera.depth(middle);
        let Some((x, y)) = self.camera.pixel_from_scene(middle) else {
            return;
        };
        let radius = radius_m * self.camera.focal_px / depth;
        let mut builder = PathBuilder::new();
        for n in 0..11_u8 {
            let angle = f32::from(n) * std::f32::consts::TAU / 11.0;
            let out = radius * (0.62 + 0.55 * roll(seed, i32::from(n)));
            let (px, py) = (x + out * angle.cos(), y + out * 0.85 * angle.sin());
            if n == 0 {
                builder.move_to(px, py);
            } else {
                builder.line_to(px, py);
            }
        }
        builder.close();
        let sun = self.light.sun;
        let normal = v3(sun.x * 0.5, sun.y * 0.5, up).unit();
        let color = self.lit(color, normal, middle);
        if let Some(path) = builder.finish() {
            self.fill(&path, solid(color, 0.94));
        }
    }

    /// Light on something round: bright where it faces the sun, dark at its lower rim.
    fn round_shade(
        &self,
        at: (f32, f32),
        radius: f32,
        color: Rgb,
        middle: Vec3,
    ) -> Shader<'static> {
        let sun = self.light.sun;
        let toward = (
            sun.dot(self.camera.right) * 0.5,
            (sun.dot(self.camera.down) - 0.4) * 0.45,
        );
        let bright = self.lit(
            scale(color, 1.08),
            v3(sun.x, sun.y, sun.z.max(0.6)).unit(),
            middle,
        );
        let plain = self.lit(color, v3(0.0, 0.0, 0.4), middle);
        let dark = self.lit(scale(color, 0.52), v3(0.0, 0.0, -0.6), middle);
        let stops = vec![
            GradientStop::new(0.0, opaque(bright)),
            GradientStop::new(0.55, opaque(plain)),
            GradientStop::new(1.0, opaque(dark)),
        ];
        let focus = Point::from_xy(at.0 + toward.0 * radius, at.1 + toward.1 * radius);
        RadialGradient::new(
            focus,
            0.0,
            focus,
            (radius * 1.5).max(0.5),
            stops,
            SpreadMode::Pad,
            Transform::identity(),
        )
        .unwrap_or_else(|| solid(plain, 1.0))
    }

    /// Something that shines by itself, such as a lamp at night.
    pub(super) fn glow(&mut self, middle: Vec3, radius_m: f32, color: Rgb, strength: f32) {
        let depth = self.camera.depth(middle);
        let Some((x, y)) = self.camera.pixel_from_scene(middle) else {
            return;
        };
        let radius = (radius_m * self.camera.focal_px / depth).max(1.0);
        let stops = vec![
            GradientStop::new(0.0, translucent(color, strength)),
            GradientStop::new(0.25, translucent(color, strength * 0.45)),
            GradientStop::new(1.0, translucent(color, 0.0)),
        ];
        let middle = Point::from_xy(x, y);
        let shader = RadialGradient::new(
            middle,
            0.0,
            middle,
            radius,
            stops,
            SpreadMode::Pad,
            Transform::identity(),
        );
        if let (Some(shader), Some(path)) = (shader, PathBuilder::from_circle(x, y, radius)) {
            let paint = Paint {
                shader,
                ..Paint::default()
            };
            self.picture.fill_path(
                &path,
                &paint,
                FillRule::Winding,
                Transform::identity(),
                None,
            );
        }
    }

    /// A flat outline painted from one colour to another between two places.
    pub(super) fn blend(&mut self, corners: &[Vec3], from: (Vec3, Rgb), to: (Vec3, Rgb)) {
        let ends = (
            self.camera.pixel_from_scene(from.0),
            self.camera.pixel_from_scene(to.0),
        );
        let (Some(path), (Some(a), Some(b))) = (flat_path(self.camera, corners), ends) else {
            return;
        };
        let stops = vec![
            GradientStop::new(0.0, opaque(from.1)),
            GradientStop::new(1.0, opaque(to.1)),
        ];
        let shader = LinearGradient::new(
            Point::from_xy(a.0, a.1),
            Point::from_xy(b.0, b.1),
            stops,
            SpreadMode::Pad,
            Transform::identity(),
        );
        self.fill(&path, shader.unwrap_or_else(|| solid(from.1, 1.0)));
    }

    /// From here on what is painted counts as another thing.
    pub(super) fn begin_thing(&mut self) {
        if let Some(owners) = &mut self.owners {
            owners.begin();
        }
    }

    /// Tells the truth about an outline that is already in the picture.
    pub(super) fn mark(&mut self, corners: &[Vec3]) {
        if let (Some(owners), Some(path)) = (&mut self.owners, flat_path(self.camera, corners)) {
            owners.fill(&path);
        }
    }

    fn fill(&mut self, path: &Path, shader: Shader<'static>) {
        let paint = Paint {
            shader,
            ..Paint::default()
        };
        self.picture
            .fill_path(path, &paint, FillRule::Winding, Transform::identity(), None);
        if let Some(owners) = &mut self.owners {
            owners.fill(path);
        }
    }
}

/// Corners of a circle that lies flat, counter-clockwise seen from above.
pub(super) fn ring(middle: Vec3, radius: f32, corners: u8) -> Vec<Vec3> {
    (0..corners)
        .map(|n| {
            let angle = f32::from(n) * std::f32::consts::TAU / f32::from(corners);
            middle + v3(radius * angle.cos(), radius * angle.sin(), 0.0)
        })
        .collect()
}

fn solid(color: Rgb, alpha: f32) -> Shader<'static> {
    Shader::SolidColor(translucent(color, alpha))
}

fn opaque(color: Rgb) -> Color {
    translucent(color, 1.0)
}

fn translucent(color: Rgb, alpha: f32) -> Color {
    Color::from_rgba8(byte(color[0]), byte(color[1]), byte(color[2]), byte(alpha))
}
