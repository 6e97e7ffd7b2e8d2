//! The plane-to-plane map between a picture and the ground, fitted to pairs.
//!
//! Both planes are moved to their centroid and scaled to a spread of about one, which keeps the
//! equations well conditioned (Hartley, "In defense of the eight-point algorithm", 1997). With the
//! picture's centroid as origin the last element can be fixed to 1: the centroid of points that
//! the camera really sees is never on the horizon. A linear solution is refined by Gauss-Newton
//! on ground errors, each weighted by the covariance it must have if clicks and survey have the
//! errors assumed here.

use super::linear::{Cholesky, Matrix, Vector};
use crate::space::{LocalPoint, PixelPoint};

/// Assumed error of a pixel of a pair, and of a detection's foot; one sigma per axis.
pub(super) const PIXEL_SIGMA_PX: f64 = 2.0;
/// Assumed error of the surveyed place of a pair; one sigma per axis.
pub(super) const SURVEY_SIGMA_M: f64 = 0.25;
const STEPS_MAX: usize = 40;

/// Symmetric 2×2: variance east, covariance, variance north.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Covariance {
    pub(super) east: f64,
    pub(super) both: f64,
    pub(super) north: f64,
}

impl Covariance {
    /// `r` of length-squared in units of this covariance: `rᵀ C⁻¹ r`.
    fn distance_squared(&self, east: f64, north: f64) -> f64 {
        let determinant = self.east * self.north - self.both * self.both;
        (self.north * east * east - 2.0 * self.both * east * north + self.east * north * north)
            / determinant
    }
}

/// Moves a plane's points to their centroid and scales them.
#[derive(Debug, Clone, Copy)]
struct Normal {
    x: f64,
    y: f64,
    spread: f64,
}

impl Normal {
    fn of(points: &[(f64, f64)]) -> Self {
        let n = points.len() as f64;
        let x = points.iter().map(|p| p.0).sum::<f64>() / n;
        let y = points.iter().map(|p| p.1).sum::<f64>() / n;
        let spread = points.iter().map(|p| (p.0 - x).hypot(p.1 - y)).sum::<f64>() / n;
        Self { x, y, spread }
    }

    fn apply(&self, (x, y): (f64, f64)) -> (f64, f64) {
        ((x - self.x) / self.spread, (y - self.y) / self.spread)
    }

    fn undo(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (x * self.spread + self.x, y * self.spread + self.y)
    }
}

/// A fitted map and how well its parameters are known.
#[derive(Debug, Clone)]
pub(super) struct Homography {
    pixels: Normal,
    grounds: Normal,
    /// Row-major without the last element, which is 1; between the normalised planes.
    h: Vector<8>,
    /// Covariance of `h` under the assumed errors.
    covariance: Matrix<8>,
    /// Weighted sum of squared residuals; about `2n − 8` when the assumed errors are right.
    pub(super) chi_squared: f64,
}

/// The pairs do not determine a map.
#[derive(Debug)]
pub(super) struct Undetermined;

impl Homography {
    /// From at least four pairs.
    pub(super) fn fit(pairs: &[(PixelPoint, LocalPoint)]) -> Result<Self, Undetermined> {
        let pixels: Vec<_> = pairs.iter().map(|(p, _)| (p.x, p.y)).collect();
        let grounds: Vec<_> = pairs.iter().map(|(_, g)| (g.east_m, g.north_m)).collect();
        let (pixels_normal, grounds_normal) = (Normal::of(&pixels), Normal::of(&grounds));
        let normalised: Vec<_> = pixels
            .iter()
            .zip(&grounds)
            .map(|(p, g)| (pixels_normal.apply(*p), grounds_normal.apply(*g)))
            .collect();
        let mut map = Self {
            pixels: pixels_normal,
            grounds: grounds_normal,
            h: linear_solution(&normalised).ok_or(Undetermined)?,
            covariance: [[0.0; 8]; 8],
            chi_squared: 0.0,
        };
        map.refine(&normalised)?;
        Ok(map)
    }

    /// Whether a pixel lies below the horizon. The projective weight is 1 at the pairs' centroid,
    /// 0 on the horizon and negative beyond it.
    pub(super) fn sees_ground(&self, pixel: PixelPoint) -> bool {
        let (_, weight) = project(&self.h, self.pixels.apply((pixel.x, pixel.y)));
        weight > 1e-9
    }

