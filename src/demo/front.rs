//! House fronts: shops on the ground floor, windows above.

use super::color::{Rgb, mix, rgb, scale, step, wrap};
use super::grain::{hash2, noise, pick, roll, unit};
use super::scene::{House, Scene};
use super::vector::{Vec3, v3};

const SHOP_M: f32 = 4.2;
const FLOOR_M: f32 = 3.1;
const SIGNS: [u32; 9] = [
    0xb3242a, 0x1f5fa8, 0x18794a, 0xd98a1c, 0x7a2d7f, 0x2b2f36, 0xc8442e, 0x0e7c86, 0xe0b324,
];

/// How far houses reach back from the street.
pub(super) const HOUSE_DEPTH_M: f32 = 14.0;

/// The wall a house turns to a side street, `deep` metres back from its front.
pub(super) fn side_wall(house: &House, deep: f32, z: f32, soft: f32) -> Rgb {
    let plain = House {
        from_x: 0.0,
        to_x: HOUSE_DEPTH_M,
        shops: false,
        wall: scale(house.wall, 0.93),
        ..*house
    };
    upper(&plain, deep, z, soft)
}

/// Colour of the front that stands at `hit`; `None` where no house reaches.
pub(super) fn front_color(scene: &Scene, hit: Vec3, side: f32, footprint: f32) -> Option<Rgb> {
    let row = usize::from(side < 0.0);
    let house = house_at(&scene.street.houses[row], hit.x)?;
    if hit.z < 0.0 || hit.z > house.height_m {
        return None;
    }
    let (flat, glow) = if house.shops && hit.z < SHOP_M {
        shop(house, hit.x - house.from_x, hit.z, footprint)
    } else {
        (upper(house, hit.x - house.from_x, hit.z, footprint), 0.0)
    };
    let light = &scene.light;
    let lit = light.on(flat, v3(0.0, -side, 0.0), 0.0);
    // the lower wall gets less of the sky
    let open = 0.74 + 0.26 * (hit.z / 9.0).min(1.0);
    Some(mix(
        scale(lit, open),
        mix(flat, [1.0, 0.93, 0.75], 0.25),
        glow * light.lamps,
    ))
}

/// The house whose front reaches over `x`, in a row that is in order of x.
fn house_at(row: &[House], x: f32) -> Option<&House> {
    let next = row.partition_point(|house| house.to_x <= x);
    row.get(next).filter(|house| house.from_x <= x)
}

fn inside(value: f32, from: f32, to: f32, soft: f32) -> f32 {
    let soft = soft.max(0.01);
    ((value - from) / soft + 0.5).clamp(0.0, 1.0) * ((to - value) / soft + 0.5).clamp(0.0, 1.0)
}

/// Colour of a shop front, and how much of it glows when it is dark.
fn shop(house: &House, x: f32, z: f32, soft: f32) -> (Rgb, f32) {
    let wide = 3.6 + 2.8 * roll(house.seed, 1);
    let number = step(x / wide);
    let seed = hash2(house.seed.cast_signed(), number + 77);
    let u = x - wide * number as f32;
    let trim = scale(house.wall, 0.8 + 0.1 * noise(x * 20.0, z * 20.0));
    if u < 0.22 {
        return (trim, 0.0);
    }
    let sign = rgb(pick(&SIGNS, seed, 2));
    if z > 2.95 && z < 4.05 {
        let ink = glyph(seed, u - 0.5, z - 3.12, wide - 1.0);
        let letters = if roll(seed, 3) < 0.75 {
            [0.97, 0.95, 0.88]
        } else {
            [0.98, 0.84, 0.25]
        };
        let shade = 0.92 + 0.12 * (z - 2.95);
        return (
            mix(scale(sign, shade), letters, ink / (1.0 + soft * 3.0)),
            0.85,
        );
    }
    if z >= 4.05 {
        return (trim, 0.0);
    }
    if roll(seed, 4) < 0.16 {
        // roller shutter
        let rib = 0.86 + 0.14 * (z * 40.0).sin() / (1.0 + soft * 25.0);
        return (scale([0.60, 0.62, 0.64], rib), 0.0);
    }
    (window_display(seed, u, z, wide, soft), 0.7)
}

