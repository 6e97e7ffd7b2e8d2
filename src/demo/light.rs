//! The light of a scene: where the sun stands, how bright, how hazy.

use super::color::{Rgb, mix, rgb, scale, tint};
use super::vector::{Vec3, v3};

/// Light at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Light {
    /// Unit vector towards the sun (or the moonless night's brightest sky).
    pub(super) sun: Vec3,
    /// What the sun adds; black when it is overcast.
    pub(super) direct: Rgb,
    pub(super) ambient: Rgb,
    pub(super) sky: Rgb,
    pub(super) haze: Rgb,
    /// Distance over which about two thirds of a colour turn to haze, metres.
    pub(super) clear_m: f32,
    /// Lamps and shop windows glow: 0 by day to 1 at night.
    pub(super) lamps: f32,
}

impl Light {
    /// `azimuth` from the x axis of the scene and `elevation`, radians; `cloud` from 0 to 1.
    pub(super) fn day(azimuth: f32, elevation: f32, cloud: f32) -> Self {
        let low = (1.0 - elevation / 0.7).clamp(0.0, 1.0);
        let warm = mix([1.0, 0.98, 0.94], [1.0, 0.80, 0.58], low);
        let clear = 1.0 - cloud;
        Self {
            sun: v3(
                azimuth.cos() * elevation.cos(),
                azimuth.sin() * elevation.cos(),
                elevation.sin(),
            ),
            direct: scale(warm, 0.78 * clear * (1.0 - 0.3 * low)),
            ambient: mix(
                mix([0.58, 0.62, 0.70], [0.55, 0.55, 0.62], low),
                [1.06, 1.07, 1.09],
                cloud,
            ),
            sky: mix(rgb(0x9cc3ea), rgb(0xc9ced4), cloud),
            haze: mix(mix(rgb(0xc9d6e2), rgb(0xe2cbb0), low), rgb(0xc4c8cc), cloud),
            clear_m: 260.0 - 120.0 * cloud,
            lamps: low * 0.25,
        }
    }

    /// `depth` from 0 (sun just gone) to 1 (night under street lamps).
    pub(super) fn dusk(azimuth: f32, depth: f32) -> Self {
        Self {
            sun: v3(azimuth.cos() * 0.5, azimuth.sin() * 0.5, 0.86),
            direct: mix([0.14, 0.10, 0.08], [0.05, 0.045, 0.04], depth),
            ambient: mix([0.78, 0.72, 0.78], [0.60, 0.55, 0.50], depth),
            sky: mix(rgb(0x8b86a6), rgb(0x23273a), depth),
            haze: mix(rgb(0x9a8d98), rgb(0x3a3a48), depth),
            clear_m: 190.0,
            lamps: 0.5 + 0.5 * depth,
        }
    }

    /// Colour of a surface with this normal, `shadow` from 0 (lit) to 1.
    pub(super) fn on(&self, color: Rgb, normal: Vec3, shadow: f32) -> Rgb {
        let facing = normal.dot(self.sun).max(0.0) * (1.0 - shadow);
        let open_sky = 0.86 + 0.14 * normal.z;
        tint(
            color,
            [
                self.ambient[0] * open_sky + self.direct[0] * facing,
                self.ambient[1] * open_sky + self.direct[1] * facing,
                self.ambient[2] * open_sky + self.direct[2] * facing,
            ],
        )
    }

    /// The colour after `distance_m` of air.
    pub(super) fn through_air(&self, color: Rgb, distance_m: f32) -> Rgb {
        // the first terms of an exponential: no eye sees the difference
        let thick = distance_m / self.clear_m;
        mix(
            color,
            self.haze,
            1.0 - 1.0 / (1.0 + thick + 0.5 * thick * thick),
        )
    }

    /// Whether things throw a visible shadow.
    pub(super) fn has_sun(&self) -> bool {
        self.direct[0] > 0.08
    }
}
