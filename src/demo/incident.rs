//! Paints what should not be there: overflowing bins, garbage, stalls, open manholes.

use super::brush::{Canvas, ring};
use super::color::{Rgb, mix, rgb, scale, step};
use super::furniture::{COVER_M, bin, bin_size, crate_at, lid, stand_of};
use super::grain::{hash2, noise, pick, roll};
use super::scene::{Kind, Thing};
use super::traffic::person;
use super::vector::{Stand, Vec3, v3};

const BAGS: [u32; 10] = [
    0x1d1f22, 0x24262a, 0x2a2c31, 0xe4e4e0, 0xd9d6cf, 0xc4372f, 0x3a66a5, 0x2f7d4d, 0xe08fa6,
    0x1b1c1f,
];
const LITTER: [u32; 8] = [
    0xe9e7e0, 0xd8cbb0, 0xc23a32, 0x3d74b5, 0xf0d25a, 0x9a8463, 0xbfc5c9, 0x58a06a,
];

/// A tied bag that sags; `size` is about half its width.
fn bag(canvas: &mut Canvas<'_>, foot: Vec3, size: f32, seed: u32) {
    let color = rgb(pick(&BAGS, seed, 1));
    let middle = foot + Vec3::UP * (size * 0.72);
    let (phase, lobes) = (roll(seed, 2) * 6.0, 3.0 + (roll(seed, 3) * 3.0).floor());
    canvas.lump(
        middle,
        |angle| {
            let crease = 1.0 + 0.10 * (angle * lobes + phase).sin();
            // flat below, narrowing to the knot above
            let narrow = if angle.sin() < 0.0 {
                1.0 + 0.22 * angle.sin()
            } else {
                1.05
            };
            (size * crease * narrow, size * 0.82 * crease)
        },
        color,
    );
    let knot = foot + Vec3::UP * (size * 1.5);
    canvas.lump(
        knot,
        |angle| (size * (0.2 + 0.1 * (angle * 3.0).sin()), size * 0.2),
        scale(color, 0.9),
    );
    // light that catches on the folds of the film
    for n in 0..3_i32 {
        let shift = canvas.camera.right * ((roll(seed, 20 + n) - 0.6) * size)
            + Vec3::UP * ((roll(seed, 30 + n) - 0.1) * size * 0.6);
        let shine = mix(color, [1.0; 3], 0.35);
        let from = middle + shift;
        canvas.limb(from, from + v3(0.0, 0.0, size * 0.22), size * 0.07, shine);
    }
}

fn carton(canvas: &mut Canvas<'_>, place: (f32, f32), seed: u32) {
    let stand = Stand::new(place.0, place.1, roll(seed, 1) * 3.0);
    let brown = mix(rgb(0xb58a58), rgb(0x8f6a42), roll(seed, 2));
    let half = (0.18 + 0.16 * roll(seed, 3), 0.14 + 0.12 * roll(seed, 4));
    let tall = 0.16 + 0.3 * roll(seed, 5);
    crate_at(canvas, &stand, (0.0, 0.0), half, (0.0, tall), brown);
    let tape = [
        (-half.0, -0.03),
        (half.0, -0.03),
        (half.0, 0.03),
        (-half.0, 0.03),
    ]
    .map(|(x, y)| stand.at(x, y, tall + 0.002));
    canvas.sheet(&tape, Vec3::UP, rgb(0xd9c79a), 1.0);
    if roll(seed, 6) < 0.5 {
        let flap = [
            (-half.0, half.1, tall),
            (half.0, half.1, tall),
            (half.0, half.1 + 0.15, tall + 0.08),
            (-half.0, half.1 + 0.15, tall + 0.08),
        ]
        .map(|(x, y, z)| stand.at(x, y, z));
        canvas.sheet(&flap, Vec3::UP, scale(brown, 1.1), 1.0);
    }
}

/// Scraps of paper and film on the ground around a place.
fn litter(canvas: &mut Canvas<'_>, middle: (f32, f32), reach: f32, count: i32, seed: u32) {
    for n in 0..count {
        let own = hash2(seed.cast_signed(), n + 900);
        let angle = roll(own, 1) * std::f32::consts::TAU;
        let out = reach * roll(own, 2).sqrt();
        let stand = Stand::new(
            middle.0 + out * angle.cos(),
            middle.1 + out * angle.sin(),
            roll(own, 3) * 6.0,
        );
        let size = 0.04 + 0.09 * roll(own, 4);
        let scrap = [(-1.0, -0.6), (0.7, -0.8), (1.0, 0.5), (-0.5, 0.8)]
            .map(|(x, y)| stand.at(x * size, y * size, 0.01));
        canvas.sheet(&scrap, Vec3::UP, rgb(pick(&LITTER, own, 5)), 1.0);
    }
}

