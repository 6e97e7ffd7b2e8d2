//! Paints what comes and goes: cars, vans, bicycles, riders, people.

use super::brush::Canvas;
use super::color::{Rgb, mix, rgb, scale};
use super::furniture::{crate_at, stand_of};
use super::grain::{pick, roll};
use super::scene::Thing;
use super::vector::{Stand, Vec3, v3};

const PAINTS: [u32; 9] = [
    0xe8e8e6, 0x1f2226, 0x9aa0a6, 0x7d1f22, 0x24427a, 0xd9d4c5, 0x4b4f55, 0x2f5a4a, 0xc9a23a,
];
const CLOTHES: [u32; 9] = [
    0x2d3e5c, 0x8a2f33, 0x36393d, 0xc9c4b5, 0x4c6b4a, 0xd08a3c, 0x5a3d66, 0x7f8a94, 0xb4567a,
];
const GLASS: Rgb = [0.16, 0.19, 0.23];

/// Half length, half width and height of a vehicle.
pub(super) fn car_size() -> (f32, f32, f32) {
    (2.25, 0.9, 1.45)
}

pub(super) fn van_size() -> (f32, f32, f32) {
    (2.6, 1.0, 2.2)
}

/// One level of a vehicle's body: from x to x, half width, height.
type Level = (f32, f32, f32, f32);

fn level(stand: &Stand, (from, to, half, z): Level) -> [Vec3; 4] {
    [
        stand.at(from, -half, z),
        stand.at(to, -half, z),
        stand.at(to, half, z),
        stand.at(from, half, z),
    ]
}

pub(super) fn car(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let paint = rgb(pick(&PAINTS, thing.seed, 1));
    wheels(canvas, &stand, (1.4, 0.82), 0.32);
    let sill = level(&stand, (-2.2, 2.2, 0.84, 0.28));
    let belt = level(&stand, (-2.25, 2.25, 0.9, 0.62));
    let hood = level(&stand, (-2.12, 2.1, 0.84, 0.92));
    canvas.body(&sill, &belt, scale(paint, 0.82));
    canvas.body(&belt, &hood, paint);
    lights(canvas, &stand, 2.25, 0.62);
    let hatch = if roll(thing.seed, 2) < 0.5 {
        -2.0
    } else {
        -1.6
    };
    let foot = level(&stand, (hatch, 1.15, 0.78, 0.92));
    let roof = level(&stand, (hatch + 0.55, 0.35, 0.62, 1.42));
    canvas.body(&foot, &roof, GLASS);
    let tray = level(&stand, (hatch + 0.55, 0.35, 0.63, 1.43));
    canvas.sheet(&tray, Vec3::UP, scale(paint, 1.04), 1.0);
    for side in [-1.0_f32, 1.0] {
        let post = [(-0.25, 0.80), (-0.13, 0.80), (-0.13, 0.635), (-0.25, 0.635)];
        let corners: Vec<Vec3> = post
            .iter()
            .map(|&(x, y)| stand.at(x, y * side, if y > 0.7 { 0.92 } else { 1.42 }))
            .collect();
        if (canvas.camera.at - corners[0]).dot(stand.at(0.0, side, 0.0) - stand.at(0.0, 0.0, 0.0))
            > 0.0
        {
            canvas.sheet(&corners, v3(0.0, 0.0, 0.3), paint, 1.0);
        }
        canvas.ball(stand.at(0.95, side * 0.95, 0.98), 0.1, paint);
    }
}

pub(super) fn van(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let paint = rgb(pick(
        &[0xe9e9e6, 0xd8b53c, 0x356fa8, 0x3f7d4c, 0xb9bdc0],
        thing.seed,
        1,
    ));
    wheels(canvas, &stand, (1.6, 0.9), 0.36);
    let sill = level(&stand, (-2.55, 2.5, 0.94, 0.3));
    let belt = level(&stand, (-2.6, 2.6, 0.98, 1.05));
    canvas.body(&sill, &belt, scale(paint, 0.9));
    lights(canvas, &stand, 2.6, 0.75);
    let foot = level(&stand, (1.2, 2.45, 0.96, 1.05));
    let brow = level(&stand, (1.2, 1.9, 0.88, 1.95));
    canvas.body(&foot, &brow, GLASS);
    let back = level(&stand, (-2.6, 1.2, 0.99, 1.05));
    let roof = level(&stand, (-2.55, 1.2, 0.94, 2.15));
    canvas.body(&back, &roof, paint);
    let front_roof = level(&stand, (1.0, 1.92, 0.89, 1.96));
    canvas.sheet(&front_roof, Vec3::UP, paint, 1.0);
}