fn window_display(seed: u32, u: f32, z: f32, wide: f32, soft: f32) -> Rgb {
    let room = mix([0.22, 0.21, 0.20], [0.50, 0.44, 0.34], roll(seed, 5) * 0.8);
    let deep = scale(room, 0.65 + 0.22 * z);
    let goods = unit(hash2(
        step(u / 0.35) + seed.cast_signed() % 911,
        step(z / 0.45),
    ));
    let shelf = if z < 1.8 && goods > 0.6 {
        let hue = pick(&SIGNS, seed, step(u / 0.35) * 7 + step(z / 0.45));
        mix(deep, rgb(hue), 0.22 * goods)
    } else {
        deep
    };
    // the glass mirrors the sky across the street
    let glass = mix(
        shelf,
        [0.62, 0.68, 0.74],
        0.12 + 0.10 * ((u * 2.0 + z) * 1.3).sin().abs(),
    );
    let door = wide * (0.35 + 0.3 * roll(seed, 6));
    let frame = inside(u, door, door + 0.08, soft)
        .max(inside(u, door + 1.5, door + 1.58, soft))
        .max(inside(z, 2.3, 2.38, soft))
        .max(inside(z, 0.0, 0.25, soft));
    mix(glass, [0.30, 0.30, 0.31], frame * 0.9)
}

/// Strokes that read as a line of characters, from a hash: 1 where there is ink.
fn glyph(seed: u32, x: f32, z: f32, room: f32) -> f32 {
    const SIZE_M: f32 = 0.72;
    const PITCH_M: f32 = 0.86;
    if x < 0.0 || x > room || !(0.0..SIZE_M).contains(&z) {
        return 0.0;
    }
    let number = step(x / PITCH_M);
    let letter = hash2(seed.cast_signed(), number * 31 + 5);
    let u = (x - PITCH_M * number as f32) / SIZE_M;
    if u > 1.0 || (number as f32 + 1.0) * PITCH_M > room {
        return 0.0;
    }
    let (column, row) = (step(u * 7.0), step(z / SIZE_M * 7.0));
    // rows of strokes with uprights between them, as in most characters
    let stroke = if row % 2 == 0 {
        unit(hash2(letter.cast_signed(), row)) < 0.75 && (1..6).contains(&column)
    } else {
        column == 3 || unit(hash2(letter.cast_signed(), row * 9 + column)) < 0.34
    };
    f32::from(stroke)
}

fn upper(house: &House, x: f32, z: f32, soft: f32) -> Rgb {
    let stain = 1.0 + noise(x * 1.5, z * 4.0) * 0.06 + noise(x * 30.0, z * 30.0) * 0.03;
    let wall = scale(house.wall, stain);
    let bay = 2.6 + 1.4 * roll(house.seed, 8);
    let low = if house.shops { SHOP_M } else { 0.6 };
    let (u, v) = (wrap(x, bay), wrap(z - low, FLOOR_M));
    if z < low || x < 0.4 || house.to_x - house.from_x - x < 0.4 {
        return wall;
    }
    let (column, floor) = (step(x / bay), step((z - low) / FLOOR_M));
    let seed = hash2(house.seed.cast_signed() ^ column, floor + 13);
    let pane = inside(u, 0.55, bay - 0.55, soft) * inside(v, 0.9, 2.45, soft);
    let mullion = inside(u, bay / 2.0 - 0.04, bay / 2.0 + 0.04, soft);
    let dark = mix(
        [0.20, 0.24, 0.29],
        [0.46, 0.52, 0.58],
        roll(seed, 1) * 0.6 + v * 0.12,
    );
    let curtain = if roll(seed, 2) < 0.3 && u < bay * 0.45 {
        mix(dark, [0.74, 0.70, 0.62], 0.6)
    } else {
        dark
    };
    let mut color = mix(wall, mix(curtain, [0.82, 0.82, 0.80], mullion), pane);
    let sill = inside(u, 0.45, bay - 0.45, soft) * inside(v, 0.8, 0.9, soft);
    color = mix(color, scale(house.wall, 1.15), sill);
    if roll(seed, 3) < 0.4 {
        // the outdoor part of an air conditioner below the window
        let unit_box = inside(u, 0.7, 1.5, soft) * inside(v, 0.15, 0.7, soft);
        let fan = 1.0 - 0.4 * inside((u - 1.0).hypot(v - 0.42), 0.0, 0.22, soft);
        color = mix(color, scale([0.80, 0.80, 0.78], fan), unit_box);
    }
    color
}