/// A single piece of litter: nothing to report.
pub(super) fn scrap(canvas: &mut Canvas<'_>, thing: &Thing) {
    litter(
        canvas,
        (thing.x, thing.y),
        0.3,
        1 + (thing.seed % 3).cast_signed(),
        thing.seed,
    );
}

pub(super) fn overflow(canvas: &mut Canvas<'_>, thing: &Thing) {
    let seed = hash2(thing.seed.cast_signed(), 4242);
    let (half_x, half_y, tall) = bin_size(thing.seed);
    let stand = stand_of(thing);
    litter(canvas, (thing.x, thing.y), 0.95, 16, seed);
    let count = 3 + step(roll(seed, 1) * 4.0);
    let mut around: Vec<(Vec3, f32, u32)> = (0..count)
        .map(|n| {
            let own = hash2(seed.cast_signed(), n);
            let angle = roll(own, 4) * std::f32::consts::TAU;
            let size = 0.2 + 0.14 * roll(own, 5);
            let place = stand.at(
                (half_x + size * 0.8) * angle.cos(),
                (half_y + size * 0.8) * angle.sin(),
                0.0,
            );
            (place, size, own)
        })
        .collect();
    let camera = *canvas.camera;
    around.sort_by(|a, b| camera.depth(b.0).total_cmp(&camera.depth(a.0)));
    let bin_depth = camera.depth(v3(thing.x, thing.y, 0.0));
    for &(place, size, own) in around.iter().filter(|a| camera.depth(a.0) >= bin_depth) {
        bag(canvas, place, size, own);
    }
    bin(canvas, thing, true);
    for n in 0..4_i32 {
        let own = hash2(seed.cast_signed(), n + 50);
        let place = stand.at(
            (roll(own, 7) - 0.5) * half_x * 1.5,
            (roll(own, 8) - 0.5) * half_y * 1.2,
            tall - 0.16,
        );
        bag(canvas, place, 0.17 + 0.1 * roll(own, 9), own);
    }
    for &(place, size, own) in around.iter().filter(|a| camera.depth(a.0) < bin_depth) {
        bag(canvas, place, size, own);
    }
}

pub(super) fn garbage(canvas: &mut Canvas<'_>, thing: &Thing) {
    let seed = hash2(thing.seed.cast_signed(), 777);
    let spread = 0.55 + 0.55 * roll(seed, 1);
    let stand = stand_of(thing);
    litter(canvas, (thing.x, thing.y), spread * 1.35, 20, seed);
    let count = 6 + step(roll(seed, 2) * 9.0);
    let boxes = roll(seed, 3) * 0.7;
    let mut pile: Vec<(Vec3, u32)> = (0..count)
        .map(|n| {
            let own = hash2(seed.cast_signed(), n);
            let angle = roll(own, 4) * std::f32::consts::TAU;
            let out = spread * roll(own, 5).sqrt();
            // the middle of the pile is two bags high
            let lift = if out < spread * 0.45 && n % 2 == 0 {
                0.3
            } else {
                0.0
            };
            (
                stand.at(out * angle.cos(), out * 0.7 * angle.sin(), lift),
                own,
            )
        })
        .collect();
    let camera = *canvas.camera;
    pile.sort_by(|a, b| {
        let order = |p: &Vec3| camera.depth(v3(p.x, p.y, 0.0)) - p.z;
        order(&b.0).total_cmp(&order(&a.0))
    });
    for (place, own) in pile {
        if place.z == 0.0 && roll(own, 6) < boxes {
            carton(canvas, (place.x, place.y), own);
        } else {
            bag(canvas, place, 0.2 + 0.16 * roll(own, 7), own);
        }
    }
    if roll(seed, 8) < 0.3 {
        let plank = rgb(0x9a7a55);
        canvas.limb(
            stand.at(-spread, 0.2, 0.05),
            stand.at(spread * 0.6, -0.3, 0.6),
            0.12,
            plank,
        );
    }
}

