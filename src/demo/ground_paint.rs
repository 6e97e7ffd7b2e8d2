//! The ground of a street: asphalt, lane lines, kerb, slabs.

use super::color::{Rgb, mix, scale, step, wrap};
use super::grain::{hash2, noise, unit};
use super::scene::{Scene, Street};
use super::vector::Vec3;

const GUTTER_M: f32 = 0.35;
const KERB_M: f32 = 0.16;
const PAINT: Rgb = [0.86, 0.86, 0.83];
const PAINT_YELLOW: Rgb = [0.86, 0.68, 0.22];

/// Colour of the ground at a place; `footprint` is what one pixel covers, metres.
pub(super) fn ground_color(scene: &Scene, at: Vec3, footprint: f32, shadow: f32) -> Rgb {
    let street = &scene.street;
    let aside = at.y.abs();
    let soft = footprint.max(0.008);
    let side_street = street.is_crossing(at.x) && aside > street.road_half_m;
    let flat = if side_street || aside > street.front_m() {
        asphalt(street, at, footprint)
    } else {
        let road = road(street, at, footprint);
        let off_road = cover(aside - street.road_half_m, soft);
        if off_road <= 0.0 {
            road
        } else {
            mix(road, pavement(street, at, aside, footprint), off_road)
        }
    };
    scene.light.on(flat, Vec3::UP, shadow)
}

/// Share of a pixel beyond an edge that lies `past` metres behind it.
fn cover(past: f32, soft: f32) -> f32 {
    (past / soft + 0.5).clamp(0.0, 1.0)
}

/// Share of a pixel inside a band.
fn band(value: f32, from: f32, to: f32, soft: f32) -> f32 {
    let soft = soft.max(0.008);
    cover(value - from, soft) * cover(to - value, soft)
}

fn asphalt(street: &Street, at: Vec3, footprint: f32) -> Rgb {
    let broad = noise(at.x * 3.0, at.y * 5.0) * 0.05 + noise(at.x * 0.9, at.y * 0.9) * 0.05;
    let fine = noise(at.x * 90.0, at.y * 90.0) * 0.13 / (1.0 + footprint * 45.0);
    // wheels polish two tracks in each lane
    let lane_m = street.road_half_m / f32::from(street.lanes.max(1));
    let across = wrap(at.y.abs() / lane_m * 2.0, 1.0) - 0.5;
    let tracks = (across * across * 8.0 - 1.0) * 0.025;
    let mut tone = 1.0 + broad + fine + tracks;
    for patch in &street.patches {
        let (u, v) = (
            (at.x - patch.x) / patch.half_x,
            (at.y - patch.y) / patch.half_y,
        );
        if u.abs() < 1.2 && v.abs() < 1.2 {
            let inside = if patch.round {
                (1.25 - (u * u + v * v) + noise(at.x * 40.0, at.y * 40.0) * 0.5).clamp(0.0, 1.0)
            } else {
                cover((1.0 - u.abs()) * patch.half_x, footprint)
                    * cover((1.0 - v.abs()) * patch.half_y, footprint)
            };
            tone *= 1.0 + (patch.tone - 1.0) * inside;
        }
    }
    scale(street.asphalt, tone)
}

fn road(street: &Street, at: Vec3, footprint: f32) -> Rgb {
    let base = asphalt(street, at, footprint);
    let aside = at.y.abs();
    let mut color = base;
    if street.lanes > 0 {
        let (share, paint) = marking(street, at, aside, footprint);
        if share > 0.0 {
            let worn = 1.0 - street.wear * (0.5 + 0.5 * noise(at.x * 30.0, at.y * 30.0));
            color = mix(base, paint, share * worn.clamp(0.0, 1.0));
        }
    }
    let gutter = cover(aside - street.road_half_m + GUTTER_M, footprint.max(0.01));
    let joint = band(wrap(at.x, 1.0), 0.0, 0.02, footprint) * 0.2;
    let stone = scale(
        [0.52, 0.51, 0.49],
        0.95 + noise(at.x * 20.0, at.y * 50.0) * 0.12 - joint,
    );
    mix(color, stone, gutter * 0.8)
}