fn lights(canvas: &mut Canvas<'_>, stand: &Stand, nose: f32, z: f32) {
    for side in [-0.62, 0.62] {
        let front = [
            (side - 0.16, z),
            (side + 0.16, z),
            (side + 0.16, z + 0.15),
            (side - 0.16, z + 0.15),
        ]
        .map(|(y, z)| stand.at(nose - 0.02, y, z));
        canvas.face(&front, rgb(0xe6e9ea));
        let rear = [
            (side + 0.16, z),
            (side - 0.16, z),
            (side - 0.16, z + 0.15),
            (side + 0.16, z + 0.15),
        ]
        .map(|(y, z)| stand.at(-nose + 0.02, y, z));
        canvas.face(&rear, rgb(0xb3201f));
        let ahead = stand.at(nose + 1.0, side, z) - stand.at(nose, side, z);
        let seen = ahead.dot(canvas.camera.at - stand.at(nose, side, z)) > 0.0;
        if seen && canvas.light.lamps > 0.5 {
            canvas.glow(stand.at(nose, side, z + 0.08), 0.35, [1.0, 0.95, 0.82], 0.7);
        }
    }
}

fn wheels(canvas: &mut Canvas<'_>, stand: &Stand, (axle, track): (f32, f32), radius: f32) {
    for (x, y) in [
        (-axle, track),
        (axle, track),
        (-axle, -track),
        (axle, -track),
    ] {
        for (ratio, color, out) in [(1.0, rgb(0x17181a), 1.0), (0.55, rgb(0x8b8f93), 1.02)] {
            let rim: Vec<Vec3> = (0..14_u8)
                .map(|n| {
                    let angle = f32::from(n) * std::f32::consts::TAU / 14.0;
                    let r = radius * ratio;
                    stand.at(x + r * angle.cos(), y * out, radius + r * angle.sin())
                })
                .collect();
            canvas.sheet(&rim, v3(0.0, 0.0, 0.3), color, 1.0);
        }
    }
}

pub(super) fn bicycle(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let paint = rgb(pick(
        &[0x2c6db3, 0xe0b02e, 0x30a06a, 0x33363a, 0xc23b33],
        thing.seed,
        1,
    ));
    for x in [-0.52, 0.52] {
        hoop(canvas, &stand, x);
    }
    let joints = [
        ((-0.52, 0.33), (-0.1, 0.72)),
        ((-0.1, 0.72), (0.38, 0.74)),
        ((0.38, 0.74), (0.02, 0.32)),
        ((0.02, 0.32), (-0.52, 0.33)),
        ((0.38, 0.9), (0.52, 0.33)),
        ((0.02, 0.32), (-0.16, 0.92)),
    ];
    for ((x0, z0), (x1, z1)) in joints {
        canvas.limb(stand.at(x0, 0.0, z0), stand.at(x1, 0.0, z1), 0.045, paint);
    }
    canvas.limb(
        stand.at(0.38, -0.25, 0.98),
        stand.at(0.38, 0.25, 0.98),
        0.04,
        rgb(0x222426),
    );
    canvas.limb(
        stand.at(-0.26, 0.0, 0.94),
        stand.at(-0.06, 0.0, 0.94),
        0.1,
        rgb(0x1c1d1f),
    );
}

fn hoop(canvas: &mut Canvas<'_>, stand: &Stand, x: f32) {
    let point = |n: u8| {
        let angle = f32::from(n) * std::f32::consts::TAU / 12.0;
        stand.at(x + 0.32 * angle.cos(), 0.0, 0.33 + 0.32 * angle.sin())
    };
    for n in 0..12 {
        canvas.limb(point(n), point(n + 1), 0.05, rgb(0x1b1c1e));
    }
}

