//! Cheap repeatable roughness: hashes and a tile of smooth noise.

use std::sync::LazyLock;

use super::color::step;

const SIDE: usize = 256;

/// A 256 × 256 tile of smooth noise, −1 to 1, that repeats without a seam.
static TILE: LazyLock<Vec<f32>> = LazyLock::new(|| {
    (0..SIDE * SIDE)
        .map(|index| {
            let (x, y) = (index % SIDE, index / SIDE);
            let mut sum = 0.0;
            for (cell, weight) in [(1_usize, 0.4), (4, 0.35), (16, 0.25)] {
                sum += weight * lattice(x, y, cell);
            }
            sum
        })
        .collect()
});

fn lattice(x: usize, y: usize, cell: usize) -> f32 {
    let count = SIDE / cell;
    let corner = |dx: usize, dy: usize| {
        let (cx, cy) = ((x / cell + dx) % count, (y / cell + dy) % count);
        unit(hash2(
            i32::try_from(cx).unwrap_or_default(),
            i32::try_from(cy + cell * 1000).unwrap_or_default(),
        )) * 2.0
            - 1.0
    };
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (fx, fy) = (
        smooth((x % cell) as f32 / cell as f32),
        smooth((y % cell) as f32 / cell as f32),
    );
    let top = corner(0, 0) * (1.0 - fx) + corner(1, 0) * fx;
    let bottom = corner(0, 1) * (1.0 - fx) + corner(1, 1) * fx;
    top * (1.0 - fy) + bottom * fy
}

/// Noise at a place given in tile pixels, −1 to 1.
pub(super) fn noise(x: f32, y: f32) -> f32 {
    // the low eight bits of either coordinate: the tile repeats
    let [column, ..] = step(x).to_le_bytes();
    let [row, ..] = step(y).to_le_bytes();
    TILE[usize::from(row) * SIDE + usize::from(column)]
}

/// Numbers like those a sensor adds: around 0, rarely beyond ±1.
static SPECKLE: LazyLock<Vec<f32>> = LazyLock::new(|| {
    (0..SIDE * SIDE)
        .map(|index| {
            let hash = hash2(i32::try_from(index).unwrap_or_default(), 99);
            // two uniform numbers make a good enough bell
            unit(hash) + unit(hash.rotate_left(13)) - 1.0
        })
        .collect()
});

/// A row of sensor noise, long enough for `width` pixels.
pub(super) fn speckle(row_seed: u32, width: usize) -> impl Iterator<Item = f32> {
    let from = row_seed as usize % SPECKLE.len();
    SPECKLE.iter().cycle().skip(from).take(width).copied()
}

/// A well-mixed 32-bit value of two integers.
pub(super) fn hash2(a: i32, b: i32) -> u32 {
    let mut h = a
        .cast_unsigned()
        .wrapping_mul(0x9E37_79B1)
        .wrapping_add(b.cast_unsigned().wrapping_mul(0x85EB_CA77))
        .wrapping_add(0x27D4_EB2F);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// A hash as a number from 0 to 1.
pub(super) fn unit(hash: u32) -> f32 {
    (hash >> 8) as f32 / 16_777_216.0
}

/// The `n`-th number from 0 to 1 that belongs to `seed`.
pub(super) fn roll(seed: u32, n: i32) -> f32 {
    unit(hash2(seed.cast_signed(), n))
}

/// One of `choices`, chosen by `seed` and `n`.
pub(super) fn pick<T: Copy>(choices: &[T], seed: u32, n: i32) -> T {
    choices[hash2(seed.cast_signed(), n) as usize % choices.len()]
}