/// How much of the pixel is paint, and which.
fn marking(street: &Street, at: Vec3, aside: f32, footprint: f32) -> (f32, Rgb) {
    let across = footprint;
    for &(from, to) in &street.crossings {
        let near = at.x > from - 5.5 && at.x < from - 1.5;
        let far = at.x > to + 1.5 && at.x < to + 5.5;
        if near || far {
            let stripe = band(wrap(at.y, 0.9), 0.2, 0.65, across);
            return (
                stripe * band(aside, 0.0, street.road_half_m - 0.5, across),
                PAINT,
            );
        }
        if at.x > from - 8.0 && at.x < to + 8.0 {
            let stop = band(at.x, from - 7.0, from - 6.7, footprint) * f32::from(at.y < 0.0);
            let back = band(at.x, to + 6.7, to + 7.0, footprint) * f32::from(at.y > 0.0);
            return (stop + back, PAINT);
        }
    }
    let centre = if street.lanes > 1 {
        band(aside, 0.08, 0.22, across)
    } else {
        band(aside, 0.0, 0.075, across) * dash(at.x, 4.0, 6.0, footprint)
    };
    if centre > 0.0 {
        return (centre, PAINT_YELLOW);
    }
    let edge_m = street.road_half_m - GUTTER_M - 0.35;
    let mut share = band(aside, edge_m - 0.13, edge_m, across);
    let lane_m = edge_m / f32::from(street.lanes);
    for lane in 1..street.lanes {
        let line = lane_m * f32::from(lane);
        share += band(aside, line - 0.07, line + 0.07, across) * dash(at.x, 4.0, 6.0, footprint);
    }
    (share.min(1.0), PAINT)
}

fn dash(x: f32, paint_m: f32, gap_m: f32, footprint: f32) -> f32 {
    band(wrap(x, paint_m + gap_m), 0.0, paint_m, footprint)
}

fn pavement(street: &Street, at: Vec3, aside: f32, footprint: f32) -> Rgb {
    let in_m = aside - street.road_half_m;
    let speckle = 1.0
        + noise(at.x * 80.0, at.y * 80.0) * 0.10 / (1.0 + footprint * 40.0)
        + noise(at.x * 2.0, at.y * 2.0) * 0.05;
    if in_m < KERB_M {
        let joint = band(wrap(at.x, 0.8), 0.0, 0.02, footprint) * 0.35;
        // the first centimetres are the kerb's own face
        let face = if in_m < 0.06 { 0.78 } else { 1.0 };
        return scale([0.66, 0.65, 0.63], (speckle - joint) * face);
    }
    let strip_from = (street.pavement_m * 0.45).max(0.9);
    let strip = if street.tactile {
        band(in_m, strip_from, strip_from + 0.3, footprint)
    } else {
        0.0
    };
    let (along, wide) = street.slab_m;
    let row = step(in_m / wide);
    let shift = if row % 2 == 0 { 0.0 } else { along * 0.5 };
    let column = step((at.x + shift) / along);
    let own = unit(hash2(column, row + street.seed.cast_signed() % 1000));
    let (u, v) = (
        wrap(at.x + shift, along).min(along - wrap(at.x + shift, along)),
        wrap(in_m, wide).min(wide - wrap(in_m, wide)),
    );
    let fade = (1.0 - footprint / along).clamp(0.0, 1.0);
    let joint = (1.0 - cover(u.min(v) - 0.012, footprint.max(0.01))) * 0.32 * fade;
    let tone = (0.93 + 0.14 * own * fade) * speckle * (1.0 - joint);
    // feet and rain leave a dark band along the walls
    let grime = 1.0 - 0.12 * (in_m / street.pavement_m).powi(6);
    let ribs = 1.0 - 0.18 * band(wrap(in_m, 0.075), 0.0, 0.03, footprint) * fade;
    mix(
        scale(street.slab, tone * grime),
        scale([0.80, 0.66, 0.28], speckle * ribs),
        strip,
    )
}