    /// Meaningful in front of the horizon.
    pub(super) fn ground_from_pixel(&self, pixel: PixelPoint) -> LocalPoint {
        let (ground, _) = project(&self.h, self.pixels.apply((pixel.x, pixel.y)));
        let (east_m, north_m) = self.grounds.undo(ground);
        LocalPoint { east_m, north_m }
    }

    /// `None` for ground the camera has behind it.
    pub(super) fn pixel_from_ground(&self, ground: LocalPoint) -> Option<PixelPoint> {
        let [a, b, c, d, e, f, g, h] = self.h;
        let (east, north) = self.grounds.apply((ground.east_m, ground.north_m));
        // The adjugate inverts up to a factor, the determinant.
        let x = (e - f * h) * east + (c * h - b) * north + (b * f - c * e);
        let y = (f * g - d) * east + (a - c * g) * north + (c * d - a * f);
        let w = (d * h - e * g) * east + (b * g - a * h) * north + (a * e - b * d);
        let in_front = w * self.determinant() > 0.0;
        in_front.then(|| {
            let (x, y) = self.pixels.undo((x / w, y / w));
            PixelPoint { x, y }
        })
    }

    /// Negative for ground seen from above: the picture's y axis points down.
    pub(super) fn determinant(&self) -> f64 {
        let [a, b, c, d, e, f, g, h] = self.h;
        a * (e - f * h) - b * (d - f * g) + c * (d * h - e * g)
    }

    /// Covariance in square metres of the place of a pixel that is itself uncertain by
    /// [`PIXEL_SIGMA_PX`], under the assumed errors.
    pub(super) fn covariance_m2(&self, pixel: PixelPoint) -> Covariance {
        let at = self.pixels.apply((pixel.x, pixel.y));
        let from_pixel = self.pixel_noise(at);
        let [by_east, by_north] = by_parameters(&self.h, at);
        let scale = self.grounds.spread * self.grounds.spread;
        Covariance {
            east: scale * (from_pixel.east + quadratic(&self.covariance, &by_east, &by_east)),
            both: scale * (from_pixel.both + quadratic(&self.covariance, &by_east, &by_north)),
            north: scale * (from_pixel.north + quadratic(&self.covariance, &by_north, &by_north)),
        }
    }

    /// What pixel noise alone makes of a ground position, normalised.
    fn pixel_noise(&self, at: (f64, f64)) -> Covariance {
        let variance = (PIXEL_SIGMA_PX / self.pixels.spread).powi(2);
        let [[ex, ey], [nx, ny]] = by_pixel(&self.h, at);
        Covariance {
            east: variance * (ex * ex + ey * ey),
            both: variance * (ex * nx + ey * ny),
            north: variance * (nx * nx + ny * ny),
        }
    }

    /// The covariance a pair's ground residual must have, normalised.
    fn pair_covariance(&self, at: (f64, f64)) -> Covariance {
        let survey = (SURVEY_SIGMA_M / self.grounds.spread).powi(2);
        let from_pixel = self.pixel_noise(at);
        Covariance {
            east: from_pixel.east + survey,
            both: from_pixel.both,
            north: from_pixel.north + survey,
        }
    }

    /// Gauss-Newton; the weights follow the map from step to step but are fixed within one, so
    /// that no step gains by making the errors it expects larger.
    fn refine(&mut self, pairs: &[Pair]) -> Result<(), Undetermined> {
        for _ in 0..STEPS_MAX {
            let weights: Vec<_> = pairs.iter().map(|p| self.pair_covariance(p.0)).collect();
            let (normal, gradient) = normal_equations(&self.h, pairs, &weights);
            let cholesky = Cholesky::of(&normal).ok_or(Undetermined)?;
            let step = cholesky.solve(&gradient);
            let before = cost(&self.h, pairs, &weights);
            let lengths = (0..12).map(|halvings| 0.5_f64.powi(halvings));
            let better = lengths
                .map(|length| std::array::from_fn(|i| self.h[i] + length * step[i]))
                .find(|h| cost(h, pairs, &weights) <= before);
            self.covariance = cholesky.inverse();
            self.chi_squared = before;
            let Some(better) = better else { break };
            self.h = better;
            if step.iter().all(|s| s.abs() < 1e-10) {
                break;
            }
        }
        Ok(())
    }
}

