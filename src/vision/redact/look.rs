//! What the models find in one picture, from afar and from near.

use std::path::PathBuf;

use anyhow::ensure;
use opencv::core::{Mat, MatTraitConst as _, Rect};

use super::cover::{NEEDED, is_vehicle};
use crate::config::RuntimeConfig;
use crate::space::PixelBox;
use crate::vision::{Detection, Detector, Model, UnreadableFrame};

/// Share of width and height of each of the four views that overlap in the middle.
const NEAR: f64 = 0.6;
/// Of a vehicle that is less wide no plate can be read, pixels.
const VEHICLE_MIN_PX: f32 = 60.0;
/// Vehicles whose plates are looked for one by one, the widest first.
const VEHICLES_MAX: usize = 12;

/// A detector of every model; belongs to who looks.
#[derive(Debug)]
pub(super) struct Eyes {
    detectors: Vec<(Sight, Detector)>,
}

/// From where a model looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// Everywhere, from afar and from near: people and vehicles.
    Everything,
    /// From afar: who is so small in the picture is found as a person.
    Faces,
    /// At each vehicle. Comes last, when they are known.
    Plates,
}

impl Eyes {
    /// # Errors
    /// A model is not fit for use, or none of them finds what must be found.
    pub(super) fn open(folders: &[PathBuf], runtime: &RuntimeConfig) -> anyhow::Result<Self> {
        let models: Vec<Model> = folders
            .iter()
            .map(|folder| Model::load(folder, runtime))
            .collect::<Result<_, _>>()?;
        for label in NEEDED {
            let found = models.iter().any(|model| model.reports(label));
            ensure!(found, "none of the models finds a `{label}`");
        }
        let sight = |model: &Model| match model {
            _ if model.reports("person") => Sight::Everything,
            _ if model.reports("face") => Sight::Faces,
            _ => Sight::Plates,
        };
        let mut detectors = Vec::new();
        for model in &models {
            detectors.push((sight(model), model.detector()?));
        }
        detectors.sort_by_key(|(sight, _)| *sight == Sight::Plates);
        Ok(Self { detectors })
    }

    pub(super) fn look(&mut self, picture: &Mat) -> Result<Vec<Detection>, UnreadableFrame> {
        let mut found: Vec<Detection> = Vec::new();
        let (width, height) = (picture.cols(), picture.rows());
        let whole = Rect::new(0, 0, width, height);
        for (sight, detector) in &mut self.detectors {
            let mut views = vec![whole];
            match sight {
                Sight::Everything => views.extend(from_near(width, height)),
                Sight::Faces => {}
                Sight::Plates => views.extend(vehicles(&found, width, height)),
            }
            for view in views {
                found.extend(detector.detect_part(picture, view)?);
            }
        }
        Ok(found)
    }
}

/// The four corners of a picture, overlapping.
fn from_near(width: i32, height: i32) -> impl Iterator<Item = Rect> {
    #[expect(clippy::cast_possible_truncation, reason = "less than the whole")]
    let share = |whole: i32| ((f64::from(whole) * NEAR).round() as i32).max(1);
    let (wide, high) = (share(width), share(height));
    let corners = [
        (0, 0),
        (width - wide, 0),
        (0, height - high),
        (width - wide, height - high),
    ];
    corners
        .into_iter()
        .map(move |(x, y)| Rect::new(x, y, wide, high))
}

fn vehicles(found: &[Detection], width: i32, height: i32) -> Vec<Rect> {
    let wide = |it: &PixelBox| it.right - it.left;
    let mut boxes: Vec<PixelBox> = found
        .iter()
        .filter(|it| is_vehicle(&it.label) && wide(&it.pixel_box) >= VEHICLE_MIN_PX)
        .map(|it| it.pixel_box)
        .collect();
    boxes.sort_by(|a, b| wide(b).total_cmp(&wide(a)));
    boxes.truncate(VEHICLES_MAX);
    let rects = boxes.iter().map(|it| inside(it, width, height));
    rects
        .filter(|rect| rect.width > 0 && rect.height > 0)
        .collect()
}

/// The whole pixels that a box touches, cut off at the picture's edges.
pub(super) fn inside(pixel_box: &PixelBox, width: i32, height: i32) -> Rect {
    #[expect(clippy::cast_possible_truncation, reason = "cut off at the edges")]
    let within = |value: f32, most: i32| (value.clamp(0.0, most as f32)) as i32;
    let (left, top) = (
        within(pixel_box.left.floor(), width),
        within(pixel_box.top.floor(), height),
    );
    let (right, bottom) = (
        within(pixel_box.right.ceil(), width),
        within(pixel_box.bottom.ceil(), height),
    );
    Rect::new(left, top, (right - left).max(0), (bottom - top).max(0))
}