pub(super) fn stall(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let seed = thing.seed;
    let seller = Thing {
        kind: Kind::Person,
        x: stand.at(0.2, 1.0, 0.0).x,
        y: stand.at(0.2, 1.0, 0.0).y,
        yaw: thing.yaw - 1.5,
        seed,
    };
    let behind = canvas.camera.depth(v3(seller.x, seller.y, 0.0))
        > canvas.camera.depth(v3(thing.x, thing.y, 0.0));
    if behind {
        person(canvas, &seller);
    }
    counter(canvas, &stand, seed);
    if !behind {
        person(canvas, &seller);
    }
    if roll(seed, 1) < 0.85 {
        umbrella(canvas, &stand, seed);
    } else {
        awning(canvas, &stand, seed);
    }
}

fn counter(canvas: &mut Canvas<'_>, stand: &Stand, seed: u32) {
    let cloth = rgb(pick(
        &[0xb3382f, 0x3566a0, 0x2f7a55, 0xd8d2c0, 0x7b5233],
        seed,
        2,
    ));
    for x in [-1.2_f32, 1.15] {
        let crate_color = rgb(pick(
            &[0x3a76b5, 0xb5483a, 0x4a8a55, 0x9a7a50],
            seed,
            if x < 0.0 { 3 } else { 4 },
        ));
        crate_at(
            canvas,
            stand,
            (x, 0.1),
            (0.22, 0.3),
            (0.0, 0.3),
            crate_color,
        );
    }
    crate_at(canvas, stand, (0.0, 0.0), (0.9, 0.45), (0.0, 0.76), cloth);
    crate_at(
        canvas,
        stand,
        (0.0, 0.0),
        (0.93, 0.48),
        (0.76, 0.8),
        scale(cloth, 1.15),
    );
    let hues = [0xd9542b, 0xe8b32f, 0x6f9e3a, 0xb8332f, 0xe9e2d0, 0x8a4f8f];
    for row in 0..3_i8 {
        let hue = rgb(pick(&hues, seed, 10 + i32::from(row) % 3));
        let other = rgb(pick(&hues, seed, 20 + i32::from(row)));
        for column in 0..8_i8 {
            let place = stand.at(
                -0.78 + 0.22 * f32::from(column),
                0.3 - 0.3 * f32::from(row),
                0.86,
            );
            canvas.ball(place, 0.1, if column < 4 { hue } else { other });
        }
    }
}

fn umbrella(canvas: &mut Canvas<'_>, stand: &Stand, seed: u32) {
    let radius = 1.15 + 0.35 * roll(seed, 5);
    let first = rgb(pick(
        &[0xc5322c, 0x2b62b0, 0x2a8a55, 0xe2b02c, 0xd3642a, 0x7a4a9a],
        seed,
        6,
    ));
    let second = if roll(seed, 7) < 0.6 {
        rgb(0xefece2)
    } else {
        scale(first, 0.8)
    };
    canvas.limb(
        stand.at(0.0, 0.1, 0.75),
        stand.at(0.0, 0.1, 2.35),
        0.05,
        rgb(0x8e9195),
    );
    let tip = stand.at(0.0, 0.1, 2.62);
    let rim: Vec<Vec3> = ring(stand.at(0.0, 0.1, 2.08), radius, 16);
    // the underside, seen where the far half hangs down
    canvas.sheet(&rim, v3(0.0, 0.0, -0.6), scale(first, 0.6), 1.0);
    let mut panels: Vec<usize> = (0..8).collect();
    let camera = *canvas.camera;
    panels.sort_by(|&a, &b| {
        camera
            .depth(rim[b * 2 + 1])
            .total_cmp(&camera.depth(rim[a * 2 + 1]))
    });
    for panel in panels {
        let (a, b, c) = (
            rim[panel * 2],
            rim[panel * 2 + 1],
            rim[(panel * 2 + 2) % 16],
        );
        let color = if panel % 2 == 0 { first } else { second };
        canvas.face(&[a, b, c, tip], color);
        let valance = [a, c].map(|corner| corner - Vec3::UP * 0.18);
        canvas.sheet(
            &[valance[0], valance[1], c, b, a],
            v3(0.0, 0.0, 0.2),
            scale(color, 0.9),
            1.0,
        );
    }
}

