//! Points and directions in the metres of one scene: x along the street, y to its left, z up.

use std::ops::{Add, Mul, Sub};

/// A point or direction, metres; z = 0 is the road surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Vec3 {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) z: f32,
}

impl Vec3 {
    pub(super) const UP: Self = v3(0.0, 0.0, 1.0);

    pub(super) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(super) fn cross(self, other: Self) -> Self {
        v3(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    pub(super) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// Same direction, length 1; a zero vector stays zero.
    pub(super) fn unit(self) -> Self {
        let length = self.length();
        if length > 0.0 {
            self * (1.0 / length)
        } else {
            self
        }
    }

    /// The point between `self` (`at` = 0) and `other` (`at` = 1).
    pub(super) fn toward(self, other: Self, at: f32) -> Self {
        self + (other - self) * at
    }
}

pub(super) const fn v3(x: f32, y: f32, z: f32) -> Vec3 {
    Vec3 { x, y, z }
}

impl Add for Vec3 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        v3(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Vec3 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        v3(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f32> for Vec3 {
    type Output = Self;
    fn mul(self, factor: f32) -> Self {
        v3(self.x * factor, self.y * factor, self.z * factor)
    }
}

/// Where a thing stands and which way it looks: turns its own metres into those of the scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stand {
    origin: Vec3,
    cos: f32,
    sin: f32,
}

impl Stand {
    /// `yaw` in radians, counter-clockwise from the x axis.
    pub(super) fn new(x: f32, y: f32, yaw: f32) -> Self {
        let (sin, cos) = yaw.sin_cos();
        Self {
            origin: v3(x, y, 0.0),
            cos,
            sin,
        }
    }

    pub(super) fn at(&self, x: f32, y: f32, z: f32) -> Vec3 {
        self.origin + v3(x * self.cos - y * self.sin, x * self.sin + y * self.cos, z)
    }
}