/// Normalised pixel and ground.
type Pair = ((f64, f64), (f64, f64));

fn project(h: &Vector<8>, (x, y): (f64, f64)) -> ((f64, f64), f64) {
    let w = h[6] * x + h[7] * y + 1.0;
    let east = (h[0] * x + h[1] * y + h[2]) / w;
    let north = (h[3] * x + h[4] * y + h[5]) / w;
    ((east, north), w)
}

/// Derivatives of east and north by x and y of the pixel.
fn by_pixel(h: &Vector<8>, at: (f64, f64)) -> [[f64; 2]; 2] {
    let ((east, north), w) = project(h, at);
    [
        [(h[0] - east * h[6]) / w, (h[1] - east * h[7]) / w],
        [(h[3] - north * h[6]) / w, (h[4] - north * h[7]) / w],
    ]
}

/// Derivatives of east and north by the eight parameters.
fn by_parameters(h: &Vector<8>, at: (f64, f64)) -> [Vector<8>; 2] {
    let ((east, north), w) = project(h, at);
    let (x, y) = (at.0 / w, at.1 / w);
    [
        [x, y, 1.0 / w, 0.0, 0.0, 0.0, -east * x, -east * y],
        [0.0, 0.0, 0.0, x, y, 1.0 / w, -north * x, -north * y],
    ]
}

fn quadratic(matrix: &Matrix<8>, left: &Vector<8>, right: &Vector<8>) -> f64 {
    let row = |row: &Vector<8>| row.iter().zip(right).map(|(m, r)| m * r).sum::<f64>();
    matrix.iter().zip(left).map(|(m, l)| l * row(m)).sum()
}

fn cost(h: &Vector<8>, pairs: &[Pair], weights: &[Covariance]) -> f64 {
    let of = |((pixel, ground), weight): (&Pair, &Covariance)| {
        let ((east, north), w) = project(h, *pixel);
        if w > 0.0 {
            weight.distance_squared(ground.0 - east, ground.1 - north)
        } else {
            f64::INFINITY
        }
    };
    pairs.iter().zip(weights).map(of).sum()
}

/// `Σ Jᵀ C⁻¹ J` and `Σ Jᵀ C⁻¹ r`.
fn normal_equations(
    h: &Vector<8>,
    pairs: &[Pair],
    weights: &[Covariance],
) -> (Matrix<8>, Vector<8>) {
    let mut normal = [[0.0; 8]; 8];
    let mut gradient = [0.0; 8];
    for ((pixel, ground), weight) in pairs.iter().zip(weights) {
        let ((east, north), _) = project(h, *pixel);
        let (residual_east, residual_north) = (ground.0 - east, ground.1 - north);
        let [by_east, by_north] = by_parameters(h, *pixel);
        let determinant = weight.east * weight.north - weight.both * weight.both;
        for i in 0..8 {
            let east = (weight.north * by_east[i] - weight.both * by_north[i]) / determinant;
            let north = (weight.east * by_north[i] - weight.both * by_east[i]) / determinant;
            gradient[i] += east * residual_east + north * residual_north;
            for j in 0..8 {
                normal[i][j] += east * by_east[j] + north * by_north[j];
            }
        }
    }
    (normal, gradient)
}

/// The least-squares solution of the equations multiplied out, which are linear.
fn linear_solution(pairs: &[Pair]) -> Option<Vector<8>> {
    let mut normal = [[0.0; 8]; 8];
    let mut right = [0.0; 8];
    for ((x, y), (east, north)) in pairs {
        let equations = [
            ([*x, *y, 1.0, 0.0, 0.0, 0.0, -east * x, -east * y], east),
            ([0.0, 0.0, 0.0, *x, *y, 1.0, -north * x, -north * y], north),
        ];
        for (row, value) in equations {
            for i in 0..8 {
                right[i] += row[i] * value;
                for j in 0..8 {
                    normal[i][j] += row[i] * row[j];
                }
            }
        }
    }
    Cholesky::of(&normal).map(|cholesky| cholesky.solve(&right))
}
