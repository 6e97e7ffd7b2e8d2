//! What is found in a picture → what of it is made unrecognisable. Pure.
//!
//! A cell is so large that a face or a plate falls into a few of them. Where a person is, the head
//! is at the top of the box; where a vehicle is, plates are in the lower part, whichever way it
//! looks (GA 36: 440 × 140 mm, in front and behind, below the windows). Rather too much than too little.

use super::About;
use crate::space::PixelBox;
use crate::vision::Detection;

/// A part of the picture of which only means of cells stay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cover {
    pub(super) pixel_box: PixelBox,
    /// Side of a cell, pixels.
    pub(super) cell_px: f32,
}

/// A part of a box, in shares of its width and height from its top left corner; it may reach over
/// the edges.
struct Part {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
    /// Cells side by side across the whole box.
    cells: f32,
}

const fn part(left: f32, top: f32, right: f32, bottom: f32, cells: f32) -> Part {
    Part {
        left,
        top,
        right,
        bottom,
        cells,
    }
}

/// The box of a face ends at the chin and the forehead.
const FACE: [Part; 1] = [part(-0.25, -0.25, 1.25, 1.25, 3.0)];
/// Its box may be off by half a sign.
const PLATE: [Part; 1] = [part(-0.2, -0.4, 1.2, 1.4, 3.0)];
/// A plate is a quarter of a car's width: two or three cells, one high.
const VEHICLE: [Part; 1] = [part(-0.03, 0.45, 1.03, 1.04, 10.0)];
/// Of whoever rides it the head is at the top or over it; the plate is behind the seat.
const CYCLE: [Part; 2] = [
    part(-0.05, -0.35, 1.05, 0.35, 3.0),
    part(-0.05, 0.35, 1.05, 1.04, 6.0),
];
/// The head, also of who sits or bends.
const PERSON: [Part; 1] = [part(-0.05, -0.06, 1.05, 0.34, 3.0)];

/// Nothing smaller than this can be read or recognised, pixels.
const CELL_MIN_PX: f32 = 6.0;

/// A case's own thing was recognised already. Over it people and vehicles count only from these
/// confidences on: a stall taken for a lorry would not be seen in its own picture. Vehicles may be left
/// out sooner, because plates are looked for at each of them all the same.
const PERSON_OVER_THING: f32 = 0.4;
const VEHICLE_OVER_THING: f32 = 0.6;
/// A cover that takes less than this of the thing hides nothing of it.
const OVER_THING: f32 = 0.1;
/// Where the thing is not known, they count everywhere from this confidence on.
const SURE_OVER_SOMETHING: f32 = 0.25;

/// Labels that models must report between them.
pub(super) const NEEDED: [&str; 4] = ["face", "plate", "person", "car"];

/// Of everything that was found in a picture.
pub(super) fn covers(found: &[Detection], about: About) -> Vec<Cover> {
    let counts = |find: &Detection, cover: &Cover| {
        let sure = match about {
            About::Street | About::Place(_) => 0.0,
            About::Thing(thing) if thing.covered_by(&cover.pixel_box) < OVER_THING => 0.0,
            About::Thing(_) if is_vehicle(&find.label) => VEHICLE_OVER_THING,
            About::Thing(_) => PERSON_OVER_THING,
            About::Something => SURE_OVER_SOMETHING,
        };
        find.confidence >= sure || matches!(&*find.label, "face" | "plate")
    };
    let covers = found.iter().flat_map(|find| {
        let parts = covers_of(&find.label, &find.pixel_box).into_iter();
        parts.filter(move |cover| counts(find, cover))
    });
    covers.collect()
}

/// Of a find with this label; empty: it gives nobody away.
pub(super) fn covers_of(label: &str, found: &PixelBox) -> Vec<Cover> {
    let parts: &[Part] = match label {
        "face" => &FACE,
        "plate" => &PLATE,
        "person" => &PERSON,
        "motorcycle" | "bicycle" => &CYCLE,
        _ if is_vehicle(label) => &VEHICLE,
        _ => &[],
    };
    let (width, height) = (found.right - found.left, found.bottom - found.top);
    let covers = parts.iter().map(|part| Cover {
        pixel_box: PixelBox {
            left: found.left + part.left * width,
            top: found.top + part.top * height,
            right: found.left + part.right * width,
            bottom: found.top + part.bottom * height,
        },
        cell_px: (width / part.cells).max(CELL_MIN_PX),
    });
    covers.collect()
}

/// With plates in front and behind.
pub(super) fn is_vehicle(label: &str) -> bool {
    matches!(label, "car" | "truck" | "bus")
}
