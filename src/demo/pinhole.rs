//! A true pinhole camera: the same one draws the picture and makes the calibration pairs.

use super::vector::{Vec3, v3};

/// A camera without distortion; the principal point is the middle of the picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pinhole {
    pub(super) at: Vec3,
    pub(super) right: Vec3,
    pub(super) down: Vec3,
    pub(super) forward: Vec3,
    pub(super) focal_px: f32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// What lies nearer than this is cut away, metres.
pub(super) const NEAR_M: f32 = 0.5;

impl Pinhole {
    /// `yaw` counter-clockwise from the x axis, `tilt` below the horizon, radians;
    /// `focal` is the focal length as a multiple of the picture's width.
    pub(super) fn new(at: Vec3, yaw: f32, tilt: f32, focal: f32, size: (u32, u32)) -> Self {
        let forward = v3(yaw.cos() * tilt.cos(), yaw.sin() * tilt.cos(), -tilt.sin());
        let right = forward.cross(Vec3::UP).unit();
        Self {
            at,
            right,
            down: forward.cross(right),
            forward,
            focal_px: focal * size.0 as f32,
            width: size.0,
            height: size.1,
        }
    }

    pub(super) fn middle(&self) -> (f32, f32) {
        (self.width as f32 / 2.0, self.height as f32 / 2.0)
    }

    /// Metres along the optical axis.
    pub(super) fn depth(&self, point: Vec3) -> f32 {
        (point - self.at).dot(self.forward)
    }

    /// Pixel of a point; `None` when it is behind the near plane.
    pub(super) fn pixel_from_scene(&self, point: Vec3) -> Option<(f32, f32)> {
        let ray = point - self.at;
        let depth = ray.dot(self.forward);
        (depth >= NEAR_M * 0.999).then(|| {
            let (cx, cy) = self.middle();
            let scale = self.focal_px / depth;
            (
                cx + ray.dot(self.right) * scale,
                cy + ray.dot(self.down) * scale,
            )
        })
    }

    /// Direction through a pixel; its part along the optical axis is 1.
    pub(super) fn ray(&self, x: f32, y: f32) -> Vec3 {
        let (cx, cy) = self.middle();
        self.forward
            + self.right * ((x - cx) / self.focal_px)
            + self.down * ((y - cy) / self.focal_px)
    }

    /// The ground a pixel below the horizon shows.
    pub(super) fn ground_from_pixel(&self, x: f32, y: f32) -> Vec3 {
        let ray = self.ray(x, y);
        self.at + ray * (self.at.z / -ray.z)
    }
}