/// Somebody on an electric scooter.
pub(super) fn rider(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let paint = rgb(pick(
        &[0xc8402e, 0xe5e3dd, 0x2f66ad, 0x1f2327, 0xe6b93a],
        thing.seed,
        1,
    ));
    for x in [-0.55, 0.55] {
        canvas.limb(
            stand.at(x - 0.12, 0.0, 0.22),
            stand.at(x + 0.12, 0.0, 0.22),
            0.4,
            rgb(0x1d1e20),
        );
    }
    crate_at(
        canvas,
        &stand,
        (-0.2, 0.0),
        (0.45, 0.16),
        (0.25, 0.62),
        paint,
    );
    crate_at(
        canvas,
        &stand,
        (0.42, 0.0),
        (0.1, 0.22),
        (0.25, 0.95),
        paint,
    );
    torso(canvas, &stand, thing.seed, (-0.1, 0.72), 0.2);
    canvas.limb(
        stand.at(-0.05, 0.18, 0.7),
        stand.at(0.25, 0.18, 0.4),
        0.15,
        rgb(0x2a2d33),
    );
    canvas.limb(
        stand.at(0.0, 0.2, 1.1),
        stand.at(0.4, 0.24, 0.98),
        0.1,
        rgb(pick(&CLOTHES, thing.seed, 5)),
    );
    if roll(thing.seed, 7) < 0.35 {
        // delivery box
        let paint = rgb(pick(&[0xe9b92a, 0x2a7fd0], thing.seed, 8));
        crate_at(
            canvas,
            &stand,
            (-0.62, 0.0),
            (0.24, 0.25),
            (0.62, 1.1),
            paint,
        );
    }
}

fn torso(canvas: &mut Canvas<'_>, stand: &Stand, seed: u32, (x, hip): (f32, f32), lean: f32) {
    let shirt = rgb(pick(&CLOTHES, seed, 5));
    let skin = mix(rgb(0xd9a988), rgb(0xb58263), roll(seed, 6));
    let hair = rgb(pick(
        &[0x1b1816, 0x2b2420, 0x55504c, 0xd8d4cb, 0xc23a30],
        seed,
        9,
    ));
    canvas.limb(
        stand.at(x, 0.0, hip + 0.1),
        stand.at(x + lean, 0.0, hip + 0.5),
        0.36,
        shirt,
    );
    let head = stand.at(x + lean * 1.3, 0.0, hip + 0.83);
    canvas.limb(stand.at(x + lean, 0.0, hip + 0.6), head, 0.1, skin);
    canvas.ball(head, 0.13, skin);
    canvas.ball(head + v3(0.0, 0.0, 0.045), 0.125, hair);
}

pub(super) fn person(canvas: &mut Canvas<'_>, thing: &Thing) {
    let stand = stand_of(thing);
    let trousers = rgb(pick(
        &[0x23262c, 0x33415a, 0x5a5347, 0x8b857a, 0x1c1d1f],
        thing.seed,
        4,
    ));
    let stride = 0.22 * (roll(thing.seed, 2) * 2.0 - 1.0);
    for (side, swing) in [(-0.09, stride), (0.09, -stride)] {
        let foot = stand.at(swing, side, 0.06);
        canvas.limb(foot, stand.at(swing + 0.1, side, 0.05), 0.1, rgb(0x1f1f20));
        canvas.limb(foot, stand.at(0.0, side, 0.82), 0.15, trousers);
    }
    torso(canvas, &stand, thing.seed, (0.0, 0.82), 0.03);
    let sleeve = scale(rgb(pick(&CLOTHES, thing.seed, 5)), 0.92);
    for side in [-1.0_f32, 1.0] {
        let hand = stand.at(-stride * side, 0.27 * side, 0.85);
        canvas.limb(stand.at(0.02, 0.2 * side, 1.36), hand, 0.1, sleeve);
        canvas.ball(hand, 0.05, rgb(0xcf9f80));
    }
    if roll(thing.seed, 11) < 0.3 {
        let bag = stand.at(-0.05, 0.34, 0.62);
        canvas.lump(bag, |_| (0.14, 0.2), rgb(pick(&CLOTHES, thing.seed, 12)));
    }
}
