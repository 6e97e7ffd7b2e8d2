//! Water that stands on the road.

use super::grain::{noise, roll};
use super::scene::{Kind, Thing};

/// A few overlapping lobes with a frayed edge.
#[derive(Debug, Clone)]
pub(super) struct Puddle {
    /// x, y and half lengths along x and y, metres.
    lobes: Vec<(f32, f32, f32, f32)>,
    seed: u32,
}

impl Puddle {
    pub(super) fn of(thing: &Thing) -> Option<Self> {
        if thing.kind != Kind::Water {
            return None;
        }
        let size = 0.8 + 0.7 * roll(thing.seed, 1);
        let lobes = (0..4_u8)
            .map(|n| {
                let n10 = i32::from(n) * 10;
                let along = (f32::from(n) - 1.5) * 1.1 * size;
                (
                    thing.x + along + (roll(thing.seed, n10 + 2) - 0.5) * 0.8,
                    thing.y + (roll(thing.seed, n10 + 3) - 0.5) * 1.1 * size,
                    size * (0.8 + 0.9 * roll(thing.seed, n10 + 4)),
                    size * (0.45 + 0.5 * roll(thing.seed, n10 + 5)),
                )
            })
            .collect();
        Some(Self {
            lobes,
            seed: thing.seed,
        })
    }

    /// Smallest box on the ground that holds the water: left, near, right, far.
    pub(super) fn extent(&self) -> (f32, f32, f32, f32) {
        self.lobes.iter().fold(
            (f32::MAX, f32::MAX, f32::MIN, f32::MIN),
            |(x0, y0, x1, y1), &(x, y, a, b)| {
                (x0.min(x - a), y0.min(y - b), x1.max(x + a), y1.max(y + b))
            },
        )
    }

    /// 0 where it is dry, rising to 1 in the middle; 0.4 is where the film of water begins.
    pub(super) fn depth_at(&self, x: f32, y: f32, footprint: f32) -> f32 {
        let mut deepest = -1.0_f32;
        for &(cx, cy, a, b) in &self.lobes {
            let (u, v) = ((x - cx) / a, (y - cy) / b);
            let inside = 1.0 - (u * u + v * v);
            // lobes that meet grow together
            deepest = if deepest > -0.6 && inside > -0.6 {
                deepest.max(inside) + 0.12
            } else {
                deepest.max(inside)
            };
        }
        if deepest < -0.4 {
            return 0.0;
        }
        let fray = (self.seed % 97) as f32;
        let edge = noise(x * 14.0 + fray, y * 14.0) * 0.34;
        let fine = noise(x * 60.0, y * 60.0 + fray) * 0.10 / (1.0 + footprint * 20.0);
        (deepest + 0.22 + edge + fine).clamp(0.0, 1.0)
    }

    /// How the surface tilts the mirrored ray.
    pub(super) fn ripple_at(&self, x: f32, y: f32) -> (f32, f32) {
        (
            noise(x * 9.0, y * 9.0) * 0.03,
            noise(y * 9.0, x * 9.0) * 0.03,
        )
    }
}
