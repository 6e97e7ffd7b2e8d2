//! Paints what stands in a street all year: lamps, trees, bins, covers, benches, signs.

use super::brush::{Canvas, ring};
use super::color::{Rgb, mix, rgb, scale};
use super::grain::{hash2, pick, roll};
use super::scene::Thing;
use super::vector::{Stand, Vec3, v3};

/// A box on the ground: half lengths and the height of its lower and upper side.
pub(super) fn crate_at(
    canvas: &mut Canvas<'_>,
    stand: &Stand,
    middle: (f32, f32),
    half: (f32, f32),
    rise: (f32, f32),
    color: Rgb,
) {
    let corners = |z: f32| {
        [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
            .map(|(sx, sy)| stand.at(middle.0 + sx * half.0, middle.1 + sy * half.1, z))
    };
    canvas.body(&corners(rise.0), &corners(rise.1), color);
}

pub(super) fn stand_of(thing: &Thing) -> Stand {
    Stand::new(thing.x, thing.y, thing.yaw)
}

pub(super) fn lamp(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let tall = 7.0 + 2.0 * roll(thing.seed, 1);
    let paint = pick(
        &[rgb(0x5b6470), rgb(0x8d949c), rgb(0x3e5a4c)],
        thing.seed,
        2,
    );
    canvas.tube(
        stand.at(0.0, 0.0, 0.0),
        (0.16, 0.14),
        0.9,
        scale(paint, 0.8),
    );
    canvas.tube(stand.at(0.0, 0.0, 0.9), (0.09, 0.06), tall - 0.9, paint);
    let tip = stand.at(1.9, 0.0, tall + 0.35);
    canvas.limb(stand.at(0.0, 0.0, tall), tip, 0.08, paint);
    canvas.limb(
        tip,
        stand.at(2.6, 0.0, tall + 0.38),
        0.2,
        mix(paint, [0.9; 3], 0.5),
    );
    if canvas.light.lamps > 0.3 {
        let strength = canvas.light.lamps * 0.9;
        canvas.glow(
            stand.at(2.3, 0.0, tall + 0.25),
            1.3,
            [1.0, 0.86, 0.6],
            strength,
        );
    }
}

pub(super) fn tree(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let bark = pick(
        &[rgb(0x5b4a3a), rgb(0x6f6455), rgb(0x4a4038)],
        thing.seed,
        1,
    );
    let size = 0.75 + 0.4 * roll(thing.seed, 2);
    let crown_z = 3.6 * size + 0.8;
    let pit: Vec<Vec3> = [(-0.6, -0.6), (0.6, -0.6), (0.6, 0.6), (-0.6, 0.6)]
        .map(|(x, y)| stand.at(x, y, 0.01))
        .to_vec();
    canvas.sheet(&pit, Vec3::UP, rgb(0x55493c), 1.0);
    canvas.tube(stand.at(0.0, 0.0, 0.0), (0.16, 0.11), crown_z, bark);
    let leaf = pick(
        &[
            rgb(0x4f7a35),
            rgb(0x6c8f3c),
            rgb(0x3d6b3a),
            rgb(0x86933a),
            rgb(0x557f45),
        ],
        thing.seed,
        3,
    );
    let mut tufts: Vec<(Vec3, f32, Rgb)> = (0..150)
        .map(|n| {
            let angle = roll(thing.seed, n * 5 + 10) * std::f32::consts::TAU;
            let up = roll(thing.seed, n * 5 + 12) * 2.0 - 0.9;
            let wide = (1.15 - up * up * 0.75).max(0.1).sqrt();
            let out = roll(thing.seed, n * 5 + 11).sqrt() * 1.5 * size * wide;
            // deep inside and below the crown is dark
            let tone = 0.62 + 0.26 * (up + 0.9) + 0.34 * (roll(thing.seed, n * 5 + 13) - 0.5);
            (
                stand.at(
                    out * angle.cos(),
                    out * angle.sin(),
                    crown_z + up * 1.3 * size,
                ),
                (0.17 + 0.24 * roll(thing.seed, n * 5 + 14)) * size,
                scale(leaf, tone),
            )
        })
        .collect();
    let camera = *canvas.camera;
    tufts.sort_by(|a, b| camera.depth(b.0).total_cmp(&camera.depth(a.0)));
    for (n, (middle, radius, color)) in (0_i32..).zip(tufts) {
        let seed = hash2(thing.seed.cast_signed(), n);
        let up = 0.2 + (middle.z - crown_z) / size;
        canvas.tuft(middle, radius, seed, color, up.max(0.05));
    }
}

pub(super) fn bench(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let wood = pick(
        &[rgb(0x8a5a33), rgb(0x6d4a30), rgb(0x9c7248)],
        thing.seed,
        1,
    );
    for side in [-0.6, 0.6] {
        crate_at(
            canvas,
            &stand,
            (side, 0.0),
            (0.05, 0.22),
            (0.0, 0.42),
            rgb(0x44484c),
        );
    }
    for slat in [-0.16, 0.0, 0.16] {
        crate_at(canvas, &stand, (0.0, slat), (0.8, 0.06), (0.42, 0.47), wood);
    }
    crate_at(canvas, &stand, (0.0, 0.26), (0.8, 0.03), (0.6, 0.86), wood);
}

pub(super) fn hydrant(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let red = rgb(0xb52a25);
    canvas.tube(stand.at(0.0, 0.0, 0.0), (0.17, 0.15), 0.1, red);
    canvas.tube(stand.at(0.0, 0.0, 0.1), (0.11, 0.10), 0.5, red);
    canvas.limb(
        stand.at(-0.2, 0.0, 0.45),
        stand.at(0.2, 0.0, 0.45),
        0.11,
        red,
    );
    canvas.ball(stand.at(0.0, 0.0, 0.64), 0.13, red);
}

pub(super) fn sign(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    canvas.tube(stand.at(0.0, 0.0, 0.0), (0.04, 0.04), 2.9, rgb(0x9aa0a6));
    let face = pick(
        &[rgb(0x1d58a7), rgb(0x1d58a7), rgb(0xc5202b), rgb(0xdba71e)],
        thing.seed,
        1,
    );
    let outline: Vec<Vec3> = if roll(thing.seed, 2) < 0.5 {
        (0..16_u8)
            .map(|n| {
                let angle = f32::from(n) * std::f32::consts::TAU / 16.0;
                stand.at(0.06, 0.36 * angle.cos(), 2.6 + 0.36 * angle.sin())
            })
            .collect()
    } else {
        [(-0.5, 2.3), (0.5, 2.3), (0.5, 2.9), (-0.5, 2.9)]
            .map(|(y, z)| stand.at(0.06, y, z))
            .to_vec()
    };
    canvas.sheet(&outline, v3(0.0, 0.0, 0.5), face, 1.0);
    let bar = [(-0.22, 2.55), (0.22, 2.55), (0.22, 2.67), (-0.22, 2.67)]
        .map(|(y, z)| stand.at(0.07, y, z));
    canvas.sheet(&bar, v3(0.0, 0.0, 0.5), [0.93; 3], 1.0);
}

pub(super) fn cabinet(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let paint = pick(
        &[rgb(0x8f9a8c), rgb(0xb7b9b5), rgb(0x5f7f6a)],
        thing.seed,
        1,
    );
    crate_at(
        canvas,
        &stand,
        (0.0, 0.0),
        (0.5, 0.28),
        (0.0, 0.1),
        rgb(0x77756f),
    );
    crate_at(canvas, &stand, (0.0, 0.0), (0.46, 0.25), (0.1, 1.35), paint);
    crate_at(
        canvas,
        &stand,
        (0.0, 0.0),
        (0.5, 0.29),
        (1.35, 1.42),
        scale(paint, 0.9),
    );
    for side in [-1.0_f32, 1.0] {
        let plate = [(-0.12, 0.9), (0.12, 0.9), (0.12, 1.1), (-0.12, 1.1)]
            .map(|(x, z)| stand.at(x * side, -0.253 * side, z));
        canvas.face(&plate, rgb(0xe0c23a));
    }
}

pub(super) fn bollard(canvas: &mut Canvas<'_>, thing: &Thing) {
    let foot = v3(thing.x, thing.y, 0.0);
    let paint = pick(
        &[rgb(0x6e6f72), rgb(0xb9b4a8), rgb(0x37393c)],
        thing.seed,
        1,
    );
    canvas.tube(foot, (0.1, 0.1), 0.75, paint);
    canvas.tube(foot + Vec3::UP * 0.55, (0.104, 0.104), 0.1, rgb(0xd6b53a));
}

pub(super) fn cone(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    crate_at(
        canvas,
        &stand,
        (0.0, 0.0),
        (0.19, 0.19),
        (0.0, 0.04),
        rgb(0x33302e),
    );
    let foot = v3(thing.x, thing.y, 0.04);
    canvas.tube(foot, (0.15, 0.1), 0.25, rgb(0xdd5420));
    canvas.tube(foot + Vec3::UP * 0.25, (0.1, 0.075), 0.14, [0.92; 3]);
    canvas.tube(foot + Vec3::UP * 0.39, (0.075, 0.03), 0.26, rgb(0xdd5420));
}

pub(super) fn bush(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let leaf = pick(
        &[rgb(0x3f6b35), rgb(0x587d3a), rgb(0x6d4050)],
        thing.seed,
        1,
    );
    crate_at(
        canvas,
        &stand,
        (0.0, 0.0),
        (1.0, 0.4),
        (0.0, 0.35),
        rgb(0x8c8a84),
    );
    for n in 0..40_i32 {
        let x = (roll(thing.seed, n * 3 + 4) - 0.5) * 1.8;
        let y = (roll(thing.seed, n * 3 + 5) - 0.5) * 0.6;
        let rise = roll(thing.seed, n * 3 + 6);
        let seed = hash2(thing.seed.cast_signed(), n);
        let tone = 0.65 + 0.5 * rise;
        canvas.tuft(
            stand.at(x, y, 0.38 + 0.35 * rise),
            0.17,
            seed,
            scale(leaf, tone),
            rise + 0.1,
        );
    }
}

/// Half lengths of a bin's base and its height; the kind of bin follows from its seed.
pub(super) fn bin_size(seed: u32) -> (f32, f32, f32) {
    match style(seed) {
        BinStyle::Wheeled => (0.30, 0.34, 1.05),
        BinStyle::Pair => (0.56, 0.24, 1.10),
        BinStyle::Drum => (0.30, 0.30, 0.90),
    }
}

#[derive(Clone, Copy)]
enum BinStyle {
    Wheeled,
    Pair,
    Drum,
}

fn style(seed: u32) -> BinStyle {
    pick(
        &[
            BinStyle::Wheeled,
            BinStyle::Pair,
            BinStyle::Pair,
            BinStyle::Drum,
        ],
        seed,
        61,
    )
}

pub(super) fn bin(canvas: &mut Canvas<'_>, thing: &Thing, lid_open: bool) {
    let stand = stand_of(thing);
    match style(thing.seed) {
        BinStyle::Wheeled => wheeled_bin(canvas, &stand, thing.seed, lid_open),
        BinStyle::Pair => paired_bin(canvas, &stand, thing.seed),
        BinStyle::Drum => drum_bin(canvas, thing),
    }
}

fn wheeled_bin(canvas: &mut Canvas<'_>, stand: &Stand, seed: u32, lid_open: bool) {
    let paint = pick(
        &[
            rgb(0x2f6b3f),
            rgb(0x2a5c9a),
            rgb(0x5d6166),
            rgb(0xa82f2a),
            rgb(0x3d7d55),
        ],
        seed,
        62,
    );
    let base = [(-0.22, -0.24), (0.22, -0.24), (0.22, 0.26), (-0.22, 0.26)];
    let top = [(-0.29, -0.33), (0.29, -0.33), (0.29, 0.33), (-0.29, 0.33)];
    canvas.body(
        &base.map(|(x, y)| stand.at(x, y, 0.06)),
        &top.map(|(x, y)| stand.at(x, y, 0.92)),
        paint,
    );
    for side in [-0.25, 0.25] {
        canvas.limb(
            stand.at(side, 0.26, 0.1),
            stand.at(side * 1.1, 0.26, 0.1),
            0.2,
            rgb(0x202224),
        );
    }
    if lid_open {
        canvas.sheet(
            &top.map(|(x, y)| stand.at(x, y, 0.925)),
            Vec3::UP,
            rgb(0x15181a),
            1.0,
        );
        let lid = [
            (-0.3, 0.33, 0.92),
            (0.3, 0.33, 0.92),
            (0.3, 0.5, 1.4),
            (-0.3, 0.5, 1.4),
        ];
        canvas.sheet(
            &lid.map(|(x, y, z)| stand.at(x, y, z)),
            v3(0.0, 0.0, 0.6),
            scale(paint, 0.9),
            1.0,
        );
    } else {
        crate_at(
            canvas,
            stand,
            (0.0, 0.0),
            (0.31, 0.36),
            (0.92, 0.97),
            scale(paint, 1.12),
        );
        crate_at(
            canvas,
            stand,
            (0.0, 0.05),
            (0.24, 0.26),
            (0.97, 1.03),
            scale(paint, 1.05),
        );
    }
    let label = [(-0.12, 0.5), (0.12, 0.5), (0.12, 0.72), (-0.12, 0.72)]
        .map(|(x, z)| stand.at(x, -0.30 - (z - 0.5) * 0.1, z));
    canvas.face(&label, [0.88, 0.9, 0.88]);
}

fn paired_bin(canvas: &mut Canvas<'_>, stand: &Stand, seed: u32) {
    let steel = pick(
        &[rgb(0x9aa1a5), rgb(0x5c6468), rgb(0x6b7f72), rgb(0x74604c)],
        seed,
        63,
    );
    let colors = [rgb(0x2b6cb0), rgb(0x5f6468)];
    crate_at(
        canvas,
        stand,
        (0.0, 0.0),
        (0.54, 0.2),
        (0.0, 0.08),
        scale(steel, 0.6),
    );
    for (side, paint) in [-0.27_f32, 0.27].into_iter().zip(colors) {
        let body = mix(steel, paint, 0.35);
        crate_at(canvas, stand, (side, 0.0), (0.23, 0.2), (0.08, 0.82), body);
        for face in [-1.0_f32, 1.0] {
            let slot = [(-0.16, 0.62), (0.16, 0.62), (0.16, 0.76), (-0.16, 0.76)]
                .map(|(x, z)| stand.at(side + x * -face, face * 0.203, z));
            canvas.face(&slot, rgb(0x17191b));
            let plate = [(-0.12, 0.28), (0.12, 0.28), (0.12, 0.5), (-0.12, 0.5)]
                .map(|(x, z)| stand.at(side + x * -face, face * 0.203, z));
            canvas.face(&plate, mix(paint, [1.0; 3], 0.25));
        }
    }
    for side in [-0.5, 0.0, 0.5] {
        crate_at(
            canvas,
            stand,
            (side, 0.0),
            (0.025, 0.16),
            (0.82, 1.02),
            scale(steel, 0.7),
        );
    }
    crate_at(
        canvas,
        stand,
        (0.0, 0.0),
        (0.58, 0.27),
        (1.02, 1.08),
        scale(steel, 1.05),
    );
}

fn drum_bin(canvas: &mut Canvas<'_>, thing: &Thing) {
    let foot = v3(thing.x, thing.y, 0.0);
    let paint = pick(
        &[rgb(0x7b5b3e), rgb(0x4d5358), rgb(0x2f5d46), rgb(0x9ba0a2)],
        thing.seed,
        64,
    );
    canvas.tube(foot, (0.25, 0.28), 0.74, paint);
    canvas.tube(
        foot + Vec3::UP * 0.3,
        (0.275, 0.278),
        0.06,
        scale(paint, 1.3),
    );
    canvas.tube(
        foot + Vec3::UP * 0.74,
        (0.30, 0.30),
        0.06,
        scale(paint, 0.8),
    );
    let mouth = ring(foot + Vec3::UP * 0.805, 0.23, 14);
    canvas.sheet(&mouth, Vec3::UP, rgb(0x141617), 1.0);
}

/// Radius of a manhole cover, metres.
pub(super) const COVER_M: f32 = 0.39;

pub(super) fn closed_cover(canvas: &mut Canvas<'_>, thing: &Thing) {
    let middle = v3(thing.x, thing.y, 0.005);
    let iron = pick(
        &[rgb(0x4a4a49), rgb(0x5b5650), rgb(0x3c3d3e), rgb(0x6a655c)],
        thing.seed,
        1,
    );
    lid(canvas, middle, iron, thing.seed);
}

/// A round iron lid with its frame and pattern.
pub(super) fn lid(canvas: &mut Canvas<'_>, middle: Vec3, iron: Rgb, seed: u32) {
    canvas.sheet(
        &ring(middle, COVER_M + 0.06, 24),
        Vec3::UP,
        scale(iron, 1.35),
        1.0,
    );
    canvas.sheet(
        &ring(middle, COVER_M + 0.005, 24),
        Vec3::UP,
        scale(iron, 0.45),
        1.0,
    );
    canvas.sheet(&ring(middle, COVER_M - 0.015, 24), Vec3::UP, iron, 1.0);
    let bright = scale(iron, 1.32);
    if roll(seed, 2) < 0.5 {
        for radius in [0.32, 0.24, 0.16] {
            canvas.sheet(&ring(middle, radius, 20), Vec3::UP, bright, 1.0);
            canvas.sheet(&ring(middle, radius - 0.035, 20), Vec3::UP, iron, 1.0);
        }
        return;
    }
    let turn = Stand::new(middle.x, middle.y, roll(seed, 3) * 3.0);
    for row in -3_i8..=3 {
        let y = f32::from(row) * 0.1;
        let half = (0.105 - y * y).max(0.0).sqrt();
        let bar = [
            (-half, y - 0.02),
            (half, y - 0.02),
            (half, y + 0.02),
            (-half, y + 0.02),
        ]
        .map(|(x, y)| turn.at(x, y, middle.z));
        canvas.sheet(&bar, Vec3::UP, bright, 1.0);
    }
}