fn awning(canvas: &mut Canvas<'_>, stand: &Stand, seed: u32) {
    let paint = rgb(pick(&[0x2c69b3, 0xc23a2e, 0x3a8a5a], seed, 8));
    for (x, y) in [(-1.2, -0.9), (1.2, -0.9), (-1.2, 0.9), (1.2, 0.9)] {
        canvas.limb(
            stand.at(x, y, 0.0),
            stand.at(x, y, 2.1),
            0.05,
            rgb(0xc9ccce),
        );
    }
    let corner = |x: f32, y: f32| stand.at(x, y, 2.1);
    let eaves = [
        corner(-1.3, -1.0),
        corner(1.3, -1.0),
        corner(1.3, 1.0),
        corner(-1.3, 1.0),
    ];
    let tip = stand.at(0.0, 0.0, 2.75);
    canvas.sheet(&eaves, v3(0.0, 0.0, -0.6), scale(paint, 0.5), 1.0);
    for n in 0..4 {
        canvas.face(&[eaves[n], eaves[(n + 1) % 4], tip], paint);
        let (a, b) = (eaves[n], eaves[(n + 1) % 4]);
        let low = Vec3::UP * 0.25;
        canvas.face(&[a - low, b - low, b, a], scale(paint, 0.92));
    }
}

pub(super) fn open_cover(canvas: &mut Canvas<'_>, thing: &Thing) {
    let middle = v3(thing.x, thing.y, 0.005);
    let frame = pick(
        &[rgb(0x6a665f), rgb(0x57544f), rgb(0x7a7568)],
        thing.seed,
        1,
    );
    let seed = hash2(thing.seed.cast_signed(), 31);
    if roll(seed, 1) < 0.45 {
        let side = if roll(seed, 2) < 0.5 { 0.85 } else { -0.85 };
        let aside = Stand::new(thing.x, thing.y, roll(seed, 3) * 1.2);
        let place = aside.at(side, 0.0, 0.03);
        canvas.sheet(
            &ring(place - Vec3::UP * 0.02, COVER_M + 0.03, 20),
            Vec3::UP,
            scale(frame, 0.35),
            1.0,
        );
        lid(canvas, place, scale(frame, 0.85), seed);
    }
    // the lid beside the hole is not part of what is reported
    canvas.begin_thing();
    canvas.sheet(&ring(middle, COVER_M + 0.07, 24), Vec3::UP, frame, 1.0);
    let rim = ring(middle, COVER_M, 24);
    canvas.sheet(&rim, Vec3::UP, rgb(0x0b0b0c), 1.0);
    // the shaft's far wall, lit from above and lost in the dark
    let away = (v3(
        middle.x - canvas.camera.at.x,
        middle.y - canvas.camera.at.y,
        0.0,
    ))
    .unit();
    let across = v3(-away.y, away.x, 0.0);
    let far: Vec<Vec3> = (0..13_u8)
        .map(|n| {
            let angle = f32::from(n) * std::f32::consts::PI / 12.0;
            middle + across * (COVER_M * angle.cos()) + away * (COVER_M * angle.sin())
        })
        .collect();
    let mut wall = far.clone();
    wall.extend(far.iter().rev().map(|&point| point - away * 0.2));
    let bright: Rgb = canvas.lit(scale(frame, 0.75), Vec3::UP, middle);
    canvas.blend(
        &wall,
        (middle + away * COVER_M, bright),
        (middle + away * (COVER_M - 0.24), scale(bright, 0.1)),
    );
}

/// Marks the pixels that belong to water: it is painted with the ground, the truth needs it here.
pub(super) fn water(canvas: &mut Canvas<'_>, thing: &Thing) {
    let Some(puddle) = super::puddle::Puddle::of(thing) else {
        return;
    };
    let (x0, y0, x1, y1) = puddle.extent();
    let wobble = noise(thing.x, thing.y) * 0.02;
    let (cx, cy) = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
    let outline: Vec<Vec3> = (0..24_u8)
        .map(|n| {
            let angle = f32::from(n) * std::f32::consts::TAU / 24.0;
            v3(
                cx + (x1 - x0) / 2.0 * (1.0 + wobble) * angle.cos(),
                cy + (y1 - y0) / 2.0 * angle.sin(),
                0.0,
            )
        })
        .collect();
    canvas.mark(&outline);
}
